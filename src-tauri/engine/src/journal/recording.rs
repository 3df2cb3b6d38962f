//! Facts that no lane decides: accounts, agents, messages. Each is decided and written by a closure of its own inside the
//! batch's transaction, so that it sees what is on disk and nothing of it is seen before it is there.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};

use cuetower_core::Ms;
use cuetower_core::fuse::Limits;
use cuetower_core::id::AccountId;
use rusqlite::Connection;

use super::{Entry, StoreError, entries};
use crate::desk::wire::Topic;
use crate::fleet::AgentNews;
use crate::handle::{Reply, Trouble};

/// This tower's epoch. One tower owns all lanes for now.
pub(super) const EPOCH: i64 = 1;

/// What a recording writes with. Each table file adds its own reading and writing.
pub struct Recorder<'a> {
    connection: &'a Connection,
    pub now: Ms,
    /// The owner's, as they are in this commit.
    pub limits: Limits,
    spent: Option<&'a HashMap<(AccountId, String), String>>,
    topics: RefCell<BTreeSet<Topic>>,
    news: RefCell<Vec<AgentNews>>,
}

impl Recorder<'_> {
    pub(super) fn on(connection: &Connection, now: Ms) -> Recorder<'_> {
        let limits = Limits::default();
        Recorder { connection, now, limits, spent: None, topics: RefCell::default(), news: RefCell::default() }
    }

    /// Appends a fact to a journal lane of its unit: `accounts`, `agents`, `messages`.
    pub fn fact(&self, lane: &'static str, kind: &'static str, body: &impl serde::Serialize) -> Result<(), StoreError> {
        let body = serde_json::to_string(body).map_err(|error| StoreError::Row(error.to_string()))?;
        self.with(|connection| {
            let sql = "SELECT coalesce(max(lane_seq), 0) FROM journal WHERE lane = ?1";
            let last: i64 = connection.prepare_cached(sql)?.query_row([lane], |row| row.get(0))?;
            let lane_seq = last as u64 + 1;
            let entry = Entry { lane: lane.to_owned(), lane_seq, at: self.now, kind, body };
            entries::append(connection, EPOCH, &entry).map(drop)
        })
    }

    /// Why nothing of an agent's may go on today, without an end mark; None: its budgets are not spent.
    pub fn spent(&self, account: &AccountId, agent: &str) -> Option<&str> {
        self.spent?.get(&(account.clone(), agent.to_owned())).map(String::as_str)
    }

    /// The faces of the owner ask again for what is about this.
    pub fn touch(&self, topic: Topic) {
        self.topics.borrow_mut().insert(topic);
    }

    /// The pilot hears of it once it is on disk.
    pub fn tell(&self, news: AgentNews) {
        self.news.borrow_mut().push(news);
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        work(self.connection).map_err(|error| StoreError::Row(error.to_string()))
    }

    fn into_heard(self) -> (BTreeSet<Topic>, Vec<AgentNews>) {
        (self.topics.into_inner(), self.news.into_inner())
    }
}

/// A closure that waits for its place in a batch, with whoever waits for its answer.
pub(crate) trait Recording: Send {
    /// Whether what it wrote stays. Called once.
    fn write(&mut self, recorder: &Recorder<'_>) -> bool;
    /// After the commit; `failure`: it could not be written.
    fn answer(self: Box<Self>, failure: Option<&str>);
}

impl std::fmt::Debug for dyn Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recording")
    }
}

pub(crate) struct Recorded<F, T, E> {
    work: Option<F>,
    done: Option<Result<Result<T, E>, StoreError>>,
    reply: Reply<Result<T, E>>,
}

impl<F, T, E> Recorded<F, T, E> {
    pub fn new(work: F, reply: Reply<Result<T, E>>) -> Recorded<F, T, E> {
        Recorded { work: Some(work), done: None, reply }
    }
}

