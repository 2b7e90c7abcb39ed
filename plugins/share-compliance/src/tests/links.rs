//! The life of a link: recall, extension, other recipients, changes, its end.

use std::rc::Rc;

use forebay_sdk::assets::{
    ActivityPage, AssetStatus, Share, SharePage, ShareQuery, ShareRequest, Sharing,
};
use forebay_sdk::testing::Library;
use forebay_sdk::testing::stage::{date, day};
use forebay_sdk::time::DAY;
use forebay_sdk::{Error, Timestamp};
use serde_json::json;

use super::{ANN, KEY, World, answer, ask, config, fill, set, world_of};

/// A request of two assets that was approved.
fn shared() -> World {
    let world = world_of(2);
    share(&world);
    world
}

fn share(world: &World) {
    ask(world, &["a1", "a2"]);
    answer(world, "review:1", ANN, "approve", &[]);
    assert_eq!(world.dam.shares.borrow().len(), 1);
}

fn effects(world: &World, of: &str) -> usize {
    let effects = world.dam.effects.borrow();
    effects
        .iter()
        .filter(|effect| effect.starts_with(of))
        .count()
}

#[test]
fn scenario_4_a_second_recall_does_nothing() {
    let world = shared();
    world.signal(
        KEY,
        "recall",
        &json!({"by": "lea@example.com", "reason": "wrong asset"}),
    );
    assert!(!world.dam.shares.borrow()[0].active, "the link is dead");
    assert_eq!(effects(&world, "revoke"), 1);
    assert_eq!(world.dam.field("a1", "share_state"), "recalled");
    assert!(world.people.text("told:2").contains("wrong asset"));
    let (before, told) = (world.dam.effects.borrow().len(), world.audit().len());
    world.signal(KEY, "recall", &json!({"by": "lea@example.com"}));
    assert_eq!(world.dam.effects.borrow().len(), before);
    assert_eq!(world.audit().len(), told);
    assert_eq!(world.people.open(), ["told:2: rita@example.com"]);
    answer(&world, "told:2", "rita@example.com", "done", &[]);
    assert_eq!(world.outcome(KEY), "recalled");
    let recalls = world.script.decisions().into_iter();
    let recalls: Vec<_> = recalls
        .filter(|record| record.action == "recalled")
        .collect();
    assert_eq!(recalls.len(), 2, "one record for each asset");
    assert_eq!(recalls[0].actor, "lea@example.com");
}

#[test]
fn a_recall_before_there_is_a_link_withdraws_the_request() {
    let world = world_of(1);
    ask(&world, &["a1"]);
    world.signal(KEY, "recall", &json!({}));
    assert_eq!(world.outcome(KEY), "withdrawn");
    assert!(world.people.open().is_empty());
}

#[test]
fn an_extension_is_reviewed_and_takes_over() {
    let world = shared();
    let first = world.dam.shares.borrow()[0].expires_at;
    world.signal(KEY, "extend", &json!({"until": date(25)}));
    assert_eq!(world.people.open(), ["extension:2: partner-compliance"]);
    assert_eq!(
        world.dam.shares.borrow().len(),
        1,
        "not before the decision"
    );
    answer(&world, "extension:2", ANN, "approve", &[]);
    let shares = world.dam.shares.borrow().clone();
    assert_eq!(shares.len(), 2);
    assert!(!shares[0].active && shares[1].active);
    assert!(shares[1].expires_at > first);
    world.wind_to(day(27));
    assert_eq!(world.outcome(KEY), "shared");
}

#[test]
fn an_extension_that_is_refused_leaves_the_link() {
    let world = shared();
    world.signal(KEY, "extend", &json!({"until": date(25)}));
    answer(&world, "extension:2", ANN, "refuse", &[]);
    assert!(world.dam.shares.borrow()[0].active);
    assert_eq!(world.dam.shares.borrow().len(), 1);
    world.wind_to(day(22));
    assert_eq!(world.outcome(KEY), "shared");
}

#[test]
fn an_extension_nobody_decides_leaves_the_link() {
    let world = shared();
    world.signal(KEY, "extend", &json!({"until": date(25)}));
    world.wind(6 * DAY);
    assert!(world.people.open().is_empty());
    assert_eq!(world.outcome(KEY), "live");
    world.wind_to(day(22));
    assert_eq!(world.outcome(KEY), "shared");
}

#[test]
fn a_longer_time_that_is_no_date_changes_nothing() {
    let world = shared();
    world.signal(KEY, "extend", &json!({"until": "soon"}));
    assert!(world.dam.shares.borrow()[0].active);
    assert_eq!(world.outcome(KEY), "live");
}

#[test]
fn an_extension_beyond_the_contract_is_not_even_asked() {
    let world = shared();
    world.wind(DAY);
    // The contract ends on day 30; a second extension up to it leaves no time to gain.
    world.signal(KEY, "extend", &json!({"until": date(60)}));
    answer(&world, "extension:2", ANN, "approve", &[]);
    world.signal(KEY, "extend", &json!({"until": date(90)}));
    assert!(world.people.open().is_empty());
    assert!(world.audit().contains(&"not-extended".to_owned()));
}

#[test]
fn other_recipients_need_a_new_review() {
    let world = shared();
    world.signal(KEY, "recipient", &json!({"recipient": "x@nobody.example"}));
    assert!(!world.dam.shares.borrow()[0].active);
    assert_eq!(world.people.open(), ["review:2: legal"]);
    assert!(
        world
            .people
            .text("review:2")
            .contains("the recipients changed")
    );
}

