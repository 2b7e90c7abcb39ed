//! Relations between assets. Each is of a type, which is made the first time it is needed.

use forebay_sdk::assets::{Relation, RelationPage, Relations};
use forebay_sdk::http::{Outcome, encode_component};
use forebay_sdk::{Error, OrAbsent, lenient, paging};
use serde::Deserialize;
use serde_json::json;

use crate::Iconik;
use crate::wire::Page;

/// A related asset, with the relations that it has.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawRelated {
    #[serde(deserialize_with = "lenient::string")]
    id: String,
    #[serde(deserialize_with = "lenient::list")]
    relations: Vec<RawRelation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawRelation {
    #[serde(deserialize_with = "lenient::string")]
    relation_type: String,
    #[serde(deserialize_with = "lenient::string")]
    related_from_asset_id: String,
    #[serde(deserialize_with = "lenient::string")]
    related_to_asset_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawType {
    #[serde(deserialize_with = "lenient::string")]
    name: String,
}

impl RawRelated {
    /// The relations between this asset and the one asked about.
    fn between(&self, asset: &str) -> impl Iterator<Item = Relation> {
        self.relations.iter().filter_map(move |relation| {
            let (from, to) = (
                relation.related_from_asset_id.as_str(),
                relation.related_to_asset_id.as_str(),
            );
            // One end may be left out, being the asset the relation is told with.
            let or_this = |end: &str| {
                if end.is_empty() {
                    self.id.clone()
                } else {
                    end.to_owned()
                }
            };
            let (from, to) = (or_this(from), or_this(to));
            let outgoing = from == asset;
            let other = if outgoing { to.clone() } else { from.clone() };
            let ours = (outgoing || to == asset) && other == self.id;
            ours.then(|| Relation {
                kind: relation.relation_type.clone(),
                other,
                outgoing,
            })
        })
    }
}

impl Relations for Iconik {
    fn list(&self, asset: &str, page: Option<&str>) -> Result<RelationPage, Error> {
        let number: u32 = paging::decode(page)?.unwrap_or(1);
        let url = self.asset_url(asset, "relations/");
        let found: Page<RawRelated> = self.page(self.http.get(url), number)?;
        let next = found.has_next().then(|| paging::encode(&(number + 1)));
        let relations = found
            .objects
            .iter()
            .flat_map(|related| related.between(asset));
        Ok(RelationPage {
            relations: relations.collect(),
            next: next.transpose()?,
        })
    }

    fn link(&self, kind: &str, origin: &str, target: &str) -> Result<(), Error> {
        if self.is_linked(kind, origin, target)? {
            return Ok(());
        }
        self.ensure_type(kind)?;
        let call = self.http.post(self.asset_url(origin, "relations/"));
        let call = call.json(&json!({"relation_type": kind, "related_to_asset_id": target}));
        match call.send_effect() {
            // Repeating looks first.
            Ok(outcome) => outcome.or_repeat().map(|_| ()),
            // Somebody else was faster.
            Err(error) if error.is_conflict() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn unlink(&self, kind: &str, origin: &str, target: &str) -> Result<(), Error> {
        if !self.is_linked(kind, origin, target)? {
            return Ok(());
        }
        let (kind, target) = (encode_component(kind), encode_component(target));
        let url = self.asset_url(origin, &format!("relations/{kind}/{target}/"));
        let gone = self.http.delete(url).send_effect().or_absent()?;
        gone.map(Outcome::or_repeat).transpose()?;
        Ok(())
    }
}

impl Iconik {
    fn is_linked(&self, kind: &str, origin: &str, target: &str) -> Result<bool, Error> {
        let url = self.asset_url(origin, "relations/");
        // Related assets in the delete queue are related still.
        let related: Vec<RawRelated> = self.all(&url, &[("include_deleted", "true")])?;
        let mut relations = related.iter().flat_map(|other| other.between(origin));
        Ok(relations
            .any(|relation| relation.kind == kind && relation.outgoing && relation.other == target))
    }

    /// Types are known by name, so making one twice is refused and changes nothing.
    fn ensure_type(&self, kind: &str) -> Result<(), Error> {
        let url = self.url("assets/v1/assets/relation_types/");
        let types: Vec<RawType> = self.all(&url, &[])?;
        if types.iter().any(|known| known.name == kind) {
            return Ok(());
        }
        let body = json!({
            "name": kind, "source_label": kind, "destination_label": format!("{kind} of"),
            "is_directional": true,
        });
        match self.http.post(url).json(&body).send_effect() {
            Ok(outcome) => outcome.or_repeat().map(|_| ()),
            Err(error) if error.is_conflict() => Ok(()),
            Err(error) => Err(error),
        }
    }
}
