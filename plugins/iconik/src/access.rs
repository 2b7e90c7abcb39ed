//! Who may see and use an asset: its own access list. What it inherits from collections is left
//! alone.

use std::collections::{BTreeMap, BTreeSet};

use forebay_sdk::assets::{Access, AccessSnapshot};
use forebay_sdk::http::{Outcome, encode_component};
use forebay_sdk::{Error, OrAbsent, lenient};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Iconik;
use crate::wire::Page;

/// Permissions by holder.
type Permissions = BTreeMap<String, BTreeSet<String>>;

/// The content of a snapshot, and what a list is compared as.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Acl {
    users: Permissions,
    groups: Permissions,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawAcl {
    #[serde(deserialize_with = "lenient::list")]
    users_acl: Vec<RawEntry>,
    #[serde(deserialize_with = "lenient::list")]
    groups_acl: Vec<RawEntry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawEntry {
    #[serde(deserialize_with = "lenient::string")]
    user_id: String,
    #[serde(deserialize_with = "lenient::string")]
    group_id: String,
    #[serde(deserialize_with = "lenient::list")]
    permissions: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawTemplate {
    #[serde(deserialize_with = "lenient::string")]
    id: String,
    #[serde(deserialize_with = "lenient::string")]
    name: String,
}

impl From<RawAcl> for Acl {
    fn from(raw: RawAcl) -> Self {
        let users = raw
            .users_acl
            .into_iter()
            .map(|entry| (entry.user_id, entry.permissions));
        let groups = raw
            .groups_acl
            .into_iter()
            .map(|entry| (entry.group_id, entry.permissions));
        Self {
            users: users
                .map(|(id, may)| (id, may.into_iter().collect()))
                .collect(),
            groups: groups
                .map(|(id, may)| (id, may.into_iter().collect()))
                .collect(),
        }
    }
}

impl Access for Iconik {
    fn snapshot(&self, asset: &str) -> Result<AccessSnapshot, Error> {
        let acl = self.acl(asset)?;
        let content = serde_json::to_string(&acl)
            .map_err(|error| Error::invalid(format!("the snapshot cannot be written: {error}")))?;
        Ok(AccessSnapshot {
            asset: asset.to_owned(),
            summary: format!("{} entries", acl.users.len() + acl.groups.len()),
            content,
        })
    }

    /// Applying a template sets values, so repeating it is harmless.
    fn apply(&self, asset: &str, template: &str) -> Result<(), Error> {
        let templates = self.templates()?;
        let by_name = templates.iter().find(|known| known.name == template);
        let found = by_name.or_else(|| templates.iter().find(|known| known.id == template));
        let found = found.ok_or_else(|| {
            Error::not_found(format!("there is no access template named {template}"))
        })?;
        if !self.settings.template_replaces {
            self.put_acl(asset, &Acl::default())?;
        }
        let (id, asset) = (encode_component(&found.id), encode_component(asset));
        let url = self.url(&format!("acls/v1/acl/templates/{id}/assets/{asset}/"));
        self.http.post(url).send_effect()?.or_repeat()?;
        Ok(())
    }

    fn restore(&self, snapshot: &AccessSnapshot) -> Result<(), Error> {
        let wanted: Acl = serde_json::from_str(&snapshot.content).map_err(|error| {
            Error::invalid(format!("the snapshot is none of this connector's: {error}"))
                .with_field("content")
        })?;
        self.put_acl(&snapshot.asset, &wanted)?;
        let standing = self.acl(&snapshot.asset)?;
        if standing == wanted {
            return Ok(());
        }
        let message = "the access list does not stand as it was restored";
        let entries = standing.users.len() + standing.groups.len();
        Err(Error::conflict(message).with_current(format!("{entries} entries")))
    }
}

impl Iconik {
    pub(crate) fn templates(&self) -> Result<Vec<RawTemplate>, Error> {
        let url = self.url("acls/v1/acl/templates/");
        let page: Page<RawTemplate> = self.http.get(url).send()?.json()?;
        Ok(page.objects)
    }

    fn acl(&self, asset: &str) -> Result<Acl, Error> {
        let url = self.url(&format!("acls/v1/acl/assets/{}/", encode_component(asset)));
        let raw: RawAcl = self.http.get(url).send()?.json()?;
        Ok(raw.into())
    }

    /// Write what differs, holder by holder: the call for all at once gives the same permissions to
    /// everybody. What takes rights away goes first.
    fn put_acl(&self, asset: &str, wanted: &Acl) -> Result<(), Error> {
        let standing = self.acl(asset)?;
        let kinds = [
            ("users", &standing.users, &wanted.users),
            ("groups", &standing.groups, &wanted.groups),
        ];
        for (kind, standing, wanted) in kinds {
            for holder in standing
                .keys()
                .filter(|holder| !wanted.contains_key(*holder))
            {
                let call = self.http.delete(self.holder_url(kind, holder, asset));
                let gone = call.send_effect().or_absent()?;
                gone.map(Outcome::or_repeat).transpose()?;
            }
        }
        for (kind, standing, wanted) in kinds {
            for (holder, permissions) in wanted {
                if standing.get(holder) == Some(permissions) {
                    continue;
                }
                let call = self.http.put(self.holder_url(kind, holder, asset));
                call.json(&json!({"permissions": permissions}))
                    .send_effect()?
                    .or_repeat()?;
            }
        }
        Ok(())
    }

    fn holder_url(&self, kind: &str, holder: &str, asset: &str) -> String {
        let (holder, asset) = (encode_component(holder), encode_component(asset));
        self.url(&format!("acls/v1/{kind}/{holder}/acl/assets/{asset}/"))
    }
}
