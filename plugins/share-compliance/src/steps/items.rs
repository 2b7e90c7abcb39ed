//! The assets of a request as they stand now, what changed about them, and the table of checks.

use std::fmt::Write as _;

use forebay_sdk::blocks::present;
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::{Error, Field};

use super::Steps;
use super::checks::Standing;
use crate::state::{Item, Link, Review};

/// What became of the assets since they were looked at last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing that matters.
    Same,
    /// This, in words.
    Changed(String),
    /// All are deleted or in the trash. Nothing is noted: they may come back as they were.
    Gone,
}

impl Seen {
    fn of(changes: &[String]) -> Self {
        match changes {
            [] => Self::Same,
            changes => Self::Changed(changes.join("; ")),
        }
    }
}

impl Steps<'_> {
    /// Read all assets and check them.
    pub(crate) fn refresh(&self, review: &mut Review) -> Result<Seen, Error> {
        let standing = self.standing(&review.wish)?;
        let mut changes = Vec::new();
        let mut items = Vec::new();
        for id in &review.wish.assets {
            let before = review.items.iter().find(|item| item.id == *id);
            let item = self.item(id, review, &standing, before)?;
            if let Some(before) = before {
                changes.extend(difference(before, &item));
            }
            items.push(item);
        }
        if items.iter().all(|item| item.gone) {
            return Ok(Seen::Gone);
        }
        review.items = items;
        review.gone_since = None;
        Ok(Seen::of(&changes))
    }

    fn item(
        &self,
        id: &str,
        review: &Review,
        standing: &Standing,
        before: Option<&Item>,
    ) -> Result<Item, Error> {
        let Some(asset) = present(self.cx, id)? else {
            return Ok(Item {
                gone: true,
                problems: vec!["it was deleted".to_owned()],
                ..before.cloned().unwrap_or_else(|| Item {
                    id: id.to_owned(),
                    name: id.to_owned(),
                    ..Item::default()
                })
            });
        };
        Ok(Item {
            problems: self.problems(&asset, &review.wish, standing)?,
            refused: before.and_then(|item| item.refused.clone()),
            ends: self.rights_end(&asset).unwrap_or_default(),
            id: asset.id,
            name: asset.name,
            version: asset.version,
            checksum: asset.checksum,
            gone: false,
        })
    }

    /// Read all assets and check them. Of those in the link: do they still pass, in the version that
    /// was approved?
    pub(crate) fn refresh_link(&self, review: &mut Review, link: &Link) -> Result<Seen, Error> {
        let before = review.items.clone();
        if self.refresh(review)? == Seen::Gone {
            return Ok(Seen::Gone);
        }
        let mut changes = Vec::new();
        for item in review.items.iter().filter(|item| link.holds(item)) {
            let was = before.iter().find(|old| old.id == item.id);
            if !item.problems.is_empty() {
                changes.push(format!("{}: {}", item.name, item.problems.join("; ")));
            } else if was.is_some_and(|old| old.version != item.version) {
                changes.push(format!("{} has a version nobody reviewed", item.name));
            }
        }
        Ok(Seen::of(&changes))
    }

    // ---- The audit ------------------------------------------------------------------------------

    /// An audit record about an asset of the run.
    pub(super) fn record(&self, action: &str, item: &Item) -> DecisionRecord {
        about(DecisionRecord::new(action, "system"), item)
    }

    /// The table of checks with their inputs, for the audit.
    pub(crate) fn log_checks(&self, review: &Review, standing: &Standing) {
        let wish = serde_json::to_string(&review.wish).unwrap_or_default();
        for item in &review.items {
            let mut record = self.record("checked", item);
            let passes = item.passes();
            record.decision = Some(if passes { "passes" } else { "fails" }.to_owned());
            record.comment = (!passes).then(|| item.why_not());
            record.details = vec![
                Field::new("request", wish.as_str()),
                Field::new("recipient-class", standing.classes.join(", ")),
            ];
            self.cx.decision(&record);
        }
    }
}

impl Link {
    /// Is this asset in it?
    pub(crate) fn holds(&self, item: &Item) -> bool {
        self.assets.contains(&item.id)
    }
}

/// A record with the asset it is about.
pub(super) fn about(mut record: DecisionRecord, item: &Item) -> DecisionRecord {
    record.asset = Some(item.id.clone());
    record.version = Some(item.version.clone());
    record.checksum.clone_from(&item.checksum);
    record
}

/// What changed about an asset, in words.
fn difference(before: &Item, now: &Item) -> Option<String> {
    let name = &now.name;
    if before.gone != now.gone || before.problems != now.problems {
        let problems = now.problems.join("; ");
        return Some(match problems.as_str() {
            "" => format!("{name} passes the checks now"),
            _ => format!("{name}: {problems}"),
        });
    }
    (before.version != now.version).then(|| format!("{name} has another version"))
}

/// The table of checks, for people.
pub(super) fn table(review: &Review) -> String {
    let mut text = String::new();
    for item in &review.items {
        let result = match item.problems.as_slice() {
            [] => "passes all checks".to_owned(),
            problems => format!("is not shared: {}", problems.join("; ")),
        };
        let _ = writeln!(text, "* {} ({}) {result}", item.name, item.id);
    }
    text
}
