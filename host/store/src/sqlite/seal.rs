//! Sealing what vendors say and what handlers remember, so that a copy of the file does not tell it.
//!
//! Payload columns ([`SEALED`]) are written through the SQL function `seal` and read through
//! `unseal`, which every connection gets here; without a key both hand on what they are given. The
//! cipher is XChaCha20-Poly1305 with a random nonce for each value, and the column is authenticated
//! with it, so that nobody can move a value to another column or change it unnoticed. Everything
//! else is kept readable: it is searched, sorted, or hashed into the audit chain.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chacha20poly1305::aead::{Aead as _, Generate as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension as _};
use sha2::{Digest as _, Sha256};

use crate::{Error, Result};

/// Columns that hold payloads: table and column.
pub(super) const SEALED: &[(&str, &str)] = &[
    ("events", "body"),
    ("webhooks", "delivery"),
    ("webhooks", "body"),
    ("runs", "handler_state"),
    ("inbox", "content"),
    ("journal", "entry"),
];

/// What sealed values begin with. JSON does not begin so.
const MARK: &str = "sealed:";

/// Bytes of a key.
const KEY_LENGTH: usize = 32;

/// Bytes of a nonce, which stands before what is sealed with it.
const NONCE_LENGTH: usize = 24;

/// Bytes of the digest that a key is named by: enough to tell keys apart, and of no help in guessing
/// a random one.
const ID_LENGTH: usize = 6;

/// The row of `meta` that says which key a store is sealed with.
const META: &str = "sealed-with";

/// A key of 32 random bytes. It is named by a digest of it, which may be shown.
#[derive(Clone)]
pub struct StoreKey {
    cipher: Arc<XChaCha20Poly1305>,
    id: String,
}

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a key: 32 bytes in base64 are needed, as `openssl rand -base64 32` makes them")]
pub struct BadKey;

impl StoreKey {
    /// A key from its base64.
    ///
    /// # Errors
    /// If it is not the base64 of 32 bytes. A sentence is refused: it could be guessed.
    pub fn from_base64(text: &str) -> std::result::Result<Self, BadKey> {
        let bytes = BASE64.decode(text.trim()).map_err(|_| BadKey)?;
        let bytes: [u8; KEY_LENGTH] = bytes.try_into().map_err(|_| BadKey)?;
        let mut digest = Sha256::new();
        digest.update(b"forebay store key");
        digest.update(bytes);
        let named = &digest.finalize()[..ID_LENGTH];
        let id = named.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            cipher: Arc::new(XChaCha20Poly1305::new(&bytes.into())),
            id,
        })
    }

    /// What it is called.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    fn seal(&self, column: &str, plain: &[u8]) -> std::result::Result<Vec<u8>, Broken> {
        let nonce = XNonce::try_generate().map_err(|_| Broken("no random numbers"))?;
        let payload = Payload {
            msg: plain,
            aad: column.as_bytes(),
        };
        let sealed = self.cipher.encrypt(&nonce, payload);
        let sealed = sealed.map_err(|_| Broken("a value is too large to be sealed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    fn unseal(&self, column: &str, sealed: &[u8]) -> std::result::Result<Vec<u8>, Broken> {
        let changed = Broken("a sealed value was changed or is not of this column");
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE_LENGTH>()
            .ok_or_else(|| changed.clone())?;
        let payload = Payload {
            msg: sealed,
            aad: column.as_bytes(),
        };
        self.cipher
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| changed)
    }
}

impl fmt::Debug for StoreKey {
    /// Its name only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoreKey").field(&self.id).finish()
    }
}

/// Why a value could not be sealed or unsealed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
struct Broken(&'static str);

/// Give a connection the functions `seal` and `unseal`, which take a column's name and a value.
pub(super) fn teach(connection: &Connection, key: Option<&StoreKey>) -> Result<()> {
    teach_both(connection, key, key)
}

/// The same with a key that values are sealed with and another that they shall be sealed with.
pub(super) fn teach_both(
    connection: &Connection,
    old: Option<&StoreKey>,
    new: Option<&StoreKey>,
) -> Result<()> {
    add(connection, "unseal", old.cloned(), unsealed)?;
    add(connection, "seal", new.cloned(), sealed)
}

type Change = fn(Option<&StoreKey>, &str, ValueRef<'_>) -> std::result::Result<Value, Broken>;

fn add(connection: &Connection, name: &str, key: Option<StoreKey>, change: Change) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    let function = move |context: &Context<'_>| {
        let column = context.get_raw(0).as_str()?;
        change(key.as_ref(), column, context.get_raw(1))
            .map_err(|broken| rusqlite::Error::UserFunctionError(Box::new(broken)))
    };
    Ok(connection.create_scalar_function(name, 2, flags, function)?)
}

