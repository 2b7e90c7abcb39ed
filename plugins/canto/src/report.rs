//! Activity reports: the use of an asset, what was done with shares, and which shares were made.

use forebay_sdk::assets::{ActivityPage, ShareActivity, Usage, UsageReport};
use forebay_sdk::{Entity, Error, Event, Field, Timestamp, paging, time};
use serde_json::{Map, Value as Json};

use crate::Canto;
use crate::date;
use crate::settings::{Report, fill};
use crate::wire::{ContentId, Listing, text};

/// What a report's word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Viewed,
    Downloaded,
    Shared,
    Revoked,
}

impl Action {
    /// The contract's word for what was done with a share.
    fn of_share(self) -> &'static str {
        match self {
            Self::Viewed => "viewed",
            Self::Downloaded => "downloaded",
            Self::Shared => "created",
            Self::Revoked => "revoked",
        }
    }
}

/// One line of a report.
struct Line {
    action: Action,
    at: Timestamp,
    actor: Option<String>,
    share: Option<String>,
    asset: Option<String>,
}

impl Report {
    fn path(&self, since: Timestamp, asset: Option<&ContentId>) -> String {
        let since = since.div_euclid(time::SECOND).to_string();
        let mut values = vec![("since", since.as_str())];
        if let Some(id) = asset {
            values.extend([("scheme", id.scheme.as_str()), ("id", id.id.as_str())]);
        }
        fill(&self.path, &values, forebay_sdk::http::encode_component)
    }

    /// A line that says something known; whatever else is reported is passed over.
    fn line(&self, entry: &Map<String, Json>) -> Option<Line> {
        let word = text(entry, &self.keys.action)?;
        let says = |words: &[String]| words.iter().any(|known| known.eq_ignore_ascii_case(&word));
        let words = &self.words;
        let action = match () {
            () if says(&words.viewed) => Action::Viewed,
            () if says(&words.downloaded) => Action::Downloaded,
            () if says(&words.shared) => Action::Shared,
            () if says(&words.revoked) => Action::Revoked,
            () => return None,
        };
        let (scheme, id) = (text(entry, "scheme"), text(entry, "id"));
        let asset = scheme
            .zip(id)
            .and_then(|(scheme, id)| ContentId::new(&scheme, &id));
        Some(Line {
            action,
            at: text(entry, &self.keys.time).and_then(|at| date::parse(&at))?,
            actor: text(entry, &self.keys.actor),
            share: text(entry, &self.keys.share),
            asset: asset.map(|id| id.to_string()),
        })
    }

    fn delay(&self) -> Timestamp {
        Timestamp::from(self.delay_hours) * time::HOUR
    }
}

impl Usage for Canto {
    fn report(&self, asset: &str, since: Timestamp) -> Result<UsageReport, Error> {
        let id = ContentId::parse(asset)?;
        let report = self.settings.usage.as_ref().ok_or_else(|| {
            Error::unsupported(
                "the use of an asset: Canto does not document the call; see the setting usage",
            )
        })?;
        let lines = self.lines(report, since, Some(&id))?;
        let of_asset = lines
            .iter()
            // The report may be about everything; a line that names no asset is about this one.
            .filter(|line| line.asset.as_deref().is_none_or(|of| of == asset))
            .filter(|line| line.at >= since)
            .collect::<Vec<_>>();
        let count = |action| of_asset.iter().filter(|line| line.action == action).count() as u64;
        let used = of_asset
            .iter()
            .filter(|line| line.action != Action::Revoked)
            .map(|line| line.at);
        Ok(UsageReport {
            views: count(Action::Viewed),
            downloads: count(Action::Downloaded),
            shares: count(Action::Shared),
            last_used_at: used.max(),
            complete_until: Some(self.call.now().saturating_sub(report.delay())),
        })
    }
}

impl Canto {
    /// What was done with shares since a time.
    pub(crate) fn share_activity(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<ActivityPage, Error> {
        let report = self.settings.sharing.activity.as_ref().ok_or_else(|| {
            Error::unsupported(
                "share activity: Canto does not document the call; see the setting sharing.activity",
            )
        })?;
        let start: u64 = paging::decode(page)?.unwrap_or_default();
        let limit = self.settings.page(u32::MAX);
        let listing = self.listing(&report.path(since, None), start, limit)?;
        let lines = listing
            .results
            .iter()
            .filter_map(|entry| report.line(entry));
        let mut activities: Vec<_> = lines
            .filter(|line| line.at >= since)
            .filter_map(|line| {
                Some(ShareActivity {
                    share: line.share?,
                    asset: line.asset?,
                    action: line.action.of_share().to_owned(),
                    actor: line.actor,
                    at: line.at,
                })
            })
            .collect();
        activities.sort_by_key(|activity| activity.at);
        let next = listing.next(start, limit);
        Ok(ActivityPage {
            activities,
            next: next.map(|start| paging::encode(&start)).transpose()?,
        })
    }

    /// The shares that were made since a time, one event each. The share's id makes it distinct.
    pub(crate) fn made_shares(
        &self,
        report: &Report,
        since: Timestamp,
    ) -> Result<Vec<Event>, Error> {
        let mut events: Vec<Event> = Vec::new();
        for line in self.lines(report, since, None)? {
            let (Some(share), Action::Shared) = (line.share, line.action) else {
                continue;
            };
            if line.at < since {
                continue;
            }
            let asset = line.asset.map(|id| Entity::new("asset", id));
            match events.iter_mut().find(|known| known.entity.id == share) {
                Some(known) => known.related.extend(asset),
                None => {
                    let own = line.actor.as_deref().is_some_and(|who| self.is_own(who));
                    let entity = Entity::new("share", &share);
                    events.push(Event {
                        actor: line.actor,
                        related: asset.into_iter().collect(),
                        data: vec![Field::new("own", own)],
                        ..Event::new("share.created", entity, share, line.at)
                    });
                }
            }
        }
        Ok(events)
    }

    /// All lines of a report.
    fn lines(
        &self,
        report: &Report,
        since: Timestamp,
        asset: Option<&ContentId>,
    ) -> Result<Vec<Line>, Error> {
        let (path, limit) = (report.path(since, asset), self.settings.page(u32::MAX));
        let mut lines = Vec::new();
        let mut at = Some(0);
        while let Some(start) = at {
            let listing: Listing = self.listing(&path, start, limit)?;
            lines.extend(
                listing
                    .results
                    .iter()
                    .filter_map(|entry| report.line(entry)),
            );
            at = listing.next(start, limit);
        }
        Ok(lines)
    }
}
