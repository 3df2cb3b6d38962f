//! The checksum of a backup: SHA-256 over the whole file, in 64 bytes behind its last page. SQLite reads as many pages as the first of
//! them says, and does not look at what comes after.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use sha2::{Digest as _, Sha256};

/// What the digest stands behind.
const MARK: &[u8; 32] = b"Cuetower backup, SHA-256 follows";
const TRAILER_BYTES: u64 = 64;
const AT_ONCE: usize = 1 << 20;

/// Puts the checksum behind all that is in the file.
pub(super) fn append(file: &mut File) -> io::Result<()> {
    let digest = digest(file, file.metadata()?.len())?;
    file.seek(SeekFrom::End(0))?;
    file.write_all(MARK)?;
    file.write_all(&digest)
}

/// Whether the file is as its checksum says; None: it carries none.
pub(super) fn fits(file: &mut File) -> io::Result<Option<bool>> {
    let Some((length, said)) = trailer(file)? else { return Ok(None) };
    Ok(Some(digest(file, length)? == said))
}

/// Takes the checksum off a copy of the file: what the copy becomes is written on.
pub(super) fn cut(file: &mut File, copy: &File) -> io::Result<()> {
    match trailer(file)? {
        Some((length, _)) => copy.set_len(length),
        None => Ok(()),
    }
}

/// How long the file is without its trailer, and the digest in it.
fn trailer(file: &mut File) -> io::Result<Option<(u64, [u8; 32])>> {
    let Some(length) = file.metadata()?.len().checked_sub(TRAILER_BYTES) else { return Ok(None) };
    let (mut mark, mut said) = ([0; 32], [0; 32]);
    file.seek(SeekFrom::Start(length))?;
    file.read_exact(&mut mark)?;
    file.read_exact(&mut said)?;
    Ok((mark == *MARK).then_some((length, said)))
}

fn digest(file: &mut File, length: u64) -> io::Result<[u8; 32]> {
    file.seek(SeekFrom::Start(0))?;
    let (mut sum, mut bytes) = (Sha256::new(), vec![0; AT_ONCE]);
    let mut part = file.take(length);
    loop {
        let read = part.read(&mut bytes)?;
        if read == 0 {
            return Ok(sum.finalize().into());
        }
        sum.update(&bytes[..read]);
    }
}
