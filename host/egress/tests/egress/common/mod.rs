//! A vendor on the loopback that records what it is sent, a scripted resolver, and a connection.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use forebay_egress::{Body, BodyError, Connection, ConnectionPolicy, Options, Resolver, Timeouts};
use forebay_model::manifest::{
    AuthChoice, AuthScheme, ClientCredentials, ConnectorInfo, Pair, ParametersIn,
};
use forebay_model::{SecretSet, Timestamp, VirtualClock};
use http_body_util::{BodyExt as _, Full};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Request line and headers, as sent.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let lines = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        lines
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }
}

/// What the vendor answers: pieces written one by one, each when the test lets it.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// These bytes, in pieces with a flush after each.
    Pieces(Vec<Vec<u8>>),
    /// These bytes, and then nothing more while the connection stays open.
    Stall(Vec<u8>),
    /// The connection is closed without a word.
    Close,
}

pub(crate) fn answer(status: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut text = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    Answer::Pieces(vec![format!("{text}\r\n{body}").into_bytes()])
}

pub(crate) fn ok(body: &str) -> Answer {
    answer("200 OK", &[("Content-Type", "application/json")], body)
}

type Script = Arc<dyn Fn(&Seen) -> Answer + Send + Sync>;

/// A server that answers by a script.
pub(crate) struct Vendor {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Vendor {
    pub(crate) async fn start(script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (record, script): (_, Script) = (seen.clone(), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, record.clone(), script.clone()));
            }
        });
        Self { address, seen }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, record: Arc<Mutex<Vec<Seen>>>, script: Script) {
    let mut read = Vec::new();
    loop {
        let Some(seen) = read_request(&mut stream, &mut read).await else {
            return;
        };
        record.lock().unwrap().push(seen.clone());
        match script(&seen) {
            Answer::Pieces(pieces) => {
                for piece in pieces {
                    if stream.write_all(&piece).await.is_err() {
                        return;
                    }
                    stream.flush().await.unwrap();
                    tokio::task::yield_now().await;
                }
            }
            Answer::Stall(bytes) => {
                stream.write_all(&bytes).await.unwrap();
                let mut rest = [0];
                let _ = stream.read(&mut rest).await;
                return;
            }
            Answer::Close => return,
        }
    }
}

