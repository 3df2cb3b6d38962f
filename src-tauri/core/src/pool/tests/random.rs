//! By chance: whatever is asked in whatever order, with kills, sleep and clocks that are set, the limits hold in real time.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Move {
    Ask {
        needs: Vec<(usize, u32, Option<u64>)>,
        priority: i32,
        agent: bool,
    },
    /// Of who holds; which one, and what it used.
    GiveBack(usize, Option<u64>),
    Leave(usize),
    Pass(u64),
    Sleep(u64),
    Step(i64),
    SetBackUnnoticed(u64),
    RateLimited(usize, Option<u64>),
}

const POOLS: [&str; 3] = ["one", "three", "many"];

fn limits() -> [PoolLimits; 3] {
    [
        PoolLimits { concurrency: Some(1), calls_per_min: Some(10), tokens_per_min: None },
        PoolLimits { concurrency: Some(3), calls_per_min: None, tokens_per_min: Some(1_000) },
        PoolLimits { concurrency: None, calls_per_min: Some(20), tokens_per_min: None },
    ]
}

fn needs() -> impl Strategy<Value = Vec<(usize, u32, Option<u64>)>> {
    let need = (0..3_usize, 1..=3_u32, prop::option::of(0..=1_000_u64));
    prop::collection::vec(need, 1..=3).prop_map(|mut needs| {
        needs.sort_by_key(|need| need.0);
        needs.dedup_by_key(|need| need.0);
        for need in &mut needs {
            need.1 = if need.0 == 0 { 1 } else { need.1 };
        }
        needs
    })
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        8 => (needs(), -2..=2_i32, any::<bool>()).prop_map(|(needs, priority, agent)| Move::Ask { needs, priority, agent }),
        6 => (any::<usize>(), prop::option::of(0..3_000_u64)).prop_map(|(which, tokens)| Move::GiveBack(which, tokens)),
        1 => any::<usize>().prop_map(Move::Leave),
        6 => (0..30_000_u64).prop_map(Move::Pass),
        1 => (1_000..200_000_u64).prop_map(Move::Sleep),
        1 => (-500_000..500_000_i64).prop_map(Move::Step),
        1 => (1..100_000_u64).prop_map(Move::SetBackUnnoticed),
        1 => (0..3_usize, prop::option::of(0..90_000_u64)).prop_map(|(pool, after)| Move::RateLimited(pool, after)),
    ];
    prop::collection::vec(one, 1..120)
}

/// The field, and what really happened: by a clock that nobody sets.
struct World {
    field: Field,
    real_ms: u64,
    asked: u32,
    /// Real instants of the grants of each pool.
    calls: BTreeMap<&'static str, VecDeque<u64>>,
    holders: Vec<Holder>,
}

impl World {
    fn new() -> World {
        let pools: Vec<_> = POOLS.into_iter().zip(limits()).collect();
        World { field: Field::with(&pools), real_ms: 0, asked: 0, calls: BTreeMap::new(), holders: Vec::new() }
    }

    fn give(&mut self, input: PoolInput) -> PoolAnswer {
        let before = self.field.book.clone();
        let decision = self.field.give(input);
        for lapsed in &decision.lapsed {
            self.holders.retain(|holder| holder != lapsed);
        }
        for grant in &decision.granted {
            self.holders.push(grant.holder.clone());
            for need in &grant.needs {
                let name = POOLS.into_iter().find(|name| *name == need.pool).expect("known");
                self.calls.entry(name).or_default().push_back(self.real_ms);
            }
            self.nobody_was_passed(&before, grant);
        }
        self.within_limits();
        self.head_cannot_go();
        decision.answer
    }

    /// Who stood before it with the same needs and no lower priority, stands nowhere any more.
    fn nobody_was_passed(&self, before: &PoolBook, grant: &Grant) {
        let Some((_, granted)) = before.waiting(&grant.holder.key()) else { return };
        let passed = before.waiting.iter().take_while(|other| other.order() < granted.order()).find(|other| {
            let same = other.needs == granted.needs;
            same && self.field.book.waiting(&other.holder.key()).is_some()
        });
        assert!(passed.is_none(), "{passed:?} was passed by {grant:?}");
    }

    fn within_limits(&mut self) {
        for (name, limits) in POOLS.into_iter().zip(limits()) {
            let pool = self.field.book.pool(name, self.field.now).expect("is there");
            assert!(limits.concurrency.is_none_or(|most| pool.in_use <= u64::from(most)), "{pool:?}");
            let calls = self.calls.entry(name).or_default();
            while calls.front().is_some_and(|at| self.real_ms - at > 60_000) {
                calls.pop_front();
            }
            assert!(limits.calls_per_min.is_none_or(|most| calls.len() <= most as usize), "{name}: {calls:?}");
        }
    }

