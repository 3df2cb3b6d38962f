//! `channel …` and `beacon …`: ways to reach you, and the ping that stops when the tower does. Secrets go in and never come out.

use cuetower_engine::desk::wire::{ChannelTested, ChannelView, Channels};
use serde_json::{Value, json};

use crate::args::{BeaconCommand, ChannelCommand, ChannelSetArgs, channel_word as word};
use crate::owner::Owner;
use crate::secrets::typed;
use crate::show::{Zone, say, say_json, table};

pub async fn obey(owner: &Owner, what: ChannelCommand, as_json: bool) -> Result<(), String> {
    if let ChannelCommand::Test { name } = &what {
        return test(owner, name, as_json).await;
    }
    let answer: Channels = match &what {
        ChannelCommand::Set(args) => set(owner, args).await?,
        ChannelCommand::Rm { name } => owner.ask("channel_remove", json!({ "name": name })).await?,
        ChannelCommand::List | ChannelCommand::Test { .. } => owner.ask("channels", json!({})).await?,
    };
    if as_json {
        say_json(&json!(answer));
        return Ok(());
    }
    match what {
        ChannelCommand::Set(args) => {
            let target = answer.channels.iter().find(|channel| channel.name == args.name.trim());
            let target = target.map(|channel| channel.target.as_str()).unwrap_or_default();
            say(&format!("{} leads to {target}. Try it: cuetowerctl channel test {}", args.name, args.name));
        }
        ChannelCommand::Rm { name } => say(&format!("{name} is gone.")),
        ChannelCommand::List | ChannelCommand::Test { .. } => say(&listed(&answer)),
    }
    Ok(())
}

async fn test(owner: &Owner, name: &str, as_json: bool) -> Result<(), String> {
    let tested: ChannelTested = owner.ask("channel_test", json!({ "name": name })).await?;
    if as_json {
        say_json(&json!(tested));
    }
    match tested.ok {
        true if as_json => Ok(()),
        true => {
            say(&format!("A note was sent: {}.", tested.words));
            Ok(())
        }
        false => Err(format!("{name} does not get through: {}.", tested.words)),
    }
}

/// What is not named stays as it is.
async fn set(owner: &Owner, args: &ChannelSetArgs) -> Result<Channels, String> {
    let before: Channels = owner.ask("channels", json!({})).await?;
    let known = before.channels.iter().find(|channel| channel.name == args.name.trim());
    let kind = args.kind.map(word).or_else(|| known.map(|channel| channel.kind.clone()));
    let Some(kind) = kind else {
        return Err(format!(
            "There is no channel `{}` yet, so say of what kind it is: cuetowerctl channel set {} slack --url-stdin",
            args.name, args.name
        ));
    };
    let url = if args.url_stdin { Some(typed("The address")?) } else { args.url.clone() };
    let secret = args.secret_stdin.then(|| typed("The secret")).transpose()?;
    let kinds = match &args.kinds {
        Some(kinds) if kinds.iter().any(|kind| kind == "all") => Vec::new(),
        Some(kinds) => kinds.clone(),
        None => known.map(|channel| channel.kinds.clone()).unwrap_or_default(),
    };
    let severity = args.min_severity.map(word).or_else(|| known.map(|channel| channel.min_severity.clone()));
    let mut request = json!({
        "name": args.name,
        "kind": kind,
        "on": args.on || !args.off && known.is_none_or(|channel| channel.on),
        "min_severity": severity,
        "kinds": kinds,
        "escalation": args.escalation.unwrap_or_else(|| known.is_some_and(|channel| channel.escalation)),
        "url": url,
    });
    match kind.as_str() {
        "pagerduty" => request["routing_key"] = json!(secret),
        "ntfy" | "webhook" => request["token"] = json!(secret),
        "email" => request["smtp"] = smtp(args, known, secret)?,
        _ if secret.is_some() => return Err("This kind of channel has no secret besides its address.".to_owned()),
        _ => {}
    }
    owner.ask("channel_set", request).await
}

