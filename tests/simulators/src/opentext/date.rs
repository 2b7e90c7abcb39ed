//! Dates on the wire: `2024-04-17T10:17:43.902+0000` or the same with `Z`.

use forebay_model::Timestamp;

/// How replies write the offset. The vendor's samples show both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DateStyle {
    /// `+0000`, without a colon: not RFC 3339.
    #[default]
    Offset,
    /// `Z`.
    Zulu,
}

/// A point in time as replies write it.
pub(crate) fn write(time: Timestamp, style: DateStyle) -> String {
    let zulu = time.to_string();
    match (style, zulu.strip_suffix('Z')) {
        (DateStyle::Offset, Some(local)) => format!("{local}+0000"),
        _ => zulu,
    }
}

/// Requests may write the offset as `Z`, `+00:00` or `+0000`.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let (local, offset) = text.split_at_checked(text.len().checked_sub(5)?)?;
    let (hours, minutes) = offset.split_at_checked(3)?;
    format!("{local}{hours}:{minutes}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_offsets_mean_the_same() {
        let time = Timestamp(1_713_349_063_902);
        assert_eq!(
            write(time, DateStyle::Offset),
            "2024-04-17T10:17:43.902+0000"
        );
        assert_eq!(write(time, DateStyle::Zulu), "2024-04-17T10:17:43.902Z");
        for text in [
            "2024-04-17T10:17:43.902Z",
            "2024-04-17T10:17:43.902+0000",
            "2024-04-17T12:17:43.902+02:00",
            "2024-04-17T12:17:43.902+0200",
        ] {
            assert_eq!(parse(text), Some(time), "{text}");
        }
        assert_eq!(
            parse("2024-04-17T10:17:43.902 0000"),
            None,
            "an unescaped plus is a space"
        );
        assert_eq!(parse("soon"), None);
    }
}
