//! One attempt of a command, as the tower and its launcher share it: a folder of files, and a small program that outlives the
//! tower. Decides nothing about runs.
//!
//! The tower calls [`prepare`] for the folder, starts the launcher ([`command`]), sends it the [`Spec`] on its standard input
//! and hears [`Told`] on its standard output. The launcher ([`run`]) takes the folder's lock, starts the program, keeps its
//! output within bounds, stops its tree when asked ([`stop`]), and leaves an exit record. A tower that starts looks at the
//! folders that an earlier one left ([`adopt`]).

mod adopt;
mod attend;
mod capture;
mod clock;
mod death;
mod evidence;
mod folder;
mod leftover;
pub mod length;
mod live;
mod lock;
mod process;
mod program;
mod spec;
mod start;
mod stop;
mod tower;
mod tree;
mod usage;

pub use adopt::{Found, adopt};
pub use attend::run;
pub use folder::{EXIT, Exit, LOCK, PAYLOAD, STARTED, STDERR, STDOUT, STOP, Started, USAGE, ended, started};
pub use leftover::end_leftovers;
pub use live::{LIVE_BYTES, LiveOutput, Stream, TAIL_BYTES, Tail, live, tail};
pub use process::Who;
pub use program::{expand_home, find, why_not_started};
pub use spec::{Program, Spec, Told, hear};
pub use stop::stop;
pub use tower::{LAUNCHER, OWN_DRAWING, command, keep_back, launcher_path, lives, prepare};
pub use usage::{Sample, Usage, usage};
