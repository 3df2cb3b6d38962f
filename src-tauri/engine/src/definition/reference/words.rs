//! What each field of a cue is for. Ranges, words and defaults are not said here: the reader says them.

type Words = &'static [(&'static str, &'static str)];

/// By the place of an object, or, where several stand at one place, by the section's title.
const SAID: [(&str, Words); 33] = [
    (
        "",
        &[
            ("name", "What it is called: one line of 1 to 255 characters, unique"),
            ("description", "For people, up to 10 000 characters"),
            ("agent", "Whose work it is, one line; the fleet, costs and budgets go by it"),
            ("transport", "How the work reaches the agent"),
            ("schedule", "When it fires"),
            ("command", "What is started, of the transport `command`"),
            ("callback", "What is called, of the transport `webhook`"),
            ("worker", "How long a claim is good, of the transport `worker`"),
            ("payload", "What each run is given; up to 1 MiB of JSON"),
            ("retry", "How often it is tried again, and after which waits"),
            ("delivery", "How long it is waited for an answer and for the outcome"),
            (
                "confirm",
                "What ends a run well: the agent's `outcome`, its `exit_code`, the `delivery` alone, or the `checks` alone",
            ),
            ("catch_up", "What becomes of due times that nobody was there for"),
            ("overlap", "What becomes of a due time while a run is live. `skip` for what recurs, `allow` for the rest"),
            ("expect", "What the reported outcome has to show"),
            ("on_failure", "What follows a run that failed for good"),
            ("on_success_fire", "The name or id of a cue that is fired when a run ended well"),
            ("budget", "What stops a run that uses too much"),
            ("heartbeat", "Signs of life that are expected while a run works"),
            ("loops", "What becomes of a run that goes round in circles"),
            ("priority", "Among those that wait for the same pool, higher goes first"),
            ("uses", "Pools without which nothing is delivered"),
            ("preflight", "What has to hold before a delivery; at most 20"),
            ("checks", "What the tower looks at itself before it believes a success; at most 20"),
            ("verification", "CueAPI's way to ask for proof"),
            ("alerts", "When you are told of more than one run alone shows"),
            ("required_payload_keys", "Fields that the payload of each fire must have"),
            ("require_payload_override", "Each fire must bring a payload of its own"),
            ("secrets", "Secrets that its runs may ask for while they work; at most 50"),
            ("gate", "What you are asked before it happens"),
            ("retention", "How much of its past is kept"),
        ],
    ),
    (
        "schedule",
        &[
            ("type", "Which of the fields below count"),
            ("cron", "Of `recurring`: five fields, or six with the seconds last, or a word such as `@daily`"),
            ("every_seconds", "Of `interval`: real time between two fires"),
            ("at", "Of `once`: the instant, with an offset or in `timezone`. Of `interval`: what is counted from"),
            ("cue", "Of `after`: the name or id of the cue whose runs it follows"),
            ("on", "Of `after`: which end of them. `confirmed` if it is left out"),
            ("timezone", "An IANA name such as `Europe/Berlin`"),
            ("parts", "Windows of the week with a rate of their own; at most 50"),
            ("blackout", "When nothing fires; at most 100"),
            ("jitter_seconds", "Each due time comes up to so much later, always by as much"),
            ("paths", "Files that fire it when they appear or change, such as `~/inbox/*.csv`; at most 20"),
            ("next_run", "How soon and how late an agent may ask for its next run"),
        ],
    ),
    (
        "schedule.parts[0]",
        &[
            ("days", "Which days; every day if it is left out"),
            ("from", "The time of the day at which it opens, such as `09:30`"),
            ("to", "At which it closes, up to `24:00`; before `from` it reaches over midnight"),
            ("timezone", "Of the window; the schedule's if it is left out"),
            ("every_seconds", "What fires in it, counted from its beginning"),
            ("cron", "The same as an expression; neither: as outside of it"),
            ("at_once", "How many runs go at once in it"),
        ],
    ),
    (
        "schedule.blackout[0]",
        &[
            ("from", "A day such as `2026-12-24`, or an instant"),
            ("to", "The last day, or the instant at which it ends"),
        ],
    ),
    (
        "schedule.next_run",
        &[
            ("min_seconds", "What is sooner is moved to it; 60 if it is left out"),
            ("max_seconds", "What is later is moved to it; 30 days if it is left out"),
        ],
    ),
    (
        "callback",
        &[
            ("url", "What is called: http or https, no user name, no secret in it"),
            ("method", "How"),
            ("headers", "What goes along, such as `{\"Authorization\": \"Bearer {{secret:NAME}}\"}`; at most 100"),
            ("allow_private", "It may lead into your own network; this machine it may anyway"),
        ],
    ),
    (
        "command",
        &[
            ("argv", "The program and its arguments"),
            ("shell", "Or a line for the shell"),
            ("cwd", "The folder in which it starts; `~/` is your home"),
            ("env", "Variables, such as `{\"OPENAI_API_KEY\": \"{{secret:OPENAI}}\"}`; at most 100"),
            ("restart", "Whether it is started again when it ends, for an agent that lives long"),
            ("stop_grace_seconds", "Between the signal that asks it to stop and the one that ends it"),
        ],
    ),
    ("worker", &[("lease_seconds", "How long a claim is good without a sign of life")]),
    (
        "retry",
        &[
            ("max_attempts", "The first one counts"),
            ("backoff_minutes", "The wait before each further attempt; the last one repeats. 1 to 10 of them"),
            ("backoff_seconds", "The same in seconds; it counts before the other"),
            ("on_failed_outcome", "Whether a reported failure is tried again, too"),
        ],
    ),
    (
        "delivery",
        &[
            (
                "timeout_seconds",
                "For the whole answer of a web hook. Of a worker: until it is claimed (a day); of a watched agent: until its first ping (5 minutes)",
            ),
            ("connect_timeout_seconds", "Of a web hook: until the connection stands"),
            ("first_byte_timeout_seconds", "Of a web hook: until the answer begins"),
            (
                "outcome_deadline_seconds",
                "Until the outcome; no word by then is `silent`. 5 minutes after the delivery if it is left out, for as long as nothing says otherwise",
            ),
            ("unanswered", "What becomes of a web hook whose answer never came: wait for its outcome, or try again"),
        ],
    ),
    (
        "catch_up",
        &[
            ("policy", "`latest` runs the newest once, `all` runs each, `none` runs none, `ask` waits for your word"),
            (
                "within_seconds",
                "What is older is not caught up on; half the gap to the next one, 12 h at most, if it is left out",
            ),
        ],
    ),
    (
        "expect",
        &[
            ("min_processed", "The outcome's `processed` is at least this"),
            ("max_error_rate", "`errors` in relation to `processed` is at most this"),
            ("max_duration_seconds", "It took no longer"),
            ("evidence", "Fields that the outcome must have, such as `result_url` or `summary`"),
            ("assert", "Expressions over the outcome, such as `processed >= expected`; at most 20"),
        ],
    ),
    (
        "verification",
        &[
            ("mode", "What is asked for; `manual` waits for your word"),
            ("required_assertions", "Names that the outcome must assert; at most 100"),
        ],
    ),
    (
        "Looked at before a delivery: preflight",
        &[
            ("check", "The kind"),
            ("timeout_seconds", "What takes longer does not hold"),
            ("on_fail", "`hold` waits until it holds, `fail` ends the run"),
        ],
    ),
    (
        "Looked at before a success is believed: checks",
        &[("check", "The kind; also `manual`"), ("timeout_seconds", "What takes longer does not hold")],
    ),
    (
        "A check of the kind file",
        &[
            ("path", "Which; relative in the folder of the cue's command alone"),
            ("newer_than_fire", "It was written after the run was due"),
            ("min_lines", "It has so many lines, or as many as `{{outcome.processed}}` says"),
            ("sha256", "It is this very file"),
            ("matches", "A regular expression that its text matches"),
        ],
    ),
    (
        "A check of the kind url",
        &[
            ("url", "What is asked, with GET"),
            ("headers", "What goes along"),
            ("allow_private", "It may lead into your own network"),
            ("status", "What it has to answer; any 2xx if it is left out"),
            ("body_matches", "A regular expression that its answer matches"),
        ],
    ),
    (
        "A check of the kind command",
        &[
            ("argv", "The program and its arguments"),
            ("shell", "Or a line for the shell"),
            ("cwd", "The folder in which it starts"),
            ("env", "Variables; secrets are filled in"),
        ],
    ),
    (
        "A check of the kind sql",
        &[
            ("sqlite", "The path of a database file"),
            ("postgres", "Or an address, whose password is a `{{secret:NAME}}`"),
            ("query", "What is asked, read-only. `{{run.due}}` and its like are filled in"),
            ("equals", "What it has to give, or `{{outcome.processed}}`"),
            ("at_least", "Or the least that it has to give"),
            ("at_most", "Or the most"),
        ],
    ),
    (
        "A check of the kind git",
        &[
            ("repo", "The folder"),
            ("clean", "Nothing in it is changed or not committed"),
            ("remote", "The branch is there as it is here, at this remote"),
            ("new_commit", "There is a commit that was not there when the run began"),
        ],
    ),
    (
        "A check of the kind disk",
        &[
            ("path", "A folder on that disk"),
            ("free_gb", "So many billion bytes"),
            ("free_mb", "Or so many million bytes"),
        ],
    ),
    ("A check of the kind memory", &[("free_gb", "So many billion bytes"), ("free_mb", "Or so many million bytes")]),
    ("A check of the kind secret", &[("name", "Which; its value is not looked at")]),
    (
        "on_failure",
        &[
            ("pause", "The cue is paused"),
            ("email", "Your mail channels hear of it; alerts are shown all the same"),
            ("webhook", "An address that is told of it"),
            ("fallback_cue", "The name or id of a cue that is fired with its payload"),
        ],
    ),
    (
        "budget.run",
        &[
            ("duration_seconds", "How long it may take"),
            ("cost_usd", "What it may cost"),
            ("tokens", "How many tokens it may use"),
            ("steps", "How many steps it may begin"),
        ],
    ),
    ("budget.day", &[("cost_usd", "What all runs of one day may cost"), ("tokens", "How many tokens they may use")]),
    ("budget", &[("run", "Of each run"), ("day", "Of all its runs of one day")]),
    (
        "heartbeat",
        &[
            ("interval_seconds", "How often a sign of life is expected"),
            ("grace_seconds", "How late it may be"),
            ("start_grace_seconds", "How late the first one may be"),
            ("progress_within_seconds", "How long the reported progress may stand still"),
            ("restart", "A command that keeps quiet is started again"),
        ],
    ),
    (
        "alerts",
        &[
            ("consecutive_failures", "So many failed runs in a row are an alert of their own"),
            ("missed_window_multiplier", "So many due times in a row that were missed are one"),
        ],
    ),
    (
        "uses[0]",
        &[
            ("pool", "Its name"),
            ("weight", "How many permits a run takes"),
            ("tokens", "How many tokens it will use, by your estimate"),
        ],
    ),
    (
        "secrets[0]",
        &[
            ("name", "As it is called in the vault"),
            ("tools", "The only tools that may have it; all if it is left out"),
        ],
    ),
    (
        "gate",
        &[
            ("before_delivery", "You say yes before anything is started"),
            ("before_confirmation", "You look at the result before it counts"),
            ("steps", "Keys or names of steps that begin with your yes alone; at most 50"),
            ("deadline_seconds", "When it is decided without you"),
            ("on_no_answer", "How it is decided then"),
        ],
    ),
    (
        "retention",
        &[("days", "Runs that were due within so many days are kept"), ("runs", "The newest so many are kept")],
    ),
];

/// The words for a field; None: there are none yet.
pub(super) fn found(at: &str, title: &str, field: &str) -> Option<&'static str> {
    let of = SAID.iter().filter(|(section, _)| *section == title || *section == at);
    of.flat_map(|(_, fields)| *fields).find(|(name, _)| *name == field).map(|(_, says)| *says)
}

pub(super) fn said(at: &str, title: &str, field: &str) -> &'static str {
    found(at, title, field).unwrap_or_else(|| panic!("say in {} what `{field}` of {title} is for", file!()))
}

/// Every section with the fields that are described.
pub(super) fn described() -> impl Iterator<Item = (&'static str, impl Iterator<Item = &'static str>)> {
    SAID.iter().map(|(section, fields)| (*section, fields.iter().map(|(name, _)| *name)))
}
