//! What the tower's own process uses, as the system says it.

#[derive(Debug, Default)]
pub struct Used {
    pub resident_bytes: Option<u64>,
    pub open_files: Option<u64>,
}

#[cfg(target_os = "linux")]
pub fn used() -> Used {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident_kib = resident.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    let open = std::fs::read_dir("/proc/self/fd").map(|files| files.count() as u64);
    // One of them is the folder that is being read.
    Used {
        resident_bytes: resident_kib.map(|kib| kib * 1024),
        open_files: open.ok().map(|open| open.saturating_sub(1)),
    }
}

#[cfg(not(target_os = "linux"))]
pub fn used() -> Used {
    Used::default()
}
