//! Addresses of mail, as far as they can be judged without sending any.

const LOCAL_CHARS_MAX: usize = 64;
const CHARS_MAX: usize = 254;
const LABEL_CHARS_MAX: usize = 63;

/// The address as it is kept: its host in small letters.
///
/// # Errors
/// What is wrong with it, in the words of the library that CueAPI judges by.
pub(crate) fn read(written: &str) -> Result<String, String> {
    trouble_with(written).map_or_else(
        || {
            let (local, host) = written.rsplit_once('@').unwrap_or((written, ""));
            Ok(format!("{local}@{}", host.to_lowercase()))
        },
        |trouble| Err(format!("value is not a valid email address: {trouble}")),
    )
}

fn trouble_with(written: &str) -> Option<&'static str> {
    let Some((local, host)) = written.rsplit_once('@') else {
        return Some("An email address must have an @-sign.");
    };
    let fits = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    if local.is_empty() {
        return Some("There must be something before the @-sign.");
    }
    if !local.chars().all(fits) {
        return Some("The email address contains invalid characters before the @-sign.");
    }
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Some("An email address cannot have a period at its start, at its end, or two in a row.");
    }
    if host.is_empty() {
        return Some("There must be something after the @-sign.");
    }
    if !host.contains('.') {
        return Some("The part after the @-sign is not valid. It should have a period.");
    }
    let label = |label: &str| {
        (1..=LABEL_CHARS_MAX).contains(&label.chars().count())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if !host.split('.').all(label) {
        return Some("The part after the @-sign contains invalid characters.");
    }
    let too_long = local.chars().count() > LOCAL_CHARS_MAX || written.chars().count() > CHARS_MAX;
    too_long.then_some("The email address is too long.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_with_its_host_in_small_letters() {
        assert_eq!(read("Ada.Lovelace+cue@Example.COM").unwrap(), "Ada.Lovelace+cue@example.com");
        assert_eq!(read("jörg@müller.example").unwrap(), "jörg@müller.example");
    }

    #[test]
    fn what_is_no_address_is_told_why() {
        let told = |written: &str| read(written).unwrap_err();
        assert_eq!(told("nope"), "value is not a valid email address: An email address must have an @-sign.");
        for (written, word) in [
            ("@example.com", "before the @-sign"),
            ("a b@example.com", "invalid characters before"),
            ("a@b@example.com", "invalid characters before"),
            (".a@example.com", "a period"),
            ("a@", "after the @-sign"),
            ("a@localhost", "It should have a period"),
            ("a@exa mple.com", "invalid characters"),
            ("a@-x.com", "invalid characters"),
            ("a@x..com", "invalid characters"),
            ("a\n@example.com", "invalid characters"),
        ] {
            assert!(told(written).contains(word), "{written}: {}", told(written));
        }
        assert!(told(&format!("{}@example.com", "a".repeat(65))).contains("too long"));
        assert!(told(&format!("a@{}.com", "b.".repeat(150).trim_end_matches('.'))).contains("too long"));
    }
}
