//! A unit's file of systemd: sections and their settings, in the order in which they stand. Drop-ins come after it.

/// Of one unit, with what its drop-ins add.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unit {
    settings: Vec<(String, String, String)>,
}

impl Unit {
    #[must_use]
    pub fn parse(text: &str) -> Unit {
        let mut unit = Unit::default();
        unit.and(text);
        unit
    }

    /// What a drop-in adds.
    pub fn and(&mut self, text: &str) {
        let (mut section, mut carried) = (String::new(), String::new());
        for line in text.lines() {
            let line = line.trim();
            // A comment within a line that goes on is left out of it.
            if line.starts_with(['#', ';']) || (line.is_empty() && carried.is_empty()) {
                continue;
            }
            if let Some(begun) = line.strip_suffix('\\') {
                carried.push_str(begun);
                carried.push(' ');
                continue;
            }
            let line = std::mem::take(&mut carried) + line;
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                name.clone_into(&mut section);
            } else if let Some((key, value)) = line.split_once('=') {
                self.settings.push((section.clone(), key.trim().to_owned(), value.trim().to_owned()));
            }
        }
    }

    /// Every value of a setting; an empty one takes back those before it.
    #[must_use]
    pub fn all(&self, section: &str, key: &str) -> Vec<&str> {
        let mut values = Vec::new();
        for (_, _, value) in self.settings.iter().filter(|(of, name, _)| of == section && name == key) {
            if value.is_empty() { values.clear() } else { values.push(value.as_str()) }
        }
        values
    }

    /// The one that holds.
    #[must_use]
    pub fn last(&self, section: &str, key: &str) -> Option<&str> {
        self.all(section, key).last().copied()
    }

    #[must_use]
    pub fn is_set(&self, section: &str, key: &str) -> bool {
        self.last(section, key).is_some_and(|value| matches!(value, "1" | "yes" | "true" | "on" | "y" | "t"))
    }

    /// The names of its settings in a section, each once.
    #[must_use]
    pub fn keys(&self, section: &str) -> Vec<&str> {
        let mut keys: Vec<&str> = Vec::new();
        for (_, key, _) in self.settings.iter().filter(|(of, ..)| of == section) {
            if !keys.contains(&key.as_str()) && self.last(section, key).is_some() {
                keys.push(key);
            }
        }
        keys
    }
}
