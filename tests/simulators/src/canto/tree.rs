//! The library tree: folders and albums over the API.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Caller;
use super::library::Refusal;
use super::search::{self, Parameters};
use super::values::{ContentId, Scheme};
use super::{Sim, render, with};
use crate::common::effect;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TreeQuery {
    sort_by: Option<String>,
    sort_direction: Option<String>,
    layer: Option<i32>,
}

/// `GET /api/v1/tree`
pub(super) async fn root(
    State(sim): State<Sim>,
    _caller: Caller,
    Query(query): Query<TreeQuery>,
) -> Response {
    below(&sim, None, query)
}

/// `GET /api/v1/tree/{folder}`
pub(super) async fn folder(
    State(sim): State<Sim>,
    _caller: Caller,
    Path(folder): Path<String>,
    Query(query): Query<TreeQuery>,
) -> Response {
    below(&sim, Some(&folder), query)
}

fn below(sim: &Sim, folder: Option<&str>, query: TreeQuery) -> Response {
    with(sim, |tenant, _| {
        if folder.is_some_and(|id| !tenant.library.containers.contains_key(id)) {
            return Refusal::NotFound.reply();
        }
        let layer = query.layer.unwrap_or(1);
        let mut containers: Vec<_> = tenant.library.children(folder).collect();
        let sort_by = query.sort_by.as_deref().unwrap_or("time");
        match sort_by {
            "name" => containers.sort_by(|a, b| a.name.cmp(&b.name)),
            "scheme" => containers.sort_by_key(|c| c.is_album),
            "owner" => containers.sort_by(|a, b| a.owner.cmp(&b.owner)),
            "size" => containers.sort_by_key(|c| tenant.library.size_of(c)),
            _ => containers.sort_by_key(|c| c.created),
        }
        let direction = query.sort_direction.as_deref().unwrap_or("ascending");
        if direction == "descending" {
            containers.reverse();
        }
        // The first layer is the list itself.
        let deeper = if layer < 0 { -1 } else { (layer - 1).max(0) };
        let results: Vec<Value> = containers
            .into_iter()
            .map(|c| render::container(tenant, c, deeper))
            .collect();
        Json(json!({"results": results, "sortBy": sort_by, "sortDirection": direction}))
            .into_response()
    })
}

/// `GET /api/v1/info/folder/{id}` and `.../album/{id}`
pub(super) async fn info(
    State(sim): State<Sim>,
    _caller: Caller,
    Path((kind, id)): Path<(String, String)>,
) -> Response {
    with(&sim, |tenant, _| {
        let container = tenant.library.containers.get(&id);
        match container.filter(|c| c.is_album == (kind == "album")) {
            Some(container) => Json(render::container(tenant, container, 1)).into_response(),
            None => Refusal::NotFound.reply(),
        }
    })
}

/// `GET /api/v1/album/{id}` and `GET /api/v1/folder/{id}`: content, searchable and paged. A folder
/// shows the content of the albums below it.
pub(super) async fn content(
    State(sim): State<Sim>,
    _caller: Caller,
    uri: http::Uri,
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let wants_album = uri.path().starts_with("/api/v1/album/");
    with(&sim, |tenant, now| {
        let library = &tenant.library;
        if library
            .containers
            .get(&id)
            .is_none_or(|c| c.is_album != wants_album)
        {
            return Refusal::NotFound.reply();
        }
        let inside: Vec<ContentId> = library
            .containers
            .values()
            .filter(|c| library.id_path(&c.id).split('/').any(|part| part == id))
            .flat_map(|c| c.content.clone())
            .collect();
        search::answer(tenant, now, &Parameters(query), |content| {
            inside.contains(content)
        })
    })
}

/// `POST /api/v1/folder/{name}`
pub(super) async fn create_top_folder(
    State(sim): State<Sim>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Value>, Response> {
    create(&sim, &caller, None, &name, false)
}

/// `POST /api/v1/folder/{parent}/{name}`
pub(super) async fn create_folder(
    State(sim): State<Sim>,
    caller: Caller,
    Path((parent, name)): Path<(String, String)>,
) -> Result<Json<Value>, Response> {
    create(&sim, &caller, Some(&parent), &name, false)
}

/// `POST /api/v1/album/{parent}/{name}`
pub(super) async fn create_album(
    State(sim): State<Sim>,
    caller: Caller,
    Path((parent, name)): Path<(String, String)>,
) -> Result<Json<Value>, Response> {
    create(&sim, &caller, Some(&parent), &name, true)
}

fn create(
    sim: &Sim,
    caller: &Caller,
    parent: Option<&str>,
    name: &str,
    is_album: bool,
) -> Result<Json<Value>, Response> {
    let by = caller.writer()?;
    let id = with(sim, |tenant, now| {
        tenant
            .library
            .create_container(parent, name, is_album, by, now)
    })
    .map_err(|refusal| refusal.reply())?;
    effect(if is_album {
        "create-album"
    } else {
        "create-folder"
    });
    let scheme = if is_album { "album" } else { "folder" };
    Ok(Json(json!({"id": id, "name": name, "scheme": scheme})))
}

#[derive(Deserialize)]
pub(super) struct ContainerName {
    id: String,
}

/// `DELETE /api/v1/batch/folder`: folders and albums with what is below them.
pub(super) async fn delete(
    State(sim): State<Sim>,
    caller: Caller,
    Json(wanted): Json<Vec<ContainerName>>,
) -> Result<Json<Value>, Response> {
    caller.writer()?;
    let failed: Vec<String> = with(&sim, |tenant, _| {
        let failed = wanted
            .into_iter()
            .filter(|c| tenant.library.delete_container(&c.id).is_err());
        failed.map(|container| container.id).collect()
    });
    effect("delete-container");
    let status = if failed.is_empty() { "success" } else { "fail" };
    Ok(Json(
        json!({"status": status, "deleteFail": failed, "permissionFail": []}),
    ))
}

/// Body of `POST` and `DELETE /api/v1/batch/album`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AlbumChange {
    album_path: String,
    contents: Vec<AlbumContent>,
}

#[derive(Deserialize)]
pub(super) struct AlbumContent {
    scheme: String,
    id: String,
}

/// `POST /api/v1/batch/album` puts content in, `DELETE` takes it out. The album is named by its
/// path of ids.
pub(super) async fn change_album(
    State(sim): State<Sim>,
    caller: Caller,
    method: http::Method,
    Json(wanted): Json<AlbumChange>,
) -> Result<&'static str, Response> {
    caller.writer()?;
    let album = wanted
        .album_path
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    let put_in = method == http::Method::POST;
    with(&sim, |tenant, _| {
        if tenant.library.id_path(&album) != wanted.album_path {
            return Err(Refusal::NotFound);
        }
        for content in &wanted.contents {
            let scheme = Scheme::parse(&content.scheme).ok_or(Refusal::NotFound)?;
            let id = ContentId::new(scheme, &content.id);
            if put_in {
                if tenant.library.assign(&album, &id)? {
                    effect("add-to-album");
                }
            } else if tenant.library.unassign(&album, &id)? {
                effect("remove-from-album");
            }
        }
        Ok("success")
    })
    .map_err(|refusal| refusal.reply())
}

/// Anything else: unknown.
pub(super) async fn unknown() -> StatusCode {
    StatusCode::NOT_FOUND
}
