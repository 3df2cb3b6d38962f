//! What goes beside an installed program: manual pages, completions, and the unit of the tower without a window. All of it
//! follows from the arguments, so that none can say anything else than the program does.

use std::io::Write as _;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::{Cli, WindowArgs};
use crate::watchdog::packaged_unit;

const PROGRAM: &str = "cuetowerctl";

/// Where each shell looks below `/usr`.
const COMPLETIONS: [(Shell, &str); 3] = [
    (Shell::Bash, "share/bash-completion/completions/cuetowerctl"),
    (Shell::Zsh, "share/zsh/vendor-completions/_cuetowerctl"),
    (Shell::Fish, "share/fish/vendor_completions.d/cuetowerctl.fish"),
];

/// Prints what teaches a shell the commands.
pub fn completions(shell: Shell) {
    // As it is: what is shown otherwise is made plain first. Nobody is left to tell when the terminal is gone.
    drop(std::io::stdout().write_all(completion(shell).as_bytes()));
}

fn completion(shell: Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), PROGRAM, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// Writes everything below `usr`, a folder that is to become `/usr`.
///
/// # Errors
/// A sentence that names the file.
pub fn write(usr: &Path) -> Result<(), String> {
    for (shell, path) in COMPLETIONS {
        put(&usr.join(path), &completion(shell))?;
    }
    put(&usr.join("lib/systemd/user/cuetower.service"), &packaged_unit())?;
    let pages = usr.join("share/man/man1");
    let unwritten = |error: std::io::Error| format!("{} could not be written: {error}.", pages.display());
    std::fs::create_dir_all(&pages).map_err(unwritten)?;
    clap_mangen::generate_to(Cli::command(), &pages).map_err(unwritten)?;
    let window = WindowArgs::command()
        .name("cuetower")
        .version(env!("CARGO_PKG_VERSION"))
        .about("The control tower for a fleet of AI agents, with its window")
        .after_help("With a command, such as `cuetower status`, it is what cuetowerctl(1) is. `--hidden` starts it in the tray; a link such as cuetower://board opens that place.");
    let mut page = Vec::new();
    clap_mangen::Man::new(window).render(&mut page).map_err(unwritten)?;
    put(&pages.join("cuetower.1"), &String::from_utf8_lossy(&page))
}

fn put(path: &Path, text: &str) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| format!("{} could not be written: {error}.", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_its_page_and_is_completed() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path()).expect("everything is written");
        let read = |path: &str| std::fs::read_to_string(folder.path().join(path)).unwrap_or_else(|_| panic!("{path}"));
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let name = command.get_name();
            assert!(read(&format!("share/man/man1/cuetowerctl-{name}.1")).contains(".SH NAME"), "{name}");
            for (shell, path) in COMPLETIONS {
                assert!(read(path).contains(name), "{shell} completes {name}");
            }
        }
        assert!(read("share/man/man1/cuetower.1").contains("\\-\\-data"));
        assert!(!folder.path().join("share/man/man1/cuetowerctl-papers.1").exists(), "what is hidden has no page");
        assert!(
            read("lib/systemd/user/cuetower.service")
                .contains("\nExecStart=/usr/bin/cuetowerctl serve --watchdog systemd\n")
        );
    }
}
