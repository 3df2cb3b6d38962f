//! The arguments, as clap reads them. What they lead to is elsewhere.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use cuetower_engine::receive::Openings;
use cuetower_engine::vault::VaultKind;

pub use crate::args_adopt::{AdoptArgs, AdoptCommand, LookArgs as AdoptLookArgs, TakeArgs};
pub use crate::args_agents::{ExecArgs, WorkerArgs};
pub use crate::args_alerts::{AlertCommand, AlertsArgs, Minutes, OrOff, ReportArgs, RulesArgs};
pub use crate::args_apply::{ApplyArgs, CueExportArgs, CueFormat, CueImportArgs};
pub use crate::args_backup::{BackupArgs, BackupCommand, RestoreArgs, RetentionCommand, SettingsArgs, SettingsCommand};
pub use crate::args_channels::{BeaconCommand, ChannelCommand, ChannelSetArgs, word as channel_word};
pub use crate::args_connect::{ConnectCommand, ConnectCueapiArgs, ImportArgs, ImportCommand};
pub use crate::args_costs::{CostsArgs, CostsBy, PriceCommand, PriceSetArgs};
pub use crate::args_cues::{CueCommand, FireArgs, LedgerArgs, LedgerCommand, PauseArgs, Word};
use crate::args_exposure::ExposureArgs;
pub use crate::args_fleet::{AgentExpected, AgentName, AgentsArgs, AgentsCommand};
pub use crate::args_fuses::{FuseCommand, FuseName, FuseSetArgs};
pub use crate::args_gates::{AnswerArgs, AnswerWord, GatesArgs, GatesCommand};
pub use crate::args_health::{DoctorArgs, SupportArgs};
pub use crate::args_keys::{KeyArgs, KeyCommand, LoginCommand};
pub use crate::args_mcp::McpArgs;
pub use crate::args_otlp::OtlpCommand;
pub use crate::args_pools::{Limit, PoolCommand, PoolSetArgs};
pub use crate::args_search::{ExportArgs, SearchArgs};
pub use crate::args_watchdog::{InstallArgs, WatchdogCommand};
use crate::tower::{Options, OwnersDoor};

