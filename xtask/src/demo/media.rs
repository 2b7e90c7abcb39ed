//! A picture and a clip, made here so that the demonstration uploads real files and the repository
//! holds none.

/// Edge of the picture and of the clip's frames, in pixels.
const WIDTH: u32 = 64;
const HEIGHT: u32 = 48;

/// Frames of the clip, and how many of them a second holds.
const FRAMES: u32 = 25;
const FRAMES_PER_SECOND: u32 = 25;

/// Most bytes in a stored block of a zlib stream: its length has 16 bits.
const LARGEST_BLOCK: usize = 0xffff;

/// A PNG picture with a gradient.
pub(super) fn picture() -> Vec<u8> {
    let mut rows = Vec::new();
    for y in 0..HEIGHT {
        rows.push(0); // This row is stored as it is, without a filter.
        (0..WIDTH).for_each(|x| rows.extend(colour(x, y, 0)));
    }
    let mut header = Vec::new();
    header.extend(WIDTH.to_be_bytes());
    header.extend(HEIGHT.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]); // Eight bits for each of red, green and blue, not interlaced.
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png_chunk(&mut png, *b"IHDR", &header);
    png_chunk(&mut png, *b"IDAT", &zlib_stored(&rows));
    png_chunk(&mut png, *b"IEND", &[]);
    png
}

fn colour(x: u32, y: u32, shift: u32) -> [u8; 3] {
    let scaled = |value: u32, all: u32| u8::try_from(value * 255 / all).unwrap_or(u8::MAX);
    [scaled((x + shift) % WIDTH, WIDTH), scaled(y, HEIGHT), 160]
}

fn png_chunk(png: &mut Vec<u8>, name: [u8; 4], content: &[u8]) {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    png.extend(length.to_be_bytes());
    let begin = png.len();
    png.extend(name);
    png.extend_from_slice(content);
    let sum = crc32(&png[begin..]);
    png.extend(sum.to_be_bytes());
}

/// CRC-32 as PNG has it, bit by bit: the picture is small.
fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 {
                (sum >> 1) ^ 0xedb8_8320
            } else {
                sum >> 1
            };
        }
    }
    !sum
}

/// A zlib stream that stores and does not compress.
fn zlib_stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let blocks: Vec<&[u8]> = bytes.chunks(LARGEST_BLOCK).collect();
    for (index, block) in blocks.iter().enumerate() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(index + 1 == blocks.len()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend_from_slice(block);
    }
    stream.extend(adler32(bytes).to_be_bytes());
    stream
}

fn adler32(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    (b << 16) | a
}

/// An AVI clip of one second, in uncompressed frames that every player knows.
pub(super) fn clip() -> Vec<u8> {
    let frame_size = WIDTH * HEIGHT * 3;
    let mut frames = Vec::new();
    for shift in 0..FRAMES {
        // Rows go from the bottom up, colours from blue to red.
        let mut frame = Vec::new();
        for y in (0..HEIGHT).rev() {
            (0..WIDTH).for_each(|x| frame.extend(colour(x, y, shift).iter().rev()));
        }
        frames.extend(riff(*b"00db", &frame));
    }
    let microseconds = 1_000_000 / FRAMES_PER_SECOND;
    let main = words(&[
        microseconds,
        frame_size * FRAMES_PER_SECOND,
        0,
        0,
        FRAMES,
        0,
        1,
        frame_size,
        WIDTH,
        HEIGHT,
        0,
        0,
        0,
        0,
    ]);
    let mut stream = b"vidsDIB ".to_vec();
    stream.extend(words(&[
        0,
        0,
        0,
        1,
        FRAMES_PER_SECOND,
        0,
        FRAMES,
        frame_size,
        u32::MAX,
        0,
        0,
        0,
    ]));
    // Size of this header, then one plane of 24 bits a pixel, not compressed.
    let format = words(&[40, WIDTH, HEIGHT, 1 | (24 << 16), 0, frame_size, 0, 0, 0, 0]);
    let stream_list = list(
        *b"strl",
        &[riff(*b"strh", &stream), riff(*b"strf", &format)].concat(),
    );
    let header_list = list(*b"hdrl", &[riff(*b"avih", &main), stream_list].concat());
    let content = [header_list, list(*b"movi", &frames)].concat();
    riff(*b"RIFF", &[b"AVI ".as_slice(), &content].concat())
}

fn words(values: &[u32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn list(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    riff(*b"LIST", &[kind.as_slice(), content].concat())
}

/// A chunk with its size; all contents here have an even length, so none needs padding.
fn riff(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    [name.as_slice(), &length.to_le_bytes(), content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_standards() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn the_picture_ends_with_the_end_every_png_has() {
        let png = picture();
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x40\0\0\0\x30"));
        assert!(png.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82"));
    }

    #[test]
    fn the_clip_is_as_long_as_its_chunks_say() {
        let avi = clip();
        let size = |at: usize| u32::from_le_bytes(avi[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!(avi.len(), size(4) + 8);
        assert_eq!(&avi[8..16], b"AVI LIST");
        let movi = 12 + 8 + size(16);
        assert_eq!(&avi[movi..movi + 4], b"LIST");
        assert_eq!(&avi[movi + 8..movi + 16], b"movi00db");
        assert_eq!(avi.len(), movi + 8 + size(movi + 4));
        // The stream's header has the 56 bytes of its structure, less the frame's eight.
        assert_eq!(size(12 + 12 + 8 + 56 + 12 + 4), 56);
    }
}
