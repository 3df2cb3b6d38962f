//! Looking for runs, cues, agents and alerts: what was typed is read by `crate::search`, found by `journal/search_read.rs`.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use cuetower_core::cue::CueStatus;
use serde_json::json;
use tokio::time::Sleep;

use super::wire::{DeskError, SearchFound, SearchHit, SearchKind, SearchRequest};
use super::{Desk, invalid, zone};
use crate::handle::Handle;
use crate::journal::{AlertRow, Reader, SearchAsk, SearchDoc, SearchPart, SearchRun, StoreError, search_doc_at};
use crate::search::doc::{self, Field};
use crate::search::query::Query;
use crate::search::snippet;
use crate::view;

const TEXT_CHARS_MAX: usize = 500;
const LIMIT: u32 = 20;
const LIMIT_MAX: u32 = 100;
/// Cues or agents that a filter may mean.
const NAMED_MAX: u32 = 64;
/// After this no further part of the runs is looked through for one answer.
const BUDGET: Duration = Duration::from_millis(20);
/// A beginning of an id, from so many characters on.
const ID_CHARS_LEAST: usize = 6;

pub(super) async fn search(desk: &Desk, request: SearchRequest) -> Result<SearchFound, DeskError> {
    let reader = desk.handle.reader();
    let limit = request.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(invalid("limit", format!("Ask for 1 to {LIMIT_MAX} of each kind.")));
    }
    if request.text.chars().count() > TEXT_CHARS_MAX {
        return Err(invalid("text", format!("Look for at most {TEXT_CHARS_MAX} characters.")));
    }
    let below = request.cursor.as_deref().map(|cursor| cursor.parse::<i64>()).transpose();
    let below = below.map_err(|_| invalid("cursor", "Give the cursor back as the last answer had it."))?;
    let read = Query::read(&request.text, desk.handle.now(), zone(desk));
    let mut query = read.map_err(|wrong| invalid("text", wrong.message))?;
    let asks_of_kinds = !request.kinds.is_empty();
    if asks_of_kinds {
        let said = std::mem::replace(&mut query.kinds, request.kinds);
        query.kinds.retain(|kind| said.is_empty() || said.contains(kind));
    }
    let indexed_until_ms = reader.search_left().await?.map(|at| at.0);
    let mut found = SearchFound {
        hits: Vec::new(),
        cursor: None,
        searched_until_ms: None,
        indexed_until_ms,
        filters: query.said.clone(),
    };
    let cues = of_cues(reader, &query, request.cue_id.as_ref()).await?;
    let agents = of_agents(reader, &query).await?;
    let meant = |named: &Option<Vec<String>>| named.as_ref().is_none_or(|named| !named.is_empty());
    let any_kind = query.kinds.is_empty() && asks_of_kinds;
    if any_kind || !(query.asks() || request.cue_id.is_some()) || !meant(&cues) || !meant(&agents) {
        return Ok(found);
    }
    let looking = Looking { handle: &desk.handle, query: &query, cues, agents, limit };
    if below.is_none() {
        for kind in [SearchKind::Cue, SearchKind::Agent, SearchKind::Alert] {
            if query.is_about(kind) {
                found.hits.extend(looking.others(kind).await?);
            }
        }
    }
    if query.is_about(SearchKind::Run) {
        looking.runs(below, &request.text, &mut found).await?;
    }
    Ok(found)
}

/// The cues that are meant; None: any.
async fn of_cues(reader: &Reader, query: &Query, id: Option<&String>) -> Result<Option<Vec<String>>, StoreError> {
    if let Some(id) = id {
        return Ok(Some(vec![id.clone()]));
    }
    let mut ids = Vec::new();
    for name in &query.cues {
        ids.extend(reader.cues_named(name.clone(), NAMED_MAX).await?);
    }
    Ok((!query.cues.is_empty()).then_some(ids))
}

async fn of_agents(reader: &Reader, query: &Query) -> Result<Option<Vec<String>>, StoreError> {
    let mut names = Vec::new();
    for name in &query.agents {
        names.extend(reader.agents_named(name.clone(), NAMED_MAX).await?);
    }
    Ok((!query.agents.is_empty()).then_some(names))
}

struct Looking<'a> {
    handle: &'a Handle,
    query: &'a Query,
    cues: Option<Vec<String>>,
    agents: Option<Vec<String>>,
    limit: u32,
}

