//! Share links. Canto documents how one is made; listing and ending shares are settings.
//!
//! Canto takes no id of ours. Where the settings name a key for it, or for a title it can stand in,
//! and a list to look into, a share is looked for before it is made. Otherwise a lost answer is
//! `uncertain`: rather a parked run than two links.

use forebay_sdk::assets::{
    ActivityPage, DownloadRight, Share, SharePage, ShareQuery, ShareRequest, Sharing,
};
use forebay_sdk::{Error, OrAbsent, Timestamp, paging};
use serde_json::{Map, Value as Json, json};

use crate::Canto;
use crate::date;
use crate::map::collection_id;
use crate::settings::ShareListing;
use crate::wire::{ContentId, text};

/// What stands before our own id at the end of a title.
const MARK: &str = " [forebay:";

impl Sharing for Canto {
    fn list(&self, query: &ShareQuery) -> Result<SharePage, Error> {
        let start: u64 = paging::decode(query.page.as_deref())?.unwrap_or_default();
        let (shares, next) = self.share_page(start)?;
        let fits = |share: &Share| {
            let asset = query.asset.as_ref();
            let external = query.external_id.is_none() || share.external_id == query.external_id;
            let collection = query.collection.is_none() || share.collection == query.collection;
            let asset = asset.is_none_or(|asset| share.assets.contains(asset));
            external && collection && asset && (query.include_ended || share.active)
        };
        Ok(SharePage {
            shares: shares.into_iter().filter(fits).collect(),
            next: next.map(|start| paging::encode(&start)).transpose()?,
        })
    }

    fn create(&self, request: &ShareRequest) -> Result<Share, Error> {
        let body = self.share_body(request)?;
        let can_look = self.settings.sharing.can_look();
        if can_look {
            if let Some(found) = self.own_share(&request.external_id)? {
                return Ok(found);
            }
        } else if self.call.previous_unknown() {
            return Err(Error::uncertain(
                "an earlier attempt may have made a link, and the connection's settings name no \
                 list of shares to find it in; see sharing.list and sharing.title_key",
            ));
        }
        let sent = self.confirmed(self.put("/api/v1/share/batch").json(&body).send_effect())?;
        let response = match can_look {
            true => sent.or_repeat()?,
            false => sent.or_uncertain()?,
        };
        let link = link_in(&response.text());
        let listed = match can_look {
            true => self.own_share(&request.external_id)?,
            false => None,
        };
        match (listed, link) {
            (Some(mut share), link) => {
                share.link = share.link.or(link);
                Ok(share)
            }
            (None, Some(link)) => Ok(self.made(request, link)),
            (None, None) => Err(Error::uncertain(
                "Canto accepted the share and answered without its link",
            )),
        }
    }

    fn revoke(&self, share: &str) -> Result<(), Error> {
        let settings = &self.settings.sharing;
        let revoke = settings.revoke.as_ref().ok_or_else(|| {
            Error::unsupported(
                "ending a share: Canto documents no call for it; see the setting sharing.revoke",
            )
        })?;
        let standing = match settings.list {
            Some(_) => Some(self.share_named(share)?),
            None => None,
        };
        if standing.as_ref().is_some_and(|share| !share.active) {
            return Ok(());
        }
        let link = standing.as_ref().and_then(|share| share.link.clone());
        let id = standing.as_ref().map_or(share, |share| &share.id);
        let values = [("id", id), ("link", link.as_deref().unwrap_or(share))];
        // A share that is gone has ended.
        let sent = self.confirmed(self.change(revoke, &values)).or_absent()?;
        if let Some(outcome) = sent {
            outcome.or_repeat()?;
        }
        let left = match standing {
            Some(_) => self.share_named(share).or_absent()?,
            None => None,
        };
        match left.is_some_and(|share| share.active) {
            true => Err(Error::unavailable(format!(
                "Canto accepted the end of share {id} and still shows it as active"
            ))),
            false => Ok(()),
        }
    }

    fn activity(&self, since: Timestamp, page: Option<&str>) -> Result<ActivityPage, Error> {
        self.share_activity(since, page)
    }
}

impl Canto {
    /// The body that asks for a share. What Canto cannot do is refused before anything happens.
    fn share_body(&self, request: &ShareRequest) -> Result<Json, Error> {
        let settings = &self.settings.sharing;
        if !request.recipients.is_empty() {
            return Err(Error::unsupported(
                "recipients: Canto's API sends no mail; ask for a bare link and send it yourself",
            ));
        }
        if request.protected {
            return Err(Error::unsupported(
                "protected: Canto's API documents no password for links",
            ));
        }
        let contents = match &request.collection {
            Some(collection) => vec![self.album_content(collection)?],
            None => request
                .assets
                .iter()
                .map(|id| ContentId::parse(id).map(|id| json!(id)))
                .collect::<Result<_, _>>()?,
        };
        if contents.is_empty() {
            return Err(Error::invalid("a share needs at least one asset").with_field("assets"));
        }
        let original = request.download == DownloadRight::Original;
        let mut detail = Map::from_iter([
            ("hideShareBy".to_owned(), true.into()),
            ("allowDownloadOriginal".to_owned(), original.into()),
            ("allowCropAndResize".to_owned(), false.into()),
            // Fields may hold what is not for outsiders.
            ("displayMetadata".to_owned(), false.into()),
            (
                "allowPresets".to_owned(),
                (request.download != DownloadRight::None).into(),
            ),
        ]);
        if let Some(at) = request.expires_at {
            detail.insert("expires".to_owned(), date::write(at).into());
        }
        if request.watermark {
            let key = settings.watermark_key.clone().ok_or_else(|| {
                Error::unsupported("watermark: see the setting sharing.watermark_key")
            })?;
            detail.insert(key, true.into());
        }
        if let (Some(key), Some(message)) = (&settings.message_key, &request.message) {
            detail.insert(key.clone(), message.clone().into());
        }
        if let Some(key) = &settings.external_id_key {
            detail.insert(key.clone(), request.external_id.clone().into());
        }
        if let Some(key) = &settings.title_key {
            let title = match settings.external_id_key {
                Some(_) => request.title.clone(),
                None => marked(&request.title, &request.external_id),
            };
            detail.insert(key.clone(), title.into());
        }
        Ok(json!({"shareDetail": detail, "contents": contents}))
    }

