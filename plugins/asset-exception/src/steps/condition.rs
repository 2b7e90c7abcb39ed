//! Conditions as configuration writes them: `width>=3000 and height>=2000`, `market != null`,
//! `len>=5 and not filename_like`, `in_list(regions)`, `^[A-Z]{3}-\d{4}$`.
//!
//! A condition whose value nobody knows is neither true nor false: it is unknown, and unknown is
//! never a pass.

use std::collections::BTreeMap;
use std::fmt;

use regex_lite::Regex;

/// What a condition says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    True,
    False,
    Unknown,
}

impl Verdict {
    fn of(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            _ => Self::Unknown,
        }
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// What conditions are asked about.
pub(crate) struct Facts<'a> {
    /// Names and their values; a name with an empty list is known to have no value.
    pub(crate) values: &'a BTreeMap<String, Vec<String>>,
    /// Named lists.
    pub(crate) lists: &'a BTreeMap<String, Vec<String>>,
    /// The field that `len`, `filename_like`, `in_list` and patterns are about.
    pub(crate) field: Option<&'a str>,
}

impl Facts<'_> {
    fn of(&self, name: &str) -> Option<&[String]> {
        self.values.get(name).map(Vec::as_slice)
    }

    fn own(&self) -> Option<&[String]> {
        self.of(self.field?)
    }
}

/// A condition, parsed.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Compare(String, Operator, Option<String>),
    InList(String),
    FilenameLike,
    Pattern(Regex),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    Unequal,
    AtLeast,
    AtMost,
    More,
    Less,
}

const OPERATORS: [(&str, Operator); 6] = [
    ("==", Operator::Equal),
    ("!=", Operator::Unequal),
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    (">", Operator::More),
    ("<", Operator::Less),
];

impl Condition {
    /// Read a condition. A text that begins with `^` is a pattern as a whole.
    ///
    /// # Errors
    /// In words, where it cannot be read.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('^') {
            let pattern = Regex::new(text);
            return pattern
                .map(Self::Pattern)
                .map_err(|error| format!("`{text}` is not a pattern: {error}"));
        }
        for (word, join) in [
            (" or ", Self::Or as fn(_, _) -> _),
            (" and ", Self::And as fn(_, _) -> _),
        ] {
            if let Some((left, right)) = text.split_once(word) {
                let (left, right) = (Self::parse(left)?, Self::parse(right)?);
                return Ok(join(Box::new(left), Box::new(right)));
            }
        }
        if let Some(rest) = text.strip_prefix("not ") {
            return Ok(Self::Not(Box::new(Self::parse(rest)?)));
        }
        if text == "filename_like" {
            return Ok(Self::FilenameLike);
        }
        if let Some(name) = text
            .strip_prefix("in_list(")
            .and_then(|rest| rest.strip_suffix(')'))
        {
            return Ok(Self::InList(name.trim().to_owned()));
        }
        for (sign, operator) in OPERATORS {
            if let Some((name, value)) = text.split_once(sign) {
                let value = value.trim().trim_matches(['"', '\'']);
                let value = (value != "null").then(|| value.to_owned());
                return Ok(Self::Compare(name.trim().to_owned(), operator, value));
            }
        }
        Err(format!(
            "`{text}` is not a condition like width>=3000, market != null, len>=5, \
             in_list(regions) or ^[A-Z]+$"
        ))
    }

    /// Names the condition asks about.
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                let mut names = left.names();
                names.extend(right.names());
                names
            }
            Self::Not(inner) => inner.names(),
            Self::Compare(name, ..) if name != "len" => vec![name],
            _ => Vec::new(),
        }
    }

    /// Lists the condition looks values up in.
    pub(crate) fn lists(&self) -> Vec<&str> {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                let mut lists = left.lists();
                lists.extend(right.lists());
                lists
            }
            Self::Not(inner) => inner.lists(),
            Self::InList(name) => vec![name],
            _ => Vec::new(),
        }
    }

    /// What it says about these facts.
    pub(crate) fn verdict(&self, facts: &Facts<'_>) -> Verdict {
        match self {
            Self::And(left, right) => left.verdict(facts).and(right.verdict(facts)),
            Self::Or(left, right) => left.verdict(facts).or(right.verdict(facts)),
            Self::Not(inner) => inner.verdict(facts).not(),
            Self::Compare(name, operator, value) => {
                compare(facts, name, *operator, value.as_deref())
            }
            Self::InList(name) => match (facts.lists.get(name), facts.own()) {
                (Some(list), Some(values)) => {
                    Verdict::of(!values.is_empty() && values.iter().all(|v| list.contains(v)))
                }
                _ => Verdict::Unknown,
            },
            Self::FilenameLike => own(facts, filename_like),
            Self::Pattern(pattern) => own(facts, |text| pattern.is_match(text)),
        }
    }
}

