//! The link: until when, made with what was demanded of it, ended, and proved to be dead.

use forebay_sdk::assets::{DownloadRight, Share, ShareQuery, ShareRequest};
use forebay_sdk::blocks::OneOrMany;
use forebay_sdk::handler::Signal;
use forebay_sdk::{Error, Field, Timestamp, Value, paging, time};
use serde::Deserialize;

use super::Steps;
use crate::config::Want;
use crate::state::{Link, Review};

/// What comes with the signals of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Last day of the link, of `extend`.
    until: String,
    /// New addresses, of `recipient`.
    pub(crate) recipient: OneOrMany,
    /// Why, of `recall`.
    pub(crate) reason: String,
    /// Who wants it.
    by: String,
}

impl Wanted {
    /// What is wanted; nothing where it cannot be read.
    pub(crate) fn of(signal: &Signal) -> Self {
        let mut wanted: Self = signal.data().unwrap_or_default();
        if wanted.by.is_empty() {
            wanted.by.clone_from(&signal.sender);
        }
        wanted
    }

    /// Who wants it.
    pub(crate) fn by(&self) -> &str {
        &self.by
    }
}

impl Steps<'_> {
    // ---- Until when -----------------------------------------------------------------------------

    /// When the link ends: at the end asked for, or as configured, unless a limit comes before.
    pub(crate) fn end_of_link(&self, review: &Review) -> Result<Timestamp, Error> {
        let asked = match &review.wish.until {
            Some(date) => self.end_of_date(date)?,
            None => {
                let expires = self.config.preventive.link.expires;
                expires.after(self.cx, &self.config.calendar, self.cx.now(), 100)?
            }
        };
        self.earliest(review, asked)
    }

    /// The earliest of: the end asked for, the end of the contract, what a reviewer said, and the
    /// end of rights of each asset in the link.
    pub(crate) fn earliest(&self, review: &Review, asked: Timestamp) -> Result<Timestamp, Error> {
        let contract = self.standing(&review.wish)?.contract_until;
        let rights = review.passing().filter_map(|item| item.ends);
        let limits = [contract, review.demands.until].into_iter().flatten();
        Ok(limits.chain(rights).fold(asked, Timestamp::min))
    }

    /// How much longer than now the link may work; the inner error says why not.
    pub(crate) fn longer_end(
        &self,
        review: &mut Review,
        wanted: &Wanted,
    ) -> Result<Result<Timestamp, String>, Error> {
        let now = review.shared_link()?.until;
        let Ok(asked) = self.end_of_date(&wanted.until) else {
            let why = format!("`{}` is not a date like 2027-12-31", wanted.until);
            return Ok(Err(why));
        };
        // What a reviewer said about the end is reviewed again.
        review.demands.until = None;
        let until = self.earliest(review, asked)?;
        if until <= now {
            let now = time::to_rfc3339(now);
            return Ok(Err(format!(
                "rights, contract and request do not let it work longer than {now}"
            )));
        }
        Ok(Ok(until))
    }

    // ---- Made -----------------------------------------------------------------------------------

    /// Make the link until then. The inner error says what the DAM cannot do that was demanded.
    pub(crate) fn create_link(
        &self,
        review: &mut Review,
        until: Timestamp,
    ) -> Result<Result<Link, String>, Error> {
        let request = self.link_request(review, until);
        let share = match self.create_as_wanted(review, &request)? {
            Ok(share) => share,
            Err(why) => return Ok(Err(why)),
        };
        let link = Link {
            share: share.id,
            address: share.link,
            external_id: request.external_id,
            assets: request.assets,
            from: self.cx.now(),
            until,
        };
        review.links += 1;
        review.link = Some(link.clone());
        Ok(Ok(link))
    }

    fn link_request(&self, review: &Review, until: Timestamp) -> ShareRequest {
        let demands = &review.demands;
        let original = self.config.preventive.link.allow_original
            && review.wish.original
            && !demands.low_resolution;
        ShareRequest {
            assets: review.passing().map(|item| item.id.clone()).collect(),
            collection: None,
            title: review.wish.purpose.clone(),
            message: demands
                .credit
                .as_ref()
                .map(|line| format!("Credit: {line}")),
            recipients: Vec::new(),
            download: match (demands.look_only, original) {
                (true, _) => DownloadRight::None,
                (false, true) => DownloadRight::Original,
                (false, false) => DownloadRight::Proxy,
            },
            watermark: false,
            protected: false,
            expires_at: Some(until),
            external_id: format!("{}-{}", self.cx.run_id(), review.links + 1),
        }
    }

    /// What is wanted only where the DAM can is left out where it cannot: it refuses before anything
    /// happens.
    fn create_as_wanted(
        &self,
        review: &Review,
        request: &ShareRequest,
    ) -> Result<Result<Share, String>, Error> {
        let wanted = &self.config.preventive.link;
        let mark = if review.demands.watermark {
            Want::Always
        } else {
            wanted.watermark
        };
        let mut reason = String::new();
        for (watermark, protected) in ways(mark, wanted.password) {
            let request = ShareRequest {
                watermark,
                protected,
                ..request.clone()
            };
            match self.cx.sharing().create(&request) {
                Ok(share) => {
                    self.log_new_link(review, &share, &request, &reason);
                    return Ok(Ok(share));
                }
                Err(error) if error.is_unsupported() => error.message().clone_into(&mut reason),
                Err(error) => return Err(error),
            }
        }
        Ok(Err(format!(
            "the DAM cannot make the link as it is wanted: {reason}"
        )))
    }

    fn log_new_link(&self, review: &Review, share: &Share, request: &ShareRequest, reason: &str) {
        for item in review.passing() {
            let mut record = self.record("link-made", item);
            record.comment = (!reason.is_empty()).then(|| format!("less than wanted: {reason}"));
            let until = request.expires_at.map_or(Value::None, Value::Timestamp);
            record.details = vec![
                Field::new("share", share.id.as_str()),
                Field::new("recipient", review.wish.recipient.0.join(", ")),
                Field::new("until", until),
                Field::new("watermark", request.watermark),
                Field::new("protected", request.protected),
                Field::new("approved-by", review.approved_by.join(", ")),
            ];
            self.cx.decision(&record);
        }
    }

    // ---- Ended ----------------------------------------------------------------------------------

    /// End the link, or restrict its assets where the DAM's API cannot. What was done, in words.
    pub(crate) fn kill_link(
        &self,
        review: &Review,
        state: &str,
        by: &str,
        why: &str,
    ) -> Result<&'static str, Error> {
        let Some(link) = &review.link else {
            return Ok("There was no link.");
        };
        let ended = if self.revoke(&link.share)? {
            self.note_end(link, state)?;
            "The link was ended."
        } else {
            self.restrict_all(link, state)?;
            "The DAM's API cannot end the link: its assets were restricted. End it by hand."
        };
        self.log_link(review, state, by, &format!("{why}; {ended}"));
        Ok(ended)
    }

    /// Make sure that a link whose time is over is dead. How that is known; nothing where the link
    /// still works and cannot be ended.
    pub(crate) fn prove_dead(&self, link: &Link) -> Result<Option<&'static str>, Error> {
        let query = ShareQuery {
            external_id: Some(link.external_id.clone()),
            ..every_share()
        };
        Ok(match self.shares(&query)? {
            None => Some("the DAM does not list shares; it was made with this end"),
            Some(shares) if !shares.iter().any(|share| share.active) => {
                Some("the DAM shows it as ended")
            }
            Some(_) => {
                let revoked = self.revoke(&link.share)?;
                revoked.then_some("it still worked and was revoked")
            }
        })
    }

    /// End a share. False where the DAM's API cannot.
    pub(crate) fn revoke(&self, share: &str) -> Result<bool, Error> {
        match self.cx.sharing().revoke(share) {
            Ok(()) => Ok(true),
            Err(error) if error.is_not_found() => Ok(true),
            Err(error) if error.is_unsupported() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The shares that fit, ended ones included; none where the DAM's API cannot list them.
    pub(crate) fn shares(&self, query: &ShareQuery) -> Result<Option<Vec<Share>>, Error> {
        let listed = paging::collect(usize::MAX, |page| {
            let query = ShareQuery {
                page: page.map(str::to_owned),
                ..query.clone()
            };
            let found = self.cx.sharing().list(&query)?;
            Ok((found.shares, found.next))
        });
        match listed {
            Ok((shares, _)) => Ok(Some(shares)),
            Err(error) if error.is_unsupported() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The share of this name, ended or not; none where the DAM does not list it.
    pub(super) fn share_named(&self, name: &str) -> Result<Option<Share>, Error> {
        let listed = self.shares(&every_share())?.unwrap_or_default();
        Ok(listed.into_iter().find(|share| is_named(share, name)))
    }

    /// What became of the link, on the records of its assets.
    pub(crate) fn log_link(&self, review: &Review, action: &str, actor: &str, comment: &str) {
        let Some(link) = &review.link else {
            return;
        };
        for item in review.items.iter().filter(|item| link.holds(item)) {
            let mut record = self.record(action, item);
            actor.clone_into(&mut record.actor);
            record.comment = Some(comment.to_owned());
            record.details = vec![
                Field::new("share", link.share.as_str()),
                Field::new("until", Value::Timestamp(link.until)),
            ];
            self.cx.decision(&record);
        }
    }
}

impl Link {
    /// When it worked, in words.
    pub(crate) fn period(&self) -> String {
        let (from, until) = (time::to_rfc3339(self.from), time::to_rfc3339(self.until));
        format!("from {from} until {until}")
    }
}

/// Is this the share's name? Reports may name the link instead of the id.
pub(super) fn is_named(share: &Share, name: &str) -> bool {
    share.id == name || share.link.as_deref() == Some(name)
}

/// All shares, ended ones included.
pub(crate) fn every_share() -> ShareQuery {
    ShareQuery {
        asset: None,
        collection: None,
        external_id: None,
        include_ended: true,
        page: None,
    }
}

/// Watermark and password, from all that is wanted to all that is needed.
fn ways(watermark: Want, password: Want) -> Vec<(bool, bool)> {
    let choices = |want| match want {
        Want::Auto => vec![true, false],
        Want::Always => vec![true],
        Want::Never => vec![false],
    };
    let mut ways = Vec::new();
    for watermark in choices(watermark) {
        for password in choices(password) {
            ways.push((watermark, password));
        }
    }
    ways
}
