//! A response, read to its end.

use serde::de::DeserializeOwned;

use crate::types::Error;

/// How much of a body that cannot be read an error shows, in characters.
const EXCERPT: usize = 120;

/// A vendor's response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Status.
    pub status: u16,
    /// Headers, names in lowercase.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Response {
    /// Is the status 2xx?
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of this name, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(present, _)| present.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text; what is no UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// `unavailable` where it is something else: a proxy's page, a cut response, an API that has
    /// changed. The message shows where and how the body begins.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let excerpt: String = self.text().chars().take(EXCERPT).collect();
            Error::unavailable(format!(
                "the vendor's answer cannot be read: {error}; it begins with {excerpt:?}"
            ))
        })
    }
}
