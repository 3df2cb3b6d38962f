//! What is known of processes, in words: one sentence, and what else may be worth a look.

use super::{Process, State, Trend, Truth, Wait};

/// Sentences beside the first one.
const SENTENCES_MAX: usize = 8;
/// Connections named in one sentence.
const PEERS_MAX: usize = 3;

impl Truth {
    /// "process 4711 alive, 0 % CPU, blocked on 203.0.113.9:443, memory 310 MB and flat". No capital and no full stop, so that
    /// it fits into a sentence. Empty if nothing at all is known.
    #[must_use]
    pub fn words(&self) -> String {
        if let Some(ended) = &self.ended {
            let pid = self.pid.map(|pid| format!("process {pid} has ended: ")).unwrap_or_default();
            return format!("{pid}{ended}");
        }
        let Some(telling) = self.telling() else {
            return match self.pid {
                Some(pid) if self.unknown => format!("what process {pid} does could not be seen"),
                Some(pid) => format!("process {pid} is gone"),
                None => String::new(),
            };
        };
        let subject = match self.pid {
            Some(root) if root != telling.pid && self.processes.iter().any(|process| process.pid == root) => {
                format!("process {root} and its child {} ({})", telling.pid, telling.name)
            }
            Some(root) if root != telling.pid => {
                format!("process {root} is gone, its child {} ({})", telling.pid, telling.name)
            }
            _ => format!("process {}", telling.pid),
        };
        let cpu = self.cpu_percent().map(|percent| format!("{percent:.0} % CPU"));
        let waits = telling.waits_on.as_ref().map(Wait::words).or_else(|| telling.busy());
        let parts = [Some(format!("{subject} {}", telling.state.word())), cpu, waits, self.memory_words()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// For a window: the sentence, then one for each other process that lives, and how many sockets are open.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let first = self.words();
        if first.is_empty() {
            return Vec::new();
        }
        let telling = self.telling().map(|telling| telling.pid);
        let others = self.processes.iter().filter(|process| Some(process.pid) != telling);
        let sockets: usize = self.processes.iter().map(|process| process.sockets).sum();
        let sockets = match sockets {
            0 => None,
            1 => Some("One socket is open.".to_owned()),
            many => Some(format!("{many} sockets are open.")),
        };
        let others = others.take(SENTENCES_MAX).map(Process::sentence);
        std::iter::once(sentence(&first)).chain(sockets).chain(others).collect()
    }

    /// Of all processes together; None if it was not measured.
    #[must_use]
    pub fn cpu_percent(&self) -> Option<f64> {
        let known = self.processes.iter().filter_map(|process| process.cpu_percent);
        known.fold(None, |sum, percent| Some(sum.unwrap_or(0.0) + percent))
    }

    fn memory_words(&self) -> Option<String> {
        let memory = self.memory.filter(|memory| memory.bytes > 0)?;
        let trend = memory.trend.map(|trend| format!(" and {}", trend.word())).unwrap_or_default();
        Some(format!("memory {}{trend}", bytes_in_words(memory.bytes)))
    }

    /// The process that the sentence is about: the one that was started, or, if that one only waits for a child, the child.
    fn telling(&self) -> Option<&Process> {
        let root = self.processes.iter().find(|process| Some(process.pid) == self.pid);
        let only_waits = |process: &&Process| {
            process.state != State::Zombie && (process.waits_on != Some(Wait::Child) || self.processes.len() == 1)
        };
        let busiest = |one: &&Process, other: &&Process| {
            let by = |process: &Process| (process.cpu_percent.unwrap_or(0.0), process.memory_bytes);
            by(one).partial_cmp(&by(other)).unwrap_or(std::cmp::Ordering::Equal)
        };
        root.filter(only_waits)
            .or_else(|| self.processes.iter().filter(only_waits).max_by(busiest))
            .or(root)
            .or_else(|| self.processes.first())
    }

    /// "flat", "rising", "falling".
    #[must_use]
    pub fn trend_word(&self) -> Option<&'static str> {
        self.memory?.trend.map(Trend::word)
    }
}

impl Process {
    /// "Process 4712 (curl) is alive, 0 % CPU, blocked on 203.0.113.9:443, 12 MB."
    fn sentence(&self) -> String {
        let cpu = self.cpu_percent.map(|percent| format!("{percent:.0} % CPU"));
        let memory = (self.memory_bytes > 0).then(|| bytes_in_words(self.memory_bytes));
        let waits = self.waits_on.as_ref().map(Wait::words).or_else(|| self.busy());
        let about = format!("process {} ({}) is {}", self.pid, self.name, self.state.word());
        let parts = [Some(about), cpu, waits, memory];
        sentence(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }

    fn busy(&self) -> Option<String> {
        (self.state == State::Running).then(|| "at work".to_owned())
    }
}

impl State {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            State::Running | State::Sleeping => "alive",
            State::Uninterruptible => "alive but stuck in the system",
            State::Stopped => "stopped by a signal",
            State::Traced => "stopped by a debugger",
            State::Zombie => "dead, and not buried by its parent",
        }
    }
}

