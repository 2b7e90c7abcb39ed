//! Secrets in bodies and headers: put in on the way out, taken out on the way in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forebay_model::SecretSet;
use forebay_model::secret::{PLACEHOLDER, SHORTEST_REDACTED};
use http::header::{CONTENT_TYPE, HeaderMap};

use crate::replace::Replacements;

/// Everything that would show one of these secrets, to be replaced by its placeholder.
pub(crate) fn redactions(secrets: &SecretSet) -> Replacements {
    let mut redactions = Replacements::default();
    for (name, value) in secrets.pairs() {
        redact(&mut redactions, name, value);
    }
    redactions
}

/// Take this value out too, in every notation a text may give it.
pub(crate) fn redact(redactions: &mut Replacements, name: &str, value: &str) {
    if value.len() < SHORTEST_REDACTED {
        return;
    }
    let placeholder = format!("{PLACEHOLDER}{name}");
    let json = json_escaped(value);
    for shown in [
        value.to_owned(),
        json.replace('/', "\\/"),
        json,
        form_escaped(value),
        // Without padding, so that it is found whatever follows.
        STANDARD.encode(value).trim_end_matches('=').to_owned(),
    ] {
        redactions.add(shown, placeholder.as_str());
    }
}

/// What placeholders become in a request, by the notation of its body.
#[derive(Default)]
pub(crate) struct Fills {
    plain: Replacements,
    json: Replacements,
    form: Replacements,
}

impl Fills {
    /// The placeholders of these secrets.
    pub(crate) fn new(secrets: &SecretSet, names: &[String]) -> Self {
        let mut fills = Self::default();
        for name in names {
            let Some(value) = secrets.expose(name) else {
                continue;
            };
            let placeholder = format!("{PLACEHOLDER}{name}");
            fills.json.add(placeholder.as_str(), json_escaped(value));
            fills.form.add(placeholder.as_str(), form_escaped(value));
            fills
                .form
                .add(form_escaped(&placeholder), form_escaped(value));
            fills.plain.add(placeholder, value);
        }
        fills
    }

    /// For headers.
    pub(crate) fn in_headers(&self) -> &Replacements {
        &self.plain
    }

    /// For a body with these headers.
    pub(crate) fn in_body(&self, headers: &HeaderMap) -> &Replacements {
        let kind = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("");
        let essence = kind
            .split(';')
            .next()
            .unwrap_or(kind)
            .trim()
            .to_ascii_lowercase();
        if essence.ends_with("json") {
            &self.json
        } else if essence.ends_with("x-www-form-urlencoded") {
            &self.form
        } else {
            &self.plain
        }
    }
}

/// As it stands between the quotes of a JSON text.
fn json_escaped(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn form_escaped(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> SecretSet {
        let mut secrets = SecretSet::default();
        secrets.insert("hook", r#"pa/ss"wo&rd"#);
        secrets
    }

    #[test]
    fn a_secret_is_found_in_every_notation() {
        let redactions = redactions(&secrets());
        for shown in [
            r#"pa/ss"wo&rd"#,
            r#"pa/ss\"wo&rd"#,
            r#"pa\/ss\"wo&rd"#,
            "pa%2Fss%22wo%26rd",
            "cGEvc3Mid28mcmQ",
        ] {
            assert_eq!(
                redactions.apply_text(&format!("<{shown}>")),
                "<forebay-secret:hook>"
            );
        }
    }

    #[test]
    fn a_placeholder_is_filled_in_the_notation_of_the_body() {
        let fills = Fills::new(&secrets(), &["hook".into(), "absent".into()]);
        for (kind, text, expected) in [
            (
                "application/json",
                r#"{"a":"forebay-secret:hook"}"#,
                r#"{"a":"pa/ss\"wo&rd"}"#,
            ),
            (
                "application/x-www-form-urlencoded",
                "a=forebay-secret%3Ahook",
                "a=pa%2Fss%22wo%26rd",
            ),
            ("text/plain", "forebay-secret:hook", r#"pa/ss"wo&rd"#),
            ("text/plain", "forebay-secret:other", "forebay-secret:other"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, kind.parse().unwrap());
            assert_eq!(fills.in_body(&headers).apply_text(text), expected);
        }
    }
}
