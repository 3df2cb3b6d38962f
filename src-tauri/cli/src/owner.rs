//! The owner's way to a running tower: finds it by its data folder, and asks it over the owner's door.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cuetower_engine::desk::wire::{Board, CueView, DeskError};
use reqwest::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::presence;
use crate::tower::Options;

/// A tower answers in milliseconds; a vault that waits for its password takes longer.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// What the tower did not do.
pub struct Refused {
    /// A word a program can match, if it was the tower that refused.
    pub code: Option<String>,
    /// One sentence for a person.
    pub message: String,
}

impl From<String> for Refused {
    fn from(message: String) -> Refused {
        Refused { code: None, message }
    }
}

/// Speaks to one running tower as its owner.
pub struct Owner {
    base: String,
    token: String,
    http: reqwest::Client,
    /// Its data folder, for files that are the owner's alone.
    pub folder: PathBuf,
}

impl Owner {
    /// # Errors
    /// A sentence that says how to start a tower, if none runs on the folder.
    pub fn of_tower_on(data: Option<PathBuf>) -> Result<Owner, String> {
        let named = data.is_some();
        let folder = Options { data, ..Options::default() }.folder().map_err(|error| error.to_string())?;
        // Asked first: what a killed tower left behind may lead to somebody else by now.
        if !presence::is_held(&folder) {
            return Err(no_tower(&folder, named));
        }
        let Some((doors, token)) = presence::doors(&folder) else {
            return Err(format!("The tower on {} is starting or stopping. Try again in a second.", folder.display()));
        };
        let Some(base) = doors.desk else {
            let pid = doors.pid;
            return Err(format!(
                "The tower on {} (process {pid}) has its owner's door shut. Start it with --desk 127.0.0.1:0.",
                folder.display()
            ));
        };
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER_LIMIT)
            .build()
            .map_err(|error| format!("The program could not begin: {error}."))?;
        Ok(Owner { base, token, http, folder })
    }

    /// Runs one command of the owner's list.
    pub async fn call(&self, command: &str, request: &Value) -> Result<Value, String> {
        self.call_coded(command, request).await.map_err(|refused| refused.message)
    }

    /// The same, for whom it matters why it was refused.
    pub async fn call_coded(&self, command: &str, request: &Value) -> Result<Value, Refused> {
        // A command is one word; anything else would be another route.
        if command.is_empty() || !command.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            return Err(format!("There is no command `{command}`.").into());
        }
        self.post(&format!("/rpc/{command}"), request.to_string()).await
    }

    /// The same, read as what the command answers with.
    pub async fn ask<T: DeserializeOwned>(&self, command: &str, request: Value) -> Result<T, String> {
        let answer = self.call(command, &request).await?;
        serde_json::from_value(answer).map_err(|error| {
            format!(
                "The tower is of another version than this program: its answer to {command} does not fit ({error})."
            )
        })
    }

    /// The same, of something that takes as long as there is much of it.
    pub async fn ask_for_long<T: DeserializeOwned>(&self, command: &str, request: Value) -> Result<T, String> {
        let patient = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        let http = patient.map_err(|error| format!("The program could not begin: {error}."))?;
        let patient = Owner { http, base: self.base.clone(), token: self.token.clone(), folder: self.folder.clone() };
        patient.ask(command, request).await
    }

    /// A fresh link to the window.
    pub async fn link(&self) -> Result<String, String> {
        #[derive(Deserialize)]
        struct Link {
            link: String,
        }
        let answer = self.post("/ticket", String::new()).await.map_err(|refused| refused.message)?;
        let link = serde_json::from_value::<Link>(answer);
        link.map(|link| link.link).map_err(|error| format!("The tower's link could not be read: {error}."))
    }

    /// Every cue there is.
    pub async fn cues(&self) -> Result<Vec<CueView>, String> {
        // A board of one millisecond: the lanes' heads without their marks.
        Ok(self.ask::<Board>("board", json!({ "from_ms": 0, "to_ms": 1 })).await?.cues)
    }

    /// The cue of that name or id; of a name that several accounts use, your own comes first.
    pub async fn cue(&self, named: &str) -> Result<CueView, String> {
        let mut cues = self.cues().await?;
        let own = |cue: &CueView| cue.name == named && cue.account.is_none();
        let at = cues.iter().position(|cue| cue.id == named).or_else(|| cues.iter().position(own));
        let at = at.or_else(|| cues.iter().position(|cue| cue.name == named));
        let at = at.ok_or_else(|| format!("There is no cue `{named}`. `cuetowerctl cue list` names them."))?;
        Ok(cues.swap_remove(at))
    }

    async fn post(&self, path: &str, body: String) -> Result<Value, Refused> {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let sent = request.header("content-type", "application/json").body(body).send().await;
        match sent {
            Ok(response) => read(response).await,
            Err(error) => Err(format!("The tower at {} did not answer: {}.", self.base, root_of(&error)).into()),
        }
    }
}

async fn read(response: Response) -> Result<Value, Refused> {
    let status = response.status();
    let text = response.text().await.map_err(|error| format!("The tower's answer broke off: {}.", root_of(&error)))?;
    if status.is_success() {
        return serde_json::from_str(&text).map_err(|error| format!("The tower's answer is not JSON: {error}.").into());
    }
    Err(match serde_json::from_str::<DeskError>(&text) {
        Ok(DeskError { code, message, field: Some(field) }) if code == "invalid" && !message.contains(&field) => {
            Refused { code: Some(code), message: format!("{field}: {message}") }
        }
        Ok(DeskError { code, message, .. }) => Refused { code: Some(code), message },
        Err(_) => format!("The tower answered with {status}.").into(),
    })
}

pub fn no_tower(folder: &Path, named: bool) -> String {
    let start =
        if named { format!("cuetowerctl serve --data {}", folder.display()) } else { "cuetowerctl serve".to_owned() };
    format!("No tower runs on {}. Start one with `{start}`, or open Cuetower.", folder.display())
}

/// What went wrong at the bottom; reqwest's own words name the address only.
pub fn root_of(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).last().map(ToString::to_string).unwrap_or_default()
}
