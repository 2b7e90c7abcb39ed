//! Policies: which assets they are about, when their time is over, and what happens then.

use std::collections::BTreeMap;

use forebay_sdk::assets::{Asset, Comparison, Query, SortBy};
use forebay_sdk::blocks::{OneOrMany, Span, end_of};
use forebay_sdk::{Cx, Error, Timestamp, Value, digest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::config::condition::{Condition, Period};

/// Subject: how long ago the asset was created.
const AGE: &str = "age";
/// Subject: when the asset was last viewed, downloaded or shared.
const LAST_USED: &str = "last_used";
/// Subject: the end of rights the DAM itself keeps.
const EXPIRY: &str = "expiry";
/// Subject: the release status.
const STATUS: &str = "status";
/// Subjects that are no fields of the DAM.
const OWN_SUBJECTS: [&str; 4] = [AGE, LAST_USED, EXPIRY, STATUS];

/// What becomes of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// People decide; nothing is proposed.
    Review,
    /// It leaves use and is kept.
    Archive,
    /// It is deleted, after people agreed and a grace.
    Delete,
    /// Access to it ends, its files are kept.
    Expire,
}

impl Action {
    /// The word for it among people's outcomes.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Archive => "archive",
            Self::Delete => "delete",
            Self::Expire => "expire",
        }
    }
}

/// A policy. One of `default_action` (people decide) and `action` or `then` (what has to happen).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Its name, in business keys, fields and audit records.
    pub name: String,
    /// Conditions, all of which must hold: a logical field, `age`, `last_used`, `expiry` or `status`
    /// on the left; `past`, `future`, `present`, `absent`, `>24mo`, `<30d`, a value or a list of
    /// values on the right.
    pub when: BTreeMap<String, OneOrMany>,
    /// How long after its time is over the review opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_after: Option<Span>,
    /// What the review proposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_action: Option<Action>,
    /// What happens, without a review unless `review.before` names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// How long after its creation the asset must be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retain: Option<Period>,
    /// What happens after `retain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<Action>,
    /// How many people must agree to a deletion; none: `actions.delete.approvals`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<u32>,
    /// Storage the original moves to, a name of `storages`. None: archiving is status and albums.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What stays at hand besides the archived original.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
    /// Review it although `review.before` does not name its action.
    #[serde(default)]
    pub review: bool,
    /// Logical field that names who decides: a group, or a person by mail address. None:
    /// `review.owner`. Without a value the routing decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// What stays at hand besides an archived original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// The proxy; the original's copies at hand go once the archived copy is verified.
    Proxy,
    /// The original too: it is archived and stays at hand.
    Original,
}

impl Policy {
    /// What it leads to.
    pub(crate) fn leads_to(&self) -> Action {
        let action = self.action.or(self.then).or(self.default_action);
        action.unwrap_or(Action::Review)
    }

    /// Do people decide before anything happens? Nobody deletes without.
    pub(crate) fn is_reviewed(&self, config: &Config) -> bool {
        let action = self.leads_to();
        let named = config.review.before.contains(&action);
        self.review
            || named
            || matches!(action, Action::Review | Action::Delete)
            || (self.action.is_none() && self.then.is_none())
    }

    /// Its text as the audit keeps it: a short digest that changes with it.
    pub(crate) fn fingerprint(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        digest::sha256_hex(text.as_bytes())[..12].to_owned()
    }

    /// Its conditions, read.
    ///
    /// # Errors
    /// In words, where one cannot be read.
    pub(crate) fn conditions(&self) -> Result<Vec<(&str, Vec<Condition>)>, Error> {
        let mut conditions = Vec::new();
        for (subject, wanted) in &self.when {
            let parsed = wanted.0.iter().map(|text| Condition::parse(text));
            let parsed: Result<Vec<_>, Error> = parsed.collect();
            conditions.push((subject.as_str(), parsed?));
        }
        // What has to be asked at the vendor comes last.
        conditions.sort_by_key(|(subject, _)| *subject == LAST_USED);
        Ok(conditions)
    }

