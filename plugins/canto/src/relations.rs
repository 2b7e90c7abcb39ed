//! Relations between assets, kept in custom fields: Canto's API has none of its own.
//!
//! A kind of relation has a field on the asset it starts from, a field on the other, or both. They
//! hold asset ids. A field is read, extended and written under the guard of the change token, and
//! tried again where somebody else was quicker.

use forebay_sdk::assets::{AssetUpdate, Relation, RelationPage, Relations};
use forebay_sdk::{Error, Field, OrAbsent, Value};

use crate::Canto;
use crate::settings::{Property, RelationFields};
use crate::wire::{Content, ContentId};

/// How often a field is read and written again where another change came in between. Regional
/// children that end at the same time meet on one master; more than a few in the same second would
/// be strange.
const ATTEMPTS: u32 = 5;

/// What stands between ids in a text field.
const BETWEEN: &str = ", ";

impl Relations for Canto {
    /// An asset's fields hold them all: there is one page.
    fn list(&self, asset: &str, _page: Option<&str>) -> Result<RelationPage, Error> {
        if self.settings.relation_fields.is_empty() {
            return Err(unset(""));
        }
        let content = self.content(&ContentId::parse(asset)?)?;
        let mut relations = Vec::new();
        for (kind, fields) in &self.settings.relation_fields {
            for (field, outgoing) in [(&fields.origin_field, true), (&fields.target_field, false)] {
                let others = field.iter().flat_map(|field| ids(&content, field));
                relations.extend(others.map(|other| Relation {
                    kind: kind.clone(),
                    other,
                    outgoing,
                }));
            }
        }
        Ok(RelationPage {
            relations,
            next: None,
        })
    }

    fn link(&self, kind: &str, origin: &str, target: &str) -> Result<(), Error> {
        let fields = self.relation(kind)?;
        let (origin, target) = (ContentId::parse(origin)?, ContentId::parse(target)?);
        // Both must be there before anything is written to one of them.
        self.content(&origin)?;
        self.content(&target)?;
        if let Some(field) = &fields.origin_field {
            self.amend(&origin, field, &target, true)?;
        }
        if let Some(field) = &fields.target_field {
            self.amend(&target, field, &origin, true)?;
        }
        Ok(())
    }

    fn unlink(&self, kind: &str, origin: &str, target: &str) -> Result<(), Error> {
        let fields = self.relation(kind)?;
        let (origin, target) = (ContentId::parse(origin)?, ContentId::parse(target)?);
        // What is gone has no relations.
        if let Some(field) = &fields.origin_field {
            self.amend(&origin, field, &target, false).or_absent()?;
        }
        if let Some(field) = &fields.target_field {
            self.amend(&target, field, &origin, false).or_absent()?;
        }
        Ok(())
    }
}

impl Canto {
    fn relation(&self, kind: &str) -> Result<&RelationFields, Error> {
        self.settings
            .relation_fields
            .get(kind)
            .filter(|fields| **fields != RelationFields::default())
            .ok_or_else(|| unset(kind))
    }

    /// Let a field hold another asset's id, or not.
    fn amend(
        &self,
        id: &ContentId,
        field: &str,
        other: &ContentId,
        present: bool,
    ) -> Result<(), Error> {
        let other = other.to_string();
        let mut attempt = 1;
        loop {
            let content = self.content(id)?;
            let mut ids = ids(&content, field);
            if ids.contains(&other) == present {
                return Ok(());
            }
            match present {
                true => ids.push(other.clone()),
                false => ids.retain(|known| *known != other),
            }
            let update = AssetUpdate {
                fields: vec![Field::new(field, self.ids_value(&content, field, ids)?)],
                guard: Some(content.change_token()),
                ..AssetUpdate::default()
            };
            match self.write(&id.to_string(), &update) {
                Err(conflict) if conflict.is_conflict() && attempt < ATTEMPTS => attempt += 1,
                other => return other.map(|_| ()),
            }
        }
    }

    /// Ids as the field takes them: a list where it takes several values, else one text.
    fn ids_value(&self, content: &Content, field: &str, ids: Vec<String>) -> Result<Value, Error> {
        if ids.is_empty() {
            return Ok(Value::None);
        }
        let holds_list = content
            .additional
            .get(field)
            .is_some_and(|json| json.is_array());
        let several = holds_list || self.takes_several(field)?;
        Ok(match several {
            true => Value::Texts(ids),
            false => Value::text(ids.join(BETWEEN)),
        })
    }
}

/// The asset ids in a custom field, as a list or in one text.
fn ids(content: &Content, field: &str) -> Vec<String> {
    let property = Property {
        property: field.to_owned(),
        custom_field: true,
        read_key: None,
    };
    let texts = content.property(&property);
    let parts = texts
        .iter()
        .flat_map(|text| text.split(|at: char| at == ',' || at == ';' || at.is_whitespace()));
    parts
        .filter(|part| ContentId::parse(part).is_ok())
        .map(str::to_owned)
        .collect()
}

fn unset(kind: &str) -> Error {
    Error::unsupported(format!(
        "relations {kind}: Canto has none over its API; name custom fields that keep them in the \
         setting relation_fields"
    ))
}