fn sealed(
    key: Option<&StoreKey>,
    column: &str,
    value: ValueRef<'_>,
) -> std::result::Result<Value, Broken> {
    match (key, value) {
        (Some(key), ValueRef::Text(plain)) => {
            let sealed = key.seal(column, plain)?;
            Ok(Value::Text(format!("{MARK}{}", BASE64.encode(sealed))))
        }
        (Some(key), ValueRef::Blob(plain)) => {
            let sealed = key.seal(column, plain)?;
            Ok(Value::Blob([MARK.as_bytes(), &sealed].concat()))
        }
        (_, value) => unchanged(value),
    }
}

fn unsealed(
    key: Option<&StoreKey>,
    column: &str,
    value: ValueRef<'_>,
) -> std::result::Result<Value, Broken> {
    const PLAIN: Broken = Broken("a value that should be sealed is not");
    match (key, value) {
        (Some(key), ValueRef::Text(sealed)) => {
            let sealed = sealed.strip_prefix(MARK.as_bytes()).ok_or(PLAIN)?;
            let sealed = BASE64.decode(sealed).map_err(|_| PLAIN)?;
            let plain = String::from_utf8(key.unseal(column, &sealed)?);
            plain
                .map(Value::Text)
                .map_err(|_| Broken("a sealed text is no text"))
        }
        (Some(key), ValueRef::Blob(sealed)) => {
            let sealed = sealed.strip_prefix(MARK.as_bytes()).ok_or(PLAIN)?;
            Ok(Value::Blob(key.unseal(column, sealed)?))
        }
        (_, value) => unchanged(value),
    }
}

fn unchanged(value: ValueRef<'_>) -> std::result::Result<Value, Broken> {
    Value::try_from(value).map_err(|_| Broken("a text is not UTF-8"))
}

/// Name of the key that a store is sealed with.
pub(super) fn sealed_with(connection: &Connection) -> Result<Option<String>> {
    let sql = "SELECT value FROM meta WHERE key = ?1";
    let found = connection.query_row(sql, [META], |row| row.get(0));
    Ok(found.optional()?)
}

/// Does this key, or none, fit the store? Reads only.
pub(super) fn check(connection: &Connection, key: Option<&StoreKey>) -> Result<()> {
    let wanted = sealed_with(connection)?;
    match (wanted, key) {
        (None, None) => Ok(()),
        (Some(wanted), Some(key)) if wanted == key.id => Ok(()),
        (None, Some(_)) if is_blank(connection)? => Ok(()),
        (None, Some(key)) => Err(Error::Locked(format!(
            "it is not sealed, and store.key is set to the key {}; seal what is in it with \
             `forebay rekey`, or leave store.key out",
            key.id
        ))),
        (Some(wanted), None) => Err(Error::Locked(format!(
            "it is sealed with the key {wanted}, and store.key is not set; set it to that key"
        ))),
        (Some(wanted), Some(key)) => Err(Error::Locked(format!(
            "it is sealed with the key {wanted}, and store.key is another one, {}; set it to the \
             key {wanted}",
            key.id
        ))),
    }
}

/// Say in the store which key it is sealed with.
pub(super) fn note(connection: &Connection, key: Option<&StoreKey>) -> Result<()> {
    match key {
        Some(key) => connection.execute(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) \
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [META, &key.id],
        )?,
        None => connection.execute("DELETE FROM meta WHERE key = ?1", [META])?,
    };
    Ok(())
}

/// Is there nothing that would have to be sealed?
fn is_blank(connection: &Connection) -> Result<bool> {
    for (table, _) in SEALED {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {table})");
        if connection.query_row(&sql, [], |row| row.get(0))? {
            return Ok(false);
        }
    }
    Ok(true)
}
