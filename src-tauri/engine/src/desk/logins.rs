//! Programs that ask to sign in, and the owner's word.

use super::wire::{DeskError, LoginAnswer, LoginPolicy, LoginView, Logins, Nothing};
use super::{Desk, not_found};
use crate::accounts::{self, Refused};
use crate::journal::LoginRow;

pub(super) async fn list(desk: &Desk, _: Nothing) -> Result<Logins, DeskError> {
    let reader = desk.handle.reader();
    let waiting = reader.logins_waiting(accounts::expired_before(desk.handle.now())).await?;
    let accounts = &desk.handle.accounts;
    let allow = !accounts.asks_for_each_login() && (accounts.logins_are_open() || reader.logins_allowed().await?);
    Ok(Logins { logins: waiting.into_iter().map(view).collect(), allow })
}

pub(super) async fn answer(desk: &Desk, request: LoginAnswer) -> Result<Logins, DeskError> {
    accounts::answer(&desk.handle, request.code, request.approve).await?;
    list(desk, Nothing {}).await
}

pub(super) async fn policy(desk: &Desk, request: LoginPolicy) -> Result<Logins, DeskError> {
    if request.allow && desk.handle.accounts.asks_for_each_login() {
        let message = "The agents' door is open to other machines (--allow-host), so that any of them could ask, and each program waits for your word.";
        return Err(DeskError { field: Some("allow".to_owned()), ..said("refused", message) });
    }
    if !request.allow && desk.handle.accounts.logins_are_open() {
        return Err(DeskError {
            code: "refused".to_owned(),
            message: "This tower was started with --allow-logins; start it without, then programs ask.".to_owned(),
            field: Some("allow".to_owned()),
        });
    }
    accounts::allow_all(&desk.handle, request.allow).await?;
    list(desk, Nothing {}).await
}

fn view(login: LoginRow) -> LoginView {
    LoginView {
        expires_at_ms: accounts::expires_at(&login).0,
        asked_at_ms: login.asked_at.0,
        code: login.code,
        email: login.email,
        program: login.program,
    }
}

impl From<Refused> for DeskError {
    fn from(refused: Refused) -> DeskError {
        match refused {
            Refused::Trouble(trouble) => trouble.into(),
            Refused::NoSuchLogin => not_found("program that asks with this code"),
            Refused::NoSuchKey => {
                said("not_found", "There is no such key. Name it by its ID, as `cuetowerctl key list` shows it.")
            }
            Refused::LoginExpired => said("refused", "This code has lapsed; let the program ask again."),
            Refused::LoginAnswered => said("conflict", "This program has its answer already."),
            Refused::OwnersKey => said(
                "refused",
                "This is your own key, which the tower keeps in your keyring; it is made anew if you take it out there.",
            ),
            other => said("refused", &other.to_string()),
        }
    }
}

fn said(code: &str, message: &str) -> DeskError {
    DeskError { code: code.to_owned(), message: message.to_owned(), field: None }
}
