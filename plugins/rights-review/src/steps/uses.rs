//! Uses: those that were cleared, as an asset's field keeps them, which of them hold again, and
//! territories people may name.

use forebay_sdk::Error;
use forebay_sdk::assets::Asset;
use forebay_sdk::time::parse_rfc3339;

use super::{Steps, rights};
use crate::state::{Clearing, Use};

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

    /// Why the use is cleared again.
    pub(crate) fn reason(&self) -> String {
        format!("cleared as run {} decided at {}", self.run, self.at)
    }

    /// As the asset's field keeps it.
    pub(crate) fn write(&self) -> String {
        format!(
            "use={}; until={}; at={}; run={}; rights={}",
            self.use_key, self.until, self.at, self.run, self.fingerprint
        )
    }
}

impl Steps<'_> {
    /// The same use, cleared not long ago, with no right changed since.
    pub(crate) fn reusable(
        &self,
        asset: &Asset,
        clearing: &Clearing,
    ) -> Result<Option<Cleared>, Error> {
        let fingerprint = rights::fingerprint(self.config, asset);
        let within = self.clearance()?.reuse.same_use_within;
        for text in self.config.fields.texts(&asset.fields, "clearance_uses") {
            let Some(earlier) = Cleared::parse(&text) else {
                continue;
            };
            let Some(at) = parse_rfc3339(&earlier.at) else {
                continue;
            };
            let until = within.after(self.cx, &self.config.calendar, at, 100)?;
            if earlier.use_key == clearing.wanted.key()
                && earlier.fingerprint == fingerprint
                && self.cx.now() < until
            {
                return Ok(Some(earlier));
            }
        }
        Ok(None)
    }

    /// The earlier decision holds for this clearance, too.
    pub(crate) fn reuse(
        &self,
        clearing: &Clearing,
        asset: &Asset,
        earlier: &Cleared,
    ) -> Result<(), Error> {
        let mut record = self.record("decision-reused", &clearing.subject);
        record.decision = Some("cleared".to_owned());
        let (run, at) = (&earlier.run, &earlier.at);
        record.comment = Some(format!("as run {run} decided at {at}"));
        self.cx.decision(&record);
        self.unasked(asset)
    }

    /// It no longer asks for clearance.
    fn unasked(&self, asset: &Asset) -> Result<(), Error> {
        let field = self.clearance()?.request_field.as_str();
        let now = self.cx.assets().get(&asset.id)?;
        if self.config.fields.value(&now.fields, field).is_none() {
            return Ok(());
        }
        self.write_fields(&now, &[(field, "done".into())])
    }

    /// A territory that nobody knows is refused, not taken for the whole world.
    pub(crate) fn unknown_territory(&self, wanted: &Use) -> Result<Option<String>, Error> {
        let listed = &self.clearance()?.territories;
        let letters = |code: &str| code.chars().all(|letter| letter.is_ascii_uppercase());
        let known = |code: &String| match listed.as_slice() {
            [] => code.len() == 2 && letters(code),
            listed => listed.contains(code),
        };
        let unknown = wanted.territories.iter().find(|code| !known(code));
        Ok(unknown.cloned())
    }
}

/// The result table, for people.
pub(crate) fn table(missing: &[String]) -> String {
    if missing.is_empty() {
        return "All that this use requires is there.".to_owned();
    }
    let lines = missing.iter().map(|what| format!("missing: {what}"));
    lines.collect::<Vec<_>>().join("\n")
}
