//! How Canto writes values: dates, numbers, schemes.

use forebay_model::Timestamp;
use serde::{Deserialize, Serialize};

/// Longest fraction `yyyyMMddHHmmssSSS` holds.
const DATE_DIGITS: usize = 17;

/// A date as Canto writes it: `yyyyMMddHHmmssSSS`, UTC.
#[must_use]
pub fn date(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.0)
        .map(|time| time.strftime("%Y%m%d%H%M%S%3f").to_string())
        .unwrap_or_default()
}

/// Reads [`date`] back. A shorter text is filled with zeros: `20250131` is the start of that day.
#[must_use]
pub fn parse_date(text: &str) -> Option<Timestamp> {
    if text.len() < 8 || text.len() > DATE_DIGITS || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let full = format!("{text:0<DATE_DIGITS$}");
    let part = |from: usize, to: usize| &full[from..to];
    let rfc = format!(
        "{}-{}-{}T{}:{}:{}.{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14),
        part(14, 17)
    );
    rfc.parse().ok()
}

/// Kind of content; with an id it names a piece of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Sound.
    Audio,
    /// A document.
    Document,
    /// Slides.
    Presentation,
    /// Anything else.
    Other,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Image,
        Self::Video,
        Self::Audio,
        Self::Document,
        Self::Presentation,
        Self::Other,
    ];

    /// The word in paths and replies.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Presentation => "presentation",
            Self::Other => "other",
        }
    }

    /// The scheme of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.word() == word)
    }

    /// The scheme Canto files a file under, by its extension.
    #[must_use]
    pub fn of_file(name: &str) -> Self {
        match extension(name).as_str() {
            "jpg" | "jpeg" | "png" | "gif" | "tif" | "tiff" | "webp" | "svg" => Self::Image,
            "mp4" | "mov" | "mxf" | "webm" | "avi" => Self::Video,
            "mp3" | "wav" | "aac" | "flac" => Self::Audio,
            "pdf" | "doc" | "docx" | "txt" | "md" => Self::Document,
            "ppt" | "pptx" | "key" => Self::Presentation,
            _ => Self::Other,
        }
    }
}

/// Extension of a file name in lower case; empty where there is none.
#[must_use]
pub fn extension(name: &str) -> String {
    name.rsplit_once('.')
        .map(|(_, extension)| extension.to_lowercase())
        .unwrap_or_default()
}

/// Content type of a file by its extension.
#[must_use]
pub fn content_type(name: &str) -> &'static str {
    match extension(name).as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "mp4" => "video/mp4",
        "mov" => "video/quicktime",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "pdf" => "application/pdf",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Identity of a piece of content: neither part is enough alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ContentId {
    /// Its scheme.
    pub scheme: Scheme,
    /// Its id within the scheme.
    pub id: String,
}

impl ContentId {
    /// From its two parts.
    #[must_use]
    pub fn new(scheme: Scheme, id: impl Into<String>) -> Self {
        Self {
            scheme,
            id: id.into(),
        }
    }
}

impl std::fmt::Display for ContentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.scheme.word(), self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_seventeen_digits() {
        let time: Timestamp = "2024-01-31T09:45:12.007Z".parse().unwrap();
        assert_eq!(date(time), "20240131094512007");
        assert_eq!(parse_date("20240131094512007"), Some(time));
        assert_eq!(parse_date("20240131"), "2024-01-31T00:00:00Z".parse().ok());
        assert_eq!(parse_date("2024-01-31"), None);
        assert_eq!(parse_date("20241399"), None);
    }

    #[test]
    fn files_are_filed_by_extension() {
        assert_eq!(Scheme::of_file("Hero.JPG"), Scheme::Image);
        assert_eq!(Scheme::of_file("clip.mov"), Scheme::Video);
        assert_eq!(Scheme::of_file("README"), Scheme::Other);
    }
}
