//! Who has the lock that somebody waits for, from /proc/locks.

/// Who holds what `pid` (or a thread of it) waits for; None if nobody does, or the kernel does not tell.
pub fn holder(pid: u32) -> Option<u32> {
    read(&std::fs::read_to_string("/proc/locks").ok()?, pid)
}

/// "1: FLOCK  ADVISORY  WRITE 9170 fe:00:1035 0 EOF", and right below whoever waits for it: "1: -> FLOCK …".
fn read(text: &str, pid: u32) -> Option<u32> {
    let mut holder = None;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let waits = words.get(1) == Some(&"->");
        let of: Option<u32> = words.get(if waits { 5 } else { 4 }).and_then(|word| word.parse().ok());
        if !waits {
            holder = of;
        } else if of == Some(pid) {
            return holder.filter(|holder| *holder != 0);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_stands_above_whoever_waits() {
        let text = "1: FLOCK  ADVISORY  WRITE 9170 fe:00:1035 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 42 fe:00:1035 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 43 fe:00:1035 0 EOF\n2: POSIX  ADVISORY  READ 7 fe:00:1 128 128\n";
        assert_eq!(read(text, 43), Some(9170));
        assert_eq!(read(text, 7), None);
    }
}
