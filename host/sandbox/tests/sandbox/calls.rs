//! Calls into guests: what they get, what ends them, and what is said about it.

use std::sync::Arc;
use std::time::Duration;

use crate::support::broker::{Script, Scripted, activation};
use crate::support::guest::Guest;
use crate::support::{Place, connection, context, limits};
use forebay_model::plugin::Plugin;
use forebay_model::ports::{Broker, CallContext, GuestError, Guests as _};
use forebay_model::step::{Admission, Next, Step};
use forebay_model::{DeliveryContent, InterfaceName};
use forebay_sandbox::{Limits, Registry};
use serde_json::{Value, json};

struct Host {
    registry: Registry,
    plugin: Arc<Plugin>,
    _place: Place,
}

impl Host {
    async fn with(limits: Limits, guest: Guest) -> Self {
        let place = Place::new();
        place.drop_file("guest.wasm", &guest.build());
        let registry = place.open_with(limits).await;
        let refused = registry.quarantined();
        let plugin = registry.list().first().cloned();
        let plugin = plugin.unwrap_or_else(|| panic!("{refused:#?}"));
        Self {
            registry,
            plugin,
            _place: place,
        }
    }

    async fn new(guest: Guest) -> Self {
        Self::with(limits(), guest).await
    }

    async fn handle(&self, broker: Arc<dyn Broker>) -> Result<Step, GuestError> {
        self.registry
            .handle(activation(&self.plugin.digest), broker)
            .await
            .map(Result::unwrap)
    }

    async fn greet(&self, context: CallContext) -> Result<Value, GuestError> {
        let function = InterfaceName::new("acme:greeting/greeter").function("greet");
        let arguments = ["you".into()];
        let digest = &self.plugin.digest;
        self.registry
            .call(digest, &connection(), context, &function, &arguments)
            .await
    }
}