fn smtp(args: &ChannelSetArgs, known: Option<&ChannelView>, password: Option<String>) -> Result<Value, String> {
    let known = known.and_then(|channel| channel.smtp.as_ref());
    let (host, port) = match (&args.mail.smtp, known) {
        (Some(written), _) => {
            let (host, port) =
                written.rsplit_once(':').ok_or("Write the server as HOST:PORT, such as smtp.example.com:587.")?;
            (host.to_owned(), port.parse::<u16>().map_err(|_| format!("{port} is no port."))?)
        }
        (None, Some(known)) => (known.host.clone(), known.port),
        (None, None) => return Err("Name the mail server: --smtp smtp.example.com:587.".to_owned()),
    };
    let or_known = |written: &Option<String>, known: Option<&String>, flag: &str| {
        written.clone().or_else(|| known.cloned()).ok_or_else(|| format!("A mail channel needs {flag}."))
    };
    Ok(json!({
        "host": host,
        "port": port,
        "tls": args.mail.tls.map(word).or_else(|| known.map(|smtp| smtp.tls.clone())).unwrap_or_else(|| "starttls".to_owned()),
        "user": args.mail.user.clone().or_else(|| known.and_then(|smtp| smtp.user.clone())),
        "password": password,
        "from": or_known(&args.mail.from, known.map(|smtp| &smtp.from), "--from")?,
        "to": or_known(&args.mail.to, known.map(|smtp| &smtp.to), "--to")?,
    }))
}

fn listed(answer: &Channels) -> String {
    if answer.channels.iter().all(|channel| channel.kind == "native") {
        return "Alerts reach you on this machine alone. Add a way: cuetowerctl channel set ops slack --url-stdin"
            .to_owned();
    }
    let zone = Zone::of_machine();
    let row = |channel: &ChannelView| {
        let what = match (channel.on, channel.escalation) {
            (false, _) => "off".to_owned(),
            (true, true) => format!("{} and worse, unseen", channel.min_severity),
            (true, false) => format!("{} and worse", channel.min_severity),
        };
        let waiting = if channel.waiting > 0 { format!(", {} waiting", channel.waiting) } else { String::new() };
        [
            channel.name.clone(),
            channel.kind.clone(),
            channel.target.clone(),
            what,
            format!("{}{waiting}", channel.state),
            zone.maybe(channel.last_told_ms),
        ]
    };
    let rows: Vec<_> = answer.channels.iter().map(row).collect();
    let mut said = table(["NAME", "KIND", "LEADS TO", "HEARS OF", "STATE", "LAST TOLD"], &rows);
    for channel in answer.channels.iter().filter(|channel| channel.state == "failing") {
        said += &format!("\n{} does not get through: {}", channel.name, channel.words);
    }
    said
}

pub async fn beacon(owner: &Owner, what: BeaconCommand, as_json: bool) -> Result<(), String> {
    let answer: Channels = match &what {
        BeaconCommand::Show => owner.ask("channels", json!({})).await?,
        BeaconCommand::Off => owner.ask("beacon_set", json!({ "url": null })).await?,
        BeaconCommand::Set { url, every } => {
            let url = if url == "-" { typed("The address")? } else { url.clone() };
            owner.ask("beacon_set", json!({ "url": url, "every_seconds": every })).await?
        }
    };
    if as_json {
        say_json(&json!(answer.beacon));
        return Ok(());
    }
    let Some(beacon) = answer.beacon else {
        say("No beacon goes out. Set one: cuetowerctl beacon set https://hc-ping.com/…");
        return Ok(());
    };
    let went = match (beacon.words.as_str(), beacon.last_ok_ms) {
        ("", _) => "The first is on its way.".to_owned(),
        (words, Some(at)) => format!("The last that got through went at {}; {words}.", Zone::of_machine().at(at)),
        (words, None) => format!("None got through since the tower started: {words}."),
    };
    say(&format!(
        "A request goes to {} every {} s for as long as the tower lives. {went}",
        beacon.url, beacon.every_seconds
    ));
    Ok(())
}
