//! The signals that `exec` passes on to its command.

#[cfg(unix)]
pub use unix::{Heard, Signals};

#[cfg(unix)]
mod unix {
    //! On Unix: everything by which one process usually talks to another.

    use nix::sys::signal::Signal;
    use tokio::signal::unix::{SignalKind, signal};
    use tokio::sync::mpsc;

    pub type Heard = Signal;

    /// More than so many at once say nothing new.
    const WAITING_MAX: usize = 16;
    const PASSED_ON: [Signal; 6] =
        [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGUSR1, Signal::SIGUSR2];

    /// What comes is remembered from the moment of [`Signals::listen`] on.
    pub struct Signals {
        heard: mpsc::Receiver<Signal>,
        /// Never sent on; keeps the channel open if no signal can be heard.
        _open: mpsc::Sender<Signal>,
    }

    impl Signals {
        /// A signal that is ignored stays ignored, by the command too: so works `nohup`.
        pub fn listen() -> Signals {
            let (told, heard) = mpsc::channel(WAITING_MAX);
            let ignored = ignored();
            for one in PASSED_ON.into_iter().filter(|one| !ignored.contains(one)) {
                let Ok(mut coming) = signal(SignalKind::from_raw(one as i32)) else { continue };
                let told = told.clone();
                tokio::spawn(async move {
                    while coming.recv().await.is_some() {
                        if !everybody_heard(one) {
                            let _ = told.try_send(one);
                        }
                    }
                });
            }
            Signals { heard, _open: told }
        }

        pub async fn heard(&mut self) -> Signal {
            match self.heard.recv().await {
                Some(signal) => signal,
                None => std::future::pending().await,
            }
        }
    }

    /// A terminal's Ctrl-C goes to the whole foreground group, and the command is in it: to pass it on would tell it twice.
    fn everybody_heard(signal: Signal) -> bool {
        let from_keys = matches!(signal, Signal::SIGINT | Signal::SIGQUIT | Signal::SIGHUP);
        let terminal = std::fs::File::open("/dev/tty");
        from_keys
            && terminal.is_ok_and(|terminal| {
                nix::unistd::tcgetpgrp(&terminal).is_ok_and(|group| group == nix::unistd::getpgrp())
            })
    }

    /// Asked of the system, because listening would end the ignoring.
    fn ignored() -> Vec<Signal> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        PASSED_ON.into_iter().filter(|signal| mask & (1 << (*signal as u32 - 1)) != 0).collect()
    }
}

#[cfg(not(unix))]
pub use elsewhere::{Heard, Signals};

#[cfg(not(unix))]
mod elsewhere {
    //! Elsewhere: the console tells the command itself; `exec` only must not end before it.

    pub type Heard = ();

    pub struct Signals;

    impl Signals {
        pub fn listen() -> Signals {
            Signals
        }

        pub async fn heard(&mut self) -> Heard {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
