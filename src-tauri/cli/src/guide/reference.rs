//! Writes `docs/reference/cli.md`, or compares what is there. `cargo xtask wire` writes; CI compares.

use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory as _};

use crate::args::Cli;

const HEAD: &str = "\
# The command line

Generated from the program's own arguments by `cargo xtask wire`; do not edit. `cuetowerctl --help`, and `--help` after any command, say the same.

It speaks to the tower that runs on the data folder, and finds it by itself. It ends with 0, with 1 and a sentence on standard error, or with 2 if the arguments do not fit.
";

fn page() -> String {
    let mut program = Cli::command();
    program.build();
    let mut page = HEAD.to_owned();
    page += "\nWith every command:\n";
    arguments(&mut page, program.get_arguments().filter(|arg| arg.is_global_set()));
    page += "\n| command | |\n|---|---|\n";
    for command in shown(&program) {
        let name = command.get_name();
        writeln!(page, "| [`{name}`](#cuetowerctl-{name}) | {} |", cell(&about(command))).expect("a String takes all");
    }
    for command in shown(&program) {
        section(&mut page, command, &["cuetowerctl"]);
    }
    page
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
}

fn section(page: &mut String, command: &Command, above: &[&str]) {
    let path = [above, &[command.get_name()]].concat();
    let marks = if path.len() == 2 { "##" } else { "###" };
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").replace('\n', "\n       ");
    write!(page, "\n{marks} {}\n\n{}.\n\n```text\n{}\n```\n", path.join(" "), about(command), usage.trim_end())
        .expect("a String takes all");
    more(page, command);
    let own = |arg: &&Arg| {
        !arg.is_global_set() && !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str())
    };
    arguments(page, command.get_arguments().filter(own));
    for sub in shown(command) {
        section(page, sub, &path);
    }
}

/// What `--help` says beyond the first line.
fn more(page: &mut String, command: &Command) {
    let (long, short) = (command.get_long_about().map(ToString::to_string).unwrap_or_default(), about(command));
    let more = long.strip_prefix(&short).unwrap_or(&long).trim_matches(['\n', '.']);
    if !more.is_empty() {
        write!(page, "\n```text\n{more}\n```\n").expect("a String takes all");
    }
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

fn arguments<'a>(page: &mut String, arguments: impl Iterator<Item = &'a Arg>) {
    let rows: Vec<String> =
        arguments.map(|arg| format!("| `{}` | {} |\n", cell(&name(arg)), cell(&says(arg)))).collect();
    if !rows.is_empty() {
        *page += "\n| | |\n|---|---|\n";
        page.extend(rows);
    }
}

fn name(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
    format!("{short}{arg}")
}

/// Its help, the words that it may be, and its default.
fn says(arg: &Arg) -> String {
    let mut says = vec![arg.get_help().map(ToString::to_string).unwrap_or_default()];
    if arg.get_action().takes_values() {
        let words: Vec<String> = arg
            .get_possible_values()
            .iter()
            .filter(|word| !word.is_hide_set())
            .map(|word| match word.get_help() {
                Some(help) => format!("`{}`: {help}", word.get_name()),
                None => format!("`{}`", word.get_name()),
            })
            .collect();
        says.push(words.join(", "));
        let default: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        if !default.is_empty() {
            says.push(format!("Default: `{}`", default.join(",")));
        }
    }
    says.retain(|part| !part.is_empty());
    says.join(". ")
}

/// As a table takes it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[test]
fn the_reference_says_what_the_arguments_say() {
    let (file, wanted) = (super::root().join("docs/reference/cli.md"), page());
    if std::env::var("CUETOWER_WIRE").as_deref() == Ok("write") {
        std::fs::create_dir_all(file.parent().expect("it lies in a folder")).expect("the folder can be made");
        std::fs::write(&file, wanted).expect("written");
        return;
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == wanted, "`cargo xtask wire` is due: docs/reference/cli.md differs");
}

#[test]
fn whatever_can_be_said_is_said() {
    fn each(command: &Command, above: &str) {
        let path = format!("{above} {}", command.get_name());
        assert!(command.get_about().is_some(), "nothing says what{path} does");
        shown(command).for_each(|sub| each(sub, &path));
    }
    let mut program = Cli::command();
    program.build();
    shown(&program).for_each(|command| each(command, ""));
}
