//! The thread that shows notes, and the bounded list of those that may still be clicked.

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use super::shown::{Server, attend};
use super::{Clicked, Health, Note, Word};

/// Notifications that are waited on for a click; each keeps a connection to the session bus.
const WAITING_LIMIT: usize = 20;
/// Calls to a stuck server that may hang at once; further ones fail by their time-out.
const HANGING_LIMIT: usize = 4;

struct Slot {
    key: String,
    /// None: it is to go.
    note: watch::Sender<Option<Note>>,
    attending: AbortHandle,
}

/// Starts the thread; it ends when `queue` does. The answer comes once the server was looked for.
pub fn start(queue: mpsc::Receiver<Word>, clicks: mpsc::Sender<Clicked>, health: Health) -> oneshot::Receiver<()> {
    let (tell, looked) = oneshot::channel();
    let on_thread = health.clone();
    let work = move || {
        let built =
            tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(HANGING_LIMIT).build();
        match built {
            Ok(runtime) => {
                runtime.block_on(serve(queue, clicks, on_thread, tell));
                // A call that hangs in a stuck server must not hold up the end.
                runtime.shutdown_background();
            }
            Err(error) => on_thread.bad(&format!("the thread for them could not be started ({error})")),
        }
    };
    if let Err(error) = std::thread::Builder::new().name("notify".into()).spawn(work) {
        health.bad(&format!("the thread for them could not be started ({error})"));
    }
    looked
}

async fn serve(
    mut queue: mpsc::Receiver<Word>,
    clicks: mpsc::Sender<Clicked>,
    health: Health,
    tell: oneshot::Sender<()>,
) {
    let server = Server::new(health);
    server.look().await;
    let _ = tell.send(());
    // Oldest first.
    let mut slots: Vec<Slot> = Vec::new();
    while let Some(word) = queue.recv().await {
        slots.retain(|slot| !slot.attending.is_finished());
        let note = match word {
            Word::Show(note) => note,
            Word::Withdraw { key, title } => {
                let tells = |slot: &Slot| slot.note.borrow().as_ref().is_some_and(|note| note.title == title);
                if let Some(index) = slots.iter().position(|slot| slot.key == key && tells(slot)) {
                    slots.remove(index).note.send_replace(None);
                }
                continue;
            }
        };
        let earlier = slots.iter().position(|slot| slot.key == note.key).map(|index| slots.remove(index));
        if let Some(slot) = earlier {
            slot.note.send_replace(Some(note));
            slots.push(slot);
            continue;
        }
        if slots.len() >= WAITING_LIMIT {
            let oldest = slots.remove(0);
            tracing::info!(key = %oldest.key, "a click on this notification is no longer waited for: too many newer ones are");
            oldest.attending.abort();
        }
        let key = note.key.clone();
        let (note, notes) = watch::channel(Some(note));
        let attending = tokio::spawn(attend(notes, clicks.clone(), server.clone())).abort_handle();
        slots.push(Slot { key, note, attending });
    }
}
