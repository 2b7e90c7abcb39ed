//! The request's collection, and a placeholder for each line in it.

use forebay_sdk::assets::PlaceholderRequest;
use forebay_sdk::blocks::{field_update, fill};
use forebay_sdk::handler::interfaces;
use forebay_sdk::{Error, OrAbsent, digest};

use super::Steps;
use crate::DAM;
use crate::config::DeliveryKind;
use crate::state::{Place, State};

impl Steps<'_> {
    /// The request's collection, made where there is none yet.
    pub(super) fn collection(&self, state: &mut State) -> Result<Option<String>, Error> {
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
    pub(crate) fn make_placeholders(&self, state: &mut State) -> Result<(), Error> {
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
    pub(super) fn mark(&self) -> String {
        let parts = [self.cx.business_key(), self.cx.run_id()];
        digest::of_parts(&parts)[..16].to_owned()
    }
}
