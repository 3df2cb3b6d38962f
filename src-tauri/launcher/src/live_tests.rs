//! What a reader of a growing output sees.

use std::io::Write;

use tempfile::TempDir;

use super::*;
use crate::capture::Capture;

fn printed(bytes: &[u8]) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join(STDOUT), bytes).expect("written");
    dir
}

/// Everything from the start to the end, as a window would show it, and how much it was told is missing.
fn read_through(dir: &Path) -> (String, u64) {
    let (mut text, mut skipped, mut from) = (String::new(), 0, 0);
    loop {
        let piece = live(dir, Stream::Stdout, from);
        text.push_str(&piece.text);
        skipped += piece.skipped_bytes;
        if piece.next_byte == from {
            return (text + &piece.unfinished, skipped);
        }
        from = piece.next_byte;
    }
}

#[test]
fn output_reads_as_plain_text() {
    assert_eq!(plain("\u{1b}[1;31mred\u{1b}[0m\tand \u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{7}\n"), "red\tand link\n");
    assert_eq!(plain("10 %\r50 %\r100 %\r\ndone\n"), "100 %\ndone\n");
    assert_eq!(plain("working\rstill working\r"), "still working");
}

#[test]
fn a_tail_begins_with_a_whole_character() {
    let dir = printed(format!("{}x", "€".repeat(40_000)).as_bytes());
    let tail = tail(&dir.path().join(STDOUT));
    assert!(tail.truncated && tail.text.starts_with('€') && tail.text.ends_with("€x"));
}

#[test]
fn a_line_in_progress_comes_again_until_it_is_whole() {
    let dir = printed(b"one\n10 %");
    let first = live(dir.path(), Stream::Stdout, 0);
    assert_eq!((first.text.as_str(), first.unfinished.as_str(), first.next_byte), ("one\n", "10 %", 4));
    std::fs::write(dir.path().join(STDOUT), b"one\n10 %\r20 %\ntw").expect("written");
    let second = live(dir.path(), Stream::Stdout, 4);
    assert_eq!((second.text.as_str(), second.unfinished.as_str(), second.next_byte), ("20 %\n", "tw", 14));

    std::fs::write(dir.path().join(EXIT), "{}").expect("written");
    let last = live(dir.path(), Stream::Stdout, 14);
    assert_eq!((last.text.as_str(), last.unfinished.as_str(), last.next_byte), ("tw", "", 16));
    assert_eq!(live(dir.path(), Stream::Stdout, 16), LiveOutput { next_byte: 16, ..LiveOutput::default() });
    assert_eq!(live(Path::new("/no/such"), Stream::Stdout, 5).next_byte, 5);
}

#[test]
fn a_long_output_comes_in_pieces_that_cut_neither_lines_nor_characters() {
    let lines: String = (0..20_000).map(|number| format!("\u{1b}[32m€ line {number}\u{1b}[0m\n")).collect();
    let dir = printed(lines.as_bytes());
    assert_eq!(read_through(dir.path()), (plain(&lines), 0));
    let one_line = "€".repeat(100_000);
    let dir = printed(one_line.as_bytes());
    assert!(live(dir.path(), Stream::Stdout, 0).text.len() as u64 <= LIVE_BYTES);
    assert_eq!(read_through(dir.path()), (one_line, 0));
}

#[test]
fn what_was_left_out_is_counted_while_it_runs_and_afterwards() {
    let dir = tempfile::tempdir().expect("a folder");
    let (mut capture, _process_end) = Capture::create(dir.path().join(STDOUT)).expect("created");
    let mut process = std::fs::OpenOptions::new().append(true).open(dir.path().join(STDOUT)).expect("there");
    let mut bytes = 0;
    for number in 0..200_000 {
        let line = format!("line {number} of a program that prints a lot and does not stop\n");
        process.write_all(line.as_bytes()).expect("written");
        bytes += line.len() as u64;
        if number % 10_000 == 0 {
            capture.trim().expect("trimmed");
        }
    }
    capture.trim().expect("trimmed");
    let whole = |(text, skipped): (String, u64)| {
        assert!(
            text.starts_with("line 0 of")
                && text.ends_with("line 199999 of a program that prints a lot and does not stop\n")
        );
        assert!(!text.contains('\0') && skipped > 1 << 20, "{skipped} bytes were said to be missing");
        let kept = text.len() as u64;
        assert!(bytes - skipped == kept, "{bytes} were printed, {kept} are there and {skipped} missing");
        skipped
    };
    let running = whole(read_through(dir.path()));
    capture.close_gap().expect("closed");
    assert_eq!(whole(read_through(dir.path())), running, "the same is missing");
    let end = live(dir.path(), Stream::Stdout, bytes - 49);
    assert_eq!((end.text.len(), end.next_byte), (49, bytes), "a reader goes on where it was");
}
