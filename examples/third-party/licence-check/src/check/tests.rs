use std::cell::RefCell;

use forebay_sdk::handler::{Fired, Signal};
use forebay_sdk::testing::{START, Script};

use super::*;

/// An agency that answers every lookup alike and keeps what was marked.
struct Double {
    licence: Option<Licence>,
    marked: RefCell<Vec<(String, String)>>,
}

impl Double {
    fn with(licence: Option<Licence>) -> Self {
        Self {
            licence,
            marked: RefCell::default(),
        }
    }
}

impl Agency for Double {
    fn lookup(&self, _: &str) -> Result<Option<Licence>, Error> {
        Ok(self.licence.clone())
    }

    fn mark_used(&self, order: &str, purpose: &str) -> Result<(), Error> {
        self.marked
            .borrow_mut()
            .push((order.to_owned(), purpose.to_owned()));
        Ok(())
    }
}

fn licence(state: LicenceState) -> Licence {
    Licence {
        order: "o-1".to_owned(),
        asset: "hero".to_owned(),
        state,
        uses: vec!["web".to_owned()],
        ends_at: Some(START + time::DAY),
    }
}

fn request(purpose: &str) -> Delivery {
    Delivery::Request(format!(r#"{{"asset":"hero","purpose":"{purpose}"}}"#))
}

fn state(looks: u32) -> State {
    State {
        request: request("web").request().unwrap(),
        looks,
    }
}

fn fired() -> Delivery {
    Delivery::Timer(Fired {
        name: "recheck".to_owned(),
        due_at: START,
    })
}

const CONFIG: Config = Config {
    recheck_minutes: 30,
    looks: 2,
};

#[test]
fn a_valid_licence_is_granted_marked_and_audited() {
    let agency = Double::with(Some(licence(LicenceState::Valid)));
    let script = Script::new();
    let cx = Cx::scripted(script.clone());
    let step = activate(&agency, &cx, &CONFIG, None, request("web")).unwrap();
    assert_eq!(step.outcome(), Some("granted"));
    assert_eq!(
        *agency.marked.borrow(),
        [("o-1".to_owned(), "web".to_owned())]
    );
    assert_eq!(script.decisions()[0].decision.as_deref(), Some("granted"));
}

#[test]
fn what_is_not_covered_is_refused_and_not_marked() {
    let ended = Licence {
        ends_at: Some(START),
        ..licence(LicenceState::Valid)
    };
    let cases = [
        (None, "web", "no licence was bought"),
        (
            Some(licence(LicenceState::Expired)),
            "web",
            "the licence has ended",
        ),
        (Some(ended), "web", "the licence has ended"),
        (
            Some(licence(LicenceState::Revoked)),
            "web",
            "the agency took the licence back",
        ),
        (
            Some(licence(LicenceState::Valid)),
            "print",
            "the licence does not cover print",
        ),
    ];
    for (licence, purpose, why) in cases {
        let agency = Double::with(licence);
        let script = Script::new();
        let cx = Cx::scripted(script.clone());
        let step = activate(&agency, &cx, &CONFIG, None, request(purpose)).unwrap();
        assert_eq!(step.outcome(), Some("refused"), "{why}");
        assert_eq!(script.decisions()[0].rule.as_deref(), Some(why));
        assert!(agency.marked.borrow().is_empty(), "{why}");
    }
}

#[test]
fn an_unconfirmed_order_is_looked_at_again_and_given_up_in_the_end() {
    let agency = Double::with(Some(licence(LicenceState::Pending)));
    let cx = Cx::scripted(Script::new());
    let first = activate(&agency, &cx, &CONFIG, None, request("web")).unwrap();
    assert_eq!(
        first.waiting().unwrap().timers[0].due_at,
        START + 30 * time::MINUTE
    );
    let second = activate(&agency, &cx, &CONFIG, Some(first.state), fired()).unwrap();
    assert_eq!(second.outcome(), Some("refused"));
}

#[test]
fn an_operator_can_withdraw_it() {
    let agency = Double::with(None);
    let cx = Cx::scripted(Script::new());
    let signal = Delivery::Signal(Signal {
        name: "withdraw".to_owned(),
        data: "null".to_owned(),
        sender: "operator:ann".to_owned(),
    });
    let step = activate(&agency, &cx, &CONFIG, Some(state(1)), signal).unwrap();
    assert_eq!(step.outcome(), Some("withdrawn"));
}

#[test]
fn one_run_per_asset_and_purpose_and_a_wrong_request_is_refused() {
    let admit = |delivery| LicenceCheck::admit(&CONFIG, &Connections::default(), &delivery);
    assert!(matches!(admit(request("web")), Admission::Start(start)
        if start.business_key == "hero#web"));
    let wrong = Delivery::Request(r#"{"asset":"hero"}"#.to_owned());
    assert!(matches!(admit(wrong), Admission::Refuse(why) if why.contains("purpose")));
    assert!(matches!(admit(fired()), Admission::Refuse(_)));
}
