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
    serde_json::from_slice(&json)
        .map(Some)
        .map_err(|_| broken())
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
            Some(_) if all.len() == limit => return Ok((all, true)),
            Some(after) => next = Some(after),
            None => return Ok((all, false)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_as_it_was() {
        let token = encode(&("scheme/é", 200)).unwrap();
        assert!(
            token
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)),
            "{token}"
        );
        let position: Option<(String, u32)> = decode(Some(&token)).unwrap();
        assert_eq!(position, Some(("scheme/é".to_owned(), 200)));
        assert_eq!(decode::<u32>(None).unwrap(), None);
    }

    #[test]
    fn a_strange_token_is_refused() {
        let long = "A".repeat(TOKEN_LIMIT + 1);
        for token in ["", "%%%", "bm90IGpzb24", long.as_str()] {
            assert_eq!(
                decode::<u32>(Some(token)).unwrap_err().case(),
                "invalid",
                "{token:.20}"
            );
        }
    }

    #[test]
    fn collecting_stops_at_the_limit_and_says_so() {
        let pages = |page: Option<&str>| match page {
            None => Ok((vec![1, 2], Some("b".to_owned()))),
            Some("b") => Ok((vec![3], None)),
            Some(other) => Err(Error::invalid(other)),
        };
        assert_eq!(collect(9, pages).unwrap(), (vec![1, 2, 3], false));
        assert_eq!(collect(3, pages).unwrap(), (vec![1, 2, 3], false));
        assert_eq!(collect(2, pages).unwrap(), (vec![1, 2], true));
        assert_eq!(collect(1, pages).unwrap(), (vec![1], true));
    }
}
