//! Finding assets: candidates for a request, what was made for it, what an earlier one got.

use forebay_sdk::assets::{Asset, Comparison, Query};
use forebay_sdk::blocks::Facts;
use forebay_sdk::{Error, FieldsExt, time};

use crate::config::OnDuplicate;
use crate::course::Course;
use crate::fitness::{may_be_delivered, missing_rights};
use crate::state::{Stage, State};

/// Assets read for one search: more than people look at, few enough for one activation.
const READ: u32 = 100;
/// Milliseconds of a minute.
const MINUTE: i64 = time::MINUTE;

/// An asset that may fit.
pub(crate) struct Candidate {
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

impl Course<'_> {
    /// What may fit, best first: assets that match all that was asked for, then those that match the
    /// parts that must.
    pub(crate) fn candidates(&self, state: &State) -> Result<Vec<Candidate>, Error> {
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

    /// New assets that carry the request's id go to the first line something is made for.
    pub(crate) fn find_new(&self, state: &mut State) -> Result<(), Error> {
        let awaits = |line: &crate::state::Line| line.stage == Stage::Open && line.creating;
        let name = self.config.fields.name("request_id");
        if name.is_empty() || !state.lines.iter().any(awaits) {
            return Ok(());
        }
        let query = Query::default().filter(
            format!("field:{name}"),
            Comparison::OneOf(vec![state.request.id.clone()]),
        );
        for found in self.cx.assets().search(&query)?.assets {
            // The index may be behind: the asset itself counts.
            let Some(asset) = forebay_sdk::blocks::present(self.cx, &found.id)? else {
                continue;
            };
            let carries = asset.fields.text(name) == Some(&state.request.id);
            let known = state.lines.iter().any(|line| {
                line.assets.contains(&asset.id)
                    || line.placeholder.as_ref() == Some(&asset.id)
                    || line.refused.get(&asset.id) == Some(&asset.version)
            });
            let ready = asset.readiness.files_closed && !asset.readiness.placeholder;
            if !carries || known || !ready {
                continue;
            }
            if let Some(index) = state.lines.iter().position(awaits) {
                let by = asset.created_by.clone().unwrap_or_default();
                self.choose(state, index, vec![asset.id], &by)?;
            }
        }
        Ok(())
    }

    /// What an equal request got not long ago.
    pub(crate) fn earlier(&self, state: &State) -> Result<Vec<String>, Error> {
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
