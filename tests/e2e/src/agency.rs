//! The vendor of the third party's example: a stock agency that sells licences.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, put};
use axum::{Json, Router};
use serde_json::{Value, json};

/// Key of the agency's API.
pub(crate) const API_KEY: &str = "stockpile-key-of-the-tests";

/// Flow of the example that asks the agency.
pub const LICENCES: &str = "licence-check";

/// A running agency. It ends with the runtime of its test.
pub struct Agency {
    base_url: String,
    books: Books,
}

type Books = Arc<Mutex<Book>>;

struct Book {
    /// What every licence's status is.
    status: &'static str,
    /// Purposes that each order was marked as used for.
    used: BTreeSet<(String, String)>,
    /// Requests without the key.
    strangers: u32,
}

impl Agency {
    /// An agency where every asset has a licence of this status for `web`.
    ///
    /// # Errors
    /// If it cannot listen.
    pub async fn start(status: &'static str) -> anyhow::Result<Self> {
        let books = Arc::new(Mutex::new(Book {
            status,
            used: BTreeSet::new(),
            strangers: 0,
        }));
        let router = Router::new()
            .route("/v2/accounts/me", get(account))
            .route("/v2/licences", get(licences))
            .route("/v2/licences/{order}/uses/{purpose}", put(mark))
            .with_state(Arc::clone(&books));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { base_url, books })
    }

    /// Its address.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// From now on all licences have this status.
    pub fn set_status(&self, status: &'static str) {
        lock(&self.books).status = status;
    }

    /// Orders with the purposes that they were marked as used for.
    #[must_use]
    pub fn used(&self) -> Vec<(String, String)> {
        lock(&self.books).used.iter().cloned().collect()
    }

    /// Requests that came without the key.
    #[must_use]
    pub fn strangers(&self) -> u32 {
        lock(&self.books).strangers
    }
}

fn lock(books: &Books) -> MutexGuard<'_, Book> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The books, for those who show the key.
fn open<'a>(books: &'a Books, headers: &HeaderMap) -> Result<MutexGuard<'a, Book>, StatusCode> {
    let mut book = lock(books);
    let shown = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    if shown == Some(format!("Bearer {API_KEY}").as_str()) {
        return Ok(book);
    }
    book.strangers += 1;
    Err(StatusCode::UNAUTHORIZED)
}

async fn account(
    State(books): State<Books>,
    headers: HeaderMap,
) -> Result<Json<Value>, StatusCode> {
    open(&books, &headers).map(|_| Json(json!({ "id": "acme" })))
}

#[derive(serde::Deserialize)]
struct Wanted {
    reference: String,
}

async fn licences(
    State(books): State<Books>,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, StatusCode> {
    let status = open(&books, &headers)?.status;
    let order = format!("order-of-{}", wanted.reference);
    Ok(Json(json!({ "licences": [
        { "order": order, "reference": wanted.reference, "status": status, "uses": ["web"] },
    ]})))
}

async fn mark(
    State(books): State<Books>,
    headers: HeaderMap,
    Path(use_of): Path<(String, String)>,
) -> Result<StatusCode, StatusCode> {
    open(&books, &headers)?.used.insert(use_of);
    Ok(StatusCode::NO_CONTENT)
}
