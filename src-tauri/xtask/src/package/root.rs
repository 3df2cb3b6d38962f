//! Where a package is tried: a clean root of this Debian, made by debootstrap and kept for the next time without the package;
//! or, where that is not to be had, a folder that dpkg takes for `/`, with this machine's own libraries.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{copied, folder_made, quietly, removed, written};
use crate::call::{self, Limit};
use crate::place::Place;

const OWNER: &str = "1000";

/// Enters a root: its own processes, and a network of its own where `--net` was said, which end with it. The words that
/// follow are run inside.
const ENTER: &str = r#"
root=$1; shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
if [ -d /tmp/.X11-unix ]; then mkdir -p "$root/tmp/.X11-unix"; mount --bind /tmp/.X11-unix "$root/tmp/.X11-unix"; fi
if [ "$1" = alone ]; then ip link set lo up; fi
shift
exec chroot "$root" "$@"
"#;

pub enum Root {
    /// A whole Debian, entered with chroot.
    Clean { root: PathBuf, archives: PathBuf },
    /// A folder with the package's files alone.
    Borrowed { root: PathBuf, home: PathBuf },
}

impl Root {
    /// Says in a sentence which of the two it is.
    pub fn make(place: &Place, limit: Limit) -> Result<Root, String> {
        let folder = place.target.join("package");
        folder_made(&folder)?;
        match Root::clean(place, &folder, limit) {
            Ok(root) => {
                println!("The package is tried in a clean root of this Debian, made by debootstrap.");
                Ok(root)
            }
            Err(why) => {
                println!("No clean root: {why}");
                println!(
                    "The package is tried below a folder that dpkg takes for /, with this machine's own libraries."
                );
                Root::borrowed(&folder)
            }
        }
    }

    fn clean(place: &Place, folder: &Path, limit: Limit) -> Result<Root, String> {
        let root_user = call::output(place.program("id", "").arg("-u")).as_deref() == Some("0");
        if !root_user || place.installed("debootstrap").is_none() {
            return Err("it takes root and debootstrap.".into());
        }
        let mut enters = place.program("unshare", "");
        quietly(enters.args(["--mount", "--pid", "--net", "--fork", "--kill-child", "ip", "link", "set", "lo", "up"]))
            .map_err(|why| format!("processes and networks cannot be kept apart here: {why}"))?;
        let sources = sources(place)?;
        let base = folder.join("base");
        let (done, root) = (folder.join("base.sources"), folder.join("root"));
        if std::fs::read_to_string(&done).ok().as_deref() != Some(sources.as_str()) {
            removed(&base)?;
            let first = sources.lines().next().unwrap_or_default().split(' ').collect::<Vec<_>>();
            let [_, mirror, suite, ..] = first.as_slice() else { return Err("apt names no source.".into()) };
            let mut debootstrap = place.program("debootstrap", "");
            call::run(debootstrap.args(["--variant=minbase", suite]).arg(&base).arg(mirror), limit)?;
            written(&base.join("etc/apt/sources.list"), &sources)?;
            quietly(place.program("chroot", "").arg(&base).args([
                "useradd",
                "--create-home",
                "--uid",
                OWNER,
                "owner",
            ]))?;
            written(&done, &sources)?;
        }
        removed(&root)?;
        quietly(place.program("cp", "").args(["-a", "--reflink=auto"]).args([&base, &root]))?;
        copied(Path::new("/etc/resolv.conf"), &root.join("etc/resolv.conf"))?;
        Ok(Root::Clean { root, archives: folder.join("archives") })
    }

    fn borrowed(folder: &Path) -> Result<Root, String> {
        let (root, home) = (folder.join("root"), folder.join("home"));
        removed(&root)?;
        removed(&home)?;
        folder_made(&home)?;
        for path in ["info", "updates", "triggers"] {
            folder_made(&root.join("var/lib/dpkg").join(path))?;
        }
        written(&root.join("var/lib/dpkg/status"), "")?;
        Ok(Root::Borrowed { root, home })
    }

    /// The owner's home, seen from outside.
    pub fn home(&self) -> PathBuf {
        match self {
            Root::Clean { root, .. } => root.join("home/owner"),
            Root::Borrowed { home, .. } => home.clone(),
        }
    }

    /// Installs the package; in a clean root with what it depends on, the first time.
    pub fn install(&self, place: &Place, deb: &Path, limit: Limit) -> Result<(), String> {
        match self {
            Root::Clean { root, archives } => {
                let kept = root.join("var/cache/apt/archives");
                linked(archives, &kept)?;
                copied(deb, &root.join("srv/cuetower.deb"))?;
                let apt = |words: &[&str]| {
                    let mut apt = enter(place, root, "joined");
                    apt.args([
                        "env",
                        "DEBIAN_FRONTEND=noninteractive",
                        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                        "apt-get",
                    ]);
                    call::run(apt.args(["--quiet", "--quiet", "--option", "Dpkg::Use-Pty=0"]).args(words), limit)
                };
                apt(&["update"])?;
                apt(&["install", "--yes", "--no-install-recommends", "/srv/cuetower.deb"])?;
                linked(&kept, archives)
            }
            Root::Borrowed { root, .. } => {
                quietly(dpkg(place, root).args(["--force-depends", "--install"]).arg(deb)).map(drop)
            }
        }
    }

