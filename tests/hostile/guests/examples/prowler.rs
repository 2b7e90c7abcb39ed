//! Goes where it is told to, allowed or not, and tells what came back.

hostile_guests::connector!(hostile_guests::connector_info("prowler"), |url| {
    hostile_guests::http::get(url)
});
