//! The guide's share of the command line: `docs/reference/cli.md` is written from the arguments as clap reads them
//! (`reference`), and every command line that docs/ shows is read by them (`lines`).

mod lines;
mod reference;

use std::path::{Path, PathBuf};

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
