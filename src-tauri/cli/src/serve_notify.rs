//! Tells systemd that the tower is up, and, for as long as its loop answers, that it is well. Without systemd nobody is told.

/// The tower is up. Called inside the runtime that it runs on.
#[cfg(not(target_os = "linux"))]
pub fn ready(_: &cuetower_engine::Handle) {}

#[cfg(target_os = "linux")]
pub use linux::ready;

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsStr;
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    use std::time::Duration;

    use cuetower_core::id::RunId;
    use cuetower_core::input::Input;
    use cuetower_engine::{Handle, Trouble};

    /// A loop that needs longer for one answer is not well.
    const ANSWER: Duration = Duration::from_secs(10);

    pub fn ready(handle: &Handle) {
        let Some(address) = std::env::var_os("NOTIFY_SOCKET").and_then(|name| address(&name)) else { return };
        tell(&address, "READY=1");
        let asked = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
        let of_us = asked("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        if let Some(limit_us) = asked("WATCHDOG_USEC").filter(|limit| of_us && *limit > 0) {
            tokio::spawn(stay_well(handle.clone(), address, Duration::from_micros(limit_us) / 4));
        }
    }

    async fn stay_well(handle: Handle, address: SocketAddr, every: Duration) {
        loop {
            if answers(&handle).await {
                tell(&address, "WATCHDOG=1");
            }
            tokio::time::sleep(every).await;
        }
    }

    /// Whether the tower's loop takes a question and answers it. That no run is of this name is an answer, too, and so is
    /// that the disk is full: a restart would not empty it.
    async fn answers(handle: &Handle) -> bool {
        let run_id = RunId("no-run-only-a-watchdog".to_owned());
        let note = Input::Note { run_id: run_id.clone(), words: String::new() };
        match tokio::time::timeout(ANSWER, handle.run(&run_id, note)).await {
            Ok(Err(Trouble::Busy | Trouble::Stopping)) | Err(_) => false,
            Ok(Ok(_) | Err(_)) => true,
        }
    }

    /// "/run/user/1000/systemd/notify", or "@…" for one that is in no folder.
    fn address(name: &OsStr) -> Option<SocketAddr> {
        match name.as_bytes().split_first()? {
            (b'@', name) => SocketAddr::from_abstract_name(name).ok(),
            _ => SocketAddr::from_pathname(name).ok(),
        }
    }

    fn tell(address: &SocketAddr, what: &str) {
        let told = UnixDatagram::unbound().and_then(|socket| socket.send_to_addr(what.as_bytes(), address));
        if let Err(error) = told {
            tracing::debug!(%error, what, "systemd could not be told");
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn whoever_listens_hears_it_by_either_kind_of_name() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("notify");
            let listening = UnixDatagram::bind(&path).unwrap();
            let hidden = format!("@cuetower-test-{}", std::process::id());
            let nameless = UnixDatagram::bind_addr(&address(OsStr::new(&hidden)).unwrap()).unwrap();
            for (socket, name) in [(listening, path.as_os_str()), (nameless, OsStr::new(&hidden))] {
                tell(&address(name).unwrap(), "READY=1");
                let mut heard = [0; 16];
                let length = socket.recv(&mut heard).unwrap();
                assert_eq!(&heard[..length], b"READY=1");
            }
        }
    }
}
