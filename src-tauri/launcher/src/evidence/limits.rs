//! The limits a process has set for its own memory (`ulimit -v`, `ulimit -d`).

/// A limit that is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// "its address space".
    pub what: &'static str,
    pub bytes: u64,
}

const KINDS: [(&str, &str); 2] = [("Max address space", "its address space"), ("Max data size", "its data")];

/// The first limit that a process has; also of one that has just ended. None: it has none, or is gone.
#[must_use]
pub fn of(pid: u32) -> Option<Limit> {
    read(&std::fs::read_to_string(format!("/proc/{pid}/limits")).ok()?)
}

fn read(text: &str) -> Option<Limit> {
    KINDS.iter().find_map(|(name, what)| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        Some(Limit { what, bytes: line.split_whitespace().next()?.parse().ok()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unlimited_process_has_no_limit() {
        let text = "Limit                     Soft Limit           Hard Limit           Units     \nMax data size             unlimited            unlimited            bytes     \nMax address space         204800000            unlimited            bytes     \n";
        assert_eq!(read(text), Some(Limit { what: "its address space", bytes: 204_800_000 }));
        assert_eq!(read(&text.replace("204800000", "unlimited")), None);
    }
}
