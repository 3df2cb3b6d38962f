//! A run as one page: no script, nothing from outside, every text of others as text. Light or dark as the reader's system is.

use std::collections::HashMap;

use chrono_tz::Tz;

use super::RunFile;
use super::page_parts::{at, fact, length, mark, push, safe, titled, tone, usd, word};
use crate::desk::wire::AttemptView;

/// Steps drawn; the JSON has more.
const STEPS_DRAWN: usize = 500;
/// Of each stream, the end.
const OUTPUT_BYTES: usize = 16 * 1024;

#[must_use]
pub fn page(file: &RunFile, zone: Tz) -> String {
    let (run, mut page) = (&file.run, String::new());
    let name = safe(&run.cue.name);
    push(
        &mut page,
        format_args!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"referrer\" content=\"no-referrer\">\
         <title>{name} {due}</title><style>{STYLE}</style></head><body><main>\
         <header><p class=\"of\">Run <code>{id}</code> of</p><h1>{name}</h1><p class=\"sentence\">{sentence}</p></header>",
            due = safe(&at(run.mark.due_ms, zone)),
            id = safe(run.mark.run_id.as_deref().unwrap_or_default()),
            sentence = safe(&run.mark.sentence),
        ),
    );
    stations(&mut page, file, zone);
    facts(&mut page, file, zone);
    proof(&mut page, file, zone);
    outcome(&mut page, file, zone);
    gates(&mut page, file, zone);
    waterfall(&mut page, file);
    spend(&mut page, file);
    push(&mut page, format_args!("<section><h2>Attempts</h2>"));
    run.attempts.iter().for_each(|attempt| self::attempt(&mut page, attempt, zone));
    push(&mut page, format_args!("</section>"));
    cue(&mut page, file);
    push(
        &mut page,
        format_args!(
            "<footer>Written by {} on {} ({}). Values of secrets, headers and variables are not part of it.</footer></main></body></html>\n",
            safe(&file.exported_by),
            safe(&at(file.exported_at_ms, zone)),
            safe(&file.timezone),
        ),
    );
    page
}

/// Schedule, Deliver, Confirm: three verdicts, never one.
fn stations(page: &mut String, file: &RunFile, zone: Tz) {
    let mark_of = &file.run.mark;
    let (scheduled, delivered, confirmed) =
        (word(&mark_of.scheduled), word(&mark_of.delivered), word(&mark_of.confirmed));
    let late = if mark_of.late { ", late" } else { "" };
    let after = |from: i64, to: Option<i64>| to.map(|to| format!("{} after it was due", length(to - from)));
    let rows = [
        (0, "Scheduled", scheduled, Some(mark_of.due_ms), Some("due".to_owned())),
        (1, "Delivered", delivered, mark_of.delivered_at_ms, after(mark_of.due_ms, mark_of.delivered_at_ms)),
        (2, "Confirmed", confirmed, mark_of.ended_at_ms, after(mark_of.due_ms, mark_of.ended_at_ms)),
    ];
    push(page, format_args!("<ol class=\"stations\" aria-label=\"Verdicts\">"));
    for (row, name, state, when, note) in rows {
        let late = if row == 2 { late } else { "" };
        push(
            page,
            format_args!(
                "<li class=\"{tone}\"><span class=\"head\">{}<b>{name}</b></span><span class=\"state\">{}{late}</span>\
             <span class=\"when\">{}</span><span class=\"note\">{}</span></li>",
                mark(row, &state),
                safe(&titled(&state)),
                when.map(|when| safe(&at(when, zone))).unwrap_or_default(),
                safe(&note.unwrap_or_default()),
                tone = tone(&state),
            ),
        );
    }
    push(page, format_args!("</ol>"));
}

fn facts(page: &mut String, file: &RunFile, zone: Tz) {
    let (run, mark) = (&file.run, &file.run.mark);
    push(page, format_args!("<dl class=\"facts\">"));
    fact(page, "Agent", Some(run.cue.agent.clone()));
    fact(page, "Schedule", Some(run.cue.words.clone()));
    fact(page, "Brought about by", Some(mark.triggered_by.replace('_', " ")));
    let caused = run.caused_by.as_ref().map(|by| format!("{} {}", by.cue_name.clone().unwrap_or_default(), by.run_id));
    fact(page, "After", caused);
    fact(page, "Attempts", Some(format!("{} of {}", mark.attempts, mark.attempts_max)));
    let took = mark.started_at_ms.zip(mark.ended_at_ms).map(|(from, to)| length(to - from));
    fact(page, "Took", took);
    fact(page, "Cost", run.spend.as_ref().and_then(|spend| spend.cost_usd).map(usd));
    fact(page, "Tokens", run.spend.as_ref().and_then(|spend| spend.tokens).map(|tokens| tokens.to_string()));
    fact(page, "Deadline", run.outcome_deadline_ms.map(|ms| at(ms, zone)));
    fact(page, "Looked at", run.verification_words.clone());
    push(page, format_args!("</dl>"));
}

