//! How far a connection reaches: lists, private addresses, rebinding, redirects, headers.

use std::sync::Arc;

use crate::common::{Names, Seen, Vendor, answer, info, ok, policy, request, rig, to};
use forebay_egress::{Connection, ConnectionPolicy, Egress, Error, Options, Outbound, Timeouts};
use forebay_model::manifest::AuthScheme;
use forebay_model::{Timestamp, VirtualClock};

async fn echo() -> Vendor {
    Vendor::start(|_: &Seen| ok("reached")).await
}

/// A policy for one name at the vendor's port.
fn named(name: &str, vendor: &Vendor) -> ConnectionPolicy {
    let origin = format!("http://{name}:{}", vendor.address.port());
    policy(info(&[&origin], AuthScheme::None), &[&origin])
}

fn denied(result: Result<crate::common::Got, Error>) -> String {
    match result {
        Err(error @ Error::Denied { .. }) => error.to_string(),
        Err(error) => panic!("failed in another way: {error:?}"),
        Ok(got) => panic!("reached: {}", got.status),
    }
}

#[tokio::test]
async fn a_public_name_with_a_private_address_is_denied() {
    let vendor = echo().await;
    let names = Names::default().with("api.test", &[&["127.0.0.1", "10.0.0.1"]]);
    let rig = rig(named("api.test", &vendor), Options::default(), names);
    let url = format!("http://api.test:{}/", vendor.address.port());
    let text = denied(rig.get(&url).await);
    assert_eq!(
        text,
        "denied: api.test resolves to addresses that connection \"dam\" may not reach (127.0.0.1 \
         is a private address, 10.0.0.1 is a private address); if that is meant, add \"api.test\" \
         to its allow_private"
    );
    assert_eq!(vendor.seen().len(), 0);
}

