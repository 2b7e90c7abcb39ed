//! The library page: what a person does in Canto.

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

use super::hooks::{EVENTS, Hook};
use super::library::{Asset, Library, Upload};
use super::start::file;
use super::values::{ContentId, Scheme};
use super::{Sim, edit, with};
use crate::common::frame::LARGEST_REQUEST;
use crate::common::page::{page, pill};

/// Fields the upload form offers; several values of a list field are separated by commas.
const FORM_FIELDS: [(&str, bool); 2] = [("market", true), ("asset_type", false)];

/// The pages; not subject to faults, not recorded: people are not under test.
pub(super) fn router() -> Router<Sim> {
    Router::new()
        .route("/", get(library))
        .route("/upload", get(upload_form).post(upload))
        .route("/library/{scheme}/{id}", get(asset).post(act))
        .route("/library/{scheme}/{id}/version", post(upload_version))
        .route("/settings/webhooks", get(webhooks).post(add_webhook))
        .layer(DefaultBodyLimit::max(LARGEST_REQUEST))
}

fn show(title: &str, content: &Markup) -> Html<String> {
    let nav = [
        ("Library", "/"),
        ("Upload", "/upload"),
        ("Webhooks", "/settings/webhooks"),
    ];
    page("Canto", title, &nav, content)
}

#[derive(Deserialize)]
struct Find {
    #[serde(default)]
    q: String,
}

async fn library(State(sim): State<Sim>, Query(find): Query<Find>) -> Html<String> {
    with(&sim, |tenant, now| {
        let library = &tenant.library;
        let wanted = find.q.to_lowercase();
        let mut assets: Vec<&Asset> = library
            .all_visible(now)
            .filter(|asset| asset.name.to_lowercase().contains(&wanted))
            .collect();
        assets.sort_by_key(|asset| std::cmp::Reverse(asset.modified));
        let waiting = library
            .uploads
            .iter()
            .filter(|u| u.became.is_none() && !u.failed)
            .count();
        let content = html! {
            form.row method="get" {
                input name="q" value=(find.q) placeholder="Name";
                button { "Search" }
            }
            @if waiting > 0 { p.quiet { (waiting) " upload(s) being processed" } }
            table {
                tr { th { "Name" } th { "Status" } th { "Albums" } th { "Version" } th { "Owner" } th { "Changed" } }
                @for asset in assets {
                    tr {
                        td { a href={ "/library/" (asset.id) } { (asset.name) } }
                        td { (pill(library.status(asset))) }
                        td { (albums(library, &asset.id)) }
                        td { (asset.current().number) }
                        td { (library.user_name(&asset.owner)) }
                        td { (asset.modified) }
                    }
                }
            }
        };
        show("Library", &content)
    })
}

fn albums(library: &Library, id: &ContentId) -> String {
    let holding = library
        .containers
        .values()
        .filter(|c| c.content.contains(id));
    holding
        .map(|c| format!("/{}", library.name_path(&c.id)))
        .collect::<Vec<_>>()
        .join(", ")
}

async fn upload_form(State(sim): State<Sim>) -> Html<String> {
    with(&sim, |tenant, _| {
        let library = &tenant.library;
        let content = html! {
            form.box method="post" enctype="multipart/form-data" {
                label { "File" input type="file" name="file" required; }
                label { "Album" (album_choice(library)) }
                @for (field, many) in FORM_FIELDS {
                    label {
                        (field) @if many { " (separated by commas)" }
                        input name=(field);
                    }
                }
                label { "You are" (user_choice(library)) }
                button { "Upload" }
            }
        };
        show("Upload", &content)
    })
}

fn album_choice(library: &Library) -> Markup {
    html! {
        input name="album" list="albums" value="/Incoming/Web";
        datalist id="albums" {
            @for album in library.containers.values().filter(|c| c.is_album) {
                option value={ "/" (library.name_path(&album.id)) } {}
            }
        }
    }
}

fn user_choice(library: &Library) -> Markup {
    html! {
        select name="by" {
            @for user in library.users.values() { option value=(user.id) { (user.name) } }
        }
    }
}

/// Fields and file of a form.
struct Filled {
    texts: BTreeMap<String, String>,
    file: Option<(String, Bytes)>,
}

impl Filled {
    async fn read(mut form: Multipart) -> Result<Self, Response> {
        let mut filled = Self {
            texts: BTreeMap::new(),
            file: None,
        };
        let bad = |error: axum::extract::multipart::MultipartError| error.into_response();
        while let Some(field) = form.next_field().await.map_err(bad)? {
            let name = field.name().unwrap_or_default().to_owned();
            match field.file_name().map(str::to_owned) {
                Some(file) => filled.file = Some((file, field.bytes().await.map_err(bad)?)),
                None => {
                    filled.texts.insert(name, field.text().await.map_err(bad)?);
                }
            }
        }
        Ok(filled)
    }

    fn text(&self, name: &str) -> &str {
        self.texts
            .get(name)
            .map(|text| text.trim())
            .unwrap_or_default()
    }
}

