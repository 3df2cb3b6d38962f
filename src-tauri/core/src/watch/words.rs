//! How the owner is told of what the watch found: what happened, what is known of it, what the tower does about it.

use super::asked::Heartbeat;
use super::envelope::{Band, Measure};
use super::loops::Loop;
use super::pace::Spike;
use crate::Ms;
use crate::sentence::{grouped, titled};
use crate::spend::Nanousd;
use crate::time::length_in_words;

/// One that is silent, or stands still.
#[derive(Debug, Clone)]
pub struct Quiet<'a> {
    pub heartbeat: Heartbeat,
    /// A beat has come, some time.
    pub beaten: bool,
    pub since: Ms,
    pub now: Ms,
    /// The number it told last.
    pub progress: Option<f64>,
    /// What was seen of its process, without an end mark.
    pub seen: Option<&'a str>,
    /// What becomes of it, a sentence.
    pub restarts: Option<String>,
}

impl Quiet<'_> {
    /// "No sign of life for 90 s; one was due every 60 s. Process 4711 alive, 0 % CPU."
    #[must_use]
    pub fn is_silent(&self) -> String {
        let lasts = length_in_words(self.now.since(self.since));
        let every = length_in_words(self.heartbeat.interval_ms);
        let first = if self.beaten {
            format!("No sign of life for {lasts}; one was due every {every}.")
        } else {
            format!("It began {lasts} ago and gave no sign of life; one was due every {every}.")
        };
        self.with_the_rest(first)
    }

    /// "Alive, but no progress for 15 min: it stands at 41. Process 4711 alive, blocked on 203.0.113.9:443."
    #[must_use]
    pub fn stands_still(&self) -> String {
        let lasts = length_in_words(self.now.since(self.since));
        let at = self.progress.map(|number| format!(": it stands at {}", figure(number))).unwrap_or_default();
        self.with_the_rest(format!("Alive, but no progress for {lasts}{at}."))
    }

    fn with_the_rest(&self, first: String) -> String {
        let seen = self.seen.map(str::trim).filter(|seen| !seen.is_empty()).map(|seen| {
            let mut letters = seen.chars();
            let capital = letters.next().map(|letter| letter.to_uppercase().collect::<String>()).unwrap_or_default();
            let seen = format!("{capital}{}", letters.as_str());
            if seen.ends_with('.') { seen } else { format!("{seen}.") }
        });
        let parts = [Some(first), seen, self.restarts.clone()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

fn figure(number: f64) -> String {
    if number >= 0.0 && number.fract() == 0.0 && number < 1e15 { grouped(number as u64) } else { number.to_string() }
}

/// "release-scribe spends 12 times its usual"
#[must_use]
pub fn spike_title(name: &str, spike: &Spike) -> String {
    titled(name, &format!("spends {} times its usual", spike.times_in_words()))
}

/// `fuse`: what the run may cost before it is stopped.
#[must_use]
pub fn spike_body(spike: &Spike, fuse: Option<Nanousd>) -> String {
    let stops = fuse.map(|most| format!(" Its fuse stops it at ${:.2}.", most.usd())).unwrap_or_default();
    format!("{}.{stops}", spike.words())
}

/// `stops`: the run is ended because of it.
#[must_use]
pub fn loop_body(found: &Loop, stops: bool) -> String {
    let stops = if stops { " The run is stopped, as its cue says." } else { "" };
    let prints = if found.prints.is_empty() { String::new() } else { format!(" Seen: {}.", found.prints.join(" · ")) };
    format!("{}.{stops}{prints}", found.words)
}

/// A run that is under way for longer than is usual.
#[must_use]
pub fn long_body(lasts_ms: u64, usual: &Band) -> String {
    let measure = Measure::Duration;
    format!(
        "It has been at work for {}; its last {} runs took {} at the median, {} at the most but for a few.",
        length_in_words(lasts_ms),
        usual.n,
        measure.shown(usual.median),
        measure.shown(usual.p95)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_and_standing_still_are_told_with_what_is_known() {
        let heartbeat = Heartbeat::every(60_000);
        let mut quiet = Quiet {
            heartbeat,
            beaten: true,
            since: Ms(0),
            now: Ms(900_000),
            progress: Some(18_204.0),
            seen: Some("process 4711 alive, 0 % CPU, blocked on 203.0.113.9:443, memory 310 MB and flat"),
            restarts: Some("It is restarted now (1 of 3 in an hour).".to_owned()),
        };
        assert_eq!(
            quiet.stands_still(),
            "Alive, but no progress for 15 min: it stands at 18,204. Process 4711 alive, 0 % CPU, blocked on 203.0.113.9:443, memory 310 MB and flat. It is restarted now (1 of 3 in an hour)."
        );
        (quiet.seen, quiet.restarts) = (None, None);
        assert_eq!(quiet.is_silent(), "No sign of life for 15 min; one was due every 1 min.");
        quiet.beaten = false;
        assert_eq!(quiet.is_silent(), "It began 15 min ago and gave no sign of life; one was due every 1 min.");
    }
}