fn proof(page: &mut String, file: &RunFile, zone: Tz) {
    if file.run.proof.is_empty() {
        return;
    }
    push(
        page,
        format_args!(
            "<section><h2>Proof</h2><table><thead><tr><th>Asked for</th><th>Found</th><th>When</th></tr></thead><tbody>"
        ),
    );
    for row in &file.run.proof {
        let (tone, word) = match row.passed {
            Some(true) => ("ok", "holds"),
            Some(false) => ("bad", "does not hold"),
            None => ("plain", "not known"),
        };
        let detail = row.detail.as_ref().map(|detail| format!("<code class=\"block\">{}</code>", safe(detail)));
        push(
            page,
            format_args!(
                "<tr><td>{}{}</td><td><b class=\"{tone}\">{word}</b> {}</td><td class=\"when\">{}</td></tr>",
                safe(&row.claim),
                detail.unwrap_or_default(),
                safe(&row.found),
                row.at_ms.map(|ms| safe(&at(ms, zone))).unwrap_or_default(),
            ),
        );
    }
    push(page, format_args!("</tbody></table></section>"));
}

fn outcome(page: &mut String, file: &RunFile, zone: Tz) {
    let run = &file.run;
    if let Some(outcome) = &run.outcome {
        push(page, format_args!("<section><h2>What the agent reported</h2><dl class=\"facts\">"));
        fact(page, "Said", Some(if outcome.success { "it went well" } else { "it failed" }.to_owned()));
        fact(page, "When", Some(at(outcome.reported_at_ms, zone)));
        fact(page, "Summary", outcome.summary.clone());
        fact(page, "Result", outcome.result.clone());
        fact(page, "Error", outcome.error.clone());
        push(page, format_args!("</dl>"));
        json(page, &outcome.fields);
        push(page, format_args!("</section>"));
    }
    if !run.refused.is_empty() || !run.notes.is_empty() {
        push(page, format_args!("<section><h2>Notes</h2><ul>"));
        let refused = run.refused.iter().map(|refused| (refused.at_ms, format!("Refused: {}", refused.reason)));
        for (ms, words) in refused.chain(run.notes.iter().map(|note| (note.at_ms, note.words.clone()))) {
            push(page, format_args!("<li><span class=\"when\">{}</span> {}</li>", safe(&at(ms, zone)), safe(&words)));
        }
        push(page, format_args!("</ul></section>"));
    }
}

fn gates(page: &mut String, file: &RunFile, zone: Tz) {
    if file.run.gates.is_empty() {
        return;
    }
    push(page, format_args!("<section><h2>Asked of the owner</h2><ul>"));
    for gate in &file.run.gates {
        push(
            page,
            format_args!(
                "<li><span class=\"when\">{}</span> <b>{}</b> {}{}</li>",
                safe(&at(gate.asked_at_ms, zone)),
                safe(&gate.title),
                safe(&gate.sentence),
                gate.comment.as_ref().map(|words| format!(" <q>{}</q>", safe(words))).unwrap_or_default(),
            ),
        );
    }
    push(page, format_args!("</ul></section>"));
}

