//! A scan: reports of shares, and the content of collections that outsiders see.

use std::collections::BTreeMap;

use forebay_sdk::assets::{Comparison, Query, ShareActivity, SortBy};
use forebay_sdk::blocks::{CONTINUE, Scan, Span, paths};
use forebay_sdk::time::{DAY, HOUR, MINUTE};
use forebay_sdk::{Error, OrAbsent, Step, Timestamp, paging};
use serde_json::json;

use crate::DAM;
use crate::config::Config;
use crate::course::{Course, Next, every_share};
use crate::request::{Suspect, watched};
use crate::state::{State, Sweep};

/// What a report calls the making of a share.
const CREATED: &str = "created";

impl Course<'_> {
    pub(crate) fn scan(&self, mut sweep: Sweep) -> Next {
        if !self.config.detective.enabled {
            let why = "the flow does not look for shares made by hand";
            return Ok(Step::complete(State::Scan(sweep), "scanned", why));
        }
        if !sweep.shares_read {
            sweep.hits += self.read_reports()?;
            sweep.shares_read = true;
            return self.go_on(sweep);
        }
        let albums = &self.config.detective.watched_albums;
        let Some(pattern) = albums.get(sweep.album) else {
            let summary = format!(
                "{} assets looked at, {} suspicions",
                sweep.content.seen, sweep.hits
            );
            return Ok(Step::complete(State::Scan(sweep), "scanned", summary));
        };
        let found = sweep.content.next_page(self.cx, &album_query(pattern));
        let Some(assets) = found.or_absent()? else {
            return self.next_album(sweep);
        };
        for asset in assets.iter().filter(|asset| self.exposes(asset)) {
            let place = watched(self.config, &paths(asset)).map(str::to_owned);
            sweep.hits += 1;
            self.open_case(&Suspect {
                place,
                assets: vec![asset.id.clone()],
                author: asset.modified_by.clone(),
                at: Some(asset.modified_at),
                ..Suspect::default()
            })?;
        }
        match sweep.content.finished {
            true => self.next_album(sweep),
            false => self.go_on(sweep),
        }
    }

    fn next_album(&self, mut sweep: Sweep) -> Next {
        sweep.album += 1;
        sweep.content = Scan {
            seen: sweep.content.seen,
            ..Scan::default()
        };
        self.go_on(sweep)
    }

    fn go_on(&self, sweep: Sweep) -> Next {
        Ok(Step::wait(State::Scan(sweep))
            .timer(CONTINUE, self.cx.now())
            .waiting_on("the next page of a scan"))
    }

    /// Shares that were made since the last scan, and some time before, by anybody but a flow. They
    /// can be told apart only where the DAM lists shares; otherwise its events do it.
    fn read_reports(&self) -> Result<u64, Error> {
        let Some(shares) = self.shares(&every_share())? else {
            return Ok(0);
        };
        let since = self.cx.now() - reach(self.config);
        let mut suspects: BTreeMap<String, Suspect> = BTreeMap::new();
        for activity in self.made_since(since)? {
            let share = shares.iter().find(|share| share.id == activity.share);
            if share.is_some_and(|share| share.external_id.is_some()) {
                continue;
            }
            let suspect = suspects.entry(activity.share.clone()).or_default();
            suspect.share = Some(activity.share);
            suspect.author = activity.actor;
            suspect.at = Some(activity.at);
            suspect.assets.push(activity.asset);
        }
        for suspect in suspects.values() {
            self.open_case(suspect)?;
        }
        Ok(suspects.len() as u64)
    }

    fn made_since(&self, since: Timestamp) -> Result<Vec<ShareActivity>, Error> {
        let read = paging::collect(usize::MAX, |page| {
            let found = self.cx.sharing().activity(since, page)?;
            Ok((found.activities, found.next))
        });
        let activities = match read {
            Ok((activities, _)) => activities,
            Err(error) if error.is_unsupported() => Vec::new(),
            Err(error) => return Err(error),
        };
        let made = activities.into_iter();
        Ok(made.filter(|activity| activity.action == CREATED).collect())
    }

    /// Start a case; one that lives already is left alone.
    fn open_case(&self, suspect: &Suspect) -> Result<(), Error> {
        let dam = self.cx.connection(DAM).unwrap_or_default();
        let key = suspect.key(self.config, dam);
        let input = json!({ "case": suspect });
        self.cx.spawn(self.cx.flow(), &key, &input).map(drop)
    }
}

/// How long after a share was made a scan may still find it.
pub(crate) fn reach(config: &Config) -> Timestamp {
    length(config.detective.overlap) + length(config.detective.interval)
}

fn length(span: Span) -> Timestamp {
    match span {
        Span::Minutes(minutes) => Timestamp::from(minutes) * MINUTE,
        // The check refuses working time here; as the clock on the wall it is not too short.
        Span::BusinessDays(days) => Timestamp::from(days) * DAY,
        Span::BusinessHours(hours) => Timestamp::from(hours) * HOUR,
    }
}

/// All assets in the collections of a pattern, and below the part of it that has no star.
fn album_query(pattern: &str) -> Query {
    let fixed: Vec<_> = pattern
        .split('/')
        .take_while(|part| !part.contains('*'))
        .collect();
    let base = fixed.join("/");
    let query = Query {
        sort: SortBy::NameAscending,
        ..Query::default()
    };
    match base.is_empty() {
        true => query,
        false => query.filter("container", Comparison::OneOf(vec![base])),
    }
}
