//! Share links over the API, the pages behind them, and reports of activities.
//!
//! Making a link is documented. That shares can be listed and ended, the keys of a listed share, the
//! report's path and its keys are inferred.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse as _, Response};
use forebay_model::Timestamp;
use http::{StatusCode, header};
use maud::html;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::auth::Caller;
use super::library::{Asset, Refusal};
use super::search::{self, Parameters};
use super::sharing::{Activity, NewShare, ShareLink};
use super::values::{ContentId, Scheme, content_type, date, parse_date};
use super::{Sim, Tenant, with};
use crate::common::effect;
use crate::common::page::page;

/// Body of `PUT /api/v1/share/batch`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Share {
    #[serde(default)]
    share_detail: Map<String, Value>,
    contents: Vec<Shared>,
}

/// A piece of content, or an album.
#[derive(Deserialize)]
struct Shared {
    scheme: String,
    id: String,
}

/// `PUT /api/v1/share/batch`: the reply is the link as plain text.
pub(super) async fn create(
    State(sim): State<Sim>,
    caller: Caller,
    Json(share): Json<Share>,
) -> Result<String, Response> {
    let by = caller.writer()?;
    let link = with(&sim, |tenant, now| {
        let new = wanted(share)?;
        let link = tenant.library.share(new, by, now)?;
        Ok(address(tenant, &link))
    });
    let link = link.map_err(|refusal: Refusal| refusal.reply())?;
    effect("create-share");
    Ok(link)
}

fn wanted(share: Share) -> Result<NewShare, Refusal> {
    let expires = match share.share_detail.get("expires").and_then(Value::as_str) {
        None | Some("") => None,
        Some(text) => Some(
            parse_date(text).ok_or_else(|| Refusal::Invalid(format!("not a date: {text:?}")))?,
        ),
    };
    let mut new = NewShare {
        expires,
        details: share.share_detail,
        ..NewShare::default()
    };
    for shared in share.contents {
        match (shared.scheme.as_str(), Scheme::parse(&shared.scheme)) {
            (_, Some(scheme)) => new.contents.push(ContentId::new(scheme, shared.id)),
            ("album", None) => new.albums.push(shared.id),
            _ => return Err(Refusal::NotFound),
        }
    }
    Ok(new)
}

/// The link as people get it.
pub(super) fn address(tenant: &Tenant, link: &ShareLink) -> String {
    format!("{}/share/{}", tenant.base_url, link.token)
}

/// `GET /api/v1/share/list`: newest first, ended ones included.
pub(super) async fn list(
    State(sim): State<Sim>,
    _caller: Caller,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    with(&sim, |tenant, now| {
        let links = tenant.library.sharing.links.iter().rev();
        let results = links.map(|link| listed(tenant, link, now));
        search::paged(results.collect(), &Parameters(query))
    })
}

fn listed(tenant: &Tenant, link: &ShareLink, now: Timestamp) -> Value {
    let content = |scheme: &str, id: &str| json!({"scheme": scheme, "id": id});
    let contents = link
        .contents
        .iter()
        .map(|id| content(id.scheme.word(), &id.id));
    let albums = link.albums.iter().map(|id| content("album", id));
    // Whatever was asked for comes back; what the tenant itself knows stands above it.
    let mut entry = Value::Object(link.details.clone());
    entry["id"] = link.id.clone().into();
    entry["link"] = address(tenant, link).into();
    entry["contents"] = contents.chain(albums).collect();
    entry["created"] = date(link.created).into();
    entry["createdBy"] = tenant.library.user_name(&link.by).into();
    entry["expires"] = link.expires.map(date).into();
    entry["status"] = link.state(now).into();
    entry
}

/// `DELETE /api/v1/share/{id}`: the link stops working.
pub(super) async fn revoke(
    State(sim): State<Sim>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<&'static str, Response> {
    let by = caller.writer()?;
    let ended = with(&sim, |tenant, now| tenant.library.revoke(&id, by, now));
    if ended.map_err(|refusal| refusal.reply())? {
        effect("revoke-share");
    }
    Ok("success")
}

