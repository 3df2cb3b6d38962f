//! A body as it was before it was packed, and never more of it than a bound.

use std::io::Read as _;

use flate2::read::{MultiGzDecoder, ZlibDecoder};

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// `Content-Encoding` names something else than gzip, deflate or identity.
    Unknown,
    Broken,
    TooLarge,
}

/// None: it is not packed at all.
pub fn inflated(encoding: &str, body: &[u8], most: usize) -> Result<Option<Vec<u8>>, Trouble> {
    let mut inflated = Vec::new();
    let bound = most as u64 + 1;
    let read = match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => return if body.len() > most { Err(Trouble::TooLarge) } else { Ok(None) },
        "gzip" | "x-gzip" => MultiGzDecoder::new(body).take(bound).read_to_end(&mut inflated),
        "deflate" => ZlibDecoder::new(body).take(bound).read_to_end(&mut inflated),
        _ => return Err(Trouble::Unknown),
    };
    if inflated.len() > most {
        return Err(Trouble::TooLarge);
    }
    read.map(|_| Some(inflated)).map_err(|_| Trouble::Broken)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(body).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn what_was_packed_comes_out() {
        let body = b"spans".repeat(1_000);
        assert_eq!(inflated("gzip", &gzip(&body), 5_000), Ok(Some(body.clone())));
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&body).unwrap();
        assert_eq!(inflated("deflate", &zlib.finish().unwrap(), 5_000), Ok(Some(body.clone())));
        assert_eq!(inflated("", &body, 5_000), Ok(None));
        assert_eq!(inflated("br", &body, 5_000), Err(Trouble::Unknown));
    }

    #[test]
    fn a_bomb_is_stopped_at_the_bound_and_a_torn_one_is_told() {
        let bomb = gzip(&vec![0; 50_000_000]);
        assert!(bomb.len() < 60_000);
        assert_eq!(inflated("gzip", &bomb, 1 << 20), Err(Trouble::TooLarge));
        let packed = gzip(b"spans");
        assert_eq!(inflated("gzip", &packed[..packed.len() - 3], 100), Err(Trouble::Broken));
        assert_eq!(inflated("gzip", b"not gzip", 100), Err(Trouble::Broken));
    }
}
