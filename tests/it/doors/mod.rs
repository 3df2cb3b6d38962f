//! How far the doors of the real `cuetowerctl serve` open: to agents of other machines, and to what came out of a run. What hostile
//! callers try is in `attack`.

mod elsewhere;
mod from_runs;
