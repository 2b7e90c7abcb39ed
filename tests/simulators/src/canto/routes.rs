//! Which path is which operation, and at which rate level.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post, put};
use http::StatusCode;

use super::{Sim, auth, content, edit, hooks, pages, search, share_api, trash, tree, upload};
use crate::common::control;
use crate::common::frame::LARGEST_REQUEST;

/// For the JSON API no error body is documented: a status and its name as text.
pub(super) fn fault_reply(status: StatusCode) -> Response {
    (status, status.canonical_reason().unwrap_or_default()).into_response()
}

pub(super) fn router(sim: &Sim) -> Router {
    let f = &sim.frame;
    let label = || {
        f.rated(
            "label-content",
            "level-2",
            put(edit::label).delete(edit::label),
        )
    };
    let api = Router::new()
        .route("/oauth/api/oauth2/token", f.op("token", post(auth::token)))
        .route(
            "/oauth/api/oauth2/compatible/token",
            f.op("token", post(auth::compatible_token)),
        )
        .route("/api/v1/", f.op("index", get(auth::index)))
        .route("/api/v1/user", f.op("read-user", get(auth::user)))
        .route(
            "/api/v1/search",
            f.rated("search", "level-1", get(search::search)),
        )
        .route("/api/v1/tree", f.rated("tree", "level-1", get(tree::root)))
        .route(
            "/api/v1/tree/{folder}",
            f.rated("tree", "level-1", get(tree::folder)),
        )
        .route(
            "/api/v1/info/{kind}/{id}",
            f.op("container-info", get(tree::info)),
        )
        .route(
            "/api/v1/folder/{id}",
            f.rated("folder-content", "level-4", get(tree::content))
                .merge(f.op("create-folder", post(tree::create_top_folder))),
        )
        .route(
            "/api/v1/folder/{parent}/{name}",
            f.op("create-folder", post(tree::create_folder)),
        )
        .route(
            "/api/v1/album/{id}",
            f.rated("album-content", "level-1", get(tree::content)),
        )
        .route(
            "/api/v1/album/{parent}/{name}",
            f.op("create-album", post(tree::create_album)),
        )
        .route(
            "/api/v1/batch/folder",
            f.op("delete-container", delete(tree::delete)),
        )
        .route(
            "/api/v1/batch/album",
            f.rated("add-to-album", "level-4", post(tree::change_album))
                .merge(f.rated("remove-from-album", "level-4", delete(tree::change_album))),
        )
        .route(
            "/api/v1/batch/content",
            f.op("read-batch", post(content::bulk))
                .merge(f.op("delete", delete(trash::delete))),
        )
        .merge(further(sim))
        .route(
            "/api/v1/batch/edit",
            f.op("edit", put(edit::batch_edit))
                .merge(f.op("read-editable", get(edit::editable))),
        )
        .route(
            "/api/v1/custom/field",
            f.op("read-fields", get(edit::custom_fields)),
        )
        .route(
            "/api/v1/version/comment",
            f.rated("comment-version", "level-2", post(edit::version_comment)),
        )
        .route(
            "/api/v1/upload/setting",
            f.op("upload-setting", get(upload::setting)),
        )
        .route(
            "/api/v1/upload/status",
            f.op("upload-status", get(upload::status)),
        )
        .route(
            "/api/v1/{scheme}",
            f.rated("list-scheme", "level-1", get(search::by_scheme)),
        )
        .route(
            "/api/v1/{scheme}/{id}",
            f.op("read-asset", get(content::detail)),
        )
        .route(
            "/api/v1/{scheme}/{id}/rename",
            f.op("rename", put(edit::rename)),
        )
        .route("/api/v1/{scheme}/{id}/{kind}/{word}", label())
        .route(
            "/api_binary/v1/{scheme}/{id}",
            f.op("read-file", get(content::original)),
        )
        .route(
            "/api_binary/v1/{scheme}/{id}/{part}",
            f.op("read-file", get(content::part)),
        )
        .route(
            "/api_binary/v1/{scheme}/{id}/{part}/{size}",
            f.op("read-file", get(content::sized)),
        )
        .route(
            "/direct/{scheme}/{id}/{token}/{*rest}",
            f.op("read-direct", get(content::direct)),
        )
        .route(
            "/_cdn/{scheme}/{id}/{version}",
            f.op("read-cdn", get(content::cdn)),
        )
        .route(
            "/_s3/",
            f.op("store-file", post(upload::store))
                .layer(DefaultBodyLimit::max(LARGEST_REQUEST)),
        )
        .route(
            "/api/{*rest}",
            f.op(
                "unknown",
                get(tree::unknown)
                    .post(tree::unknown)
                    .put(tree::unknown)
                    .delete(tree::unknown),
            ),
        );
    let set_up = Router::new().route(
        "/_sim/webhooks",
        get(hooks::list).post(hooks::add).delete(hooks::clear),
    );
    api.merge(set_up)
        .merge(pages::router())
        .with_state(sim.clone())
        .merge(control::router(f))
}

/// Calls that Canto documents without their paths: all inferred, but for the making of a link.
fn further(sim: &Sim) -> Router<Sim> {
    let f = &sim.frame;
    Router::new()
        .route(
            "/api/v1/trash",
            f.rated("read-trash", "level-1", get(trash::list))
                .merge(f.op("purge", delete(trash::purge))),
        )
        .route(
            "/api/v1/trash/restore",
            f.op("restore", post(trash::restore)),
        )
        .route(
            "/api/v1/share/batch",
            f.op("create-share", put(share_api::create)),
        )
        .route(
            "/api/v1/share/list",
            f.rated("list-shares", "level-1", get(share_api::list)),
        )
        .route(
            "/api/v1/share/{id}",
            f.op("revoke-share", delete(share_api::revoke)),
        )
        .route(
            "/api/v1/report/activity",
            f.rated("report", "level-2", get(share_api::report)),
        )
        .route("/share/{token}", f.op("open-share", get(share_api::open)))
        .route(
            "/share/{token}/{scheme}/{id}",
            f.op("download-shared", get(share_api::download)),
        )
}
