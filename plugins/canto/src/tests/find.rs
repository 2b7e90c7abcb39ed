//! Search and field definitions.

use forebay_sdk::assets::fields::FieldType;
use forebay_sdk::assets::{AssetSource, Comparison, Fields, Query, SortBy};
use forebay_sdk::http::Method;
use forebay_sdk::testing::{Recorded, START};
use forebay_sdk::time;
use serde_json::json;

use super::{canto, changed, hero, page, vendor};
use crate::date;

const SEARCH: &str = "/api/v1/search";

fn one_of(words: &[&str]) -> Comparison {
    Comparison::OneOf(words.iter().map(|word| (*word).to_owned()).collect())
}

fn asked(vendor: &Recorded) -> String {
    vendor.seen().pop().unwrap()
}

#[test]
fn what_canto_can_filter_is_sent_along() {
    let vendor = vendor();
    vendor.on(Method::Get, SEARCH, 200, page(&[hero()]));
    let query = Query {
        text: Some("hero".to_owned()),
        sort: SortBy::NameAscending,
        ..Query::default()
    };
    let query = query
        .filter("kind", one_of(&["image", "video"]))
        .filter("status", one_of(&["pending"]))
        .filter("tag", one_of(&["spring"]));
    let found = canto(&vendor).search(&query).unwrap();
    let asked = asked(&vendor);
    for part in [
        "keyword=hero",
        "scheme=image%7Cvideo",
        "approval=pending",
        "tags=%7Cspring",
        "sortBy=name",
    ] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    assert_eq!(
        (found.assets.len(), found.total, found.next),
        (1, Some(1), None)
    );
}

#[test]
fn every_condition_is_checked_again() {
    let vendor = vendor();
    let other = changed(json!({"id": "x", "expirationDate": "20260201000000000"}));
    vendor.on(Method::Get, SEARCH, 200, page(&[hero(), other]));
    let query = Query::default()
        .filter("expires", Comparison::Before(START + 60 * time::DAY))
        .filter("modified", Comparison::AtLeast(START - 90 * time::DAY));
    let found = canto(&vendor).search(&query).unwrap();
    let ids: Vec<_> = found.assets.iter().map(|asset| asset.id.as_str()).collect();
    assert_eq!(ids, ["image/x"]);
    assert_eq!(found.total, None, "Canto counted what it did not filter");
    let from = (START - 90 * time::DAY) / time::SECOND;
    assert!(
        asked(&vendor).contains(&format!("lastModified={from}..")),
        "{}",
        asked(&vendor)
    );

    let several = Query::default().filter("status", one_of(&["approved", "restricted"]));
    assert!(canto(&vendor).search(&several).unwrap().assets.is_empty());
    let strange = Query::default().filter("weather", Comparison::Present);
    assert_eq!(
        canto(&vendor).search(&strange).unwrap_err().case(),
        "invalid"
    );
}

#[test]
fn custom_fields_are_filtered_by_their_id() {
    let vendor = vendor();
    vendor.on(Method::Get, SEARCH, 200, page(&[hero()]));
    let fields = json!([{"id": "f7", "name": "Markets"}, {"id": "f8", "name": "review_state"}]);
    vendor.on(Method::Get, "/api/v1/custom/field", 200, fields);
    let query = Query::default()
        .filter("field:Markets", one_of(&["DE"]))
        .filter("field:review_state", Comparison::Absent);
    assert_eq!(canto(&vendor).search(&query).unwrap().assets.len(), 1);
    let asked = asked(&vendor);
    assert!(asked.contains("f7.keyword=%22DE%22"), "{asked}");
    assert!(asked.contains("f8.keyword=%22__null__%22"), "{asked}");
}

#[test]
fn pages_go_on_where_the_last_one_ended() {
    let vendor = vendor();
    vendor.on(
        Method::Get,
        SEARCH,
        200,
        json!({"results": [hero(), hero()], "found": 3}),
    );
    let query = Query {
        limit: 2,
        ..Query::default()
    };
    let first = canto(&vendor).search(&query).unwrap();
    assert_eq!(first.total, Some(3));
    canto(&vendor)
        .search(&Query {
            page: first.next,
            ..query
        })
        .unwrap();
    assert!(
        asked(&vendor).contains("start=2&limit=2"),
        "{}",
        asked(&vendor)
    );
}

