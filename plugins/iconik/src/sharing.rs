//! Shares: links, and links sent by mail. A share belongs to one object, an asset or a collection;
//! iconik makes a collection of several assets that are shared at once.
//!
//! iconik keeps no id of ours with a share, so it stands in the title, `[fb:…]`, where a repeated
//! request finds it. A share is addressed through its object, so its id here holds both.

use forebay_sdk::assets::{
    ActivityPage, DownloadRight, Share, SharePage, ShareQuery, ShareRequest, Sharing,
};
use forebay_sdk::http::{Outcome, encode_component};
use forebay_sdk::{Error, OrAbsent, Timestamp, lenient, paging, time};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::Iconik;
use crate::wire::{Page, moment};

/// What our id in a title begins with.
const MARK: &str = "[fb:";
/// What it ends with.
const MARK_END: char = ']';

/// A share as iconik tells it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawShare {
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) object_id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) object_type: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    owner_id: Option<String>,
    #[serde(deserialize_with = "lenient::string")]
    title: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    url: Option<String>,
    #[serde(deserialize_with = "lenient::or_default")]
    allow_download: bool,
    #[serde(deserialize_with = "lenient::or_default")]
    allow_download_proxy: bool,
    #[serde(deserialize_with = "lenient::optional_string")]
    date_created: Option<String>,
    #[serde(deserialize_with = "lenient::optional_string")]
    expires: Option<String>,
    /// Absent where the reply does not hold them.
    users: Option<Vec<RawRecipient>>,
}

/// Somebody a share was sent to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawRecipient {
    #[serde(deserialize_with = "lenient::string")]
    id: String,
    #[serde(deserialize_with = "lenient::string")]
    pub(crate) email: String,
    #[serde(deserialize_with = "lenient::optional_string")]
    last_access_date: Option<String>,
}

impl RawRecipient {
    pub(crate) fn last_access(&self) -> Option<Timestamp> {
        moment(self.last_access_date.as_ref())
    }
}

impl RawShare {
    pub(crate) fn created(&self) -> Option<Timestamp> {
        moment(self.date_created.as_ref())
    }

    pub(crate) fn owner(&self) -> Option<&str> {
        self.owner_id.as_deref()
    }

    pub(crate) fn recipients(&self) -> &[RawRecipient] {
        self.users.as_deref().unwrap_or_default()
    }

    pub(crate) fn recipient(&self, id: &str) -> Option<&RawRecipient> {
        let mut recipients = self.recipients().iter();
        recipients.find(|who| !id.is_empty() && who.id == id)
    }

    /// Does it show a collection as a whole?
    pub(crate) fn is_of_collection(&self) -> bool {
        self.object_type == "collections"
    }

    /// The id that names it here: type and id of its object, and its own.
    pub(crate) fn full_id(&self) -> String {
        format!("{}/{}/{}", self.object_type, self.object_id, self.id)
    }

    fn external_id(&self) -> Option<&str> {
        let start = self.title.rfind(MARK)? + MARK.len();
        let end = start + self.title.get(start..)?.find(MARK_END)?;
        self.title.get(start..end)
    }

    /// The title as it was asked for.
    fn plain_title(&self) -> &str {
        let end = self.title.rfind(MARK).unwrap_or(self.title.len());
        self.title[..end].trim_end()
    }

    fn download(&self) -> DownloadRight {
        match (self.allow_download, self.allow_download_proxy) {
            (true, _) => DownloadRight::Original,
            (false, true) => DownloadRight::Proxy,
            (false, false) => DownloadRight::None,
        }
    }
}

/// A title with our id in it.
fn marked(title: &str, external_id: &str) -> String {
    format!("{} {MARK}{external_id}{MARK_END}", title.trim_end())
}

