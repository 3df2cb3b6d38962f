//! The spool's files: order, bounds, turns, what is put aside.

use super::*;

fn ping(at: i64, kind: Kind) -> Spooled {
    let to = Addressee::Cue("backup".to_owned());
    let rid = Some("r1".to_owned());
    Spooled {
        to,
        kind,
        at: Ms(at),
        rid,
        duration_ms: None,
        cpu_ms: None,
        max_rss_bytes: None,
        output: None,
        dropped: 0,
    }
}

#[test]
fn what_is_kept_comes_back_in_the_order_in_which_it_happened() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::of(dir.path());
    assert!(spool.turn().is_none(), "there is nothing to tell yet");
    let end = Spooled { output: Some("✓ done".to_owned()), cpu_ms: Some(12), ..ping(2_000, Kind::Exit(3)) };
    let later = spool.keep(&end).unwrap();
    spool.keep(&ping(2_000, Kind::Start)).unwrap();
    spool.keep(&ping(1_000, Kind::Fail)).unwrap();
    let turn = spool.turn().unwrap();
    let read: Vec<Spooled> = turn.waiting().iter().map(|name| turn.read(name).unwrap()).collect();
    assert_eq!(read.iter().map(|ping| ping.kind).collect::<Vec<_>>(), [Kind::Fail, Kind::Start, Kind::Exit(3)]);
    assert_eq!(read[2], end);
    turn.done(&later);
    assert!(!spool.holds(&later) && turn.waiting().len() == 2);
}

#[test]
fn only_one_has_the_turn() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::of(dir.path());
    spool.keep(&ping(1, Kind::Start)).unwrap();
    let turn = spool.turn().unwrap();
    assert!(spool.turn().is_none());
    drop(turn);
    assert!(spool.turn().is_some());
}

#[test]
fn without_room_the_oldest_words_go_first_and_the_next_ping_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::of(dir.path());
    let write = |name: String, ping: &Spooled| {
        std::fs::write(dir.path().join("spool").join(name), serde_json::to_string(ping).unwrap()).unwrap();
    };
    spool.keep(&ping(1, Kind::Start)).unwrap();
    for at in 2..FILES_MAX as i64 {
        write(format!("{at:015}-2-end-x.json"), &ping(at, Kind::Success));
    }
    write("000000000000500-1-log-x.json".to_owned(), &ping(500, Kind::Log));
    let full = spool.keep(&ping(5_000, Kind::Exit(0))).unwrap();
    let again = spool.keep(&ping(5_001, Kind::Start)).unwrap();
    let turn = spool.turn().unwrap();
    let names = turn.waiting();
    assert_eq!(names.len(), FILES_MAX);
    assert!(names.iter().all(|name| !name.0.contains("-log-")), "the one that only said something went first");
    assert_eq!(names[0].0, "000000000000002-2-end-x.json", "then the oldest");
    let (full, again) = (turn.read(&full).unwrap(), turn.read(&again).unwrap());
    assert_eq!((full.dropped, again.dropped), (1, 1));
    assert!(full.words().unwrap().starts_with("(one earlier ping was dropped"));
    assert_eq!(full.dropped_as_log(), None, "the end says it itself");
    let log = again.dropped_as_log().unwrap();
    assert!(log.kind == Kind::Log && log.rid == again.rid && log.words().unwrap().contains("dropped"));
}

#[test]
fn a_dropped_ping_hands_its_count_on() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::of(dir.path());
    let long = Spooled { output: Some("x".repeat(OUTPUT_MAX)), ..ping(1, Kind::Success) };
    spool.keep(&Spooled { dropped: 4, ..long.clone() }).unwrap();
    // Sparse: it counts for the bound without filling a disk.
    let heavy = std::fs::File::create(dir.path().join("spool/000000000000002-2-end-x.json")).unwrap();
    heavy.set_len(BYTES_MAX - OUTPUT_MAX as u64 - 300).unwrap();
    let name = spool.keep(&Spooled { at: Ms(3), ..long }).unwrap();
    let turn = spool.turn().unwrap();
    assert_eq!(turn.read(&name).unwrap().dropped, 5);
    assert_eq!(turn.waiting().len(), 2);
}

#[test]
fn what_cannot_be_told_is_put_aside_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::of(dir.path());
    let name = spool.keep(&ping(1, Kind::Start)).unwrap();
    std::fs::write(dir.path().join("spool/000000000000009-2-end-x.json"), "{ half").unwrap();
    std::fs::write(dir.path().join("spool/000000000000001-2-end-y.new"), "{").unwrap();
    let turn = spool.turn().unwrap();
    turn.refuse(&name, "There is no cue `backup`.");
    assert!(turn.read(&turn.waiting()[0]).is_none() && turn.waiting().is_empty());
    let folder = dir.path().join("spool/refused");
    let texts: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let said = |parts: [&str; 2]| texts.iter().any(|text| parts.iter().all(|part| text.contains(part)));
    assert!(texts.len() == 2 && said(["\"kind\":\"start\"", "no cue `backup`"]), "{texts:?}");
    assert!(said(["{ half", "cannot be read"]), "{texts:?}");
    spool.keep(&ping(1_000_000, Kind::Start)).unwrap();
    assert!(!dir.path().join("spool/000000000000001-2-end-y.new").exists(), "what a crash left is swept");
    for at in 0..REFUSED_MAX as i64 + 5 {
        spool.keep_refused(&ping(at, Kind::Start), "no").unwrap();
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), REFUSED_MAX);
}

#[test]
fn a_long_output_keeps_its_end_and_no_sign_is_cut() {
    assert_eq!(end_of("abc", 2), "bc");
    assert_eq!(end_of("aäc", 2), "c");
    assert_eq!(end_of("ä", 5), "ä");
}

#[cfg(unix)]
#[test]
fn the_spool_is_the_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::of(&dir.path().join("new"));
    let name = spool.keep(&ping(1, Kind::Start)).unwrap();
    drop(spool.turn().unwrap());
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(dir.path().join("new/spool")), 0o700);
    assert_eq!(mode(dir.path().join("new/spool").join(&name.0)), 0o600);
    assert_eq!(mode(dir.path().join("new/spool/turn.lock")), 0o600);
}
