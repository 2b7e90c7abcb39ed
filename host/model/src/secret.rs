//! Secrets of a connection: held by the host, compared in constant time, never shown.
//!
//! A plugin names a secret as `forebay-secret:NAME`. The host puts the value in on the way out and
//! the placeholder back on the way in, so that no guest ever holds a secret.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

/// What stands in front of a secret's name in a placeholder.
pub const PLACEHOLDER: &str = "forebay-secret:";

/// Shorter values are not searched for in texts: they would match by accident.
pub const SHORTEST_REDACTED: usize = 6;

/// The secrets of one connection. A secret may have several live values, the first being the one
/// that is sent, so that it can be rotated without a gap.
#[derive(Clone, Default)]
pub struct SecretSet {
    values: BTreeMap<String, Vec<SecretString>>,
}

impl fmt::Debug for SecretSet {
    /// Names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl SecretSet {
    /// Add a live value of a secret.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.values
            .entry(name.into())
            .or_default()
            .push(SecretString::from(value.into()));
    }

    /// Is there such a secret?
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Names of all secrets.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The value to send. Callers put it into a request and nowhere else.
    #[must_use]
    pub fn expose(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)?
            .first()
            .map(SecretString::expose_secret)
    }

    /// Is `candidate` one of the live values? Takes the same time whatever it holds.
    #[must_use]
    pub fn matches(&self, name: &str, candidate: &[u8]) -> bool {
        let Some(values) = self.values.get(name) else {
            return false;
        };
        values.iter().fold(false, |found, value| {
            let equal: bool = value.expose_secret().as_bytes().ct_eq(candidate).into();
            found | equal
        })
    }

    /// The text with every secret value replaced by its placeholder.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut redacted = text.to_owned();
        for (name, value) in self.pairs() {
            if value.len() >= SHORTEST_REDACTED && redacted.contains(value) {
                redacted = redacted.replace(value, &format!("{PLACEHOLDER}{name}"));
            }
        }
        redacted
    }

    /// The text with the placeholders of the named secrets replaced by their values.
    #[must_use]
    pub fn fill(&self, text: &str, allowed: &[String]) -> String {
        let mut filled = text.to_owned();
        for name in allowed {
            if let Some(value) = self.expose(name) {
                filled = filled.replace(&format!("{PLACEHOLDER}{name}"), value);
            }
        }
        filled
    }

    /// Name and value of every live value. Callers look for them in what goes to a guest, in order
    /// to take them out, and do nothing else with them.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().flat_map(|(name, values)| {
            values
                .iter()
                .map(move |v| (name.as_str(), v.expose_secret()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> SecretSet {
        let mut secrets = SecretSet::default();
        secrets.insert("hook", "new-value");
        secrets.insert("hook", "old-value");
        secrets
    }

    #[test]
    fn several_values_are_live_and_the_first_is_sent() {
        assert!(secrets().matches("hook", b"new-value"));
        assert!(secrets().matches("hook", b"old-value"));
        assert!(!secrets().matches("hook", b"old-valu"));
        assert!(!secrets().matches("other", b"new-value"));
        assert_eq!(secrets().expose("hook"), Some("new-value"));
    }

    #[test]
    fn texts_are_filled_and_redacted() {
        let filled = secrets().fill(r#"{"X":"forebay-secret:hook"}"#, &["hook".into()]);
        assert_eq!(filled, r#"{"X":"new-value"}"#);
        assert_eq!(secrets().redact(&filled), r#"{"X":"forebay-secret:hook"}"#);
        assert_eq!(
            secrets().fill("forebay-secret:hook", &[]),
            "forebay-secret:hook"
        );
        assert_eq!(format!("{:?}", secrets()), r#"{"hook"}"#);
    }
}
