//! Guests that take more than their share: time, memory, tables, stack, handles, log.

use std::time::Duration;

use forebay_hostile::{House, Place, guests, limits};
use forebay_model::ports::GuestError;
use forebay_sandbox::Limits;

/// The limit that stopped a guest, and what is said about it.
fn stopped(outcome: Result<String, GuestError>) -> (&'static str, String) {
    match outcome {
        Err(GuestError::Limit { limit, message }) => (limit, message),
        other => panic!("no limit: {other:?}"),
    }
}

#[tokio::test]
async fn an_endless_loop_runs_out_of_processor_time() {
    let house = House::with(&["endless_loop"]).await;
    let outcome = house.beside(house.act("endless-loop", "")).await;
    let (limit, message) = stopped(outcome);
    assert_eq!(limit, "limits.cpu_call");
    assert!(
        message.contains("more than 500 ms of processor time"),
        "{message}"
    );
}

#[tokio::test]
async fn as_many_endless_loops_as_there_are_places_do_not_stop_the_neighbour() {
    let mut limits = limits();
    limits.calls_per_plugin = 3;
    let house = House::limited(limits, &["endless_loop"]).await;
    let act = || house.act("endless-loop", "");
    let (one, two, three) = house
        .beside(async { tokio::join!(act(), act(), act()) })
        .await;
    for outcome in [one, two, three] {
        assert_eq!(stopped(outcome).0, "limits.cpu_call");
    }
}

#[tokio::test]
async fn sleeping_for_ever_ends_with_the_call() {
    let house = House::with(&["sleeper"]).await;
    let sleep = house.act_within("sleeper", "", Duration::from_millis(200));
    let (limit, message) = stopped(house.beside(sleep).await);
    assert_eq!(limit, "limits.wall_call");
    assert!(message.contains("within 200 ms"), "{message}");
}

#[tokio::test]
async fn a_loop_before_the_first_call_keeps_the_file_out() {
    let place = Place::default();
    place.drop_guest("neighbour");
    place.drop_file("looping_start.wasm", &guests::wat("looping_start"));
    let house = House::at(place, limits()).await.unwrap();
    let (code, reason) = house.refusal("looping_start.wasm");
    assert_eq!(code, "describe-failed");
    assert!(reason.contains("limits.cpu_describe"), "{reason}");
    house.neighbour_answers().await;
}

#[tokio::test]
async fn memory_ends_at_its_limit_piece_by_piece_and_at_once() {
    let house = House::with(&["allocation"]).await;
    for how in ["piece by piece", "at once"] {
        let (limit, message) = stopped(house.beside(house.act("allocation", how)).await);
        assert_eq!(limit, "limits.memory_bytes", "{how}");
        assert!(message.contains("limits.memory_bytes"), "{message}");
    }
}

#[tokio::test]
async fn a_table_ends_at_its_limit() {
    let place = Place::default();
    place.drop_guest("neighbour");
    place.drop_file("growing_table.wasm", &guests::wat("growing_table"));
    let house = House::at(place, limits()).await.unwrap();
    let (limit, _) = stopped(house.beside(house.act("growing-table", "")).await);
    assert_eq!(limit, "limits.table_elements");
}

#[tokio::test]
async fn recursion_ends_at_the_stack_limit() {
    let house = House::with(&["deep_recursion"]).await;
    let (limit, message) = stopped(house.beside(house.act("deep-recursion", "")).await);
    assert_eq!(limit, "limits.wasm_stack_bytes");
    assert!(message.contains("call stack exhausted"), "{message}");
    assert!(message.len() < 2_000, "a backtrace without end");
    // The other stack lies in the guest's memory and ends where that does.
    match house.beside(house.act("deep-recursion", "in memory")).await {
        Err(GuestError::Trap(message)) => assert!(message.contains("out of bounds"), "{message}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn host_objects_end_at_their_limit() {
    let house = House::with(&["handles"]).await;
    for how in ["fields", "pollables"] {
        let (limit, _) = stopped(house.beside(house.act("handles", how)).await);
        assert_eq!(limit, "limits.resources", "{how}");
    }
}

#[tokio::test]
async fn handles_end_at_their_limit() {
    let tight = Limits {
        component_handles: 100,
        ..limits()
    };
    let house = House::limited(tight, &["handles"]).await;
    let (limit, _) = stopped(house.beside(house.act("handles", "fields")).await);
    assert_eq!(limit, "limits.component_handles");
}

#[tokio::test]
async fn huge_values_stop_at_the_boundary() {
    let roomy = Limits {
        memory_bytes: 256 << 20,
        cpu_call: Duration::from_secs(10),
        ..limits()
    };
    let house = House::limited(roomy, &["huge_values"]).await;
    for how in ["text out", "list out", "text back"] {
        let (limit, message) = stopped(house.beside(house.act("huge-values", how)).await);
        assert_eq!(limit, "limits.hostcall_bytes", "{how}");
        assert!(message.contains("too much data"), "{message}");
    }
    let list_back = house.beside(house.check("huge-values")).await;
    assert_eq!(
        stopped(list_back.map(|count| count.to_string())).0,
        "limits.hostcall_bytes"
    );
    let (limit, _) = stopped(house.beside(house.act("huge-values", "random")).await);
    assert_eq!(limit, "limits.random_bytes");
}

#[tokio::test]
async fn a_flood_of_output_drowns_nobody() {
    let house = House::with(&["flood"]).await;
    for how in ["lines", "log", "one line"] {
        let answer = house.beside(house.act("flood", how)).await;
        assert!(
            matches!(answer.as_deref(), Ok("written"))
                || matches!(
                    answer,
                    Err(GuestError::Limit {
                        limit: "limits.cpu_call",
                        ..
                    })
                ),
            "{answer:?}"
        );
    }
    let lines = house.log.of_plugin("flood");
    let written: usize = lines.iter().map(String::len).sum();
    assert!(lines.len() <= 700, "{} lines", lines.len());
    assert!(written < 300 << 10, "{written} bytes");
    let told = house.log.with("log lines of the plugin were dropped");
    assert!(
        !told.is_empty() && told.iter().all(|line| line.contains("plugin=\"flood\"")),
        "{told:?}"
    );
}

#[tokio::test]
async fn output_cannot_pose_as_the_hosts_or_steer_a_terminal() {
    let house = House::with(&["flood"]).await;
    house.beside(house.act("flood", "nasty")).await.unwrap();
    let lines = house.log.of_plugin("flood");
    assert_eq!(lines.len(), 4, "{lines:#?}");
    assert!(
        lines[0].contains("\\u{1b}[2J") && lines[0].contains("\\u{202e}evil"),
        "{lines:#?}"
    );
    assert!(lines[3].contains("line one\\u{a}line two"), "{lines:#?}");
    house.log.assert_unforged();
}