impl Sharing for Iconik {
    /// Of an asset: its own shares, and those of the collections it is in, up to the root, because
    /// they show it too. They come on one page, as one object has few.
    fn list(&self, query: &ShareQuery) -> Result<SharePage, Error> {
        let (raw, next) = match (&query.asset, &query.collection) {
            (Some(asset), _) => (self.shares_showing(asset)?, None),
            (None, Some(collection)) => (self.shares_of("collections", collection)?, None),
            (None, None) => {
                let number: u32 = paging::decode(query.page.as_deref())?.unwrap_or(1);
                let found = self.all_shares(number)?;
                let next = found.has_next().then(|| paging::encode(&(number + 1)));
                (found.objects, next.transpose()?)
            }
        };
        let mut shares = Vec::new();
        for share in raw {
            let wanted = |id: &str| share.external_id() == Some(id);
            let in_collection = |id: &str| share.is_of_collection() && share.object_id == id;
            if query.external_id.as_deref().is_some_and(|id| !wanted(id))
                || query
                    .collection
                    .as_deref()
                    .is_some_and(|id| !in_collection(id))
            {
                continue;
            }
            let share = self.told(share, query.asset.as_deref())?;
            if share.active || query.include_ended {
                shares.push(share);
            }
        }
        Ok(SharePage { shares, next })
    }

    fn create(&self, request: &ShareRequest) -> Result<Share, Error> {
        if request.protected {
            let message = "iconik's shares are not protected with a password by this connector";
            return Err(Error::unsupported(message));
        }
        let place = Place::of(request)?;
        if let Some(standing) = self.standing(&place, &request.external_id)? {
            return self.told(standing, place.asset());
        }
        if place.is_many() && self.call.previous_unknown() {
            // Shares of several assets are found through an index that comes late.
            let message = "a share of several assets may have been made, and cannot be found yet";
            return Err(Error::uncertain(message));
        }
        let url = self.url(&place.path(!request.recipients.is_empty()));
        let call = self.http.post(url).json(&body(&place, request));
        // Repeating looks at the object's shares first.
        let mut made: RawShare = call.send_effect()?.or_repeat()?.json()?;
        if made.object_id.is_empty() {
            // A share that is sent by mail is told before it is complete.
            let standing = self.standing(&place, &request.external_id)?;
            made = standing.ok_or_else(|| Error::unavailable("the share is not there yet"))?;
        }
        self.told(made, place.asset())
    }

    fn revoke(&self, share: &str) -> Result<(), Error> {
        let (object_type, object, id) = parts(share)?;
        let url = self.share_url(object_type, object, &format!("{}/", encode_component(id)));
        let gone = self.http.delete(url).send_effect().or_absent()?;
        gone.map(Outcome::or_repeat).transpose()?;
        Ok(())
    }

    fn activity(&self, since: Timestamp, page: Option<&str>) -> Result<ActivityPage, Error> {
        self.activity_since(since, page)
    }
}

/// What is to be shared.
enum Place<'a> {
    One(&'static str, &'a str),
    Many(&'a [String]),
}

impl<'a> Place<'a> {
    fn of(request: &'a ShareRequest) -> Result<Self, Error> {
        match (&request.collection, request.assets.as_slice()) {
            (Some(collection), _) => Ok(Self::One("collections", collection)),
            (None, [asset]) => Ok(Self::One("assets", asset)),
            (None, []) => {
                Err(Error::invalid("the request names nothing to share").with_field("assets"))
            }
            (None, assets) => Ok(Self::Many(assets)),
        }
    }

    fn is_many(&self) -> bool {
        matches!(self, Self::Many(_))
    }

    fn asset(&self) -> Option<&'a str> {
        match self {
            Self::One("assets", asset) => Some(asset),
            _ => None,
        }
    }

    fn path(&self, mailed: bool) -> String {
        match self {
            Self::Many(_) => "assets/v1/share/assets/".to_owned(),
            Self::One(kind, id) => {
                let rest = if mailed { "" } else { "url/" };
                format!("assets/v1/{kind}/{}/shares/{rest}", encode_component(id))
            }
        }
    }
}

fn body(place: &Place<'_>, request: &ShareRequest) -> Json {
    let download = request.download;
    let mut body = json!({
        "title": marked(&request.title, &request.external_id),
        "allow_download": download == DownloadRight::Original,
        "allow_download_proxy": download != DownloadRight::None,
        "allow_comments": false, "allow_approving_comments": false,
        "allow_setting_approve_status": false, "show_watermark": request.watermark,
    });
    if let Some(at) = request.expires_at {
        body["expires"] = json!(time::to_rfc3339(at));
    }
    let mailed = !request.recipients.is_empty();
    if mailed {
        body["emails"] = json!(request.recipients);
        if let Some(message) = &request.message {
            body["message"] = json!(message);
        }
    }
    if let Place::Many(assets) = place {
        body["object_ids"] = json!(assets);
        body["share_by_url"] = json!(!mailed);
    }
    body
}

