//! The fleet as its owner sees it: everybody who beats, is named by a cue or has an address; what each costs, and what is
//! asked of whom.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use cuetower_core::Ms;
use cuetower_core::away::Band;
use cuetower_core::cue::Cue;
use cuetower_core::id::AccountId;
use cuetower_core::plan::Plan;
use cuetower_core::time::DAY_MS;

use super::costs::of_agent;
use super::wire::{
    AgentBudget, AgentCommand, AgentCommandView, AgentExpects, AgentRef, AgentStory, AgentView, AgentWatch, Agents,
    BeatView, CueRefView, DeskError, MemoryRise, MessageView, Nothing, RunnerView,
};
use super::{Desk, invalid, not_found};
use crate::fleet::{self, Action, Agent, Armed, Command, CommandState, Refused};
use crate::handle::Trouble;
use crate::journal::{AgentSpent, BeatRow, DaySum, KnownAddress, MinuteSum, Recorder, RunFilter, StoreError, ToldRow};

/// An agent that only its telemetry names is listed for so long after it.
const APART_KEPT_MS: i64 = 30 * 24 * 3_600_000;
const CUES_MAX: u32 = 10_000;
const BEATS_SHOWN: u32 = 100;
const MESSAGES_SHOWN: u32 = 50;
const COMMANDS_SHOWN: usize = 20;
const MINUTES_SHOWN: usize = 60;
const RESTARTS_OF_MS: u64 = 7 * DAY_MS;
const BUDGET_MAX_USD: f64 = 1_000_000.0;
const DAY_S: f64 = 86_400.0;
const LIVE_RUNS_MAX: u32 = 1_000;

/// Whose, and its name.
type Who = (AccountId, String);

pub(super) async fn list(desk: &Desk, _: Nothing) -> Result<Agents, DeskError> {
    let fleet = Fleet::load(desk).await?;
    let mut agents: Vec<AgentView> = fleet.known.keys().map(|who| fleet.shown(who)).collect();
    agents.sort_by_key(|agent| std::cmp::Reverse(agent.last_beat_ms));
    Ok(Agents { agents })
}

pub(super) async fn get(desk: &Desk, request: AgentRef) -> Result<AgentStory, DeskError> {
    let who = who(request.account, request.name);
    let fleet = Fleet::load(desk).await?;
    let agent = fleet.find(&who)?;
    let beats = match agent {
        Some(agent) => desk.handle.reader().agent_beats(agent.id, BEATS_SHOWN).await?,
        None => Vec::new(),
    };
    let account = who.0.0.clone();
    let messages = desk.handle.reader().agent_messages(account, who.1.clone(), MESSAGES_SHOWN).await?;
    Ok(AgentStory {
        agent: fleet.shown(&who),
        beats: beats.into_iter().map(beat).collect(),
        messages: messages.into_iter().map(message).collect(),
    })
}

/// Asks its runner to restart or stop it.
pub(super) async fn command(desk: &Desk, request: AgentCommand) -> Result<AgentView, DeskError> {
    let action = Action::of(&request.action)
        .ok_or_else(|| invalid("action", format!("Write `restart` or `stop`, not `{}`.", request.action)))?;
    change(desk, who(request.account, request.name), move |recorder, (account, name)| {
        fleet::ask(recorder, account, name, action)
    })
    .await
}

pub(super) async fn budget(desk: &Desk, request: AgentBudget) -> Result<AgentView, DeskError> {
    let amount = request.day_cost_usd;
    if amount.is_some_and(|amount| !(0.0..=BUDGET_MAX_USD).contains(&amount)) {
        return Err(invalid(
            "day_cost_usd",
            "A day's budget is an amount from 0 to 1,000,000 dollars, or null for none.",
        ));
    }
    change(desk, who(request.account, request.name), move |recorder, (account, name)| {
        fleet::budget(recorder, account, name, amount)
    })
    .await
}

