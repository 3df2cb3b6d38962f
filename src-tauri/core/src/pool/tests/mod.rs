//! Pools by example and by chance. Every decision of every test is also replayed, and held against what must always hold.

mod clock;
mod leases;
mod limits;
mod line;
mod random;
mod rate;
mod ring;
mod week;
mod words;

use super::*;

pub(super) const MORNING: Ms = Ms(1_795_251_600_000);

/// A book, its twin that only hears the events, and a clock that the test turns.
pub(super) struct Field {
    pub book: PoolBook,
    pub now: Ms,
    twin: PoolBook,
}

impl Field {
    pub fn with(pools: &[(&str, PoolLimits)]) -> Field {
        let mut field = Field { book: PoolBook::default(), now: MORNING, twin: PoolBook::default() };
        for (name, limits) in pools {
            field.set(name, limits.clone());
        }
        field
    }

    pub fn give(&mut self, input: PoolInput) -> PoolDecision {
        let decision = self.book.decide(&input, self.now);
        for event in &decision.events {
            let written = serde_json::to_string(event).expect("written");
            assert!(written.starts_with(&format!("{{\"kind\":\"{}\"", event.word())), "{written}");
            self.twin.apply(self.now, &serde_json::from_str(&written).expect("read back"));
        }
        assert_eq!(self.book, self.twin, "replaying gives the same book");
        self.holds_true();
        decision
    }

    fn holds_true(&self) {
        for (name, pool) in &self.book.pools {
            let of_pool = |needs: &[Need]| needs.iter().find(|need| need.pool == *name).map(|need| need.weight);
            let in_use: u64 = self.book.held.values().filter_map(|held| of_pool(&held.needs)).map(u64::from).sum();
            assert_eq!(pool.in_use, in_use, "what is in use is what is held");
            let waiting = self.book.waiting.iter().filter(|waiting| of_pool(&waiting.needs).is_some()).count();
            assert_eq!(pool.waiting as usize, waiting);
        }
        let orders: Vec<_> = self.book.waiting.iter().map(|waiting| waiting.order()).collect();
        assert!(orders.is_sorted(), "the line is in order");
        let held_and_waiting = self.book.waiting.iter().filter(|waiting| self.book.holds(&waiting.holder.key()));
        assert_eq!(held_and_waiting.count(), 0, "all or nothing");
        if let Some(at) = self.book.wakes_at(self.now) {
            assert!(at > self.now, "what was due is done");
        }
    }

    pub fn set(&mut self, name: &str, limits: PoolLimits) {
        let decision = self.give(PoolInput::Set { name: name.to_owned(), limits });
        assert_eq!(decision.answer, PoolAnswer::Done);
    }

    /// Time goes by, with the ticks that the book asks for. Who got permits meanwhile.
    pub fn pass(&mut self, length_ms: u64) -> Vec<Holder> {
        let end = self.now.plus(length_ms);
        let mut granted = Vec::new();
        while let Some(at) = self.book.wakes_at(self.now).filter(|at| *at <= end) {
            self.now = at;
            granted.extend(self.give(PoolInput::Tick).granted.into_iter().map(|grant| grant.holder));
        }
        self.now = end;
        granted
    }

    /// A run asks; its number names it.
    pub fn run_asks(&mut self, number: u32, needs: &[Need], priority: i32) -> PoolAnswer {
        let needs = needs.to_vec();
        self.give(PoolInput::Ask { holder: run(number), needs, priority, lease_ms: None }).answer
    }

    pub fn agent_asks(&mut self, name: &str, needs: &[Need], lease_ms: u64) -> PoolAnswer {
        let needs = needs.to_vec();
        self.give(PoolInput::Ask { holder: agent(name), needs, priority: 0, lease_ms: Some(lease_ms) }).answer
    }

    /// Numbers of the runs that go because of it.
    pub fn run_ends(&mut self, number: u32) -> Vec<u32> {
        numbers(&self.give(PoolInput::GiveBack { holder: run(number).key(), tokens: None }).granted)
    }

    pub fn line(&self) -> Vec<String> {
        self.book.line().map(|(holder, ..)| holder.words()).collect()
    }

    pub fn words(&self, holder: &Holder) -> String {
        self.book.waits_for(&holder.key(), self.now).map(|waits| waits.words).unwrap_or_default()
    }
}

pub(super) fn run(number: u32) -> Holder {
    Holder::Run {
        run_id: RunId(format!("run-{number}")),
        cue_id: CueId(format!("cue_{number}")),
        cue_name: format!("c{number}"),
        number: 1,
    }
}

pub(super) fn agent(name: &str) -> Holder {
    Holder::Agent { permit_id: PermitId(format!("permit_{name}")), run: None, who: name.to_owned() }
}

pub(super) fn numbers(granted: &[Grant]) -> Vec<u32> {
    let number = |grant: &Grant| grant.holder.run_id().and_then(|run| run.0.strip_prefix("run-")?.parse().ok());
    granted.iter().filter_map(number).collect()
}

pub(super) fn one(pool: &str) -> Need {
    weighing(pool, 1)
}

pub(super) fn weighing(pool: &str, weight: u32) -> Need {
    Need { pool: pool.to_owned(), weight, tokens: None }
}

pub(super) fn with_tokens(pool: &str, tokens: u64) -> Need {
    Need { pool: pool.to_owned(), weight: 1, tokens: Some(tokens) }
}

pub(super) fn at_once(concurrency: u32) -> PoolLimits {
    PoolLimits { concurrency: Some(concurrency), ..PoolLimits::default() }
}

pub(super) fn calls(calls_per_min: u32) -> PoolLimits {
    PoolLimits { calls_per_min: Some(calls_per_min), ..PoolLimits::default() }
}

pub(super) fn tokens(tokens_per_min: u64) -> PoolLimits {
    PoolLimits { tokens_per_min: Some(tokens_per_min), ..PoolLimits::default() }
}

pub(super) fn granted(answer: &PoolAnswer) -> bool {
    matches!(answer, PoolAnswer::Granted { .. })
}

pub(super) fn refusal(answer: &PoolAnswer) -> &str {
    match answer {
        PoolAnswer::Refused(refusal) => &refusal.message,
        PoolAnswer::Done | PoolAnswer::Granted { .. } | PoolAnswer::Waits(_) => "not refused",
    }
}
