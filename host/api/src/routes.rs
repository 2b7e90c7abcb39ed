//! The one table of endpoints: path, who may call it, how long it may take.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use axum::{Router, middleware};
use tower::util::MapRequest;

use crate::api::Shared;
use crate::guard::{self, Guard};
use crate::handle::{
    actions, audit, backup, connections, events, flows, health, hooks, many, plugins, runs, start,
    triggers,
};
use crate::key::Scope;
use crate::problem::Problem;
use crate::verb;

/// Who may call an endpoint, and which budget it draws on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody: health and the document.
    Open,
    /// Scrapers: with the scope `read`, unless the options open it.
    Metrics,
    /// Vendors: the delivery proves itself.
    Webhook,
    /// Keys with this scope.
    Scope(Scope),
}

/// How long a request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// It asks the host only.
    Own,
    /// It asks vendors.
    Vendors,
}

/// An endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Endpoint {
    /// `get`, `put` or `post`, as the OpenAPI document writes it.
    pub(crate) method: &'static str,
    /// Path as documented.
    pub(crate) path: &'static str,
    /// Who may call it.
    pub(crate) access: Access,
    /// How long it may take.
    pub(crate) pace: Pace,
}

/// Collects endpoints into a router.
struct Table {
    shared: Arc<Shared>,
    router: Router<Arc<Shared>>,
}

/// Something endpoints are told to: the router, or the list that the document is made from.
pub(crate) trait Registry: Sized {
    /// Take up an endpoint.
    fn add<H, T>(self, endpoint: Endpoint, handler: H) -> Self
    where
        H: Handler<T, Arc<Shared>>,
        T: 'static;
}

impl Registry for Table {
    fn add<H, T>(self, endpoint: Endpoint, handler: H) -> Self
    where
        H: Handler<T, Arc<Shared>>,
        T: 'static,
    {
        let filter = match endpoint.method {
            "get" => MethodFilter::GET,
            "put" => MethodFilter::PUT,
            _ => MethodFilter::POST,
        };
        let options = &self.shared.options;
        let body_limit = match endpoint.access {
            Access::Webhook => options.webhook_body_limit,
            _ => options.body_limit,
        };
        let guard = Guard {
            shared: Arc::clone(&self.shared),
            endpoint,
        };
        let route = on(filter, handler)
            .route_layer(DefaultBodyLimit::max(
                usize::try_from(body_limit).unwrap_or(usize::MAX),
            ))
            .route_layer(middleware::from_fn_with_state(guard, guard::admit));
        let router = self.router.route(&verb::route_path(endpoint.path), route);
        Self { router, ..self }
    }
}

impl Registry for Vec<Endpoint> {
    fn add<H, T>(mut self, endpoint: Endpoint, _handler: H) -> Self
    where
        H: Handler<T, Arc<Shared>>,
        T: 'static,
    {
        self.push(endpoint);
        self
    }
}

const READ: Access = Access::Scope(Scope::Read);
const OPERATE: Access = Access::Scope(Scope::Operate);
const ADMIN: Access = Access::Scope(Scope::Admin);
const OVERRIDE: Access = Access::Scope(Scope::ApproverOverride);

const fn get(path: &'static str, access: Access) -> Endpoint {
    Endpoint {
        method: "get",
        path,
        access,
        pace: Pace::Own,
    }
}

const fn post(path: &'static str, access: Access) -> Endpoint {
    Endpoint {
        method: "post",
        path,
        access,
        pace: Pace::Own,
    }
}

const fn put(path: &'static str, access: Access) -> Endpoint {
    Endpoint {
        method: "put",
        path,
        access,
        pace: Pace::Own,
    }
}

const fn asking_vendors(endpoint: Endpoint) -> Endpoint {
    Endpoint {
        pace: Pace::Vendors,
        ..endpoint
    }
}

