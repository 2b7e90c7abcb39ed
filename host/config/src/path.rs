//! Dotted paths into the configuration: `flows.canto-1-approval.config.routing[1].when`.

use std::fmt;

use serde_json::Value;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Segment {
    /// A key of a table.
    Key(String),
    /// A position in an array, from 0.
    Index(usize),
}

/// A path from the root of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path(Vec<Segment>);

impl Path {
    /// A path of keys only.
    pub(crate) fn of(keys: &[&str]) -> Self {
        Self(
            keys.iter()
                .map(|key| Segment::Key((*key).to_owned()))
                .collect(),
        )
    }

    /// The path read from its dotted form. Keys with other characters than letters, digits, `-` and
    /// `_` may stand in double quotes. What does not parse is taken as part of a key: the result is
    /// only used to find a place, and a path that is not there finds its nearest ancestor.
    pub(crate) fn parse(text: &str) -> Self {
        let mut segments = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('.') {
                rest = after;
            } else if let Some((index, after)) = leading_index(rest) {
                segments.push(Segment::Index(index));
                rest = after;
            } else if let Some((key, after)) = leading_quoted(rest) {
                segments.push(Segment::Key(key.to_owned()));
                rest = after;
            } else {
                // At least one character, so that every turn of the loop makes way.
                let first = rest.chars().next().map_or(0, char::len_utf8);
                let end = rest[first..]
                    .find(['.', '['])
                    .map_or(rest.len(), |found| found + first);
                segments.push(Segment::Key(rest[..end].to_owned()));
                rest = &rest[end..];
            }
        }
        Self(segments)
    }

    /// The path that a JSON pointer means in this value: whether a number is a key or an index is
    /// decided by what it points into.
    pub(crate) fn of_pointer(pointer: &str, value: &Value) -> Self {
        let mut segments = Vec::new();
        let mut current = Some(value);
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            match (current, token.parse::<usize>()) {
                (Some(Value::Array(items)), Ok(index)) => {
                    current = items.get(index);
                    segments.push(Segment::Index(index));
                }
                _ => {
                    current = current.and_then(|value| value.get(&token));
                    segments.push(Segment::Key(token));
                }
            }
        }
        Self(segments)
    }

    /// This path and a key below it.
    pub(crate) fn key(&self, key: &str) -> Self {
        self.with(Segment::Key(key.to_owned()))
    }

    /// This path and a position below it.
    pub(crate) fn index(&self, index: usize) -> Self {
        self.with(Segment::Index(index))
    }

    /// This path and another one below it.
    pub(crate) fn join(&self, below: &Self) -> Self {
        Self(self.0.iter().chain(&below.0).cloned().collect())
    }

    /// The path one step up; `None` at the root.
    pub(crate) fn parent(&self) -> Option<Self> {
        let (_, above) = self.0.split_last()?;
        Some(Self(above.to_vec()))
    }

    /// Its steps.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.0
    }

    fn with(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    if is_bare(key) {
                        f.write_str(key)?
                    } else {
                        write!(f, "{key:?}")?
                    }
                }
            }
        }
        Ok(())
    }
}

/// May the key be written without quotes?
fn is_bare(key: &str) -> bool {
    !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

fn leading_index(text: &str) -> Option<(usize, &str)> {
    let (digits, after) = text.strip_prefix('[')?.split_once(']')?;
    Some((digits.parse().ok()?, after))
}

fn leading_quoted(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('"')?.split_once('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn dotted_paths_read_and_print_alike() {
        for text in [
            "host.listen",
            "flows.f.config.routing[1].when",
            "a.\"b.c\"[0][2].d",
            "",
        ] {
            assert_eq!(Path::parse(text).to_string(), text);
        }
    }

    #[test]
    fn what_does_not_parse_becomes_a_key() {
        assert_eq!(Path::parse("[x]").segments(), [Segment::Key("[x]".into())]);
        assert_eq!(
            Path::parse("\"open").segments(),
            [Segment::Key("\"open".into())]
        );
    }

    #[test]
    fn pointers_tell_numbers_from_positions() {
        let value = json!({"a": [{"0": 1}], "b/c": 1});
        assert_eq!(Path::of_pointer("/a/0/0", &value).to_string(), "a[0].0");
        assert_eq!(Path::of_pointer("/b~1c", &value).to_string(), "\"b/c\"");
    }
}
