//! Leaves secrets all over its memory, or looks for what others left.

use std::sync::atomic::{AtomicU64, Ordering};

const MARK: u64 = 0x5ec2_e75e_c2e7_5ec2;
const PAGE: usize = 64 << 10;
const PAGES: usize = 128;

static STATIC: AtomicU64 = AtomicU64::new(0);

/// Fresh pages, as the host gives them.
fn fresh() -> &'static mut [u64] {
    let before = core::arch::wasm32::memory_grow::<0>(PAGES);
    assert!(before != usize::MAX, "no memory");
    let start = (before * PAGE) as *mut u64;
    unsafe { std::slice::from_raw_parts_mut(start, PAGES * PAGE / 8) }
}

hostile_guests::connector!(hostile_guests::connector_info("scribbler"), |how| {
    let words = fresh();
    let found =
        words.iter().filter(|word| **word != 0).count() as u64 + STATIC.load(Ordering::Relaxed);
    if how == "look" {
        return found.to_string();
    }
    words.fill(MARK);
    STATIC.store(MARK, Ordering::Relaxed);
    match how {
        "fill and trap" => core::arch::wasm32::unreachable(),
        "fill and loop" => loop {
            std::hint::black_box(());
        },
        _ => found.to_string(),
    }
});
