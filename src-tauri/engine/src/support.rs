//! What may leave this machine to tell somebody what goes wrong: facts of the tower's own, and its log with what others said
//! left out. The bundle itself is the command line's (`src-tauri/cli/src/support`).

use serde_json::{Map, Value};

use crate::export::blotting;

pub use crate::journal::{StoreFacts, TableFacts, facts, tables};

/// Characters of a field that says why something failed.
const WHY_CHARS_MAX: usize = 300;
/// Fields of a line of the log that say what the tower itself did. The words of agents, such as an alert's title, are in none of
/// them; what is not named here is left out, whatever it holds.
const TOLD: [&str; 20] = [
    "message", "error", "from", "to", "took_ms", "index", "kept", "signal", "number", "attempt", "run", "run_id",
    "cue", "cue_id", "status", "kind", "missed", "pid", "agents", "desk",
];
const LEFT_OUT: &str = "(left out)";

/// A text of the tower's own without credentials in addresses, and what looks like a secret.
#[must_use]
pub fn blotted(text: &str) -> String {
    blotting::blotted(text)
}

/// A line of the log, with what the tower itself says alone. None: it is no line of a log.
#[must_use]
pub fn log_line(line: &str) -> Option<String> {
    let line: Map<String, Value> = serde_json::from_str(line).ok()?;
    let mut kept = Map::new();
    for name in ["timestamp", "level", "target"] {
        kept.insert(name.to_owned(), line.get(name)?.clone());
    }
    let fields = line.get("fields").and_then(Value::as_object)?;
    let field = |(name, value): (&String, &Value)| {
        let shown = match value {
            Value::Bool(_) | Value::Number(_) => value.clone(),
            Value::String(text) if TOLD.contains(&name.as_str()) => {
                Value::String(blotted(text).chars().take(WHY_CHARS_MAX).collect())
            }
            _ => Value::String(LEFT_OUT.to_owned()),
        };
        (name.clone(), shown)
    };
    kept.insert("fields".to_owned(), Value::Object(fields.iter().map(field).collect()));
    serde_json::to_string(&kept).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_the_tower_did_and_not_what_others_said() {
        let line = r#"{"timestamp":"2026-11-22T10:00:00Z","level":"WARN","target":"t","spans":["x"],
            "fields":{"message":"no answer from https://ada:hunter22@x.org/?key=abc12345","error":"ghp_abcdefghijklmnopqrstuvwx","title":"what an agent said","took_ms":12,"deep":{"a":1}}}"#;
        let told: Value = serde_json::from_str(&log_line(line).unwrap()).unwrap();
        let fields = &told["fields"];
        assert_eq!(fields["message"], "no answer from https://••••@x.org/?key=••••");
        assert_eq!(fields["error"], "••••");
        assert_eq!(
            (&fields["title"], &fields["deep"], &fields["took_ms"]),
            (&LEFT_OUT.into(), &LEFT_OUT.into(), &12.into())
        );
        assert_eq!(told.get("spans"), None);
        assert_eq!(log_line("panicked at somewhere"), None);
    }
}
