//! Headers of a web hook that came from another server: those that must not lie open become secrets of the vault, and none
//! may ask for a secret of this machine.

use cuetower_core::Ms;
use cuetower_engine::definition;
use serde_json::{Map, Value, json};

const SECRET_NAME_MAX: usize = 64;

/// A header's value that has to lie in the vault.
pub struct HeaderSecret {
    pub header: String,
    pub value: String,
}

impl std::fmt::Debug for HeaderSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HeaderSecret({}, ••••)", self.header)
    }
}

/// The headers of a web hook.
pub fn of(definition: &mut Map<String, Value>) -> Option<&mut Map<String, Value>> {
    definition.get_mut("callback")?.get_mut("headers")?.as_object_mut()
}

/// The first header whose value would be filled in from the vault.
pub fn asking_for_a_secret(definition: &Map<String, Value>) -> Option<String> {
    let headers = definition.get("callback")?.get("headers")?.as_object()?;
    let asks = |value: &Value| value.as_str().is_some_and(|value| value.contains("{{secret:"));
    headers.iter().find(|(_, value)| asks(value)).map(|(name, _)| name.clone())
}

/// Takes the values that must not lie open out of the headers: those that a cue is refused with and is not refused
/// without. What stands in their place is put there by [`name_secret`].
pub fn hidden(definition: &mut Map<String, Value>, now: Ms) -> Vec<HeaderSecret> {
    let names: Vec<String> = of(definition).map(|headers| headers.keys().cloned().collect()).unwrap_or_default();
    let mut hidden = Vec::new();
    for header in names {
        let problem = |definition: &Map<String, Value>| {
            let field = format!("callback.headers.{header}");
            let read = definition::read_new(&Value::Object(definition.clone()), now);
            read.is_err_and(|problems| problems.iter().any(|problem| problem.field == field))
        };
        let Some(value) = of(definition).and_then(|headers| headers[&header].as_str().map(str::to_owned)) else {
            continue;
        };
        if !problem(definition) || value.contains(char::is_control) {
            continue;
        }
        let mut covered = definition.clone();
        name_secret(&mut covered, &header, "NAME");
        if !problem(&covered) {
            *definition = covered;
            hidden.push(HeaderSecret { header, value });
        }
    }
    hidden
}

/// Lets a header's value come from the vault.
pub fn name_secret(definition: &mut Map<String, Value>, header: &str, secret: &str) {
    if let Some(value) = of(definition).and_then(|headers| headers.get_mut(header)) {
        *value = json!(format!("{{{{secret:{secret}}}}}"));
    }
}

/// "LEAD_DIGEST_AUTHORIZATION", or with a number where `is_taken`.
pub fn secret_name(cue: &str, header: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let capital = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let plain: String = format!("{cue}_{header}").chars().map(capital).collect();
    let lead = if plain.starts_with(|c: char| c.is_ascii_uppercase()) { "" } else { "CUE_" };
    let stem: String = format!("{lead}{plain}").chars().take(SECRET_NAME_MAX - 4).collect();
    let numbered = (2_u32..).map(|number| format!("{stem}_{number}"));
    let mut names = std::iter::once(stem.clone()).chain(numbered);
    names.find(|name| !is_taken(name)).unwrap_or(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_get_names_that_nobody_has() {
        assert_eq!(secret_name("lead-digest", "Authorization", |_| false), "LEAD_DIGEST_AUTHORIZATION");
        assert_eq!(secret_name("7 am", "X-Key", |_| false), "CUE_7_AM_X_KEY");
        assert_eq!(secret_name("a", "b", |name| name == "A_B"), "A_B_2");
        let long = secret_name(&"é".repeat(255), "Authorization", |name| !name.ends_with("_9"));
        assert!(long.len() <= SECRET_NAME_MAX && long.ends_with("_9"), "{long}");
    }
}
