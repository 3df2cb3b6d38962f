//! `schedule.paths`: files and patterns that fire the cue when one appears or changes.

use std::path::{Path, is_separator};

use super::reading::{Object, Problems, shortened};
use crate::paths::name_pattern;

const PATHS_MAX: usize = 20;
const PATH_CHARS_MAX: usize = 4_096;
const WILD: [char; 3] = ['*', '?', '['];

pub(super) fn read(schedule: &Object, problems: &mut Problems) -> Vec<String> {
    let place = schedule.place("paths");
    let list = schedule.list("paths", problems);
    if list.len() > PATHS_MAX {
        problems.add(&place, format!("`{place}` lists {}; at most {PATHS_MAX} fit.", list.len()));
        return Vec::new();
    }
    let mut paths = Vec::new();
    for (index, found) in list.iter().enumerate() {
        let place = format!("{place}[{index}]");
        let Some(path) = found.as_str() else {
            problems.mistyped(&place, "a text", found);
            continue;
        };
        match trouble(path) {
            Some(trouble) => problems.add(&place, format!("`{}` {trouble}.", shortened(&path.replace('\0', "␀")))),
            None => paths.push(path.to_owned()),
        }
    }
    paths
}

fn trouble(path: &str) -> Option<&'static str> {
    if path.contains('\0') {
        return Some("has a NUL character, which no path can have; take it out");
    }
    if path.chars().count() > PATH_CHARS_MAX {
        return Some("is longer than 4096 characters; give a shorter path");
    }
    let at_home = path.starts_with('~') && path[1..].starts_with(is_separator);
    if !at_home && !Path::new(path).is_absolute() {
        return Some("does not say from where; begin it with `/` or `~/`, as in `~/inbox/*.csv`");
    }
    let (folder, name) = path.rsplit_once(is_separator)?;
    if name.is_empty() || name == "." || name == ".." {
        return Some("names a folder; name a file in it, or all of them with `*`");
    }
    if folder.contains(WILD) {
        return Some("has a pattern in its folder; `*`, `?` and `[…]` may stand in the last part only");
    }
    name_pattern(name).is_err().then_some("opens a `[` that is not closed, as in `report-[0-9].csv`")
}
