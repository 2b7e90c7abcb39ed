//! Updates whose earlier attempt stopped somewhere.

use forebay_sdk::Connector;
use forebay_sdk::assets::{AssetSource, AssetUpdate};
use forebay_sdk::http::Method;
use forebay_sdk::testing::Recorded;
use serde_json::json;

use super::writing::{ID, success};
use super::{HERO, INTEGRATION, call, changed, vendor};
use crate::Canto;

#[test]
fn an_update_that_stopped_half_way_is_finished_where_nobody_came_in_between() {
    // The first attempt wrote the fields, and its host stopped before the tag.
    let half = |by: &str| {
        changed(json!({
            "time": "20260101120000001", "additional": {"review_state": "approved"},
            "default": {"Modified by": by},
        }))
    };
    let update = AssetUpdate::default()
        .field("review_state", "approved")
        .add_tag("new")
        .guard("20251201100000000");
    let again = |vendor: &Recorded| Canto::new(call(vendor).repeated(2).build()).unwrap();

    let ours = vendor();
    let mut done = half(INTEGRATION);
    done["tag"] = json!(["spring", "new"]);
    ours.on(Method::Get, HERO, 200, half(INTEGRATION))
        .on(Method::Get, HERO, 200, done);
    ours.reply(Method::Put, "/api/v1/image/abc/tag/new", success());
    assert!(again(&ours).update(ID, &update).is_ok());

    let theirs = vendor();
    theirs.on(Method::Get, HERO, 200, half("Ann Example"));
    let refused = again(&theirs).update(ID, &update).unwrap_err();
    assert_eq!(refused.case(), "conflict");
}
