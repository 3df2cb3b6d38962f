//! Where the tower answers otherwise than CueAPI's open core did, on purpose: the number of the sample, what differs, and the
//! line of SPEC or CONTRACT that demands it.

pub const DIFFER: &[(u16, &str, &str)] = &[
    (43, "the flat body makes a cue", "CONTRACT 10.5: \"Accept flat MCP create body\""),
    (49, "an empty name is refused", "SPEC 1: a cue is known by its name in the window, the CLI and the journal"),
    (85, "a malformed id is 404", "CONTRACT 10.2: \"Never 500 on malformed ids (404)\""),
];
