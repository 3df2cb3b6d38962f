//! Secrets in telemetry, known by their shape or their name, are cut out before anything is kept.

pub use cuetower_core::secret::{HIDDEN, text};

use super::conventions::HEADERS;
use crate::definition::lies_open;

/// Whether all of the value of an attribute by this name is to be hidden.
pub fn is_secret_name(name: &str, value: Option<&str>) -> bool {
    if let Some(header) = HEADERS.iter().find_map(|start| name.strip_prefix(start)) {
        return lies_open(header, value.unwrap_or("a list of values"));
    }
    cuetower_core::secret::is_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hide_whatever_stands_there() {
        for name in
            ["http.request.header.authorization", "http.request.header.x-goog-api-key", "db.password", "api_key"]
        {
            assert!(is_secret_name(name, Some("anything")), "{name}");
        }
        for name in [
            "gen_ai.usage.input_tokens",
            "gen_ai.token.type",
            "http.request.header.content-type",
            "langfuse.trace.tags",
            "llm.token_count.prompt",
        ] {
            assert!(!is_secret_name(name, Some("anything")), "{name}");
        }
        assert!(is_secret_name("http.request.header.authorization", None), "headers are lists");
        assert!(!is_secret_name("http.request.header.accept", None));
    }
}
