//! Whether somebody shows tray icons. A window must not be hidden into a tray that is not there.

/// Asks the session bus for a StatusNotifier host. Without a bus, or without an answer in time, there is none.
#[cfg(target_os = "linux")]
pub async fn is_there() -> bool {
    use std::time::Duration;

    const WATCHER: &str = "org.kde.StatusNotifierWatcher";
    const LIMIT: Duration = Duration::from_millis(500);

    let ask = async {
        let bus = zbus::Connection::session().await?;
        let watcher = zbus::proxy::Builder::<zbus::Proxy<'_>>::new(&bus)
            .destination(WATCHER)?
            .path("/StatusNotifierWatcher")?
            .interface(WATCHER)?
            // Asked once, so there is nothing to keep.
            .cache_properties(zbus::proxy::CacheProperties::No)
            .build()
            .await?;
        watcher.get_property::<bool>("IsStatusNotifierHostRegistered").await
    };
    matches!(tokio::time::timeout(LIMIT, ask).await, Ok(Ok(true)))
}

/// macOS and Windows always show them.
#[cfg(not(target_os = "linux"))]
pub async fn is_there() -> bool {
    true
}