fn summary(step: &Step) -> &str {
    match &step.next {
        Next::Completed(completion) => &completion.summary,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_handler_reaches_an_interface_the_host_never_heard_of() {
    let host = Host::new(Guest::handler("welcome")).await;
    let broker = Scripted::new(Script::Answer(json!({"ok": "good morning"})));
    let step = host.handle(broker.clone()).await.unwrap();
    assert_eq!(summary(&step), "good morning");
    assert_eq!(step.state, "{}");
    let calls = broker.calls.lock().unwrap();
    assert_eq!(calls[0].function.to_string(), "acme:greeting/greeter.greet");
    assert_eq!(calls[0].arguments, [json!("world")]);
    assert!(calls[0].fallible);
    assert_eq!(calls[0].blank, json!({"ok": ""}));
}

#[tokio::test]
async fn a_blank_value_fits_where_the_result_is_wanted() {
    let host = Host::new(Guest::handler("welcome")).await;
    let step = host.handle(Scripted::new(Script::Blank)).await.unwrap();
    assert_eq!(summary(&step), "");
}

#[tokio::test]
async fn the_broker_can_end_an_activation() {
    let host = Host::new(Guest::handler("welcome")).await;
    let outcome = host.handle(Scripted::new(Script::Interrupt)).await;
    assert_eq!(outcome, Err(GuestError::Interrupted));
}

#[tokio::test]
async fn an_answer_of_the_wrong_type_is_told_with_its_place() {
    let host = Host::new(Guest::handler("welcome")).await;
    let broker = Scripted::new(Script::Answer(json!({"ok": 7})));
    let Err(GuestError::Type(message)) = host.handle(broker).await else {
        panic!("no type error")
    };
    assert_eq!(
        message,
        "answer to greet: result.ok: a string is wanted, 7 is given"
    );
}

#[tokio::test]
async fn a_panic_in_the_host_fails_one_call_only() {
    let host = Host::new(Guest::handler("welcome")).await;
    let Err(GuestError::Trap(message)) = host.handle(Scripted::new(Script::Panic)).await else {
        panic!("no trap")
    };
    assert!(message.contains("the host failed"), "{message}");
    let broker = Scripted::new(Script::Answer(json!({"ok": "still here"})));
    assert_eq!(summary(&host.handle(broker).await.unwrap()), "still here");
}

#[tokio::test]
async fn a_guest_that_waits_for_ever_is_ended() {
    let short = Limits {
        wall_handle: Duration::from_millis(50),
        ..limits()
    };
    let host = Host::with(short, Guest::handler("welcome")).await;
    let Err(GuestError::Limit { limit, .. }) = host.handle(Scripted::new(Script::Hang)).await
    else {
        panic!("no limit")
    };
    assert_eq!(limit, "limits.wall_handle");
}

#[tokio::test]
async fn places_come_back_after_calls_that_were_given_up() {
    let narrow = Limits {
        wall_handle: Duration::from_millis(20),
        handler_calls: 1,
        calls_per_plugin: 1,
        ..limits()
    };
    let host = Host::with(narrow, Guest::handler("welcome")).await;
    for _ in 0..5 {
        let outcome = host.handle(Scripted::new(Script::Hang)).await;
        assert!(
            matches!(outcome, Err(GuestError::Limit { .. })),
            "{outcome:?}"
        );
    }
    let broker = Scripted::new(Script::Answer(json!({"ok": "free"})));
    assert_eq!(summary(&host.handle(broker).await.unwrap()), "free");
}

#[tokio::test]
async fn a_full_house_is_busy() {
    let narrow = Limits {
        handler_calls: 1,
        queue_time: Duration::from_millis(20),
        ..limits()
    };
    let host = Arc::new(Host::with(narrow, Guest::handler("welcome")).await);
    let hanging = Scripted::new(Script::Hang);
    let first = tokio::spawn({
        let (host, broker) = (Arc::clone(&host), hanging.clone());
        async move { host.handle(broker).await }
    });
    while hanging.calls.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let outcome = host.handle(Scripted::new(Script::Blank)).await;
    assert!(matches!(outcome, Err(GuestError::Busy(_))), "{outcome:?}");
    first.abort();
}

#[tokio::test]
async fn a_question_does_not_wait_for_activations_that_may_have_asked_it() {
    let narrow = Limits {
        handler_calls: 1,
        calls_per_plugin: 1,
        queue_time: Duration::from_millis(20),
        ..limits()
    };
    let host = Arc::new(Host::with(narrow, Guest::handler("welcome")).await);
    let hanging = Scripted::new(Script::Hang);
    let activation = tokio::spawn({
        let (host, broker) = (Arc::clone(&host), hanging.clone());
        async move { host.handle(broker).await }
    });
    while hanging.calls.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let delivery = DeliveryContent::Request("{}".to_owned());
    let admission = host
        .registry
        .admit(&host.plugin.digest, "{}", &[], &delivery)
        .await;
    assert_eq!(admission, Ok(Admission::Ignore("not for me".to_owned())));
    activation.abort();
}

#[tokio::test]
async fn loops_recursion_and_traps_end_with_a_reason() {
    let cases = [
        ("(loop (br 0)) unreachable", "limits.cpu_handle"),
        ("(call $deep) unreachable", "call stack exhausted"),
        ("unreachable", "unreachable"),
        ("(i32.div_u (i32.const 1) (i32.const 0))", "divide by zero"),
        ("(i32.load (i32.const -8))", "out of bounds"),
    ];
    for (body, words) in cases {
        let host = Host::new(Guest::handler("failing").handling(body)).await;
        let error = host.handle(Scripted::new(Script::Blank)).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn hunger_for_memory_is_told_as_that() {
    let hungry = "(if (i32.eq (memory.grow (i32.const 100)) (i32.const -1)) (then unreachable))
                  (i32.const 0)";
    let tight = Limits {
        memory_bytes: 50 * 65_536,
        ..limits()
    };
    let host = Host::with(tight, Guest::handler("hungry").handling(hungry)).await;
    let error = host.handle(Scripted::new(Script::Blank)).await.unwrap_err();
    let GuestError::Limit { limit, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(limit, "limits.memory_bytes");
}

#[tokio::test]
async fn large_values_do_not_reach_the_host() {
    // A greeting for a name as long as the guest's whole memory of 8 MiB.
    let shouting = "(drop (memory.grow (i32.const 128)))
                    (call $greet (i32.const 0) (i32.const 8388608) (i32.const 0)) (i32.const 0)";
    let tight = Limits {
        hostcall_bytes: 1 << 20,
        ..limits()
    };
    let host = Host::with(tight, Guest::handler("shouting").handling(shouting)).await;
    let broker = Scripted::new(Script::Blank);
    let error = host.handle(broker.clone()).await.unwrap_err();
    let GuestError::Limit { limit, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(limit, "limits.hostcall_bytes");
    assert!(broker.calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn memory_of_one_call_is_not_seen_by_the_next() {
    // The first call leaves a mark far away; a call that finds one traps.
    let marking = "(if (i32.load (i32.const 100000)) (then unreachable))
                   (i32.store (i32.const 100000) (i32.const 1))";
    let host = Host::new(Guest::connector("greeter", "clean").greeting_with(&format!(
        "{marking}
         (i32.store8 (i32.const 0) (i32.const 0))
         (i32.store (i32.const 4) (i32.const 0))
         (i32.store (i32.const 8) (i32.const 0))
         (i32.const 0)"
    )))
    .await;
    for _ in 0..3 {
        assert_eq!(host.greet(context()).await, Ok(json!({"ok": ""})));
    }
}

#[tokio::test]
async fn a_connector_is_told_its_circumstances() {
    // Answers with the settings: field 1 of the context, a pointer and a length at offset 8.
    let host = Host::new(Guest::connector("greeter", "").greeting_with(
        "(call $context (i32.const 512))
         (i32.store8 (i32.const 0) (i32.const 0))
         (i32.store (i32.const 4) (i32.load (i32.const 520)))
         (i32.store (i32.const 8) (i32.load (i32.const 524)))
         (i32.const 0)",
    ))
    .await;
    assert_eq!(
        host.greet(context()).await,
        Ok(json!({"ok": r#"{"tenant":"acme"}"#}))
    );
}

#[tokio::test]
async fn a_caller_may_allow_less_time_than_the_limit() {
    let endless = Limits {
        cpu_call: Duration::from_secs(3600),
        ..limits()
    };
    let guest = Guest::connector("greeter", "").greeting_with("(loop (br 0)) unreachable");
    let host = Host::with(endless, guest).await;
    let hurried = CallContext {
        timeout: Duration::from_millis(50),
        ..context()
    };
    let error = host.greet(hurried).await.unwrap_err();
    let GuestError::Limit { limit, message } = error else {
        panic!("{error}")
    };
    assert_eq!(limit, "limits.wall_call");
    assert!(message.contains("50 ms"), "{message}");
}

#[tokio::test]
async fn a_function_that_is_not_there_and_a_wrong_argument_are_told() {
    let host = Host::new(Guest::connector("greeter", "hi")).await;
    let digest = &host.plugin.digest;
    let interface = InterfaceName::new("acme:greeting/greeter");
    for (function, arguments, message) in [
        (
            "wave",
            json!(["you"]),
            "greeter does not export acme:greeting/greeter.wave",
        ),
        (
            "greet",
            json!([]),
            "acme:greeting/greeter.greet takes 1 arguments, 0 are given",
        ),
        (
            "greet",
            json!([1]),
            "call of acme:greeting/greeter.greet: name: a string is wanted, 1 is given",
        ),
    ] {
        let (function, arguments) = (interface.function(function), arguments.as_array().unwrap());
        let outcome = host
            .registry
            .call(digest, &connection(), context(), &function, arguments)
            .await;
        assert_eq!(outcome, Err(GuestError::Type(message.to_owned())));
    }
}

#[tokio::test]
async fn admission_is_read() {
    let host = Host::new(Guest::handler("welcome")).await;
    let delivery = DeliveryContent::Request("{}".to_owned());
    let admission = host
        .registry
        .admit(&host.plugin.digest, "{}", &[], &delivery)
        .await;
    assert_eq!(admission, Ok(Admission::Ignore("not for me".to_owned())));
}
