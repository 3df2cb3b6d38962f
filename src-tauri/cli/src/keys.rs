//! `key …`: keys of the agents' door, one for each program; each is printed once, when it is made.

use cuetower_engine::desk::wire::{AccountView, Key, KeyView, Keys};
use serde_json::json;

use crate::args::KeyCommand;
use crate::owner::Owner;
use crate::show::{Zone, say, say_json, table};

pub async fn obey(owner: &Owner, what: KeyCommand, as_json: bool) -> Result<(), String> {
    match what {
        KeyCommand::Add { name, scopes, agent, own_cues, expires } => {
            let request = json!({
                "name": name, "scopes": scopes, "agent": agent, "own_cues": own_cues, "expires_in_days": expires,
            });
            let answer: Key = owner.ask("key_add", request).await?;
            shown_once(&answer, &format!("The key of {name}; it is not shown again:"), as_json);
            Ok(())
        }
        KeyCommand::Rotate { id, grace } => {
            let answer: Key = owner.ask("key_rotate", json!({ "id": id, "grace_hours": grace })).await?;
            let old = match grace {
                0 => "the old one opens nothing any more".to_owned(),
                1 => "the old one is good for one more hour".to_owned(),
                hours => format!("the old one is good for {hours} more hours"),
            };
            shown_once(&answer, &format!("The new key; {old}. It is not shown again:"), as_json);
            Ok(())
        }
        KeyCommand::List => {
            let answer: Keys = owner.ask("keys", json!({})).await?;
            if as_json {
                say_json(&json!(answer));
            } else {
                list(&answer);
            }
            Ok(())
        }
        KeyCommand::Rm { id } => {
            let answer: Keys = owner.ask("key_remove", json!({ "id": id })).await?;
            if as_json {
                say_json(&json!(answer));
            } else {
                say(&format!("The key {id} opens nothing any more."));
            }
            Ok(())
        }
    }
}

fn shown_once(answer: &Key, words: &str, as_json: bool) {
    if as_json {
        say_json(&json!({ "key": answer.key }));
    } else {
        eprintln!("{words}");
        say(&answer.key);
    }
}

fn list(keys: &Keys) {
    let zone = Zone::of_machine();
    let whose = |key: &KeyView| {
        let account = key.account.as_ref()?;
        keys.accounts.iter().find(|known| known.id == *account).map(|known| known.email.clone())
    };
    let row = |key: &KeyView| {
        let since = match (key.rotated_at_ms, key.grace_until_ms) {
            (Some(at), None) => format!("renewed {}", zone.at(at)),
            (Some(_), Some(until)) => format!("renewed, good until {}", zone.at(until)),
            (None, _) => zone.at(key.created_at_ms),
        };
        let agent = key.agent.clone().unwrap_or_default();
        [
            key.name.clone(),
            format!("{}…", key.prefix),
            key.scopes.join(" "),
            if key.own_cues { format!("{agent} (own cues)") } else { agent },
            whose(key).unwrap_or_default(),
            since,
            key.expires_at_ms.map(|at| zone.at(at)).unwrap_or_default(),
            key.last_seen_ms.map_or_else(|| "never".to_owned(), |at| zone.at(at)),
            key.id.clone(),
        ]
    };
    let rows: Vec<_> = keys.keys.iter().map(row).collect();
    say(&table(["NAME", "KEY", "MAY", "AGENT", "ACCOUNT", "SINCE", "UNTIL", "LAST SEEN", "ID"], &rows));
    if !keys.accounts.is_empty() {
        let row = |account: &AccountView| {
            [account.email.clone(), zone.at(account.created_at_ms), account.cues.to_string(), account.id.clone()]
        };
        let rows: Vec<_> = keys.accounts.iter().map(row).collect();
        say("");
        say(&table(["REGISTERED", "SINCE", "CUES", "ID"], &rows));
    }
}
