//! Finding shares nobody asked for: in reports, and in collections that outsiders see.

use std::collections::BTreeMap;

use forebay_sdk::assets::{Asset, AssetStatus, Comparison, Query, ShareActivity, SortBy};
use forebay_sdk::blocks::{Scan, Span, paths};
use forebay_sdk::time::{DAY, HOUR, MINUTE};
use forebay_sdk::{Error, OrAbsent, Timestamp, paging};
use serde_json::json;

use super::Steps;
use super::ask::{Suspect, watched};
use super::link::{every_share, is_named};
use crate::DAM;
use crate::config::Config;
use crate::state::Sweep;

/// What a report calls the making of a share.
const CREATED: &str = "created";

impl Steps<'_> {
    /// Shares that were made since the last scan, and some time before, by anybody but a flow. They
    /// can be told apart only where the DAM lists shares; otherwise its events do it.
    pub(crate) fn reported(&self) -> Result<Vec<Suspect>, Error> {
        let Some(shares) = self.shares(&every_share())? else {
            return Ok(Vec::new());
        };
        let since = self.cx.now() - reach(self.config);
        let mut suspects: BTreeMap<String, Suspect> = BTreeMap::new();
        for activity in self.made_since(since)? {
            let share = shares.iter().find(|share| is_named(share, &activity.share));
            if share.is_some_and(|share| share.external_id.is_some()) {
                continue;
            }
            let suspect = suspects.entry(activity.share.clone()).or_default();
            suspect.share = Some(activity.share);
            suspect.author = activity.actor;
            suspect.at = Some(activity.at);
            suspect.assets.push(activity.asset);
        }
        Ok(suspects.into_values().collect())
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

    /// What the next page of watched collections shows outsiders without approval; nothing where
    /// there are no more pages.
    pub(crate) fn exposed(&self, sweep: &mut Sweep) -> Result<Option<Vec<Suspect>>, Error> {
        let albums = &self.config.detective.watched_albums;
        let Some(pattern) = albums.get(sweep.album) else {
            return Ok(None);
        };
        let page = sweep.content.next_page(self.cx, &album_query(pattern));
        // A collection that is not there shows nothing.
        let page = page.or_absent()?;
        if page.is_none() || sweep.content.finished {
            sweep.album += 1;
            sweep.content = Scan {
                seen: sweep.content.seen,
                ..Scan::default()
            };
        }
        let assets = page.unwrap_or_default();
        let exposed = assets.iter().filter(|asset| self.exposes(asset));
        Ok(Some(exposed.map(|asset| self.suspect(asset)).collect()))
    }

    fn suspect(&self, asset: &Asset) -> Suspect {
        Suspect {
            place: watched(self.config, &paths(asset)).map(str::to_owned),
            assets: vec![asset.id.clone()],
            author: asset.modified_by.clone(),
            at: Some(asset.modified_at),
            ..Suspect::default()
        }
    }

    /// Do outsiders see this asset, in a collection they look into, without approval?
    pub(super) fn exposes(&self, asset: &Asset) -> bool {
        if asset.status != AssetStatus::Approved || watched(self.config, &paths(asset)).is_none() {
            return false;
        }
        let states = self.config.fields.texts(&asset.fields, "share_state");
        let approved = |state: &String| state == "shared" || state == "allowed";
        !states.iter().any(approved)
    }

    /// Start a case; one that lives already is left alone.
    pub(crate) fn open_case(&self, suspect: &Suspect) -> Result<(), Error> {
        let dam = self.cx.connection(DAM).unwrap_or_default();
        let key = suspect.key(self.config, dam);
        let input = json!({ "case": suspect });
        self.cx.spawn(self.cx.flow(), &key, &input).map(drop)
    }
}

/// How long after a share was made a scan may still find it.
pub(super) fn reach(config: &Config) -> Timestamp {
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
