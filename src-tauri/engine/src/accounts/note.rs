//! The notification that a program waits to sign in.

use crate::handle::Handle;
use crate::journal::LoginRow;
use crate::notify::{Note, Notifier, Opens};

use super::expired_before;

/// A later one takes the place of the earlier.
const KEY: &str = "logins";

/// Until it is aborted, or the tower stops.
pub(crate) async fn tell(handle: Handle, notifier: Notifier) {
    let mut waiting = handle.accounts.waiting();
    while waiting.changed().await.is_ok() {
        match handle.reader().logins_waiting(expired_before(handle.now())).await {
            Ok(logins) => logins.last().map(|newest| notifier.show(note(newest, logins.len()))).unwrap_or_default(),
            Err(error) => tracing::warn!(%error, "who waits to sign in could not be looked up for a notification"),
        }
    }
}

fn note(newest: &LoginRow, count: usize) -> Note {
    let program = newest.program.as_deref().unwrap_or("A program");
    let whom = newest.email.as_ref().map(|email| format!(" for {email}")).unwrap_or_default();
    let more = match count {
        0 | 1 => String::new(),
        count => format!(" {} more wait.", count - 1),
    };
    let code: String = newest.code.chars().filter(|c| !c.is_control()).collect();
    Note {
        key: KEY.to_owned(),
        title: "A program asks to sign in".to_owned(),
        body: format!("{program} wants a key{whom}; it shows the code {code}. Allow or refuse it in Cuetower.{more}"),
        critical: false,
        opens: Some(Opens::Window),
        buttons: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use cuetower_core::Ms;

    use super::*;
    use crate::journal::LoginState;

    #[test]
    fn the_note_names_program_code_and_how_many_more() {
        let login = LoginRow {
            code: "ABCD-1234".to_owned(),
            email: Some("ada@example.com".to_owned()),
            program: Some("cueapi-cli/0.3.0".to_owned()),
            asked_at: Ms(0),
            state: LoginState::Waiting,
            line: None,
            ticket: None,
        };
        let body = "cueapi-cli/0.3.0 wants a key for ada@example.com; it shows the code ABCD-1234. Allow or refuse it in Cuetower.";
        assert_eq!(note(&login, 1).body, body);
        assert_eq!(note(&login, 3).body, format!("{body} 2 more wait."));
    }
}
