//! How sums of what was spent come about, from rows as the store gives them.

use cuetower_core::id::AccountId;
use cuetower_core::price::{Price, PriceTable};
use cuetower_core::spend::{Nanousd, Tokens};
use cuetower_core::step::ModelSum;

use super::csv;
use super::sums::{Known, of_one_day, together};
use crate::desk::wire::CostTotal;
use crate::fleet::Agent;
use crate::journal::{AgentSpent, DaySum, ModelSpent, RunsDue, SpentApart, SpentRow};

fn known(days: usize) -> Known {
    let far: Vec<String> = (0..30).map(|day| format!("2026-11-{:02}", day + 1)).collect();
    Known {
        spent: Vec::new(),
        beats: Vec::new(),
        agents: Vec::new(),
        models: Vec::new(),
        runs: Vec::new(),
        cues: Vec::new(),
        disagreements: Vec::new(),
        disagreements_total: 0,
        days: far[30 - days..].to_vec(),
        far,
        prices: std::sync::Arc::default(),
    }
}

fn spent(day: &str, agent: &str, cue: &str, verdict: &str, usd: Option<f64>) -> SpentRow {
    SpentRow {
        day: format!("2026-11-{day}"),
        account: String::new(),
        agent: agent.to_owned(),
        cue_id: (!cue.is_empty()).then(|| cue.to_owned()),
        verdict: verdict.to_owned(),
        tokens: Some(1_000),
        cost_nano: usd.map(|usd| (usd * 1e9) as i64),
        runs: 1,
        ended: 1,
        not_priced: 0,
    }
}

fn beating(id: u32, name: &str, tells_cost: bool) -> Agent {
    let mut agent = Agent::named(AccountId::OWNER, name);
    (agent.id, agent.tells_cost) = (id, tells_cost);
    agent
}

fn beats(agent: u32, tokens: u64, cost_usd: f64) -> DaySum {
    DaySum { agent, beats: 3, tokens, cost_usd }
}

fn usd(cost_usd: f64) -> Option<f64> {
    Some(cost_usd)
}

#[test]
fn the_totals_of_today_of_a_week_and_of_thirty_days_do_not_depend_on_the_days_asked_for() {
    let rows = || {
        vec![
            spent("30", "bot", "c1", "confirmed", usd(1.0)),
            spent("24", "bot", "c1", "confirmed", usd(2.0)),
            spent("23", "bot", "c1", "confirmed", usd(4.0)),
            spent("01", "bot", "c1", "confirmed", usd(8.0)),
        ]
    };
    for days in [1, 7, 30] {
        let costs = together(&Known { spent: rows(), ..known(days) });
        let totals = [costs.today, costs.last_7_days, costs.last_30_days].map(|total| total.cost_usd.unwrap());
        assert_eq!(totals, [1.0, 3.0, 15.0], "{days}");
        let wanted = [1.0, 3.0, 15.0][[1, 7, 30].iter().position(|many| *many == days).unwrap()];
        assert_eq!((costs.total.cost_usd, costs.days.len(), costs.by_day.len()), (usd(wanted), days, days));
        assert_eq!(costs.by_agent[0].total, costs.total);
    }
}

#[test]
fn an_agents_day_is_the_larger_of_its_beats_and_its_runs() {
    let known = Known {
        spent: vec![
            spent("29", "bot", "c1", "confirmed", usd(1.0)),
            spent("30", "bot", "c1", "confirmed", usd(5.0)),
            spent("30", "bot", "", "", usd(1.0)),
            spent("30", "other", "c2", "confirmed", usd(1.0)),
        ],
        beats: vec![
            ("2026-11-29".to_owned(), beats(1, 500, 3.0)),
            ("2026-11-30".to_owned(), beats(1, 9_000, 2.0)),
            ("2026-11-30".to_owned(), beats(2, 70, 0.0)),
        ],
        agents: vec![beating(1, "bot", true), beating(2, "silent about money", false)],
        ..known(7)
    };
    let costs = together(&known);
    let bot = &costs.by_agent[0];
    assert_eq!((bot.agent.as_str(), bot.today), ("bot", CostTotal { tokens: Some(9_000), cost_usd: usd(6.0) }));
    assert_eq!(bot.total, CostTotal { tokens: Some(10_000), cost_usd: usd(9.0) });
    assert_eq!(bot.days, [None, None, None, None, None, usd(3.0), usd(6.0)]);
    assert_eq!(costs.today, CostTotal { tokens: Some(9_000 + 1_000 + 70), cost_usd: usd(7.0) });
    let silent = costs.by_agent.iter().find(|agent| agent.agent == "silent about money").unwrap();
    assert_eq!(
        silent.total,
        CostTotal { tokens: Some(70), cost_usd: None },
        "it said nothing of money, which is not 0"
    );

    let told = |agent: &str, tokens, nano| AgentSpent {
        account: String::new(),
        agent: agent.to_owned(),
        tokens: Some(tokens),
        cost_nano: Some(nano),
    };
    let told = [told("bot", 2_000, 6_000_000_000), told("other", 1_000, 1_000_000_000)];
    let today: Vec<DaySum> = known.beats[1..].iter().map(|(_, sum)| *sum).collect();
    assert_eq!(of_one_day(&told, &today, &known.agents), costs.today, "the light way comes to the same");
}

