//! `adopt`: jobs of cron and systemd as cues.
//!
//! The crontab here is a file that a program of the test's own keeps: the machine's is never touched.

mod crontab;
mod debian;
mod stories;
mod systems;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use cuetower_tests::Tower;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A tower with other schedulers of its own.
struct Machine {
    tower: Tower,
    folder: TempDir,
}

impl Machine {
    async fn with_crontab(text: &str) -> Machine {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        fs::create_dir_all(folder.path().join("etc/cron.d")).unwrap();
        fs::write(at("etc/debian_version"), "12").unwrap();
        fs::create_dir_all(folder.path().join("config/systemd/user")).unwrap();
        fs::write(at("table"), text).unwrap();
        let table = at("table");
        // As `crontab` of cron: -l, and a new one on standard input. It refuses, or takes its time, once the test says so.
        let crontab = format!(
            "#!/bin/sh\ncase $1 in\n-l) if [ -f {table} ]; then cat {table}; else echo 'no crontab for me' >&2; exit 1; fi;;\n-) if [ -f {table}.shut ]; then echo 'bad minute' >&2; exit 1; fi; : > {table}.asked; while [ -f {table}.slow ]; do sleep 0.02; done; cat > {table}.new && mv {table}.new {table};;\n*) exit 2;;\nesac\n"
        );
        program(&folder.path().join("crontab"), &crontab);
        let said = at("systemctl.said");
        let systemctl = format!(
            "#!/bin/sh\necho \"$@\" >> {said}\n[ \"$1\" = is-enabled ] && exit 1\n[ \"$1\" = is-active ] && exit 1\nexit 0\n"
        );
        program(&folder.path().join("systemctl"), &systemctl);
        let env = [
            ("CUETOWER_CRONTAB", at("crontab")),
            ("CUETOWER_SYSTEMCTL", at("systemctl")),
            ("CUETOWER_ETC", at("etc")),
            ("XDG_CONFIG_HOME", at("config")),
            ("HOME", at("")),
            ("TZ", "Europe/Berlin".to_owned()),
        ];
        let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Machine { tower: Tower::start_with(None, &[], &env).await, folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn table(&self) -> String {
        fs::read_to_string(self.at("table")).unwrap()
    }

    async fn adopt(&self, args: &[&str]) -> Value {
        let out = self.tower.ctl(&[&["adopt"], args, &["--json"]].concat()).await.good();
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error} in {out}"))
    }

    /// The one cue that was adopted.
    async fn adopted(&self) -> Value {
        let adopted = self.tower.owner("adopt_list", &json!({})).await["adopted"].clone();
        assert_eq!(adopted.as_array().unwrap().len(), 1, "{adopted}");
        adopted[0].clone()
    }

    async fn cue(&self, id: &str) -> Value {
        self.tower.owner("cue_get", &json!({ "cue_id": id })).await
    }

    async fn cues(&self) -> usize {
        self.tower.owner("board", &json!({ "from_ms": 0, "to_ms": 1 })).await["cues"].as_array().unwrap().len()
    }
}

fn program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
