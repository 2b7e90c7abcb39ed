//! Canto's dates: `yyyyMMddHHmmssSSS`, without a zone, taken as UTC.

use forebay_sdk::{Timestamp, time};

/// Digits of a date with milliseconds.
const DIGITS: usize = 17;

/// Digits of a date without a time.
const DAY_DIGITS: usize = 8;

/// Read a date. A shorter one is filled with zeros; other notations are read as well, because custom
/// fields hold what people write.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let digits = (DAY_DIGITS..=DIGITS).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return time::parse_lenient(text);
    }
    let full = format!("{text:0<DIGITS$}");
    time::parse_rfc3339(&format!(
        "{}-{}-{}T{}:{}:{}.{}Z",
        &full[..4],
        &full[4..6],
        &full[6..8],
        &full[8..10],
        &full[10..12],
        &full[12..14],
        &full[14..]
    ))
}

/// Write a date.
pub(crate) fn write(at: Timestamp) -> String {
    let digits: String = time::to_rfc3339(at)
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    format!("{digits:0<DIGITS$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written() {
        for text in [
            "20240131094512007",
            "20240131094512100",
            "20240131094512000",
        ] {
            assert_eq!(write(parse(text).unwrap()), text);
        }
        assert_eq!(
            parse("20240131094512007"),
            time::parse_rfc3339("2024-01-31T09:45:12.007Z")
        );
        assert_eq!(
            parse("20240131"),
            time::parse_rfc3339("2024-01-31T00:00:00Z")
        );
        assert_eq!(parse("2024-01-31"), parse("20240131"));
        assert_eq!(parse("20241399"), None);
        assert_eq!(parse("soon"), None);
        assert_eq!(parse(""), None);
    }
}
