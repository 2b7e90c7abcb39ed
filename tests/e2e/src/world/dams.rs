//! What stands in the DAMs.

use forebay_simulators::canto::NewAsset;
use forebay_simulators::canto::values::ContentId;
use forebay_simulators::common::{Courier, CourierSwitches};
use serde_json::{Value, json};

use super::World;

impl World {
    /// A custom field of an asset in Canto, as text; empty where it has none.
    #[must_use]
    pub fn canto_field(&self, asset: &ContentId, name: &str) -> String {
        let asset = self.canto.asset(asset);
        let value = asset.and_then(|asset| asset.fields.get(name).cloned());
        value
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// Do something at the DAMs that no webhook tells of, as with what was there before the host.
    pub fn unheard<T>(&self, deed: impl FnOnce(&Self) -> T) -> T {
        let couriers = [self.canto.frame().courier(), self.iconik.frame().courier()];
        let before = couriers.map(Courier::switches);
        for (courier, switches) in couriers.iter().zip(&before) {
            courier.set(CourierSwitches {
                dead: true,
                ..switches.clone()
            });
        }
        let done = deed(self);
        for (courier, switches) in couriers.into_iter().zip(before) {
            courier.set(switches);
        }
        done
    }

    /// Put an asset into Canto.
    ///
    /// # Errors
    /// If Canto refuses it.
    pub fn canto_add(&self, asset: NewAsset) -> anyhow::Result<ContentId> {
        let added = self.canto.add_asset(asset);
        added.map_err(|refusal| anyhow::anyhow!("{refusal:?}"))
    }

    /// Set a custom field of an asset in Canto by hand, as its uploader does.
    ///
    /// # Errors
    /// If Canto refuses it.
    pub fn canto_set(&self, asset: &ContentId, field: &str, value: Value) -> anyhow::Result<()> {
        let set = self.canto.set_field(asset, field, value, "u1");
        set.map_err(|refusal| anyhow::anyhow!("{refusal:?}"))
    }

    /// Let an asset in iconik be so many days older than it is.
    pub fn iconik_age(&self, asset: &str, days: u64) {
        let at = self.days_ago(days);
        self.iconik.domain(|domain, _| {
            if let Some(found) = domain.assets.get_mut(asset) {
                (found.created, found.modified) = (at, at);
            }
        });
    }

    /// Status of an asset in Canto; empty where there is no such asset.
    #[must_use]
    pub fn canto_status(&self, asset: &ContentId) -> String {
        let asset = self.canto.asset(asset);
        asset.map(|asset| asset.status).unwrap_or_default()
    }

    /// The first value of a metadata field of an asset in iconik, as text; empty where it has none.
    #[must_use]
    pub fn iconik_field(&self, asset: &str, name: &str) -> String {
        let key = ("assets".to_owned(), asset.to_owned());
        self.iconik.domain(|domain, _| {
            let values = domain
                .metadata
                .get(&key)
                .and_then(|values| values.get(name));
            let value = values.and_then(|values| values.first());
            value
                .and_then(|value| value.as_str())
                .unwrap_or_default()
                .to_owned()
        })
    }

    /// Give the tenant of iconik further text fields, in its view; those it has it keeps.
    pub fn add_iconik_fields(&self, names: &[&str]) {
        self.iconik.domain(|domain, _| {
            for name in names {
                if domain.fields.iter().any(|field| field["name"] == *name) {
                    continue;
                }
                let field = json!({
                    "name": name, "label": name, "field_type": "string", "multi": false,
                    "options": [], "required": false, "read_only": false, "use_as_facet": false,
                });
                domain.fields.extend(field.as_object().cloned());
                let view = domain.views.first_mut();
                let fields = view.and_then(|view| view.get_mut("view_fields"));
                if let Some(fields) = fields.and_then(serde_json::Value::as_array_mut) {
                    fields.push(field);
                }
            }
        });
    }

    /// Groups that the access list of an asset in iconik names.
    #[must_use]
    pub fn iconik_access(&self, asset: &str) -> Vec<String> {
        let key = ("assets".to_owned(), asset.to_owned());
        self.iconik.domain(|domain, _| {
            domain
                .acls
                .get(&key)
                .map(|acl| acl.groups.keys().cloned().collect())
                .unwrap_or_default()
        })
    }

    /// Paths of the collections that an asset in iconik is in, sorted.
    #[must_use]
    pub fn iconik_collections(&self, asset: &str) -> Vec<String> {
        self.iconik.domain(|domain, _| {
            let holding = domain.collections_of(asset);
            let mut paths: Vec<_> = holding
                .iter()
                .map(|id| domain.collection_path(id))
                .collect();
            paths.sort();
            paths
        })
    }

    /// The current version of an asset in iconik; empty where there is no such asset.
    #[must_use]
    pub fn iconik_version(&self, asset: &str) -> String {
        let asset = self.iconik.asset(asset);
        asset
            .map(|asset| asset.current().to_owned())
            .unwrap_or_default()
    }

    /// Where the approval of a version stands in iconik.
    #[must_use]
    pub fn iconik_approval(&self, asset: &str, version: &str) -> &'static str {
        let key = (asset.to_owned(), version.to_owned());
        self.iconik.domain(|domain, _| {
            domain
                .approvals
                .get(&key)
                .map_or("N/A", |found| found.status())
        })
    }
}
