//! Never returns.

hostile_guests::connector!(hostile_guests::connector_info("endless-loop"), |_| {
    let mut count = 0_u64;
    loop {
        count = std::hint::black_box(count.wrapping_add(1));
    }
});
