//! logind says before the machine sleeps that it will, and afterwards that it did. Nothing is asked of it, it only is
//! listened to: without a system bus, or without logind on it, this part is missing and nothing else.

use std::ffi::OsString;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use async_io::Async;
use futures::StreamExt as _;
use tokio::sync::watch;
use zbus::address::Address;
use zbus::address::transport::{Transport, UnixSocket};
use zbus::connection::Builder;
use zbus::message::Type;
use zbus::{MatchRule, MessageStream};

use super::Heard;

/// Returns only when it cannot listen (any longer). `Ok`: the bus went away.
pub async fn listen(bus: Option<String>, tell: &watch::Sender<Heard>) -> zbus::Result<()> {
    let socket = connected(bus.map_or_else(Address::system, |address| address.parse())?).await?;
    // Its tasks run here, by `tick`, and not on a thread of its own.
    let bus = Builder::async_io_unix_stream(socket).internal_executor(false).build().await?;
    let tick = async {
        loop {
            bus.executor().tick().await;
        }
    };
    let hear = async {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender("org.freedesktop.login1")?
            .path("/org/freedesktop/login1")?
            .interface("org.freedesktop.login1.Manager")?
            .member("PrepareForSleep")?
            .build();
        let mut said = MessageStream::for_match_rule(rule, &bus, None).await?;
        tell.send_modify(|heard| heard.hears_logind = true);
        while let Some(said) = said.next().await {
            match said?.body().deserialize::<bool>() {
                Ok(true) => {
                    tracing::debug!("the machine is about to sleep");
                    tell.send_modify(|heard| heard.falls_asleep += 1);
                }
                Ok(false) => {
                    tracing::debug!("the machine woke");
                    tell.send_modify(|heard| heard.wakes += 1);
                }
                Err(error) => tracing::debug!(%error, "logind said something else about sleep"),
            }
        }
        Ok(())
    };
    tokio::select! {
        ended = hear => ended,
        () = tick => Ok(()),
    }
}

/// Not by zbus, which would connect on a thread of a pool that then looks for work twice a second as long as we live.
async fn connected(bus: Address) -> zbus::Result<UnixStream> {
    let path = match bus.transport() {
        Transport::Unix(unix) => match unix.path() {
            UnixSocket::File(path) => path.clone(),
            UnixSocket::Abstract(name) => {
                PathBuf::from([OsString::from("\0"), name.clone()].into_iter().collect::<OsString>())
            }
            _ => return Err(zbus::Error::Unsupported),
        },
        _ => return Err(zbus::Error::Unsupported),
    };
    Ok(Async::<UnixStream>::connect(path).await?.into_inner()?)
}
