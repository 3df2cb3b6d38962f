//! What a program's end means: the report that the tower gets. Pure.

use serde_json::{Map, Value, json};

/// An outcome file may have so much.
pub const FILE_MAX: usize = 10 * 1024;
/// A line of output in a report.
const LINE_CHARS: usize = 500;

/// How the program of a piece of work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Exited(i32),
    #[cfg_attr(not(unix), expect(dead_code, reason = "signals are Unix's"))]
    Signalled(i32),
    /// It was stopped, because it took longer than its seconds.
    TimedOut(u64),
    /// Nobody knows.
    Unknown,
}

impl How {
    pub fn words(self) -> String {
        match self {
            How::Exited(0) => "ended well".to_owned(),
            How::Exited(code) => format!("ended with exit code {code}"),
            How::Signalled(signal) => format!("been ended by signal {signal}"),
            How::TimedOut(seconds) => format!("been stopped after {seconds} s"),
            How::Unknown => "ended, nobody knows how".to_owned(),
        }
    }
}

/// What is left of it.
#[derive(Debug)]
pub struct Ended {
    pub how: How,
    pub last_out: Option<String>,
    pub last_err: Option<String>,
    /// What it wrote into its outcome file, at most one byte more than allowed.
    pub file: Option<Vec<u8>>,
}

/// A bad end wins over everything the program said before it; then comes its file, then its last line if that is an outcome.
pub fn of(ended: &Ended) -> Value {
    let line = |line: &Option<String>| line.as_deref().map(shortened);
    let how = match ended.how {
        How::Exited(0) => None,
        How::Exited(code) => Some(format!("exit code {code}")),
        How::Signalled(signal) => Some(format!("ended by signal {signal}")),
        How::TimedOut(seconds) => Some(format!("stopped after {seconds} s")),
        How::Unknown => Some("its end could not be seen".to_owned()),
    };
    if let Some(how) = how {
        let error = match line(&ended.last_err) {
            Some(line) => format!("{how}: {line}"),
            None => how,
        };
        return json!({ "success": false, "error": error });
    }
    if let Some(file) = &ended.file {
        return from_file(file).unwrap_or_else(|error| json!({ "success": false, "error": error }));
    }
    let said = ended.last_out.as_deref().and_then(|line| serde_json::from_str::<Map<String, Value>>(line).ok());
    if let Some(said) = said.filter(|said| said.get("success").is_some_and(Value::is_boolean)) {
        return Value::Object(said);
    }
    match line(&ended.last_out) {
        Some(line) => json!({ "success": true, "result": line }),
        None => json!({ "success": true }),
    }
}

fn from_file(bytes: &[u8]) -> Result<Value, String> {
    if bytes.len() > FILE_MAX {
        return Err(format!("the outcome file is longer than {} KiB", FILE_MAX / 1024));
    }
    let mut said: Map<String, Value> =
        serde_json::from_slice(bytes).map_err(|error| format!("the outcome file is no JSON object: {error}"))?;
    match said.get("success") {
        Some(Value::Bool(_)) => {}
        None => {
            said.insert("success".to_owned(), json!(true));
        }
        Some(other) => return Err(format!("the outcome file says success: {other}, which is neither true nor false")),
    }
    Ok(Value::Object(said))
}

fn shortened(line: &str) -> String {
    line.chars().take(LINE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well(out: Option<&str>, file: Option<&str>) -> Value {
        let (last_out, file) = (out.map(str::to_owned), file.map(|file| file.as_bytes().to_vec()));
        of(&Ended { how: How::Exited(0), last_out, last_err: Some("noise".to_owned()), file })
    }

    #[test]
    fn a_bad_end_wins_over_what_was_said() {
        let ended = |how| Ended {
            how,
            last_out: Some(r#"{"success": true}"#.to_owned()),
            last_err: Some("no such lead".to_owned()),
            file: Some(br#"{"success": true}"#.to_vec()),
        };
        for (how, error) in [
            (How::Exited(3), "exit code 3: no such lead"),
            (How::Signalled(9), "ended by signal 9: no such lead"),
            (How::TimedOut(7), "stopped after 7 s: no such lead"),
        ] {
            assert_eq!(of(&ended(how)), json!({ "success": false, "error": error }));
        }
        let silent = Ended { last_err: None, ..ended(How::Exited(1)) };
        assert_eq!(of(&silent)["error"], "exit code 1");
    }

    #[test]
    fn the_file_wins_over_the_last_line() {
        assert_eq!(
            well(Some(r#"{"success": true}"#), Some(r#"{"success": false, "error": "nothing new"}"#)),
            json!({ "success": false, "error": "nothing new" })
        );
        assert_eq!(well(None, Some(r#"{"processed": 3}"#)), json!({ "success": true, "processed": 3 }));
    }

    #[test]
    fn a_last_line_that_is_an_outcome_is_one() {
        let line = r#"{"success": false, "error": "x", "processed": 0}"#;
        assert_eq!(well(Some(line), None), serde_json::from_str::<Value>(line).unwrap());
        assert_eq!(well(Some("12 done"), None), json!({ "success": true, "result": "12 done" }));
        assert_eq!(well(Some(r#"{"success": "yes"}"#), None)["result"], r#"{"success": "yes"}"#);
        assert_eq!(well(None, None), json!({ "success": true }));
        let long = well(Some(&"é".repeat(600)), None);
        assert_eq!(long["result"].as_str().unwrap().chars().count(), LINE_CHARS);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_a_failure_that_says_so() {
        let long = format!(r#"{{"success": true, "x": "{}"}}"#, "y".repeat(FILE_MAX));
        for (file, error) in [
            ("", "no JSON object"),
            ("[true]", "no JSON object"),
            ("{\"success\": 1}", "neither true nor false"),
            (&long, "longer than 10 KiB"),
        ] {
            let said = well(None, Some(file));
            assert_eq!(said["success"], false, "{file}");
            assert!(said["error"].as_str().unwrap().contains(error), "{said}");
        }
    }
}
