//! The vendors: what stands there, what they were asked for, and what they tell. They outlive every
//! host and remember every effect.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use forebay_model::capability::{CapabilityError, Detail, RateLimitedDetail};
use forebay_model::event::{Field, FieldValue};
use forebay_model::{Entity, Event, Timestamp};
use serde_json::{Value, json};

use crate::sim::{Breakage, Invariant, Sim};

/// The connection of the DAM.
pub(crate) const DAM: &str = "dam";
/// The connection of the workflow engine.
pub(crate) const ENGINE: &str = "engine";

/// The one function whose effect nobody can look up before repeating it.
pub(crate) const BLIND: &str = "notify";

/// Both vendors.
#[derive(Default)]
pub(crate) struct Vendor {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// What each key gave.
    answers: BTreeMap<String, Value>,
    /// Keys of each effect, in the order in which they had it.
    effects: BTreeMap<String, Vec<String>>,
    /// Blind keys that a person has looked up.
    looked_up: BTreeSet<String>,
    /// Everything that happened, by connection, as polls report it.
    reported: BTreeMap<String, Vec<Event>>,
    /// Deliveries that a host has not acknowledged yet.
    undelivered: Vec<Delivery>,
    /// Happenings so far.
    happenings: u64,
    /// Until when a connection's credentials are refused.
    denied_until: BTreeMap<String, Timestamp>,
    /// What is going to happen.
    planned: Vec<Planned>,
}

/// Something that is going to happen.
#[derive(Clone, Debug)]
struct Planned {
    at: Timestamp,
    connection: &'static str,
    kind: &'static str,
    entity: Entity,
    token: String,
}

/// A webhook on its way.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) connection: &'static str,
    pub(crate) events: Vec<Event>,
    pub(crate) due: Timestamp,
}

/// What a happening is called in events, so that it is known whatever else is said about it.
pub(crate) fn happening(event: &Event) -> u64 {
    match event.data.first() {
        Some(Field {
            value: FieldValue::Integer(number),
            ..
        }) => u64::try_from(*number).unwrap(),
        other => panic!("an event without its number: {other:?}"),
    }
}

/// The process that reviews an asset.
pub(crate) fn process(asset: &str) -> Entity {
    Entity {
        kind: "process".into(),
        id: format!("process-{asset}"),
    }
}

/// An asset.
pub(crate) fn asset(id: &str) -> Entity {
    Entity {
        kind: "asset".into(),
        id: id.into(),
    }
}

impl Vendor {
    /// Something happens at a vendor. Polls tell of it, webhooks, or both; some webhooks come many
    /// times, some late, and so out of order.
    fn happens(
        &self,
        sim: &Sim,
        connection: &'static str,
        kind: &str,
        entity: Entity,
        token: &str,
    ) {
        let mut inner = self.inner();
        inner.happenings += 1;
        let number = inner.happenings;
        let event = Event {
            kind: kind.into(),
            entity,
            version: None,
            change_token: token.into(),
            occurred_at: sim.now(),
            actor: None,
            origin: None,
            related: Vec::new(),
            data: vec![Field {
                name: "happening".into(),
                value: FieldValue::Integer(i64::try_from(number).unwrap()),
            }],
            raw_digest: None,
        };
        sim.trace(format_args!(
            "happening {number}: {kind} of {}",
            event.entity.id
        ));
        let by_webhook = sim.below(3) > 0;
        if !by_webhook || sim.below(2) == 0 {
            let log = inner.reported.entry(connection.into()).or_default();
            // The vendor's own index may be behind: a poll tells of it before what came earlier.
            let place = log.len() - usize::try_from(sim.below(2)).unwrap().min(log.len());
            log.insert(place, event.clone());
        }
        if by_webhook {
            let times = if sim.below(10) == 0 {
                20
            } else {
                1 + sim.below(2)
            };
            for _ in 0..times {
                let due = sim.now().plus(sim.seconds(120));
                inner.undelivered.push(Delivery {
                    connection,
                    events: vec![event.clone()],
                    due,
                });
            }
        }
    }

    /// Plan something to happen.
    pub(crate) fn plan(
        &self,
        at: Timestamp,
        connection: &'static str,
        kind: &'static str,
        entity: Entity,
        token: &str,
    ) {
        self.inner().planned.push(Planned {
            at,
            connection,
            kind,
            entity,
            token: token.into(),
        });
    }

    /// What is planned for now happens.
    pub(crate) fn let_happen(&self, sim: &Sim) {
        let now = sim.now();
        let due: Vec<Planned> = self
            .inner()
            .planned
            .extract_if(.., |plan| plan.at <= now)
            .collect();
        for plan in due {
            self.happens(sim, plan.connection, plan.kind, plan.entity, &plan.token);
        }
    }