/// Every endpoint.
fn register<R: Registry>(registry: R) -> R {
    registry
        .add(get("/healthz", Access::Open), health::alive)
        .add(get("/readyz", Access::Open), health::ready)
        .add(get("/metrics", Access::Metrics), health::metrics)
        .add(get("/openapi.json", Access::Open), health::openapi)
        .add(
            post("/hooks/{connection}/{hook}", Access::Webhook),
            hooks::accept,
        )
        .add(post("/v1/flows/{flow}/runs", OPERATE), start::start)
        .add(get("/v1/runs", READ), runs::list)
        .add(get("/v1/parked", READ), runs::parked)
        .add(get("/v1/runs/{id}", READ), runs::show)
        .add(get("/v1/runs/{id}/steps", READ), runs::steps)
        .add(get("/v1/runs/{id}/audit", READ), audit::of_run)
        .add(post("/v1/runs/{id}:cancel", OPERATE), actions::cancel)
        .add(post("/v1/runs/{id}:retry", OPERATE), actions::retry)
        .add(post("/v1/runs/{id}:pause", OPERATE), actions::pause)
        .add(post("/v1/runs/{id}:resume", OPERATE), actions::resume)
        .add(post("/v1/runs/{id}:signal", OPERATE), actions::signal)
        .add(post("/v1/runs/{id}:complete", OVERRIDE), actions::complete)
        .add(post("/v1/runs/{id}:redrive", OPERATE), actions::redrive)
        .add(post("/v1/runs/{id}:upgrade", ADMIN), actions::upgrade)
        .add(post("/v1/runs:cancel", OPERATE), many::cancel_many)
        .add(post("/v1/runs:retry", OPERATE), many::retry_many)
        .add(post("/v1/runs:pause", OPERATE), many::pause_many)
        .add(post("/v1/runs:resume", OPERATE), many::resume_many)
        .add(post("/v1/runs:signal", OPERATE), many::signal_many)
        .add(post("/v1/runs:complete", OVERRIDE), many::complete_many)
        .add(post("/v1/runs:redrive", OPERATE), many::redrive_many)
        .add(post("/v1/runs:upgrade", ADMIN), many::upgrade_many)
        .add(get("/v1/flows", READ), flows::list)
        .add(get("/v1/flows/{name}", READ), flows::show)
        .add(
            asking_vendors(post("/v1/flows/{name}:check", OPERATE)),
            flows::check,
        )
        .add(
            post("/v1/flows/{name}/schedules/{schedule}:fire", OPERATE),
            triggers::fire,
        )
        .add(
            get("/v1/flows/{name}/backfill", READ),
            triggers::show_backfill,
        )
        .add(
            post("/v1/flows/{name}:backfill", OPERATE),
            triggers::backfill,
        )
        .add(
            post("/v1/flows/{name}:confirm-backfill", OPERATE),
            triggers::confirm_backfill,
        )
        .add(
            post("/v1/flows/{name}:cancel-backfill", OPERATE),
            triggers::cancel_backfill,
        )
        .add(get("/v1/plugins", READ), plugins::list)
        .add(get("/v1/plugins/{name}", READ), plugins::show)
        .add(get("/v1/connections", READ), connections::list)
        .add(get("/v1/connections/{name}", READ), connections::show)
        .add(
            asking_vendors(post("/v1/connections/{name}:check", OPERATE)),
            connections::check,
        )
        .add(
            asking_vendors(post("/v1/connections/{name}:poll", OPERATE)),
            connections::poll,
        )
        .add(
            get("/v1/connections/{name}/cursor", READ),
            connections::cursor,
        )
        .add(
            put("/v1/connections/{name}/cursor", ADMIN),
            connections::set_cursor,
        )
        .add(
            asking_vendors(post("/v1/connections/{name}:rewind", ADMIN)),
            connections::rewind,
        )
        .add(get("/v1/events", READ), events::list)
        .add(get("/v1/events/{id}", READ), events::show)
        .add(
            post("/v1/events/{id}:redeliver", OPERATE),
            events::redeliver,
        )
        .add(get("/v1/notices", READ), events::notices)
        .add(get("/v1/audit", READ), audit::list)
        .add(get("/v1/audit:verify", READ), audit::verify)
        .add(post("/v1/backup", ADMIN), backup::write)
}

/// Every endpoint, as a list.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    register(Vec::new())
}

/// The router over all endpoints. The outer one rewrites verbs before the inner one looks at paths.
pub(crate) fn router(shared: &Arc<Shared>) -> Router {
    let table = register(Table {
        shared: Arc::clone(shared),
        router: Router::new(),
    });
    let inner = table
        .router
        .fallback(|| async { Problem::not_found("there is nothing at this path") })
        .method_not_allowed_fallback(|_: Request| async {
            Problem::method_not_allowed("the header `Allow` names the methods it has")
        })
        .layer(middleware::from_fn_with_state(
            Arc::clone(shared),
            guard::observe,
        ))
        .with_state(Arc::clone(shared));
    Router::new().fallback_service(MapRequest::new(inner, verb::rewrite))
}
