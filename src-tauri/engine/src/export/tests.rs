//! Files that are handed out hold nothing but what they say.

use super::csv::{Cell, table};
use super::page_parts::{length, safe, usd};
use super::plain;

#[test]
fn a_text_in_a_table_is_no_formula_and_no_second_cell() {
    let cells = ["=1+1", "+49", "-3", "@x", "\t=1", " =1", "\r=1", "plain", "a,b", "say \"hi\"", "two\nlines", "＝1"];
    let rows: Vec<Vec<Cell>> = cells.iter().map(|text| vec![Cell::text(text), Cell::None, Cell::Usd(0.1)]).collect();
    let text = table(&["a", "b", "c"], &rows);
    let written = [
        "'=1+1",
        "'+49",
        "'-3",
        "'@x",
        "\"'\t=1\"",
        "' =1",
        "\"'\r=1\"",
        "plain",
        "\"a,b\"",
        "\"say \"\"hi\"\"\"",
        "\"two\nlines\"",
        "'＝1",
    ];
    let rows: String = written.iter().map(|cell| format!("{cell},,0.1\r\n")).collect();
    assert_eq!(text, format!("a,b,c\r\n{rows}"));
}

#[test]
fn amounts_are_written_as_they_are() {
    let row =
        vec![Cell::Usd(0.000_000_001), Cell::Usd(12.0), Cell::Usd(0.0), Cell::Count(40_000), Cell::Share(1.0 / 3.0)];
    assert_eq!(table(&["n"], &[row]), "n\r\n0.000000001,12,0,40000,0.3333\r\n");
}

#[test]
fn text_in_a_page_is_text() {
    assert_eq!(
        safe("<img onerror='a\"b'>&\u{1b}[2J\u{202e}"),
        "&lt;img onerror=&#39;a&quot;b&#39;&gt;&amp;\\u{1b}[2J\\u{202e}"
    );
    assert_eq!(
        (length(40), length(2_140), usd(0.0004), usd(2.0)),
        ("40 ms".to_owned(), "2.1 s".to_owned(), "$0.0004".to_owned(), "$2.00".to_owned())
    );
}

#[test]
fn a_files_name_is_one_everywhere() {
    assert_eq!(plain("Score: new/leads (v2)"), "score-new-leads-v2");
    assert_eq!(plain("../../etc"), "etc");
    assert_eq!(plain("失敗"), "run");
    assert!(plain(&"long ".repeat(100)).len() <= 60);
}
