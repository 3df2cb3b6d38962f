//! What happened in all, so that a world in which nothing happens is noticed.

macro_rules! tally {
    ($($count:ident),* $(,)?) => {
        #[derive(Debug, Default, Clone)]
        pub struct Tally {
            $(pub $count: u64,)*
        }

        impl Tally {
            pub fn add(&mut self, other: &Tally) {
                $(self.$count += other.$count;)*
            }

            /// What never happened.
            pub fn missing(&self) -> Vec<&'static str> {
                [$((stringify!($count), self.$count)),*].into_iter().filter(|(_, count)| *count == 0).map(|(name, _)| name).collect()
            }
        }
    };
}

tally! {
    facts, instants, spans, crashes, failed_commits, slow_commits, sleeps, dark_wakes, clock_steps, days_of_1970, reboot_loops,
    deliveries, licensed, acknowledged, refused, lost_attempts, silent, late, chained, from_outside, by_files, asked, answered,
    blacked_out, tower_paused, coalesced, missed, queued, dynamic,
    held_by_pool, held_by_checks, granted, claimed, claims_refused, extended, lapsed, released, unclaimed, pinged, by_ping,
    stopped, restarted, restarts_asked, crash_loops, steady, fused, fallbacks, failures_told, found_running, found_ended, found_lost, never_started,
    looked, looked_late, proven, disproven, attempts_cut, verified, held_for_word, shown_later, attested,
    owner_asked, owner_answered, answers_unbound, answers_late, stood_for_permits,
}
