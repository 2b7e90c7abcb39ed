//! The library page: what a person does in iconik.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, Multipart, Path, Query, State};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::domain::Domain;
use super::types::{Approval, Asset, text};
use super::{Sim, with};
use crate::common::frame::LARGEST_REQUEST;
use crate::common::page::{page, pill};

/// Fields the upload form offers.
const FORM_FIELDS: [&str; 3] = ["asset_type", "campaign", "region"];

/// The pages; not subject to faults, not recorded: people are not under test.
pub(super) fn router() -> Router<Sim> {
    Router::new()
        .route("/", get(library))
        .route("/upload", get(upload_form).post(upload))
        .route("/asset/{id}", get(asset).post(act))
        .route("/asset/{id}/version", post(upload_version))
        .layer(DefaultBodyLimit::max(LARGEST_REQUEST))
}

fn show(title: &str, content: &Markup) -> Html<String> {
    page(
        "iconik",
        title,
        &[("Library", "/"), ("Upload", "/upload")],
        content,
    )
}

fn approval(domain: &Domain, asset: &Asset) -> Approval {
    let key = (asset.id.clone(), asset.current().to_owned());
    domain.approvals.get(&key).cloned().unwrap_or_default()
}

fn paths(domain: &Domain, asset: &Asset) -> String {
    let collections = domain.collections_of(&asset.id);
    collections
        .iter()
        .map(|id| domain.collection_path(id))
        .collect::<Vec<_>>()
        .join(", ")
}

fn proxy_status<'a>(domain: &'a Domain, asset: &Asset) -> &'a str {
    let mut proxies = domain.proxies.iter().rev();
    let current = proxies.find(|proxy| text(&proxy.record, "version_id") == asset.current());
    current.map_or("none", |proxy| text(&proxy.record, "status"))
}

#[derive(Deserialize)]
struct Find {
    #[serde(default)]
    q: String,
}

async fn library(State(sim): State<Sim>, Query(find): Query<Find>) -> Html<String> {
    with(&sim, |world, now| {
        let domain = &world.domain;
        let wanted = find.q.to_lowercase();
        let mut assets: Vec<&Asset> = domain
            .all_visible(now)
            .filter(|a| a.status == "ACTIVE" && a.title.to_lowercase().contains(&wanted))
            .collect();
        assets.sort_by_key(|asset| std::cmp::Reverse(asset.modified));
        let content = html! {
            form.row method="get" {
                input name="q" value=(find.q) placeholder="Title";
                button { "Search" }
            }
            table {
                tr { th { "Title" } th { "Review" } th { "Proxy" } th { "Collections" } th { "Version" } th { "Changed" } }
                @for asset in assets {
                    tr {
                        td { a href={ "/asset/" (asset.id) } { (asset.title) } }
                        td { (pill(approval(domain, asset).status())) }
                        td { (proxy_status(domain, asset)) }
                        td { (paths(domain, asset)) }
                        td { (asset.versions.last().map_or(0, |v| v.number)) }
                        td { (asset.modified) }
                    }
                }
            }
        };
        show("Library", &content)
    })
}

fn user_choice(domain: &Domain) -> Markup {
    html! {
        select name="by" {
            @for user in domain.users.values() { option value=(user.id) { (user.name) } }
        }
    }
}

async fn upload_form(State(sim): State<Sim>) -> Html<String> {
    with(&sim, |world, _| {
        let content = html! {
            form.box method="post" enctype="multipart/form-data" {
                label { "File" input type="file" name="file" required; }
                label { "Collection" input name="collection" value="Ingest/Web"; }
                @for field in FORM_FIELDS { label { (field) input name=(field); } }
                label { "You are" (user_choice(&world.domain)) }
                button { "Upload" }
            }
        };
        show("Upload", &content)
    })
}

/// Fields and file of a form.
async fn read_form(
    mut form: Multipart,
) -> Result<(BTreeMap<String, String>, String, Bytes), Response> {
    let bad = |error: axum::extract::multipart::MultipartError| error.into_response();
    let (mut texts, mut file) = (BTreeMap::new(), None);
    while let Some(field) = form.next_field().await.map_err(bad)? {
        let name = field.name().unwrap_or_default().to_owned();
        match field.file_name().map(str::to_owned) {
            Some(title) => file = Some((title, field.bytes().await.map_err(bad)?)),
            None => {
                texts.insert(name, field.text().await.map_err(bad)?);
            }
        }
    }
    let missing = || (StatusCode::BAD_REQUEST, "choose a file\n").into_response();
    let (title, content) = file.ok_or_else(missing)?;
    Ok((texts, title, content))
}