/// Says what is expected of it.
pub(super) async fn watch(desk: &Desk, request: AgentWatch) -> Result<AgentView, DeskError> {
    let length = |field: &'static str, seconds: Option<f64>, least: f64| match seconds {
        None => Ok(None),
        Some(seconds) if (least..=DAY_S).contains(&seconds) => Ok(Some((seconds * 1_000.0).round() as u64)),
        Some(_) => Err(invalid(field, format!("Write a length in seconds from {least} to 86,400, or null."))),
    };
    let watch = fleet::AgentWatch {
        interval_ms: length("interval_seconds", request.interval_seconds, 1.0)?,
        grace_ms: length("grace_seconds", request.grace_seconds, 0.0)?,
        progress_within_ms: length("progress_within_seconds", request.progress_within_seconds, 1.0)?,
        alert: request.alert,
        restart: request.restart,
    };
    if watch.grace_ms.is_some() && watch.interval_ms.is_none() {
        return Err(invalid("interval_seconds", "Say how often it beats; a grace is how late a beat may be."));
    }
    let watch = Some(watch).filter(|watch| *watch != fleet::AgentWatch::learnt());
    change(desk, who(request.account, request.name), move |recorder, (account, name)| {
        fleet::watch(recorder, account, name, watch)
    })
    .await
}

pub(super) async fn forget(desk: &Desk, request: AgentRef) -> Result<Agents, DeskError> {
    let who = who(request.account, request.name);
    Fleet::load(desk).await?.find(&who)?;
    record(desk, move |recorder| fleet::forget(recorder, &who.0, &who.1)).await?;
    list(desk, Nothing {}).await
}

fn who(account: Option<String>, name: String) -> Who {
    (account.map_or(AccountId::OWNER, AccountId), name)
}

