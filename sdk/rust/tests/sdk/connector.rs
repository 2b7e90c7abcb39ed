//! A small connector, written as an author would, against a recorded vendor.

use forebay_sdk::assets::*;
use forebay_sdk::connector::*;
use forebay_sdk::http::*;
use forebay_sdk::testing::{self, Recorded};
use forebay_sdk::*;
use serde_json::json;

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Address of the vendor's API.
    base_url: String,
    /// Results per page.
    #[serde(default = "default_page_size")]
    page_size: u32,
}

fn default_page_size() -> u32 {
    50
}

struct Pinboard {
    call: Call,
    http: Http,
    settings: Settings,
}

impl Connector for Pinboard {
    fn describe() -> ConnectorInfo {
        ConnectorInfo::new::<Settings>("pinboard", "1.2.0", "Pinboard", "Comments on a pinboard.")
            .auth_when(&[("mode", "token")], AuthScheme::Bearer("token".to_owned()))
            .host("{base_url}")
            .reads(reads::COMMENTS)
            .rate_class("all", "60", &["/"])
            .webhook(
                "hook",
                "New pins",
                WebhookAuth::Header("x-secret".to_owned()),
                "hook",
            )
            .event_kinds(&["comment.added"])
    }

    fn new(call: Call) -> Result<Self, Error> {
        Ok(Self {
            settings: call.settings()?,
            http: call.http(),
            call,
        })
    }
}

impl EventSource for Pinboard {}

#[derive(serde::Deserialize)]
struct Pin {
    #[serde(deserialize_with = "lenient::string")]
    id: String,
    text: String,
}

impl Comments for Pinboard {
    fn list(&self, asset: &str, page: Option<&str>) -> Result<CommentPage, Error> {
        let offset: u32 = paging::decode(page)?.unwrap_or_default();
        let pins: Vec<Pin> = self
            .http
            .get(self.pins(asset))
            .query("limit", self.settings.page_size)
            .query("offset", offset)
            .send()?
            .json()?;
        let more = pins.len() == self.settings.page_size as usize;
        let next = more
            .then(|| paging::encode(&(offset + self.settings.page_size)))
            .transpose()?;
        Ok(CommentPage {
            comments: pins.into_iter().map(comment).collect(),
            next,
        })
    }

    fn add(&self, asset: &str, draft: &Draft) -> Result<Comment, Error> {
        if self.call.previous_unknown() {
            let written = Comments::list(self, asset, None)?.comments;
            if let Some(found) = written.into_iter().find(|pin| pin.text == draft.text) {
                return Ok(found);
            }
        }
        let body = json!({"text": draft.text, "key": self.call.idempotency_key()});
        let response = self.http.post(self.pins(asset)).json(&body).send_effect()?;
        Ok(comment(response.or_repeat()?.json()?))
    }
}

impl Pinboard {
    fn pins(&self, asset: &str) -> String {
        format!(
            "{}/boards/{}/pins",
            self.settings.base_url,
            encode_component(asset)
        )
    }
}

fn comment(pin: Pin) -> Comment {
    Comment {
        id: pin.id,
        version: None,
        parent: None,
        author: None,
        text: pin.text,
        span: None,
        resolved: false,
        external_id: None,
        created_at: testing::START,
        modified_at: testing::START,
    }
}

export_connector!(Pinboard: event_source, comments);

const PINS: &str = "/boards/a%2F1/pins";

fn draft(text: &str) -> Draft {
    Draft {
        version: None,
        parent: None,
        text: text.to_owned(),
        span: None,
        external_id: "x".to_owned(),
    }
}

fn call(vendor: &Recorded) -> testing::CallBuilder {
    testing::call(&json!({"base_url": "https://pins.test", "page_size": 2}))
        .transport(vendor.clone().into_transport())
}

#[test]
fn the_settings_schema_names_defaults_descriptions_and_forbids_unknown_keys() {
    let schema: serde_json::Value =
        serde_json::from_str(&Pinboard::describe().settings_schema).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["required"], json!(["base_url"]));
    assert_eq!(schema["properties"]["page_size"]["default"], 50);
    assert_eq!(
        schema["properties"]["page_size"]["description"],
        "Results per page."
    );
}

#[test]
fn settings_that_do_not_fit_are_refused_with_the_key() {
    let refused = Pinboard::new(testing::call(&json!({"base_uri": "x"})).build())
        .err()
        .unwrap();
    assert_eq!(refused.case(), "invalid");
    assert!(refused.message().contains("base_uri"), "{refused}");
}