fn waterfall(page: &mut String, file: &RunFile) {
    let steps = &file.steps;
    let Some(first) = steps.iter().map(|step| step.began_ms).min() else { return };
    let last = steps.iter().map(|step| step.ended_ms.unwrap_or(step.began_ms)).max().unwrap_or(first);
    let span = (last - first).max(1) as f64;
    push(page, format_args!("<section><h2>Steps</h2><div class=\"fall\">"));
    // Each stands behind the one that it is under.
    let mut depths: HashMap<u32, usize> = HashMap::new();
    for step in steps.iter().take(STEPS_DRAWN) {
        let depth = depths.get(&step.under).map_or(0, |above| (above + 1).min(cuetower_core::step::DEPTH_MAX));
        depths.insert(step.ordinal, depth);
        let ended = step.ended_ms.unwrap_or(last);
        let left = (step.began_ms - first) as f64 / span * 100.0;
        let width = ((ended - step.began_ms).max(0) as f64 / span * 100.0).min(100.0 - left);
        let told = [step.model.clone(), step.tokens.map(|tokens| format!("{tokens} tokens")), step.cost_usd.map(usd)];
        let told: Vec<String> = told.into_iter().flatten().collect();
        push(
            page,
            format_args!(
                "<div class=\"step\"><span class=\"name\" style=\"padding-left:{indent}px\">{name} <i>{kind}</i></span>\
             <span class=\"lane\"><span class=\"bar {tone}\" style=\"left:{left:.2}%;width:{width:.2}%\"></span></span>\
             <span class=\"took\">{state}{took}</span><span class=\"told\">{told}</span></div>",
                indent = depth * 14,
                name = safe(&step.name),
                kind = safe(&step.kind),
                tone = tone(&step.state),
                state = if step.state == "completed" { String::new() } else { format!("{}, ", safe(&step.state)) },
                took = length(ended - step.began_ms),
                told = safe(&told.join(", ")),
            ),
        );
        if let Some(error) = &step.error {
            push(page, format_args!("<p class=\"error\">{}</p>", safe(error)));
        }
    }
    push(page, format_args!("</div>"));
    let more = steps.len().saturating_sub(STEPS_DRAWN) + file.steps_left_out as usize;
    if more > 0 {
        push(page, format_args!("<p class=\"note\">{more} more steps are not drawn here.</p>"));
    }
    push(page, format_args!("</section>"));
}

fn spend(page: &mut String, file: &RunFile) {
    let Some(spend) = &file.run.spend else { return };
    push(
        page,
        format_args!(
            "<section><h2>Cost</h2><table><thead><tr><th>Model</th><th class=\"number\">Calls</th>\
        <th class=\"number\">Tokens</th><th class=\"number\">Cost</th></tr></thead><tbody>"
        ),
    );
    let cost = |cost: Option<f64>| cost.map_or("not told".to_owned(), usd);
    let count = |count: Option<u64>| count.map_or("not told".to_owned(), |count| count.to_string());
    for model in &spend.models {
        push(
            page,
            format_args!(
                "<tr><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
                safe(&model.model),
                model.calls,
                count(model.tokens),
                cost(model.cost_usd),
            ),
        );
    }
    push(
        page,
        format_args!(
            "<tr><th>Altogether</th><td></td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr></tbody></table>",
            count(spend.tokens),
            cost(spend.cost_usd),
        ),
    );
    if spend.not_priced > 0 {
        push(page, format_args!("<p class=\"note\">{} calls are not priced.</p>", spend.not_priced));
    }
    if let Some(words) = &spend.disagreement {
        push(page, format_args!("<p class=\"note\">They do not agree: {}.</p>", safe(words)));
    }
    push(page, format_args!("</section>"));
}

fn attempt(page: &mut String, attempt: &AttemptView, zone: Tz) {
    push(
        page,
        format_args!(
            "<div class=\"attempt\"><h3>Attempt {}</h3><p><span class=\"when\">{}</span> {}</p>",
            attempt.number,
            safe(&at(attempt.began_at_ms, zone)),
            safe(&attempt.sentence),
        ),
    );
    for (name, text) in [("stdout", &attempt.stdout), ("stderr", &attempt.stderr)] {
        if !text.is_empty() {
            let from = text.ceil_char_boundary(text.len().saturating_sub(OUTPUT_BYTES));
            let cut = if from > 0 || attempt.output_truncated { ", the end of it" } else { "" };
            push(page, format_args!("<h4>{name}{cut}</h4><pre>{}</pre>", safe(&text[from..])));
        }
    }
    push(page, format_args!("</div>"));
}

fn cue(page: &mut String, file: &RunFile) {
    push(page, format_args!("<section><h2>The cue as it was</h2>"));
    json(page, &file.cue);
    if !file.run.payload.is_null() {
        push(page, format_args!("<h3>Payload</h3>"));
        json(page, &file.run.payload);
    }
    push(page, format_args!("</section>"));
}

fn json(page: &mut String, value: &serde_json::Value) {
    let is_empty = value.as_object().is_some_and(serde_json::Map::is_empty);
    if !value.is_null() && !is_empty {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        push(page, format_args!("<pre>{}</pre>", safe(&text)));
    }
}

/// The values of the window's tokens.
const STYLE: &str = include_str!("page.css");
