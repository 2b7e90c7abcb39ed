//! Scans and looks: finding the assets that need a review, and starting it.

use forebay_sdk::assets::{Asset, Comparison, Query, SortBy};
use forebay_sdk::blocks::{CONTINUE, Scan, Span, present};
use forebay_sdk::handler::DecisionRecord;
use forebay_sdk::time::{DAY, MINUTE};
use forebay_sdk::{Error, Step, Timestamp};
use serde_json::json;

use crate::admit::Request;
use crate::config::DAM_EXPIRY;
use crate::course::{Course, Next};
use crate::rights::{self, End};
use crate::state::{State, Subject, Use};

/// Hours in a working day, roughly: how far a lead time in working time can reach.
const WORKING_HOURS: i64 = 8;

impl Course<'_> {
    /// One page of a scan: each date field is searched for in turn.
    pub(crate) fn scan(&self, mut scan: Scan) -> Next {
        let horizon = self.cx.now() + self.horizon();
        // Fields are walked one after the other; the place in the list stands before the page token.
        let (index, page) = split(scan.page.take());
        let Some(query) = self.query(index, horizon) else {
            let summary = format!("{} assets looked at, {} reviews", scan.seen, scan.started);
            return Ok(Step::complete(State::Scan(scan), "scanned", summary));
        };
        scan.page = page;
        scan.finished = false;
        for asset in scan.next_page(self.cx, &query)? {
            scan.started += u64::from(self.inspect(&asset)?);
        }
        let (next, token) = if scan.finished {
            (index + 1, String::new())
        } else {
            (index, scan.page.take().unwrap_or_default())
        };
        scan.page = Some(format!("{next}|{token}"));
        let now = self.cx.now();
        Ok(Step::wait(State::Scan(scan))
            .timer(CONTINUE, now)
            .waiting_on("the next page of assets"))
    }

    /// Read one asset and start what it needs.
    pub(crate) fn look(&self, subject: Subject) -> Next {
        let Some(asset) = present(self.cx, &subject.asset)? else {
            let gone = State::Look(subject);
            return Ok(Step::cancel(gone, "asset-gone", "the asset was deleted"));
        };
        let summary = if self.inspect(&asset)? {
            "a run was started for the asset"
        } else {
            "the asset needs nothing"
        };
        Ok(Step::complete(State::Look(subject), "looked", summary))
    }

    /// Start what an asset needs: a review of the end of its rights, a clearance, a mended field.
    pub(crate) fn inspect(&self, asset: &Asset) -> Result<bool, Error> {
        if let Some(request) = self.asks_for_clearance(asset)? {
            self.start(&request)?;
            return Ok(true);
        }
        match rights::end(self.cx, self.config, asset) {
            End::Open => Ok(false),
            End::At(at, _) if self.is_settled(asset, at)? => Ok(false),
            End::At(at, _) => {
                self.start_review(&asset.id, at)?;
                Ok(true)
            }
            End::Missing(kind) => {
                let reason = format!("an asset of the type {kind} needs the end of its rights");
                let fields: Vec<_> = self.config.date_fields.iter().map(String::as_str).collect();
                self.hand_over(asset, &fields, &reason)
            }
            End::Unreadable(field, text) => {
                let reason = format!("`{text}` in {field} is not a date");
                self.hand_over(asset, &[field.as_str()], &reason)
            }
        }
    }

    /// Does the asset itself ask for clearance? A talent who withdrew consent does, and blocks it.
    fn asks_for_clearance(&self, asset: &Asset) -> Result<Option<Request>, Error> {
        let Some(clearance) = &self.config.clearance else {
            return Ok(None);
        };
        let mut request = Request {
            asset: asset.id.clone(),
            wanted: Some(Use::default().or_default(self.config)),
            ..Request::default()
        };
        if self.withdrawn(asset) {
            request.before = self.block_withdrawn(asset)?;
            return Ok(Some(request));
        }
        let asked = self
            .config
            .fields
            .texts(&asset.fields, &clearance.request_field);
        let asked = asked
            .iter()
            .any(|text| text.eq_ignore_ascii_case("requested"));
        Ok(asked.then_some(request))
    }

    /// Was this end of rights decided about before?
    fn is_settled(&self, asset: &Asset, end: Timestamp) -> Result<bool, Error> {
        let date = self.date_of(end)?;
        let reviewed = self.config.fields.texts(&asset.fields, "rights_reviewed");
        Ok(reviewed.contains(&date))
    }

    /// The date whose end this is, in the zone of the calendar. The end of a day belongs to that day.
    pub(crate) fn date_of(&self, end: Timestamp) -> Result<String, Error> {
        self.cx.local_date(&self.config.calendar.zone, end - 1)
    }

    /// Start the review of an end of rights; one that lives already is left alone.
    pub(crate) fn start_review(&self, asset: &str, end: Timestamp) -> Result<(), Error> {
        let date = self.date_of(end)?;
        self.start(&Request {
            asset: asset.to_owned(),
            date: Some(date),
            ..Request::default()
        })
    }

    fn start(&self, request: &Request) -> Result<(), Error> {
        let dam = self.cx.connection(crate::DAM).unwrap_or_default();
        let key = request.key(&self.config.key_prefix, dam);
        self.cx.spawn(self.cx.flow(), &key, request).map(drop)
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
        let key = format!(
            "{}:{}:{}",
            self.config.key_prefix,
            asset.id,
            fields.join("+")
        );
        let input = json!({ "asset": asset.id, "missing": fields, "reason": reason });
        self.cx.spawn(flow, &key, &input)?;
        Ok(true)
    }

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
