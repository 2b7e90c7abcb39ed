//! Templates over a connection's settings: `https://{tenant}.{domain}`.

use serde_json::Value;

/// The template with every `{name}` replaced by that setting. `None` if a named setting is absent,
/// null, or not a text, number or truth value: such a template does not apply.
#[must_use]
pub fn expand(template: &str, settings: &Value) -> Option<String> {
    let mut expanded = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        expanded.push_str(before);
        let close = after.find('}')?;
        expanded.push_str(&setting_text(settings, &after[1..close])?);
        rest = &after[close + 1..];
    }
    expanded.push_str(rest);
    Some(expanded)
}

/// A setting as text, the way conditions and templates see it.
#[must_use]
pub fn setting_text(settings: &Value, name: &str) -> Option<String> {
    match settings.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_put_in() {
        let settings = json!({"tenant": "acme", "domain": "canto.com", "rate": 5, "base": null});
        assert_eq!(
            expand("https://{tenant}.{domain}", &settings).unwrap(),
            "https://acme.canto.com"
        );
        assert_eq!(expand("{rate}", &settings).unwrap(), "5");
        assert_eq!(expand("{base}", &settings), None);
        assert_eq!(expand("{absent}/x", &settings), None);
        assert_eq!(expand("{open", &settings), None);
    }
}
