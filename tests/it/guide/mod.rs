//! The guide, run: what README.md and docs/ tell the reader to type is typed, page by page, at a real tower, and what they show
//! is what comes. docs/testing.md says how a page is written for it.

mod api;
mod page;
mod pages;
mod recipes;
mod session;

use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}