#[test]
fn a_container_is_searched_in_itself() {
    let vendor = vendor();
    let tree = json!({"results": [{"id": "A9", "name": "Spring", "scheme": "album"}]});
    vendor.on(Method::Get, "/api/v1/tree", 200, tree);
    vendor.on(Method::Get, "/api/v1/album/A9", 200, page(&[hero()]));
    let by_path = Query::default().filter("container", one_of(&["/Spring"]));
    assert_eq!(canto(&vendor).search(&by_path).unwrap().assets.len(), 1);
    let by_id = Query::default().filter("container", one_of(&["album/A9"]));
    assert_eq!(canto(&vendor).search(&by_id).unwrap().assets.len(), 1);
    let nowhere = Query::default().filter("container", one_of(&["/Nowhere"]));
    assert!(canto(&vendor).search(&nowhere).unwrap_err().is_not_found());
}

#[test]
fn fields_are_listed_with_their_choices() {
    let vendor = vendor();
    let fields = json!({"results": [
        {"id": "f1", "name": "Markets", "type": "multipleChoice",
         "values": [{"id": "1", "name": "DE"}, "FR"]},
        {"id": "f2", "name": "Author", "type": "text", "values": null},
    ]});
    vendor.on(Method::Get, "/api/v1/custom/field", 200, fields);
    let listed = Fields::list(&canto(&vendor), None).unwrap().definitions;
    let markets = listed.iter().find(|field| field.name == "Markets").unwrap();
    assert_eq!(markets.type_, FieldType::Choices);
    assert_eq!(markets.choices, ["DE", "FR"]);
    let authors = listed.iter().filter(|field| field.name == "Author").count();
    assert_eq!(
        authors, 1,
        "a custom field hides the built-in one of its name"
    );
    assert!(listed.iter().any(|field| field.name == "Description"));
}

#[test]
fn a_scan_for_a_date_field_goes_through_two_thousand_assets() {
    let vendor = vendor();
    let asset = |number: usize| {
        let end = if number % 500 == 499 {
            "2026-01-20"
        } else {
            "2031-01-01"
        };
        let time = date::write(START - time::DAY + number as i64 * time::SECOND / 2);
        changed(json!({"id": format!("a{number}"), "time": time,
                       "additional": {"licence_end": end}}))
    };
    // As Canto answers a scan whose lower bound moves along: what is left, from the bound on.
    let (mut start, mut bound) = (0, 0);
    while start < 2000 {
        let results: Vec<_> = (start..(start + 100).min(2000)).map(asset).collect();
        vendor.on(
            Method::Get,
            SEARCH,
            200,
            json!({"results": results, "found": 2000 - bound}),
        );
        start += 100;
        // The last second of a page holds its last two assets.
        bound = start - 2;
    }
    let query = Query {
        sort: SortBy::ModifiedAscending,
        ..Query::default()
    };
    let query = query
        .filter("field:licence_end", Comparison::AtLeast(START))
        .filter(
            "field:licence_end",
            Comparison::Before(START + 90 * time::DAY),
        );
    let (mut found, mut page, mut calls) = (Vec::new(), None, 0);
    loop {
        let query = Query {
            page,
            ..query.clone()
        };
        let result = canto(&vendor).search(&query).unwrap();
        found.extend(result.assets.into_iter().map(|asset| asset.id));
        calls += 1;
        page = result.next;
        if page.is_none() {
            break;
        }
    }
    assert_eq!(
        found,
        ["image/a499", "image/a999", "image/a1499", "image/a1999"]
    );
    assert_eq!(vendor.seen().len(), 20, "each page of Canto's once");
    assert_eq!(calls, 4, "pages without a result are read on");
    let asked = asked(&vendor);
    assert!(
        asked.contains("start=2&") && asked.contains("lastModified="),
        "{asked}"
    );
}

#[test]
fn a_container_holds_what_is_in_the_albums_below_it() {
    let vendor = vendor();
    vendor.on(Method::Get, SEARCH, 200, page(&[hero()]));
    let find = |places: &[&str]| {
        let query = Query::default().filter("container", one_of(places));
        canto(&vendor).search(&query).unwrap().assets.len()
    };
    assert_eq!(find(&["/Campaigns", "/Else"]), 1);
    assert_eq!(
        find(&["/Camp", "/Else"]),
        0,
        "a part of a name is another name"
    );
    assert_eq!(find(&["/Campaigns/Spring/", "album/A1"]), 1);
}
