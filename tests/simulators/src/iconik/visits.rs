//! What people do with the links of shares.

use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse as _, Response};
use forebay_model::Timestamp;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::domain::Domain;
use super::history::Entry;
use super::types::{Share, date, text};
use super::{Sim, World, with};

/// Who opens a link, and with which password.
#[derive(Deserialize)]
pub(super) struct Visit {
    #[serde(default, rename = "as")]
    who: String,
    #[serde(default)]
    password: String,
}

/// What a visitor may see: the share, unless it is gone (404), has ended (410) or wants a password.
fn opened(world: &mut World, id: &str, visit: &Visit, now: Timestamp) -> Result<Share, StatusCode> {
    let shares = &mut world.domain.shares;
    let share = shares.iter_mut().find(|share| share.id() == id);
    let share = share.ok_or(StatusCode::NOT_FOUND)?;
    if share.has_ended(now) {
        return Err(StatusCode::GONE);
    }
    if share
        .password
        .as_ref()
        .is_some_and(|word| *word != visit.password)
    {
        return Err(StatusCode::UNAUTHORIZED);
    }
    for user in &mut share.users {
        if text(user, "email") == visit.who {
            let count = user.get("access_count").and_then(Value::as_u64);
            user.insert(
                "access_count".to_owned(),
                (count.unwrap_or_default() + 1).into(),
            );
            user.insert("last_access_date".to_owned(), date(now).into());
        }
    }
    Ok(share.clone())
}

/// Assets that a share shows, but for those in the delete queue.
fn shown(domain: &Domain, share: &Share) -> Vec<String> {
    let object = text(&share.record, "object_id");
    let inside = match domain.collections.get(object) {
        Some(collection) => collection.assets.clone(),
        None => vec![object.to_owned()],
    };
    let active = |id: &String| domain.assets.get(id).is_some_and(|a| a.status == "ACTIVE");
    inside.into_iter().filter(active).collect()
}

/// `GET /share/{id}`: what a recipient sees.
pub(super) async fn open(
    State(sim): State<Sim>,
    Path(id): Path<String>,
    Query(visit): Query<Visit>,
) -> Response {
    with(&sim, |world, now| {
        let share = match opened(world, &id, &visit, now) {
            Ok(share) => share,
            Err(status) => return status.into_response(),
        };
        let assets = shown(&world.domain, &share);
        if assets.is_empty() {
            return StatusCode::NOT_FOUND.into_response();
        }
        let titles = assets.iter().filter_map(|id| world.domain.assets.get(id));
        let titles: Vec<&str> = titles.map(|asset| asset.title.as_str()).collect();
        Html(maud::html! { ul { @for title in titles { li { (title) } } } }.into_string())
            .into_response()
    })
}

/// `GET /share/{id}/download`: the first asset's original or proxy, where the share allows it.
pub(super) async fn download(
    State(sim): State<Sim>,
    Path(id): Path<String>,
    Query(visit): Query<Visit>,
) -> Response {
    with(&sim, |world, now| {
        let share = match opened(world, &id, &visit, now) {
            Ok(share) => share,
            Err(status) => return status.into_response(),
        };
        let may = |flag: &str| share.record.get(flag).is_some_and(|flag| flag == true);
        if !(may("allow_download") || may("allow_download_proxy")) {
            return StatusCode::FORBIDDEN.into_response();
        }
        let Some(asset) = shown(&world.domain, &share).into_iter().next() else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let user = share
            .users
            .iter()
            .find(|user| text(user, "email") == visit.who);
        let entry = Entry {
            share: Some(id.clone()),
            share_user: user.map(|user| text(user, "id").to_owned()),
            ..Entry::new("DOWNLOAD", "")
        };
        world.domain.note(&asset, entry, now);
        super::renditions::CONTENT.into_response()
    })
}
