//! One reader at a shell: a home of their own, a tower on its usual data folder, and a page typed in from top to bottom.

use std::fmt::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};

use cuetower_tests::{Ended, Home, Tower, binary, finished};

use super::page::{self, Block, How, Part};
use super::root;

/// Functions that pages may call in `<!-- run: … -->`.
const FUNCTIONS: &str = include_str!("functions.sh");
const MARK: char = '\u{1e}';

pub(super) struct Session {
    pub home: Home,
    /// None: the page starts it itself.
    pub tower: Option<Tower>,
    /// Programs of Python packages, before all others.
    path: Vec<PathBuf>,
}

impl Session {
    /// With a tower that runs already.
    pub async fn start() -> Session {
        let mut session = Session::without_a_tower();
        let home = session.home.path().to_str().expect("a plain name").to_owned();
        session.tower = Some(Tower::start_with(Some(&session.data()), &[], &[("HOME", &home)]).await);
        session
    }

    pub fn without_a_tower() -> Session {
        let home = Home::new();
        for program in ["cuetowerctl", "cuetower-launcher"] {
            std::os::unix::fs::symlink(binary(program), home.path().join("bin").join(program)).unwrap();
        }
        Session { home, tower: None, path: Vec::new() }
    }

    pub fn with_programs_of(mut self, folder: &Path) -> Session {
        self.path.push(folder.to_owned());
        self
    }

    fn data(&self) -> PathBuf {
        self.home.path().join(".local/share/cuetower")
    }

    /// Types in the page.
    ///
    /// # Panics
    /// If a command fails, or something else comes than the page shows.
    pub async fn follow(&self, name: &str) {
        let text = std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let parts = page::parts(&text);
        let script = self.home.write("page.sh", &self.script(&parts));
        let mut bash = std::process::Command::new("bash");
        bash.arg(script).env_clear().current_dir(self.home.path()).process_group(0);
        let own = self.path.iter().map(|path| path.display().to_string());
        let system = std::env::var("PATH").unwrap_or_default();
        let path: Vec<String> =
            [self.home.path().join("bin").display().to_string()].into_iter().chain(own).chain([system]).collect();
        bash.env("PATH", path.join(":")).env("HOME", self.home.path()).env("LANG", "C.UTF-8").env("TERM", "dumb");
        bash.env("TZ", "UTC").env("REPOSITORY", root());
        if let Some(tower) = &self.tower {
            bash.env("TOWER", &tower.agents).env("KEY", &tower.key);
        }
        let Ended { code, out, err } = finished(bash.into(), "").await;
        let blocks: Vec<(usize, &Block)> = blocks(&parts).collect();
        let said = outputs(&out);
        let last = said.last().map_or(0, |(index, _)| *index);
        let at = blocks.iter().find(|(index, _)| *index == last).map_or(0, |(_, block)| block.line);
        assert_eq!(code, Some(0), "{name}:{at} failed.\n{out}\n{err}");
        for (index, block) in blocks.into_iter().filter(|(_, block)| block.how == How::Run) {
            let said = said.iter().find(|(of, _)| *of == index).map_or("", |(_, text)| text);
            if let Some(shows) = &block.shows {
                assert!(page::is_as_shown(shows, said), "{name}:{} shows\n{shows}\nand this came:\n{said}", block.line);
            }
        }
    }

    fn script(&self, parts: &[Part]) -> String {
        // Whatever a block leaves running ends with the page, what that started in turn as well.
        let mut script = format!("{FUNCTIONS}\ntrap 'trap \"\" TERM; kill 0; wait' EXIT\nset -euo pipefail\n");
        for (index, part) in parts.iter().enumerate() {
            match part {
                Part::File { name, text } => {
                    writeln!(script, "mkdir -p \"$(dirname {name})\"\ncat > {name} <<'END OF FILE'\n{text}END OF FILE")
                        .unwrap();
                }
                Part::Shell(block) => {
                    script += &block.first;
                    let Block { text, how, shows, .. } = block;
                    match how {
                        How::Run => {
                            write!(script, "printf '{MARK}{index}\\n'\n{{\n{text}}} 2>&1\nprintf '{MARK}\\n'\n")
                                .unwrap()
                        }
                        How::InBackground => {
                            let shown = shows.as_deref().unwrap_or_default();
                            let waits = shown.lines().next().unwrap_or_default().split('…').next().unwrap_or_default();
                            writeln!(script, "{{\n{text}}} > said-{index} 2>&1 &").unwrap();
                            if !waits.is_empty() {
                                writeln!(script, "until_it_says said-{index} '{waits}'").unwrap();
                            }
                        }
                        How::NotRun(_) => {}
                    }
                }
            }
        }
        script
    }
}

fn blocks(parts: &[Part]) -> impl Iterator<Item = (usize, &Block)> {
    parts.iter().enumerate().filter_map(|(index, part)| match part {
        Part::Shell(block) => Some((index, block)),
        Part::File { .. } => None,
    })
}

/// What came of each block.
fn outputs(out: &str) -> Vec<(usize, &str)> {
    let said = out.split(MARK).filter_map(|part| {
        let (index, text) = part.split_once('\n')?;
        Some((index.parse().ok()?, text))
    });
    said.collect()
}
