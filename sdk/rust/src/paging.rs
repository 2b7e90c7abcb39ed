//! Opaque paging tokens and cursors: what a connector needs to go on, as one text.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::types::Error;

/// Longest token that is read, in bytes. A token holds an offset or a few ids; a larger one is not ours.
pub const TOKEN_LIMIT: usize = 64 * 1024;

/// Write a token.
///
/// # Errors
/// `invalid` where it cannot be written as JSON.
pub fn encode<T: Serialize>(position: &T) -> Result<String, Error> {
    let json = serde_json::to_vec(position)
        .map_err(|error| Error::invalid(format!("the page token cannot be written: {error}")))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// Read a token; no token is `None`, the first page.
///
/// # Errors
/// `invalid` where it is none of ours.
pub fn decode<T: DeserializeOwned>(token: Option<&str>) -> Result<Option<T>, Error> {
    let Some(token) = token else { return Ok(None) };
    let broken = || Error::invalid("the page token is none of this connector's").with_field("page");
    if token.len() > TOKEN_LIMIT {
        return Err(broken());
    }
    let json = URL_SAFE_NO_PAD.decode(token).map_err(|_| broken())?;
    serde_json::from_slice(&json).map(Some).map_err(|_| broken())
}

/// Collect all pages of a listing, at most `limit` items, and say whether there was more.
///
/// # Errors
/// Those of `page`.
pub fn collect<T>(
    limit: usize,
    mut page: impl FnMut(Option<&str>) -> Result<(Vec<T>, Option<String>), Error>,
) -> Result<(Vec<T>, bool), Error> {
    let mut all = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let (items, after) = page(next.as_deref())?;
        all.extend(items);
        if all.len() > limit {
            all.truncate(limit);
            return Ok((all, true));
        }
        match after {
            Some(after) if all.len() == limit => {
                let _ = after;
                return Ok((all, true));
            }
            Some(after) => next = Some(after),
            None => return Ok((all, false)),
        }
    }
}
