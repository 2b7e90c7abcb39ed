//! The write-ahead log, looked at frame by frame.
//!
//! SQLite takes the first frame that does not fit for the end of the log, because a power cut may
//! leave one there, and drops all that follows. That is right for the transaction that was being
//! written, and loses answered ones silently if a frame among them was damaged. The two can be told
//! apart: the log is synced at every commit before the next transaction begins, so a frame that does
//! not fit can come from a power cut only if at most one commit stands from there on.
//!
//! The format is described in section 4 of SQLite's "Database File Format".

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

use super::inspect::damaged;
use crate::{Error, Result};

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// First word of the header; its last bit says in which byte order checksums are made.
const MAGIC: u32 = 0x377f_0682;

/// Pages of SQLite are not larger.
const LARGEST_PAGE: u32 = 65_536;

/// Refuse a log in which a frame of an answered transaction does not fit. Reads only.
pub(super) fn check(path: &Path) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::Unwritable(format!("cannot read {}: {error}", path.display()))
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    match scan(BufReader::new(file)).map_err(failed)? {
        None => Ok(()),
        Some(what) => Err(damaged(&what)),
    }
}

/// What is wrong with the log, in words.
fn scan(mut log: impl Read) -> std::io::Result<Option<String>> {
    let mut header = [0; HEADER];
    if !fill(&mut log, &mut header)? || header == [0; HEADER] {
        return Ok(None);
    }
    let magic = word(&header, 0);
    let page_size = word(&header, 8);
    let mut sum = Checksum {
        big_endian: magic & 1 == 1,
        words: (0, 0),
    };
    sum.add(&header[..24]);
    let known = magic & !1 == MAGIC
        && page_size.is_power_of_two()
        && (512..=LARGEST_PAGE).contains(&page_size);
    if !known || sum.words != (word(&header, 24), word(&header, 28)) {
        return Ok(Some("the header of its log (-wal) does not fit".to_owned()));
    }
    let mut frame = vec![0; FRAME_HEADER + page_size as usize];
    let mut number = 0_u64;
    let mut misfit: Option<(u64, u32)> = None;
    let mut commits_since = 0;
    while fill(&mut log, &mut frame)? {
        number += 1;
        if frame[8..16] != header[16..24] {
            // Of an earlier use of the log; or of this one, and damaged just there. Should later
            // frames be of this one, it was not the end.
            misfit.get_or_insert((number, word(&frame, 0)));
            continue;
        }
        if misfit.is_none() {
            sum.add(&frame[..8]);
            sum.add(&frame[FRAME_HEADER..]);
            if sum.words != (word(&frame, 16), word(&frame, 20)) {
                misfit = Some((number, word(&frame, 0)));
            }
        }
        // The size of the database stands in the last frame of a transaction only.
        if misfit.is_some() && word(&frame, 4) > 0 {
            commits_since += 1;
        }
    }
    Ok(misfit.filter(|_| commits_since > 1).map(|(frame, page)| {
        format!("frame {frame} of its log (-wal), for page {page}, does not fit, and answered writes follow it")
    }))
}

/// Read exactly so much; false at the end.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<bool> {
    match from.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// A number of the header, which is big-endian whatever the checksums are.
fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4]
        .iter()
        .fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// The running checksum over header and frames.
struct Checksum {
    big_endian: bool,
    words: (u32, u32),
}

impl Checksum {
    fn add(&mut self, bytes: &[u8]) {
        for pair in bytes.chunks_exact(8) {
            let number = |at: usize| {
                let word = word(pair, at);
                if self.big_endian {
                    word
                } else {
                    word.swap_bytes()
                }
            };
            let (first, second) = (number(0), number(4));
            self.words.0 = self.words.0.wrapping_add(first).wrapping_add(self.words.1);
            self.words.1 = self.words.1.wrapping_add(second).wrapping_add(self.words.0);
        }
    }
}
