//! The pages that are typed in, each by a reader of its own; and all others, which are read by the shell without being run.

use std::path::{Path, PathBuf};

use super::page::{self, How, Part};
use super::root;
use super::session::Session;

/// A test for each page.
macro_rules! followed {
    ($($test:ident $page:literal;)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $test() {
            Session::start().await.follow($page).await;
        })*
    };
}

followed! {
    readme_is_as_it_says "README.md";
    alerts_are_as_their_page_says "docs/alerts.md";
    backup_is_as_its_page_says "docs/backup.md";
    compatibility_is_as_its_page_says "docs/compatibility.md";
    costs_are_as_their_page_says "docs/costs.md";
    delivery_is_as_its_page_says "docs/delivery.md";
    exec_is_as_its_page_says "docs/exec.md";
    gates_are_as_their_page_says "docs/gates.md";
    keys_are_as_their_page_says "docs/keys.md";
    mcp_is_as_its_page_says "docs/mcp.md";
    search_is_as_its_page_says "docs/search.md";
    secrets_are_as_their_page_says "docs/secrets.md";
    settings_are_as_their_page_says "docs/settings.md";
    steps_are_as_their_page_says "docs/steps.md";
    traces_are_as_their_page_says "docs/traces.md";
    watch_is_as_its_page_says "docs/watch.md";
    watchdog_is_as_its_page_says "docs/watchdog.md";
    worker_is_as_its_page_says "docs/worker.md";
    concepts_are_as_their_page_says "docs/concepts.md";
    a_cron_job_is_as_its_recipe_says "docs/recipes/cron.md";
    a_web_hook_is_as_its_recipe_says "docs/recipes/webhook.md";
}

/// Word by word, from nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_gets_to_a_confirmed_run() {
    Session::without_a_tower().follow("docs/quickstart.md").await;
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            below(&path, found);
        } else if path.extension().is_some_and(|end| end == "md") {
            found.push(path);
        }
    }
}

fn all() -> Vec<(PathBuf, String)> {
    let mut found = vec![root().join("README.md")];
    below(&root().join("docs"), &mut found);
    found.sort();
    found.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn every_block_for_a_shell_can_be_read_by_one() {
    let mut blocks = 0;
    for (path, text) in all() {
        for part in page::parts(&text) {
            let Part::Shell(block) = part else { continue };
            // Brackets in a command that is not run say what may be left out.
            if let How::NotRun(_) = block.how {
                continue;
            }
            let read = std::process::Command::new("bash").args(["-n", "-c", &block.text]).output().unwrap();
            let said = String::from_utf8_lossy(&read.stderr);
            assert!(read.status.success(), "{}:{}: {said}", path.display(), block.line);
            blocks += 1;
        }
    }
    assert!(blocks > 40, "{blocks}");
}

/// Of this folder's pages and their pictures; what a heading is called is the reader's to find.
#[test]
fn every_link_leads_to_a_file() {
    let mut wrong = Vec::new();
    for (path, text) in all() {
        let mut in_code = false;
        for (index, line) in text.lines().enumerate() {
            in_code ^= line.trim_start().starts_with("```");
            for link in line.split("](").skip(1).filter(|_| !in_code) {
                let target = link.split([')', '#', ' ']).next().unwrap_or_default();
                let elsewhere = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
                if !elsewhere && !path.parent().unwrap().join(target).exists() {
                    wrong.push(format!("{}:{}: {target}", path.display(), index + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_is_in_the_index() {
    let index = std::fs::read_to_string(root().join("docs/README.md")).unwrap();
    for (path, _) in all() {
        let Ok(name) = path.strip_prefix(root().join("docs")) else { continue };
        let link = format!("]({})", name.display());
        assert!(
            name == Path::new("README.md") || index.contains(&link),
            "docs/README.md does not name {}",
            name.display()
        );
    }
}