impl<F, T, E> Recording for Recorded<F, T, E>
where
    F: FnOnce(&Recorder<'_>) -> Result<Result<T, E>, StoreError> + Send,
    T: Send,
    E: Send,
{
    fn write(&mut self, recorder: &Recorder<'_>) -> bool {
        self.done = self.work.take().map(|work| work(recorder));
        matches!(self.done, Some(Ok(Ok(_))))
    }

    fn answer(self: Box<Self>, failure: Option<&str>) {
        let answer = match (failure, self.done) {
            (Some(error), _) => Err(Trouble::Store(error.to_owned())),
            (None, Some(Ok(answer))) => Ok(answer),
            (None, Some(Err(error))) => Err(Trouble::Store(error.to_string())),
            (None, None) => Err(Trouble::Store("it broke off".to_owned())),
        };
        // A caller that has gone away gets no answer; what it asked for stands.
        drop(self.reply.send(answer));
    }
}

/// Writes each in a savepoint of its own: one that refuses, or fails, leaves nothing and takes no other with it.
pub(super) fn write_all(
    connection: &Connection,
    (now, limits, spent): (Ms, Limits, &HashMap<(AccountId, String), String>),
    recordings: &mut [Box<dyn Recording>],
) -> rusqlite::Result<(BTreeSet<Topic>, Vec<AgentNews>)> {
    let (mut topics, mut news) = (BTreeSet::new(), Vec::new());
    for recording in recordings {
        connection.execute_batch("SAVEPOINT recording")?;
        let recorder = Recorder { limits, spent: Some(spent), ..Recorder::on(connection, now) };
        // The pilot is everybody's: what one of them did wrong must not end it.
        let written = catch_unwind(AssertUnwindSafe(|| recording.write(&recorder)));
        let stays = written.unwrap_or_else(|_| {
            tracing::error!("something that was to be written down broke off; nothing of it was kept");
            false
        });
        if stays {
            let (about, told) = recorder.into_heard();
            topics.extend(about);
            news.extend(told);
        } else {
            connection.execute_batch("ROLLBACK TO recording")?;
        }
        connection.execute_batch("RELEASE recording")?;
    }
    Ok((topics, news))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::sync::oneshot;

    use super::*;
    use crate::journal::{Commit, Journal};

    type Word = Result<Result<u32, &'static str>, Trouble>;

    /// Puts one into the commit, and hands out where its answer will come.
    fn put(
        commit: &mut Commit,
        work: impl FnOnce(&Recorder<'_>) -> Result<Result<u32, &'static str>, StoreError> + Send + 'static,
    ) -> oneshot::Receiver<Word> {
        let (reply, answer) = oneshot::channel();
        commit.recordings.push(Box::new(Recorded::new(work, reply)));
        answer
    }

    fn facts(journal: &Journal) -> Vec<(i64, String)> {
        journal
            .guard(|connection| {
                let mut rows = connection.prepare("SELECT lane_seq, kind FROM journal WHERE lane = 'accounts'")?;
                rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
            })
            .unwrap()
    }

    #[test]
    fn one_that_refuses_or_fails_leaves_nothing_and_takes_no_other_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        let mut commit = Commit { alive_at: Some(Ms(7)), ..Commit::default() };
        let write = |kind: &'static str| move |recorder: &Recorder<'_>| recorder.fact("accounts", kind, &json!({}));
        let answers = [
            put(&mut commit, move |recorder| write("first")(recorder).map(|()| Ok(1))),
            put(&mut commit, move |recorder| {
                write("refused")(recorder)?;
                recorder.touch(Topic::Logins);
                Ok(Err("no"))
            }),
            put(&mut commit, move |recorder| {
                write("failed")(recorder)?;
                recorder.with(|connection| connection.execute("INSERT INTO nowhere VALUES (1)", []))?;
                Ok(Ok(3))
            }),
            put(&mut commit, move |recorder| {
                recorder.touch(Topic::Accounts);
                write("last")(recorder).map(|()| Ok(4))
            }),
        ];
        journal.commit(&mut commit).unwrap();
        assert_eq!(facts(&journal), [(1, "first".to_owned()), (2, "last".to_owned())]);
        assert_eq!(commit.topics, BTreeSet::from([Topic::Accounts]));
        for recording in commit.recordings.drain(..) {
            recording.answer(None);
        }
        let words: Vec<Word> = answers.map(|answer| answer.blocking_recv().unwrap()).into();
        assert!(matches!(words[0], Ok(Ok(1))));
        assert!(matches!(words[1], Ok(Err("no"))));
        assert!(matches!(&words[2], Err(Trouble::Store(why)) if why.contains("nowhere")), "{:?}", words[2]);
        assert!(matches!(words[3], Ok(Ok(4))));
    }

    #[test]
    fn one_that_breaks_off_leaves_nothing_and_ends_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        let mut commit = Commit { alive_at: Some(Ms(7)), ..Commit::default() };
        let broken = put(&mut commit, |recorder| {
            recorder.fact("accounts", "broken", &json!({}))?;
            panic!("this one breaks off");
        });
        let next = put(&mut commit, |recorder| recorder.fact("accounts", "next", &json!({})).map(|()| Ok(2)));
        journal.commit(&mut commit).unwrap();
        for recording in commit.recordings.drain(..) {
            recording.answer(None);
        }
        assert!(matches!(broken.blocking_recv().unwrap(), Err(Trouble::Store(_))));
        assert!(matches!(next.blocking_recv().unwrap(), Ok(Ok(2))));
        assert_eq!(facts(&journal), [(1, "next".to_owned())]);
    }

    #[test]
    fn what_could_not_be_committed_is_not_said_to_be_done() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        let mut commit = Commit { alive_at: Some(Ms(7)), ..Commit::default() };
        let answer = put(&mut commit, |recorder| recorder.fact("accounts", "first", &json!({})).map(|()| Ok(1)));
        // A fact with a number that is taken fails the whole commit.
        let twice = || Entry { lane: "tower".to_owned(), lane_seq: 1, at: Ms(7), kind: "twice", body: String::new() };
        commit.entries = vec![twice(), twice()];
        let error = journal.commit(&mut commit).unwrap_err().to_string();
        for recording in commit.recordings.drain(..) {
            recording.answer(Some(&error));
        }
        assert!(matches!(answer.blocking_recv().unwrap(), Err(Trouble::Store(_))));
        assert_eq!(facts(&journal), []);
    }
}
