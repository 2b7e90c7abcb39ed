//! An asset in either DAM, for tests that hold for both.

use anyhow::{Context as _, ensure};
use forebay_simulators::canto::types::CustomField;
use forebay_simulators::canto::values::ContentId;
use forebay_simulators::common::Frame;
use serde_json::{Value, json};

use super::World;

/// Who changes assets in these tests; not the integration's own user.
const EDITOR: &str = "u1";

/// A DAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dam {
    /// Canto.
    Canto,
    /// iconik.
    Iconik,
}

/// A field that was taken away from a DAM.
#[derive(Debug)]
pub enum RemovedField {
    /// A custom field of Canto.
    Canto(CustomField),
    /// A field of iconik's view, with its position.
    Iconik(usize, Value),
}

impl Dam {
    /// Recorder, faults, tokens and courier of its simulator.
    #[must_use]
    pub fn frame(self, world: &World) -> &Frame {
        match self {
            Self::Canto => world.canto.frame(),
            Self::Iconik => world.iconik.frame(),
        }
    }

    /// Take a field away from the DAM (from its view in iconik), as an administrator may.
    ///
    /// # Errors
    /// If there is no such field.
    pub fn remove_field(self, world: &World, name: &str) -> anyhow::Result<RemovedField> {
        let removed = match self {
            Self::Canto => world.canto.library(|library, _| {
                let position = library.fields.iter().position(|field| field.name == name)?;
                Some(RemovedField::Canto(library.fields.remove(position)))
            }),
            Self::Iconik => world.iconik.domain(|domain, _| {
                let fields = domain.views.first_mut()?.get_mut("view_fields")?;
                let fields = fields.as_array_mut()?;
                let position = fields.iter().position(|field| field["name"] == name)?;
                Some(RemovedField::Iconik(position, fields.remove(position)))
            }),
        };
        removed.with_context(|| format!("no field {name}"))
    }
}

impl RemovedField {
    /// Put the field back.
    pub fn put_back(self, world: &World) {
        match self {
            Self::Canto(field) => world.canto.add_field(field),
            Self::Iconik(position, field) => world.iconik.domain(|domain, _| {
                let fields = domain
                    .views
                    .first_mut()
                    .and_then(|view| view.get_mut("view_fields"));
                if let Some(fields) = fields.and_then(Value::as_array_mut) {
                    fields.insert(position, field);
                }
            }),
        }
    }
}

/// An asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asset {
    /// In Canto.
    Canto(ContentId),
    /// In iconik, by its id.
    Iconik(String),
}

impl Asset {
    /// Its DAM.
    #[must_use]
    pub fn dam(&self) -> Dam {
        match self {
            Self::Canto(_) => Dam::Canto,
            Self::Iconik(_) => Dam::Iconik,
        }
    }

    /// Its identity as requests of the API name it.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Canto(id) => id.to_string(),
            Self::Iconik(id) => id.clone(),
        }
    }

    /// The current version.
    #[must_use]
    pub fn version(&self, world: &World) -> String {
        match self {
            Self::Canto(id) => world
                .canto
                .asset(id)
                .map(|asset| asset.current().id.clone())
                .unwrap_or_default(),
            Self::Iconik(id) => world.iconik_version(id),
        }
    }

    /// Move it to the trash.
    ///
    /// # Errors
    /// If it is not there.
    pub fn delete(&self, world: &World) -> anyhow::Result<()> {
        match self {
            Self::Canto(id) => world
                .canto
                .delete(id, EDITOR)
                .map_err(|refusal| anyhow::anyhow!("{refusal:?}")),
            Self::Iconik(id) => {
                ensure!(world.iconik.delete(id, EDITOR), "{id} is not there");
                Ok(())
            }
        }
    }

    /// Put it back from the trash.
    ///
    /// # Errors
    /// If it is not in the trash.
    pub fn restore(&self, world: &World) -> anyhow::Result<()> {
        match self {
            Self::Canto(id) => world
                .canto
                .restore(id, EDITOR)
                .map_err(|refusal| anyhow::anyhow!("{refusal:?}")),
            Self::Iconik(id) => {
                ensure!(
                    world.iconik.restore(id, EDITOR),
                    "{id} is not in the delete queue"
                );
                Ok(())
            }
        }
    }

    /// Upload a new version of it.
    ///
    /// # Errors
    /// If it is not there.
    pub fn add_version(&self, world: &World) -> anyhow::Result<()> {
        match self {
            Self::Canto(id) => world.canto.upload_version(id, "better frames", EDITOR),
            Self::Iconik(id) => {
                let added = world.iconik.add_version(id, "better frames", EDITOR);
                added.with_context(|| format!("{id} is not there"))?;
            }
        }
        Ok(())
    }

    /// Set one of its fields by hand.
    ///
    /// # Errors
    /// If it is not there.
    pub fn set_field(&self, world: &World, field: &str, value: &str) -> anyhow::Result<()> {
        match self {
            Self::Canto(id) => world
                .canto
                .set_field(id, field, value, EDITOR)
                .map_err(|refusal| anyhow::anyhow!("{refusal:?}")),
            Self::Iconik(id) => {
                world.iconik.set_field(id, field, json!(value), EDITOR);
                Ok(())
            }
        }
    }
}
