//! The end of an output of any length, in bounded memory.

/// Keeps the last so many bytes of what is pushed.
#[derive(Debug)]
pub struct Tail {
    bytes: Vec<u8>,
    limit: usize,
    truncated: bool,
}

impl Tail {
    pub fn of(limit: usize) -> Tail {
        Tail { bytes: Vec::new(), limit, truncated: false }
    }

    pub fn push(&mut self, chunk: &[u8]) {
        self.truncated |= self.bytes.len() + chunk.len() > self.limit;
        let chunk = &chunk[chunk.len().saturating_sub(self.limit)..];
        // Moved down once in a while, not for each chunk.
        if self.bytes.len() + chunk.len() > 2 * self.limit {
            let keep = self.limit - chunk.len();
            self.bytes.drain(..self.bytes.len() - keep);
        }
        self.bytes.extend_from_slice(chunk);
    }

    /// As text; what is no UTF-8 is replaced. Cut at the beginning of a line, if one begins in it.
    pub fn text(&self) -> String {
        let kept = &self.bytes[self.bytes.len().saturating_sub(self.limit)..];
        let text = String::from_utf8_lossy(kept);
        let text = match text.find('\n') {
            Some(end) if self.truncated && end + 1 < text.len() => &text[end + 1..],
            _ => &text,
        };
        text.to_owned()
    }

    /// The last line that is not empty.
    pub fn last_line(&self) -> Option<String> {
        let text = self.text();
        text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_end_whatever_the_chunks() {
        let whole: String = (0..5_000).map(|line| format!("line {line}\n")).collect();
        for size in [1, 7, 99, 100, 101, 1_000, whole.len()] {
            let mut tail = Tail::of(100);
            whole.as_bytes().chunks(size).for_each(|chunk| tail.push(chunk));
            let text = tail.text();
            assert!(whole.ends_with(&text) && text.starts_with("line ") && text.len() > 80, "{size}: {text}");
            assert!(tail.bytes.len() <= 200);
            assert_eq!(tail.last_line().as_deref(), Some("line 4999"));
        }
    }

    #[test]
    fn what_fits_is_kept_whole_and_what_is_no_text_does_no_harm() {
        let mut tail = Tail::of(10);
        tail.push(b"\nab\n\xff \n");
        assert_eq!(tail.text(), "\nab\n\u{fffd} \n");
        assert_eq!(tail.last_line().as_deref(), Some("\u{fffd}"));
        assert_eq!(Tail::of(10).last_line(), None);
        let mut exact = Tail::of(4);
        exact.push(b"a\nbc");
        assert_eq!(exact.text(), "a\nbc");
    }

    #[test]
    fn one_line_without_an_end_keeps_its_end() {
        let mut tail = Tail::of(8);
        tail.push(&[b'x'; 100]);
        assert_eq!(tail.text(), "xxxxxxxx");
    }
}