    fn album_content(&self, collection: &str) -> Result<Json, Error> {
        let (scheme, id) = crate::collections::parse(collection)?;
        match self.settings.sharing.albums && scheme == "album" {
            true => Ok(json!({"scheme": scheme, "id": id})),
            false => Err(Error::unsupported(
                "collection: give the assets; for albums as a whole see the setting sharing.albums",
            )),
        }
    }

    /// The share just made, as far as it is known without a list. Its link is its id.
    fn made(&self, request: &ShareRequest, link: String) -> Share {
        Share {
            id: link.clone(),
            link: Some(link),
            title: request.title.clone(),
            assets: match request.collection {
                Some(_) => Vec::new(),
                None => request.assets.clone(),
            },
            collection: request.collection.clone(),
            recipients: Vec::new(),
            download: request.download,
            created_at: Some(self.call.now()),
            created_by: self.settings.integration_user.clone(),
            expires_at: request.expires_at,
            active: true,
            external_id: Some(request.external_id.clone()),
        }
    }

    /// Our share with this id, ended ones included.
    fn own_share(&self, external_id: &str) -> Result<Option<Share>, Error> {
        self.first_share(|share| share.external_id.as_deref() == Some(external_id))
    }

    /// The share with this id or link.
    fn share_named(&self, name: &str) -> Result<Share, Error> {
        self.first_share(|share| share.id == name || share.link.as_deref() == Some(name))?
            .ok_or_else(|| Error::not_found(format!("Canto lists no share {name}")))
    }

    fn first_share(&self, is_it: impl Fn(&Share) -> bool) -> Result<Option<Share>, Error> {
        let mut at = Some(0);
        while let Some(start) = at {
            let (shares, next) = self.share_page(start)?;
            if let Some(found) = shares.into_iter().find(&is_it) {
                return Ok(Some(found));
            }
            at = next;
        }
        Ok(None)
    }

    /// A page of the list of shares, and where the next one begins.
    fn share_page(&self, start: u64) -> Result<(Vec<Share>, Option<u64>), Error> {
        let list = self.settings.sharing.list.as_ref().ok_or_else(|| {
            Error::unsupported(
                "listing shares: Canto documents no call for it; see the setting sharing.list",
            )
        })?;
        let limit = self.settings.page(u32::MAX);
        let listing = self.listing(&list.path, start, limit)?;
        let shares = listing.results.iter().map(|entry| self.share(list, entry));
        Ok((shares.collect(), listing.next(start, limit)))
    }

    fn share(&self, list: &ShareListing, entry: &Map<String, Json>) -> Share {
        let keys = &list.keys;
        let title = text(entry, &keys.title).unwrap_or_default();
        let (title, external_id) = match &self.settings.sharing.external_id_key {
            Some(key) => (title, text(entry, key)),
            None => unmarked(&title),
        };
        let yes =
            |key: &str| text(entry, key).is_some_and(|word| word.eq_ignore_ascii_case("true"));
        let expires_at = text(entry, &keys.expires).and_then(|at| date::parse(&at));
        let state = text(entry, &keys.state).unwrap_or_default();
        let ended = list
            .ended
            .iter()
            .any(|word| word.eq_ignore_ascii_case(&state));
        let (mut assets, mut collection) = (Vec::new(), None);
        let contents = entry.get(&keys.contents).and_then(Json::as_array);
        for content in contents.into_iter().flatten().filter_map(Json::as_object) {
            let scheme = text(content, "scheme").unwrap_or_default();
            let id = text(content, "id").unwrap_or_default();
            match ContentId::new(&scheme, &id) {
                Some(id) => assets.push(id.to_string()),
                None => collection = Some(collection_id(&scheme, &id)),
            }
        }
        let link = text(entry, &keys.link);
        Share {
            id: text(entry, &keys.id)
                .or_else(|| link.clone())
                .unwrap_or_default(),
            link,
            title,
            assets,
            collection,
            recipients: Vec::new(),
            download: match () {
                () if yes(&keys.original) => DownloadRight::Original,
                () if yes(&keys.presets) => DownloadRight::Proxy,
                () => DownloadRight::None,
            },
            created_at: text(entry, &keys.created).and_then(|at| date::parse(&at)),
            created_by: text(entry, &keys.author),
            expires_at,
            active: !ended && expires_at.is_none_or(|at| at > self.call.now()),
            external_id,
        }
    }
}

/// A title that carries our own id at its end.
fn marked(title: &str, external_id: &str) -> String {
    format!("{title}{MARK}{external_id}]")
}

/// Title and our own id, where it carries one.
fn unmarked(title: &str) -> (String, Option<String>) {
    let parts = title
        .strip_suffix(']')
        .and_then(|rest| rest.rsplit_once(MARK));
    match parts {
        Some((plain, id)) => (plain.to_owned(), Some(id.to_owned())),
        None => (title.to_owned(), None),
    }
}

/// The link in an answer: plain text, or a JSON text.
fn link_in(answer: &str) -> Option<String> {
    let plain = serde_json::from_str::<String>(answer).unwrap_or_else(|_| answer.to_owned());
    let plain = plain.trim();
    plain.starts_with("http").then(|| plain.to_owned())
}
