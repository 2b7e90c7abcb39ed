//! What the requester gets: everything in one collection, and one link that works.

use std::collections::BTreeMap;

use forebay_sdk::assets::{AssetUpdate, DownloadRight, ShareRequest};
use forebay_sdk::blocks::{Written, field_update, present, text_or_none, write};
use forebay_sdk::{Error, Field, OrAbsent, Timestamp, Value, time};

use super::Steps;
use super::fitness::rights_end;
use crate::config::{DeliveryKind, OnDuplicate};
use crate::state::{Link, Stage, State};

impl Steps<'_> {
    /// Deliver these lines with all that was delivered before.
    pub(crate) fn deliver(&self, state: &mut State, ready: &[usize]) -> Result<(), Error> {
        // First what the DAM may refuse: then nothing is left behind.
        for &index in ready {
            for id in &state.lines[index].assets {
                self.mark_asset(state, id)?;
            }
        }
        let collection = self.collection(state)?;
        for &index in ready {
            let had: Vec<_> = state.lines[index].versions.keys().cloned().collect();
            let assets = state.lines[index].assets.clone();
            let mut versions = BTreeMap::new();
            for id in &assets {
                if let Some(collection) = &collection {
                    self.cx.collections().add(collection, id)?;
                }
                let asset = self.cx.assets().get(id)?;
                let mut record = self.about("delivered", state, &asset);
                record.details = vec![
                    Field::new("line", state.lines[index].name.as_str()),
                    Field::new("chosen-by", state.lines[index].chosen_by.as_str()),
                ];
                self.cx.decision(&record);
                versions.insert(id.clone(), asset.version);
            }
            let line = &mut state.lines[index];
            line.stage = Stage::Delivered;
            line.versions = versions;
            line.why = String::new();
            for old in had.iter().filter(|old| !assets.contains(old)) {
                if let Some(collection) = &collection {
                    self.cx.collections().remove(collection, old).or_absent()?;
                }
            }
        }
        Ok(())
    }

    /// The request's fields on an asset.
    pub(super) fn marks(&self, state: &State, delivered: bool) -> Vec<(&'static str, Value)> {
        let request = &state.request;
        let mut marks = vec![
            ("request_id", text_or_none(request.id.as_str())),
            ("requested_by", text_or_none(request.requester.as_str())),
        ];
        if delivered {
            let note = format!("delivered for request {}", request.id);
            marks.push(("usage_note", Value::Text(note)));
            let duplicates = &self.config.duplicates;
            if duplicates.action == OnDuplicate::Suggest && !duplicates.on.is_empty() {
                let key = request.likeness(self.config);
                marks.push(("request_key", Value::Text(key)));
            }
        }
        marks
    }

    fn mark_asset(&self, state: &State, id: &str) -> Result<(), Error> {
        let update: AssetUpdate = field_update(&self.config.fields, &self.marks(state, true));
        let asset = self.cx.assets().get(id)?;
        if write(self.cx, &asset, &update)? == Written::Overtaken {
            let asset = self.cx.assets().get(id)?;
            write(self.cx, &asset, &update)?;
        }
        Ok(())
    }

    // ---- The link -------------------------------------------------------------------------------

    /// One link that works for all that was delivered. A new one comes before the old one ends.
    pub(crate) fn share(&self, state: &mut State) -> Result<(), Error> {
        let assets = state.delivered();
        let whole = self.config.delivery.kind == DeliveryKind::Collection;
        let collection = state
            .collection
            .as_ref()
            .filter(|_| whole)
            .map(|place| place.id.clone());
        let shown = match &collection {
            Some(collection) => vec![collection.clone()],
            None => assets.clone(),
        };
        if assets.is_empty()
            || state
                .share
                .as_ref()
                .is_some_and(|share| share.assets == shown)
        {
            return Ok(());
        }
        let rules = &self.config.delivery;
        let mail =
            Some(state.request.requester.clone()).filter(|mail| rules.mail && mail.contains('@'));
        let expires_at = self.link_end(&assets)?;
        let request = ShareRequest {
            assets,
            collection,
            title: format!("Request {}", state.request.id),
            message: None,
            recipients: mail.into_iter().collect(),
            download: if rules.allow_original {
                DownloadRight::Original
            } else {
                DownloadRight::Proxy
            },
            watermark: false,
            protected: false,
            expires_at: Some(expires_at),
            external_id: format!("{}-{}", self.mark(), state.links + 1),
        };
        let made = self.cx.sharing().create(&request)?;
        state.links += 1;
        let mut record = self.record("link-made", state);
        record.details = vec![
            Field::new("share", made.id.as_str()),
            Field::new("expires", time::to_rfc3339(expires_at)),
        ];
        self.cx.decision(&record);
        let link = Link {
            link: made.link.unwrap_or_else(|| made.id.clone()),
            id: made.id,
            assets: shown,
        };
        if let Some(old) = state.share.replace(link) {
            self.end_link(&old.id)?;
        }
        Ok(())
    }

    fn link_end(&self, assets: &[String]) -> Result<Timestamp, Error> {
        let span = self.config.delivery.expires;
        let mut end = span.after(self.cx, &self.config.calendar, self.cx.now(), 100)?;
        for id in assets {
            if let Some(asset) = present(self.cx, id)? {
                let rights = rights_end(self.cx, self.config, &asset).unwrap_or_default();
                end = rights.map_or(end, |rights| end.min(rights));
            }
        }
        Ok(end)
    }

    /// End the link the requester has.
    pub(crate) fn end_share(&self, state: &mut State) -> Result<(), Error> {
        if let Some(share) = state.share.take() {
            self.end_link(&share.id)?;
            let mut record = self.record("link-ended", state);
            record.details = vec![Field::new("share", share.id)];
            self.cx.decision(&record);
        }
        Ok(())
    }

    /// Where the DAM's API cannot end links, operators are told to do it.
    fn end_link(&self, id: &str) -> Result<(), Error> {
        match self.cx.sharing().revoke(id).or_absent() {
            Err(error) if error.is_unsupported() => {
                self.tell(&format!("end the share {id} by hand: {}", error.message()));
                Ok(())
            }
            done => done.map(drop),
        }
    }
}
