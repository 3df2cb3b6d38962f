//! What is written down of a thing so that it is found: the words of its fields, and marks that no word can be.

use cuetower_core::alert::Alert;
use cuetower_core::attempt::AttemptState;
use cuetower_core::cue::Cue;
use cuetower_core::id::AccountId;
use cuetower_core::run::{Run, Verification};
use cuetower_core::spend::Nanousd;
use cuetower_core::verdicts::{Confirmed, Delivered};

use super::query::{Query, Term};
use super::words::words;

const FIELD_BYTES_MAX: usize = 2 * 1024;
const FIELDS_BYTES_MAX: usize = 12 * 1024;
/// Begins a mark: the tables take it for a letter, and no word has it.
const MARK: char = '\u{a4}';
/// Between two fields, so that no phrase goes on from one to the next.
const BREAK: char = '\u{b6}';
/// Amounts at which a mark changes, in billionths of a dollar.
const COST_STEPS: [u64; 7] =
    [1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000, 100_000_000_000, 1_000_000_000_000];

/// A field's name, and its text.
pub type Field = (&'static str, String);

/// What tables know of a run beside the run itself.
#[derive(Debug, Default)]
pub struct Beside {
    pub cost: Option<Nanousd>,
    /// Names of its steps, and what those said that failed.
    pub steps: Vec<String>,
    pub step_errors: Vec<String>,
    /// The end of what it wrote to stderr.
    pub output: Option<String>,
}

/// The fields of a run in which it is found. Nothing of its payload.
#[must_use]
pub fn fields_of_run(run: &Run, beside: &Beside) -> Vec<Field> {
    let mut fields = Fields::default();
    fields.push("name", &run.definition.name);
    fields.push("agent", &run.definition.agent);
    if let Some((_, reported)) = run.outcome() {
        let outcome = &reported.outcome;
        fields.maybe("error", outcome.error.as_ref());
        fields.maybe("summary", outcome.summary.as_ref());
        fields.maybe("result", outcome.result.as_ref());
        for found in [&outcome.external_id, &outcome.result_ref, &outcome.result_url] {
            fields.maybe("result", found.as_ref());
        }
    }
    let broken = |state| matches!(state, AttemptState::Failed | AttemptState::Lost | AttemptState::Unanswered);
    for attempt in run.attempts.iter().filter(|attempt| broken(attempt.state)) {
        fields.push("error", &attempt.words);
    }
    for finding in run.findings.iter().filter(|finding| !finding.passed) {
        fields.push("check", &format!("{}: {}", finding.claim, finding.found));
    }
    if let Some(Verification::Given { reason, .. }) = &run.verification {
        fields.maybe("check", reason.as_ref());
    }
    beside.step_errors.iter().for_each(|error| fields.push("error", error));
    beside.steps.iter().for_each(|name| fields.push("step", name));
    fields.maybe("output", beside.output.as_ref());
    fields.0
}

#[must_use]
pub fn fields_of_cue(cue: &Cue) -> Vec<Field> {
    let mut fields = Fields::default();
    fields.push("name", &cue.definition.name);
    fields.maybe("description", cue.definition.description.as_ref());
    fields.push("agent", &cue.definition.agent);
    fields.0
}

#[must_use]
pub fn fields_of_alert(alert: &Alert) -> Vec<Field> {
    let mut fields = Fields::default();
    fields.push("name", &alert.title);
    fields.push("summary", &alert.body);
    fields.0
}

#[derive(Default)]
struct Fields(Vec<Field>);

impl Fields {
    fn push(&mut self, name: &'static str, text: &str) {
        let used: usize = self.0.iter().map(|(_, text)| text.len()).sum();
        let most = FIELD_BYTES_MAX.min(FIELDS_BYTES_MAX.saturating_sub(used));
        let text = &text[..text.floor_char_boundary(most)];
        if !text.trim().is_empty() {
            self.0.push((name, text.to_owned()));
        }
    }

    fn maybe(&mut self, name: &'static str, text: Option<&String>) {
        if let Some(text) = text {
            self.push(name, text);
        }
    }
}

/// Marks of a run that has ended.
#[must_use]
pub fn marks_of_run(run: &Run, cost: Option<Nanousd>) -> Vec<String> {
    let mut marks = vec![any(), of_cue(run.cue_id.as_str()), of_agent(&run.definition.agent)];
    let verdict = run.verdict().map_or(Confirmed::of(run).word(), |verdict| verdict.word());
    marks.push(state(verdict));
    if matches!(run.phase, cuetower_core::run::Phase::Ended { late: true, .. }) {
        marks.push(state("late"));
    }
    if Delivered::of(run) == Delivered::Bounced {
        marks.push(state("bounced"));
    }
    if let Some(cost) = cost {
        marks.push(cost_mark(cost_step(cost)));
    }
    marks
}

#[must_use]
pub fn marks_of_cue(cue: &Cue) -> Vec<String> {
    let status = crate::journal::status_word(cue.status);
    vec![any(), of_cue(cue.id.as_str()), of_agent(&cue.definition.agent), state(status)]
}

#[must_use]
pub fn marks_of_alert(alert: &Alert) -> Vec<String> {
    let mut marks = vec![any(), state(alert.state.word())];
    marks.extend(alert.cue_id.as_ref().map(|cue| of_cue(cue.as_str())));
    marks.extend(alert.agent.as_ref().map(|agent| of_agent(&agent.name)));
    marks
}

#[must_use]
pub fn marks_of_agent(name: &str) -> Vec<String> {
    vec![any(), of_agent(name)]
}

/// Everything has it.
fn any() -> String {
    MARK.to_string()
}

fn of_cue(id: &str) -> String {
    format!("{MARK}c{:x}", digest(id))
}

fn of_agent(name: &str) -> String {
    format!("{MARK}a{:x}", digest(&name.to_lowercase()))
}

fn state(word: &str) -> String {
    format!("{MARK}{MARK}{word}")
}

fn cost_mark(step: usize) -> String {
    format!("{MARK}k{step}")
}

fn cost_step(cost: Nanousd) -> usize {
    COST_STEPS.iter().filter(|step| cost.0 >= **step).count()
}

/// What the tables are given: all words, and the marks.
#[must_use]
pub fn text(fields: &[Field], marks: &[String]) -> String {
    let mut all = marks.join(" ");
    for (_, text) in fields {
        all.push(' ');
        all.push(BREAK);
        for (word, _) in words(text) {
            all.push(' ');
            all.push_str(&word);
        }
    }
    all
}

/// FNV-1a, so that it is the same in every version: it is written down.
#[must_use]
pub fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What the tables are asked. `cues`, `agents`: ids and names that the filters mean; None: any.
#[must_use]
pub fn ask(query: &Query, cues: Option<&[String]>, agents: Option<&[String]>) -> String {
    let quoted = |words: &[String]| format!("\"{}\"", words.join(" "));
    let term = |term: &Term| format!("{}{}", quoted(&term.words), if term.begins { " *" } else { "" });
    let one_of = |marks: Vec<String>| {
        let marks: Vec<String> = marks.into_iter().map(|mark| format!("\"{mark}\"")).collect();
        format!("({})", marks.join(" OR "))
    };
    let mut all: Vec<String> = query.terms.iter().filter(|term| !term.not).map(term).collect();
    let states = query.verdicts.iter().filter(|verdict| **verdict != "live").chain(&query.states);
    let states: Vec<String> = states.map(|word| state(word)).collect();
    if !states.is_empty() {
        all.push(one_of(states));
    }
    if let Some(cues) = cues {
        all.push(one_of(cues.iter().map(|id| of_cue(id)).collect()));
    }
    if let Some(agents) = agents {
        all.push(one_of(agents.iter().map(|name| of_agent(name)).collect()));
    }
    all.extend(query.late.then(|| one_of(vec![state("late")])));
    all.extend(query.bounced.then(|| one_of(vec![state("bounced")])));
    if query.cost_least.is_some() || query.cost_most.is_some() {
        let least = query.cost_least.map_or(0, cost_step);
        let most = query.cost_most.map_or(COST_STEPS.len(), cost_step);
        all.push(one_of((least..=most.max(least)).map(cost_mark).collect()));
    }
    if all.is_empty() {
        all.push(one_of(vec![any()]));
    }
    let nots = query.terms.iter().filter(|term| term.not).map(|not| format!(" NOT {}", term(not)));
    format!("({}){}", all.join(" AND "), nots.collect::<String>())
}

/// Of an account's agent, in one word.
#[must_use]
pub fn agent_key(account: &AccountId, name: &str) -> String {
    format!("{}\n{name}", account.0)
}
