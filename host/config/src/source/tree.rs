//! One TOML text as a JSON value and the places of its keys and values.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::document::Spot;
use crate::path::Path;
use crate::problem::{Place, Problem, Severity};

/// A parsed file.
pub(super) struct Tree {
    /// Its content.
    pub(super) content: Map<String, Value>,
    /// Where everything in it stands.
    pub(super) spots: BTreeMap<Path, Spot>,
    /// Values that TOML can hold and a configuration cannot.
    pub(super) problems: Vec<Problem>,
}

/// The tree of a text.
pub(super) fn parse(file: &str, text: &str) -> Result<Tree, Problem> {
    let lines = Lines::new(file, text);
    let table = DeTable::parse(text).map_err(|error| Problem {
        place: lines.place(error.span().unwrap_or_default()),
        path: String::new(),
        message: format!("not TOML: {}", error.message()),
        mend: String::new(),
        severity: Severity::Error,
    })?;
    let mut reader = Reader {
        lines,
        tree: Tree {
            content: Map::new(),
            spots: BTreeMap::new(),
            problems: Vec::new(),
        },
    };
    reader.tree.content = reader.table(&Path::default(), table.get_ref());
    Ok(reader.tree)
}

struct Reader<'a> {
    lines: Lines<'a>,
    tree: Tree,
}

impl Reader<'_> {
    fn table(&mut self, path: &Path, table: &DeTable<'_>) -> Map<String, Value> {
        let mut entries = Map::new();
        for (key, value) in table {
            let name: &str = key.get_ref();
            let path = path.key(name);
            let spot = Spot {
                key: self.lines.place(key.span()),
                value: self.lines.place(value.span()),
            };
            self.tree.spots.insert(path.clone(), spot);
            entries.insert(name.to_owned(), self.value(&path, value));
        }
        entries
    }

    fn value(&mut self, path: &Path, value: &Spanned<DeValue<'_>>) -> Value {
        match value.get_ref() {
            DeValue::String(text) => Value::String(text.to_string()),
            DeValue::Boolean(truth) => Value::Bool(*truth),
            DeValue::Datetime(time) => Value::String(time.to_string()),
            DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
                .map(Value::from)
                .unwrap_or_else(|_| self.unusable(path, value.span(), "an integer beyond 64 bits")),
            DeValue::Float(float) => float
                .as_str()
                .parse()
                .ok()
                .and_then(Number::from_f64)
                .map(Value::Number)
                .unwrap_or_else(|| self.unusable(path, value.span(), "not a finite number")),
            DeValue::Array(items) => {
                let mut values = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    let path = path.index(index);
                    let place = self.lines.place(item.span());
                    self.tree.spots.insert(
                        path.clone(),
                        Spot {
                            key: place.clone(),
                            value: place,
                        },
                    );
                    values.push(self.value(&path, item));
                }
                Value::Array(values)
            }
            DeValue::Table(table) => Value::Object(self.table(path, table)),
        }
    }

    /// Report a value and go on with null in its place.
    fn unusable(&mut self, path: &Path, span: Range<usize>, message: &str) -> Value {
        self.tree.problems.push(Problem {
            place: self.lines.place(span),
            path: path.to_string(),
            message: message.to_owned(),
            mend: "write a number that fits".to_owned(),
            severity: Severity::Error,
        });
        Value::Null
    }
}

/// Turns offsets into lines and columns.
struct Lines<'a> {
    file: &'a str,
    text: &'a str,
    /// Offset of the start of every line.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(file: &'a str, text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0)
            .chain(breaks.map(|(at, _)| at + 1))
            .collect();
        Self { file, text, starts }
    }

    fn place(&self, span: Range<usize>) -> Place {
        let offset = span.start.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self
            .starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or_default();
        let column = self
            .text
            .get(start..offset)
            .map_or(0, |before| before.chars().count())
            + 1;
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Place {
            file: self.file.to_owned(),
            line: number(line),
            column: number(column),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn content_and_places_are_kept() {
        let text = "[a.b]\nc = 1\n# é\n'd' = [ 'é', { e = 0x10 } ]\n[[f]]\ng = 1979-05-27\n";
        let tree = parse("x.toml", text).unwrap();
        assert_eq!(
            Value::Object(tree.content),
            json!({"a": {"b": {"c": 1, "d": ["é", {"e": 16}]}}, "f": [{"g": "1979-05-27"}]})
        );
        let at = |path: &str| {
            let key = &tree.spots[&Path::parse(path)].key;
            (key.line, key.column)
        };
        assert_eq!(at("a.b"), (1, 4));
        assert_eq!(at("a.b.c"), (2, 1));
        assert_eq!(at("a.b.d[1]"), (4, 14));
        assert_eq!(at("a.b.d[1].e"), (4, 16));
        assert_eq!(at("f[0].g"), (6, 1));
    }

    #[test]
    fn numbers_without_a_json_form_are_reported() {
        let tree = parse("x.toml", "a = nan\nb = 99999999999999999999\n").unwrap();
        let found: Vec<_> = tree
            .problems
            .iter()
            .map(|p| (p.place.line, p.path.as_str()))
            .collect();
        assert_eq!(found, [(1, "a"), (2, "b")]);
    }

    #[test]
    fn a_syntax_error_has_a_place() {
        let problem = parse("x.toml", "a = 1\nb = = 2\n").err().unwrap();
        assert_eq!((problem.place.line, problem.place.column), (2, 5));
    }
}