#[derive(Debug, Parser)]
#[command(name = "cuetowerctl", version, about = "The control tower for a fleet of AI agents, without a window.")]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub struct Cli {
    /// The tower's data folder [default: the platform's, such as ~/.local/share/cuetower]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the tower until SIGTERM or Ctrl-C; prints a link that opens its window in a browser
    Serve(ServeArgs),
    /// Run a tower with a living demo fleet, in a data folder of its own unless --data names one
    Demo(ServeArgs),
    /// A fresh link to the running tower's window, good for one browser, once
    DeskLink,
    /// Your key for the running tower's agents' door: KEY=$(cuetowerctl key)
    Key(KeyArgs),
    /// Programs that ask to sign in, such as `cueapi login`
    Login {
        #[command(subcommand)]
        what: LoginCommand,
    },
    /// Is the running tower armed, and is what it leans on there
    Status,
    /// Pause the whole tower: nothing fires until `resume`; what runs may finish, and what is due is skipped and says why
    Pause,
    /// Have the whole tower fire again, after `pause` or `restore --paused`; one cue: `cue resume`
    Resume,
    /// Cues: standing instructions
    #[command(visible_alias = "cues")]
    Cue {
        #[command(subcommand)]
        what: CueCommand,
    },
    /// The newest runs
    Runs {
        /// Of this cue alone, by name or id
        #[arg(long)]
        cue: Option<String>,
        /// So many, 1 to 5000
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=5_000))]
        limit: u32,
    },
    /// One run
    Run {
        #[command(subcommand)]
        what: RunCommand,
    },
    /// The newest due times of every cue, and what became of each
    #[command(args_conflicts_with_subcommands = true)]
    Ledger(LedgerArgs),
    /// What was missed while the tower was away, and what was done about it
    Briefing {
        /// It is read: do not show it again
        #[arg(long)]
        close: bool,
    },
    /// What deserves your eye, and how it is told
    Alerts(AlertsArgs),
    /// What waits for your answer
    Gates(GatesArgs),
    /// Answer a gate; ends with 3 if somebody was first
    Answer(AnswerArgs),
    /// What became of a day: what ran, what did not, what it cost, what needs you
    Report(ReportArgs),
    /// The fleet: who is alive, what each costs today; restarts and budgets
    Agents(AgentsArgs),
    /// Secrets by name; values go in and never come out
    Secret {
        #[command(subcommand)]
        what: SecretCommand,
    },
    /// Pools: what several agents share, such as an API with a limit
    Pool {
        #[command(subcommand)]
        what: PoolCommand,
    },
    /// What models cost: prices per million tokens, yours and those that the program brings along
    Price {
        #[command(subcommand)]
        what: PriceCommand,
    },
    /// What was spent, by cue, agent, model or day
    Costs(CostsArgs),
    /// Look for runs, cues, agents and alerts by what they say
    Search(SearchArgs),
    /// What stops work that uses too much: by run, and by day
    Fuse {
        #[command(subcommand)]
        what: FuseCommand,
    },
    /// Runs as OpenTelemetry traces: where they are sent
    Otlp {
        #[command(subcommand)]
        what: OtlpCommand,
    },
    /// When things fire: a cron expression, or every cue in the days to come
    Schedule {
        #[command(subcommand)]
        what: ScheduleCommand,
    },
    /// Ways to reach you: Slack, Discord, PagerDuty, ntfy, web hooks, mail
    Channel {
        #[command(subcommand)]
        what: ChannelCommand,
    },
    /// A request that goes out for as long as the tower lives, for whoever watches the tower
    Beacon {
        #[command(subcommand)]
        what: BeaconCommand,
    },
    /// Point clients of CueAPI or ClevAgent at the running tower
    Connect {
        #[command(subcommand)]
        what: ConnectCommand,
    },
    /// Copy cues from a running server
    Import {
        #[command(subcommand)]
        what: ImportCommand,
    },
    Adopt(AdoptArgs),
    Apply(ApplyArgs),
    /// Have the system keep the tower up: start it with your session, and again whenever it ends
    Watchdog {
        #[command(subcommand)]
        what: WatchdogCommand,
    },
    /// The running tower in one file: cues, history, settings; with --secrets what is in the vault
    Backup(BackupArgs),
    /// A tower out of a backup, where none runs
    Restore(RestoreArgs),
    /// How much of the past is kept, and what would go
    Retention {
        #[command(subcommand)]
        what: Option<RetentionCommand>,
    },
    /// What the tower does of itself: doors, backups, log, metrics, retention
    Settings(SettingsArgs),
    Doctor(DoctorArgs),
    Support(SupportArgs),
    Exec(ExecArgs),
    Worker(WorkerArgs),
    Mcp(McpArgs),
    /// Teach your shell the commands: source <(cuetowerctl completions bash)
    Completions {
        shell: clap_complete::Shell,
    },
    /// Manual pages, completions and the unit, for a package
    #[command(hide = true)]
    Papers {
        usr: PathBuf,
    },
    /// Any command of the owner's list, with its request as JSON
    Call {
        /// Such as tower_status; a name that there is not lists all of them
        command: String,
        /// The request; `-` reads it from standard input
        #[arg(value_name = "JSON")]
        request: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub tower: TowerArgs,
    /// Print one line of JSON when ready: addresses, link, key
    #[arg(long)]
    pub ready_json: bool,
}

/// The window's own arguments: none of the commands.
#[derive(Debug, Parser)]
#[command(
    name = "cuetower",
    version,
    about = "The control tower for a fleet of AI agents, in its window.",
    override_usage = "cuetower [OPTIONS] [cuetower://run/ID]\n       cuetower COMMAND …",
    after_help = "`--hidden` starts it without showing the window. With a command it is `cuetowerctl`: see `cuetower help`."
)]
pub struct WindowArgs {
    /// The tower's data folder [default: the platform's, such as ~/.local/share/cuetower]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub tower: TowerArgs,
}

#[derive(Debug, Args)]
pub struct TowerArgs {
    /// The agents' door [default: the settings', 127.0.0.1:8737]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The owner's door [default: the settings', 127.0.0.1:8738]
    #[arg(long, value_name = "ADDRESS")]
    desk: Option<SocketAddr>,
    /// Where secrets live
    #[arg(long, value_enum, default_value_t = VaultWord::Keyring)]
    vault: VaultWord,
    /// Show no native notifications
    #[arg(long)]
    no_notifications: bool,
    /// With the demo fleet
    #[arg(long)]
    demo: bool,
    /// By whom it was started, and will be again: systemd, launchd, …
    #[arg(long, hide = true, value_name = "NAME")]
    watchdog: Option<String>,
    #[command(flatten)]
    openings: OpeningArgs,
    #[command(flatten)]
    exposure: ExposureArgs,
}

