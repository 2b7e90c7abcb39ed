//! Who may do what: every endpoint with every key.

use axum::body::Body;
use forebay_api::{ApiKey, Options, Scope};
use http::Request;

use crate::support::Host;

const KEYS: [(&str, &str); 4] = [
    ("read", "read-key-0123456"),
    ("operate", "operate-key-0123"),
    ("admin", "admin-key-012345"),
    ("approver-override", "override-key-012"),
];

/// Every documented operation: method, a concrete path, the scope the document asks for.
fn operations() -> Vec<(String, String, Option<String>)> {
    let document = forebay_api::document();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let scope = operation["security"][0]["bearer"][0]
                .as_str()
                .map(str::to_owned);
            let path = path.replace(['{', '}'], "");
            operations.push((method.to_uppercase(), path, scope));
        }
    }
    operations
}

async fn status(host: &Host, method: &str, path: &str, header: Option<(&str, String)>) -> u16 {
    let mut request = Request::builder().method(method).uri(path);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let request = request.header("content-type", "application/json");
    host.send(request.body(Body::from("{}")).unwrap())
        .await
        .status
        .as_u16()
}

#[tokio::test]
async fn every_endpoint_asks_for_the_scope_it_documents() {
    let host = Host::new().await;
    let mut guarded = 0;
    for (method, path, scope) in operations() {
        let Some(scope) = scope else { continue };
        guarded += 1;
        assert_eq!(
            status(&host, &method, &path, None).await,
            401,
            "{method} {path}"
        );
        let unknown = Some(("x-api-key", "read-key-012345".to_owned()));
        assert_eq!(
            status(&host, &method, &path, unknown).await,
            401,
            "{method} {path}"
        );
        for (name, key) in KEYS {
            let headers = [
                ("x-api-key", key.to_owned()),
                ("authorization", format!("bearer {key}")),
            ];
            for header in headers {
                let status = status(&host, &method, &path, Some(header)).await;
                let refused = matches!(status, 401 | 403);
                assert_eq!(
                    refused,
                    name != scope,
                    "{method} {path} with {name}: {status}"
                );
            }
        }
    }
    assert!(guarded > 20, "{guarded}");
}

#[tokio::test]
async fn health_and_the_document_need_no_key() {
    let host = Host::new().await;
    let open: Vec<_> = operations()
        .into_iter()
        .filter(|(.., scope)| scope.is_none())
        .collect();
    let paths: Vec<_> = open.iter().map(|(_, path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/healthz",
            "/hooks/connection/hook",
            "/openapi.json",
            "/readyz"
        ]
    );
    for path in ["/healthz", "/readyz", "/openapi.json"] {
        assert_eq!(status(&host, "GET", path, None).await, 200);
    }
}

#[tokio::test]
async fn metrics_are_open_only_if_the_options_say_so() {
    assert_eq!(
        status(&Host::new().await, "GET", "/metrics", None).await,
        401
    );
    let host = Host::with(Options {
        open_metrics: true,
        ..Options::default()
    })
    .await;
    assert_eq!(status(&host, "GET", "/metrics", None).await, 200);
    assert!(host.get("/metrics").await.text.contains("forebay_up 1"));
}

#[tokio::test]
async fn an_unauthenticated_answer_says_how_to_authenticate() {
    let host = Host::new().await;
    let request = Request::get("/v1/runs").body(Body::empty()).unwrap();
    let answer = host.send(request).await;
    assert_eq!(answer.problem(), (401, "unauthenticated"));
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn replaced_keys_hold_at_once() {
    let host = Host::new().await;
    host.api
        .replace_keys(vec![ApiKey::of("new", "new-key", [Scope::Read])]);
    assert_eq!(
        host.get("/v1/runs").await.problem(),
        (401, "unauthenticated")
    );
    let new = Some(("authorization", "Bearer new-key".to_owned()));
    assert_eq!(status(&host, "GET", "/v1/runs", new).await, 200);
}
