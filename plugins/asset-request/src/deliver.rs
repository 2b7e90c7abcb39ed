//! What the requester gets: everything in one collection, one link that works, and the facts in the
//! process.

use forebay_sdk::assets::{AssetUpdate, DownloadRight, PlaceholderRequest, ShareRequest};
use forebay_sdk::blocks::{Written, field_update, fill, present, text_or_none, write};
use forebay_sdk::handler::interfaces;
use forebay_sdk::{Error, Field, OrAbsent, Timestamp, Value, digest, time};

use crate::DAM;
use crate::config::{DeliveryKind, OnDuplicate};
use crate::course::Course;
use crate::fitness::rights_end;
use crate::state::{Link, Place, Stage, State};

impl Course<'_> {
    // ---- Collection and placeholders ------------------------------------------------------------

    /// The request's collection, made where there is none yet.
    pub(crate) fn collection(&self, state: &mut State) -> Result<Option<String>, Error> {
        if !self.cx.available(DAM, interfaces::COLLECTIONS) {
            return Ok(None);
        }
        if let Some(place) = &state.collection {
            return Ok(Some(place.id.clone()));
        }
        let request = &state.request;
        let path = fill(&self.config.delivery.album, |name| match name {
            "request_id" | "id" => Some(request.id.clone()),
            name => {
                let given = request.values(name);
                let given = if given.is_empty() {
                    request.meaning(self.config, name)
                } else {
                    given
                };
                Some(given.join(" "))
            }
        })?;
        let path = path.trim().to_owned();
        let made = self.cx.collections().create(&path)?;
        let id = made.id.clone();
        state.collection = Some(Place {
            id: made.id,
            path,
            remade: false,
        });
        Ok(Some(id))
    }

    /// Make it again where somebody deleted it. True where it was deleted a second time: somebody
    /// means it.
    pub(crate) fn collection_is_lost(&self, state: &mut State) -> Result<bool, Error> {
        let Some(place) = state.collection.clone() else {
            return Ok(false);
        };
        if self.cx.collections().find(&place.path)?.is_some() {
            return Ok(false);
        }
        if place.remade {
            return Ok(true);
        }
        let made = self.cx.collections().create(&place.path)?;
        let again = made.id.clone();
        state.collection = Some(Place {
            id: made.id,
            remade: true,
            ..place.clone()
        });
        let placeholders = state
            .lines
            .iter()
            .filter_map(|line| line.placeholder.clone());
        for asset in state.delivered().into_iter().chain(placeholders) {
            self.cx.collections().add(&again, &asset).or_absent()?;
        }
        let mut record = self.record("collection-remade", state);
        record.comment = Some(format!("{} was deleted by hand", place.path));
        self.cx.decision(&record);
        if self.config.delivery.kind == DeliveryKind::Collection && state.share.is_some() {
            // The link of the collection that is gone shows nothing any more.
            self.share(state)?;
        }
        Ok(false)
    }

    /// A placeholder for each line.
    pub(crate) fn placeholders(&self, state: &mut State) -> Result<(), Error> {
        if !self.config.placeholder || !self.cx.available(DAM, interfaces::PLACEHOLDERS) {
            return Ok(());
        }
        let collection = self.collection(state)?;
        let marks = field_update(&self.config.fields, &self.marks(state, false));
        for index in 0..state.lines.len() {
            let request = PlaceholderRequest {
                title: format!("{} {}", state.request.id, state.lines[index].name),
                collection: collection.clone(),
                fields: marks.fields.clone(),
                external_id: format!("{}-{index}", self.mark()),
            };
            let id = self.cx.placeholders().create(&request)?;
            state.lines[index].placeholder = Some(id).filter(|id| !id.is_empty());
        }
        Ok(())
    }

    /// Short and the same for the whole run: what our objects are called at the DAM.
    fn mark(&self) -> String {
        let parts = [self.cx.business_key(), self.cx.run_id()];
        digest::of_parts(&parts)[..16].to_owned()
    }

    // ---- Delivery -------------------------------------------------------------------------------

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
            let mut versions = std::collections::BTreeMap::new();
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
        self.share(state)
    }

    /// The request's fields on an asset.
    fn marks(&self, state: &State, delivered: bool) -> Vec<(&'static str, Value)> {
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
    fn share(&self, state: &mut State) -> Result<(), Error> {
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

    // ---- What people see ------------------------------------------------------------------------

    /// Show the state of things in the process, where it has changed.
    pub(crate) fn show(&self, state: &mut State) -> Result<(), Error> {
        let lines = state.lines.iter().map(|line| {
            let why = if line.why.is_empty() {
                String::new()
            } else {
                format!(" ({})", line.why)
            };
            format!("{}: {}{why}", line.name, line.stage.word())
        });
        let lines: Vec<_> = lines.collect();
        let delivered = state.delivered();
        let versions = state.lines.iter().flat_map(|line| {
            let known = line.versions.iter();
            known
                .filter(|(id, _)| delivered.contains(id))
                .map(|(_, version)| version.clone())
        });
        let versions: Vec<_> = versions.collect();
        let mut licence = Vec::new();
        for id in &delivered {
            if let Some(asset) = present(self.cx, id)? {
                let of = |field: &str| self.config.fields.texts(&asset.fields, field).join(", ");
                let end = rights_end(self.cx, self.config, &asset).unwrap_or_default();
                let end = end
                    .and_then(time::to_date)
                    .unwrap_or_else(|| "open".to_owned());
                licence.push(format!(
                    "{id}: {} until {end}",
                    of(&self.config.rights.territories)
                ));
            }
        }
        let share = state.share.clone().unwrap_or_default();
        let place = state.collection.clone().unwrap_or_default();
        let variables = [
            Field::new("lines", lines.join("\n")),
            Field::new("link", share.link),
            Field::new("collectionId", place.id),
            Field::new("assetIds", delivered.join(",")),
            Field::new("assetVersions", versions.join(",")),
            Field::new("licence", licence.join("\n")),
            Field::new("late", state.late),
            Field::new("clockPaused", state.paused_since.is_some()),
        ];
        let shown = variables.iter().map(|field| field.value.to_plain());
        let parts: Vec<_> = shown.collect();
        let parts: Vec<_> = parts.iter().map(String::as_str).collect();
        let shown = digest::of_parts(&parts)[..16].to_owned();
        if shown != state.shown {
            state.desk.show(self.cx, &variables)?;
            state.shown = shown;
        }
        Ok(())
    }
}
