//! Which path is which operation. Every path of the API ends with a slash.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodRouter, delete, get, post, put};
use http::StatusCode;

use super::{
    Sim, acls, actions, approvals, assets, collections, copies, files, history, http::fault_reply,
    jobs, metadata, moves, pages, relations, renditions, search, segments, shares, versions,
    visits, webhooks,
};
use crate::common::control;
use crate::common::frame::LARGEST_REQUEST;

/// The one rate class: all calls of an app and token together.
pub(super) const RATE_CLASS: &str = "api";

pub(super) fn router(sim: &Sim) -> Router {
    let op =
        |name: &'static str, route: MethodRouter<Sim>| sim.frame.rated(name, RATE_CLASS, route);
    let api = Router::new()
        .merge(asset_routes(&op))
        .merge(review_routes(&op))
        .merge(file_routes(&op))
        .merge(sharing_routes(&op))
        .merge(other_routes(&op));
    api.merge(pages::router())
        .with_state(sim.clone())
        .merge(control::router(&sim.frame))
        .fallback(async || fault_reply(StatusCode::NOT_FOUND))
}

type Op<'a> = &'a dyn Fn(&'static str, MethodRouter<Sim>) -> MethodRouter<Sim>;

fn asset_routes(op: Op<'_>) -> Router<Sim> {
    const A: &str = "/API/assets/v1/assets/{id}/";
    const C: &str = "/API/assets/v1/collections/{id}/";
    let queue = "/API/assets/v1/delete_queue/assets/";
    Router::new()
        .route(
            "/API/assets/v1/assets/",
            op("list-assets", get(assets::list)).merge(op("create-asset", post(assets::create))),
        )
        .route(
            A,
            op("read-asset", get(assets::read))
                .merge(op(
                    "update-asset",
                    put(assets::update).patch(assets::update),
                ))
                .merge(op("delete-asset", delete(assets::delete))),
        )
        .route(
            &format!("{A}purge/"),
            op("purge-asset", delete(assets::purge)),
        )
        .route(
            &format!("{A}restore/"),
            op("restore-asset", put(assets::restore)),
        )
        .route(
            &format!("{A}history/"),
            op("read-history", get(history::list)).merge(op("add-history", post(history::add))),
        )
        .route(
            &format!("{A}versions/"),
            op("create-version", post(versions::create)),
        )
        .route(
            &format!("{A}versions/{{vid}}/"),
            op("delete-version", delete(versions::delete)),
        )
        .route(
            &format!("{A}versions/{{vid}}/promote/"),
            op("promote-version", put(versions::promote)),
        )
        .route(
            queue,
            op("list-delete-queue", get(assets::queue))
                .merge(op("delete-assets", post(assets::enqueue)))
                .merge(op("restore-assets", delete(assets::dequeue))),
        )
        .route(
            &format!("{queue}purge/"),
            op("purge-assets", post(assets::purge_queue)),
        )
        .route(
            "/API/assets/v1/collections/",
            op("list-collections", get(collections::list))
                .merge(op("create-collection", post(collections::create))),
        )
        .route(
            C,
            op("read-collection", get(collections::read))
                .merge(op(
                    "update-collection",
                    put(collections::update).patch(collections::update),
                ))
                .merge(op("delete-collection", delete(collections::delete))),
        )
        .route(
            &format!("{C}contents/"),
            op("collection-contents", get(collections::contents))
                .merge(op("add-to-collection", post(collections::put_in))),
        )
        .route(
            &format!("{C}contents/{{object_type}}/{{object_id}}/"),
            op("remove-from-collection", delete(collections::take_out)),
        )
        .route(
            &format!("{C}full/path/"),
            op("collection-path", get(collections::full_path)),
        )
}

fn review_routes(op: Op<'_>) -> Router<Sim> {
    const O: &str = "/API/assets/v1/{object_type}/{id}/";
    const S: &str = "/API/assets/v1/assets/{id}/segments/";
    let asked = || {
        op("read-approval", get(approvals::read_request))
            .merge(op(
                "request-approval",
                post(approvals::request)
                    .put(approvals::request)
                    .patch(approvals::request),
            ))
            .merge(op("withdraw-approval", delete(approvals::withdraw)))
    };
    Router::new()
        .route(
            &format!("{O}approvals/"),
            op("read-votes", get(approvals::list))
                .merge(op("vote", put(approvals::vote)))
                .merge(op("unvote", delete(approvals::unvote))),
        )
        .route(&format!("{O}approvals/request/"), asked())
        .route(
            &format!("{O}versions/{{vid}}/approvals/"),
            op("read-votes", get(approvals::list_of_version)),
        )
        .route(
            &format!("{O}versions/{{vid}}/approvals/request/"),
            op("read-approval", get(approvals::read_request_of_version)),
        )
        .route(
            "/API/assets/v1/approvals/bulk/",
            op("vote-bulk", post(approvals::bulk)),
        )
        .route(
            "/API/assets/v1/approvals/bulk_remove/",
            op("unvote-bulk", post(approvals::bulk_remove)),
        )
        .route(
            S,
            op("list-segments", get(segments::list))
                .merge(op("create-segment", post(segments::create))),
        )
        .route(
            &format!("{S}{{sid}}/"),
            op("read-segment", get(segments::read))
                .merge(op(
                    "update-segment",
                    put(segments::update).patch(segments::update),
                ))
                .merge(op("delete-segment", delete(segments::delete))),
        )
}

fn file_routes(op: Op<'_>) -> Router<Sim> {
    const F: &str = "/API/files/v1/assets/{id}/";
    Router::new()
        .route(
            "/API/files/v1/storages/",
            op("list-storages", get(files::storages)),
        )
        .route(
            &format!("{F}formats/"),
            op("list-formats", get(files::formats))
                .merge(op("create-format", post(files::create_format))),
        )
        .route(
            &format!("{F}file_sets/"),
            op("list-file-sets", get(files::file_sets))
                .merge(op("create-file-set", post(files::create_file_set))),
        )
        .route(
            &format!("{F}file_sets/{{set}}/"),
            op("delete-file-set", delete(copies::delete_set)),
        )
        .route(
            &format!("{F}file_sets/{{set}}/purge/"),
            op("purge-file-set", delete(copies::purge_set)),
        )
        .route(
            "/API/files/v1/file_sets/{set}/files/",
            op("list-files-of-set", get(copies::files_of_set)),
        )
        .route(
            &format!("{F}formats/{{format}}/archive/"),
            op("archive-format", post(moves::archive))
                .merge(op("delete-archive", delete(moves::delete_archived))),
        )
        .route(
            &format!("{F}formats/{{format}}/restore/"),
            op("restore-format", post(moves::restore)),
        )
        .route(
            &format!("{F}files/"),
            op("list-files", get(files::files)).merge(op("create-file", post(files::create_file))),
        )
        .route(
            &format!("{F}files/{{file_id}}/"),
            op("read-file", get(files::read_file)).merge(op(
                "update-file",
                put(files::update_file).patch(files::update_file),
            )),
        )
        .route(
            &format!("{F}files/{{file_id}}/download_url/"),
            op("download-url", get(files::download_url)),
        )
        .route(
            &format!("{F}files/{{file_id}}/keyframes/"),
            op("transcode", post(renditions::transcode)),
        )
        .route(
            &format!("{F}proxies/"),
            op("list-proxies", get(renditions::proxies)),
        )
        .route(
            &format!("{F}proxies/{{proxy_id}}/"),
            op("read-proxy", get(renditions::proxy)),
        )
        .route(
            &format!("{F}keyframes/"),
            op("list-keyframes", get(renditions::keyframes)),
        )
        .route(
            "/_storage/{file_id}",
            op("fetch-file", get(files::fetch))
                .merge(op("store-file", put(files::store)))
                .layer(DefaultBodyLimit::max(LARGEST_REQUEST)),
        )
}

fn sharing_routes(op: Op<'_>) -> Router<Sim> {
    const S: &str = "/API/assets/v1/{object_type}/{id}/shares/";
    const R: &str = "/API/assets/v1/assets/{id}/relations/";
    const A: &str = "/API/assets/v1/custom_actions/";
    Router::new()
        .route(
            S,
            op("list-shares", get(shares::list))
                .merge(op("create-share", post(shares::create_mailed))),
        )
        .route(
            &format!("{S}url/"),
            op("create-share", post(shares::create_link)),
        )
        .route(
            &format!("{S}{{share}}/"),
            op("read-share", get(shares::read)).merge(op("delete-share", delete(shares::delete))),
        )
        .route(
            &format!("{S}{{share}}/users/"),
            op("list-share-users", get(shares::users)),
        )
        .route(
            "/API/assets/v1/share/{object_type}/",
            op("create-share", post(shares::create_of_many)),
        )
        .route(
            "/API/assets/v1/shares/",
            op("list-own-shares", get(shares::own)),
        )
        .route(
            "/API/assets/v1/shares/all/",
            op("list-all-shares", get(shares::all)),
        )
        .route("/share/{id}", op("open-share", get(visits::open)))
        .route(
            "/share/{id}/download",
            op("download-share", get(visits::download)),
        )
        .route(
            "/API/assets/v1/assets/relation_types/",
            op("list-relation-types", get(relations::types))
                .merge(op("create-relation-type", post(relations::create_type))),
        )
        .route(
            R,
            op("list-relations", get(relations::list))
                .merge(op("create-relation", post(relations::create))),
        )
        .route(
            &format!("{R}{{kind}}/{{other}}/"),
            op("delete-relation", delete(relations::delete)),
        )
        .route(A, op("list-actions", get(actions::list)))
        .route(
            &format!("{A}{{context}}/"),
            op("list-actions", get(actions::of_context))
                .merge(op("create-action", post(actions::create))),
        )
        .route(
            &format!("{A}{{context}}/{{action}}/"),
            op("update-action", put(actions::update).patch(actions::update))
                .merge(op("delete-action", delete(actions::delete))),
        )
}

fn other_routes(op: Op<'_>) -> Router<Sim> {
    const M: &str = "/API/metadata/v1/";
    const T: &str = "/API/acls/v1/acl/";
    Router::new()
        .route(
            &format!("{M}views/"),
            op("list-views", get(metadata::views)),
        )
        .route(
            &format!("{M}views/{{id}}/"),
            op("read-view", get(metadata::view)),
        )
        .route(
            &format!("{M}fields/"),
            op("list-fields", get(metadata::fields)),
        )
        .route(
            &format!("{M}fields/{{name}}/"),
            op("read-field", get(metadata::field)),
        )
        .route(
            &format!("{M}{{object_type}}/{{id}}/"),
            op("read-metadata", get(metadata::read_all)),
        )
        .route(
            &format!("{M}{{object_type}}/{{id}}/views/{{view}}/"),
            op("read-metadata", get(metadata::read))
                .merge(op("write-metadata", put(metadata::write))),
        )
        .route("/API/search/v1/search/", op("search", post(search::search)))
        .route(
            &format!("{T}templates/"),
            op("list-templates", get(acls::templates))
                .merge(op("create-template", post(acls::create_template))),
        )
        .route(
            &format!("{T}templates/{{template}}/{{object_type}}/{{key}}/"),
            op("apply-template", post(acls::apply_template)),
        )
        .route(
            &format!("{T}{{object_type}}/"),
            op("write-acl", put(acls::write)).merge(op("remove-acl", delete(acls::remove))),
        )
        .route(
            &format!("{T}{{object_type}}/{{key}}/"),
            op("read-acl", get(acls::read)),
        )
        .route(
            "/API/acls/v1/{kind}/{holder}/acl/{object_type}/{key}/",
            op("write-acl", put(acls::write_one)).merge(op("remove-acl", delete(acls::remove_one))),
        )
        .route(
            "/API/jobs/v1/jobs/",
            op("list-jobs", get(jobs::list)).merge(op("create-job", post(jobs::create))),
        )
        .route(
            "/API/jobs/v1/jobs/{id}/",
            op("read-job", get(jobs::read))
                .merge(op("update-job", put(jobs::update).patch(jobs::update))),
        )
        .route(
            "/API/notifications/v1/webhooks/",
            op("list-webhooks", get(webhooks::list))
                .merge(op("create-webhook", post(webhooks::create))),
        )
        .route(
            "/API/notifications/v1/webhooks/{id}/",
            op("read-webhook", get(webhooks::read))
                .merge(op("update-webhook", put(webhooks::update)))
                .merge(op("delete-webhook", delete(webhooks::delete))),
        )
}
