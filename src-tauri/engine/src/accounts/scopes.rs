//! What a key may do, by the words kept with it. Two words of before stay good: `cues` and, where no finer word stands beside
//! it, a wide `report`.

use crate::journal::KeyRow;

/// One thing that a key may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// See cues, executions, workers, alerts.
    CuesRead,
    /// Create, change, fire and delete cues, and keep what belongs to the account.
    CuesWrite,
    /// Report steps, outcomes and evidence; ask for permits; send and read messages of agents.
    Report,
    /// Fetch work and say that a worker lives.
    Claim,
    /// Ask the owner at a gate.
    Ask,
    /// Send spans.
    Otlp,
    /// Beat.
    Heartbeat,
    /// Create and change cues that run programs, use secrets or watch files.
    Commands,
}

impl Scope {
    #[cfg(test)]
    const ALL: [Scope; 8] = [
        Scope::CuesRead,
        Scope::CuesWrite,
        Scope::Report,
        Scope::Claim,
        Scope::Ask,
        Scope::Otlp,
        Scope::Heartbeat,
        Scope::Commands,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Scope::CuesRead => "cues:read",
            Scope::CuesWrite => "cues:write",
            Scope::Report => "report",
            Scope::Claim => "claim",
            Scope::Ask => "ask",
            Scope::Otlp => "otlp",
            Scope::Heartbeat => "heartbeat",
            Scope::Commands => "commands",
        }
    }
}

/// `cues:read` and `cues:write` in one.
const CUES: &str = "cues";
/// Every word a key may be given, in the order in which they are kept.
pub(crate) const WORDS: [&str; 9] =
    [CUES, "cues:read", "cues:write", "report", "claim", "ask", "otlp", "heartbeat", "commands"];
/// Whoever is given one of these is given nothing that it does not name.
const FINE: [&str; 6] = ["cues:read", "cues:write", "claim", "ask", "otlp", "heartbeat"];

/// Whether a key with these words, separated by spaces, may do that. `is_owners`: it is of the owner's own account.
pub(crate) fn allow(words: &str, is_owners: bool, scope: Scope) -> bool {
    let has = |word: &str| words.split_whitespace().any(|own| own == word);
    if words.split_whitespace().any(|word| FINE.contains(&word)) {
        let both = matches!(scope, Scope::CuesRead | Scope::CuesWrite);
        return has(scope.word()) || (both && has(CUES));
    }
    match scope {
        // Keys of before may all read.
        Scope::CuesRead => WORDS.iter().any(|word| has(word)),
        Scope::CuesWrite => has(CUES),
        Scope::Report | Scope::Claim | Scope::Otlp | Scope::Heartbeat => has("report"),
        // Whoever registered by itself does not get to disturb the owner.
        Scope::Ask => has("report") && is_owners,
        Scope::Commands => has("commands"),
    }
}

impl KeyRow {
    pub(crate) fn may(&self, scope: Scope) -> bool {
        allow(&self.scopes, self.account.is_owner(), scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(words: &str, is_owners: bool) -> Vec<&'static str> {
        Scope::ALL.into_iter().filter(|scope| allow(words, is_owners, *scope)).map(Scope::word).collect()
    }

    #[test]
    fn the_words_of_before_mean_what_they_meant_and_asking() {
        let report = ["report", "claim", "ask", "otlp", "heartbeat"];
        assert_eq!(all("report", true), [&["cues:read"], &report[..]].concat());
        assert_eq!(all("cues report", true), [&["cues:read", "cues:write"], &report[..]].concat());
        assert_eq!(all("cues report commands", true).len(), Scope::ALL.len());
        assert_eq!(all("commands", true), ["cues:read", "commands"]);
        assert_eq!(all("cues", true), ["cues:read", "cues:write"]);
    }

    #[test]
    fn who_registered_asks_nobody() {
        let all = all("cues report", false);
        assert_eq!(all, ["cues:read", "cues:write", "report", "claim", "otlp", "heartbeat"]);
    }

    #[test]
    fn beside_a_finer_word_each_gives_what_it_names_and_nothing_else() {
        for scope in Scope::ALL.into_iter().filter(|scope| FINE.contains(&scope.word())) {
            assert_eq!(all(scope.word(), true), [scope.word()]);
        }
        assert_eq!(all("cues:read report", true), ["cues:read", "report"], "the narrow one");
        assert_eq!(all("cues claim", true), ["cues:read", "cues:write", "claim"]);
        assert_eq!(all("ask commands", true), ["ask", "commands"]);
    }

    #[test]
    fn words_are_whole_and_those_that_are_no_scope_give_nothing() {
        for words in ["cuesandmore", "CUES", "cues,report", "", "reports", "cues:"] {
            assert!(all(words, true).is_empty(), "{words}");
        }
        assert!(Scope::ALL.iter().all(|scope| WORDS.contains(&scope.word())));
        assert!(FINE.iter().all(|word| WORDS.contains(word)));
    }
}
