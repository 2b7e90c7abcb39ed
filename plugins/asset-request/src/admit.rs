//! Which deliveries start a run, and under which business key.

use forebay_sdk::handler::Connections;
use forebay_sdk::{Admission, Delivery, Entity};

use crate::DAM;
use crate::config::Config;
use crate::request::ask_of;

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
    let id = ask.id();
    if id.is_empty() {
        return Admission::refuse("the request has no id");
    }
    let key = format!("{}:{dam}:{id}", config.key_prefix);
    Admission::start(key, Entity::new("request", id), format!("request {id}")).label("request", id)
}