fn own(facts: &Facts<'_>, holds: impl Fn(&str) -> bool) -> Verdict {
    match facts.own() {
        None => Verdict::Unknown,
        Some([]) => Verdict::False,
        Some(values) => Verdict::of(values.iter().all(|value| holds(value))),
    }
}

/// `DSC_0042.JPG`, `clip-07-final.mov`: what a camera or an editor called it, not a title.
fn filename_like(text: &str) -> bool {
    let ending = text.rsplit_once('.').map(|(_, ending)| ending);
    let has_ending = ending.is_some_and(|ending| {
        (2..=4).contains(&ending.len()) && ending.chars().all(char::is_alphanumeric)
    });
    let counted = text.chars().filter(char::is_ascii_digit).count() >= 3;
    has_ending || (counted && !text.contains(' '))
}

fn compare(facts: &Facts<'_>, name: &str, operator: Operator, wanted: Option<&str>) -> Verdict {
    let values = if name == "len" {
        let lengths = facts.own().map(|values| {
            let lengths = values.iter().map(|value| value.chars().count().to_string());
            lengths.collect::<Vec<_>>()
        });
        lengths.map(|lengths| {
            if lengths.is_empty() {
                vec!["0".to_owned()]
            } else {
                lengths
            }
        })
    } else {
        facts.of(name).map(<[String]>::to_vec)
    };
    let Some(values) = values else {
        return Verdict::Unknown;
    };
    let Some(wanted) = wanted else {
        return match operator {
            Operator::Equal => Verdict::of(values.is_empty()),
            Operator::Unequal => Verdict::of(!values.is_empty()),
            _ => Verdict::Unknown,
        };
    };
    if values.is_empty() {
        return Verdict::Unknown;
    }
    let verdicts = values.iter().map(|value| single(value, operator, wanted));
    verdicts.fold(Verdict::True, Verdict::and)
}

fn single(value: &str, operator: Operator, wanted: &str) -> Verdict {
    let numbers = value
        .trim()
        .parse::<f64>()
        .ok()
        .zip(wanted.parse::<f64>().ok());
    match (operator, numbers) {
        (Operator::Equal, None) => Verdict::of(value.eq_ignore_ascii_case(wanted)),
        (Operator::Unequal, None) => Verdict::of(!value.eq_ignore_ascii_case(wanted)),
        (_, None) => Verdict::Unknown,
        (Operator::Equal, Some((a, b))) => Verdict::of((a - b).abs() < f64::EPSILON),
        (Operator::Unequal, Some((a, b))) => Verdict::of((a - b).abs() >= f64::EPSILON),
        (Operator::AtLeast, Some((a, b))) => Verdict::of(a >= b),
        (Operator::AtMost, Some((a, b))) => Verdict::of(a <= b),
        (Operator::More, Some((a, b))) => Verdict::of(a > b),
        (Operator::Less, Some((a, b))) => Verdict::of(a < b),
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::True => "holds",
            Self::False => "does not hold",
            Self::Unknown => "unknown",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(condition: &str, field: Option<&str>) -> Verdict {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let values = BTreeMap::from([
            ("width".to_owned(), texts(&["3200"])),
            ("height".to_owned(), texts(&["600"])),
            ("market".to_owned(), texts(&[])),
            ("title".to_owned(), texts(&["Beach in spring"])),
            ("file".to_owned(), texts(&["DSC_0042.JPG"])),
            ("code".to_owned(), texts(&["abc-1"])),
            ("region".to_owned(), texts(&["EMEA"])),
        ]);
        let lists = BTreeMap::from([("regions".to_owned(), texts(&["EMEA", "APAC"]))]);
        let facts = Facts {
            values: &values,
            lists: &lists,
            field,
        };
        Condition::parse(condition).unwrap().verdict(&facts)
    }

    #[test]
    fn conditions_hold_fail_or_cannot_be_told() {
        use Verdict::{False, True, Unknown};
        for (condition, field, expected) in [
            ("width>=3000", None, True),
            ("width>=3000 and height>=2000", None, False),
            ("width>=4000 or height<700", None, True),
            ("market != null", None, False),
            ("market == null", None, True),
            ("market == DE", None, Unknown),
            ("colour_space == CMYK", None, Unknown),
            ("colour_space == CMYK and width<10", None, False),
            ("not width<10", None, True),
            ("len>=5 and not filename_like", Some("title"), True),
            ("len>=5 and not filename_like", Some("file"), False),
            ("len>=5", Some("market"), False),
            ("^[A-Z]{3}-\\d{4}$", Some("code"), False),
            ("in_list(regions)", Some("region"), True),
            ("in_list(regions)", Some("code"), False),
            ("in_list(projects)", Some("code"), Unknown),
        ] {
            assert_eq!(verdict(condition, field), expected, "{condition}");
        }
    }

    #[test]
    fn what_is_no_condition_is_said() {
        for text in ["", "width", "^[", "len >"] {
            let parsed = Condition::parse(text);
            let empty = text == "len >";
            assert_eq!(parsed.is_ok(), empty, "{text}");
        }
    }
}
