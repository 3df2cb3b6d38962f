//! The files of a package as they will lie on a machine, made once for every kind of package.

use std::path::{Path, PathBuf};

use super::{Profile, copied, quietly, read, removed, written};
use crate::call;
use crate::place::Place;

pub const PROGRAMS: [&str; 3] = ["cuetower", "cuetowerctl", "cuetower-launcher"];

/// The icons that desktops look for, by the name of their size; drawn by `src-tauri/package/icons.py`.
const ICONS: [(&str, &str); 8] = [
    ("16x16", "16x16.png"),
    ("24x24", "24x24.png"),
    ("32x32", "32x32.png"),
    ("48x48", "48x48.png"),
    ("64x64", "64x64.png"),
    ("128x128", "128x128.png"),
    ("256x256", "128x128@2x.png"),
    ("512x512", "icon.png"),
];

pub struct Tree {
    /// The folder that stands for `/`.
    pub root: PathBuf,
    pub profile: Profile,
    /// Seconds since 1970: the date of everything in it.
    pub epoch: String,
}

impl Tree {
    /// Makes it in `folder/tree` anew, of the programs as they were built.
    pub fn make(place: &Place, profile: Profile, folder: &Path) -> Result<Tree, String> {
        let tree = Tree { root: folder.join("tree"), profile, epoch: epoch(place) };
        removed(&tree.root)?;
        let binaries = profile.binaries(place);
        for program in PROGRAMS {
            copied(&binaries.join(program), &tree.root.join("usr/bin").join(program))?;
        }
        // What a debugger would want is most of their size.
        let programs = PROGRAMS.map(|program| tree.root.join("usr/bin").join(program));
        quietly(place.program("strip", "").args(["--strip-unneeded", "--remove-section=.comment"]).args(programs))?;
        tree.papers(place, &binaries)?;
        tree.desktop(place)?;
        tree.documents(place)?;
        // The same for everybody, whatever the builder's own mask was.
        quietly(place.program("chmod", "").args(["--recursive", "u=rwX,go=rX"]).arg(&tree.root))?;
        Ok(tree)
    }

    pub fn usr(&self, path: &str) -> PathBuf {
        self.root.join("usr").join(path)
    }

    /// What the program itself writes: manual pages, completions, the unit.
    fn papers(&self, place: &Place, binaries: &Path) -> Result<(), String> {
        let mut papers = place.program(&binaries.join("cuetowerctl").to_string_lossy(), "");
        quietly(papers.arg("papers").arg(self.root.join("usr")))?;
        let pages = self.usr("share/man/man1");
        let entries = std::fs::read_dir(&pages).map_err(|error| format!("{}: {error}", pages.display()))?;
        let pages = entries.flatten().map(|entry| entry.path());
        quietly(place.program("gzip", "").args(["-9", "--no-name"]).args(pages)).map(drop)
    }

    fn desktop(&self, place: &Place) -> Result<(), String> {
        let ours = place.root.join("src-tauri/package/linux");
        copied(&ours.join("cuetower.desktop"), &self.usr("share/applications/cuetower.desktop"))?;
        let name = "dev.cuetower.desk.metainfo.xml";
        let date = quietly(place.program("date", "").args(["--utc", "+%F", "--date", &format!("@{}", self.epoch)]))?;
        let told = read(&ours.join(name))?.replace("VERSION", &self.profile.version()).replace("DATE", date.trim());
        written(&self.usr("share/metainfo").join(name), &told)?;
        let icons = self.usr("share/icons/hicolor");
        for (size, icon) in ICONS {
            copied(&place.root.join("icons").join(icon), &icons.join(size).join("apps/cuetower.png"))?;
        }
        copied(&place.root.join("icons/icon.svg"), &icons.join("scalable/apps/cuetower.svg"))
    }

    fn documents(&self, place: &Place) -> Result<(), String> {
        let folder = self.usr("share/doc/cuetower");
        copied(&place.root.join("LICENSE"), &folder.join("copyright"))?;
        let changes = folder.join("changelog");
        copied(&place.root.join("CHANGELOG.md"), &changes)?;
        quietly(place.program("gzip", "").args(["-9", "--no-name"]).arg(changes)).map(drop)
    }
}

/// When the newest commit was made, unless SOURCE_DATE_EPOCH says otherwise. A tree without git is of 1970.
fn epoch(place: &Place) -> String {
    std::env::var("SOURCE_DATE_EPOCH")
        .ok()
        .or_else(|| call::output(place.program("git", "").args(["log", "-1", "--format=%ct"])))
        .filter(|epoch| !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit()))
        .unwrap_or_else(|| "0".to_owned())
}
