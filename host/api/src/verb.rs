//! Custom methods: `POST /v1/runs/{id}:cancel`.
//!
//! The router cannot match a part of a segment. The verb of a path is therefore moved in front of it
//! before routing, `/~cancel/v1/runs/{id}`, and routes with a verb are registered that way.

use axum::extract::Request;
use http::Uri;
use http::uri::PathAndQuery;

/// Paths below this one have verbs; webhook paths belong to vendors and stay as they are.
const BELOW: &str = "/v1/";

/// The path as the client wrote it, for problems and logs.
#[derive(Clone, Debug)]
pub(crate) struct AskedPath(pub(crate) String);

/// What stands in front of a verb. No documented path begins like this.
const MARK: &str = "/~";

/// The documented path in the router's form.
pub(crate) fn route_path(documented: &str) -> String {
    match documented.rsplit_once(':') {
        Some((path, verb)) => format!("{MARK}{verb}{path}"),
        None => documented.to_owned(),
    }
}

/// The router's path as documented.
pub(crate) fn documented_path(route: &str) -> String {
    match route
        .strip_prefix(MARK)
        .and_then(|rest| rest.split_once('/'))
    {
        Some((verb, path)) => format!("/{path}:{verb}"),
        None => route.to_owned(),
    }
}

/// Bring the verb of a request into the router's form.
pub(crate) fn rewrite(mut request: Request) -> Request {
    let asked = request.uri().path().to_owned();
    if let Some(path) = rewritten(&asked) {
        let query = request
            .uri()
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
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
    // The router's own form is no second way in.
    if path.starts_with(MARK) {
        return Some("/".to_owned());
    }
    let (_, last) = path
        .strip_prefix(BELOW)?
        .rsplit_once('/')
        .unwrap_or(("", path));
    let (_, verb) = last.rsplit_once(':')?;
    let before = path.strip_suffix(verb)?.strip_suffix(':')?;
    Some(format!("{MARK}{verb}{before}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_move_to_the_front_and_back() {
        assert_eq!(route_path("/v1/runs/{id}:cancel"), "/~cancel/v1/runs/{id}");
        assert_eq!(route_path("/v1/runs/{id}"), "/v1/runs/{id}");
        assert_eq!(
            documented_path("/~cancel/v1/runs/{id}"),
            "/v1/runs/{id}:cancel"
        );
        assert_eq!(documented_path("/v1/runs/{id}"), "/v1/runs/{id}");
        assert_eq!(
            rewritten("/v1/runs/r-1:cancel").unwrap(),
            "/~cancel/v1/runs/r-1"
        );
        assert_eq!(rewritten("/v1/audit:verify").unwrap(), "/~verify/v1/audit");
        assert_eq!(
            rewritten("/v1/runs/a:b:retry").unwrap(),
            "/~retry/v1/runs/a:b"
        );
        assert_eq!(rewritten("/~cancel/v1/runs/r-1").unwrap(), "/");
        assert_eq!(rewritten("/v1/runs"), None);
        assert_eq!(rewritten("/v1/a:b/runs"), None);
        assert_eq!(rewritten("/hooks/canto/a:b"), None);
    }

    #[test]
    fn the_query_and_the_asked_path_stay() {
        let request = Request::builder().uri("/v1/flows/f:check?probe=true");
        let request = rewrite(request.body(axum::body::Body::empty()).unwrap());
        assert_eq!(request.uri(), "/~check/v1/flows/f?probe=true");
        assert_eq!(
            request.extensions().get::<AskedPath>().unwrap().0,
            "/v1/flows/f:check"
        );
    }
}
