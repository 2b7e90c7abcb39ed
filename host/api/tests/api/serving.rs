//! Over a real socket: served until told to stop, open requests finish or are cut.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::support::Host;

#[tokio::test]
async fn it_serves_until_told_to_stop() {
    let host = Host::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(host.api.clone().serve(listener, async move {
        let _ = stopped.await;
    }));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nhost: forebay\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_after_the_drain_timeout() {
    let host = Host::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(host.api.clone().serve(listener, async move {
        let _ = stopped.await;
    }));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = json!({"do": "hang"}).to_string();
    let request = format!(
        "POST /v1/flows/approval/runs HTTP/1.1\r\nhost: forebay\r\nx-api-key: all\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    // The request waits for its own timeout, at 30 s; the drain for its, at 1 s + 30 s.
    while host.clock.next_deadline().is_none() {
        tokio::task::yield_now().await;
    }
    let timeout = host.clock.next_deadline().unwrap();
    stop.send(()).unwrap();
    tokio::task::yield_now().await;
    assert!(!serving.is_finished());
    while !serving.is_finished() {
        host.clock.advance_to(timeout.plus(Duration::from_secs(60)));
        tokio::task::yield_now().await;
    }
    serving.await.unwrap().unwrap();
}
