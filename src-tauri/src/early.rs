//! What other starts of the program ask for before there is a window to show it in.

use std::sync::{Mutex, PoisonError};

use crate::arguments::Second;

/// None once the window is there: whoever comes then goes to it.
pub struct Early(Mutex<Option<Second>>);

impl Early {
    /// With what this start itself asks for.
    pub fn asked(first: Second) -> Early {
        Early(Mutex::new(Some(first)))
    }

    /// Keeps it for the window, or gives it back if that is there.
    pub fn keep(&self, second: Second) -> Option<Second> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(kept) => {
                kept.wants_to_be_seen |= second.wants_to_be_seen;
                // The latest click wins.
                kept.link = second.link.or(kept.link.take());
                None
            }
            None => Some(second),
        }
    }

    /// The window is there: all that was asked for, once.
    pub fn end(&self) -> Second {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        kept.unwrap_or(Second { wants_to_be_seen: false, link: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(wants_to_be_seen: bool, link: Option<&str>) -> Second {
        Second { wants_to_be_seen, link: link.map(str::to_owned) }
    }

    #[test]
    fn what_is_asked_before_there_is_a_window_waits_for_it() {
        let early = Early::asked(asked(false, Some("first")));
        assert_eq!(early.keep(asked(true, None)), None);
        assert_eq!(early.keep(asked(true, Some("second"))), None);
        assert_eq!(early.keep(asked(false, None)), None);
        assert_eq!(early.end(), asked(true, Some("second")), "a hidden start is seen, and the latest link is followed");
        assert_eq!(early.keep(asked(true, Some("third"))), Some(asked(true, Some("third"))), "from then on at once");
        assert_eq!(early.end(), asked(false, None));
    }

    #[test]
    fn whoever_comes_while_the_window_appears_is_kept_or_sent_on_and_never_lost() {
        let early = Early::asked(asked(false, None));
        let links: Vec<String> = (0..200).map(|number| number.to_string()).collect();
        let (kept, sent_on) = std::thread::scope(|scope| {
            let coming = scope.spawn(|| {
                links.iter().filter_map(|link| early.keep(asked(true, Some(link)))?.link).collect::<Vec<_>>()
            });
            let kept = early.end().link;
            (kept, coming.join().expect("it came"))
        });
        let first_sent_on = links.len() - sent_on.len();
        assert_eq!(sent_on, links[first_sent_on..]);
        assert_eq!(kept.as_ref(), first_sent_on.checked_sub(1).map(|last| &links[last]));
    }
}
