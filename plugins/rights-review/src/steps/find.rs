//! Finding the assets that need a review or a clearance, and starting it.

use forebay_sdk::assets::{AccessSnapshot, Asset, Comparison, Query, SortBy};
use forebay_sdk::blocks::{Scan, Span};
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::time::{DAY, MINUTE};
use forebay_sdk::{Error, Timestamp};
use serde_json::json;

use super::Steps;
use super::ask::Request;
use crate::config::DAM_EXPIRY;
use crate::state::Use;

/// Hours in a working day, roughly: how far a lead time in working time can reach.
const WORKING_HOURS: i64 = 8;

impl Steps<'_> {
    /// The next page of a scan; nothing where there are no more. Fields are walked one after the other;
    /// the place in the list stands before the page token.
    pub(crate) fn next_page(&self, scan: &mut Scan) -> Result<Option<Vec<Asset>>, Error> {
        let (index, page) = split(scan.page.take());
        let horizon = self.cx.now() + self.horizon();
        let Some(query) = self.query(index, horizon) else {
            return Ok(None);
        };
        scan.page = page;
        scan.finished = false;
        let assets = scan.next_page(self.cx, &query)?;
        let (next, token) = if scan.finished {
            (index + 1, String::new())
        } else {
            (index, scan.page.take().unwrap_or_default())
        };
        scan.page = Some(format!("{next}|{token}"));
        Ok(Some(assets))
    }

    /// Does the asset itself ask for clearance?
    pub(crate) fn asks_for_clearance(&self, asset: &Asset) -> bool {
        let Some(clearance) = &self.config.clearance else {
            return false;
        };
        let map = &self.config.fields;
        let asked = map.texts(&asset.fields, &clearance.request_field);
        asked
            .iter()
            .any(|text| text.eq_ignore_ascii_case("requested"))
    }

    /// Was this end of rights decided about before?
    pub(crate) fn is_settled(&self, asset: &Asset, end: Timestamp) -> Result<bool, Error> {
        let date = self.date_of(end)?;
        let reviewed = self.config.fields.texts(&asset.fields, "rights_reviewed");
        Ok(reviewed.contains(&date))
    }

    /// The date whose end this is, in the zone of the calendar. The end of a day belongs to that day.
    pub(crate) fn date_of(&self, end: Timestamp) -> Result<String, Error> {
        self.cx.local_date(&self.config.calendar.zone, end - 1)
    }

    // ---- Starting what an asset needs -----------------------------------------------------------

    /// Start the review of an end of rights; one that lives already is left alone.
    pub(crate) fn start_review(&self, asset: &Asset, end: Timestamp) -> Result<(), Error> {
        let date = self.date_of(end)?;
        self.start(&Request {
            asset: asset.id.clone(),
            date: Some(date),
            ..Request::default()
        })
    }

    /// Start a clearance for the intended use; one that lives already is left alone. `before` is the
    /// access that stood before the asset was blocked.
    pub(crate) fn start_clearance(
        &self,
        asset: &Asset,
        before: Option<AccessSnapshot>,
    ) -> Result<(), Error> {
        self.start(&Request {
            asset: asset.id.clone(),
            wanted: Some(Use::default().or_default(self.config)),
            before,
            ..Request::default()
        })
    }

    fn start(&self, request: &Request) -> Result<(), Error> {
        let dam = self.cx.connection(crate::DAM).unwrap_or_default();
        let key = request.key(&self.config.key_prefix, dam);
        self.cx.spawn(self.cx.flow(), &key, request).map(drop)
    }

    /// An asset of a licensed type has no date. Does another flow see to it?
    pub(crate) fn have_date_named(&self, asset: &Asset, kind: &str) -> Result<bool, Error> {
        let reason = format!("an asset of the type {kind} needs the end of its rights");
        let fields: Vec<_> = self.config.date_fields.iter().map(String::as_str).collect();
        self.hand_over(asset, &fields, &reason)
    }

    /// A date cannot be read. Does another flow see to it?
    pub(crate) fn have_date_mended(
        &self,
        asset: &Asset,
        field: &str,
        text: &str,
    ) -> Result<bool, Error> {
        let reason = format!("`{text}` in {field} is not a date");
        self.hand_over(asset, &[field], &reason)
    }

    /// Have fields mended by another flow, or tell operators.
    fn hand_over(&self, asset: &Asset, fields: &[&str], reason: &str) -> Result<bool, Error> {
        let mut record = DecisionRecord::new("handed-over", "system");
        record.asset = Some(asset.id.clone());
        record.comment = Some(reason.to_owned());
        self.cx.decision(&record);
        let Some(flow) = &self.config.exception_flow else {
            self.tell(&format!("\"{}\": {reason}", asset.name));
            return Ok(false);
        };
        let (prefix, names) = (&self.config.key_prefix, fields.join("+"));
        let key = format!("{prefix}:{}:{names}", asset.id);
        let input = json!({ "asset": asset.id, "missing": fields, "reason": reason });
        self.cx.spawn(flow, &key, &input)?;
        Ok(true)
    }

    // ---- What a scan searches for ---------------------------------------------------------------

    /// What a scan searches for at this place of its list: each date field before the horizon, then
    /// licensed assets without a date.
    fn query(&self, index: usize, horizon: Timestamp) -> Option<Query> {
        let fields = &self.config.date_fields;
        let query = match fields.get(index) {
            Some(field) => {
                Query::default().filter(self.subject(field), Comparison::Before(horizon))
            }
            None if index == fields.len() && !self.config.licensed_types.is_empty() => {
                let types = Comparison::OneOf(self.config.licensed_types.clone());
                let licensed =
                    Query::default().filter(self.subject(&self.config.type_field), types);
                fields.iter().fold(licensed, |query, field| {
                    query.filter(self.subject(field), Comparison::Absent)
                })
            }
            None => return None,
        };
        Some(Query {
            sort: SortBy::NameAscending,
            ..query
        })
    }

    /// A date field as a search names it.
    fn subject(&self, field: &str) -> String {
        if field == DAM_EXPIRY {
            "expires".to_owned()
        } else {
            format!("field:{}", self.config.fields.name(field))
        }
    }

    /// How far ahead a scan looks: the longest of all lead times.
    fn horizon(&self) -> i64 {
        let by_type = self.config.lead_by_type.values().flatten();
        let leads = self.config.lead_times.iter().chain(by_type);
        let length = |span: &Span| match span {
            Span::Minutes(minutes) => i64::from(*minutes) * MINUTE,
            // Weekends and holidays come on top; twice is safely too far.
            Span::BusinessDays(days) => i64::from(*days) * 2 * DAY,
            Span::BusinessHours(hours) => i64::from(*hours) * 2 * DAY / WORKING_HOURS,
        };
        leads.map(length).max().unwrap_or_default()
    }
}

fn split(page: Option<String>) -> (usize, Option<String>) {
    let page = page.unwrap_or_default();
    let (index, token) = page.split_once('|').unwrap_or(("0", ""));
    let token = Some(token.to_owned()).filter(|token| !token.is_empty());
    (index.parse().unwrap_or_default(), token)
}
