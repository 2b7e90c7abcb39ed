//! What people see of a request in its process.

use forebay_sdk::blocks::present;
use forebay_sdk::{Error, Field, digest, time};

use super::Steps;
use super::fitness::rights_end;
use crate::state::State;

impl Steps<'_> {
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