/// How far the agents' door is open.
#[derive(Debug, Args)]
struct OpeningArgs {
    /// Let anybody on this machine register an account of its own (POST /v1/auth/register)
    #[arg(long)]
    open_registration: bool,
    /// Let programs that ask to sign in have a key at once, without your click
    #[arg(long)]
    allow_logins: bool,
    /// Refuse callbacks that do not lead to public addresses, as hosted CueAPI does
    #[arg(long)]
    strict_addresses: bool,
    /// Requests per key and minute [default: as many as come]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate_limit: Option<u32>,
    /// Active cues that an account that registered may have [default: 500]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    account_cues: Option<u32>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum VaultWord {
    /// The system's keyring
    Keyring,
    /// A file in the data folder, encrypted with CUETOWER_VAULT_PASSPHRASE
    File,
    /// Gone when the tower stops
    Memory,
}

impl VaultWord {
    pub fn kind(self) -> VaultKind {
        match self {
            VaultWord::Keyring => VaultKind::Keyring,
            VaultWord::File => VaultKind::File,
            VaultWord::Memory => VaultKind::Memory,
        }
    }
}

impl TowerArgs {
    /// `desk`: the owner's door if the arguments name none.
    pub fn options(self, data: Option<PathBuf>, desk: OwnersDoor) -> Options {
        let otherwise = Options::default();
        Options {
            data,
            listen: self.listen,
            desk: self.desk.map_or(desk, OwnersDoor::At),
            vault: self.vault.kind(),
            known: otherwise.known,
            notifications: !self.no_notifications,
            demo: self.demo,
            watchdog: self.watchdog,
            openings: Openings {
                registration: self.openings.open_registration,
                logins: self.openings.allow_logins,
                strict_addresses: self.openings.strict_addresses,
                rate_limit: self.openings.rate_limit,
                account_cues: self.openings.account_cues,
            },
            exposure: self.exposure.exposure(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VerifyWord {
    Yes,
    No,
}

#[derive(Debug, Subcommand)]
pub enum RunCommand {
    /// What happened, attempt by attempt
    Show {
        /// The run's id, or its beginning (6 characters at least)
        run: String,
    },
    /// What its command prints, as it prints it, until it has ended
    Tail {
        /// The run's id, or its beginning (6 characters at least)
        run: String,
        /// The standard error instead of the standard output
        #[arg(long)]
        stderr: bool,
    },
    /// Say whether what it reported is so
    Verify {
        /// The run's id, or its beginning (6 characters at least)
        run: String,
        /// Whether it is
        word: VerifyWord,
        /// Why you say so
        #[arg(long)]
        reason: Option<String>,
    },
    /// Look again at one that was refuted
    Check {
        /// The run's id, or its beginning (6 characters at least)
        run: String,
    },
    /// Its steps, what each used, and how it ended
    Steps {
        /// The run's id, or its beginning (6 characters at least)
        run: String,
    },
    /// Go on where it broke off, in a new run that keeps what was completed before
    Resume {
        /// The run's id, or its beginning (6 characters at least)
        run: String,
        /// From this step at the top on, instead of the one that is not completed
        #[arg(long)]
        step: Option<u32>,
    },
    /// Beside the last good run of its cue
    Compare {
        /// The run's id, or its beginning (6 characters at least)
        run: String,
    },
    /// Run it again, with the same payload
    Replay {
        /// The run's id, or its beginning (6 characters at least)
        run: String,
    },
    /// With everything that is shown of it, as a file: JSON, or one page with --html
    Export(ExportArgs),
    /// Stop it
    Stop {
        /// The run's id, or its beginning (6 characters at least)
        run: String,
    },
    /// End its process and go on with the next attempt, such as of one that hangs
    Restart {
        /// The run's id, or its beginning (6 characters at least)
        run: String,
    },
    /// What its processes do at this moment: alive, how busy, how much memory, blocked on what
    Truth {
        /// The run's id, or its beginning (6 characters at least)
        run: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum SecretCommand {
    /// Keep a value; it comes from standard input, or is asked for
    Set {
        /// The secret's name
        name: String,
    },
    /// A new value for one that is there; runs under way keep what they were lent
    Rotate {
        /// The secret's name
        name: String,
    },
    /// Another name for it, in every cue that names it
    Rename {
        /// The secret's name
        name: String,
        /// Its new name
        to: String,
    },
    /// Names, and which cues use them
    List,
    /// Which cues may have it, and who used it when
    Show {
        /// The secret's name
        name: String,
    },
    /// Forget it
    Rm {
        /// The secret's name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum ScheduleCommand {
    /// The next fires of a cron expression
    Next(NextArgs),
    /// The days to come: what runs, what is skipped and why, decided by the tower's own rules on a virtual clock
    Simulate(SimulateArgs),
}

#[derive(Debug, Args)]
pub struct SimulateArgs {
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: u32,
    /// Of this cue alone, by name or id
    #[arg(long)]
    pub cue: Option<String>,
    /// A definition that is not saved, in the place of --cue's or as a new cue; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub definition: Option<String>,
    /// List every coming fire, not the first 200 alone
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct NextArgs {
    /// Such as "0 9 * * 1-5"
    #[arg(required_unless_present = "jsonl", conflicts_with = "jsonl")]
    pub expression: Option<String>,
    /// IANA time zone [default: the machine's own]
    #[arg(long, conflicts_with = "jsonl")]
    pub tz: Option<String>,
    /// Fires after this instant, such as 2026-11-21T09:00:00Z [default: now]
    #[arg(long, conflicts_with = "jsonl")]
    pub start: Option<String>,
    #[arg(long, short = 'n', default_value_t = 5, conflicts_with = "jsonl")]
    pub count: usize,
    /// A request on each line of standard input, {"expr","tz","start","n"}; an answer on each line of standard output
    #[arg(long)]
    pub jsonl: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::tower::{Exposure, Guard};

    #[test]
    fn the_arguments_are_sound() {
        Cli::command().debug_assert();
        WindowArgs::command().debug_assert();
    }

    #[test]
    fn the_data_folder_may_stand_before_and_after_the_command() {
        for line in ["x --data /d cue list", "x cue --data /d list", "x cue list --data /d"] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(cli.data, Some(PathBuf::from("/d")), "{line}");
        }
    }

    #[test]
    fn a_door_to_elsewhere_is_asked_for_in_full_or_not_at_all() {
        let exposure = |line: &str| match Cli::try_parse_from(line.split(' ')) {
            Ok(Cli { command: Command::Serve(args), .. }) => Some(args.tower.options(None, OwnersDoor::AsSet).exposure),
            _ => None,
        };
        let full =
            exposure("x serve --expose 0.0.0.0:8443 --allow-host a.example --allow-host b --tls-cert c --tls-key k");
        let guard = Some(Guard::Tls { certificates: "c".into(), key: "k".into() });
        let names = vec!["a.example".to_owned(), "b".to_owned()];
        assert_eq!(full, Some(Exposure { address: "0.0.0.0:8443".parse().ok(), names: names.clone(), guard }));
        let proxied = exposure("x serve --behind-proxy --allow-host a.example --allow-host b");
        assert_eq!(proxied, Some(Exposure { address: None, names, guard: Some(Guard::Proxy) }));
        for line in [
            "x serve --expose 0.0.0.0:8443 --tls-cert c --tls-key k",
            "x serve --expose 0.0.0.0:8443 --allow-host a --tls-cert c",
            "x serve --allow-host a --tls-cert c --tls-key k",
            "x serve --behind-proxy",
            "x serve --expose 0.0.0.0:1 --allow-host a --behind-proxy --tls-cert c --tls-key k",
        ] {
            assert_eq!(exposure(line), None, "{line}");
        }
    }

    #[test]
    fn a_window_is_asked_for_by_flags_alone() {
        let words = |line: &str| line.split_whitespace().map(Into::into).collect::<Vec<_>>();
        let options = crate::window(&words("--demo --data /d --listen 127.0.0.1:0")).unwrap();
        assert!(
            options.demo
                && options.data == Some("/d".into())
                && options.listen.is_some_and(|listen| listen.port() == 0)
        );
        assert!(crate::window(&words("")).is_some());
        for line in ["cue list", "serve --demo", "--help", "--version", "--data /d status", "--demmo"] {
            assert!(crate::window(&words(line)).is_none(), "{line} is for the command line");
        }
    }
    #[test]
    fn the_window_has_help_and_a_version_of_its_own() {
        let said = |arg: &str| WindowArgs::try_parse_from(["cuetower", arg]).unwrap_err();
        assert_eq!(said("--version").to_string(), format!("cuetower {}\n", env!("CARGO_PKG_VERSION")));
        let help = said("--help");
        assert_eq!(help.kind(), clap::error::ErrorKind::DisplayHelp);
        assert!(help.to_string().contains("--hidden") && help.to_string().contains("--data <DIR>"), "{help}");
        assert_ne!(WindowArgs::try_parse_from(["cuetower", "cue", "--help"]).unwrap_err().kind(), help.kind());
    }
}
