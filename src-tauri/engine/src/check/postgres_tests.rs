//! Checks of a real PostgreSQL server, started for each test in a folder of its own and stopped with it.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use cuetower_core::check::{Database, Gives, SqlCheck, What};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::trouble_with;
use crate::check::tests::{Place, eventually};

/// Every sign that an address or a quoted text could stumble over.
const PASSWORD: &str = "p@ss:/w?rd#%41 'x'&=ü";

struct Server {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = Pid::from_raw(i32::try_from(self.process.id()).expect("a process id"));
        // At once: there is nothing to keep.
        let _ = kill(pid, Signal::SIGQUIT);
        let _ = self.process.wait();
    }
}

/// Debian keeps them off the PATH.
fn programs() -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|found| found.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).collect())
        .unwrap_or_default();
    versions.retain(|bin| bin.join("initdb").is_file());
    versions.sort();
    versions.pop().unwrap_or_default()
}

/// PostgreSQL refuses to run as root; then it runs as the user that its package made.
fn program(name: &str) -> Command {
    let mut command = Command::new(programs().join(name));
    if let Some((user, group)) = other_user() {
        command.uid(user).gid(group);
    }
    command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null()).stdout(Stdio::null()).current_dir("/");
    command
}

fn other_user() -> Option<(u32, u32)> {
    let number = |arguments: &[&str]| -> u32 {
        let output = Command::new("id").args(arguments).output().expect("id is there");
        String::from_utf8_lossy(&output.stdout).trim().parse().expect("the package `postgresql` makes its user")
    };
    (number(&["-u"]) == 0).then(|| (number(&["-u", "postgres"]), number(&["-g", "postgres"])))
}

fn given(path: &Path) {
    if let Some((user, group)) = other_user() {
        chown(path, Some(user), Some(group)).expect("root may give files away");
    }
}

impl Server {
    async fn start(settings: &[&str]) -> Server {
        let folder = tempfile::Builder::new().prefix("cuetower-pg").tempdir_in("/tmp").expect("a folder");
        let (data, password) = (folder.path().join("data"), folder.path().join("password"));
        std::fs::write(&password, PASSWORD).expect("written");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).expect("made private");
        given(folder.path());
        given(&password);
        let mut initdb = program("initdb");
        initdb.arg("-D").arg(&data).arg("--pwfile").arg(&password).stderr(Stdio::piped());
        initdb.args(["-U", "crm", "-A", "scram-sha-256", "-E", "UTF8", "--no-sync", "--no-instructions"]);
        let made = initdb.output().expect("PostgreSQL is installed");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        if settings.contains(&"ssl=on") {
            certificate(&data);
        }
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let mut postgres = program("postgres");
        postgres.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-h", "127.0.0.1", "-p", &port.to_string()]);
        postgres.args(["-c", "fsync=off", "-c", "shared_buffers=1MB", "-c", "max_connections=10"]);
        for setting in settings {
            postgres.args(["-c", setting]);
        }
        let process = postgres.stderr(Stdio::null()).spawn().expect("started");
        let server = Server { process, port, folder };
        // The last line is there once connections are taken.
        let pid_file = data.join("postmaster.pid");
        eventually("the server is ready", || {
            std::fs::read_to_string(&pid_file)
                .is_ok_and(|text| text.lines().last().is_some_and(|line| line.trim() == "ready"))
        })
        .await;
        server
    }

    fn address(&self, more: &str) -> String {
        format!("postgres://crm:{{{{secret:PG_PASSWORD}}}}@127.0.0.1:{}/postgres{more}", self.port)
    }
}

