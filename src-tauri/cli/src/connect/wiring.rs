//! What each client has to be told, as lines to copy. Pure. Which client reads what is in docs/compatibility.md.

use serde_json::{Value, json};

/// One tower and one key.
pub struct Wiring<'a> {
    /// "http://127.0.0.1:8737"
    pub base: &'a str,
    pub key: &'a str,
    /// The profile that points there; None if none was written.
    pub profile: Option<&'a str>,
}

/// One client.
pub struct Client {
    name: &'static str,
    /// To copy; empty if nothing is left to do.
    set: Vec<String>,
    note: Option<String>,
}

impl Client {
    pub fn json(&self) -> Value {
        json!({ "client": self.name, "set": self.set, "note": self.note })
    }
}

impl Wiring<'_> {
    pub fn of_all(&self) -> Vec<Client> {
        let mut all = vec![self.command_line(), self.sdk(), self.worker(), self.mcp(), self.action()];
        all.extend(self.of_clevagent());
        all
    }

    pub fn of_clevagent(&self) -> Vec<Client> {
        let Wiring { base, key, .. } = self;
        let sdk = Client {
            name: "clevagent SDK",
            set: vec![format!("clevagent.init(api_key=\"{key}\", agent=\"my-agent\", endpoint=\"{base}\")")],
            note: Some(
                "0.4 and 0.5; PyPI's 0.6 is an empty package, so without an older one send the beats yourself"
                    .to_owned(),
            ),
        };
        let runner = Client {
            name: "clevagent-runner",
            set: vec![format!(
                "clevagent-runner start --endpoint {base} --api-key {key} --watch systemd:my-agent.service"
            )],
            note: None,
        };
        let plain = Client {
            name: "any program",
            set: vec![format!(
                "curl {base}/api/v1/heartbeat -H 'X-API-Key: {key}' -H 'Content-Type: application/json' -d '{{\"agent\": \"my-agent\", \"status\": \"ok\"}}'"
            )],
            note: None,
        };
        vec![sdk, runner, plain]
    }

    fn command_line(&self) -> Client {
        let Wiring { base, key, profile } = self;
        let name = "cueapi, the command line";
        match profile {
            Some("default") => Client { name, set: Vec::new(), note: Some("nothing: it reads the profile".to_owned()) },
            Some(profile) => {
                Client { name, set: vec![format!("export CUEAPI_PROFILE={}", quoted(profile))], note: None }
            }
            None => Client {
                name,
                set: vec![format!("export CUEAPI_API_BASE={base}/v1"), format!("export CUEAPI_API_KEY={key}")],
                note: None,
            },
        }
    }

    fn sdk(&self) -> Client {
        let set = vec![format!("CueAPI(\"{}\", base_url=\"{}\")", self.key, self.base)];
        Client { name: "cueapi-sdk", set, note: Some("it reads no variable".to_owned()) }
    }

    fn worker(&self) -> Client {
        let set = vec![format!("api_base: {}", self.base), format!("api_key: {}", self.key)];
        Client { name: "cueapi-worker", set, note: Some("in its YAML file; without /v1".to_owned()) }
    }

    fn mcp(&self) -> Client {
        let set = vec![format!("CUEAPI_BASE_URL={}", self.base), format!("CUEAPI_API_KEY={}", self.key)];
        Client { name: "MCP server", set, note: Some("in the `env` of its entry; without /v1".to_owned()) }
    }

    fn action(&self) -> Client {
        let set = vec![format!("CUEAPI_API_BASE={}/v1", self.base), format!("CUEAPI_API_KEY={}", self.key)];
        let note = "in the step's `env`; on a runner of this machine: the tower listens on loopback alone".to_owned();
        Client { name: "GitHub Action", set, note: Some(note) }
    }
}

/// Each client with its lines under it.
pub fn written(clients: &[Client]) -> String {
    let one = |client: &Client| {
        let note = client.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
        let lines: String = client.set.iter().map(|line| format!("\n    {line}")).collect();
        format!("{}{note}{}{lines}", client.name, if client.set.is_empty() { "" } else { ":" })
    };
    clients.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// A word for a shell: as it is, or in quotes where it must be.
pub fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:~=+,@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(wiring: &Wiring, name: &str) -> Vec<String> {
        wiring.of_all().into_iter().find(|client| client.name == name).unwrap().set
    }

    #[test]
    fn each_client_gets_the_address_in_the_form_it_reads() {
        let wiring = Wiring { base: "http://127.0.0.1:8737", key: "cue_sk_1", profile: None };
        assert_eq!(
            set(&wiring, "cueapi, the command line"),
            ["export CUEAPI_API_BASE=http://127.0.0.1:8737/v1", "export CUEAPI_API_KEY=cue_sk_1"]
        );
        assert_eq!(set(&wiring, "cueapi-sdk"), ["CueAPI(\"cue_sk_1\", base_url=\"http://127.0.0.1:8737\")"]);
        assert_eq!(set(&wiring, "cueapi-worker")[0], "api_base: http://127.0.0.1:8737");
        assert_eq!(set(&wiring, "MCP server")[0], "CUEAPI_BASE_URL=http://127.0.0.1:8737");
        assert_eq!(set(&wiring, "GitHub Action")[0], "CUEAPI_API_BASE=http://127.0.0.1:8737/v1");
        assert!(set(&wiring, "clevagent SDK")[0].ends_with("endpoint=\"http://127.0.0.1:8737\")"));
        assert!(set(&wiring, "clevagent-runner")[0].contains("--endpoint http://127.0.0.1:8737 --api-key cue_sk_1 "));
    }

    #[test]
    fn a_written_profile_saves_the_lines_of_the_command_line() {
        let here = |profile| Wiring { base: "http://127.0.0.1:8737", key: "k", profile: Some(profile) };
        assert!(set(&here("default"), "cueapi, the command line").is_empty());
        assert_eq!(set(&here("my tower"), "cueapi, the command line"), ["export CUEAPI_PROFILE='my tower'"]);
        let said = written(&here("default").of_all());
        assert!(said.starts_with("cueapi, the command line (nothing: it reads the profile)\ncueapi-sdk (it reads no variable):\n    CueAPI("), "{said}");
    }

    #[test]
    fn a_shell_reads_a_quoted_word_as_one() {
        assert_eq!(quoted("/home/me/.config/x.json"), "/home/me/.config/x.json");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
