//! Versions of an asset. They come with the asset, all at once.

use forebay_sdk::Error;
use forebay_sdk::assets::{Comments, Draft, Version, VersionPage, Versions};
use forebay_sdk::http::encode_component;

use crate::Iconik;
use crate::wire::RawAsset;

impl Versions for Iconik {
    fn list(&self, asset: &str, _page: Option<&str>) -> Result<VersionPage, Error> {
        let raw = self.raw_asset(asset)?;
        let current = raw.current_id(self.settings.current_version);
        let usable = raw.versions.iter().filter(|version| version.is_usable());
        let mut versions: Vec<Version> = usable
            .map(|version| Version {
                id: version.id.clone(),
                number: u32::try_from(version.number).unwrap_or_default(),
                current: version.id == current,
                created_at: version.created().unwrap_or_else(|| raw.created()),
                created_by: version.created_by_user.clone(),
                // iconik keeps what is said about a version in segments.
                comment: String::new(),
            })
            .collect();
        versions.sort_by_key(|version| std::cmp::Reverse(version.number));
        Ok(VersionPage {
            versions,
            next: None,
        })
    }

    fn promote(&self, asset: &str, version: &str) -> Result<(), Error> {
        if self.is_current(&self.raw_asset(asset)?, version) {
            return Ok(());
        }
        let id = encode_component(version);
        let url = self.asset_url(asset, &format!("versions/{id}/promote/"));
        self.http.put(url).send_effect()?.or_repeat()?;
        let after = self.raw_asset(asset)?;
        if self.is_current(&after, version) {
            return Ok(());
        }
        let current = after.current_id(self.settings.current_version);
        let message = format!("version {version} was promoted, but {current} is current");
        Err(Error::conflict(message).with_current(current))
    }

    /// A comment without a time code, told from others by the call's key.
    fn comment(&self, asset: &str, version: &str, text: &str) -> Result<(), Error> {
        let draft = Draft {
            version: Some(version.to_owned()),
            parent: None,
            text: text.to_owned(),
            span: None,
            external_id: self.call.idempotency_key().to_owned(),
        };
        Comments::add(self, asset, &draft).map(|_| ())
    }
}

impl Iconik {
    fn is_current(&self, raw: &RawAsset, version: &str) -> bool {
        raw.current_id(self.settings.current_version) == version
    }
}
