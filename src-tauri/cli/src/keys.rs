//! `key …`: keys of the agents' door, one for each program; each is printed once, when it is made.

use cuetower_engine::desk::wire::{AccountView, Key, KeyView, Keys};
use serde_json::json;

use crate::args::KeyCommand;
use crate::owner::Owner;
use crate::show::{Zone, say, say_json, table};

pub async fn obey(owner: &Owner, what: KeyCommand, as_json: bool) -> Result<(), String> {
    match what {
        KeyCommand::Add { name, scopes } => {
            let answer: Key = owner.ask("key_add", json!({ "name": name, "scopes": scopes })).await?;
            if as_json {
                say_json(&json!({ "key": answer.key }));
            } else {
                eprintln!("The key of {name}; it is not shown again:");
                say(&answer.key);
            }
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

fn list(keys: &Keys) {
    let zone = Zone::of_machine();
    let whose = |key: &KeyView| {
        let account = key.account.as_ref()?;
        keys.accounts.iter().find(|known| known.id == *account).map(|known| known.email.clone())
    };
    let row = |key: &KeyView| {
        let since = match key.rotated_at_ms {
            Some(at) => format!("renewed {}", zone.at(at)),
            None => zone.at(key.created_at_ms),
        };
        [
            key.name.clone(),
            format!("{}…", key.prefix),
            key.scopes.join(" "),
            whose(key).unwrap_or_default(),
            since,
            key.id.clone(),
        ]
    };
    let rows: Vec<_> = keys.keys.iter().map(row).collect();
    say(&table(["NAME", "KEY", "MAY", "ACCOUNT", "SINCE", "ID"], &rows));
    if !keys.accounts.is_empty() {
        let row = |account: &AccountView| {
            [account.email.clone(), zone.at(account.created_at_ms), account.cues.to_string(), account.id.clone()]
        };
        let rows: Vec<_> = keys.accounts.iter().map(row).collect();
        say("");
        say(&table(["REGISTERED", "SINCE", "CUES", "ID"], &rows));
    }
}
