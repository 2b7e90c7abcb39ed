//! Access tokens: issued, expired, revoked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_model::Timestamp;
use sha2::Digest as _;

use super::lock;

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// It was never issued.
    Unknown,
    /// Its life is over.
    Expired,
    /// It was taken back.
    Revoked,
}

/// The tokens of one simulator.
#[derive(Clone, Debug, Default)]
pub struct Tokens(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    issued: BTreeMap<String, Token>,
    /// Credentials are refused and no token is issued.
    locked: bool,
}

#[derive(Debug)]
struct Token {
    actor: String,
    expires_at: Timestamp,
    revoked: bool,
}

impl Tokens {
    /// Issue a token that lets its bearer act as `actor` for `lifetime`; absent while credentials
    /// are revoked.
    #[must_use]
    pub fn issue(&self, actor: &str, now: Timestamp, lifetime: Duration) -> Option<String> {
        let mut state = lock(&self.0);
        if state.locked {
            return None;
        }
        let seed = format!("{actor}/{}/{now}", state.issued.len());
        let token = hex::encode(sha2::Sha256::digest(seed.as_bytes()));
        let expires_at = now.plus(lifetime);
        state.issued.insert(
            token.clone(),
            Token {
                actor: actor.to_owned(),
                expires_at,
                revoked: false,
            },
        );
        Some(token)
    }

    /// Accept a value chosen from outside as a token, as an administrator hands one out.
    pub fn accept(&self, token: &str, actor: &str, expires_at: Timestamp) {
        let accepted = Token {
            actor: actor.to_owned(),
            expires_at,
            revoked: false,
        };
        lock(&self.0).issued.insert(token.to_owned(), accepted);
    }

    /// All tokens that were ever issued or accepted.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        lock(&self.0).issued.keys().cloned().collect()
    }

    /// Who bears this token?
    ///
    /// # Errors
    /// When it is unknown, expired or revoked, or while credentials are revoked.
    pub fn check(&self, token: &str, now: Timestamp) -> Result<String, TokenFault> {
        let state = lock(&self.0);
        let found = state.issued.get(token).ok_or(TokenFault::Unknown)?;
        if found.revoked || state.locked {
            return Err(TokenFault::Revoked);
        }
        if now >= found.expires_at {
            return Err(TokenFault::Expired);
        }
        Ok(found.actor.clone())
    }

    /// Take back every token issued so far; new ones can be had.
    pub fn revoke_all(&self) {
        lock(&self.0)
            .issued
            .values_mut()
            .for_each(|token| token.revoked = true);
    }

    /// Refuse all credentials, or accept them again. Tokens issued before work again too.
    pub fn revoke_credentials(&self, revoked: bool) {
        lock(&self.0).locked = revoked;
    }

    /// Are credentials refused?
    #[must_use]
    pub fn credentials_revoked(&self) -> bool {
        lock(&self.0).locked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_expire_and_are_taken_back() {
        let tokens = Tokens::default();
        let token = tokens
            .issue("ann", Timestamp(0), Duration::from_millis(10))
            .unwrap();
        assert_eq!(tokens.check(&token, Timestamp(9)), Ok("ann".to_owned()));
        assert_eq!(
            tokens.check(&token, Timestamp(10)),
            Err(TokenFault::Expired)
        );
        assert_eq!(tokens.check("x", Timestamp(0)), Err(TokenFault::Unknown));
        tokens.revoke_credentials(true);
        assert_eq!(tokens.check(&token, Timestamp(0)), Err(TokenFault::Revoked));
        assert_eq!(
            tokens.issue("ann", Timestamp(0), Duration::from_secs(1)),
            None
        );
        tokens.revoke_credentials(false);
        assert_eq!(tokens.check(&token, Timestamp(0)), Ok("ann".to_owned()));
        tokens.revoke_all();
        assert_eq!(tokens.check(&token, Timestamp(0)), Err(TokenFault::Revoked));
    }
}
