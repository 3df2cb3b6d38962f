//! Checks of real repositories.

use std::path::Path;
use std::process::Command;

use cuetower_core::Ms;
use cuetower_core::check::{GitCheck, What};

use crate::check::tests::{FIRE, Place};

fn git(folder: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).args(arguments);
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env_remove("GIT_DIR").env_remove("GIT_INDEX_FILE");
    let output = git.output().expect("git is there");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn commit(folder: &Path, name: &str, at: Ms) {
    std::fs::write(folder.join(name), name).expect("written");
    git(folder, &["add", "--", name]);
    let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"];
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).args(identity).args(["commit", "--quiet", "-m", &format!("Adds {name}")]);
    git.env("GIT_COMMITTER_DATE", format!("@{} +0000", at.0 / 1_000))
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE");
    assert!(git.status().expect("git is there").success());
}

async fn place() -> (Place, std::path::PathBuf) {
    let place = Place::new().await;
    let site = place.folder.path().join("site");
    std::fs::create_dir(&site).expect("made");
    git(&site, &["init", "--quiet"]);
    (place, site)
}

fn repo(asked: GitCheck) -> What {
    What::Git(GitCheck { repo: "site".into(), ..asked })
}

#[tokio::test]
async fn a_repository_has_a_commit_and_is_clean_or_not() {
    let (place, site) = place().await;
    let clean = || repo(GitCheck { clean: true, ..GitCheck::default() });
    assert_eq!(place.fails(clean()).await, "it has no commit yet");
    commit(&site, "a.md", FIRE);
    let seen = place.holds(clean()).await;
    assert!(seen.starts_with("at ") && seen.ends_with(" `Adds a.md`, clean"), "{seen}");
    std::fs::write(site.join("b.md"), "new").expect("written");
    assert_eq!(place.fails(clean()).await, "1 change: `?? b.md`");
    std::fs::write(site.join("a.md"), "changed").expect("written");
    assert_eq!(place.fails(clean()).await, "2 changes, such as `M a.md`");
    assert!(place.holds(repo(GitCheck::default())).await.ends_with(" `Adds a.md`"), "only a commit is asked for");
}

#[tokio::test]
async fn a_commit_since_the_fire_is_known_from_an_earlier_one() {
    let (place, site) = place().await;
    let new = || repo(GitCheck { new_commit: true, ..GitCheck::default() });
    commit(&site, "a.md", FIRE.minus(60_000));
    let seen = place.fails(new()).await;
    assert!(seen.ends_with("`Adds a.md` was committed 1 min before the fire, and nothing since"), "{seen}");
    commit(&site, "b.md", FIRE);
    let seen = place.holds(new()).await;
    assert!(seen.ends_with("`Adds b.md`, committed 0 ms after the fire"), "in the second of the fire: {seen}");
}

#[tokio::test]
async fn a_remote_answers_or_not() {
    let (place, site) = place().await;
    commit(&site, "a.md", FIRE);
    let origin = place.folder.path().join("origin");
    git(place.folder.path(), &["init", "--quiet", "--bare", "origin"]);
    git(&site, &["remote", "add", "origin", &origin.display().to_string()]);
    let reaches = |remote: &str| repo(GitCheck { remote: Some(remote.into()), ..GitCheck::default() });
    assert!(place.holds(reaches("origin")).await.ends_with(", origin answers"));
    let unknown = place.fails(reaches("upstream")).await;
    assert!(unknown.contains("'upstream' does not appear to be a git repository"), "{unknown}");
    std::fs::remove_dir_all(&origin).expect("removed");
    assert!(place.fails(reaches("origin")).await.contains("does not appear to be a git repository"));
}

#[tokio::test]
async fn what_is_no_repository_is_told() {
    let (place, site) = place().await;
    let at = |path: &str| What::Git(GitCheck { repo: path.into(), ..GitCheck::default() });
    assert_eq!(place.fails(at("gone")).await, "there is no such folder");
    assert_eq!(place.fails(at("site/.git")).await, "it is inside of git's own folder");
    let plain = place.fails(at("")).await;
    assert!(plain.starts_with("not a git repository"), "{plain}");
    commit(&site, "a.md", FIRE);
    std::fs::create_dir(site.join("docs")).expect("made");
    assert!(place.holds(at("site/docs")).await.ends_with("`Adds a.md`"), "any folder inside of it will do");
}
