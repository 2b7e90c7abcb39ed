//! Custom methods: `POST /v1/runs/{id}:cancel`.
//!
//! The router cannot match a part of a segment. A path that ends in `:verb` is therefore rewritten
//! to `/~verb` before routing, and routes with a verb are registered that way.

use axum::extract::Request;
use http::Uri;
use http::uri::PathAndQuery;

/// Paths below this one have verbs; webhook paths belong to vendors and stay as they are.
const BELOW: &str = "/v1/";

/// The path as the client wrote it, for problems and logs.
#[derive(Clone, Debug)]
pub(crate) struct AskedPath(pub(crate) String);

/// The documented path in the router's form.
pub(crate) fn route_path(documented: &str) -> String {
    match documented.rsplit_once(':') {
        Some((path, verb)) => format!("{path}/~{verb}"),
        None => documented.to_owned(),
    }
}

/// The router's path as documented.
pub(crate) fn documented_path(route: &str) -> String {
    route.replace("/~", ":")
}

/// Bring the verb of a request into the router's form.
pub(crate) fn rewrite(mut request: Request) -> Request {
    let asked = request.uri().path().to_owned();
    if let Some(path) = rewritten(&asked) {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = PathAndQuery::try_from(format!("{path}{query}")).ok();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request.extensions_mut().insert(AskedPath(asked));
    request
}

fn rewritten(path: &str) -> Option<String> {
    let below = path.strip_prefix(BELOW)?;
    // The router's own form is no second way in.
    if below.contains('~') {
        return Some("/".to_owned());
    }
    let (start, last) = path.rsplit_once('/')?;
    let (name, verb) = last.rsplit_once(':')?;
    Some(format!("{start}/{name}/~{verb}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_become_segments_and_back() {
        assert_eq!(route_path("/v1/runs/{id}:cancel"), "/v1/runs/{id}/~cancel");
        assert_eq!(documented_path("/v1/runs/{id}/~cancel"), "/v1/runs/{id}:cancel");
        assert_eq!(rewritten("/v1/runs/r-1:cancel").unwrap(), "/v1/runs/r-1/~cancel");
        assert_eq!(rewritten("/v1/audit:verify").unwrap(), "/v1/audit/~verify");
        assert_eq!(rewritten("/v1/runs/a:b:retry").unwrap(), "/v1/runs/a:b/~retry");
        assert_eq!(rewritten("/v1/runs/r-1/~cancel").unwrap(), "/");
        assert_eq!(rewritten("/v1/runs"), None);
        assert_eq!(rewritten("/hooks/canto/a:b"), None);
    }

    #[test]
    fn the_query_and_the_asked_path_stay() {
        let request = Request::builder().uri("/v1/flows/f:check?probe=true");
        let request = rewrite(request.body(axum::body::Body::empty()).unwrap());
        assert_eq!(request.uri(), "/v1/flows/f/~check?probe=true");
        assert_eq!(request.extensions().get::<AskedPath>().unwrap().0, "/v1/flows/f:check");
    }
}