impl Looking<'_> {
    fn ask(&self) -> SearchAsk {
        SearchAsk {
            words: doc::ask(self.query, self.cues.as_deref(), self.agents.as_deref()),
            since: self.query.since,
            until: self.query.until,
            cost_least: self.query.cost_least,
            cost_most: self.query.cost_most,
            limit: self.limit,
        }
    }

    async fn others(&self, kind: SearchKind) -> Result<Vec<SearchHit>, StoreError> {
        let reader = self.handle.reader();
        let docs = reader.search_others(self.ask(), kind).await?;
        let ids = json!(docs.iter().map(|doc| &doc.of).collect::<Vec<_>>()).to_string();
        Ok(match kind {
            SearchKind::Cue => {
                let cues = reader.search_cues_shown(ids).await?;
                let there = cues.iter().filter(|cue| cue.status != CueStatus::Deleted);
                there
                    .map(|cue| SearchHit {
                        agent: cue.definition.agent.clone(),
                        cue_id: Some(cue.id.0.clone()),
                        at_ms: Some(cue.created_at.0),
                        state: crate::journal::status_word(cue.status).to_owned(),
                        ..self.hit(kind, &cue.id.0, &cue.definition.name, &doc::fields_of_cue(cue), "")
                    })
                    .collect()
            }
            SearchKind::Agent => docs.iter().map(|found| self.agent(found)).collect(),
            SearchKind::Alert => {
                let alerts = reader.search_alerts_shown(ids).await?;
                alerts.into_iter().map(|(alert, agent)| self.alert(&alert, agent)).collect()
            }
            SearchKind::Run => Vec::new(),
        })
    }

    fn agent(&self, found: &SearchDoc) -> SearchHit {
        let (account, name) = found.of.split_once('\n').unwrap_or(("", &found.of));
        SearchHit {
            agent: name.to_owned(),
            account: Some(account.to_owned()).filter(|account| !account.is_empty()),
            ..self.hit(SearchKind::Agent, name, name, &[("name", name.to_owned())], "")
        }
    }

    fn alert(&self, alert: &AlertRow, agent: Option<String>) -> SearchHit {
        let named = alert.agent.as_ref().map(|agent| agent.name.clone());
        SearchHit {
            cue_id: alert.cue_id.as_ref().map(|id| id.0.clone()),
            run_id: alert.run_id.as_ref().map(|id| id.0.clone()),
            agent: named.or(agent).unwrap_or_default(),
            at_ms: Some(alert.opened_at.0),
            state: alert.state.word().to_owned(),
            ..self.hit(SearchKind::Alert, &alert.id.0, &alert.title, &doc::fields_of_alert(alert), &alert.body)
        }
    }

    /// `otherwise`: what is shown if none of the words stands in any field.
    fn hit(&self, kind: SearchKind, id: &str, title: &str, fields: &[Field], otherwise: &str) -> SearchHit {
        let texts: Vec<(&'static str, &str)> = fields.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let (field, snippet) =
            snippet::best(self.query, &texts).unwrap_or_else(|| ("sentence", snippet::pieces(otherwise, Vec::new())));
        SearchHit {
            kind,
            id: id.to_owned(),
            title: title.to_owned(),
            snippet,
            field: field.to_owned(),
            cue_id: None,
            run_id: None,
            agent: String::new(),
            account: None,
            at_ms: None,
            mark: None,
            state: String::new(),
        }
    }

    fn run(&self, found: &SearchRun) -> SearchHit {
        let run = &found.run;
        let mark = view::mark(&found.occurrence);
        let fields = doc::fields_of_run(run, &found.beside);
        let hit = self.hit(SearchKind::Run, &run.id.0, &run.definition.name, &fields, &mark.sentence);
        SearchHit {
            cue_id: Some(run.cue_id.0.clone()),
            agent: run.definition.agent.clone(),
            at_ms: Some(run.due.0),
            mark: Some(mark),
            ..hit
        }
    }

    async fn runs(&self, below: Option<i64>, text: &str, found: &mut SearchFound) -> Result<(), StoreError> {
        let reader = self.handle.reader();
        let mut hits = Vec::new();
        if below.is_none() {
            hits.extend(self.by_id(text.trim()).await?.iter().map(|run| self.run(run)));
            hits.extend(self.live().await?.iter().map(|run| self.run(run)));
        }
        // Those under way stand in no table of words.
        let only_live = !self.query.verdicts.is_empty() && self.query.verdicts.iter().all(|word| *word == "live");
        let docs = if only_live { Vec::new() } else { self.docs(below, found).await? };
        let ids: Vec<&String> = docs.iter().map(|doc| &doc.of).collect();
        let shown = reader.search_runs_shown(json!(ids).to_string()).await?;
        hits.extend(shown.iter().map(|run| self.run(run)));
        let mut seen = BTreeSet::new();
        hits.retain(|hit| seen.insert(hit.id.clone()));
        hits.sort_by_key(|hit| std::cmp::Reverse(hit.at_ms));
        found.hits.extend(hits);
        Ok(())
    }

    /// From the newest part on, until the page is full or the time is up.
    async fn docs(&self, below: Option<i64>, found: &mut SearchFound) -> Result<Vec<SearchDoc>, StoreError> {
        let reader = self.handle.reader();
        let mut time = pin!(tokio::time::sleep(BUDGET));
        is_up(time.as_mut()).await;
        let mut docs: Vec<SearchDoc> = Vec::new();
        let parts: Vec<SearchPart> = reader.search_parts().await?;
        // A part begins where the next newer one ends; what is wholly outside of what is asked for is passed over.
        let mut until = i64::MAX;
        for part in parts {
            let (begins, ends) = (part.from, std::mem::replace(&mut until, part.from.0));
            let is_newer = below.is_some_and(|below| below <= search_doc_at(begins))
                || self.query.until.is_some_and(|to| begins >= to);
            let is_older = self.query.since.is_some_and(|since| ends <= since.0);
            if is_newer || is_older {
                continue;
            }
            let ask = SearchAsk { limit: self.limit + 1 - docs.len() as u32, ..self.ask() };
            docs.extend(reader.search_runs(ask, SearchPart { below, ..part }).await?);
            if docs.len() > self.limit as usize {
                docs.truncate(self.limit as usize);
                found.cursor = docs.last().map(|doc| doc.doc.to_string());
                break;
            }
            let more = begins.0 > 0 && self.query.since.is_none_or(|since| begins > since);
            if more && is_up(time.as_mut()).await {
                found.cursor = Some(search_doc_at(begins).to_string());
                found.searched_until_ms = Some(begins.0);
                break;
            }
        }
        Ok(docs)
    }

    async fn by_id(&self, text: &str) -> Result<Vec<SearchRun>, StoreError> {
        let is_id = text.len() >= ID_CHARS_LEAST
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !is_id {
            return Ok(Vec::new());
        }
        let reader = self.handle.reader();
        let ids = reader.runs_beginning(text.to_owned(), self.limit).await?;
        let mut found = reader.search_runs_shown(json!(ids).to_string()).await?;
        found.retain(|found| self.is_of(found));
        Ok(found)
    }

    /// Of the cues and agents that are meant.
    fn is_of(&self, found: &SearchRun) -> bool {
        let of = |named: &Option<Vec<String>>, name: &str| {
            named.as_ref().is_none_or(|named| named.iter().any(|one| one == name))
        };
        of(&self.cues, &found.run.cue_id.0) && of(&self.agents, &found.run.definition.agent.to_lowercase())
    }

    async fn live(&self) -> Result<Vec<SearchRun>, StoreError> {
        let query = self.query;
        let of_ended = query.late
            || query.bounced
            || query.cost_least.is_some()
            || query.cost_most.is_some()
            || !(query.verdicts.is_empty() || query.verdicts.contains(&"live"));
        if of_ended {
            return Ok(Vec::new());
        }
        let mut live = self.handle.reader().search_live().await?;
        live.retain(|found| {
            let run = &found.run;
            self.is_of(found)
                && query.since.is_none_or(|since| run.due >= since)
                && query.until.is_none_or(|until| run.due < until)
                && snippet::holds(query, doc::fields_of_run(run, &found.beside).iter().map(|(_, text)| text.as_str()))
        });
        live.truncate(self.limit as usize);
        Ok(live)
    }
}

/// Whether the time is up; asked first so that it begins to run.
async fn is_up(mut time: Pin<&mut Sleep>) -> bool {
    poll_fn(|context| Poll::Ready(time.as_mut().poll(context).is_ready())).await
}
