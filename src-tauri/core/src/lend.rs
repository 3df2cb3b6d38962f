//! A secret that a cue's runs may ask for while they work, and by which of their tools.

use serde::{Deserialize, Serialize};

/// As JSON a bare name, if every tool may have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Lend {
    pub name: String,
    /// Empty: whatever asks.
    pub tools: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Name(String),
    ForTools { name: String, tools: Vec<String> },
}

impl Lend {
    /// For whatever asks.
    #[must_use]
    pub fn of(name: &str) -> Lend {
        Lend { name: name.to_owned(), tools: Vec::new() }
    }

    /// Whether it may be had for that tool; None: it was not said for which.
    #[must_use]
    pub fn is_for(&self, tool: Option<&str>) -> bool {
        self.tools.is_empty() || tool.is_some_and(|tool| self.tools.iter().any(|known| known == tool))
    }
}

impl From<Written> for Lend {
    fn from(written: Written) -> Lend {
        match written {
            Written::Name(name) => Lend { name, tools: Vec::new() },
            Written::ForTools { name, tools } => Lend { name, tools },
        }
    }
}

impl From<Lend> for Written {
    fn from(lend: Lend) -> Written {
        match lend {
            Lend { name, tools } if tools.is_empty() => Written::Name(name),
            Lend { name, tools } => Written::ForTools { name, tools },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_it_was_before_tools_were_named() {
        let read = |text: &str| serde_json::from_str::<Lend>(text).unwrap();
        assert_eq!(read(r#""STRIPE""#), Lend::of("STRIPE"));
        let one = read(r#"{"name":"STRIPE","tools":["stripe.charge"]}"#);
        assert_eq!((one.name.as_str(), one.tools.as_slice()), ("STRIPE", ["stripe.charge".to_owned()].as_slice()));
        for lend in [Lend::of("STRIPE"), one] {
            assert_eq!(read(&serde_json::to_string(&lend).unwrap()), lend);
        }
        assert_eq!(serde_json::to_string(&Lend::of("STRIPE")).unwrap(), r#""STRIPE""#);
        assert_eq!(read(r#"{"name":"STRIPE","tools":[]}"#), Lend::of("STRIPE"));
    }

    #[test]
    fn a_tool_that_is_not_named_gets_nothing() {
        let lend = Lend { tools: vec!["charge".to_owned()], ..Lend::of("STRIPE") };
        assert!(lend.is_for(Some("charge")));
        assert!(!lend.is_for(Some("refund")) && !lend.is_for(Some("Charge")) && !lend.is_for(None));
        assert!(Lend::of("STRIPE").is_for(None) && Lend::of("STRIPE").is_for(Some("refund")));
    }
}