async fn upload(State(sim): State<Sim>, form: Multipart) -> Result<Redirect, Response> {
    let (texts, title, content) = read_form(form).await?;
    let text = |name: &str| texts.get(name).map(|text| text.trim()).unwrap_or_default();
    with(&sim, |world, now| {
        let domain = &mut world.domain;
        let by = text("by");
        let id = domain.create_asset(&title, "ASSET", by, now);
        for field in FORM_FIELDS
            .into_iter()
            .filter(|field| !text(field).is_empty())
        {
            let key = ("assets".to_owned(), id.clone());
            let values = vec![Value::from(text(field))];
            domain
                .metadata
                .entry(key)
                .or_default()
                .insert(field.to_owned(), values);
        }
        if let Some(collection) = domain.collection_at(text("collection"), by, now) {
            domain.put_into(&collection, &id, by, now);
        }
        domain.add_file(&id, content, "CLOSED", by, now);
        Ok(Redirect::to("/"))
    })
}

async fn upload_version(
    State(sim): State<Sim>,
    Path(id): Path<String>,
    form: Multipart,
) -> Result<Redirect, Response> {
    let (texts, _, content) = read_form(form).await?;
    let by = texts.get("by").cloned().unwrap_or_default();
    with(&sim, |world, now| {
        if world.domain.create_version(&id, &by, now).is_none() {
            return Err(StatusCode::NOT_FOUND.into_response());
        }
        world.domain.add_file(&id, content, "CLOSED", &by, now);
        Ok(Redirect::to(&format!("/asset/{id}")))
    })
}

async fn asset(State(sim): State<Sim>, Path(id): Path<String>) -> Result<Html<String>, Response> {
    with(&sim, |world, now| {
        let domain = &world.domain;
        let Some(asset) = domain.visible(&id, now) else {
            return Err(StatusCode::NOT_FOUND.into_response());
        };
        let approval = approval(domain, asset);
        let metadata = domain.metadata.get(&("assets".to_owned(), id.clone()));
        let segments = domain.segments.iter().filter(|s| text(s, "asset_id") == id);
        let content = html! {
            p { (pill(approval.status())) " " (asset.status) " · " (paths(domain, asset)) " · proxy " (proxy_status(domain, asset)) }
            form.row method="post" {
                (user_choice(domain))
                button name="act" value="APPROVED" { "Approve" }
                button name="act" value="NOT_APPROVED" { "Do not approve" }
                button name="act" value="delete" { "Delete" }
            }
            h2 { "Metadata" }
            table {
                @for (field, values) in metadata.into_iter().flatten() {
                    tr { th { (field) } td { (values.iter().map(shown).collect::<Vec<_>>().join(", ")) } }
                }
            }
            h2 { "Versions" }
            table {
                @for version in asset.versions.iter().rev() {
                    tr { td { (version.number) } td { (version.created) } td { (domain.user_name(&version.by)) } td.quiet { (version.id) } }
                }
            }
            form.box method="post" action={ "/asset/" (id) "/version" } enctype="multipart/form-data" {
                label { "New version" input type="file" name="file" required; }
                label { "You are" (user_choice(domain)) }
                button { "Upload version" }
            }
            h2 { "Comments" }
            table {
                @for segment in segments {
                    tr { td { (text(segment, "segment_type")) } td { (text(segment, "segment_text")) } td { (domain.user_name(text(segment, "user_id"))) } }
                }
            }
        };
        Ok(show(&asset.title, &content))
    })
}

fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[derive(Deserialize)]
struct Act {
    act: String,
    by: String,
}

async fn act(
    State(sim): State<Sim>,
    Path(id): Path<String>,
    Form(form): Form<Act>,
) -> Result<Redirect, Response> {
    with(&sim, |world, now| {
        let domain = &mut world.domain;
        let Some(version) = domain
            .assets
            .get(&id)
            .map(|asset| asset.current().to_owned())
        else {
            return Err(StatusCode::NOT_FOUND.into_response());
        };
        match form.act.as_str() {
            status @ ("APPROVED" | "NOT_APPROVED") => {
                domain.vote(&id, &version, &form.by, status, now);
                Ok(Redirect::to(&format!("/asset/{id}")))
            }
            "delete" => {
                domain.delete_asset(&id, &form.by, now);
                Ok(Redirect::to("/"))
            }
            _ => Err(StatusCode::BAD_REQUEST.into_response()),
        }
    })
}