impl Wait {
    /// As it stands in a sentence: "blocked on 203.0.113.9:443", "waiting for its child process".
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Wait::Peer(peer) => format!("blocked on {peer}"),
            Wait::Connecting(peer) => format!("blocked on a connection to {peer} that does not come about"),
            Wait::Peers(peers) => {
                let more = if peers.len() > PEERS_MAX { ", …" } else { "" };
                let named = peers.iter().take(PEERS_MAX).cloned().collect::<Vec<_>>().join(", ");
                format!("blocked on one of {} connections ({named}{more})", peers.len())
            }
            Wait::Callers(at) => format!("waiting for somebody to call {at}"),
            Wait::Other(what) => format!("blocked on {what}"),
            Wait::Lock { file, holder: Some(holder) } => {
                format!("blocked on the lock of {file}, which process {holder} has")
            }
            Wait::Lock { file, holder: None } => format!("blocked on the lock of {file}"),
            Wait::File(path) => format!("blocked on {path}"),
            Wait::Child => "waiting for its child process".to_owned(),
            Wait::Thread => "waiting for another of its threads".to_owned(),
            Wait::Timer => "waiting for a timer".to_owned(),
            Wait::Events => "waiting for events".to_owned(),
        }
    }
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// "310 MB", "3.9 GB", "12 kB".
fn bytes_in_words(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000_000 => (1_000, "kB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    };
    let tenths = (bytes.saturating_mul(10) + unit / 2) / unit;
    match (tenths / 10, tenths % 10) {
        (whole @ 0..10, rest @ 1..) => format!("{whole}.{rest} {name}"),
        (whole, rest) => format!("{} {name}", whole + u64::from(rest >= 5)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Memory;
    use super::*;

    fn process(pid: u32, waits_on: Option<Wait>) -> Process {
        Process {
            pid,
            name: "python3".into(),
            state: State::Sleeping,
            cpu_percent: Some(0.2),
            memory_bytes: 12_000_000,
            waits_on,
            sockets: 1,
        }
    }

    fn truth(processes: Vec<Process>) -> Truth {
        let memory = Some(Memory { bytes: 310_400_000, trend: Some(Trend::Flat) });
        Truth { pid: Some(4711), processes, memory, ..Truth::default() }
    }

    #[test]
    fn one_sentence_says_what_a_process_does() {
        let blocked = truth(vec![process(4711, Some(Wait::Peer("api.x.com:443".into())))]);
        let said = "process 4711 alive, 0 % CPU, blocked on api.x.com:443, memory 310 MB and flat";
        assert_eq!(blocked.words(), said);
        assert_eq!(
            blocked.sentences(),
            ["Process 4711 alive, 0 % CPU, blocked on api.x.com:443, memory 310 MB and flat.", "One socket is open."]
        );
        let busy = Process { state: State::Running, cpu_percent: Some(99.6), waits_on: None, ..process(4711, None) };
        assert_eq!(truth(vec![busy]).words(), "process 4711 alive, 100 % CPU, at work, memory 310 MB and flat");
        let stopped = Process { state: State::Stopped, ..process(4711, None) };
        assert_eq!(truth(vec![stopped]).words(), "process 4711 stopped by a signal, 0 % CPU, memory 310 MB and flat");
    }

    #[test]
    fn a_shell_that_waits_is_not_the_one_to_talk_about() {
        let lock = Wait::Lock { file: "/tmp/x".into(), holder: Some(9) };
        let both = truth(vec![process(4711, Some(Wait::Child)), process(4712, Some(lock))]);
        let said = "process 4711 and its child 4712 (python3) alive, 0 % CPU, blocked on the lock of /tmp/x, which process 9 has, memory 310 MB and flat";
        assert_eq!(both.words(), said);
        assert_eq!(
            both.sentences().last().unwrap(),
            "Process 4711 (python3) is alive, 0 % CPU, waiting for its child process, 12 MB."
        );
        let orphan = Truth { pid: Some(4710), ..truth(vec![process(4712, Some(Wait::Timer))]) };
        assert!(
            orphan
                .words()
                .starts_with("process 4710 is gone, its child 4712 (python3) alive, 0 % CPU, waiting for a timer")
        );
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        assert_eq!(Truth::default().words(), "");
        assert_eq!(Truth::default().sentences(), [""; 0]);
        let gone = Truth { pid: Some(4711), ..Truth::default() };
        assert_eq!(gone.words(), "process 4711 is gone");
        assert_eq!(Truth { unknown: true, ..gone.clone() }.words(), "what process 4711 does could not be seen");
        let ended = "killed by the system: out of memory (its group may use 4 GiB) after 3 s, at 3.9 GB and rising";
        let memory = Some(Memory { bytes: 3_910_000_000, trend: Some(Trend::Rising) });
        let dead = Truth { ended: Some(ended.to_owned()), memory, ..gone };
        assert_eq!(dead.words(), format!("process 4711 has ended: {ended}"), "its record says how much it had");
    }

    #[test]
    fn amounts_read_as_a_person_would_say_them() {
        let said = [(850_000, "850 kB"), (9_960_000, "10 MB"), (3_910_000_000, "3.9 GB"), (310_400_000, "310 MB")];
        for (bytes, words) in said {
            assert_eq!(bytes_in_words(bytes), words);
        }
    }
}
