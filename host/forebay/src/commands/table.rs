//! Tables for people.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use serde_json::Value;

/// Digests and the like are shown by their first characters.
const LONGEST_WORD: usize = 64;
/// How much of a digest is shown: enough to tell files apart.
const DIGEST_SHOWN: usize = 12;

/// A column: its heading, and where its value stands in an item (JSON pointer).
pub(crate) struct Column {
    heading: &'static str,
    pointer: &'static str,
}

impl Column {
    pub(crate) const fn new(heading: &'static str, pointer: &'static str) -> Self {
        Self { heading, pointer }
    }

    /// Does this item have something to show here?
    pub(crate) fn holds(&self, item: &Value) -> bool {
        item.pointer(self.pointer)
            .is_some_and(|value| !value.is_null())
    }
}

/// The items as a table.
pub(crate) fn table(items: &[Value], columns: &[Column]) -> String {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(columns.iter().map(|column| column.heading.to_uppercase()));
    for item in items {
        table.add_row(
            columns
                .iter()
                .map(|column| cell(item.pointer(column.pointer))),
        );
    }
    table.trim_fmt()
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => shorten(text),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| cell(Some(item)))
            .collect::<Vec<_>>()
            .join("; "),
        Some(Value::Object(entries)) => {
            let pairs = entries
                .iter()
                .map(|(name, value)| format!("{name} {}", cell(Some(value))));
            pairs.collect::<Vec<_>>().join(", ")
        }
        Some(other) => other.to_string(),
    }
}

fn shorten(text: &str) -> String {
    let digest = text.len() == LONGEST_WORD && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digest {
        text.chars().take(DIGEST_SHOWN).collect()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_of_any_shape_have_a_cell() {
        let items = [json!({
            "name": "canto", "digest": "a".repeat(64), "runs": {"waiting": 2}, "list": ["x", "y"]
        })];
        let columns = [
            Column::new("name", "/name"),
            Column::new("digest", "/digest"),
            Column::new("runs", "/runs"),
            Column::new("list", "/list"),
            Column::new("absent", "/no/where"),
        ];
        let text = table(&items, &columns);
        assert!(
            text.contains("aaaaaaaaaaaa") && !text.contains("aaaaaaaaaaaaa"),
            "{text}"
        );
        assert!(
            text.contains("waiting 2") && text.contains("x; y"),
            "{text}"
        );
    }
}
