//! A vendor for tests: scripted answers, kept requests.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use serde_json::Value as Json;

use crate::http::{Method, Request, Response, Transport, TransportError};

/// What is answered: a response, or none.
pub type Reply = Result<Response, TransportError>;

/// Answers requests by method and the path with query; keeps every request. Answers to the same
/// request are used up in order, the last one stays. A request without an answer is `NotSent`, so
/// that a test sees it.
///
/// ```
/// use forebay_sdk::http::{Http, Method};
/// use forebay_sdk::testing::{Recorded, START};
///
/// let vendor = Recorded::new();
/// vendor.on(Method::Get, "/api/things/7", 200, serde_json::json!({"name": "hero"}));
/// let http = Http::new(vendor.clone().into_transport(), START);
/// let thing: serde_json::Value = http.get("https://vendor.test/api/things/7").send()?.json()?;
/// assert_eq!(thing["name"], "hero");
/// assert_eq!(vendor.requests().len(), 1);
/// # Ok::<(), forebay_sdk::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Recorded(Rc<RefCell<Exchanges>>);

#[derive(Default)]
struct Exchanges {
    answers: Vec<Answer>,
    requests: Vec<Request>,
}

struct Answer {
    method: Method,
    path: String,
    replies: VecDeque<Reply>,
}

impl Recorded {
    /// A vendor that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answer with a status and a JSON body. A path without `?` matches whatever the query.
    pub fn on(&self, method: Method, path: &str, status: u16, body: Json) -> &Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let body = body.to_string().into_bytes();
        self.reply(
            method,
            path,
            Ok(Response {
                status,
                headers,
                body,
            }),
        )
    }

    /// Answer with anything, a lost response for instance.
    pub fn reply(&self, method: Method, path: &str, reply: Reply) -> &Self {
        let answers = &mut self.0.borrow_mut().answers;
        match answers
            .iter_mut()
            .find(|answer| answer.method == method && answer.path == path)
        {
            Some(answer) => answer.replies.push_back(reply),
            None => answers.push(Answer {
                method,
                path: path.to_owned(),
                replies: VecDeque::from([reply]),
            }),
        }
        self
    }

    /// The requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.0.borrow().requests.clone()
    }

    /// The requests so far, as `GET /path?query`.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        let line = |request: &Request| format!("{} {}", request.method, path_of(&request.url));
        self.0.borrow().requests.iter().map(line).collect()
    }

    /// The JSON body of a request, counted from 0; `null` where there is none.
    #[must_use]
    pub fn body(&self, index: usize) -> Json {
        let exchanges = self.0.borrow();
        let body = exchanges
            .requests
            .get(index)
            .map(|request| request.body.as_slice());
        body.and_then(|body| serde_json::from_slice(body).ok())
            .unwrap_or(Json::Null)
    }

    /// As a transport for [`super::CallBuilder::transport`] and `Http::new`; keep a clone to look at
    /// the requests.
    #[must_use]
    pub fn into_transport(self) -> Rc<dyn Transport> {
        Rc::new(self)
    }
}

impl Transport for Recorded {
    fn exchange(&self, request: &Request) -> Reply {
        let mut exchanges = self.0.borrow_mut();
        exchanges.requests.push(request.clone());
        let full = path_of(&request.url);
        let bare = full.split('?').next().unwrap_or_default();
        let found = |path: &str| path == full || path == bare;
        let exact = exchanges
            .answers
            .iter()
            .position(|answer| answer.method == request.method && answer.path == full);
        let index = exact.or_else(|| {
            exchanges
                .answers
                .iter()
                .position(|answer| answer.method == request.method && found(&answer.path))
        });
        let unscripted =
            || TransportError::NotSent(format!("no answer scripted for {} {full}", request.method));
        let Some(index) = index else {
            return Err(unscripted());
        };
        let replies = &mut exchanges.answers[index].replies;
        match replies.len() {
            0 => Err(unscripted()),
            1 => replies[0].clone(),
            _ => replies.pop_front().unwrap_or_else(|| Err(unscripted())),
        }
    }
}

/// Path and query of a URL.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |slash| &rest[slash..])
}