#[test]
fn a_version_nobody_reviewed_ends_the_link() {
    let world = shared();
    world
        .dam
        .change("a2", |asset| asset.version = "v2".to_owned());
    world.dam_event("asset.version-current", "a2", &[]);
    assert!(!world.dam.shares.borrow()[0].active);
    assert_eq!(world.people.open(), ["review:2: partner-compliance"]);
    assert!(world.people.text("review:2").contains("nobody reviewed"));
    answer(&world, "review:2", ANN, "approve", &[]);
    assert_eq!(world.dam.shares.borrow().len(), 2);
}

#[test]
fn rights_that_go_while_the_link_works_end_it() {
    let world = shared();
    world
        .dam
        .change("a2", |asset| set(asset, "channels", &["print"]));
    world.dam_event("asset.updated", "a2", &[]);
    assert!(!world.dam.shares.borrow()[0].active);
    answer(&world, "review:2", ANN, "approve", &[]);
    assert_eq!(world.dam.shares.borrow()[1].assets, ["a1"]);
}

#[test]
fn changes_without_meaning_change_nothing() {
    let world = shared();
    let before = world.dam.effects.borrow().len();
    world
        .dam
        .change("a1", |asset| set(asset, "campaign", &["Autumn"]));
    world.dam_event("asset.updated", "a1", &[]);
    assert_eq!(world.dam.effects.borrow().len(), before);
    assert!(world.people.open().is_empty());
}

#[test]
fn cancelling_ends_the_link() {
    let world = shared();
    world.signal(KEY, "cancel", &json!({}));
    assert_eq!(world.outcome(KEY), "cancelled");
    assert!(!world.dam.shares.borrow()[0].active);
}

#[test]
fn a_link_that_still_works_at_its_end_is_revoked() {
    let world = shared();
    world.wind_to(day(22));
    assert_eq!(world.outcome(KEY), "shared");
    assert_eq!(
        effects(&world, "revoke"),
        1,
        "the double ends no share by itself"
    );
    let end = world.runs()[0].end().unwrap().summary.clone();
    assert!(end.contains("was revoked"), "{end}");
}

/// A DAM like Canto: no passwords, no watermark, and unless it is set up no list and no end.
pub(super) struct Plain {
    pub(super) library: Rc<Library>,
    pub(super) lists: bool,
}

impl Sharing for Plain {
    fn list(&self, query: &ShareQuery) -> Result<SharePage, Error> {
        match self.lists {
            true => Sharing::list(&*self.library, query),
            false => Err(Error::unsupported("list")),
        }
    }

    fn create(&self, request: &ShareRequest) -> Result<Share, Error> {
        if request.protected || request.watermark {
            return Err(Error::unsupported("passwords and watermarks"));
        }
        Sharing::create(&*self.library, request)
    }

    fn revoke(&self, _share: &str) -> Result<(), Error> {
        Err(Error::unsupported("revoke"))
    }

    fn activity(&self, since: Timestamp, page: Option<&str>) -> Result<ActivityPage, Error> {
        self.library.activity(since, page)
    }
}

fn plain(lists: bool) -> World {
    let mut world = World::new(&config());
    let library = world.dam.clone();
    world.script = world
        .script
        .clone()
        .sharing(Rc::new(Plain { library, lists }));
    fill(&world, 2);
    world
}

#[test]
fn what_the_dam_cannot_do_is_left_out_and_recorded() {
    let world = plain(true);
    share(&world);
    let made = world.script.decisions().into_iter();
    let made: Vec<_> = made.filter(|record| record.action == "link-made").collect();
    assert!(
        made[0]
            .comment
            .as_deref()
            .unwrap()
            .contains("passwords and watermarks")
    );
}

#[test]
fn what_a_reviewer_demands_and_the_dam_cannot_do_makes_no_link() {
    let world = plain(true);
    ask(&world, &["a1", "a2"]);
    answer(&world, "review:1", ANN, "approve", &[("watermark", "yes")]);
    assert!(world.dam.shares.borrow().is_empty());
    assert!(
        world
            .people
            .text("review:2")
            .contains("cannot make the link")
    );
}

#[test]
fn where_a_link_cannot_be_ended_its_assets_are_restricted() {
    let world = plain(true);
    share(&world);
    world.signal(KEY, "recall", &json!({"reason": "wrong"}));
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Restricted));
    assert_eq!(world.dam.status("a2"), Some(AssetStatus::Restricted));
    assert!(world.people.text("told:2").contains("End it by hand"));
}

#[test]
fn a_link_that_outlives_its_end_and_cannot_be_ended_parks() {
    let world = plain(true);
    share(&world);
    world.wind_to(day(22));
    assert!(
        world
            .outcome(KEY)
            .starts_with("parked: the link works beyond its end")
    );
    assert_eq!(world.dam.status("a1"), Some(AssetStatus::Restricted));
}

#[test]
fn an_end_that_cannot_be_verified_is_said_to_be() {
    let world = plain(false);
    share(&world);
    world.wind_to(day(22));
    assert_eq!(world.outcome(KEY), "shared");
    let end = world.runs()[0].end().unwrap().summary.clone();
    assert!(end.contains("does not list shares"), "{end}");
}

#[test]
fn a_link_whose_assets_are_deleted_ends_after_the_grace() {
    let world = shared();
    for asset in ["a1", "a2"] {
        world.dam.change(asset, |asset| asset.trashed = true);
        world.dam_event("asset.deleted", asset, &[]);
    }
    world.wind(DAY);
    assert_eq!(world.outcome(KEY), "asset-gone");
    assert!(!world.dam.shares.borrow()[0].active);
}
