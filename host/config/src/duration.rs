//! Durations as people write them: `"500ms"`, `"30s"`, `"15m"`, `"24h"`, `"30d"`.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Nine digits of days are more than two million years: long enough for every timeout, and no
/// product with a unit can overflow.
const PATTERN: &str = "^[0-9]{1,9}(ms|s|m|h|d)$";

/// A duration in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DurationText(pub(crate) Duration);

impl DurationText {
    /// The duration that a text means; `None` if it is not one whole number with a unit.
    fn parse(text: &str) -> Option<Self> {
        let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
        let (digits, unit) = text.split_at(unit_at);
        if digits.len() > 9 {
            return None;
        }
        let number: u64 = digits.parse().ok()?;
        let duration = match unit {
            "ms" => Duration::from_millis(number),
            "s" => Duration::from_secs(number),
            "m" => Duration::from_secs(number * 60),
            "h" => Duration::from_secs(number * 3600),
            "d" => Duration::from_secs(number * 24 * 3600),
            _ => return None,
        };
        Some(Self(duration))
    }
}

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not a duration"))
    }
}

impl Serialize for DurationText {
    /// In the largest unit that holds it in whole numbers.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let milliseconds = self.0.as_millis();
        let (length, unit) = [
            (86_400_000, "d"),
            (3_600_000, "h"),
            (60_000, "m"),
            (1_000, "s"),
        ]
        .into_iter()
        .find(|(length, _)| milliseconds > 0 && milliseconds.is_multiple_of(*length))
        .unwrap_or((1, "ms"));
        serializer.collect_str(&format_args!("{}{unit}", milliseconds / length))
    }
}

impl JsonSchema for DurationText {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": PATTERN,
            "x-mend": "write a number and a unit: `500ms`, `30s`, `15m`, `24h` or `30d`",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_understood() {
        let cases = [
            ("500ms", 500),
            ("30s", 30_000),
            ("15m", 900_000),
            ("24h", 86_400_000),
            ("1d", 86_400_000),
        ];
        for (text, milliseconds) in cases {
            assert_eq!(
                DurationText::parse(text),
                Some(DurationText(Duration::from_millis(milliseconds)))
            );
        }
    }

    #[test]
    fn they_print_in_the_largest_whole_unit() {
        for text in ["1500ms", "90s", "15m", "36h", "30d", "0ms"] {
            let duration = DurationText::parse(text).unwrap();
            assert_eq!(serde_json::to_value(duration).unwrap(), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "5",
            "s",
            "1.5h",
            "-1s",
            "1h30m",
            "3bd",
            "1 s",
            "1234567890s",
            "１s",
        ] {
            assert_eq!(DurationText::parse(text), None, "{text}");
        }
    }
}
