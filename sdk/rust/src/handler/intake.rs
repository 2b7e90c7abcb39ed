//! What a first delivery asks for, or why it starts no run.

use serde::de::DeserializeOwned;

use super::{Admission, Delivery, Incoming};
use crate::types::Error;

/// Why a first delivery starts no run. In `admit` it becomes an [`Admission`] by `declined.into()`, in
/// `handle` an [`Error`] by `.map_err(Declined::into_error)?`.
#[derive(Clone, Debug, PartialEq)]
pub enum Declined {
    /// The event is none of this flow's business, for this reason.
    NotOurs(String),
    /// The request itself is wrong.
    Wrong(Error),
}

impl Delivery {
    /// What a first delivery asks for: the input of a request, or an event as `of_event` reads it,
    /// which says in words why it is none of this flow's business.
    ///
    /// # Errors
    /// [`Declined`]; also where this is a timer or a signal, because no run starts with one.
    pub fn asks<T: DeserializeOwned>(
        &self,
        of_event: impl FnOnce(&Incoming) -> Result<T, String>,
    ) -> Result<T, Declined> {
        match self {
            Self::Request(_) => self.request().map_err(Declined::Wrong),
            Self::Event(incoming) => of_event(incoming).map_err(Declined::NotOurs),
            Self::Timer(_) | Self::Signal(_) => Err(Declined::Wrong(Error::invalid(
                "a run starts with a request or an event",
            ))),
        }
    }
}

impl From<Declined> for Admission {
    fn from(declined: Declined) -> Self {
        match declined {
            Declined::NotOurs(reason) => Self::ignore(reason),
            Declined::Wrong(error) => Self::refuse(error.message()),
        }
    }
}

impl Declined {
    /// The same as an error.
    #[must_use]
    pub fn into_error(self) -> Error {
        match self {
            Self::NotOurs(reason) => Error::invalid(reason),
            Self::Wrong(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::Fired;
    use crate::types::{Entity, Event};

    fn asks(delivery: &Delivery) -> Result<u32, Declined> {
        delivery.asks(|incoming| match incoming.event.kind.as_str() {
            "asset.created" => Ok(1),
            other => Err(format!("the event {other} starts nothing here")),
        })
    }

    fn event(kind: &str) -> Delivery {
        Delivery::Event(Incoming {
            connection: "canto".to_owned(),
            role: "dam".to_owned(),
            event: Event::new(kind, Entity::new("asset", "a"), "1", 0),
        })
    }

    #[test]
    fn a_request_or_an_event_asks_for_something() {
        assert_eq!(asks(&Delivery::Request("7".to_owned())), Ok(7));
        assert_eq!(asks(&event("asset.created")), Ok(1));
    }

    #[test]
    fn what_is_declined_is_ignored_or_refused_and_says_why() {
        let other = asks(&event("asset.deleted")).unwrap_err();
        let why = "the event asset.deleted starts nothing here";
        assert_eq!(Admission::from(other.clone()), Admission::ignore(why));
        assert_eq!(other.into_error().message(), why);
        let fired = Fired {
            name: "look".to_owned(),
            due_at: 0,
        };
        for wrong in [
            Delivery::Request("x".to_owned()),
            Delivery::Timer(fired.clone()),
        ] {
            let declined = asks(&wrong).unwrap_err();
            let error = declined.clone().into_error();
            assert_eq!(
                Admission::from(declined),
                Admission::refuse(error.message())
            );
        }
    }
}
