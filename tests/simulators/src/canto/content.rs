//! Reading content: detail, bulk detail, files.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Caller;
use super::render::{self, DIRECT_TOKEN};
use super::values::{ContentId, Scheme, content_type};
use super::{Sim, with};

/// A piece of content in a request body; further keys are ignored.
#[derive(Deserialize)]
pub(super) struct Named {
    scheme: String,
    id: String,
}

impl Named {
    /// Its identity; absent for an unknown scheme.
    pub(super) fn content(&self) -> Option<ContentId> {
        Scheme::parse(&self.scheme).map(|scheme| ContentId::new(scheme, &self.id))
    }

    /// As it was named.
    pub(super) fn as_json(&self) -> Value {
        json!({"scheme": self.scheme, "id": self.id})
    }
}

fn not_found() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

/// `GET /api/v1/{scheme}/{id}`
pub(super) async fn detail(
    State(sim): State<Sim>,
    _caller: Caller,
    Path((scheme, id)): Path<(String, String)>,
) -> Response {
    let Some(scheme) = Scheme::parse(&scheme) else {
        return not_found();
    };
    with(&sim, |tenant, now| {
        let asset = tenant.library.visible(&ContentId::new(scheme, id), now);
        asset.map_or_else(not_found, |a| {
            Json(render::asset(tenant, a, now)).into_response()
        })
    })
}

/// `POST /api/v1/batch/content`: bulk detail.
pub(super) async fn bulk(
    State(sim): State<Sim>,
    _caller: Caller,
    Json(wanted): Json<Vec<Named>>,
) -> Json<Value> {
    with(&sim, |tenant, now| {
        let (mut found, mut failed) = (Vec::new(), Vec::new());
        for named in &wanted {
            let asset = named
                .content()
                .and_then(|id| tenant.library.visible(&id, now));
            match asset {
                Some(asset) => found.push(render::asset(tenant, asset, now)),
                None => failed.push(named.as_json()),
            }
        }
        Json(json!({"docResult": found, "failed": failed}))
    })
}

/// `GET /api_binary/v1/{scheme}/{id}`: redirects to a place that wants no bearer token.
pub(super) async fn original(
    State(sim): State<Sim>,
    _caller: Caller,
    Path((scheme, id)): Path<(String, String)>,
) -> Response {
    redirect(&sim, &scheme, &id, |asset| Some(asset.current().id.clone()))
}

/// `GET /api_binary/v1/{scheme}/{id}/{part}`: a version, a rendition or a preview.
pub(super) async fn part(
    State(sim): State<Sim>,
    _caller: Caller,
    Path((scheme, id, part)): Path<(String, String, String)>,
) -> Response {
    match part.as_str() {
        "directuri" => direct_uri(&sim, &scheme, &id),
        "preview" | "HighJPG" | "LowJPG" | "PNG" => {
            let now = sim.frame.now();
            redirect(&sim, &scheme, &id, |asset| {
                (now >= asset.preview_at).then(|| asset.current().id.clone())
            })
        }
        version => redirect(&sim, &scheme, &id, |asset| {
            asset
                .versions
                .iter()
                .find(|v| v.id == version)
                .map(|v| v.id.clone())
        }),
    }
}

/// `GET /api_binary/v1/{scheme}/{id}/{version}/preview` and `.../preview/{size}`
pub(super) async fn sized(
    State(sim): State<Sim>,
    caller: Caller,
    Path((scheme, id, part, _size)): Path<(String, String, String, String)>,
) -> Response {
    self::part(State(sim), caller, Path((scheme, id, part))).await
}

fn direct_uri(sim: &Sim, scheme: &str, id: &str) -> Response {
    let base = sim.lock().base_url.clone();
    format!("{base}/direct/{scheme}/{id}/{DIRECT_TOKEN}/original").into_response()
}

fn redirect(
    sim: &Sim,
    scheme: &str,
    id: &str,
    version: impl FnOnce(&super::library::Asset) -> Option<String>,
) -> Response {
    let Some(scheme) = Scheme::parse(scheme) else {
        return not_found();
    };
    with(sim, |tenant, now| {
        let id = ContentId::new(scheme, id);
        let Some(version) = tenant.library.visible(&id, now).and_then(version) else {
            return not_found();
        };
        let target = format!("{}/_cdn/{id}/{version}", tenant.base_url);
        // Canto answers 302, not the 303 or 307 a framework would choose.
        (StatusCode::FOUND, [(header::LOCATION, target)]).into_response()
    })
}

/// `GET /_cdn/{scheme}/{id}/{version}`: the file. A bearer token that was carried along from the
/// tenant is refused, as storage services do.
pub(super) async fn cdn(
    State(sim): State<Sim>,
    headers: http::HeaderMap,
    Path((scheme, id, version)): Path<(String, String, String)>,
) -> Response {
    if headers.contains_key(header::AUTHORIZATION) {
        let why = "only one way to authenticate is allowed";
        return (StatusCode::BAD_REQUEST, why).into_response();
    }
    let Some(scheme) = Scheme::parse(&scheme) else {
        return not_found();
    };
    with(&sim, |tenant, _| {
        let asset = tenant.library.assets.get(&ContentId::new(scheme, id));
        let file = asset.and_then(|asset| asset.versions.iter().find(|v| v.id == version));
        file.map_or_else(not_found, |file| {
            let kind = content_type(&file.file_name);
            ([(header::CONTENT_TYPE, kind)], file.content.clone()).into_response()
        })
    })
}

/// `GET /direct/{scheme}/{id}/{token}/{*rest}`: tokenised links, without a bearer token.
pub(super) async fn direct(
    State(sim): State<Sim>,
    Path((scheme, id, token, _rest)): Path<(String, String, String, String)>,
) -> Response {
    let Some(scheme) = Scheme::parse(&scheme) else {
        return not_found();
    };
    with(&sim, |tenant, now| {
        let id = ContentId::new(scheme, id);
        match tenant.library.visible(&id, now) {
            Some(asset) if token == DIRECT_TOKEN => {
                let target = format!("{}/_cdn/{id}/{}", tenant.base_url, asset.current().id);
                Redirect::temporary(&target).into_response()
            }
            _ => not_found(),
        }
    })
}
