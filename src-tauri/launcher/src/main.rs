//! The launcher's program: `cuetower-launcher FOLDER`, started by the tower, with a spec on its standard input.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match (arguments.next(), arguments.next()) {
        (Some(folder), None) => cuetower_launcher::run(&PathBuf::from(folder)),
        _ => {
            eprintln!(
                "cuetower-launcher is started by Cuetower for each command, with the attempt's folder; it has no use alone"
            );
            ExitCode::from(2)
        }
    }
}
