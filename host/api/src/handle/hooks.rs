//! Webhooks: 2xx only after the delivery is stored.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use forebay_engine::Core;
use forebay_engine::intake::{Accepted as Verdict, Refusal};
use forebay_model::ConnectionName;
use forebay_model::ports::HeaderField;
use forebay_store::intake::NewWebhook;
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;

use super::Context;
use crate::extract;
use crate::problem::{Problem, Result};

/// A delivery is stored.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// Number under which it is stored.
    accepted: u64,
}

/// Take a delivery of a vendor.
///
/// The delivery proves itself as the connector's endpoint declares. It is stored before it is
/// answered; the events in it are read afterwards. On 503 the vendor should deliver it again.
#[utoipa::path(post, path = "/hooks/{connection}/{hook}", tag = "webhooks",
    params(
        ("connection" = String, Path, description = "Name of the connection"),
        ("hook" = String, Path, description = "Name of the connector's webhook endpoint"),
    ),
    request_body(content = String, content_type = "*/*", description = "In the vendor's form"),
    responses(
        (status = 200, description = "Stored", body = Accepted),
        (status = 400, description = "It cannot be read far enough to be verified"),
        (status = 401, description = "It does not prove itself; nothing was stored"),
        (status = 404, description = "No such connection or endpoint"),
        (status = 413, description = "It is too large"),
        (status = 503, description = "It cannot be stored now"),
    ))]
pub(crate) async fn accept(
    State(shared): Context,
    Path((connection, endpoint)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Accepted>> {
    let received_at = shared.clock.now();
    if !shared.is_ready() {
        return Err(Problem::unavailable("the host is starting or draining"));
    }
    let method = request.method().to_string();
    let uri = request.uri();
    let path = uri
        .path_and_query()
        .map_or(uri.path(), |path| path.as_str())
        .to_owned();
    let headers = fields(request.headers());
    let body = extract::bytes(request).await?.to_vec();
    let connection = ConnectionName::from(connection);
    let delivery = NewWebhook {
        connection,
        endpoint,
        method,
        path,
        headers,
        body,
        received_at,
    };
    // Whatever goes wrong, the delivery is genuine and not surely stored: it must come again.
    let stored = |core: Arc<Core>| async move {
        Ok(core
            .accept_webhook(delivery)
            .await
            .inspect_err(|error| tracing::error!(%error, "a webhook delivery was not stored")))
    };
    match shared.carry_out(stored).await? {
        Ok(Verdict::Stored(accepted)) => Ok(Json(Accepted { accepted })),
        Ok(Verdict::Refused(Refusal::Unknown(reason))) => Err(Problem::not_found(reason)),
        Ok(Verdict::Refused(Refusal::Forged(reason))) => Err(Problem::forged(reason)),
        Ok(Verdict::Refused(Refusal::Malformed(reason))) => Err(Problem::malformed(reason)),
        Err(_) => Err(Problem::unavailable("the delivery could not be stored")),
    }
}

/// Header values are bytes; the few that are no text are of no use to a connector.
fn fields(headers: &HeaderMap) -> Vec<HeaderField> {
    let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| HeaderField {
        name: name.as_str().to_owned(),
        value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
    };
    headers.iter().map(field).collect()
}
