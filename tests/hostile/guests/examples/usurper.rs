//! Calls itself by another plugin's name.

hostile_guests::connector!(hostile_guests::connector_info("neighbour"), |_| {
    "I am the neighbour now".to_owned()
});