#[tokio::test]
async fn a_name_that_may_have_private_addresses_is_reached_but_metadata_never() {
    let vendor = echo().await;
    let url = format!("http://dam.lan:{}/", vendor.address.port());
    let allowing = || ConnectionPolicy {
        allow_private: vec!["dam.lan".into()],
        ..named("dam.lan", &vendor)
    };
    let names = Names::default().with("dam.lan", &[&["169.254.169.254", "127.0.0.1"]]);
    let rig = rig(allowing(), Options::default(), names);
    assert_eq!(rig.get(&url).await.unwrap().body.unwrap(), "reached");
    assert!(
        vendor.seen()[0]
            .head
            .contains(&format!("host: dam.lan:{}", vendor.address.port()))
    );

    let names = Names::default().with("dam.lan", &[&["169.254.169.254"]]);
    let rig = crate::common::rig(allowing(), Options::default(), names);
    assert!(denied(rig.get(&url).await).contains("169.254.169.254 is the address of a metadata"));
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_connected_to() {
    let vendor = echo().await;
    // Good at first, then rebound to a metadata service. One lookup serves one connection, and the
    // next lookup is checked as well.
    let names = Names::default().with("dam.lan", &[&["127.0.0.1"], &["169.254.169.254"]]);
    let policy = ConnectionPolicy {
        allow_private: vec!["dam.lan".into()],
        ..named("dam.lan", &vendor)
    };
    let options = Options {
        idle_per_host: 0,
        ..Options::default()
    };
    let rig = rig(policy, options, names);
    let url = format!("http://dam.lan:{}/", vendor.address.port());
    assert_eq!(rig.get(&url).await.unwrap().status, 200);
    assert_eq!(
        rig.names.asked(),
        ["dam.lan"],
        "checked and connected with one lookup"
    );
    denied(rig.get(&url).await);
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test]
async fn addresses_in_urls_are_checked_in_every_notation() {
    let vendor = echo().await;
    let rig = to(&vendor, AuthScheme::None);
    let port = vendor.address.port();
    assert_eq!(
        rig.get(&format!("http://2130706433:{port}/"))
            .await
            .unwrap()
            .status,
        200
    );
    for url in [
        format!("http://127.0.0.2:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://0:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        format!("https://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{}/", port.wrapping_add(1).max(1)),
    ] {
        denied(rig.get(&url).await);
    }
    for url in [
        format!("http://user:pw@127.0.0.1:{port}/"),
        "/relative".to_owned(),
    ] {
        let error = rig.get(&url).await.err().unwrap();
        assert!(matches!(error, Error::Invalid { .. }), "{url}: {error}");
    }
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test]
async fn redirects_are_checked_like_requests() {
    let other = echo().await;
    let location = other.url("/inside");
    let vendor =
        Vendor::start(move |_: &Seen| answer("302 Found", &[("Location", &location)], "")).await;
    // The operator allows the other place, the connector does not ask for it.
    let own = vendor.url("");
    let policy = policy(info(&[&own], AuthScheme::None), &[&own, &other.url("")]);
    let rig = rig(policy, Options::default(), Names::default());
    let error = rig.get(&vendor.url("/")).await.err().unwrap();
    let Error::Redirected { error: inner, .. } = &error else {
        panic!("{error}")
    };
    assert!(matches!(**inner, Error::Denied { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("the connector does not ask for it"),
        "{error}"
    );
    assert!(
        !error.surely_not_sent(),
        "the vendor has seen the first request"
    );
    assert_eq!(other.seen().len(), 0);
}

#[tokio::test]
async fn redirects_change_the_method_as_they_should_and_come_to_an_end() {
    let vendor = Vendor::start(|seen: &Seen| {
        let path = seen.line().split(' ').nth(1).unwrap();
        match path.strip_prefix("/") {
            Some("end") => ok("{}"),
            Some("loop") => answer("302 Found", &[("Location", "/loop")], ""),
            Some("bad") => answer("302 Found", &[("Location", "http://u:p@x.test/")], ""),
            Some(status) => answer(&format!("{status} Moved"), &[("Location", "/end")], ""),
            None => answer("400 Bad", &[], ""),
        }
    })
    .await;
    let rig = to(&vendor, AuthScheme::None);
    for (method, status, expected, body) in [
        ("POST", 301, "GET", ""),
        ("POST", 302, "GET", ""),
        ("POST", 303, "GET", ""),
        ("PUT", 303, "GET", ""),
        ("POST", 307, "POST", "text"),
        ("PUT", 308, "PUT", "text"),
        ("GET", 301, "GET", ""),
    ] {
        let text = if ["GET", "HEAD"].contains(&method) {
            ""
        } else {
            "text"
        };
        let url = vendor.url(&format!("/{status}"));
        let sent = request(method, &url, &[("content-type", "text/plain")], text);
        assert_eq!(rig.fetch(sent).await.unwrap().status, 200);
        let seen = vendor.seen().pop().unwrap();
        assert_eq!(
            seen.line(),
            format!("{expected} /end HTTP/1.1"),
            "{method} {status}"
        );
        assert_eq!(seen.body, body, "{method} {status}");
        assert_eq!(
            seen.header("content-type").is_some(),
            expected == method,
            "{method} {status}"
        );
    }
    let before = vendor.seen().len();
    let error = rig.get(&vendor.url("/loop")).await.err().unwrap();
    assert_eq!(error, Error::TooManyRedirects { limit: 5 });
    assert_eq!(vendor.seen().len() - before, 6);
    let error = rig.get(&vendor.url("/bad")).await.err().unwrap();
    assert!(matches!(error, Error::Redirected { .. }), "{error}");
}

#[tokio::test]
async fn headers_of_the_connection_are_rebuilt() {
    let vendor = Vendor::start(|_: &Seen| {
        answer(
            "200 OK",
            &[
                ("Connection", "keep-alive, X-Hop"),
                ("X-Hop", "1"),
                ("X-End", "2"),
            ],
            "body",
        )
    })
    .await;
    let rig = to(&vendor, AuthScheme::None);
    let sent = request(
        "POST",
        &vendor.url("/"),
        &[
            ("host", "evil.test"),
            ("host", "other.test"),
            ("connection", "upgrade, x-internal"),
            ("x-internal", "1"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("content-length", "4"),
            ("content-length", "0"),
            ("upgrade", "websocket"),
            ("x-end", "1"),
        ],
        "text",
    );
    let got = rig.fetch(sent).await.unwrap();
    let names: Vec<_> = got.headers.keys().map(http::HeaderName::as_str).collect();
    assert!(
        !names.contains(&"connection") && !names.contains(&"x-hop"),
        "{names:?}"
    );
    assert!(names.contains(&"x-end"));
    let seen = vendor.seen().remove(0);
    assert_eq!(seen.all("host"), [vendor.address.to_string()]);
    assert_eq!(seen.all("content-length"), ["4"]);
    assert_eq!(seen.body, "text");
    for gone in [
        "connection",
        "x-internal",
        "te",
        "transfer-encoding",
        "upgrade",
    ] {
        assert_eq!(seen.header(gone), None, "{gone}");
    }
    assert_eq!(seen.header("x-end"), Some("1"));
}

#[tokio::test]
async fn all_problems_of_a_policy_come_at_once() {
    let mut info = info(
        &["https://{tenant}.canto.com"],
        AuthScheme::Bearer("absent".into()),
    );
    info.rate_classes = vec![forebay_model::manifest::RateClass {
        name: "api".into(),
        per_minute: "some".into(),
        path_prefixes: vec![],
    }];
    let mut policy = policy(info, &["*", "canto.com"]);
    policy.settings = serde_json::json!({"tenant": "acme"});
    policy.allow_private = vec!["a b".into()];
    policy.extra_roots = Some("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----".into());
    let clock = Arc::new(VirtualClock::new(Timestamp(0)));
    let names = Arc::new(Names::default());
    let problems = Connection::with_resolver(policy, Options::default(), clock, names)
        .err()
        .unwrap();
    for part in [
        "\"*\"",
        "\"a b\"",
        "\"absent\"",
        "\"api\"",
        "acme.canto.com",
        "certificate",
    ] {
        assert!(
            problems.iter().any(|problem| problem.contains(part)),
            "{part}: {problems:#?}"
        );
    }
}

#[tokio::test]
async fn connections_are_replaced_while_the_host_runs() {
    let vendor = echo().await;
    let egress = Egress::default();
    let name = "dam".into();
    let send = || {
        egress.send(
            &name,
            request("GET", &vendor.url("/"), &[], ""),
            Timeouts::default(),
        )
    };
    assert_eq!(
        send().await.err(),
        Some(Error::UnknownConnection("dam".into()))
    );
    let make = |allow: &str| {
        let policy = policy(info(&[&vendor.url("")], AuthScheme::None), &[allow]);
        let clock = Arc::new(VirtualClock::new(Timestamp(0)));
        Connection::with_resolver(
            policy,
            Options::default(),
            clock,
            Arc::new(Names::default()),
        )
    };
    egress.put(make(&vendor.url("")).unwrap());
    assert_eq!(send().await.unwrap().status(), 200);
    assert!(
        make("other.test").is_err(),
        "a connection that reaches nothing is a mistake"
    );
    egress.remove(&name);
    assert!(send().await.is_err());
}
