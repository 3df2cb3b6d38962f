//! `cuetowerctl`: the tower without a window. All of it is the library's, because the desktop binary takes the same arguments.

use std::process::ExitCode;

fn main() -> ExitCode {
    cuetower_cli::run(std::env::args_os().skip(1).collect())
}
