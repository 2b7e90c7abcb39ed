//! Uses: those that were cleared, as an asset's field keeps them, and territories people may name.

use crate::config::Clearance;
use crate::state::Use;

/// One use that was cleared, as the asset's field keeps it.
pub(crate) struct Cleared {
    pub(crate) use_key: String,
    pub(crate) until: String,
    pub(crate) at: String,
    pub(crate) run: String,
    pub(crate) fingerprint: String,
}

impl Cleared {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text
            .split("; ")
            .map(|part| part.split_once('=').map(|(_, value)| value));
        let mut next = || parts.next().flatten().map(str::to_owned);
        Some(Self {
            use_key: next()?,
            until: next()?,
            at: next()?,
            run: next()?,
            fingerprint: next()?,
        })
    }

    /// As the asset's field keeps it.
    pub(crate) fn write(&self) -> String {
        format!(
            "use={}; until={}; at={}; run={}; rights={}",
            self.use_key, self.until, self.at, self.run, self.fingerprint
        )
    }
}

/// A territory that nobody knows is refused, not taken for the whole world.
pub(crate) fn unknown_territory(config: &Clearance, wanted: &Use) -> Option<String> {
    let two_letters = |code: &str| code.len() == 2 && code.chars().all(|c| c.is_ascii_uppercase());
    let known = |code: &String| match config.territories.as_slice() {
        [] => two_letters(code),
        listed => listed.contains(code),
    };
    wanted.territories.iter().find(|code| !known(code)).cloned()
}

/// The result table, for people.
pub(crate) fn table(missing: &[String]) -> String {
    if missing.is_empty() {
        return "All that this use requires is there.".to_owned();
    }
    let lines = missing.iter().map(|what| format!("missing: {what}"));
    lines.collect::<Vec<_>>().join("\n")
}
