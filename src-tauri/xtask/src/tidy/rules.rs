//! The rules as data: which crate may be named where, what the core may not touch, which words a name may not have.
//! Numbers refer to the invariants of ARCHITECTURE.md.

/// An outside crate and the only places that name it (invariant 3).
pub struct Door {
    /// As in Rust code; a manifest says it with `-`.
    pub name: &'static str,
    /// Path prefixes. Tests, which look at the product from outside, are named like any other place.
    pub places: &'static [&'static str],
    /// Manifests that may depend on it.
    pub manifests: &'static [&'static str],
    pub instead: &'static str,
}

const ENGINE: &str = "src-tauri/engine/Cargo.toml";
const TESTS: &str = "tests/Cargo.toml";

pub const DOORS: &[Door] = &[
    Door {
        name: "tauri",
        places: &["src-tauri/src/", "src-tauri/examples/"],
        manifests: &["Cargo.toml"],
        instead: "the desktop shell alone knows Tauri; give the engine a command in `desk/` and let `src-tauri/src/bridge.rs` carry it",
    },
    Door {
        name: "tauri_build",
        places: &["src-tauri/build.rs"],
        manifests: &["Cargo.toml"],
        instead: "only the build script knows it",
    },
    Door {
        name: "tauri_plugin_single_instance",
        places: &["src-tauri/src/"],
        manifests: &["Cargo.toml"],
        instead: "the desktop shell alone knows Tauri",
    },
    Door {
        name: "tauri_plugin_global_shortcut",
        places: &["src-tauri/src/hotkeys"],
        manifests: &["Cargo.toml"],
        instead: "keys of the whole desktop are taken by `hotkeys` alone",
    },
    Door {
        name: "rfd",
        places: &["src-tauri/src/saving"],
        manifests: &["Cargo.toml"],
        instead: "the page asks `saving` for a dialog",
    },
    Door {
        name: "auto_launch",
        places: &["src-tauri/src/login"],
        manifests: &["Cargo.toml"],
        instead: "what a login starts is written by `login` alone",
    },
    Door {
        name: "rusqlite",
        // A check may ask a database of the user's, read-only: that file is not the store, and no seam hides it.
        places: &["src-tauri/engine/src/journal", "src-tauri/engine/src/check/sqlite", "tests/"],
        manifests: &[ENGINE, TESTS],
        instead: "ask `journal/` for a read query or append an event: another store follows behind that seam",
    },
    Door {
        name: "reqwest",
        // The CLI is a client of the tower's own doors, as any agent is.
        places: &["src-tauri/engine/src/deliver", "src-tauri/engine/src/channels", "src-tauri/cli/", "tests/"],
        manifests: &[ENGINE, "src-tauri/cli/Cargo.toml", TESTS],
        instead: "what leaves this machine goes through `deliver/` or `channels/`",
    },
    Door {
        name: "tokio_postgres",
        places: &["src-tauri/engine/src/check/postgres"],
        manifests: &[ENGINE],
        instead: "a database of the user's is asked by a check alone",
    },
    Door {
        name: "axum",
        places: &["src-tauri/engine/src/receive", "src-tauri/engine/src/desk", "tests/"],
        manifests: &[ENGINE, TESTS],
        instead: "HTTP is served by `receive/` (agents) and `desk/` (owner) alone",
    },
    Door {
        name: "rmcp",
        places: &["src-tauri/engine/src/receive/mcp"],
        manifests: &[ENGINE],
        instead: "the Model Context Protocol is spoken at `/mcp` alone; `cuetowerctl mcp` carries its lines there unread",
    },
    Door {
        name: "hyper_util",
        places: &["src-tauri/engine/src/line"],
        manifests: &[ENGINE],
        instead: "connections are served by `line`, with its bounds",
    },
    Door {
        name: "tokio_native_tls",
        places: &["src-tauri/engine/src/line"],
        manifests: &[ENGINE],
        instead: "TLS at a door is `line`'s",
    },
    Door {
        name: "lettre",
        places: &["src-tauri/engine/src/channels"],
        manifests: &[ENGINE],
        instead: "mail goes out through `channels/`",
    },
    Door { name: "keyring", places: &["src-tauri/engine/src/vault"], manifests: &[ENGINE], instead: "ask the `vault`" },
    Door {
        name: "notify_rust",
        places: &["src-tauri/engine/src/notify"],
        manifests: &[ENGINE],
        instead: "hand the words to `notify`",
    },
    Door {
        name: "zbus",
        places: &["src-tauri/engine/src/clock", "src-tauri/engine/src/doctor/session", "src-tauri/src/"],
        manifests: &[ENGINE, "Cargo.toml"],
        instead: "the machine's sleep is heard by `clock`; a tray is asked for by the desktop shell",
    },
    Door {
        name: "process_wrap",
        places: &["src-tauri/launcher/"],
        manifests: &["src-tauri/launcher/Cargo.toml"],
        instead: "processes that outlive the tower are started by the launcher; see `deliver/command.rs`",
    },
    Door {
        name: "ts_rs",
        places: &["src-tauri/engine/src/desk"],
        manifests: &[ENGINE],
        instead: "wire types live in `desk/` and are not domain types (invariant 5)",
    },
    Door {
        name: "clap",
        places: &["src-tauri/cli/"],
        manifests: &["src-tauri/cli/Cargo.toml"],
        instead: "arguments are read by the CLI, also for the desktop binary",
    },
];

