//! `import cueapi`: copies the cues of a running CueAPI server (`source`), each read as ours (`mapping`, `headers`), through
//! the owner's door (`making`). Nothing is changed at the other server.

mod headers;
mod making;
mod mapping;
mod source;

use cuetower_core::Ms;
use cuetower_engine::desk::wire::TowerStatus;
use serde_json::{Value, json};

use self::making::Making;
use self::mapping::{LeftOut, Mapped};
use self::source::Source;
use crate::args::{ImportArgs, ImportCommand};
use crate::owner::Owner;
use crate::secrets;
use crate::show::{say, say_json, table};

/// What became of one cue.
struct Line {
    source_id: String,
    name: String,
    words: String,
    transport: String,
    paused: bool,
    became: Became,
    notes: Vec<String>,
    secrets: Vec<String>,
}

enum Became {
    /// With its id here; None in a dry run.
    Made(Option<String>),
    /// A cue of that name was there.
    There,
    LeftOut(String),
    /// Nothing is lost by it.
    Past(String),
}

impl Became {
    fn word(&self) -> &'static str {
        match self {
            Became::Made(Some(_)) => "made",
            Became::Made(None) => "would be made",
            Became::There => "there already",
            Became::LeftOut(_) | Became::Past(_) => "left out",
        }
    }
}

pub async fn obey(owner: &Owner, what: ImportCommand, as_json: bool) -> Result<(), String> {
    let ImportCommand::Cueapi(args) = what;
    let source = Source::at(&args.base, key(&args)?)?;
    let status: TowerStatus = owner.ask("tower_status", json!({})).await?;
    if source.base() == status.agents_url {
        return Err(format!("{} is this tower: its cues are here already.", source.base()));
    }
    let cues = source.cues().await?;
    let (mut mapped, mut lines) = (Vec::new(), Vec::new());
    // Oldest first, so that the list here has the order of the list there.
    for cue in cues.iter().rev() {
        match mapping::read(cue, Ms(status.now_ms)) {
            Ok(cue) => mapped.push(cue),
            Err(left_out) => lines.push(Line::left_out(left_out)),
        }
    }
    let making = Making::begin(owner, args.dry_run, args.paused).await?;
    lines.extend(making.all(mapped).await);
    if as_json {
        say_json(&as_value(&source, &args, &lines))
    } else {
        told(&source, &args, &lines)
    }
    let lost = lines.iter().filter(|line| matches!(line.became, Became::LeftOut(_))).count();
    match lost {
        0 => Ok(()),
        1 => Err("1 cue was left out.".to_owned()),
        more => Err(format!("{more} cues were left out.")),
    }
}

/// From --key, CUEAPI_API_KEY or whoever types it.
fn key(args: &ImportArgs) -> Result<String, String> {
    let named = args.key.clone().or_else(|| std::env::var("CUEAPI_API_KEY").ok()).filter(|key| !key.is_empty());
    match named {
        Some(key) => Ok(key.trim().to_owned()),
        None => Ok(secrets::typed(&format!("Key of {}", args.base))?.trim().to_owned()),
    }
}

impl Line {
    fn left_out(cue: LeftOut) -> Line {
        let became = if cue.is_past { Became::Past(cue.why) } else { Became::LeftOut(cue.why) };
        let [words, transport] = ["-", "-"].map(str::to_owned);
        let (notes, secrets) = (Vec::new(), Vec::new());
        Line { source_id: cue.id, name: cue.name, words, transport, paused: false, became, notes, secrets }
    }

    fn of(cue: &Mapped, paused: bool, became: Became, secrets: Vec<String>) -> Line {
        let Mapped { id, name, words, transport, notes, .. } = cue;
        let [source_id, name, words, transport] = [id, name, words, transport].map(Clone::clone);
        Line { source_id, name, words, transport, paused, became, notes: notes.clone(), secrets }
    }

    fn json(&self) -> Value {
        let (cue_id, reason) = match &self.became {
            Became::Made(id) => (id.as_ref(), None),
            Became::There => (None, Some("a cue of that name is there already")),
            Became::LeftOut(why) | Became::Past(why) => (None, Some(why.as_str())),
        };
        json!({
            "source_id": self.source_id,
            "name": self.name,
            "words": self.words,
            "transport": self.transport,
            "paused": self.paused,
            "result": self.became.word().replace(' ', "_"),
            "cue_id": cue_id,
            "reason": reason,
            "not_carried_over": self.notes,
            "secrets": self.secrets,
        })
    }

    fn row(&self) -> [String; 4] {
        let pause = if self.paused { ", paused" } else { "" };
        let became = format!("{}{pause}", self.became.word());
        [&self.name, &self.words, &self.transport, &became].map(|cell| shown(cell))
    }

    /// What a table has no room for.
    fn details(&self) -> Vec<String> {
        let why = match &self.became {
            Became::LeftOut(why) | Became::Past(why) => Some(format!("left out: {why}")),
            Became::Made(_) | Became::There => None,
        };
        let notes = self.notes.iter().filter(|_| matches!(self.became, Became::Made(_)));
        let notes = notes.map(|note| format!("not carried over: {note}"));
        let secrets = self.secrets.iter().map(|secret| format!("a header of it is kept as the secret {secret}"));
        why.into_iter().chain(notes).chain(secrets).map(|detail| shown(&format!("{}: {detail}", self.name))).collect()
    }
}

/// Another server's words do not get to move the cursor.
fn shown(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn counted(lines: &[Line]) -> [usize; 3] {
    let of = |fits: fn(&Became) -> bool| lines.iter().filter(|line| fits(&line.became)).count();
    [
        of(|became| matches!(became, Became::Made(_))),
        of(|became| matches!(became, Became::There)),
        of(|became| matches!(became, Became::LeftOut(_) | Became::Past(_))),
    ]
}

fn as_value(source: &Source, args: &ImportArgs, lines: &[Line]) -> Value {
    let [made, there, left_out] = counted(lines);
    let cues: Vec<Value> = lines.iter().map(Line::json).collect();
    json!({
        "from": source.base(),
        "dry_run": args.dry_run,
        "made": if args.dry_run { 0 } else { made },
        "there_already": there,
        "left_out": left_out,
        "cues": cues,
    })
}

fn told(source: &Source, args: &ImportArgs, lines: &[Line]) {
    if lines.is_empty() {
        say(&format!("{} has no cues for this key.", source.base()));
        return;
    }
    let rows: Vec<[String; 4]> = lines.iter().map(Line::row).collect();
    say(&table(["NAME", "WHEN", "HOW", "HERE"], &rows));
    let details: Vec<String> = lines.iter().flat_map(Line::details).collect();
    if !details.is_empty() {
        say(&format!("\n{}", details.join("\n")));
    }
    let [made, there, left_out] = counted(lines);
    let made_words = if args.dry_run { "would be made" } else { "made" };
    say(&format!("\n{made} {made_words}, {there} there already, {left_out} left out."));
    if made == 0 || args.dry_run {
        return;
    }
    say(&format!("{} is as it was: what is active there still fires there too. Pause it there.", source.base()));
    if lines.iter().any(|line| matches!(line.became, Became::Made(_)) && line.transport == "webhook") {
        say("Web hooks are signed with this tower's secret: cuetowerctl key --webhook-secret");
    }
    say("No mail is sent here: a failure is shown in the window and as a notification.");
}