async fn read_request(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<Seen> {
    let head_end = loop {
        if let Some(at) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&read[..head_end - 4]).into_owned();
    let mut seen = Seen {
        head,
        body: String::new(),
    };
    if seen.header("transfer-encoding").is_some() {
        // Chunks are kept as they are; the tests look for what is in them.
        while !read.ends_with(b"0\r\n\r\n") {
            if stream.read_buf(read).await.ok()? == 0 {
                return None;
            }
        }
        seen.body = String::from_utf8_lossy(&read[head_end..]).into_owned();
        read.clear();
        return Some(seen);
    }
    let length: usize = seen
        .header("content-length")
        .map_or(0, |text| text.parse().unwrap());
    while read.len() < head_end + length {
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
    seen.body = String::from_utf8_lossy(&read[head_end..head_end + length]).into_owned();
    read.drain(..head_end + length);
    Some(seen)
}

/// Answers names by a script: one answer per call, the last for ever.
#[derive(Default)]
pub(crate) struct Names {
    answers: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    pub(crate) fn with(self, name: &str, answers: &[&[&str]]) -> Self {
        let parsed = answers
            .iter()
            .map(|list| list.iter().map(|a| a.parse().unwrap()).collect());
        self.answers
            .lock()
            .unwrap()
            .insert(name.to_owned(), parsed.collect());
        self
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        self.asked.lock().unwrap().push(name.to_owned());
        let mut answers = self.answers.lock().unwrap();
        let list = answers.get_mut(name).ok_or("no such name")?;
        let answer = if list.len() > 1 {
            list.pop_front()
        } else {
            list.front().cloned()
        };
        answer.ok_or_else(|| "no answer".to_owned())
    }
}

pub(crate) fn info(hosts: &[&str], scheme: AuthScheme) -> ConnectorInfo {
    ConnectorInfo {
        name: "dam".into(),
        version: "1.0.0".into(),
        vendor: "Vendor".into(),
        summary: String::new(),
        settings_schema: "{}".into(),
        auth: vec![AuthChoice {
            when: vec![],
            scheme,
        }],
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        reads: vec![],
        rate_classes: vec![],
        webhooks: vec![],
        event_kinds: vec![],
        body_secrets: vec![],
    }
}

pub(crate) fn client_credentials(token_url: &str) -> AuthScheme {
    AuthScheme::ClientCredentials(ClientCredentials {
        token_url: token_url.into(),
        id_parameter: "app_id".into(),
        secret_parameter: "app_secret".into(),
        parameters: vec![
            Pair {
                name: "scope".into(),
                value: "admin".into(),
            },
            Pair {
                name: "user_id".into(),
                value: "{absent}".into(),
            },
        ],
        send_in: ParametersIn::Form,
        token_field: "accessToken".into(),
        expires_field: "expiresIn".into(),
    })
}

pub(crate) fn secrets() -> SecretSet {
    let mut secrets = SecretSet::default();
    secrets.insert("app_id", "app-1234");
    secrets.insert("app_secret", "s3cret-of-app");
    secrets.insert("key", "key-0123456789");
    secrets
}

pub(crate) fn policy(info: ConnectorInfo, allow: &[&str]) -> ConnectionPolicy {
    ConnectionPolicy {
        name: "dam".into(),
        settings: serde_json::json!({}),
        info,
        secrets: secrets(),
        allow_hosts: allow.iter().map(|entry| (*entry).to_owned()).collect(),
        allow_private: vec![],
        extra_roots: None,
    }
}

/// A connection on virtual time.
pub(crate) struct Rig {
    pub(crate) clock: VirtualClock,
    pub(crate) names: Arc<Names>,
    pub(crate) connection: Arc<Connection>,
}

pub(crate) const START: Timestamp = Timestamp(1_700_000_000_000);

pub(crate) fn rig(policy: ConnectionPolicy, options: Options, names: Names) -> Rig {
    let clock = VirtualClock::new(START);
    let names = Arc::new(names);
    let connection =
        Connection::with_resolver(policy, options, Arc::new(clock.clone()), names.clone()).unwrap();
    Rig {
        clock,
        names,
        connection: Arc::new(connection),
    }
}

/// A connection that may reach just this vendor, by its address.
pub(crate) fn to(vendor: &Vendor, scheme: AuthScheme) -> Rig {
    let origin = vendor.url("");
    rig(
        policy(info(&[&origin], scheme), &[&origin]),
        Options::default(),
        Names::default(),
    )
}

pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Result<String, String>,
}

impl Rig {
    pub(crate) async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Body>, forebay_egress::Error> {
        self.connection.send(request, Timeouts::UNLIMITED).await
    }

    pub(crate) async fn get(&self, url: &str) -> Result<Got, forebay_egress::Error> {
        self.fetch(request("GET", url, &[], "")).await
    }

    pub(crate) async fn fetch(
        &self,
        request: http::Request<Body>,
    ) -> Result<Got, forebay_egress::Error> {
        let (parts, body) = self.send(request).await?.into_parts();
        let body = body.collect().await;
        Ok(Got {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body
                .map(|all| String::from_utf8(all.to_bytes().to_vec()).unwrap())
                .map_err(|error| error.to_string()),
        })
    }

    /// Wait until somebody sleeps for a time, and move there.
    pub(crate) async fn pass_time(&self) -> Duration {
        let deadline = loop {
            if let Some(deadline) = self.clock.next_deadline() {
                break deadline;
            }
            tokio::task::yield_now().await;
        };
        use forebay_model::Clock as _;
        let passed = deadline.since(self.clock.now());
        self.clock.advance_to(deadline);
        passed
    }
}

pub(crate) fn body(text: &str) -> Body {
    Full::new(Bytes::from(text.to_owned()))
        .map_err(|never| -> BodyError { match never {} })
        .boxed_unsync()
}

pub(crate) fn request(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    text: &str,
) -> http::Request<Body> {
    let mut builder = http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(body(text)).unwrap()
}
