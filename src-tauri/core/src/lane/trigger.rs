//! What fires a cue from outside: another cue's end, its trigger URL, a watched file, its own agent.

use std::collections::BTreeMap;

use serde_json::{Map, json};

use crate::Ms;
use crate::cue::CueStatus;
use crate::event::{Event, FileSeen, FireKey};
use crate::id::{OccurrenceId, RunId};
use crate::input::{Answer, RefusalCode, Triggered};
use crate::lane::FILES_MAX;
use crate::lane::decide::{Draft, refused};
use crate::occurrence::{Armed, End, SkipPolicy, Trigger};
use crate::outcome::{NextRun, Outcome};

impl Draft<'_> {
    pub fn triggered(&mut self, triggered: &Triggered) -> Answer {
        let request = triggered.payload.as_ref().map(ToString::to_string).unwrap_or_default();
        if let Some(answer) = self.fired_before(triggered.key.as_deref(), &request) {
            return answer;
        }
        if self.is_full() {
            let message = "More fires of this cue are waiting than it can keep; try again when some have run.";
            return refused(RefusalCode::TooMany, message);
        }
        let id = match &triggered.trigger {
            // One run of the other cue fires this one once, whatever is replayed.
            Trigger::Chain { of, .. } => OccurrenceId::chained(&self.lane.cue.id, of, self.lane.generation),
            _ => OccurrenceId::fired(&self.lane.cue.id, self.dice),
        };
        let mut armed = self.new_armed(id, self.now, triggered.trigger.clone());
        armed.payload.clone_from(&triggered.payload);
        let kept_back = self.kept_back(&armed, triggered.firing);
        // Whoever was turned away may come again with the same key.
        let fire_key = triggered.key.clone().filter(|_| kept_back.is_none()).map(|key| FireKey { key, request });
        self.emit(Event::OccurrenceArmed { armed: armed.clone(), fire_key });
        match kept_back {
            Some(policy) => self.end_occurrence(&armed, End::Skipped { policy }),
            None => self.start_or_wait(&armed),
        }
        Answer::Fired { run_id: armed.run_id, occurrence_id: armed.id, due: armed.due }
    }

    /// Numbers are never used again, so that an old URL stays dead.
    pub fn trigger_url(&mut self, wanted: bool) -> Answer {
        let number = wanted.then_some(self.lane.seq + 1);
        if wanted || self.lane.cue.trigger_url.is_some() {
            self.emit(Event::TriggerUrlChanged { number });
        }
        Answer::Done
    }

    /// Fires once for each file that appeared or changed since the last look.
    pub fn files(&mut self, seen: &[(String, FileSeen)], firing: bool) -> Answer {
        let now: BTreeMap<&String, FileSeen> = seen.iter().take(FILES_MAX).map(|(path, file)| (path, *file)).collect();
        let Some(known) = self.lane.files.clone() else {
            let seen = now.into_iter().map(|(path, file)| (path.clone(), file)).collect();
            self.emit(Event::PathsSeen { baseline: true, seen, gone: Vec::new() });
            return Answer::Done;
        };
        let news: Vec<(String, FileSeen)> = now
            .iter()
            .filter(|(path, file)| known.get(**path) != Some(*file))
            .map(|(path, file)| ((*path).clone(), *file))
            .collect();
        let gone: Vec<String> = known.keys().filter(|path| !now.contains_key(path)).cloned().collect();
        if news.is_empty() && gone.is_empty() {
            return Answer::Done;
        }
        self.emit(Event::PathsSeen { baseline: false, seen: news.clone(), gone });
        for (path, _) in news {
            let appeared = !known.contains_key(&path);
            let change = if appeared { "appeared" } else { "changed" };
            let told = [("path".to_owned(), json!(path)), ("change".to_owned(), json!(change))];
            let payload = self.lane.cue.definition.payload_under(Map::from_iter(told));
            let trigger = Trigger::Path { path, appeared };
            self.triggered(&Triggered { trigger, payload: Some(payload), key: None, firing });
        }
        Answer::Done
    }

    /// The next run that an agent asks for, within the limits of its cue. The last word counts.
    pub fn next_run_asked(&mut self, run_id: &RunId, outcome: &Outcome) {
        let Some(asked) = outcome.next_run else { return };
        if self.lane.cue.status != CueStatus::Active || self.is_full() {
            return;
        }
        let limits = self.lane.cue.definition.schedule.next_run;
        let asked = match asked {
            NextRun::At(at) => at,
            NextRun::InMs(length) => self.now.plus(length),
        };
        let due: Ms = asked.clamp(self.now.plus(limits.min_ms), self.now.plus(limits.max_ms.max(limits.min_ms)));
        let dynamic = |armed: &&Armed| matches!(armed.trigger, Trigger::Dynamic { .. });
        for older in self.lane.armed.iter().filter(dynamic).cloned().collect::<Vec<_>>() {
            self.end_occurrence(&older, End::Skipped { policy: SkipPolicy::Superseded });
        }
        let id = OccurrenceId::fired(&self.lane.cue.id, self.dice);
        let armed = self.new_armed(id, due, Trigger::Dynamic { of: run_id.clone() });
        self.emit(Event::OccurrenceArmed { armed, fire_key: None });
    }
}
