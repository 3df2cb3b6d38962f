//! JSON with the line of every value. serde_json says whether it is JSON at all; here it is only gone through once more.

use serde_json::Value;

use super::{Placed, Trouble, What};

pub(super) fn read(text: &str) -> Result<Placed, Trouble> {
    if let Err(error) = serde_json::from_str::<Value>(text) {
        return Err((error.line().max(1), format!("This is not JSON: {error}.")));
    }
    let mut walk = Walk { text, at: 0, line: 1 };
    walk.value()
}

struct Walk<'t> {
    text: &'t str,
    /// Byte that is next.
    at: usize,
    line: usize,
}

impl<'t> Walk<'t> {
    fn value(&mut self) -> Result<Placed, Trouble> {
        let first = self.next_byte();
        let line = self.line;
        let what = match first {
            b'{' => self.object()?,
            b'[' => self.list()?,
            b'"' => What::Plain(read_as(self.string(), line)?),
            _ => What::Plain(read_as(self.word(), line)?),
        };
        Ok(Placed { line, what })
    }

    fn object(&mut self) -> Result<What, Trouble> {
        let mut fields: Vec<(String, Placed)> = Vec::new();
        self.at += 1;
        while self.next_byte() != b'}' {
            let line = self.line;
            let name: String = read_as(self.string(), line)?;
            if fields.iter().any(|(known, _)| *known == name) {
                return Err((line, format!("`{name}` is there twice; leave one of them out.")));
            }
            self.next_byte();
            self.at += 1;
            fields.push((name, self.value()?));
            if self.next_byte() == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
        Ok(What::Object(fields))
    }

    fn list(&mut self) -> Result<What, Trouble> {
        let mut items = Vec::new();
        self.at += 1;
        while self.next_byte() != b']' {
            items.push(self.value()?);
            if self.next_byte() == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
        Ok(What::List(items))
    }

    /// The byte after all blanks; 0 at the end, where none of a text that is JSON asks.
    fn next_byte(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' => {}
                other => return *other,
            }
            self.at += 1;
        }
        0
    }

    /// With its quotes. A text in JSON has no line break.
    fn string(&mut self) -> &'t str {
        let from = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        while let Some(byte) = bytes.get(self.at) {
            self.at += match byte {
                b'"' => break,
                b'\\' => 2,
                _ => 1,
            };
        }
        self.at += 1;
        self.text.get(from..self.at).unwrap_or_default()
    }

    fn word(&mut self) -> &'t str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.find([',', ']', '}', ' ', '\t', '\r', '\n']).unwrap_or(rest.len()).max(1);
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }
}

fn read_as<T: serde::de::DeserializeOwned>(text: &str, line: usize) -> Result<T, Trouble> {
    serde_json::from_str(text).map_err(|error| (line, format!("This is not JSON: {error}.")))
}
