//! A check in words, as its proof and the window say it. No header, no variable and no password is in them.

use serde_json::Value;

use super::{Bound, Check, CommandCheck, Database, FileCheck, GitCheck, Gives, SqlCheck, UrlCheck, What, field_of};
use crate::cue::Program;

/// Of a query, a pattern or a command.
const SHOWN_CHARS_MAX: usize = 80;
/// Of what a proof says was looked at.
const DETAIL_CHARS_MAX: usize = 300;
const UNITS: [(u64, &str); 4] = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];

impl Check {
    /// "file report.md is newer than the fire and has at least 20 lines"
    #[must_use]
    pub fn words(&self) -> String {
        match &self.what {
            What::File(file) => self::file(file),
            What::Url(url) => self::url(url),
            What::Command(command) => self::command(command),
            What::Sql(sql) => self::sql(sql),
            What::Git(git) => self::git(git),
            What::Disk { path, free_bytes } => format!("{path} has at least {} free", size_in_words(*free_bytes)),
            What::Memory { free_bytes } => format!("at least {} of memory is free", size_in_words(*free_bytes)),
            What::Secret { name } => format!("the secret {name} is in the vault"),
        }
    }

    /// What is looked at, as a proof keeps it: one query, path, address or command. Holds no secret.
    #[must_use]
    pub fn detail(&self) -> String {
        let detail = match &self.what {
            What::File(file) => file.path.clone(),
            What::Url(url) => without_query(&url.url).to_owned(),
            What::Command(command) => line(command),
            What::Sql(sql) => sql.query.split_whitespace().collect::<Vec<_>>().join(" "),
            What::Git(git) => git.repo.clone(),
            What::Disk { path, .. } => path.clone(),
            What::Memory { .. } => String::new(),
            What::Secret { name } => name.clone(),
        };
        match detail.char_indices().nth(DETAIL_CHARS_MAX) {
            Some((end, _)) => format!("{}…", &detail[..end]),
            None => detail,
        }
    }
}

fn file(file: &FileCheck) -> String {
    let mut asked = Vec::new();
    if file.newer_than_fire {
        asked.push("is newer than the fire".to_owned());
    }
    match &file.min_lines {
        Some(Bound::Number(lines)) => {
            asked.push(format!("has at least {lines} {}", if *lines == 1.0 { "line" } else { "lines" }));
        }
        Some(Bound::Reported(field)) => asked.push(format!("has at least as many lines as `{field}` was reported")),
        None => {}
    }
    if let Some(sha256) = &file.sha256 {
        asked.push(format!("has the SHA-256 {}…", sha256.chars().take(12).collect::<String>()));
    }
    if let Some(pattern) = &file.matches {
        asked.push(format!("has a line that matches `{}`", shortened(pattern)));
    }
    if asked.is_empty() {
        asked.push("exists".to_owned());
    }
    format!("file {} {}", file.path, listed(&asked))
}

fn url(url: &UrlCheck) -> String {
    let status = url.status.map_or("2xx".to_owned(), |status| status.to_string());
    let body = url.body_matches.as_ref().map(|pattern| format!(" and a body that matches `{}`", shortened(pattern)));
    format!("{} answers {status}{}", without_query(&url.url), body.unwrap_or_default())
}

fn command(command: &CommandCheck) -> String {
    format!("`{}` exits with 0", shortened(&line(command)))
}

fn line(command: &CommandCheck) -> String {
    match &command.program {
        Program::Argv(argv) => argv.join(" "),
        Program::Shell(line) => line.clone(),
    }
}

fn sql(sql: &SqlCheck) -> String {
    let database = match &sql.database {
        Database::Sqlite(path) => path.clone(),
        Database::Postgres(address) => format!("PostgreSQL{}", host(address)),
    };
    let query = shortened(&sql.query);
    match &sql.gives {
        Gives::Anything => format!("{database} answers `{query}`"),
        Gives::Exactly(value) => {
            let wanted = value.as_str().and_then(field_of);
            let wanted = wanted.map_or_else(|| value_in_words(value), |field| format!("what `{field}` was reported"));
            format!("`{query}` gives {wanted} in {database}")
        }
        Gives::Within { at_least, at_most } => {
            let least = at_least.as_ref().map(|least| format!("at least {}", bound(least)));
            let most = at_most.as_ref().map(|most| format!("at most {}", bound(most)));
            let bounds: Vec<String> = least.into_iter().chain(most).collect();
            format!("`{query}` gives {} in {database}", bounds.join(" and "))
        }
    }
}

fn bound(bound: &Bound) -> String {
    match bound {
        Bound::Number(number) => number.to_string(),
        Bound::Reported(field) => format!("what `{field}` was reported"),
    }
}

fn git(git: &GitCheck) -> String {
    let mut asked = Vec::new();
    if git.clean {
        asked.push("is clean".to_owned());
    }
    if let Some(remote) = &git.remote {
        asked.push(format!("reaches {remote}"));
    }
    if git.new_commit {
        asked.push("has a commit since the fire".to_owned());
    }
    if asked.is_empty() {
        asked.push("has a commit".to_owned());
    }
    format!("git repository {} {}", git.repo, listed(&asked))
}

