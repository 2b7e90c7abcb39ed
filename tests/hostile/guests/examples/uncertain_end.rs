//! A handler that has something done and then fails, so that nobody hears of it from it.

use hostile_guests::handler::test::hostile::deed;

hostile_guests::handler!(hostile_guests::handler_info("uncertain-end"), |how| {
    let answer = deed::act("once");
    match how {
        "trap" => core::arch::wasm32::unreachable(),
        "loop" => loop {
            std::hint::black_box(());
        },
        _ => answer.unwrap_or_else(|error| format!("{error:?}")),
    }
});