    /// Takes the package away, its own settings too, if it had any.
    pub fn purge(&self, place: &Place) -> Result<(), String> {
        match self {
            Root::Clean { root, .. } => {
                let mut dpkg = enter(place, root, "alone");
                quietly(dpkg.args(["env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "dpkg", "--purge", "cuetower"]))
                    .map(drop)
            }
            Root::Borrowed { root, .. } => quietly(dpkg(place, root).args(["--purge", "cuetower"])).map(drop),
        }
    }

    /// A program that the owner runs, in an environment that has nothing of this one.
    pub fn owners(&self, place: &Place, display: &str) -> Command {
        match self {
            Root::Clean { root, .. } => {
                let mut command = enter(place, root, "alone");
                command.args(["setpriv", "--reuid", OWNER, "--regid", OWNER, "--clear-groups", "env", "-i"]);
                command.args(["HOME=/home/owner", "USER=owner", "PATH=/usr/bin:/bin", "LANG=C.UTF-8"]);
                command.arg(format!("DISPLAY={display}"));
                command
            }
            Root::Borrowed { root, home } => {
                let mut command = place.program("env", "");
                for name in ["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
                    command.args(["-u", name]);
                }
                command.arg(format!("HOME={}", home.display())).arg(format!("ROOT={}", root.display()));
                // Another tower of this machine may have the usual ones.
                command.arg("DOORS=--listen 127.0.0.1:0 --desk 127.0.0.1:0").arg(format!("DISPLAY={display}"));
                command
            }
        }
    }
}

/// `alone`: without a network but its own loopback; `joined`: with the machine's.
fn enter(place: &Place, root: &Path, how: &str) -> Command {
    let mut command = place.program("unshare", "");
    command.args(["--mount", "--pid", "--fork", "--kill-child"]);
    if how == "alone" {
        command.arg("--net");
    }
    command.args(["sh", "-euc", ENTER, "sh"]).arg(root).arg(how);
    command
}

fn dpkg(place: &Place, root: &Path) -> Command {
    let is_root = call::output(place.program("id", "").arg("-u")).as_deref() == Some("0");
    let mut command = place.program(if is_root { "dpkg" } else { "fakeroot" }, "");
    if !is_root {
        command.arg("dpkg");
    }
    command.arg(format!("--root={}", root.display())).arg("--force-not-root");
    command
}

/// Where this machine gets the packages of its own Debian from, as sources.list has it; the release itself first.
fn sources(place: &Place) -> Result<String, String> {
    let release = super::read(Path::new("/etc/os-release"))?;
    let of = |key: &str| {
        let value = release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        value.map(|value| value.trim_matches('"').to_owned()).ok_or(format!("/etc/os-release names no {key}."))
    };
    let (id, suite) = (of("ID")?, of("VERSION_CODENAME")?);
    let format = "$(REPO_URI) $(CODENAME) $(COMPONENT) $(ORIGIN)";
    let known =
        quietly(place.program("apt-get", "").args(["indextargets", "--format", format, "Identifier: Packages"]))?;
    let mut lines: Vec<String> = known.lines().filter_map(|line| source(line, &id, &suite)).collect();
    lines.sort_by_key(|line| line.split(' ').nth(2) != Some(suite.as_str()));
    lines.dedup();
    match lines.is_empty() {
        true => Err("apt knows no source of this system's own packages (`apt-get update` finds them).".into()),
        false => Ok(lines.join("\n") + "\n"),
    }
}

/// A line of sources.list, if it is the system's own main part.
fn source(line: &str, id: &str, suite: &str) -> Option<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let [uri, codename, "main", origin] = words.as_slice() else { return None };
    let is_ours = origin.eq_ignore_ascii_case(id) && codename.starts_with(suite);
    is_ours.then(|| format!("deb {uri} {codename} main"))
}

/// Every package file of one folder in the other as well, without a copy.
fn linked(from: &Path, to: &Path) -> Result<(), String> {
    folder_made(from)?;
    folder_made(to)?;
    let entries = std::fs::read_dir(from).map_err(|error| format!("{}: {error}", from.display()))?;
    for path in
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|is| is == "deb"))
    {
        let there = to.join(path.file_name().unwrap_or_default());
        if !there.exists() {
            std::fs::hard_link(&path, &there).map_err(|error| format!("{}: {error}", there.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_own_packages_come_from_where_the_machine_has_them() {
        let line = |line| source(line, "debian", "bookworm");
        assert_eq!(
            line("http://a/debian/ bookworm main Debian").as_deref(),
            Some("deb http://a/debian/ bookworm main")
        );
        assert!(line("http://a/security/ bookworm-security main Debian").is_some());
        assert!(line("http://b/ nodistro main Node").is_none() && line("http://a/ bookworm contrib Debian").is_none());
    }
}
