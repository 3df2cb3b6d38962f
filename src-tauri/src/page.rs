//! The page in the window, as far as the shell must know it: whether it listens, what it listens to, what waits for it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tauri::async_runtime::JoinHandle;

/// There is one window with one page, and the page holds one subscription.
#[derive(Default)]
pub struct Page(Mutex<State>);

/// Asks the page to open a place ("#/run/ID"); false if it is gone.
pub type Tell = Box<dyn Fn(&str) -> bool + Send>;

#[derive(Default)]
struct State {
    /// Present while the page listens; ends with it.
    feeding: Option<(JoinHandle<()>, Tell)>,
    /// The place that the owner asked for, until a page has surely opened it.
    wanted: Option<String>,
}

impl State {
    /// One whose subscription has ended hears nothing until it asks anew.
    fn listener(&self) -> Option<&Tell> {
        self.feeding.as_ref().filter(|(feeding, _)| !feeding.inner().is_finished()).map(|(_, tell)| tell)
    }
}

impl Page {
    /// The page listens from now on. Gives the place that it was told to open, if one is wanted.
    pub fn listens(&self, feeding: JoinHandle<()>, tell: Tell) -> Option<String> {
        let mut state = self.state();
        let told = state.wanted.clone().filter(|place| tell(place));
        if let Some((earlier, _)) = state.feeding.replace((feeding, tell)) {
            earlier.abort();
        }
        told
    }

    /// The page went away: another one is being loaded.
    pub fn left(&self) {
        if let Some((feeding, _)) = self.state().feeding.take() {
            feeding.abort();
        }
    }

    /// The owner wants to see this place, and no other one any more. True if a page listens that was told.
    pub fn wants(&self, place: &str) -> bool {
        let mut state = self.state();
        state.wanted = Some(place.to_owned());
        state.listener().is_some_and(|tell| tell(place))
    }

    /// The page that was told to open this place is still the one that listens, so it was opened.
    pub fn opened(&self, place: &str) {
        let mut state = self.state();
        if state.listener().is_some() && state.wanted.as_deref() == Some(place) {
            state.wanted = None;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feeding() -> JoinHandle<()> {
        tauri::async_runtime::spawn(std::future::pending())
    }

    fn hears() -> Tell {
        Box::new(|_| true)
    }

    #[test]
    fn a_place_waits_for_the_page_and_is_opened_once() {
        let page = Page::default();
        assert!(!page.wants("first") && !page.wants("second"), "there is no page yet");
        assert_eq!(page.listens(feeding(), hears()).as_deref(), Some("second"), "the latest click wins");
        page.opened("second");
        assert_eq!(page.listens(feeding(), hears()), None, "it was opened already");
    }

    #[test]
    fn a_page_whose_subscription_has_ended_is_told_when_it_asks_anew() {
        let page = Page::default();
        let ended = tauri::async_runtime::spawn(async {});
        while !ended.inner().is_finished() {
            std::thread::yield_now();
        }
        page.listens(ended, hears());
        assert!(!page.wants("run"));
        page.opened("run");
        assert_eq!(page.listens(feeding(), hears()).as_deref(), Some("run"));
    }

    #[test]
    fn a_place_told_to_a_page_that_went_away_is_told_to_the_next() {
        let page = Page::default();
        page.listens(feeding(), hears());
        assert!(page.wants("run"));
        page.left();
        page.opened("run");
        assert_eq!(page.listens(feeding(), hears()).as_deref(), Some("run"));
        page.wants("other");
        page.opened("run");
        assert_eq!(
            page.listens(feeding(), hears()).as_deref(),
            Some("other"),
            "what was opened is not what is wanted by now"
        );
    }
}