/// Ways to ask what time it is, and where that may be done.
pub struct Clock {
    pub words: &'static [&'static str],
    pub places: &'static [&'static str],
}

const CLOCK: &str = "src-tauri/engine/src/clock";

pub const CLOCKS: &[Clock] = &[
    Clock { words: &["Utc", "::", "now"], places: &[CLOCK, "tests/"] },
    Clock { words: &["Local", "::", "now"], places: &[CLOCK, "tests/"] },
    // The launcher runs when no tower does, so that nobody hands it the time.
    Clock { words: &["SystemTime", "::", "now"], places: &[CLOCK, "src-tauri/launcher/src/clock.rs", "tests/"] },
    // A latency is a measured fact about a delivery, not a decision about time; xtask times its own stages.
    Clock {
        words: &["Instant", "::", "now"],
        places: &[CLOCK, "src-tauri/engine/src/deliver", "src-tauri/launcher/", "src-tauri/xtask/", "tests/"],
    },
];

/// Modules of std the core may not name, beside the words in [`CORE_WORDS`] (invariant 1).
pub const CORE_STD: &[&str] = &["env", "fs", "io", "net", "process", "thread"];

/// What the core may not say, and what to do instead.
pub const CORE_WORDS: &[(&[&str], &str)] = &[
    (&["tokio"], "decide purely and return an effect; the engine waits for it"),
    (&["async"], "decide purely and return an effect; the engine waits for it"),
    (&["rand"], "random numbers are handed in with the input"),
    (&["SystemTime"], "`now` is an argument"),
    (&["Instant"], "`now` is an argument"),
    (&["Utc", "::", "now"], "`now` is an argument"),
    (&["Local", "::", "now"], "`now` is an argument"),
    (&["static", "mut"], "state belongs to the lane, and is handed in"),
    (&["thread_local"], "state belongs to the lane, and is handed in"),
    (&["println"], "return it, or make it an event"),
    (&["eprintln"], "return it, or make it an event"),
];

/// Nowhere, with the reason.
pub const NOWHERE: &[(&[&str], &str)] = &[
    (&["todo", "!"], "build it, or leave it out and refuse it with a sentence (SPEC 13: never ignored)"),
    (&["unimplemented", "!"], "build it, or leave it out and refuse it with a sentence (SPEC 13: never ignored)"),
    (&["dbg", "!"], "log it with `tracing`, or take it out"),
    (&["#", "[", "allow", "("], "use `#[expect(lint, reason = \"…\")]`"),
    (&["#", "!", "[", "allow", "("], "use `#![expect(lint, reason = \"…\")]`"),
];

/// Words that say nothing in the name of a type.
pub const EMPTY_WORDS: &[&str] = &["Manager", "Helper", "Helpers", "Util", "Utils", "Service"];

/// A crate of ours: its manifest, and the crates of ours it may depend on (invariant 7: desktop → cli → engine → core,
/// and engine → launcher).
pub struct House {
    pub manifest: &'static str,
    pub may_use: &'static [&'static str],
}

pub const HOUSES: &[House] = &[
    House { manifest: "src-tauri/core/Cargo.toml", may_use: &[] },
    House { manifest: "src-tauri/launcher/Cargo.toml", may_use: &[] },
    House { manifest: "src-tauri/engine/Cargo.toml", may_use: &["cuetower-core", "cuetower-launcher"] },
    House { manifest: "src-tauri/cli/Cargo.toml", may_use: &["cuetower-engine", "cuetower-core"] },
    House { manifest: "Cargo.toml", may_use: &["cuetower-cli", "cuetower-engine", "cuetower-core"] },
    House { manifest: "tests/Cargo.toml", may_use: &["cuetower-engine", "cuetower-core"] },
    House { manifest: "src-tauri/xtask/Cargo.toml", may_use: &[] },
];

/// All that the core may depend on: nothing that does IO, waits or rolls dice. proptest is for its tests, divan for its
/// benchmarks.
pub const CORE_CRATES: &[&str] =
    &["cel", "chrono", "chrono-tz", "cron", "serde", "serde_json", "regex", "sha2", "thiserror", "proptest", "divan"];
