//! Tables as RFC 4180 has them, safe to open in a spreadsheet.

/// One field of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Somebody's words: never a formula.
    Text(String),
    Count(u64),
    /// Less than nothing: what was told before and is taken back.
    Less(u64),
    /// Dollars, to the billionth.
    Usd(f64),
    /// Between 0 and 1.
    Share(f64),
    None,
}

impl Cell {
    pub fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    pub fn count(count: Option<u64>) -> Cell {
        count.map_or(Cell::None, Cell::Count)
    }

    pub fn whole(whole: Option<i64>) -> Cell {
        let of =
            |whole: i64| if whole < 0 { Cell::Less(whole.unsigned_abs()) } else { Cell::Count(whole.unsigned_abs()) };
        whole.map_or(Cell::None, of)
    }

    pub fn usd(usd: Option<f64>) -> Cell {
        usd.map_or(Cell::None, Cell::Usd)
    }

    fn write(&self) -> String {
        match self {
            Cell::Text(text) => quoted(&defused(text)),
            Cell::Count(count) => count.to_string(),
            Cell::Less(count) => format!("-{count}"),
            Cell::Usd(usd) => decimal(*usd, 9),
            Cell::Share(share) => decimal(*share, 4),
            Cell::None => String::new(),
        }
    }
}

/// With a head, and a line end after every row.
#[must_use]
pub fn table(head: &[&str], rows: &[Vec<Cell>]) -> String {
    let mut text = head.join(",");
    text.push_str("\r\n");
    for row in rows {
        let cells: Vec<String> = row.iter().map(Cell::write).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// Spreadsheets take a text that begins so for a formula, also behind spaces and line ends.
fn defused(text: &str) -> String {
    let first = text.trim_start_matches(|letter: char| letter.is_whitespace() || letter.is_control()).chars().next();
    let begins = text.starts_with(['\t', '\r', '\n']);
    if begins || matches!(first, Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')) {
        return format!("'{text}");
    }
    text.to_owned()
}

fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\r', '\n', ';', '\t']) || text.starts_with(' ') || text.ends_with(' ') {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

/// Without zeros at the end.
fn decimal(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
