//! Sends more headers than anybody should.

use hostile_guests::http;
use wasip2::http::types::Fields;

hostile_guests::connector!(hostile_guests::connector_info("headers"), |how| {
    let fields = Fields::new();
    let mut count = 0;
    let refused = loop {
        let name = format!("x-flood-{count}");
        match fields.append(&name, b"0123456789") {
            Ok(()) => count += 1,
            Err(error) => break format!("{error:?}"),
        }
        if count == 100_000 {
            break "never".to_owned();
        }
    };
    let sent = match http::request(how, fields) {
        Ok(request) => http::send(request, ""),
        Err(problem) => problem,
    };
    format!("{count} taken, then {refused}; {sent}")
});