    /// When the next planned thing happens.
    pub(crate) fn next_plan(&self) -> Option<Timestamp> {
        self.inner().planned.iter().map(|plan| plan.at).min()
    }

    /// A delivery that is due, in any order.
    pub(crate) fn delivery(&self, sim: &Sim) -> Option<Delivery> {
        let mut inner = self.inner();
        let now = sim.now();
        let due: Vec<usize> = (0..inner.undelivered.len())
            .filter(|place| inner.undelivered[*place].due <= now)
            .collect();
        if due.is_empty() {
            return None;
        }
        let place = due[usize::try_from(sim.below(due.len() as u64)).unwrap()];
        Some(inner.undelivered.swap_remove(place))
    }

    /// It was not acknowledged: it comes again.
    pub(crate) fn deliver_again(&self, sim: &Sim, mut delivery: Delivery) {
        delivery.due = sim.now().plus(sim.seconds(60));
        self.inner().undelivered.push(delivery);
    }

    /// When the next delivery is due.
    pub(crate) fn next_delivery(&self) -> Option<Timestamp> {
        let inner = self.inner();
        inner.undelivered.iter().map(|delivery| delivery.due).min()
    }

    /// What a poll tells from this place on, two back to be sure.
    pub(crate) fn changes(
        &self,
        connection: &str,
        from: usize,
        limit: usize,
    ) -> (Vec<Event>, usize, bool) {
        let inner = self.inner();
        let Some(log) = inner.reported.get(connection) else {
            return (Vec::new(), 0, false);
        };
        let start = from.saturating_sub(2).min(log.len());
        let end = (from + limit).min(log.len());
        (log[start..end].to_vec(), end, end < log.len())
    }

    /// Refuse the credentials of a connection for a while.
    pub(crate) fn deny(&self, connection: &str, until: Timestamp) {
        self.inner().denied_until.insert(connection.into(), until);
    }

    /// Are the credentials refused now?
    pub(crate) fn denies(&self, connection: &str, now: Timestamp) -> bool {
        let inner = self.inner();
        inner
            .denied_until
            .get(connection)
            .is_some_and(|until| now < *until)
    }

    /// Let a call have its effect, once per key.
    pub(crate) fn commit(&self, sim: &Sim, key: &str, function: &str, about: &str) -> Value {
        if function == "get" {
            return json!({"ok": {"id": about}});
        }
        let mut inner = self.inner();
        if let Some(answer) = inner.answers.get(key)
            && !sim.broken(Breakage::KeysAreIgnored)
        {
            return answer.clone();
        }
        let effect = format!("{function} {about}");
        sim.trace(format_args!("effect: {effect} ({key})"));
        let keys = inner.effects.entry(effect.clone()).or_default();
        keys.push(key.to_owned());
        if keys.len() > 1 && !sim.checker.may_repeat(key) {
            sim.violated(
                Invariant::EffectsOnce,
                format!("{effect} happened for {keys:?}"),
            );
        }
        let answer = match function {
            "start" => json!({"ok": process(about).id}),
            _ => json!({"ok": null}),
        };
        inner.answers.insert(key.to_owned(), answer.clone());
        drop(inner);
        if function == "start" {
            // Some processes end before their starter hears that they have begun.
            let pause = if sim.below(3) == 0 {
                0
            } else {
                sim.below(1_200)
            };
            let at = sim.now().plus(Duration::from_secs(pause));
            self.plan(at, ENGINE, "process.completed", process(about), "done");
            self.let_happen(sim);
        }
        answer
    }

    /// A blind call whose earlier attempt may have had its effect cannot be made, until a person has
    /// looked.
    pub(crate) fn cannot_tell(&self, key: &str) -> bool {
        let inner = self.inner();
        !inner.looked_up.contains(key)
    }

    /// A person has looked what became of these keys.
    pub(crate) fn look_up(&self, keys: impl IntoIterator<Item = String>) {
        self.inner().looked_up.extend(keys);
    }

    /// All effects, with the keys that had them.
    pub(crate) fn effects(&self) -> BTreeMap<String, Vec<String>> {
        self.inner().effects.clone()
    }

    /// Happenings so far.
    pub(crate) fn happenings(&self) -> u64 {
        self.inner().happenings
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

/// An error of a vendor, any that hosts deal with.
pub(crate) fn any_error(sim: &Sim) -> CapabilityError {
    match sim.below(4) {
        0 | 1 => CapabilityError::Unavailable(Detail::new("down")),
        2 => CapabilityError::RateLimited(RateLimitedDetail {
            detail: Detail::new("too many requests"),
            retry_after_seconds: Some(u32::try_from(sim.below(400)).unwrap()),
        }),
        _ => CapabilityError::Uncertain(Detail::new("the connection broke")),
    }
}
