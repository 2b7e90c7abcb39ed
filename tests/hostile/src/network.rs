//! A vendor on the loopback that keeps what it is sent, byte by byte, and a resolver that follows a
//! script.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use forebay_egress::Resolver;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the vendor does once the head of a request is there.
#[derive(Clone)]
pub enum Answer {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes, and then one more at every pause, without end.
    Drip(Vec<u8>, Duration),
    /// These bytes, and then silence.
    Silence(Vec<u8>),
}

/// A whole answer.
#[must_use]
pub fn answer(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut text = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    Answer::Bytes(bytes)
}

/// A server that gives one answer to everybody.
pub struct Vendor {
    /// Where it is.
    pub address: SocketAddr,
    received: Arc<Mutex<String>>,
    open: watch::Receiver<usize>,
}

impl Vendor {
    /// Start it.
    pub async fn start(answer: Answer) -> Self {
        Self::start_at("127.0.0.1:0", answer).await
    }

    /// Start it at this address.
    pub async fn start_at(address: &str, answer: Answer) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let received: Arc<Mutex<String>> = Arc::default();
        let (count, open) = watch::channel(0);
        let record = received.clone();
        tokio::spawn(async move {
            let count = Arc::new(count);
            while let Ok((stream, _)) = listener.accept().await {
                let (record, answer, count) = (record.clone(), answer.clone(), count.clone());
                tokio::spawn(async move {
                    count.send_modify(|open| *open += 1);
                    serve(stream, &record, answer).await;
                    count.send_modify(|open| *open -= 1);
                });
            }
        });
        Self {
            address,
            received,
            open,
        }
    }

    /// Its address as an origin.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A URL of it.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// All bytes it received.
    #[must_use]
    pub fn received(&self) -> String {
        self.received.lock().unwrap().clone()
    }

    /// Wait until all connections are closed by the other side.
    pub async fn deserted(&self) {
        let mut open = self.open.clone();
        let closed = open.wait_for(|open| *open == 0);
        let waited = tokio::time::timeout(Duration::from_secs(20), closed).await;
        waited.expect("the connections stay open").unwrap();
    }
}

async fn serve(mut stream: TcpStream, record: &Mutex<String>, answer: Answer) {
    let mut piece = vec![0; 16 << 10];
    let mut answered = false;
    loop {
        let Ok(count @ 1..) = stream.read(&mut piece).await else {
            return;
        };
        let whole = {
            let mut record = record.lock().unwrap();
            record.push_str(&String::from_utf8_lossy(&piece[..count]));
            record.contains("\r\n\r\n")
        };
        if !whole || answered {
            continue;
        }
        answered = true;
        match &answer {
            Answer::Bytes(bytes) | Answer::Silence(bytes) => {
                let _ = stream.write_all(bytes).await;
            }
            Answer::Drip(bytes, pause) => {
                let _ = stream.write_all(bytes).await;
                let mut ticks = tokio::time::interval(*pause);
                loop {
                    ticks.tick().await;
                    if stream.write_all(b".").await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// Answers names by a script: one list of addresses per question, the last for ever.
#[derive(Default)]
pub struct Names(Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>);

impl Names {
    /// One name more.
    #[must_use]
    pub fn with(self, name: &str, answers: &[&[&str]]) -> Self {
        let parsed = answers
            .iter()
            .map(|list| list.iter().map(|text| text.parse().unwrap()).collect())
            .collect();
        self.0.lock().unwrap().insert(name.to_owned(), parsed);
        self
    }
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        let mut names = self.0.lock().unwrap();
        let answers = names.get_mut(name).ok_or("no such name")?;
        let next = match answers.len() {
            0 | 1 => answers.front().cloned(),
            _ => answers.pop_front(),
        };
        next.ok_or_else(|| "no answer".to_owned())
    }
}
