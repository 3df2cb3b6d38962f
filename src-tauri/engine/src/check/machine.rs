//! Looks at what the machine has left: room on a disk, memory.

use std::path::Path;

use cuetower_core::check::size_in_words;
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use super::{Look, Seen};

pub(super) async fn disk(path: &str, wanted: u64, look: &Look<'_>) -> Seen {
    let path = look.path(path);
    let free = look.blocking(move |_| free_on(&path)).await??;
    enough(free, wanted)
}

pub(super) async fn memory(wanted: u64, look: &Look<'_>) -> Seen {
    let free = look.blocking(|_| {
        let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(memory);
        system.map(|system| system.available_memory()).map_err(|error| format!("the memory cannot be asked: {error}"))
    });
    enough(free.await??, wanted)
}

fn enough(free: u64, wanted: u64) -> Seen {
    let words = format!("{} free", size_in_words(free));
    if free >= wanted { Ok(words) } else { Err(words) }
}

/// What whoever runs the tower may still write there. The one disk is asked, not all of them: another may be gone.
#[cfg(unix)]
pub(crate) fn free_on(path: &Path) -> Result<u64, String> {
    match nix::sys::statvfs::statvfs(path) {
        #[expect(clippy::useless_conversion, reason = "both are 32 bits wide on some systems")]
        Ok(disk) => Ok(u64::from(disk.blocks_available()).saturating_mul(u64::from(disk.fragment_size()))),
        Err(nix::errno::Errno::ENOENT) => Err("there is no such folder".to_owned()),
        Err(error) => Err(format!("the disk cannot be asked: {}", error.desc())),
    }
}

#[cfg(not(unix))]
pub(crate) fn free_on(path: &Path) -> Result<u64, String> {
    let path = path.canonicalize().map_err(|_| "there is no such folder".to_owned())?;
    let disks = sysinfo::Disks::new_with_refreshed_list();
    let disks = disks.map_err(|error| format!("the disk cannot be asked: {error}"))?;
    let holding = disks.iter().filter_map(|disk| {
        let mount = disk.mount_point().canonicalize().ok()?;
        path.starts_with(&mount).then(|| (mount.components().count(), disk.available_space()))
    });
    holding.max().map(|(_, free)| free).ok_or_else(|| "which disk it is on is not known".to_owned())
}
