//! The OpenAPI document, generated from handlers and views.
//!
//! Security and the answers that every endpoint may give come from the table of endpoints, so that
//! the document cannot promise another access than the guard grants.

use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::handle::{
    actions, audit, backup, connections, events, flows, health, hooks, many, plugins, runs, start,
    triggers,
};
use crate::key::Scope;
use crate::problem;
use crate::routes::{self, Access};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Forebay",
        description = "Runs business flows between DAMs and workflow engines. Every error is a \
                       problem (RFC 9457). Lists are paged by opaque cursors.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "runs", description = "Durable executions of flows"),
        (name = "flows", description = "Configured use cases"),
        (name = "connections", description = "Configured connectors"),
        (name = "plugins", description = "Loaded components"),
        (name = "events", description = "What happened at connections, and what runs told"),
        (name = "audit", description = "Append-only records, chained by hash"),
        (name = "backup", description = "Copies of the store"),
        (name = "webhooks", description = "Deliveries of vendors"),
        (name = "health", description = "Health, metrics and this document"),
    ),
    paths(
        health::alive, health::ready, health::metrics, health::openapi,
        hooks::accept,
        start::start, runs::list, runs::parked, runs::show, runs::steps,
        actions::cancel, actions::retry, actions::pause, actions::resume, actions::signal,
        actions::complete, actions::redrive, actions::upgrade,
        many::cancel_many, many::retry_many, many::pause_many, many::resume_many,
        many::signal_many, many::complete_many, many::redrive_many, many::upgrade_many,
        flows::list, flows::show, flows::check,
        plugins::list, plugins::show,
        connections::list, connections::show, connections::check, connections::poll,
        connections::cursor, connections::set_cursor, connections::rewind,
        triggers::fire, triggers::backfill, triggers::confirm_backfill, triggers::cancel_backfill,
        triggers::show_backfill,
        events::list, events::show, events::redeliver, events::notices,
        audit::list, audit::of_run, audit::verify,
        backup::write,
    ),
    components(schemas(problem::Document)),
)]
struct Generated;

/// The OpenAPI 3.1 document of this API.
#[must_use]
pub fn document() -> Value {
    let mut document = serde_json::to_value(Generated::openapi()).unwrap_or_default();
    for endpoint in routes::endpoints() {
        let Some(operation) = document
            .get_mut("paths")
            .and_then(|paths| paths.get_mut(endpoint.path))
            .and_then(|path| path.get_mut(endpoint.method))
        else {
            continue;
        };
        name(operation);
        secure(operation, endpoint.access);
        complete_answers(operation, endpoint.access);
    }
    if let Some(components) = document.get_mut("components") {
        components["securitySchemes"] = json!({
            "bearer": {"type": "http", "scheme": "bearer", "description": "An API key"},
            "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        });
    }
    document
}

fn scope(access: Access) -> Option<Scope> {
    match access {
        Access::Open | Access::Webhook => None,
        Access::Metrics => Some(Scope::Read),
        Access::Scope(scope) => Some(scope),
    }
}

/// Handlers are named within their resource; ids are unique in the whole document.
fn name(operation: &mut Value) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (resource, handler) = (text(&operation["tags"][0]), text(&operation["operationId"]));
    operation["operationId"] = json!(format!("{resource}_{handler}"));
}

/// Say which scope is needed. OpenAPI 3.1 lets any scheme name roles.
fn secure(operation: &mut Value, access: Access) {
    operation["security"] = match scope(access) {
        None => json!([]),
        Some(scope) => json!([{"bearer": [scope.as_str()]}, {"header": [scope.as_str()]}]),
    };
}

/// Give every error the form of a problem, and name those that every endpoint has.
fn complete_answers(operation: &mut Value, access: Access) {
    let Some(answers) = operation["responses"].as_object_mut() else {
        return;
    };
    if scope(access).is_some() {
        answers.insert(
            "401".to_owned(),
            json!({"description": "No key, or an unknown one"}),
        );
        answers.insert(
            "403".to_owned(),
            json!({"description": "The key lacks the scope"}),
        );
    }
    answers.insert(
        "default".to_owned(),
        json!({"description": "Any other error"}),
    );
    for (status, answer) in answers.iter_mut() {
        if status.starts_with('2') {
            // The specification wants one, and the operation's own words say it all.
            if answer["description"].is_null() {
                answer["description"] = json!("Done");
            }
        } else {
            answer["content"] = json!({
                problem::MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
            });
        }
    }
    answers.sort_keys();
}
