//! Connectors that go where they should not, by every road: address, name, redirect, headers, time
//! and size. The way out is the real one; vendors listen on the loopback.

use std::time::Duration;

use forebay_egress::Options as Times;
use forebay_hostile::{Answer, House, Names, Vendor, answer};
use forebay_model::ports::GuestError;

/// Addresses of this machine, of its networks and of metadata services, as a guest may write them.
const INSIDE: &[&str] = &[
    "http://127.0.0.1:PORT/",
    "http://127.1:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f.0.0.1:PORT/",
    "http://localhost:PORT/",
    "http://[::1]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://0.0.0.0:PORT/",
    "http://10.0.0.1/",
    "http://192.168.0.1/",
    "http://169.254.1.1/",
    "http://[fe80::1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://100.100.100.200/",
];

async fn prowler() -> House {
    House::with(&["prowler"]).await
}

#[tokio::test]
async fn what_the_operator_did_not_allow_is_out_of_reach() {
    let vendor = Vendor::start(answer("200 OK", &[], b"inside")).await;
    let house = prowler().await;
    house.connect("prowler", "https://dam.test", Names::default());
    let port = vendor.address.port().to_string();
    for url in INSIDE {
        let url = url.replace("PORT", &port);
        let answer = house.beside(house.act("prowler", &url)).await.unwrap();
        assert!(answer.contains("denied: "), "{url}: {answer}");
    }
    assert_eq!(vendor.received(), "");
    let log = house.log.with("request failed: denied: ");
    assert_eq!(log.len(), INSIDE.len(), "{log:#?}");
    assert!(
        log[0].contains("asked for: dam.test; allowed: dam.test"),
        "{}",
        log[0]
    );
}

#[tokio::test]
async fn an_allowed_name_may_not_stand_for_an_address_inside() {
    let vendor = Vendor::start(answer("200 OK", &[], b"inside")).await;
    let house = prowler().await;
    let origin = format!("http://dam.test:{}", vendor.address.port());
    for address in [
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "10.1.2.3",
        "169.254.7.7",
        "fe80::1",
        "169.254.169.254",
        "0.0.0.0",
        "64:ff9b::7f00:1",
    ] {
        let names = Names::default().with("dam.test", &[&[address]]);
        house.connect("prowler", &origin, names);
        let answer = house.act("prowler", &origin).await.unwrap();
        assert!(
            answer.contains("denied: dam.test resolves to addresses"),
            "{address}: {answer}"
        );
    }
    house.neighbour_answers().await;
    assert_eq!(vendor.received(), "");
    let log = house.log.with("the address of a metadata service");
    assert!(
        log.len() == 1 && log[0].contains("add \"dam.test\" to its allow_private"),
        "{log:?}"
    );
}

#[tokio::test]
async fn a_name_that_changes_its_mind_gains_nothing() {
    let inside = Vendor::start(answer("200 OK", &[], b"inside")).await;
    let port = inside.address.port();
    let good = answer("200 OK", &[("Connection", "close")], b"outside");
    // Stands for the vendor's public address: allowed as an address, not for its name.
    let outside = Vendor::start_at(&format!("127.0.0.2:{port}"), good).await;
    let house = prowler().await;
    let origin = format!("http://dam.test:{port}");
    // The vendor when it is looked up first, this machine whenever somebody looks again.
    let names = Names::default().with("dam.test", &[&["127.0.0.2"], &["127.0.0.1"]]);
    // Every request is a connection of its own and looks again.
    let forgetful = Times {
        idle_per_host: 0,
        ..Times::default()
    };
    house.connect_within("prowler", &origin, names, &["127.0.0.2"], forgetful);
    let first = house.beside(house.act("prowler", &origin)).await.unwrap();
    assert_eq!(first, "200 outside");
    let second = house.beside(house.act("prowler", &origin)).await.unwrap();
    assert!(second.contains("denied: dam.test resolves"), "{second}");
    assert!(outside.received().starts_with("GET / HTTP/1.1"));
    assert_eq!(inside.received(), "");
}

#[tokio::test]
async fn a_redirect_leads_no_further_than_a_request() {
    let inside = Vendor::start(answer("200 OK", &[], b"inside")).await;
    let house = prowler().await;
    for target in [
        inside.url("/"),
        format!("http://localhost:{}/", inside.address.port()),
        "http://169.254.169.254/latest/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let head: &[(&str, &str)] = &[("Location", &target)];
        let outside = Vendor::start(answer("307 Temporary Redirect", head, b"")).await;
        house.connect("prowler", &outside.origin(), Names::default());
        let answer = house
            .beside(house.act("prowler", &outside.url("/")))
            .await
            .unwrap();
        assert!(answer.contains("after a redirect to"), "{target}: {answer}");
        assert!(outside.received().starts_with("GET / HTTP/1.1"), "{target}");
    }
    assert_eq!(inside.received(), "");
}

