//! Not hostile: who has to go on living next to the others.

hostile_guests::connector!(hostile_guests::connector_info("neighbour"), |how| {
    format!("well, thank you ({how})")
});
