//! The page in the window, as far as the shell must know it: whether it listens, what it listens to, what waits for it.

use std::sync::{Mutex, PoisonError};

use tauri::async_runtime::JoinHandle;

/// There is one window with one page, and the page holds one subscription.
#[derive(Default)]
pub struct Page(Mutex<State>);

#[derive(Default)]
struct State {
    /// Present while the page listens; ends with it.
    feeding: Option<JoinHandle<()>>,
    /// A run to open as soon as the page listens.
    waiting_run: Option<String>,
}

impl Page {
    /// The page listens from now on. Gives the run that waited to be opened.
    pub fn listens(&self, feeding: JoinHandle<()>) -> Option<String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(earlier) = state.feeding.replace(feeding) {
            earlier.abort();
        }
        state.waiting_run.take()
    }

    /// The page went away: another one is being loaded.
    pub fn left(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(feeding) = state.feeding.take() {
            feeding.abort();
        }
    }

    /// Gives `run_id` back if the page listens; else keeps it until the page does. The latest wins.
    pub fn wants(&self, run_id: String) -> Option<String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.feeding.is_some() {
            return Some(run_id);
        }
        state.waiting_run = Some(run_id);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feeding() -> JoinHandle<()> {
        tauri::async_runtime::spawn(std::future::pending())
    }

    #[test]
    fn a_run_waits_for_the_page_and_is_opened_once() {
        let page = Page::default();
        assert_eq!(page.wants("first".into()), None);
        assert_eq!(page.wants("second".into()), None);
        assert_eq!(page.listens(feeding()).as_deref(), Some("second"), "the latest click wins");
        assert_eq!(page.listens(feeding()), None, "it was opened already");
        assert_eq!(page.wants("third".into()).as_deref(), Some("third"));
        page.left();
        assert_eq!(page.wants("fourth".into()), None, "a page that is being reloaded would not hear it");
    }
}
