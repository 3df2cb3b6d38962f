//! Whole crontabs and timers.

use super::crontab::{self, Syntax};
use super::unit::Unit;
use super::{CronKind, Job, Place, Proposal, timer};
use crate::cue::{CatchUpPolicy, Overlap, Program};
use crate::schedule_spec::{Kind, Rate, Weekdays};

fn place(cron: CronKind) -> Place {
    let [zone, home, user] = ["Europe/Berlin", "/home/ada", "ada"].map(str::to_owned);
    Place { zone, home, user, uid: 1000, cron }
}

fn jobs(text: &str) -> Vec<Job> {
    crontab::read(text, Syntax::User, &place(CronKind::Debian)).jobs
}

fn proposal(text: &str) -> Proposal {
    jobs(text).pop().expect("one job").what.unwrap_or_else(|why| panic!("{why}"))
}

#[test]
fn variables_hold_for_the_lines_below_them() {
    let jobs = jobs(
        "0 1 * * * one\nPATH=/opt/bin:/bin\nLEADS=7\nMAILTO=ada@example.org\nSHELL=/bin/bash\nHOME=/srv\n0 2 * * * two\n",
    );
    let of = |at: usize| jobs[at].what.as_ref().unwrap();
    assert_eq!(of(0).env, [("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
    assert_eq!((of(0).cwd.as_deref(), &of(0).program), (Some("/home/ada"), &Program::Shell("one".to_owned())));
    assert_eq!(of(1).cwd.as_deref(), Some("/srv"));
    assert_eq!(of(1).program, Program::Argv(["/bin/bash", "-c", "two"].map(str::to_owned).to_vec()));
    let names: Vec<&str> = of(1).env.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["HOME", "LEADS", "PATH", "SHELL"], "what tells cron something is not handed on");
    assert_eq!((jobs[1].line, of(1).overlap, of(1).catch_up), (7, Overlap::Allow, CatchUpPolicy::None));
}

#[test]
fn standard_input_comes_from_printf() {
    let proposal = proposal("0 6 * * * mail -s 'It is \\%' ada%it's%two");
    let Program::Argv(argv) = &proposal.program else { panic!("{proposal:?}") };
    assert_eq!(argv[2], "printf '%s\\n' 'it'\\''s' 'two' | \"$0\" -c \"$1\"");
    assert_eq!(argv[3..], ["/bin/sh", "mail -s 'It is %' ada"]);
}

#[test]
fn what_is_no_cue_says_why() {
    let text = "@reboot /opt/start.sh\n17 * * * * cd / && run-parts --report /etc/cron.hourly\n1/5 * * * * x\n0 0 31 2 * never\n5 4 * *\n0 0 * * *\n";
    for job in jobs(text) {
        let why = job.what.unwrap_err();
        assert!(why.ends_with('.'), "{why}");
    }
    assert_eq!(jobs(text).len(), 6);
}

#[test]
fn lines_that_a_cue_has_already_are_left_out() {
    let text = "#cuetower:cue_1 0 1 * * * one\n0 2 * * * /opt/cuetowerctl --data /d exec --cue cue_2 -- /bin/sh -c 'two'\n0 3 * * * three\n";
    assert_eq!(jobs(text).iter().map(|job| job.name.as_str()).collect::<Vec<_>>(), ["three"]);
}

#[test]
fn the_time_zone_of_a_table_counts_where_cron_obeys_it() {
    let text = "CRON_TZ=Asia/Tokyo\n0 9 * * * x\n";
    for (kind, zone) in [(CronKind::Debian, "Europe/Berlin"), (CronKind::Cronie, "Asia/Tokyo")] {
        let read = crontab::read(text, Syntax::User, &place(kind));
        assert_eq!(read.jobs[0].what.as_ref().unwrap().schedule.timezone, zone);
        assert!(read.notes[0].contains("CRON_TZ"), "{:?}", read.notes);
    }
}

fn timed(timer: &str, service: &str) -> Job {
    let (timer, service) = (Unit::parse(timer), Unit::parse(service));
    timer::read(("backup.timer", &timer), ("backup.service", Some(&service)), &place(CronKind::Debian))
}

const SERVICE: &str = "[Service]\nType=oneshot\nWorkingDirectory=%h/srv\nEnvironment=A=1 \"B=two words\"\nEnvironment=C=%u\nExecStart=/usr/bin/backup --full \\\n  'a b' 100%%\n";

#[test]
fn a_timer_is_a_cue() {
    let job = timed("[Timer]\nOnCalendar=Mon..Fri 02:30\nPersistent=true\nRandomizedDelaySec=15min\n", SERVICE);
    let proposal = job.what.unwrap();
    assert_eq!(job.name, "backup");
    assert_eq!(proposal.schedule.kind, Kind::Recurring { cron: Some("30 2 * * 1-5".to_owned()) });
    assert_eq!((proposal.schedule.jitter_ms, proposal.catch_up), (900_000, CatchUpPolicy::Latest));
    assert_eq!(
        proposal.program,
        Program::Argv(["/usr/bin/backup", "--full", "a b", "100%"].map(str::to_owned).to_vec())
    );
    assert_eq!((proposal.cwd.as_deref(), proposal.overlap), (Some("/home/ada/srv"), Overlap::Skip));
    let env: Vec<String> = proposal.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(env, ["A=1", "B=two words", "C=ada"]);
    assert!(proposal.notes.is_empty(), "{:?}", proposal.notes);
}

#[test]
fn days_of_the_month_and_of_the_week_are_parts() {
    let schedule =
        timed("[Timer]\nOnCalendar=Mon *-*-1..7 02:30\nOnCalendar=Sat 04:00", SERVICE).what.unwrap().schedule;
    assert_eq!(schedule.kind, Kind::Recurring { cron: None });
    let parts: Vec<(Weekdays, &Rate)> = schedule.parts.iter().map(|part| (part.days, &part.rate)).collect();
    let cron = |cron: &str| Rate::Cron { cron: cron.to_owned() };
    assert_eq!(parts, [(Weekdays(1), &cron("30 2 1-7 * *")), (Weekdays(32), &cron("0 4 * * 6"))]);
}

#[test]
fn intervals_count_by_the_clock_and_say_so() {
    let proposal = timed("[Timer]\nOnBootSec=5min\nOnUnitActiveSec=1h 30min\n", SERVICE).what.unwrap();
    assert!(matches!(proposal.schedule.kind, Kind::Interval { every_ms: 5_400_000, .. }));
    assert!(proposal.notes[0].contains("does not drift"), "{:?}", proposal.notes);
    for timer in
        ["[Timer]\nOnBootSec=5min\n", "[Timer]\nOnUnitInactiveSec=1h\n", "[Timer]\nOnCalendar=2030-01-01\n", ""]
    {
        assert!(timed(timer, SERVICE).what.is_err(), "{timer}");
    }
}

#[test]
fn several_commands_and_variables_are_a_line_for_the_shell() {
    let service = "[Service]\nEnvironment=TO=/b\nExecStartPre=-/bin/mkdir -p ${TO}/x\nExecStart=/bin/cp -r /a ${TO} $MORE $$5\nProtectSystem=strict\nExecStartPost=/bin/true\n";
    let proposal = timed("[Timer]\nOnCalendar=daily\n", service).what.unwrap();
    let line = "{ /bin/mkdir -p \"${TO}\"/x || :; } && /bin/cp -r /a \"${TO}\" $MORE '$5' && /bin/true";
    assert_eq!(proposal.program, Program::Shell(line.to_owned()));
    assert!(proposal.notes[0].contains("ProtectSystem"), "{:?}", proposal.notes);
}

#[test]
fn a_service_is_watched_by_a_drop_in() {
    let exec = ["/opt/c t/cuetowerctl", "exec", "--cue", "cue_1"].map(str::to_owned);
    let under = timer::under(&Unit::parse("[Service]\nExecStart=-/bin/job --x \"a b\"\n"), &exec).unwrap();
    assert_eq!(
        under,
        "[Service]\nExecStart=\nExecStart=-\"/opt/c t/cuetowerctl\" exec --cue cue_1 -- /bin/job --x \"a b\"\n"
    );
    let again = Unit::parse(&format!("[Service]\nExecStart=/bin/job\n{under}"));
    assert_eq!(again.all("Service", "ExecStart").len(), 1, "an empty value takes back what stood before");
}
