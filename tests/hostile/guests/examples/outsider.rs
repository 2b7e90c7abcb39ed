//! A handler that tries every way out a program has.

use std::net::{TcpListener, TcpStream, ToSocketAddrs as _, UdpSocket};

fn tried<T>(what: &str, outcome: Result<T, impl std::fmt::Display>) -> String {
    match outcome {
        Ok(_) => format!("{what}: reached"),
        Err(error) => format!("{what}: {error}"),
    }
}

hostile_guests::handler!(hostile_guests::handler_info("outsider"), |url| {
    let address = url.trim_start_matches("http://");
    let ways = [
        tried("tcp", TcpStream::connect(address)),
        tried("listen", TcpListener::bind("127.0.0.1:0")),
        tried("udp", UdpSocket::bind("127.0.0.1:0")),
        tried("dns", ("localhost", 80).to_socket_addrs()),
        tried("read", std::fs::read("/etc/passwd")),
        tried("write", std::fs::write("/tmp/forebay-outsider", "x")),
        tried("list", std::fs::read_dir("/")),
        format!("environment: {}", std::env::vars().count()),
        format!("arguments: {}", std::env::args().count()),
        format!("http: {}", hostile_guests::http::get(url)),
    ];
    ways.join("\n")
});