/// "2 GB", "1.5 GB", "300 MB": in powers of 1000, cut to one digit after the point.
#[must_use]
pub fn size_in_words(bytes: u64) -> String {
    let Some((unit, name)) = UNITS.iter().find(|(unit, _)| bytes >= *unit) else { return format!("{bytes} bytes") };
    match (bytes / unit, bytes % unit / (unit / 10)) {
        (whole, 0) => format!("{whole} {name}"),
        (whole, tenths) => format!("{whole}.{tenths} {name}"),
    }
}

/// A value of a query: texts in quotes, long ones cut.
#[must_use]
pub fn value_in_words(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", shortened(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            shortened(&value.to_string())
        }
    }
}

/// One line of at most 80 characters.
#[must_use]
pub fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN_CHARS_MAX {
        return line;
    }
    line.chars().take(SHOWN_CHARS_MAX - 1).chain(['…']).collect()
}

/// What stands behind the `?` may be a key.
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// " at db.example:5432" of an address, if it shows one.
fn host(address: &str) -> String {
    let Some((_, rest)) = without_query(address).split_once("://") else { return String::new() };
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rsplit_once('@').map_or(authority, |(_, host)| host) {
        "" => String::new(),
        host => format!(" at {host}"),
    }
}

/// "a, b and c"
pub(crate) fn listed(parts: &[String]) -> String {
    match parts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::CHECK_TIMEOUT_MS;

    fn said(what: What) -> String {
        Check { what, timeout_ms: CHECK_TIMEOUT_MS }.words()
    }

    #[test]
    fn a_check_reads_like_speech() {
        let report = FileCheck { path: "report.md".into(), ..FileCheck::default() };
        assert_eq!(said(What::File(report.clone())), "file report.md exists");
        let all = FileCheck {
            newer_than_fire: true,
            min_lines: Some(Bound::Number(20.0)),
            sha256: Some("ab".repeat(32)),
            matches: Some("^total: [0-9]+".into()),
            ..report
        };
        assert_eq!(
            said(What::File(all)),
            "file report.md is newer than the fire, has at least 20 lines, has the SHA-256 abababababab… and has a line that matches `^total: [0-9]+`"
        );
        let git = GitCheck { repo: "~/site".into(), ..GitCheck::default() };
        assert_eq!(said(What::Git(git.clone())), "git repository ~/site has a commit");
        let git = GitCheck { clean: true, remote: Some("origin".into()), ..git };
        assert_eq!(said(What::Git(git)), "git repository ~/site is clean and reaches origin");
        let command = |program| said(What::Command(CommandCheck { program, cwd: None, env: vec![] }));
        assert_eq!(command(Program::Argv(vec!["pg_isready".into(), "-q".into()])), "`pg_isready -q` exits with 0");
        assert_eq!(command(Program::Shell("test -s\n  x".into())), "`test -s x` exits with 0");
        assert_eq!(said(What::Disk { path: "/srv".into(), free_bytes: 2_000_000_000 }), "/srv has at least 2 GB free");
        assert_eq!(said(What::Memory { free_bytes: 1_570_000_000 }), "at least 1.5 GB of memory is free");
        assert_eq!(said(What::Secret { name: "OPENAI".into() }), "the secret OPENAI is in the vault");
    }

    #[test]
    fn addresses_are_told_without_what_may_be_secret_in_them() {
        let url = UrlCheck { url: "https://api.example.com/v1/models?key=sk-1".into(), ..UrlCheck::default() };
        assert_eq!(said(What::Url(url.clone())), "https://api.example.com/v1/models answers 2xx");
        let url = UrlCheck { status: Some(204), body_matches: Some("ok".into()), ..url };
        assert_eq!(said(What::Url(url)), "https://api.example.com/v1/models answers 204 and a body that matches `ok`");
        let sql = |address: &str| {
            let database = Database::Postgres(address.into());
            said(What::Sql(SqlCheck { database, query: "select 1".into(), gives: Gives::Anything }))
        };
        let password = "postgres://crm:{{secret:PG}}@db.example:5433/crm?sslmode=require&password=x";
        assert_eq!(sql(password), "PostgreSQL at db.example:5433 answers `select 1`");
        assert_eq!(sql("postgresql:///crm?host=/run/postgresql"), "PostgreSQL answers `select 1`");
        assert_eq!(sql("{{secret:PG}}"), "PostgreSQL answers `select 1`");
    }

    #[test]
    fn what_a_query_should_give_is_told() {
        let sql = |gives| {
            let database = Database::Sqlite("crm.db".into());
            said(What::Sql(SqlCheck { database, query: "select count(*) from leads".into(), gives }))
        };
        assert_eq!(sql(Gives::Exactly(json!(5))), "`select count(*) from leads` gives 5 in crm.db");
        assert_eq!(sql(Gives::Exactly(json!("a"))), "`select count(*) from leads` gives \"a\" in crm.db");
        let both = Gives::Within { at_least: Some(1.0.into()), at_most: Some(2.5.into()) };
        assert_eq!(sql(both), "`select count(*) from leads` gives at least 1 and at most 2.5 in crm.db");
    }

    #[test]
    fn sizes_are_cut_and_long_texts_too() {
        let said = [0, 999, 1_000, 1_950_000, 2_000_000_000_000].map(size_in_words);
        assert_eq!(said, ["0 bytes", "999 bytes", "1 kB", "1.9 MB", "2 TB"]);
        assert_eq!(shortened(&"ü".repeat(81)).chars().count(), 80);
        assert_eq!(value_in_words(&json!("a\nb")), "\"a b\"");
    }
}