    /// No needless idling: the first in the line lacks something, by a plain look at the pools.
    fn head_cannot_go(&self) {
        let now = self.field.now;
        let Some(head) = self.field.book.waiting.first() else { return };
        let lacks = head.needs.iter().any(|need| {
            let pool = self.field.book.pool(&need.pool, now).expect("is there");
            pool.backs_off_until.is_some()
                || pool.limits.concurrency.is_some_and(|most| pool.in_use + u64::from(need.weight) > most.into())
                || pool.limits.calls_per_min.is_some_and(|most| pool.calls_last_min >= most.into())
                || pool
                    .limits
                    .tokens_per_min
                    .is_some_and(|most| pool.tokens_last_min + need.tokens.unwrap_or(0).max(1) > most)
        });
        assert!(lacks, "{head:?} could go");
    }

    fn pass(&mut self, length_ms: u64) {
        let end = self.field.now.plus(length_ms);
        loop {
            let at = self.field.book.wakes_at(self.field.now).filter(|at| *at <= end);
            let to = at.unwrap_or(end);
            self.real_ms += to.since(self.field.now);
            self.field.now = to;
            if at.is_none() {
                return;
            }
            self.give(PoolInput::Tick);
        }
    }

    fn take(&mut self, step: Move) {
        match step {
            Move::Ask { needs, priority, agent: by_agent } => {
                self.asked += 1;
                let holder = if by_agent { agent(&self.asked.to_string()) } else { run(self.asked) };
                let need = |(pool, weight, tokens): (usize, u32, Option<u64>)| Need {
                    pool: POOLS[pool].to_owned(),
                    weight,
                    tokens,
                };
                let needs = needs.into_iter().map(need).collect();
                let answer = self.give(PoolInput::Ask { holder, needs, priority, lease_ms: Some(45_000) });
                assert!(!matches!(answer, PoolAnswer::Refused(_)), "{answer:?}");
            }
            Move::GiveBack(which, tokens) => {
                if self.holders.is_empty() {
                    return;
                }
                let holder = self.holders.swap_remove(which % self.holders.len());
                assert_eq!(self.give(PoolInput::GiveBack { holder: holder.key(), tokens }), PoolAnswer::Done);
            }
            Move::Leave(which) => {
                let line: Vec<HolderKey> = self.field.book.line().map(|(holder, ..)| holder.key()).collect();
                if !line.is_empty() {
                    self.give(PoolInput::GiveBack { holder: line[which % line.len()].clone(), tokens: None });
                }
            }
            Move::Pass(length_ms) => self.pass(length_ms),
            Move::Sleep(length_ms) => {
                self.real_ms += length_ms;
                self.field.now = self.field.now.plus(length_ms);
                self.give(PoolInput::Shifted { slept_ms: length_ms, stepped_ms: 0 });
            }
            Move::Step(by_ms) => {
                self.field.now = Ms(self.field.now.0 + by_ms);
                self.give(PoolInput::Shifted { slept_ms: 0, stepped_ms: by_ms });
            }
            Move::SetBackUnnoticed(by_ms) => {
                self.field.now = self.field.now.minus(by_ms);
                self.give(PoolInput::Tick);
            }
            Move::RateLimited(pool, retry_after_ms) => {
                self.give(PoolInput::RateLimited { pool: POOLS[pool].to_owned(), retry_after_ms });
            }
        }
    }

    /// Whoever holds gives back soon: then the whole line goes, each in its time.
    fn drain(&mut self) {
        for _ in 0..10_000 {
            if self.field.book.waiting.is_empty() && self.holders.is_empty() {
                return;
            }
            while let Some(holder) = self.holders.pop() {
                self.give(PoolInput::GiveBack { holder: holder.key(), tokens: None });
            }
            self.pass(1_000);
        }
        panic!("still waiting: {:?}", self.field.line());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_limits_hold_and_everybody_goes(moves in moves()) {
        let mut world = World::new();
        for step in moves {
            world.take(step);
        }
        let snapshot = serde_json::to_string(&world.field.book).expect("written");
        let back: PoolBook = serde_json::from_str(&snapshot).expect("read back");
        prop_assert_eq!(&back, &world.field.book);
        world.drain();
    }

    #[test]
    fn pools_that_are_made_changed_and_removed_under_them_are_replayed_too(
        moves in prop::collection::vec((0..6_u8, 0..4_usize, 1..6_u32, 0..40_000_u64), 1..150),
    ) {
        let mut field = Field::with(&[]);
        let names = ["a", "b", "c", "d"];
        for (number, (kind, which, amount, length_ms)) in (1..).zip(moves) {
            let name = names[which].to_owned();
            match kind {
                0 => drop(field.give(PoolInput::Set { name, limits: PoolLimits {
                    concurrency: Some(amount), calls_per_min: Some(amount * 2), tokens_per_min: Some(u64::from(amount) * 100),
                }})),
                1 => drop(field.give(PoolInput::Remove { name })),
                2 | 3 => {
                    let other = weighing(names[(which + 1) % 4], 1);
                    let need = Need { pool: name, weight: amount, tokens: Some(u64::from(amount) * 90) };
                    let needs = if kind == 2 { vec![need] } else { vec![need, other] };
                    field.run_asks(number, &needs, 0);
                }
                4 => drop(field.run_ends(number.saturating_sub(amount))),
                _ => drop(field.pass(length_ms)),
            }
        }
    }
}
