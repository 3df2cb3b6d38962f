//! What the tower and its launcher say to each other: the spec on the launcher's standard input, the answers on its output.
//! The spec holds secrets, so it is never written to a file and has no `Debug`.

use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// More than any argument list and environment that a system would take.
const SPEC_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// What is to be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Program {
    /// The program and its arguments, passed on as they are.
    Argv(Vec<String>),
    /// A line for the system's shell (`/bin/sh -c`, on Windows `cmd /C`).
    Shell(String),
}

#[derive(Serialize, Deserialize)]
pub struct Spec {
    /// From [`crate::prepare`]: says that this launcher is the one the folder waits for.
    pub ticket: String,
    pub program: Program,
    /// `~` is expanded; None is the tower's own folder.
    pub cwd: Option<PathBuf>,
    /// Beside the tower's own environment; these win.
    pub env: Vec<(String, String)>,
    /// Between the polite and the firm signal when the command is stopped.
    pub stop_grace_ms: u64,
}

/// What a launcher tells the tower that started it, one line each. A tower that is gone hears nothing of it and reads the
/// folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    Started {
        pid: u32,
    },
    NotStarted {
        words: String,
    },
    /// The exit record is written.
    Ended,
}

impl Spec {
    /// To the launcher, whole. The caller closes its standard input then, or it waits for more.
    ///
    /// # Errors
    /// If the launcher is gone.
    pub fn send(&self, mut to: impl Write) -> io::Result<()> {
        to.write_all(&serde_json::to_vec(self)?)
    }

    /// From the tower. A spec that is not whole, as its sender was killed, is an error.
    pub(crate) fn receive(from: impl Read) -> io::Result<Spec> {
        let mut bytes = Vec::new();
        from.take(SPEC_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(serde_json::from_slice(&bytes)?)
    }
}

impl Told {
    /// One line. Nobody may be listening, and that is no trouble.
    pub(crate) fn tell(&self) {
        let mut out = io::stdout().lock();
        let _ = serde_json::to_writer(&mut out, self).map_err(io::Error::from).and_then(|()| out.write_all(b"\n"));
        let _ = out.flush();
    }
}

/// The launcher's next line; None once it is gone.
///
/// # Errors
/// If the line is not one of [`Told`].
pub fn hear(mut from: impl BufRead) -> io::Result<Option<Told>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(&line)?))
}
