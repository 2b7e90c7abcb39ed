//! The size of a picture, as Canto measures it at ingest. Only what a test needs: PNG.

use bytes::Bytes;

/// What every PNG begins with.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Where its first chunk, the header, names itself.
const HEADER_NAME: std::ops::Range<usize> = 12..16;

/// The beginning of a PNG of this size: as much of it as tells the size.
#[must_use]
pub fn png(width: u32, height: u32) -> Bytes {
    let mut file = SIGNATURE.to_vec();
    file.extend(13_u32.to_be_bytes());
    file.extend(b"IHDR");
    file.extend(width.to_be_bytes());
    file.extend(height.to_be_bytes());
    // Eight bits for each of red, green and blue; no interlacing.
    file.extend([8, 2, 0, 0, 0]);
    file.into()
}

/// Width and height in pixels; absent for what is no PNG.
#[must_use]
pub fn dimensions(file: &[u8]) -> Option<(u32, u32)> {
    if !file.starts_with(SIGNATURE) || file.get(HEADER_NAME)? != b"IHDR" {
        return None;
    }
    let number = |at: usize| {
        let bytes = file.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    };
    Some((number(HEADER_NAME.end)?, number(HEADER_NAME.end + 4)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_tells_its_size_and_text_has_none() {
        assert_eq!(dimensions(&png(3200, 2100)), Some((3200, 2100)));
        assert_eq!(dimensions(&png(800, 600)[..14]), None);
        assert_eq!(dimensions(b"pixels"), None);
    }
}
