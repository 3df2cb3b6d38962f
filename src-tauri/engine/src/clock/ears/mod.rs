//! What Linux tells about its clock and its sleep, heard on a thread of its own: who sleeps on the clock may do so on any
//! runtime, and a bus that hangs delays nobody.

mod logind;
mod timer;

use tokio::sync::{oneshot, watch};

use super::moves::Moves;

/// What is listened to.
#[derive(Debug, Clone)]
pub(super) struct Sources {
    pub timer: bool,
    /// The address of the bus where logind is. None: the system's own, or the one that DBUS_SYSTEM_BUS_ADDRESS names.
    pub bus: Option<String>,
}

/// All that was heard so far. That something is listened to is news too: nobody knows what was said before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Heard {
    pub hears_timer: bool,
    pub hears_logind: bool,
    /// The wall clock was set, or went on from where it stood before the machine slept.
    pub jumps: u64,
    /// The machine was about to sleep.
    pub falls_asleep: u64,
    pub wakes: u64,
}

/// Open until dropped. Nobody waits for the thread's end; nothing that it does keeps it from ending at once.
pub(super) struct Ears {
    pub heard: Moves<Heard>,
    _close: oneshot::Sender<()>,
}

impl Ears {
    /// Returns at once. What cannot be heard is logged and left to the look each second.
    pub fn open(sources: Sources) -> Ears {
        let heard = Moves::from(Heard::default());
        let (close, closed) = oneshot::channel();
        let tell = heard.value().clone();
        let listening =
            std::thread::Builder::new().name("clock".to_owned()).spawn(move || listen(sources, &tell, closed));
        if let Err(error) = listening {
            tracing::warn!(%error, "a set clock and the machine's sleep will be noticed within a second, not at once");
        }
        Ears { heard, _close: close }
    }
}

/// Returns when closed, or when nothing is left to be heard.
fn listen(sources: Sources, tell: &watch::Sender<Heard>, closed: oneshot::Receiver<()>) {
    let timer = async {
        if sources.timer
            && let Err(error) = timer::listen(tell).await
        {
            tracing::warn!(%error, "a set clock will be noticed within a second, not at once");
            tell.send_modify(|heard| heard.hears_timer = false);
        }
    };
    let logind = async {
        let because = logind::listen(sources.bus, tell).await;
        tracing::debug!(?because, "logind is not heard: no word before the machine sleeps");
        tell.send_modify(|heard| heard.hears_logind = false);
    };
    async_io::block_on(async {
        tokio::select! {
            _ = closed => {}
            _ = async { tokio::join!(timer, logind) } => {}
        }
    });
}
