use cuetower_core::{*, cue::*, id::CueId, lane::Lane, schedule_spec::*, tomorrow::*};
fn cue(schedule: ScheduleSpec, overlap: Overlap) -> CueDefinition {
    CueDefinition { name: "x".into(), description: None, agent: String::new(), schedule,
        transport: Transport::Webhook(Callback { url: "http://127.0.0.1:9/".into(), method: "POST".into(), headers: vec![] }),
        payload: serde_json::Value::Null, retry: Retry::default(), delivery: Delivery::default(), confirm: Confirm::Outcome,
        catch_up: CatchUp { policy: CatchUpPolicy::Latest, within_ms: None }, overlap, expect: Expect::default(), pause_on_failure: false }
}
fn main() {
    let now = Ms(1_795_176_000_000);
    let go = |what: &str, lanes: Vec<(ScheduleSpec, Overlap, u64)>, days: u64, bounds: Bounds| {
        let given: Vec<Given> = lanes.into_iter().enumerate().map(|(i, (s, o, run_ms))| Given { lane: Lane::first(now, &Lane::created(CueId(format!("cue_{i:06}")), cue(s, o))).unwrap(), run_ms }).collect();
        let t = std::time::Instant::now();
        let out = simulate(given, now, now.plus(days * 86_400_000), bounds);
        let l = &out.lanes[0];
        let ran: u64 = out.lanes.iter().map(|l| l.ran).sum();
        println!("{what}: {:?} ran {ran} rest {:?} notes {:?}", t.elapsed(), l.rest, l.notes);
    };
    let big = Bounds { fires_kept: 5000, lane_work: u64::MAX, work: u64::MAX, counted: u64::MAX };
    let cron = |c: &str| ScheduleSpec::recurring(c, "Europe/Berlin");
    go("every second cron, 2 days unbounded", vec![(cron("* * * * * *"), Overlap::Skip, 500)], 2, big);
    go("every second cron, 30 days bounded", vec![(cron("* * * * * *"), Overlap::Skip, 500)], 30, Bounds::default());
    go("every second interval, 30 days bounded", vec![(ScheduleSpec::of(Kind::Interval{every_ms:1000, anchor: now}, "UTC"), Overlap::Skip, 500)], 30, Bounds::default());
    go("every second allow 20min run, 30 days bounded", vec![(cron("* * * * * *"), Overlap::Allow, 1_200_000)], 30, Bounds::default());
    go("every second queue 20min run, 30 days bounded", vec![(cron("* * * * * *"), Overlap::Queue, 1_200_000)], 30, Bounds::default());
    go("every second jitter 1h, 30 days bounded", vec![(ScheduleSpec{jitter_ms: 3_600_000, ..cron("* * * * * *")}, Overlap::Skip, 500)], 30, Bounds::default());
    go("every minute jitter 1h, 30 days bounded", vec![(ScheduleSpec{jitter_ms: 3_600_000, ..cron("* * * * *")}, Overlap::Skip, 500)], 30, Bounds::default());
    go("every minute, 30 days", vec![(cron("* * * * *"), Overlap::Skip, 500)], 30, Bounds::default());
    go("100 hourly, 30 days", (0..100).map(|_| (cron("0 * * * *"), Overlap::Skip, 60_000)).collect(), 30, Bounds::default());
    go("1000 hourly, 30 days", (0..1000).map(|_| (cron("0 * * * *"), Overlap::Skip, 60_000)).collect(), 30, Bounds::default());
    go("10000 hourly, 30 days", (0..10000).map(|_| (cron("0 * * * *"), Overlap::Skip, 60_000)).collect(), 30, Bounds::default());
    let part = Part { days: Weekdays(31), from_s: 34200, to_s: 57600, timezone: Some("America/New_York".into()), rate: Rate::Every{every_ms: 60_000}, at_once: Some(3) };
    go("market parts, 30 days", vec![(ScheduleSpec{parts: vec![part], ..cron("0 * * * *")}, Overlap::Queue, 90_000)], 30, Bounds::default());
    go("366 days daily x 100", (0..100).map(|_| (cron("0 9 * * *"), Overlap::Skip, 60_000)).collect(), 366, Bounds::default());
}
