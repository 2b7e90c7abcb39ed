//! Which deliveries start a run, and under which business key.

use forebay_sdk::handler::Connections;
use forebay_sdk::{Admission, Delivery, Entity};

use crate::DAM;
use crate::config::Config;
use crate::request::{Ask, ask_of};

/// Pure: looks at nothing but the delivery.
pub(crate) fn admit(config: &Config, connections: &Connections, delivery: &Delivery) -> Admission {
    let Some(dam) = connections.of(DAM) else {
        return Admission::refuse("the flow binds no connection for the role `dam`");
    };
    let ask = match ask_of(config, delivery) {
        Ok(Ok(ask)) => ask,
        Ok(Err(reason)) => return Admission::ignore(reason),
        Err(error) => return Admission::refuse(error.message().to_owned()),
    };
    let key = ask.key(config, dam);
    match ask {
        Ask::Scan(_) => {
            let entity = Entity::new("scan", &config.key_prefix);
            Admission::start(key, entity, "scan for shares nobody asked for")
        }
        Ask::Case(suspect) => {
            let entity = match (&suspect.share, suspect.assets.first()) {
                (Some(share), _) => Entity::new("share", share),
                (None, Some(asset)) => Entity::new("asset", asset),
                (None, None) => return Admission::refuse("`case` names neither share nor assets"),
            };
            let title = format!("{} {} nobody asked for", entity.kind, entity.id);
            Admission::start(key, entity, title).label("kind", "case")
        }
        Ask::Wish(wish) => {
            let entity = Entity::new("request", &key);
            let title = format!("{} assets to share", wish.assets.len());
            Admission::start(key, entity, title).label("kind", "request")
        }
        Ask::Form(process) => {
            let entity = Entity::new("process", process);
            Admission::start(key, entity, "share asked for in a form").label("kind", "request")
        }
        Ask::Staged(asset, _, _) => {
            let entity = Entity::new("asset", asset);
            Admission::start(key, entity, "assets put up for sharing").label("kind", "request")
        }
    }
}
