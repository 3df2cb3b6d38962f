//! What is to be run, of a command or of a check: `argv` or `shell`, and what may stand in their texts.

use cuetower_core::cue::Program;

use super::reading::{Object, Problems};

const ARGUMENTS_MAX: usize = 1_000;

/// `argv`, or `shell`.
pub(super) fn program(command: &Object, problems: &mut Problems) -> Option<Program> {
    match (command.get("argv"), command.get("shell")) {
        (Some(_), None) => argv(command, problems).map(Program::Argv),
        (None, Some(_)) => {
            let line = command.text("shell", problems)?;
            plain(command, "shell", line, problems);
            if line.trim().is_empty() {
                let place = command.place("shell");
                problems.add(&place, format!("`{place}` is empty; write a line such as `python3 leads.py`."));
            }
            Some(Program::Shell(line.to_owned()))
        }
        (Some(_), Some(_)) => {
            problems.add(command.place("shell"), "A command has either `argv` or `shell`; leave one of them out.");
            None
        }
        (None, None) => {
            let message =
                "A command needs `argv`, such as [\"python3\", \"leads.py\"], or `shell`, a line for the shell.";
            problems.add(command.place("argv"), message);
            None
        }
    }
}

fn argv(command: &Object, problems: &mut Problems) -> Option<Vec<String>> {
    command.get("argv").filter(|argv| argv.is_array()).or_else(|| {
        command.list("argv", problems);
        None
    })?;
    let (list, holder) = (command.list("argv", problems), command.place("argv"));
    if list.len() > ARGUMENTS_MAX {
        problems.add(&holder, format!("`{holder}` has {} entries; at most {ARGUMENTS_MAX} fit.", list.len()));
        return None;
    }
    let mut argv = Vec::new();
    for (index, argument) in list.iter().enumerate() {
        let at = format!("argv[{index}]");
        match argument.as_str() {
            Some(text) => {
                plain(command, &at, text, problems);
                argv.push(text.to_owned());
            }
            None => problems.mistyped(&command.place(&at), "a text", argument),
        }
    }
    if list.first().is_none_or(|program| program.as_str().is_some_and(|program| program.trim().is_empty())) {
        let message = format!("`{holder}` names no program; write a list such as [\"python3\", \"leads.py\"].");
        problems.add(&holder, message);
    }
    Some(argv)
}

/// Secrets are filled in for headers and variables alone, and a NUL ends a text for the system.
pub(super) fn plain(command: &Object, key: &str, text: &str, problems: &mut Problems) {
    let place = command.place(key);
    if text.contains('\0') {
        problems.add(&place, format!("`{place}` holds a NUL character; take it out."));
    }
    if text.contains("{{secret:") {
        let env = command.place("env");
        let message = format!("`{place}` holds a secret, which other programs could see; hand it over in `{env}`.");
        problems.add(&place, message);
    }
}
