//! What was done with assets: activity of shares, and figures of use. iconik has no report; what it
//! tells is put together from shares, their recipients and the history of assets.

use forebay_sdk::assets::{ActivityPage, ShareActivity, Usage, UsageReport};
use forebay_sdk::{Error, OrAbsent, Timestamp, lenient, paging};
use serde::Deserialize;

use crate::Iconik;
use crate::sharing::RawShare;
use crate::wire::moment;

/// An entry in the history of an asset.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawEntry {
    #[serde(deserialize_with = "lenient::string")]
    operation_type: String,
    #[serde(deserialize_with = "lenient::string")]
    share_id: String,
    /// Whom of the share's recipients.
    #[serde(deserialize_with = "lenient::string")]
    share_user_id: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    user_id: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    date_created: Option<String>,
}

impl RawEntry {
    fn at(&self) -> Timestamp {
        moment(self.date_created.as_ref()).unwrap_or_default()
    }
}

impl Usage for Iconik {
    /// Downloads come from the history. Views are told of shares only: a recipient who opened one
    /// since counts once; views inside iconik are not told by its API.
    fn report(&self, asset: &str, since: Timestamp) -> Result<UsageReport, Error> {
        self.raw_asset(asset)?;
        let downloads: Vec<Timestamp> = self.downloads(asset)?.iter().map(RawEntry::at).collect();
        let (mut shared, mut viewed) = (Vec::new(), Vec::new());
        for share in self.shares_showing(asset)? {
            let share = self.with_recipients(share)?;
            shared.extend(share.created());
            viewed.extend(
                share
                    .recipients()
                    .iter()
                    .filter_map(|who| who.last_access()),
            );
        }
        let count = |times: &[Timestamp]| times.iter().filter(|at| **at >= since).count() as u64;
        let last = downloads.iter().chain(&shared).chain(&viewed).max();
        Ok(UsageReport {
            views: count(&viewed),
            downloads: count(&downloads),
            shares: count(&shared),
            last_used_at: last.copied(),
            complete_until: None,
        })
    }
}

impl Iconik {
    /// Page by page of shares; each page is in order of time. The end of a share is not told, for
    /// iconik forgets what was revoked.
    pub(crate) fn activity_since(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<ActivityPage, Error> {
        let number: u32 = paging::decode(page)?.unwrap_or(1);
        let shares = self.all_shares(number)?;
        let next = shares.has_next().then(|| paging::encode(&(number + 1)));
        let mut activities = Vec::new();
        for share in shares.objects {
            let share = self.with_recipients(share)?;
            activities.extend(seen(&share));
            if !share.is_of_collection() {
                activities.extend(self.downloaded(&share)?);
            }
        }
        activities.retain(|activity| activity.at >= since);
        activities.sort_by_key(|activity| activity.at);
        Ok(ActivityPage {
            activities,
            next: next.transpose()?,
        })
    }

    fn downloaded(&self, share: &RawShare) -> Result<Vec<ShareActivity>, Error> {
        let entries = self.downloads(&share.object_id)?.into_iter();
        let ours = entries.filter(|entry| entry.share_id == share.id);
        Ok(ours
            .map(|entry| {
                let recipient = share.recipient(&entry.share_user_id);
                let who = recipient
                    .map(|who| who.email.clone())
                    .or(entry.user_id.clone());
                done(share, "downloaded", who, entry.at())
            })
            .collect())
    }

    /// Downloads of an asset; one that is gone has none.
    fn downloads(&self, asset: &str) -> Result<Vec<RawEntry>, Error> {
        let url = self.asset_url(asset, "history/");
        let mut entries: Vec<RawEntry> = self.all(&url, &[]).or_absent()?.unwrap_or_default();
        entries.retain(|entry| entry.operation_type == "DOWNLOAD");
        Ok(entries)
    }
}

/// That it was made, and who opened it last when.
fn seen(share: &RawShare) -> Vec<ShareActivity> {
    let owner = share.owner().map(str::to_owned);
    let made = share
        .created()
        .map(|at| done(share, "created", owner.clone(), at));
    let viewed = share.recipients().iter().filter_map(|who| {
        let at = who.last_access()?;
        Some(done(share, "viewed", Some(who.email.clone()), at))
    });
    made.into_iter().chain(viewed).collect()
}

fn done(share: &RawShare, action: &str, actor: Option<String>, at: Timestamp) -> ShareActivity {
    ShareActivity {
        share: share.full_id(),
        asset: share.object_id.clone(),
        action: action.to_owned(),
        actor,
        at,
    }
}