/// Type and id of the object, and id of the share.
fn parts(share: &str) -> Result<(&str, &str, &str), Error> {
    let mut parts = share.splitn(3, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(kind @ ("assets" | "collections")), Some(object), Some(id)) => Ok((kind, object, id)),
        _ => Err(Error::not_found(format!("`{share}` names no share"))),
    }
}

impl Iconik {
    fn share_url(&self, object_type: &str, object: &str, rest: &str) -> String {
        let object = encode_component(object);
        self.url(&format!("assets/v1/{object_type}/{object}/shares/{rest}"))
    }

    /// The shares of one object. An object that is gone has none.
    pub(crate) fn shares_of(&self, kind: &str, object: &str) -> Result<Vec<RawShare>, Error> {
        let url = self.share_url(kind, object, "");
        let mut shares: Vec<RawShare> = self.all_by_last_id(&url, &[])?;
        for share in &mut shares {
            // The list of one object need not repeat which.
            if share.object_id.is_empty() {
                object.clone_into(&mut share.object_id);
                kind.clone_into(&mut share.object_type);
            }
        }
        Ok(shares)
    }

    /// All by which an asset is shown.
    pub(crate) fn shares_showing(&self, asset: &str) -> Result<Vec<RawShare>, Error> {
        let Some(raw) = self.raw_asset(asset).or_absent()? else {
            return Ok(Vec::new());
        };
        let mut shares = self.shares_of("assets", asset)?;
        for collection in self.with_ancestors(raw.collections())? {
            shares.extend(self.shares_of("collections", &collection)?);
        }
        Ok(shares)
    }

    /// One page of every share of the domain, oldest first; of the own ones where the credentials may
    /// not see all.
    pub(crate) fn all_shares(&self, number: u32) -> Result<Page<RawShare>, Error> {
        let of = |path: &str| {
            let request = self.http.get(self.url(path)).query("sort", "date_created");
            self.page(request, number)
        };
        match of("assets/v1/shares/all/") {
            Err(Error::Denied(_)) => of("assets/v1/shares/"),
            other => other,
        }
    }

    /// The share that an earlier attempt of the same request made.
    fn standing(&self, place: &Place<'_>, external_id: &str) -> Result<Option<RawShare>, Error> {
        let shares = match place {
            Place::One(kind, object) => self.shares_of(kind, object)?,
            Place::Many(assets) => {
                let first = assets.first().map(String::as_str).unwrap_or_default();
                self.shares_showing(first)?
            }
        };
        let ours = |share: &RawShare| share.external_id() == Some(external_id);
        Ok(shares.into_iter().find(ours))
    }

    /// Its recipients, asked for where the reply did not hold them.
    pub(crate) fn with_recipients(&self, mut share: RawShare) -> Result<RawShare, Error> {
        if share.users.is_none() {
            let rest = format!("{}/users/", encode_component(&share.id));
            let url = self.share_url(&share.object_type, &share.object_id, &rest);
            share.users = Some(self.all_by_last_id(&url, &[])?);
        }
        Ok(share)
    }

    fn told(&self, share: RawShare, asset: Option<&str>) -> Result<Share, Error> {
        let share = self.with_recipients(share)?;
        let expires_at = moment(share.expires.as_ref());
        let (assets, collection) = if share.is_of_collection() {
            let shown = asset.map(str::to_owned);
            (shown.into_iter().collect(), Some(share.object_id.clone()))
        } else {
            (vec![share.object_id.clone()], None)
        };
        Ok(Share {
            id: share.full_id(),
            link: share.url.clone(),
            title: share.plain_title().to_owned(),
            assets,
            collection,
            recipients: share
                .recipients()
                .iter()
                .map(|user| user.email.clone())
                .collect(),
            download: share.download(),
            created_at: share.created(),
            created_by: share.owner_id.clone(),
            expires_at,
            active: expires_at.is_none_or(|at| at > self.call.now()),
            external_id: share.external_id().map(str::to_owned),
        })
    }
}

impl crate::api::HasId for RawShare {
    fn id(&self) -> &str {
        &self.id
    }
}

impl crate::api::HasId for RawRecipient {
    fn id(&self) -> &str {
        &self.id
    }
}