#[test]
fn pages_follow_each_other() {
    let vendor = Recorded::new();
    vendor.on(
        Method::Get,
        PINS,
        200,
        json!([{"id": 1, "text": "a"}, {"id": 2, "text": "b"}]),
    );
    vendor.on(Method::Get, PINS, 200, json!([{"id": 3, "text": "c"}]));
    let board = Pinboard::new(call(&vendor).build()).unwrap();
    let (all, more) = paging::collect(10, |page| {
        let page = Comments::list(&board, "a/1", page)?;
        Ok((page.comments, page.next))
    })
    .unwrap();
    let ids: Vec<&str> = all.iter().map(|comment| comment.id.as_str()).collect();
    assert_eq!((ids, more), (vec!["1", "2", "3"], false));
    let second = "GET /boards/a%2F1/pins?limit=2&offset=2";
    assert_eq!(vendor.seen()[1], second);
}

#[test]
fn a_lost_answer_is_looked_into_before_the_repeat() {
    let vendor = Recorded::new();
    vendor.reply(
        Method::Post,
        PINS,
        Err(TransportError::Lost("reset".to_owned())),
    );
    let first = Pinboard::new(call(&vendor).build()).unwrap();
    assert_eq!(
        first.add("a/1", &draft("hello")).unwrap_err().case(),
        "unavailable"
    );

    vendor.on(Method::Get, PINS, 200, json!([{"id": 9, "text": "hello"}]));
    let second = Pinboard::new(call(&vendor).repeated(2).build()).unwrap();
    assert_eq!(second.add("a/1", &draft("hello")).unwrap().id, "9");
    assert_eq!(
        vendor
            .requests()
            .iter()
            .filter(|r| r.method == Method::Post)
            .count(),
        1
    );
    assert_eq!(vendor.body(0)["key"], "key-1");
}

#[test]
fn a_failing_gateway_leaves_an_effect_unknown_but_overload_does_not() {
    for (status, case) in [(502, "uncertain"), (500, "uncertain"), (503, "unavailable")] {
        let vendor = Recorded::new();
        vendor.on(Method::Post, "/x", status, json!({"message": "oops"}));
        let http = call(&vendor).build().http();
        let error = http
            .post("https://pins.test/x")
            .send_effect()
            .and_then(Outcome::or_uncertain)
            .unwrap_err();
        assert_eq!(error.case(), case, "{status}");
        assert_eq!(error.detail().vendor.as_ref().unwrap().message, "oops");
    }
}

#[test]
fn errors_name_the_path_but_not_the_query() {
    let vendor = Recorded::new();
    vendor.on(Method::Get, "/people", 404, json!({}));
    let http = call(&vendor).build().http();
    let error = http
        .get("https://pins.test/people")
        .query("mail", "ann@x.test")
        .send()
        .unwrap_err();
    assert!(
        error.message().contains("GET https://pins.test/people was"),
        "{error}"
    );
    assert!(!error.to_string().contains("ann"), "{error}");
    assert_eq!(vendor.seen(), ["GET /people?mail=ann%40x.test"]);
}

#[test]
fn a_page_that_is_no_json_is_shown() {
    let vendor = Recorded::new();
    let body = b"<html>Maintenance</html>".to_vec();
    vendor.reply(
        Method::Get,
        "/x",
        Ok(Response {
            status: 200,
            headers: Vec::new(),
            body,
        }),
    );
    let response = call(&vendor)
        .build()
        .http()
        .get("https://pins.test/x")
        .send()
        .unwrap();
    let error = response.json::<serde_json::Value>().unwrap_err();
    assert_eq!(error.case(), "unavailable");
    assert!(error.message().contains("Maintenance"), "{error}");
}

#[test]
fn what_is_not_implemented_is_unsupported_by_name() {
    let vendor = Recorded::new();
    let board = Pinboard::new(call(&vendor).build()).unwrap();
    let error = board.edit("a", "c", "t").unwrap_err();
    assert_eq!(error.to_string(), "unsupported: comments.edit");
    assert_eq!(board.arm("https://forebay.test").unwrap(), Vec::new());
}

#[test]
fn lines_are_kept_with_their_fields() {
    let (asset, pages) = ("a/1", 3);
    warn!(asset = asset, pages = pages; "gave up after {pages} pages");
    info!("plain");
    let log = testing::take_log();
    assert_eq!(log[0].message, "gave up after 3 pages");
    assert_eq!(
        log[0].fields,
        [Field::new("asset", "a/1"), Field::new("pages", "3")]
    );
    assert_eq!(log[1].message, "plain");
    assert!(testing::take_log().is_empty());
}
