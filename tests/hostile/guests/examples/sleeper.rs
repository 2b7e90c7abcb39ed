//! Uses no processor time and never returns.

hostile_guests::connector!(hostile_guests::connector_info("sleeper"), |_| {
    std::thread::sleep(std::time::Duration::from_secs(1 << 30));
    "awake".to_owned()
});