#[tokio::test]
async fn one_request_stays_one_and_says_only_what_it_may() {
    let vendor = Vendor::start(answer("200 OK", &[], b"seen")).await;
    let house = House::with(&["smuggler"]).await;
    house.connect("smuggler", &vendor.origin(), Names::default());
    let answer = house
        .beside(house.act("smuggler", &vendor.url("/x")))
        .await
        .unwrap();
    assert!(answer.starts_with("200 seen"), "{answer}");
    let received = vendor.received();
    let (head, body) = received.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "abc", "{received}");
    let mut lines: Vec<String> = head.lines().map(str::to_ascii_lowercase).collect();
    lines.sort_unstable();
    let host = format!("host: {}", vendor.address);
    let mine = concat!("user-agent: forebay/", env!("CARGO_PKG_VERSION"));
    let allowed = [
        "accept-encoding: identity",
        "accept: */*",
        "content-length: 3",
        &host,
        "post /x http/1.1",
        mine,
        "x-kept: yes",
    ];
    assert_eq!(lines, allowed);
}

#[tokio::test]
async fn a_flood_of_headers_stops_at_its_limit() {
    let vendor = Vendor::start(answer("200 OK", &[], b"seen")).await;
    let house = House::with(&["headers"]).await;
    house.connect("headers", &vendor.origin(), Names::default());
    let outcome = house.beside(house.act("headers", &vendor.url("/"))).await;
    let message = match outcome {
        Ok(answer) => answer,
        Err(GuestError::Limit { limit, message }) => {
            assert_eq!(limit, "limits.http_field_bytes");
            message
        }
        Err(other) => panic!("{other}"),
    };
    assert!(!message.contains("100000 taken"), "{message}");
    assert!(
        vendor.received().len() < 80 << 10,
        "{} bytes",
        vendor.received().len()
    );
}

#[tokio::test]
async fn headers_of_a_response_are_limited_too() {
    let long = "y".repeat(70 << 10);
    let vendor = Vendor::start(answer("200 OK", &[("X-Long", &long)], b"seen")).await;
    let house = prowler().await;
    house.connect("prowler", &vendor.origin(), Names::default());
    let answer = house
        .beside(house.act("prowler", &vendor.url("/")))
        .await
        .unwrap();
    assert!(
        answer.contains("HttpResponseHeaderSectionSize(Some("),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_that_drips_ends_with_the_call_and_gives_its_place_back() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n".to_vec();
    let vendor = Vendor::start(Answer::Drip(head, Duration::from_millis(10))).await;
    let house = prowler().await;
    let single = Times {
        max_concurrency: 1,
        ..Times::default()
    };
    house.connect_within("prowler", &vendor.origin(), Names::default(), &[], single);
    let url = vendor.url("/");
    let drip = house.act_within("prowler", &url, Duration::from_millis(300));
    let error = house.beside(drip).await.unwrap_err();
    assert!(
        matches!(
            error,
            GuestError::Limit {
                limit: "limits.wall_call",
                ..
            }
        ),
        "{error}"
    );
    vendor.deserted().await;
    assert_eq!(
        house
            .egress
            .get(&"prowler".into())
            .unwrap()
            .health()
            .in_flight,
        0
    );
}

#[tokio::test]
async fn a_body_that_pauses_is_broken_off() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun".to_vec();
    let vendor = Vendor::start(Answer::Silence(head)).await;
    let house = prowler().await;
    let hurried = Times {
        between_bytes_timeout: Duration::from_millis(200),
        ..Times::default()
    };
    house.connect_within("prowler", &vendor.origin(), Names::default(), &[], hurried);
    let answer = house
        .beside(house.act("prowler", &vendor.url("/")))
        .await
        .unwrap();
    assert!(answer.contains("option between_bytes_timeout"), "{answer}");
    vendor.deserted().await;
}

#[tokio::test]
async fn a_decompression_bomb_is_refused_as_encoded() {
    // The first bytes of a gzip stream; nobody looks further.
    let bomb = [0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0xff];
    let house = prowler().await;
    for encoding in ["gzip", "br", "deflate", "gzip, gzip", "zstd"] {
        let head: &[(&str, &str)] = &[
            ("Content-Encoding", encoding),
            ("Content-Type", "application/json"),
        ];
        let vendor = Vendor::start(answer("200 OK", head, &bomb)).await;
        house.connect("prowler", &vendor.origin(), Names::default());
        let answer = house
            .beside(house.act("prowler", &vendor.url("/")))
            .await
            .unwrap();
        assert!(
            answer.contains("although none was asked for"),
            "{encoding}: {answer}"
        );
        assert!(vendor.received().contains("accept-encoding: identity"));
        let log = house
            .log
            .with(&format!("in the content encoding \"{encoding}\""));
        assert_eq!(log.len(), 1, "{encoding}");
    }
}

#[tokio::test]
async fn a_response_without_end_stops_at_its_limit() {
    let house = prowler().await;
    let small = Times {
        max_response_bytes: 1 << 10,
        ..Times::default()
    };
    let announced = answer("200 OK", &[], &[b'x'; 4096]);
    let chunked = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n".as_slice(),
        &[b'x'; 4096],
    ];
    for answer in [announced, Answer::Silence(chunked.concat())] {
        let vendor = Vendor::start(answer).await;
        let origin = vendor.origin();
        house.connect_within("prowler", &origin, Names::default(), &[], small.clone());
        let answer = house
            .beside(house.act("prowler", &vendor.url("/")))
            .await
            .unwrap();
        assert!(answer.contains("larger than 1024 bytes"), "{answer}");
    }
}