#[test]
fn runs_that_told_nothing_are_counted_and_not_taken_for_free() {
    let known = Known {
        spent: vec![spent("30", "bot", "c1", "confirmed", usd(2.0)), spent("29", "bot", "c1", "confirmed", usd(4.0))],
        runs: vec![("c1".to_owned(), RunsDue { all: 6, live: 1 }), ("c2".to_owned(), RunsDue { all: 3, live: 0 })],
        cues: vec![
            ("c1".to_owned(), "leads".to_owned(), false),
            ("c2".to_owned(), "backup".to_owned(), true),
            ("c3".to_owned(), "never ran".to_owned(), false),
        ],
        ..known(7)
    };
    let costs = together(&known);
    assert_eq!((costs.runs, costs.runs_untold), (8, 6));
    let cues: Vec<_> = costs.by_cue.iter().map(|cue| (cue.cue.as_str(), cue.runs, cue.runs_untold)).collect();
    assert_eq!(cues, [("leads", 5, 3), ("backup", 3, 3)]);
    assert_eq!((costs.by_cue[0].per_confirmed_usd, costs.by_cue[1].total.cost_usd), (usd(3.0), None));
    assert_eq!((costs.by_cue[0].today.cost_usd, costs.by_cue[1].deleted), (usd(2.0), true));
}

#[test]
fn what_went_to_runs_without_proof_is_told_by_how_they_ended() {
    let known = Known {
        spent: vec![
            spent("30", "bot", "c1", "confirmed", usd(10.0)),
            spent("30", "bot", "c1", "claimed", usd(1.5)),
            spent("29", "bot", "c1", "claimed", usd(0.5)),
            spent("30", "bot", "c1", "refuted", None),
            spent("30", "bot", "c1", "working", usd(3.0)),
            spent("30", "bot", "", "", usd(0.25)),
            spent("02", "bot", "c1", "silent", usd(7.0)),
        ],
        cues: vec![("c1".to_owned(), "leads".to_owned(), false)],
        ..known(7)
    };
    let costs = together(&known);
    let unproven: Vec<_> = costs.unproven.iter().map(|one| (one.verdict.as_str(), one.runs, one.cost_usd)).collect();
    assert_eq!(unproven, [("claimed", 2, usd(2.0)), ("refuted", 1, None)]);
    assert_eq!((costs.by_cue[0].unproven_usd, costs.by_cue[0].total.cost_usd), (usd(2.0), usd(15.0)));
    assert_eq!(costs.by_cue[0].per_confirmed_usd, usd(15.0), "what failed is part of the price of what is confirmed");
}

#[test]
fn what_is_told_better_later_takes_back_what_was_told_before() {
    let back = SpentRow { cost_nano: Some(-2_000_000_000), ..spent("30", "bot", "c1", "confirmed", None) };
    let known = Known { spent: vec![spent("29", "bot", "c1", "confirmed", usd(5.0)), back], ..known(7) };
    let costs = together(&known);
    assert_eq!((costs.today.cost_usd, costs.total.cost_usd), (usd(0.0), usd(3.0)));
}

