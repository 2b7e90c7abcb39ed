//! Credentials: fetched, renewed, sent where they belong and nowhere else, and never shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::common::{
    Answer, Names, Seen, Vendor, answer, client_credentials, info, ok, policy, request, rig, to,
};
use forebay_egress::{Error, Options};
use forebay_model::manifest::{AuthScheme, SecretHeader};

/// A vendor with a token endpoint; `good` says whether it takes the n-th token.
async fn oauth(
    lifetime: &'static str,
    good: impl Fn(u32) -> bool + Send + Sync + 'static,
) -> Vendor {
    let issued = AtomicU32::new(0);
    Vendor::start(move |seen: &Seen| {
        if seen.line().starts_with("POST /token") {
            let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
            return ok(&format!(
                r#"{{"accessToken":"token-number-{number}","expiresIn":{lifetime}}}"#
            ));
        }
        let sent = seen.header("authorization").unwrap_or_default().to_owned();
        let number = sent
            .strip_prefix("Bearer token-number-")
            .and_then(|n| n.parse().ok());
        match number {
            Some(number) if good(number) => ok(&format!(r#"{{"your token":"{sent}"}}"#)),
            _ => answer("401 Unauthorized", &[], "no"),
        }
    })
    .await
}

fn tokens(vendor: &Vendor) -> usize {
    vendor
        .seen()
        .iter()
        .filter(|seen| seen.line().starts_with("POST /token"))
        .count()
}

#[tokio::test]
async fn one_token_serves_all_and_is_never_shown() {
    let vendor = oauth("\"3600\"", |_| true).await;
    let rig = Arc::new(to(&vendor, client_credentials(&vendor.url("/token"))));
    let sends = (0..8).map(|_| {
        let (rig, url) = (rig.clone(), vendor.url("/api"));
        tokio::spawn(async move { rig.get(&url).await.unwrap() })
    });
    for sent in sends.collect::<Vec<_>>() {
        let got = sent.await.unwrap();
        assert_eq!(got.status, 200);
        assert_eq!(
            got.body.unwrap(),
            r#"{"your token":"Bearer forebay-secret:access-token"}"#
        );
    }
    assert_eq!(tokens(&vendor), 1);
    let seen = vendor.seen();
    let token = seen
        .iter()
        .find(|seen| seen.line().starts_with("POST /token"))
        .unwrap();
    assert_eq!(
        token.body,
        "grant_type=client_credentials&scope=admin&app_id=app-1234&app_secret=s3cret-of-app"
    );

    // Two minutes before its end it is renewed.
    rig.clock.advance(Duration::from_secs(3600 - 121));
    rig.get(&vendor.url("/api")).await.unwrap();
    assert_eq!(tokens(&vendor), 1);
    rig.clock.advance(Duration::from_secs(1));
    rig.get(&vendor.url("/api")).await.unwrap();
    assert_eq!(tokens(&vendor), 2);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_for_all_who_wait() {
    let vendor = oauth("3600", |number| number >= 2).await;
    let rig = Arc::new(to(&vendor, client_credentials(&vendor.url("/token"))));
    let sends = (0..8).map(|_| {
        let (rig, url) = (rig.clone(), vendor.url("/api"));
        tokio::spawn(async move {
            rig.fetch(request("POST", &url, &[], "again"))
                .await
                .unwrap()
        })
    });
    for sent in sends.collect::<Vec<_>>() {
        assert_eq!(sent.await.unwrap().status, 200);
    }
    assert_eq!(tokens(&vendor), 2, "the first and its replacement");
    assert!(
        vendor
            .seen()
            .iter()
            .filter(|seen| seen.line().contains("/api"))
            .all(|s| s.body == "again")
    );
}

#[tokio::test]
async fn a_vendor_that_refuses_every_token_does_not_draw_one_per_request() {
    let vendor = oauth("3600", |_| false).await;
    let rig = to(&vendor, client_credentials(&vendor.url("/token")));
    for _ in 0..5 {
        assert_eq!(rig.get(&vendor.url("/api")).await.unwrap().status, 401);
    }
    assert_eq!(tokens(&vendor), 2);
}

#[tokio::test]
async fn a_body_too_large_to_keep_is_sent_once() {
    let vendor = oauth("3600", |number| number >= 2).await;
    let origin = vendor.url("");
    let options = Options {
        replay_bytes: 10,
        ..Options::default()
    };
    let scheme = client_credentials(&vendor.url("/token"));
    let rig = rig(
        policy(info(&[&origin], scheme), &[&origin]),
        options,
        Names::default(),
    );
    let large = request(
        "PUT",
        &vendor.url("/api"),
        &[("content-length", "26")],
        &"ab".repeat(13),
    );
    assert_eq!(rig.fetch(large).await.unwrap().status, 401);
    let seen = vendor.seen();
    assert_eq!(seen.last().unwrap().body, "ab".repeat(13));
    assert_eq!(seen.last().unwrap().header("content-length"), Some("26"));
    assert_eq!(tokens(&vendor), 1);
}

#[tokio::test]
async fn a_refused_login_is_told_without_secrets_and_not_repeated_at_once() {
    let vendor = Vendor::start(|_: &Seen| {
        answer(
            "400 Bad Request",
            &[],
            r#"{"error":"invalid_client","error_description":"bad s3cret-of-app"}"#,
        )
    })
    .await;
    let rig = to(&vendor, client_credentials(&vendor.url("/token")));
    let error = rig.get(&vendor.url("/api")).await.err().unwrap();
    assert!(matches!(error, Error::AuthRefused { .. }) && error.surely_not_sent());
    let text = error.to_string();
    assert!(
        text.ends_with("(invalid_client: bad forebay-secret:app_secret)"),
        "{text}"
    );
    assert_eq!(rig.connection.health().auth_problem, Some(text));
    rig.get(&vendor.url("/api")).await.err().unwrap();
    assert_eq!(vendor.seen().len(), 1, "remembered for a while");
    rig.clock.advance(Duration::from_secs(10));
    rig.get(&vendor.url("/api")).await.err().unwrap();
    assert_eq!(vendor.seen().len(), 2);
}

#[tokio::test]
async fn an_expired_token_is_not_used_but_a_good_one_survives_a_failed_renewal() {
    let fails = Arc::new(AtomicU32::new(0));
    let failing = fails.clone();
    let vendor = Vendor::start(move |seen: &Seen| {
        if !seen.line().starts_with("POST /token") {
            return ok("{}");
        }
        match failing.load(Ordering::SeqCst) {
            0 => ok(r#"{"accessToken":"token-one","expiresIn":1000}"#),
            _ => answer("503 Service Unavailable", &[], ""),
        }
    })
    .await;
    let rig = to(&vendor, client_credentials(&vendor.url("/token")));
    rig.get(&vendor.url("/api")).await.unwrap();
    fails.store(1, Ordering::SeqCst);
    rig.clock.advance(Duration::from_secs(990));
    assert_eq!(rig.get(&vendor.url("/api")).await.unwrap().status, 200);
    rig.clock.advance(Duration::from_secs(10));
    let error = rig.get(&vendor.url("/api")).await.err().unwrap();
    assert!(matches!(error, Error::AuthUnavailable { .. }), "{error}");
}

fn pair() -> AuthScheme {
    AuthScheme::Headers(vec![
        SecretHeader {
            header: "App-ID".into(),
            secret: "app_id".into(),
        },
        SecretHeader {
            header: "Auth-Token".into(),
            secret: "key".into(),
        },
    ])
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let cdn = Vendor::start(|_: &Seen| ok("file")).await;
    let location = cdn.url("/file");
    let api = Vendor::start(move |seen: &Seen| {
        if seen.line().starts_with("GET /here") {
            return answer("302 Found", &[("Location", "/there")], "");
        }
        answer("302 Found", &[("Location", &location)], "")
    })
    .await;
    // The connector names the CDN outright, so that a request of its own would carry credentials.
    let hosts = [api.url(""), cdn.url("")];
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let mut info = info(&hosts, pair());
    info.body_secrets = vec!["key".into()];
    let rig = rig(policy(info, &hosts), Options::default(), Names::default());
    let sent = request(
        "GET",
        &api.url("/here"),
        &[
            ("auth-token", "own"),
            ("x-key", "forebay-secret:key"),
            ("authorization", "own"),
        ],
        "",
    );
    assert_eq!(rig.fetch(sent).await.unwrap().body.unwrap(), "file");
    let [here, there] = api.seen().try_into().unwrap();
    for seen in [here, there] {
        assert_eq!(seen.all("app-id"), ["app-1234"]);
        assert_eq!(seen.all("auth-token"), ["key-0123456789"]);
        assert_eq!(seen.header("x-key"), Some("key-0123456789"));
        assert_eq!(seen.header("authorization"), None);
    }
    let seen = cdn.seen().remove(0);
    assert_eq!(seen.header("app-id"), None);
    assert_eq!(seen.header("auth-token"), None);
    assert_eq!(seen.header("x-key"), Some("forebay-secret:key"));
}

#[tokio::test]
async fn placeholders_are_filled_on_the_way_out_and_secrets_taken_out_on_the_way_in() {
    // The secret comes back cut in two, in a header too, and in a body without a length.
    let vendor = Vendor::start(|seen: &Seen| {
        assert!(seen.body.contains("key-0123456789"), "{}", seen.body);
        Answer::Pieces(vec![
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Echo: key-0123456789\r\n\
              Set-Cookie: session=1\r\nTransfer-Encoding: chunked\r\n\r\n"
                .to_vec(),
            b"c\r\n{\"a\":\"key-01\r\n".to_vec(),
            b"a\r\n23456789\"}\r\n0\r\n\r\n".to_vec(),
        ])
    })
    .await;
    let origin = vendor.url("");
    let mut info = info(&[&origin], AuthScheme::None);
    info.body_secrets = vec!["key".into()];
    for replay_bytes in [0, 1000] {
        let options = Options {
            replay_bytes,
            ..Options::default()
        };
        let rig = rig(policy(info.clone(), &[&origin]), options, Names::default());
        let sent = request(
            "POST",
            &vendor.url("/webhooks"),
            &[
                ("content-type", "application/json"),
                ("content-length", "30"),
            ],
            r#"{"secret":"forebay-secret:key"}"#,
        );
        let got = rig.fetch(sent).await.unwrap();
        assert_eq!(got.body.unwrap(), r#"{"a":"forebay-secret:key"}"#);
        assert_eq!(got.headers["x-echo"], "forebay-secret:key");
        assert!(!got.headers.contains_key("set-cookie"));
        assert!(!got.headers.contains_key("transfer-encoding"));
    }
}

#[tokio::test]
async fn a_compressed_text_is_refused_because_secrets_in_it_could_not_be_found() {
    let vendor = Vendor::start(|seen: &Seen| {
        assert_eq!(seen.header("accept-encoding"), Some("identity"));
        answer(
            "200 OK",
            &[("Content-Type", "text/plain"), ("Content-Encoding", "gzip")],
            "x",
        )
    })
    .await;
    let rig = to(&vendor, AuthScheme::None);
    let error = rig.get(&vendor.url("/")).await.err().unwrap();
    assert!(matches!(error, Error::Encoding { .. }), "{error}");
}