/// `GET /share/{token}`: the page a recipient sees. Once the link has ended: 410.
pub(super) async fn open(State(sim): State<Sim>, Path(token): Path<String>) -> Response {
    with(&sim, |tenant, now| {
        let link = match live(tenant, &token, now) {
            Ok(link) => link,
            Err(status) => return status.into_response(),
        };
        let shown = tenant.library.shared_content(&link);
        for content in &shown {
            tenant
                .library
                .note("view", content, "", Some(&link.id), now);
        }
        let name = |id: &ContentId| {
            tenant
                .library
                .assets
                .get(id)
                .map(|asset| asset.name.clone())
        };
        let content = html! {
            ul {
                @for id in &shown {
                    li {
                        (name(id).unwrap_or_default())
                        @if link.original || link.presets {
                            " " a href={ "/share/" (token) "/" (id) } { "Download" }
                        }
                    }
                }
            }
        };
        let page: Html<String> = page("Canto", link.title(), &[], &content);
        page.into_response()
    })
}

/// `GET /share/{token}/{scheme}/{id}`: a recipient's download.
pub(super) async fn download(
    State(sim): State<Sim>,
    Path((token, scheme, id)): Path<(String, String, String)>,
) -> Response {
    let Some(scheme) = Scheme::parse(&scheme) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    with(&sim, |tenant, now| {
        let link = match live(tenant, &token, now) {
            Ok(link) => link,
            Err(status) => return status.into_response(),
        };
        let id = ContentId::new(scheme, id);
        if !tenant.library.shared_content(&link).contains(&id) {
            return StatusCode::NOT_FOUND.into_response();
        }
        if !link.original && !link.presets {
            return StatusCode::FORBIDDEN.into_response();
        }
        tenant
            .library
            .note("download", &id, "", Some(&link.id), now);
        let file = tenant.library.assets.get(&id).map(Asset::current);
        file.map_or_else(
            || StatusCode::NOT_FOUND.into_response(),
            |file| {
                let kind = content_type(&file.file_name);
                ([(header::CONTENT_TYPE, kind)], file.content.clone()).into_response()
            },
        )
    })
}

fn live(tenant: &Tenant, token: &str, now: Timestamp) -> Result<ShareLink, StatusCode> {
    let mut links = tenant.library.sharing.links.iter();
    let link = links.find(|link| link.token == token);
    let link = link.ok_or(StatusCode::NOT_FOUND)?;
    match link.is_live(now) {
        true => Ok(link.clone()),
        false => Err(StatusCode::GONE),
    }
}

/// `GET /api/v1/report/activity`: oldest first, as late as the tenant's reports are. Filters: `since`
/// in seconds, `scheme` and `id`, `action`.
pub(super) async fn report(
    State(sim): State<Sim>,
    _caller: Caller,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let parameters = Parameters(query);
    let since = match parameters.number("since", 0) {
        Ok(seconds) => i64::try_from(seconds).unwrap_or(i64::MAX),
        Err(why) => return Refusal::Invalid(why).reply(),
    };
    with(&sim, |tenant, now| {
        let fits = |activity: &&Activity| {
            let is = |name: &str, value: &str| parameters.get(name).is_none_or(|v| v == value);
            activity.at.0.div_euclid(1000) >= since
                && is("scheme", activity.content.scheme.word())
                && is("id", &activity.content.id)
                && is("action", activity.action)
        };
        let lines = tenant.library.reported(now).filter(fits);
        let results = lines.map(|activity| {
            json!({
                "action": activity.action,
                "time": date(activity.at),
                "userName": tenant.library.user_name(&activity.by),
                "scheme": activity.content.scheme.word(),
                "id": activity.content.id,
                "share": activity.share,
            })
        });
        search::paged(results.collect(), &parameters)
    })
}