    /// Logical fields its conditions name.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        let subjects = self.when.keys().map(String::as_str);
        subjects.filter(|subject| !OWN_SUBJECTS.contains(subject))
    }

    /// Is the time of an asset measured by a date that people may move?
    pub(crate) fn is_dated(&self) -> bool {
        self.when.values().any(|wanted| wanted.contains("past"))
    }

    /// When the time of this asset is over, if the policy is about it: long ago where no date says so.
    /// A date that is still to come gives a time to come.
    ///
    /// # Errors
    /// Those of `usage.report`; `invalid` for a condition nobody can read.
    pub(crate) fn due(
        &self,
        cx: &Cx,
        config: &Config,
        asset: &Asset,
    ) -> Result<Option<Timestamp>, Error> {
        let mut due = 0;
        if let Some(retain) = self.retain {
            due = retain.after(asset.created_at);
        }
        for (subject, any) in self.conditions()? {
            let mut holds = false;
            for condition in any {
                match self.one(cx, config, asset, subject, &condition)? {
                    Some(at) => {
                        due = due.max(at);
                        holds = true;
                    }
                    None => continue,
                }
            }
            if !holds {
                return Ok(None);
            }
        }
        Ok(Some(due))
    }

    /// Since when one condition holds; 0 where it always did.
    fn one(
        &self,
        cx: &Cx,
        config: &Config,
        asset: &Asset,
        subject: &str,
        condition: &Condition,
    ) -> Result<Option<Timestamp>, Error> {
        let now = cx.now();
        if subject == LAST_USED {
            return last_used(cx, asset, condition);
        }
        if !condition.is_about_time() {
            let texts = match subject {
                STATUS => vec![
                    format!("{:?}", asset.status).to_lowercase(),
                    asset.vendor_status.clone(),
                ],
                _ => config.fields.texts(&asset.fields, subject),
            };
            return Ok(condition.holds_of(&texts).then_some(0));
        }
        let times = match subject {
            AGE => vec![asset.created_at],
            EXPIRY => asset.expires_at.into_iter().collect(),
            _ => dates(cx, config, asset, subject),
        };
        // Of several dates the last governs.
        let Some(at) = times.into_iter().max() else {
            return Ok(None);
        };
        Ok(match condition {
            Condition::Past => Some(at),
            other => other.holds_at(at, now).then_some(0),
        })
    }

    /// What a scan searches for: the conditions that every DAM can search by. The others are looked
    /// at afterwards. Dates to come within `horizon` are found too.
    ///
    /// # Errors
    /// `invalid` for a condition nobody can read.
    pub(crate) fn query(
        &self,
        config: &Config,
        now: Timestamp,
        horizon: Timestamp,
    ) -> Result<Query, Error> {
        let mut query = Query {
            sort: SortBy::NameAscending,
            ..Query::default()
        };
        if let Some(retain) = self.retain {
            let before = retain.before(now + horizon);
            query = query.filter("created", Comparison::Before(before));
        }
        for (subject, any) in self.conditions()? {
            let field = format!("field:{}", config.fields.name(subject));
            match (subject, any.as_slice()) {
                (AGE, [Condition::Older(length)]) => {
                    query = query.filter("created", Comparison::Before(length.before(now)));
                }
                (EXPIRY, [Condition::Past]) => {
                    query = query.filter("expires", Comparison::Before(now + horizon));
                }
                (subject, _) if OWN_SUBJECTS.contains(&subject) => {}
                (_, [Condition::Past]) => {
                    query = query.filter(field, Comparison::Before(now + horizon));
                }
                (_, [Condition::Older(length)]) => {
                    query = query.filter(field, Comparison::Before(length.before(now)));
                }
                (_, any) => {
                    let texts = any.iter().map(|condition| match condition {
                        Condition::Is(text) => Some(text.clone()),
                        _ => None,
                    });
                    if let Some(texts) = texts.collect::<Option<Vec<_>>>() {
                        query = query.filter(field, Comparison::OneOf(texts));
                    }
                }
            }
        }
        Ok(query)
    }
}

/// The dates a field holds; one that cannot be read is none.
fn dates(cx: &Cx, config: &Config, asset: &Asset, field: &str) -> Vec<Timestamp> {
    let values = match config.fields.value(&asset.fields, field) {
        None => Vec::new(),
        Some(Value::Texts(texts)) => texts.iter().map(Value::text).collect(),
        Some(value) => vec![value.clone()],
    };
    let ends = values
        .iter()
        .map(|value| end_of(cx, &config.calendar, value));
    ends.filter_map(Result::ok).collect()
}

/// An asset that was never used counts as used when it was created.
fn last_used(cx: &Cx, asset: &Asset, condition: &Condition) -> Result<Option<Timestamp>, Error> {
    let now = cx.now();
    let (Condition::Older(length) | Condition::Younger(length)) = condition else {
        return Ok(None);
    };
    let since = length.before(now);
    let usage = match cx.usage().report(&asset.id, since) {
        Err(error) if error.is_unsupported() => return Ok(None),
        other => other?,
    };
    let used = usage.views + usage.downloads + usage.shares > 0;
    let last = if used { Some(now) } else { usage.last_used_at };
    let last = last.unwrap_or(asset.created_at);
    Ok(condition.holds_at(last, now).then_some(0))
}

#[cfg(test)]
#[path = "../tests/policies.rs"]
mod tests;