/// Changes an agent that there is, and shows it.
async fn change(
    desk: &Desk,
    who: Who,
    work: impl FnOnce(&Recorder<'_>, &Who) -> Result<Result<(), Refused>, StoreError> + Send + 'static,
) -> Result<AgentView, DeskError> {
    Fleet::load(desk).await?.find(&who)?;
    let of = who.clone();
    record(desk, move |recorder| work(recorder, &of)).await?;
    Ok(Fleet::load(desk).await?.shown(&who))
}

async fn record(
    desk: &Desk,
    work: impl FnOnce(&Recorder<'_>) -> Result<Result<(), Refused>, StoreError> + Send + 'static,
) -> Result<(), DeskError> {
    let refused = |refused: Refused| match refused {
        Refused::NotThere(message) => DeskError { code: "not_found".to_owned(), message, field: None },
        Refused::No(message) => DeskError { code: "refused".to_owned(), message, field: None },
    };
    desk.handle.record(work).await.map_err(|trouble: Trouble| DeskError::from(trouble))?.map_err(refused)
}

/// Everything that the views are made of, read once.
struct Fleet {
    now: Ms,
    /// Whoever beats, is named or has an address; None: nothing of its own is known.
    known: BTreeMap<Who, Option<Agent>>,
    cues: Vec<Cue>,
    addresses: Vec<(Who, KnownAddress)>,
    days: Vec<DaySum>,
    /// What their runs, and their telemetry outside of any, used today.
    used: BTreeMap<Who, AgentSpent>,
    /// By agent.
    minutes: Vec<MinuteSum>,
    commands: Vec<Command>,
    /// When nobody listened since the oldest of their newest beats.
    away: Vec<Band>,
    /// Of agents with a live run, the newest.
    live: BTreeMap<Who, String>,
}

impl Fleet {
    async fn load(desk: &Desk) -> Result<Fleet, DeskError> {
        let (reader, now) = (desk.handle.reader(), desk.handle.now());
        let zone = desk.facts.timezone.parse().unwrap_or(Tz::UTC);
        let (mut cues, _) = reader.cues(None, None, CUES_MAX, 0).await?;
        cues.retain(|cue| !cue.definition.agent.is_empty());
        let named = cues.iter().map(|cue| ((cue.definition.account.clone(), cue.definition.agent.clone()), None));
        let mut known: BTreeMap<Who, Option<Agent>> = named.collect();
        let agents = reader.agents(None).await?;
        known.extend(agents.into_iter().map(|agent| ((agent.account.clone(), agent.name.clone()), Some(agent))));
        for (account, agent) in reader.agents_apart(Ms(now.0 - APART_KEPT_MS)).await? {
            known.entry((AccountId(account), agent)).or_insert(None);
        }
        let addresses = reader.addresses(None).await?.into_iter();
        let addresses: Vec<_> = addresses.map(|address| (agent_of(&address, &known), address)).collect();
        for (who, _) in &addresses {
            known.entry(who.clone()).or_default();
        }
        let beats = known.values().flatten().filter(|agent| Armed::of(agent).is_some());
        let oldest = beats.filter_map(|agent| agent.last.as_ref().map(|last| last.at)).min();
        let away = match oldest {
            Some(oldest) => reader.bands(oldest, now).await?,
            None => Vec::new(),
        };
        let today = fleet::day_of(now, zone).to_string();
        let used = reader.spent_on(today.clone()).await?.into_iter();
        let used = used.map(|spent| ((AccountId(spent.account.clone()), spent.agent.clone()), spent)).collect();
        Ok(Fleet {
            now,
            away,
            used,
            live: live_runs(desk).await?,
            known,
            cues,
            addresses,
            days: reader.agent_days(today).await?,
            minutes: reader.agent_minutes(now).await?,
            commands: reader.agent_commands(now.minus(RESTARTS_OF_MS)).await?,
        })
    }

    /// Its beats' side, if it has one.
    fn find(&self, who: &Who) -> Result<Option<&Agent>, DeskError> {
        let agent = self.known.get(who).ok_or_else(|| not_found(&format!("agent named {}", who.1)))?;
        Ok(agent.as_ref())
    }

    fn shown(&self, who: &Who) -> AgentView {
        let (account, name) = who;
        let unheard = Agent::named(account.clone(), name);
        let agent = self.known.get(who).and_then(Option::as_ref).unwrap_or(&unheard);
        let today = self.days.iter().find(|sum| sum.agent == agent.id);
        let spent = of_agent(self.used.get(who), today.copied().unwrap_or_default(), agent.tells_cost);
        let last = agent.last.as_ref();
        let (pulse, tokens) = self.hour(agent.id);
        let commands = || self.commands.iter().filter(|command| command.agent == agent.id);
        let restarts =
            commands().filter(|command| command.action == Action::Restart && command.state == CommandState::Completed);
        let addresses = || self.addresses.iter().filter(|(of, _)| of == who).map(|(_, address)| address);
        let cues = self.cues.iter().filter(|cue| (&cue.definition.account, &cue.definition.agent) == (account, name));
        AgentView {
            name: name.clone(),
            account: (*account != AccountId::OWNER).then(|| account.0.clone()),
            state: agent.state(self.now).word().to_owned(),
            words: agent.words(self.now),
            last_beat_ms: last.map(|last| last.at.0),
            message: last.and_then(|last| last.message.clone()),
            kind: agent.kind.clone(),
            tokens_today: spent.tokens.unwrap_or(0),
            cost_today_usd: spent.cost_usd,
            day_cost_usd: agent.day_cost_usd,
            memory_mb: agent.memory_mb,
            memory_rise: agent.memory.rise().map(|rise| MemoryRise { since_ms: rise.since.0, from_mb: rise.from_mb }),
            iterations: agent.iterations,
            pulse,
            tokens,
            restarts: u32::try_from(restarts.count()).unwrap_or(u32::MAX),
            runner: agent
                .runner
                .as_ref()
                .map(|runner| RunnerView { kind: runner.kind.clone(), target: runner.target.clone() }),
            commands: commands().take(COMMANDS_SHOWN).map(command_view).collect(),
            cues: cues.map(cue_view).collect(),
            address: addresses().next().map(|address| address.id.clone()),
            unread: addresses().map(|address| address.unread).sum(),
            watch: agent.watch.as_ref().map(expects),
            usual_gap_ms: agent.usual_gap_known_ms(),
            due_ms: Armed::of(agent).map(|armed| armed.lost_due(self.now, &self.away).0),
            progress_at_ms: agent.progress_at.map(|at| at.0),
            lost_since_ms: agent.lost_at.and(last).map(|last| last.at.0),
            no_progress_since_ms: agent.stuck_at.map(|at| agent.stands_since().unwrap_or(at).0),
            tokens_usual: agent.pace.band(),
            run_id: self.live.get(who).cloned(),
        }
    }

    /// Beats and tokens of its last 60 minutes, oldest first.
    fn hour(&self, agent: u32) -> (Vec<u32>, Vec<u64>) {
        let (mut beats, mut tokens) = (vec![0; MINUTES_SHOWN], vec![0; MINUTES_SHOWN]);
        let first = fleet::minute_of(self.now) - MINUTES_SHOWN as i64 + 1;
        let begins = self.minutes.partition_point(|sum| sum.agent < agent);
        for sum in self.minutes[begins..].iter().take_while(|sum| sum.agent == agent) {
            if let Some(place) = usize::try_from(sum.minute - first).ok().filter(|place| *place < MINUTES_SHOWN) {
                (beats[place], tokens[place]) = (sum.beats, sum.tokens);
            }
        }
        (beats, tokens)
    }
}

/// The newest live run of each agent that a cue names.
async fn live_runs(desk: &Desk) -> Result<BTreeMap<Who, String>, DeskError> {
    let statuses = ["pending", "delivering", "pending_outcome", "retrying"].map(str::to_owned).into();
    let filter = RunFilter { statuses, limit: LIVE_RUNS_MAX, ..RunFilter::default() };
    let (runs, _) = desk.handle.reader().runs(filter).await?;
    let named = runs.into_iter().rev().filter(|run| run.is_live() && !run.definition.agent.is_empty());
    Ok(named.map(|run| ((run.definition.account.clone(), run.definition.agent.clone()), run.id.0)).collect())
}

fn expects(watch: &fleet::AgentWatch) -> AgentExpects {
    let fleet::AgentWatch { interval_ms, grace_ms, progress_within_ms, alert, restart } = watch.clone();
    AgentExpects { interval_ms, grace_ms, progress_within_ms, alert, restart }
}

/// The agent that is called as the address is, or as it is shown; else one of its own.
fn agent_of(address: &KnownAddress, known: &BTreeMap<Who, Option<Agent>>) -> Who {
    let named = |name: &str| (address.account.clone(), name.to_owned());
    let shown = named(&address.display_name);
    let is_shown = !known.contains_key(&named(&address.slug)) && known.contains_key(&shown);
    if is_shown { shown } else { named(&address.slug) }
}

fn message(row: ToldRow) -> MessageView {
    MessageView {
        id: row.id,
        from: row.from,
        to: row.to,
        subject: row.subject,
        body: row.body,
        state: row.state,
        at_ms: row.at.0,
    }
}

fn beat(row: BeatRow) -> BeatView {
    BeatView {
        at_ms: row.at.0,
        status: row.status.word().to_owned(),
        message: row.message,
        tokens: row.tokens,
        cost_usd: row.cost_usd,
        warning: row.warning,
    }
}

fn command_view(command: &Command) -> AgentCommandView {
    AgentCommandView {
        id: command.id.into(),
        action: command.action.word().to_owned(),
        state: command.state.word().to_owned(),
        message: command.message.clone(),
        asked_at_ms: command.asked_at.0,
        ended_at_ms: command.ended_at.map(|at| at.0),
    }
}

fn cue_view(cue: &Cue) -> CueRefView {
    CueRefView {
        id: cue.id.0.clone(),
        name: cue.definition.name.clone(),
        agent: cue.definition.agent.clone(),
        transport: cue.definition.transport.word().to_owned(),
        words: Plan::of(&cue.definition.schedule, cue.id.as_str()).map(|plan| plan.words()).unwrap_or_default(),
        deleted: false,
    }
}
