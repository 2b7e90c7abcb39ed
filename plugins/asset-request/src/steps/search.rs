//! Finding assets: candidates for a request, what was made for it, what an earlier one got.

use forebay_sdk::assets::{Asset, Comparison, Query};
use forebay_sdk::blocks::{Facts, present};
use forebay_sdk::{Error, FieldsExt, time};

use super::Steps;
use super::fitness::{may_be_delivered, missing_rights};
use crate::config::OnDuplicate;
use crate::state::{Line, State};

/// Assets read for one search: more than people look at, few enough for one activation.
const READ: u32 = 100;
/// Milliseconds of a minute.
const MINUTE: i64 = time::MINUTE;

/// An asset that may fit.
pub(super) struct Candidate {
    pub(crate) asset: Asset,
    /// The share of what was asked for that it meets.
    pub(crate) score: f64,
    /// What its rights do not cover.
    pub(crate) lacks: Vec<String>,
}

impl Candidate {
    /// A line for people.
    pub(crate) fn words(&self) -> String {
        let link = self.asset.links.iter().find(|link| link.rel == "preview");
        let link = link.or_else(|| self.asset.links.first());
        let link = link
            .map(|link| format!(" {}", link.href))
            .unwrap_or_default();
        let lacks = if self.lacks.is_empty() {
            String::new()
        } else {
            format!(" ({})", self.lacks.join(", "))
        };
        format!("{}: {}{link}{lacks}", self.asset.id, self.asset.name)
    }
}

impl Steps<'_> {
    /// What may fit, best first: assets that match all that was asked for, then those that match the
    /// parts that must.
    pub(super) fn candidates(&self, state: &State) -> Result<Vec<Candidate>, Error> {
        let search = &self.config.search;
        if !search.auto {
            return Ok(Vec::new());
        }
        let wanted = state.request.wanted(self.config);
        let must: Facts = wanted
            .iter()
            .filter(|(field, _)| search.must_match.contains(field))
            .map(|(field, values)| (field.clone(), values.clone()))
            .collect();
        let mut found = self.matching(state, &wanted)?;
        if found.len() < search.max_candidates as usize && must.len() < wanted.len() {
            for asset in self.matching(state, &must)? {
                if !found.iter().any(|known| known.id == asset.id) {
                    found.push(asset);
                }
            }
        }
        let mut candidates = Vec::new();
        for asset in found {
            let usable = !asset.trashed && !asset.readiness.placeholder;
            if !usable || !may_be_delivered(self.config, asset.status) {
                continue;
            }
            let score = self.score(&wanted, &asset);
            if score >= search.min_score {
                let lacks = missing_rights(self.cx, self.config, &state.request, &asset)?;
                candidates.push(Candidate {
                    asset,
                    score,
                    lacks,
                });
            }
        }
        candidates.sort_by(|a, b| {
            let rights = a.lacks.len().cmp(&b.lacks.len());
            b.score.total_cmp(&a.score).then(rights)
        });
        candidates.truncate(search.max_candidates as usize);
        Ok(candidates)
    }

    fn matching(&self, state: &State, fields: &Facts) -> Result<Vec<Asset>, Error> {
        let text = state.request.meaning(self.config, "q").join(" ");
        let mut query = Query {
            text: Some(text).filter(|text| !text.is_empty()),
            limit: READ,
            ..Query::default()
        };
        for (field, values) in fields {
            let name = format!("field:{}", self.config.fields.name(field));
            query = query.filter(name, Comparison::OneOf(values.clone()));
        }
        let status = self
            .config
            .search
            .status
            .iter()
            .map(|word| word.to_lowercase());
        let by_status = query
            .clone()
            .filter("status", Comparison::OneOf(status.collect()));
        // Where the DAM cannot search by status it is looked at afterwards.
        match self.cx.assets().search(&by_status) {
            Err(error) if error.is_unsupported() => Ok(self.cx.assets().search(&query)?.assets),
            found => Ok(found?.assets),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a form has a handful of fields")]
    fn score(&self, wanted: &Facts, asset: &Asset) -> f64 {
        if wanted.is_empty() {
            return 1.0;
        }
        let met = wanted.iter().filter(|(field, values)| {
            let has = self.config.fields.texts(&asset.fields, field);
            values.iter().any(|value| has.contains(value))
        });
        met.count() as f64 / wanted.len() as f64
    }

    /// The media that a line's placeholder got, unless it was refused.
    pub(crate) fn filled_placeholder(&self, line: &Line) -> Result<Option<Asset>, Error> {
        let Some(placeholder) = &line.placeholder else {
            return Ok(None);
        };
        let found = present(self.cx, placeholder)?;
        Ok(found.filter(|asset| {
            let filled = !asset.readiness.placeholder && asset.readiness.files_closed;
            filled && line.refused.get(&asset.id) != Some(&asset.version)
        }))
    }

    /// Assets that the DAM lists under the request's id, while something is made for it.
    pub(crate) fn uploads(&self, state: &State) -> Result<Vec<String>, Error> {
        let name = self.config.fields.name("request_id");
        if name.is_empty() || state.line_in_making().is_none() {
            return Ok(Vec::new());
        }
        let query = Query::default().filter(
            format!("field:{name}"),
            Comparison::OneOf(vec![state.request.id.clone()]),
        );
        let found = self.cx.assets().search(&query)?.assets;
        Ok(found.into_iter().map(|asset| asset.id).collect())
    }

    /// An upload that is whole, carries the request's id, and stands in no line. The index may be
    /// behind: the asset itself counts.
    pub(crate) fn new_upload(&self, state: &State, id: &str) -> Result<Option<Asset>, Error> {
        let name = self.config.fields.name("request_id");
        let found = present(self.cx, id)?;
        Ok(found.filter(|asset| {
            let carries = asset.fields.text(name) == Some(&state.request.id);
            let known = state.lines.iter().any(|line| {
                line.assets.contains(&asset.id)
                    || line.placeholder.as_ref() == Some(&asset.id)
                    || line.refused.get(&asset.id) == Some(&asset.version)
            });
            let ready = asset.readiness.files_closed && !asset.readiness.placeholder;
            carries && !known && ready
        }))
    }

    /// What an equal request got not long ago.
    pub(crate) fn earlier_result(&self, state: &State) -> Result<Vec<String>, Error> {
        let rules = &self.config.duplicates;
        let name = self.config.fields.name("request_key");
        if rules.action == OnDuplicate::Ignore || rules.on.is_empty() || name.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.cx.now();
        // A window in working time ends no earlier than the same number of days by the clock.
        let until = rules
            .window
            .after(self.cx, &self.config.calendar, now, 100)?;
        let since = now - (until - now).max(MINUTE);
        let key = state.request.likeness(self.config);
        let query = Query::default()
            .filter(format!("field:{name}"), Comparison::OneOf(vec![key]))
            .filter("modified", Comparison::AtLeast(since));
        let found = self.cx.assets().search(&query)?.assets;
        let usable = found
            .into_iter()
            .filter(|asset| !asset.trashed && may_be_delivered(self.config, asset.status));
        Ok(usable.map(|asset| asset.id).collect())
    }
}