#[test]
fn models_without_a_price_are_counted_and_those_that_have_one_by_now_are_told() {
    let model = |model: &str, calls, not_priced, usd: Option<f64>| ModelSpent {
        model: model.to_owned(),
        all: ModelSum { calls, tokens: Tokens::only_total(10), cost: usd.and_then(Nanousd::of_usd), not_priced },
        last_day: ModelSum::default(),
    };
    let price = Price {
        model: "house".to_owned(),
        aliases: Vec::new(),
        provider: String::new(),
        input: Nanousd(1),
        output: Nanousd(1),
        cached_input: None,
        reasoning: None,
        own: true,
    };
    let unpriced = SpentRow { not_priced: 7, ..spent("30", "bot", "c1", "confirmed", None) };
    let costs = together(&Known {
        spent: vec![unpriced],
        models: vec![model("house", 4, 4, None), model("gpt-4o", 2, 0, usd(0.5)), model("secret", 3, 3, None)],
        prices: std::sync::Arc::new(PriceTable::of(vec![price], Vec::new())),
        ..known(1)
    });
    let models: Vec<_> = costs.by_model.iter().map(|one| (one.model.as_str(), one.not_priced, one.has_price)).collect();
    assert_eq!(models, [("gpt-4o", 0, false), ("house", 4, true), ("secret", 3, false)]);
    assert_eq!((costs.not_priced, costs.total.cost_usd, costs.by_model[0].total.cost_usd), (7, None, usd(0.5)));
}

/// The sums of two columns of the table, and what the screen shows.
fn columns(known: &Known, models: &[SpentApart]) -> ([f64; 2], [f64; 2]) {
    let text = csv::table(known, models);
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let at = |name: &str| head.iter().position(|column| *column == name).unwrap();
    let rows: Vec<_> = lines.collect();
    let sum = |name: &str| rows.iter().map(|row| row[at(name)].parse::<f64>().unwrap_or(0.0)).sum::<f64>();
    let total = together(known).total;
    ([sum("tokens"), sum("cost_usd")], [total.tokens.unwrap_or(0) as f64, total.cost_usd.unwrap_or(0.0)])
}

#[test]
fn the_table_adds_up_also_where_something_is_taken_back() {
    let back = |day: &str, tokens, nano| SpentRow {
        tokens: Some(tokens),
        cost_nano: Some(nano),
        ..spent(day, "bot", "c1", "confirmed", None)
    };
    let model = |day: &str, tokens, usd: f64| SpentApart {
        day: format!("2026-11-{day}"),
        account: String::new(),
        agent: "bot".to_owned(),
        cue_id: Some("c1".to_owned()),
        model: "house".to_owned(),
        sum: ModelSum { calls: 1, tokens: Tokens::only_total(tokens), cost: Nanousd::of_usd(usd), not_priced: 0 },
    };
    let other = || spent("30", "other", "c2", "confirmed", usd(0.25));
    for (name, spent, models) in [
        (
            "taken back on a later day",
            vec![spent("29", "bot", "c1", "confirmed", usd(5.0)), back("30", -400, -2_000_000_000)],
            vec![],
        ),
        ("of models more than of the run", vec![back("30", 100, 1_000_000_000), other()], vec![model("30", 900, 4.0)]),
        ("more than these days have", vec![back("30", -400, -2_000_000_000), other()], vec![]),
        (
            "more than there is, beside a model",
            vec![back("30", -4_000, -9_000_000_000), other()],
            vec![model("30", 70, 1.5)],
        ),
        ("of a model alone", vec![], vec![model("30", 70, 1.5)]),
    ] {
        let known = Known { spent, ..known(7) };
        let (rows, shown) = columns(&known, &models);
        let far = rows.iter().zip(shown).map(|(row, shown)| (row - shown).abs()).fold(0.0, f64::max);
        assert!(far < 1e-9, "{name}: {rows:?} are not {shown:?}");
    }
}

#[test]
fn what_beats_say_beyond_runs_that_are_taken_back_adds_up_too() {
    let back = SpentRow { cost_nano: Some(-2_000_000_000), ..spent("30", "bot", "c1", "confirmed", None) };
    let known = Known {
        spent: vec![spent("29", "bot", "c1", "confirmed", usd(5.0)), back],
        beats: vec![("2026-11-30".to_owned(), beats(1, 70, 0.5))],
        agents: vec![beating(1, "bot", true)],
        ..known(7)
    };
    let (rows, shown) = columns(&known, &[]);
    assert!((rows[1] - shown[1]).abs() < 1e-9 && (rows[0] - shown[0]).abs() < 1e-9, "{rows:?} are not {shown:?}");
}
