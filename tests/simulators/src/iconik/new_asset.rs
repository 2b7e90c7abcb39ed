//! An asset that a test wants.

use bytes::Bytes;
use serde_json::Value;

/// What a test puts into the domain.
#[derive(Clone, Debug)]
pub struct NewAsset {
    /// Title, also the file's name.
    pub title: String,
    /// `ASSET` or `PLACEHOLDER`.
    pub kind: String,
    /// The file; a placeholder has none.
    pub content: Option<Bytes>,
    /// Status of the file: `CLOSED`, or `GROWING` until [`Iconik::close_file`](super::Iconik::close_file).
    pub file_status: String,
    /// Who uploads it.
    pub by: String,
    /// Path of the collection to put it in, made where missing.
    pub collection: Option<String>,
    /// Metadata.
    pub metadata: Vec<(String, Value)>,
}

impl NewAsset {
    /// A closed file of a user.
    #[must_use]
    pub fn new(title: &str, content: &'static str, by: &str) -> Self {
        Self {
            title: title.to_owned(),
            kind: "ASSET".to_owned(),
            content: Some(Bytes::from_static(content.as_bytes())),
            file_status: "CLOSED".to_owned(),
            by: by.to_owned(),
            collection: None,
            metadata: Vec::new(),
        }
    }

    /// An asset whose media has not come.
    #[must_use]
    pub fn placeholder(title: &str, by: &str) -> Self {
        Self {
            kind: "PLACEHOLDER".to_owned(),
            content: None,
            ..Self::new(title, "", by)
        }
    }

    /// A file that still grows.
    #[must_use]
    pub fn growing(self) -> Self {
        Self {
            file_status: "GROWING".to_owned(),
            ..self
        }
    }

    /// In a collection, by its path of titles.
    #[must_use]
    pub fn in_collection(self, path: &str) -> Self {
        Self {
            collection: Some(path.to_owned()),
            ..self
        }
    }

    /// With a metadata value.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.metadata.push((field.to_owned(), value.into()));
        self
    }
}
