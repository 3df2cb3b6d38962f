//! Where the tower answers otherwise than CueAPI's open core did, on purpose: the number of the sample, what differs, and the
//! line of SPEC or CONTRACT that demands it.

pub const DIFFER: &[(u16, &str, &str)] = &[
    (
        40,
        "a method that is none is refused: 422 before the name is looked at",
        "CONTRACT 3.3: \"POST/GET/PUT/PATCH to callback.url\"",
    ),
    (43, "the flat body makes a cue: 201", "CONTRACT 3.6: \"Accept both.\""),
    (
        44,
        "a cue to fire that does not exist is refused: 422",
        "SPEC 13: \"never ignored\"; CONTRACT 3.6: `on_success_fire: cue_id`, to accept and honour",
    ),
    (45, "a fraction of a minute is taken: 201", "SPEC 4: \"`backoff_minutes` [1, 5, 15] (fractions allowed)\""),
    (49, "an empty name is refused: 422", "SPEC 1: a cue is known by its name, in the window and to the CLI"),
    (85, "a malformed id is 404", "CONTRACT 10.2: \"Never 500 on malformed ids (404)\""),
];
