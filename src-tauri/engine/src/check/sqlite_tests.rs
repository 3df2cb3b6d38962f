//! Checks of real SQLite files.

use cuetower_core::check::{Database, Gives, SqlCheck, What};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::check::tests::{Place, eventually};
use crate::check::{BLOCKING, BLOCKING_MAX};

async fn place() -> (Place, Connection) {
    let place = Place::new().await;
    let crm = Connection::open(place.folder.path().join("crm.db")).expect("made");
    crm.execute_batch(
        "create table leads (name text, score real); insert into leads values ('Ada', 1.5), ('Bob', null), ('Cy', 3);",
    )
    .expect("filled");
    (place, crm)
}

fn sql(query: &str, gives: Gives) -> What {
    What::Sql(SqlCheck { database: Database::Sqlite("crm.db".into()), query: query.into(), gives })
}

fn exactly(query: &str, value: Value) -> What {
    sql(query, Gives::Exactly(value))
}

fn any(query: &str) -> What {
    sql(query, Gives::Anything)
}

#[tokio::test]
async fn a_value_is_asked_for() {
    let (place, _crm) = place().await;
    assert_eq!(place.holds(exactly("select count(*) from leads", json!(3))).await, "it gave 3");
    assert_eq!(place.fails(exactly("select count(*) from leads;", json!(4))).await, "it gave 3");
    assert_eq!(
        place.holds(exactly("select name, score from leads order by name", json!("Ada"))).await,
        "it gave \"Ada\""
    );
    assert_eq!(place.holds(any("select score from leads where name = 'Bob'")).await, "it gave null");
    let least = Gives::Within { at_least: Some(3.0.into()), at_most: None };
    assert_eq!(place.holds(sql("select max(score) from leads", least)).await, "it gave 3.0");
    assert_eq!(place.holds(any("select x'00ff'")).await, "it gave \"a blob of 2 bytes\"");
    assert_eq!(place.fails(exactly("select name from leads where name = 'Zoe'", json!("Zoe"))).await, "no row");
    assert_eq!(
        place
            .holds(exactly(
                "with recursive n(i) as (select 1 union all select i + 1 from n where i < 5) select sum(i) from n",
                json!(15)
            ))
            .await,
        "it gave 15"
    );
}

#[tokio::test]
async fn a_file_that_is_being_written_is_read() {
    let (place, crm) = place().await;
    crm.pragma_update(None, "journal_mode", "wal").expect("set");
    crm.execute_batch("begin immediate; insert into leads values ('Dan', 4);").expect("begun");
    assert_eq!(place.holds(exactly("select count(*) from leads", json!(3))).await, "it gave 3", "as it was committed");
    crm.execute_batch("commit").expect("done");
    assert_eq!(place.holds(exactly("select count(*) from leads", json!(4))).await, "it gave 4");
}

#[tokio::test]
async fn nothing_but_reading_is_done() {
    let (place, crm) = place().await;
    let refused = "the query does more than read, so it was not run";
    for query in [
        "insert into leads values ('Eve', 1)",
        "delete from leads returning name",
        "drop table leads",
        "create temp table t (a)",
        "attach 'other.db' as other",
        "pragma journal_mode = off",
        "pragma query_only = off",
        "vacuum into 'copy.db'",
        "begin",
        "select load_extension('x')",
    ] {
        assert_eq!(place.fails(any(query)).await, refused, "{query}");
    }
    let two = place.fails(any("select 1; select 2")).await;
    assert_eq!(two, "there are two statements; write one", "{two}");
    let count: i64 = crm.query_row("select count(*) from leads", [], |row| row.get(0)).expect("asked");
    assert_eq!(count, 3);
    let mut names: Vec<_> = std::fs::read_dir(place.folder.path())
        .expect("listed")
        .map(|entry| entry.expect("there").file_name().into_string().expect("a text"))
        .collect();
    names.sort();
    assert_eq!(names, ["crm.db"], "nothing was made");
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let (place, crm) = place().await;
    assert_eq!(place.fails(any("select nope from leads")).await, "SQLite says: no such column: nope");
    assert!(place.fails(any("select")).await.starts_with("SQLite says: "));
    assert_eq!(place.fails(any("select zeroblob(100000000)")).await, "the query builds a value of more than 16 MiB");
    place.file("crm.txt", "not a database, and long enough to be seen as none".repeat(20));
    let other = |path: &str| {
        What::Sql(SqlCheck {
            database: Database::Sqlite(path.into()),
            query: "select 1".into(),
            gives: Gives::Anything,
        })
    };
    let text = SqlCheck {
        database: Database::Sqlite("crm.txt".into()),
        query: "select count(*) from leads".into(),
        gives: Gives::Anything,
    };
    assert_eq!(place.fails(What::Sql(text)).await, "it is no SQLite database");
    assert_eq!(place.fails(other("gone.db")).await, "there is no such file");
    assert_eq!(place.fails(other("")).await, "there is no such file", "a folder is none");
    crm.execute_batch("begin exclusive").expect("locked");
    let locked = place.within(any("select count(*) from leads"), 2_000).await;
    assert!(!locked.passed && locked.saw == "somebody else keeps it locked", "{locked:?}");
}

#[tokio::test]
async fn a_query_without_end_is_ended() {
    let (place, _crm) = place().await;
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    let proof = place.within(any(endless), 200).await;
    assert!(!proof.passed && proof.saw == "nothing within 200 ms", "{proof:?}");
    eventually("its thread is free again", || BLOCKING.available_permits() == BLOCKING_MAX).await;
}

#[tokio::test]
async fn a_secret_in_the_database_is_not_a_secret_of_the_check_and_a_long_value_is_cut() {
    let (place, _crm) = place().await;
    let long = place.holds(any("select printf('%.*c', 1000, 'x')")).await;
    assert!(long.chars().count() < 120 && long.ends_with("…\""), "{long}");
}
