//! Fuses, as a lane hears of them: a run that used too much ends at once, and a budget of the day that is spent keeps
//! everything back until midnight, or until the owner raises it. Who sums up what was used is not the lane.

use crate::Ms;
use crate::cue::CueStatus;
use crate::effect::Effect;
use crate::event::Event;
use crate::expect::Finding;
use crate::fuse::{BY_THE_TOWER, OF_THE_DAY, Spent, SpentOf};
use crate::id::RunId;
use crate::input::{Answer, Refusal, RefusalCode};
use crate::lane::Lane;
use crate::lane::decide::{Draft, refused};
use crate::occurrence::{End, SkipPolicy};
use crate::run::{Run, Verdict};
use crate::sentence::instant;

impl Lane {
    /// The budget of the day that is spent, while that holds.
    #[must_use]
    pub fn spent_at(&self, now: Ms) -> Option<&Spent> {
        self.spent.as_ref().filter(|spent| now < spent.until)
    }

    /// What whoever wants something of it to begin then is told.
    #[must_use]
    pub fn refuses_for_budget(&self, at: Ms) -> Option<Refusal> {
        let spent = self.spent_at(at)?;
        let (words, until) = (&spent.words, instant(spent.until));
        let message = format!(
            "Its budget for the day is spent: {words}. Nothing of it begins until {until}, or until you raise it."
        );
        Some(Refusal { code: RefusalCode::BudgetSpent, message })
    }
}

impl Draft<'_> {
    /// Its process tree is killed, and nothing more is taken from it. `most`: what it was allowed, if that is a number.
    pub fn blow(&mut self, run_id: &RunId, most: Option<&str>, words: &str) -> Answer {
        let Some(run) = self.run(run_id) else {
            return refused(RefusalCode::NotFound, format!("There is no run {run_id}."));
        };
        let claim = most.map_or_else(|| BY_THE_TOWER.to_owned(), |most| format!("At most {most}"));
        self.cut_off(&run, claim, words);
        Answer::Done
    }

    fn cut_off(&mut self, run: &Run, claim: impl Into<String>, words: &str) {
        let kill = Effect::Stop { run_id: run.id.clone(), number: run.latest().number, hard: true };
        // What it reported stands, and is looked at; a process that works on is not worth more for that.
        if !run.is_live() || run.checking.is_some() {
            let note = format!("its process was killed: {words}");
            let known = run.notes.iter().any(|told| told.words.starts_with("its process was killed: "));
            if run.may_have_a_process() && run.verdict().is_none_or(|verdict| !verdict.is_called_off()) && !known {
                self.effects.push(kill);
                self.emit(Event::RunNoted { run_id: run.id.clone(), words: note });
            }
            return;
        }
        self.effects.push(kill);
        self.end_run(run, Verdict::Stopped, false, vec![Finding::of(claim, false, words)]);
    }

    /// What is live ends, and so does what waits behind it; what comes due until then is skipped.
    pub fn budget_spent(&mut self, until: Ms, words: &str, of: SpentOf) -> Answer {
        if self.lane.cue.status == CueStatus::Deleted || until <= self.now {
            return Answer::Done;
        }
        self.emit(Event::BudgetSpent { until, words: words.to_owned(), of });
        self.call_off_all(words);
        for held in self.lane.held.iter().cloned().collect::<Vec<_>>() {
            self.end_occurrence(&held, End::Skipped { policy: SkipPolicy::Budget });
        }
        Answer::Done
    }

    /// What began in spite of it, such as by its licence in a batch that could not be written.
    pub fn still_spent(&mut self) {
        if let Some(words) = self.lane.spent_at(self.now).map(|spent| spent.words.clone()) {
            self.call_off_all(&words);
        }
    }

    fn call_off_all(&mut self, words: &str) {
        for run in self.lane.live_runs().cloned().collect::<Vec<_>>() {
            self.cut_off(&run, OF_THE_DAY, words);
        }
    }

    pub fn budget_raised(&mut self) -> Answer {
        if self.lane.spent.is_some() {
            self.emit(Event::BudgetRaised {});
        }
        Answer::Done
    }

    /// Whether what is due then may not begin: the budget of the day is spent now, or was at that time.
    pub fn is_over_budget(&self, due: Ms) -> bool {
        let now = self.now;
        self.lane.spent.as_ref().is_some_and(|spent| now < spent.until || (spent.at..spent.until).contains(&due))
    }

    /// What is asked for by hand is refused while it would be skipped.
    pub fn refused_for_budget(&self, at: Ms) -> Option<Answer> {
        self.lane.refuses_for_budget(at).map(Answer::Refused)
    }
}
