//! Ends badly while a request of its own is under way.

use hostile_guests::http;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{Fields, OutgoingBody};

hostile_guests::connector!(hostile_guests::connector_info("holding"), |how| {
    let (how, url) = how.split_once(' ').unwrap_or(("", how));
    let request = http::request(url, Fields::new()).unwrap();
    let body = request.body().unwrap();
    let _future = outgoing_handler::handle(request, None).unwrap();
    OutgoingBody::finish(body, None).unwrap();
    // The request has left once its answer begins.
    match how {
        "body" => {
            _future.subscribe().block();
            let response = _future.get().unwrap().unwrap().unwrap();
            let incoming = response.consume().unwrap();
            let _stream = incoming.stream().unwrap();
            panic!("in the middle of a body");
        }
        "loop" => loop {
            std::hint::black_box(());
        },
        _ => {
            let _ = _future.subscribe().ready();
            panic!("in the middle of a call");
        }
    }
});
