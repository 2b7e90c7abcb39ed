//! Calls itself without end: on the engine's stack, or on the one in its own memory.

fn deeper(depth: u32) -> u32 {
    if depth == u32::MAX {
        return 0;
    }
    1 + deeper(depth + 1).rotate_left(depth)
}

fn deeper_in_memory(depth: u32) -> u32 {
    let here = std::hint::black_box([depth; 256]);
    if depth == u32::MAX {
        return 0;
    }
    deeper_in_memory(std::hint::black_box(depth + 1)) + here[3]
}

hostile_guests::connector!(hostile_guests::connector_info("deep-recursion"), |how| {
    match how {
        "in memory" => deeper_in_memory(0).to_string(),
        _ => deeper(0).to_string(),
    }
});
