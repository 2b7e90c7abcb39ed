//! Takes memory until there is none: piece by piece, or more than exists at once.

hostile_guests::connector!(hostile_guests::connector_info("allocation"), |how| {
    let piece = match how {
        "at once" => 1 << 30,
        _ => 1 << 20,
    };
    let mut taken: Vec<Vec<u8>> = Vec::new();
    loop {
        taken.push(std::hint::black_box(vec![0xa5; piece]));
    }
});