fn certificate(data: &Path) {
    let (key, cert) = (data.join("server.key"), data.join("server.crt"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout"]);
    let made = openssl.arg(&key).arg("-out").arg(&cert).output().expect("openssl is there");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("made private");
    given(&key);
    given(&cert);
}

async fn place() -> Place {
    let place = Place::new().await;
    place.secret("PG_PASSWORD", PASSWORD).await;
    place
}

fn sql(address: &str, query: &str, gives: Gives) -> What {
    What::Sql(SqlCheck { database: Database::Postgres(address.into()), query: query.into(), gives })
}

#[tokio::test]
async fn a_server_is_asked_for_a_value() {
    let (place, server) = (place().await, Server::start(&["ssl=off"]).await);
    let address = server.address("");
    let exactly = |query: &str, value: Value| sql(&address, query, Gives::Exactly(value));
    assert_eq!(place.holds(sql(&address, "select 1", Gives::Anything)).await, "it gave 1");
    for (query, value) in [
        ("select count(*) from generate_series(1, 5);", json!(5)),
        ("select 9007199254740993::bigint", json!(9_007_199_254_740_993_i64)),
        ("select 1.5::numeric -- half", json!(1.5)),
        ("select 'ü' as a, 2 as a", json!("ü")),
        ("select true", json!(true)),
        ("with n as (select 7 as i) select i from n order by i", json!(7)),
        ("values (3), (4)", json!(3)),
    ] {
        place.holds(exactly(query, value)).await;
    }
    assert_eq!(place.fails(exactly("select count(*) from generate_series(1, 5)", json!(6))).await, "it gave 5");
    assert_eq!(place.fails(exactly("select 1 where false", json!(1))).await, "no row");
    assert_eq!(place.holds(sql(&address, "select null::int", Gives::Anything)).await, "it gave null");
    assert_eq!(place.holds(sql(&address, "select array[1, 2]", Gives::Anything)).await, "it gave \"[1,2]\"");
    let recent = Gives::Within { at_least: Some(10.0.into()), at_most: None };
    assert_eq!(place.fails(sql(&address, "select 9.5", recent)).await, "it gave 9.5");
    let long = place.holds(sql(&address, "select repeat('x', 10000000)", Gives::Anything)).await;
    assert!(long.chars().count() < 120, "{long}");

    let socket = format!(
        "postgres://crm:{{{{secret:PG_PASSWORD}}}}@/postgres?host={}&port={}",
        server.folder.path().display(),
        server.port
    );
    assert_eq!(place.holds(sql(&socket, "select 1", Gives::Anything)).await, "it gave 1");
    let words = format!(
        "host=127.0.0.1 port={} user=crm dbname=postgres password='{}'",
        server.port,
        PASSWORD.replace('\'', "\\'")
    );
    place.secret("PG", &words).await;
    assert_eq!(place.holds(sql("{{secret:PG}}", "select 1", Gives::Anything)).await, "it gave 1");
    assert_eq!(
        place.holds(sql(&address, &format!("select $${PASSWORD}$$"), Gives::Anything)).await,
        "it gave \"••••\"",
        "a password does not come back"
    );
}

#[tokio::test]
async fn nothing_but_one_reading_statement_is_run() {
    let (place, server) = (place().await, Server::start(&["ssl=off"]).await);
    let address = server.address("");
    let fails = async |query: &str| place.fails(sql(&address, query, Gives::Anything)).await;
    for query in [
        "create table leads (name text)",
        "delete from pg_class",
        "copy (select 1) to program 'touch /tmp/never'",
        "select 1; create table leads (name text)",
        "select 1) as a(b); commit; create table leads (name text); select left(to_json(a.b)::text, 9) from (select 1",
        "with gone as (delete from pg_class returning 1) select * from gone",
        "commit",
    ] {
        let saw = fails(query).await;
        assert!(saw.starts_with("PostgreSQL says: "), "{query}: {saw}");
    }
    let locking = fails("select relname from pg_class for share").await;
    assert_eq!(locking, "the query does more than read, so it was not run");
    // Some servers let it pass; then it is not kept.
    place.perform(sql(&address, "select lo_create(4711)", Gives::Anything)).await;
    place.holds(sql(&address, "select count(*) from pg_largeobject_metadata", Gives::Exactly(json!(0)))).await;
    assert_eq!(fails("select nope").await, "PostgreSQL says: column \"nope\" does not exist");
    let still = sql(&address, "select count(*) from pg_tables where tablename = 'leads'", Gives::Exactly(json!(0)));
    place.holds(still).await;

    let slow = place.within(sql(&address, "select pg_sleep(1000)", Gives::Anything), 1_000).await;
    assert!(!slow.passed, "{slow:?}");
    let asleep = "select count(*) from pg_stat_activity where query like '%sleep(1000)%' and pid <> pg_backend_pid()";
    // The server ends it by itself, even if nobody is there any more to cancel it.
    let mut looks = 0;
    while !place.perform(sql(&address, asleep, Gives::Exactly(json!(0)))).await.passed {
        looks += 1;
        assert!(looks < 1_000, "the query lives on");
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_is_told_without_the_password() {
    let (place, server) = (place().await, Server::start(&["ssl=off"]).await);
    let one = |address: &str| sql(address, "select 1", Gives::Anything);
    place.secret("WRONG", "wrong-password").await;
    let address = server.address("");
    assert_eq!(
        place.fails(one(&address.replace("PG_PASSWORD", "WRONG"))).await,
        "PostgreSQL says: password authentication failed for user \"crm\""
    );
    assert_eq!(
        place.fails(one(&address.replace("/postgres", "/nowhere").replace("nowhere://", "postgres://"))).await,
        "PostgreSQL says: database \"nowhere\" does not exist"
    );
    assert_eq!(
        place.fails(one(&server.address("?sslmode=require"))).await,
        "no answer from the server: server does not support TLS"
    );
    place.secret("ODD", "host=a bogus").await;
    assert_eq!(place.fails(one("{{secret:ODD}}")).await, "the address of the database cannot be read");
    drop(server);
    let gone = place.fails(one(&address)).await;
    assert!(gone.starts_with("no answer from the server: ") && gone.contains("refused"), "{gone}");
}

#[tokio::test]
async fn tls_is_used_where_there_is_any_and_must_be_good_where_it_is_required() {
    let (place, server) = (place().await, Server::start(&["ssl=on"]).await);
    let encrypted = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    let asked = |more: &str, ssl: bool| sql(&server.address(more), encrypted, Gives::Exactly(json!(ssl)));
    assert_eq!(place.holds(asked("", true)).await, "it gave true", "nobody signed it, and it is better than none");
    assert_eq!(place.holds(asked("?sslmode=disable", false)).await, "it gave false");
    let refused = place.fails(asked("?sslmode=require", true)).await;
    assert!(refused.starts_with("no answer from the server: ") && refused.contains("certificate"), "{refused}");
}

#[test]
fn an_address_that_cannot_be_right_is_told_when_it_is_written() {
    let told = |address: &str| trouble_with(address).unwrap_or_default();
    for fine in [
        "postgres://crm:{{secret:PG}}@db.example:5433/crm?sslmode=require",
        "postgresql://crm@localhost/crm",
        "postgres:///crm?host=/run/postgresql",
        "postgres://a@one:1,two:2/crm",
        "{{secret:PG}}",
    ] {
        assert_eq!(told(fine), "", "{fine}");
    }
    assert!(told("postgres://crm:hunter2@db/crm").starts_with("holds a password, which would be shown"));
    assert!(told("postgres://db/crm?user=a&password=hunter2").starts_with("holds a password"));
    assert!(told("postgres://crm:x{{secret:PG}}@db/crm").starts_with("holds a password"));
    assert!(told("postgres:///crm").starts_with("names no host"));
    assert!(told("host=db password=x").starts_with("must begin with `postgres://`"));
    assert!(told("mysql://db").starts_with("must begin with `postgres://`"));
    assert_eq!(told("postgres://db/crm?sslmode=verify-full"), "cannot be read (invalid value for option `sslmode`)");
    assert_eq!(told("postgres://crm:{{secret:pg}}@db/crm"), "holds `{{secret:pg`, which names no secret");
    assert!(!told("postgres://crm:hunter2@db/crm?x=1").contains("hunter2"));
}