fn bad_request(why: impl std::fmt::Display) -> Response {
    (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response()
}

async fn upload(State(sim): State<Sim>, form: Multipart) -> Result<Redirect, Response> {
    let filled = Filled::read(form).await?;
    let (name, content) = filled
        .file
        .clone()
        .ok_or_else(|| bad_request("choose a file"))?;
    let mut fields = BTreeMap::new();
    for (field, many) in FORM_FIELDS {
        let text = filled.text(field);
        if text.is_empty() {
            continue;
        }
        let value = match many {
            true => text
                .split(',')
                .map(|part| Value::from(part.trim()))
                .collect(),
            false => Value::from(text),
        };
        fields.insert(field.to_owned(), value);
    }
    with(&sim, |tenant, now| {
        let by = filled.text("by");
        let album = match filled.text("album") {
            "" => String::new(),
            path => tenant.library.album_at(path, by, now)?,
        };
        tenant.library.accept(Upload {
            album,
            fields,
            ..file(name, content, by, now)
        });
        Ok(Redirect::to("/"))
    })
    .map_err(|refusal: super::library::Refusal| bad_request(refusal))
}

fn content_id(scheme: &str, id: &str) -> Result<ContentId, Response> {
    let scheme = Scheme::parse(scheme).ok_or_else(|| StatusCode::NOT_FOUND.into_response())?;
    Ok(ContentId::new(scheme, id))
}

async fn upload_version(
    State(sim): State<Sim>,
    Path((scheme, id)): Path<(String, String)>,
    form: Multipart,
) -> Result<Redirect, Response> {
    let id = content_id(&scheme, &id)?;
    let filled = Filled::read(form).await?;
    let (name, content) = filled
        .file
        .clone()
        .ok_or_else(|| bad_request("choose a file"))?;
    with(&sim, |tenant, now| {
        let upload = file(name, content, filled.text("by"), now);
        tenant.library.accept(Upload {
            version_of: Some(id.clone()),
            ..upload
        });
    });
    Ok(Redirect::to(&format!("/library/{id}")))
}

async fn asset(
    State(sim): State<Sim>,
    Path((scheme, id)): Path<(String, String)>,
) -> Result<Html<String>, Response> {
    let id = content_id(&scheme, &id)?;
    with(&sim, |tenant, now| {
        let library = &tenant.library;
        let Some(asset) = library.visible(&id, now) else {
            return Err(StatusCode::NOT_FOUND.into_response());
        };
        let content = html! {
            p {
                (pill(library.status(asset))) " "
                @if let Some(expires) = asset.expires { "expires " (expires) " · " }
                (albums(library, &id)) " · "
                a href={ "/direct/" (id) "/" (super::render::DIRECT_TOKEN) "/original" } { "original" }
            }
            form.row method="post" {
                (user_choice(library))
                select name="status" { @for status in &library.statuses { option { (status) } } }
                button name="act" value="status" { "Set status" }
                button name="act" value="delete" { "Move to trash" }
            }
            h2 { "Fields" }
            table {
                @for field in &library.fields {
                    tr { th { (field.name) } td { (asset.fields.get(&field.name).map(shown).unwrap_or_default()) } }
                }
            }
            h2 { "Versions" }
            table {
                tr { th { "No." } th { "Uploaded" } th { "By" } th { "Comment" } th { "MD5" } th {} }
                @for version in asset.versions.iter().rev() {
                    tr {
                        td { (version.number) @if version.id == asset.current().id { " (current)" } }
                        td { (version.created) }
                        td { (library.user_name(&version.by)) }
                        td { (version.comment) }
                        td.quiet { (version.md5()) }
                        td {
                            @if version.id != asset.current().id {
                                form.row method="post" {
                                    input type="hidden" name="by" value=(asset.owner);
                                    input type="hidden" name="version" value=(version.id);
                                    button name="act" value="current" { "Make current" }
                                }
                            }
                        }
                    }
                }
            }
            form.box method="post" action={ "/library/" (id) "/version" } enctype="multipart/form-data" {
                label { "New version" input type="file" name="file" required; }
                label { "You are" (user_choice(library)) }
                button { "Upload version" }
            }
        };
        Ok(show(&asset.name, &content))
    })
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[derive(Deserialize)]
struct Act {
    act: String,
    by: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    version: String,
}

async fn act(
    State(sim): State<Sim>,
    Path((scheme, id)): Path<(String, String)>,
    Form(form): Form<Act>,
) -> Result<Redirect, Response> {
    let id = content_id(&scheme, &id)?;
    with(&sim, |tenant, now| match form.act.as_str() {
        "status" => tenant.library.edit(&id, &form.by, now, |asset| {
            edit::set_status(asset, &form.status)
        }),
        "current" => tenant
            .library
            .make_current(&id, &form.version, &form.by, now),
        _ => tenant.library.delete(&id, &form.by, now),
    })
    .map_err(bad_request)?;
    let back = if form.act == "delete" {
        "/".to_owned()
    } else {
        format!("/library/{id}")
    };
    Ok(Redirect::to(&back))
}

async fn webhooks(State(sim): State<Sim>) -> Html<String> {
    let hooks = sim.lock().hooks.clone();
    let content = html! {
        table {
            tr { th { "Event" } th { "URL" } }
            @for hook in &hooks { tr { td { (hook.event) } td { (hook.url) } } }
        }
        form.box method="post" {
            label { "Event" select name="event" { @for event in EVENTS { option { (event) } } } }
            label { "URL" input name="url" type="url" required; }
            label { "Secure token" input name="secure-token" required; }
            button { "Add webhook" }
        }
    };
    show("Webhooks", &content)
}

async fn add_webhook(State(sim): State<Sim>, Form(hook): Form<Hook>) -> Result<Redirect, Response> {
    if !EVENTS.contains(&hook.event.as_str()) {
        return Err(bad_request("unknown event"));
    }
    sim.lock().hooks.push(hook);
    Ok(Redirect::to("/settings/webhooks"))
}
