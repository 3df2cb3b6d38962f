//! A program in a job object. Written against process-wrap's job objects; never run by us on Windows.

use std::io;
use std::process::Command;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use process_wrap::std::{ChildWrapper, CommandWrap, JobObject};

use super::Event;
use crate::death::Death;
use crate::evidence::Autopsy;
use crate::process::Ask;

const LOOK: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub struct Tree {
    pub pid: u32,
    job: Arc<Mutex<Box<dyn ChildWrapper>>>,
}

impl Tree {
    /// Starts the program inside a job of its own, which its descendants cannot leave. Its end comes as [`Event::Ended`].
    ///
    /// # Errors
    /// If the system refuses the start.
    pub fn start(command: Command, to: Sender<Event>) -> io::Result<Tree> {
        let child = CommandWrap::from(command).wrap(JobObject).spawn()?;
        let pid = child.id();
        let job = Arc::new(Mutex::new(child));
        let watched = Arc::clone(&job);
        std::thread::Builder::new().name("reaper".into()).spawn(move || {
            // Waiting for a job is waiting for everything in it, so the program itself is looked at.
            let status = loop {
                match watched.lock().unwrap_or_else(PoisonError::into_inner).inner_mut().try_wait() {
                    Ok(Some(status)) => break Ok(status),
                    Ok(None) => {}
                    Err(error) => break Err(error.to_string()),
                }
                std::thread::sleep(LOOK);
            };
            let _ = to.send(Event::Ended(Death { status, autopsy: Autopsy::default() }));
        })?;
        Ok(Tree { pid, job })
    }

    /// Windows has no polite way to end a program without a window, so only the firm one does anything: it ends the whole
    /// job at once.
    pub fn signal(&self, ask: Ask) -> usize {
        let end = || self.job.lock().unwrap_or_else(PoisonError::into_inner).start_kill();
        usize::from(ask == Ask::Firmly && end().is_ok())
    }

    pub fn tells_when_alone(&self) -> bool {
        false
    }

    pub fn look(&self) -> Option<super::Look> {
        None
    }

    /// A job that was ended is gone; one that was not is left alone.
    pub fn lives(&self) -> bool {
        false
    }

    pub fn spent(&self) -> (Option<u64>, Option<u64>) {
        (None, None)
    }
}
