//! The media of an asset: files, proxies, and whether they can be worked with.

use forebay_sdk::Error;
use forebay_sdk::assets::{AssetKind, Link, Readiness};
use forebay_sdk::http::encode_component;

use crate::Iconik;
use crate::wire::{RawAsset, RawFile};

/// What is known of the media of the current version.
#[derive(Debug)]
pub(crate) struct Media {
    pub(crate) kind: Option<AssetKind>,
    pub(crate) checksum: Option<String>,
    pub(crate) size: Option<u64>,
    pub(crate) readiness: Readiness,
    pub(crate) links: Vec<Link>,
}

impl Iconik {
    pub(crate) fn media(&self, asset: &RawAsset) -> Result<Media, Error> {
        let files = self.of_version(asset, "files")?;
        let proxies = self.of_version(asset, "proxies")?;
        let kind = kind_of(asset, files.first());
        let closed = |file: &&RawFile| file.status == "CLOSED";
        let mut preview = proxies.iter().any(|proxy| closed(&proxy));
        let moving = matches!(kind, Some(AssetKind::Video | AssetKind::Audio) | None);
        if !preview && !moving {
            // Pictures and documents are shown by keyframes; a proxy is made of moving media only.
            preview = self
                .of_version(asset, "keyframes")?
                .iter()
                .any(|frame| closed(&frame));
        }
        let originals = one_copy(&files);
        let single = match originals.as_slice() {
            [file] => Some(*file),
            _ => None,
        };
        let sizes: Option<i64> = originals.iter().map(|file| file.size).sum();
        let links = proxies
            .iter()
            .filter(|proxy| self.settings.proxy_links && !proxy.url.is_empty());
        Ok(Media {
            kind,
            checksum: single
                .and_then(|file| file.checksum.as_deref())
                .filter(|checksum| !checksum.is_empty())
                .map(|checksum| format!("{}:{checksum}", self.settings.checksum_algorithm)),
            size: sizes
                .filter(|_| !originals.is_empty())
                .and_then(|size| u64::try_from(size).ok()),
            readiness: Readiness {
                preview,
                files_closed: originals.iter().all(|file| file.is_complete()),
                failure: failure(&originals, &proxies),
                // One that got its media keeps its type, so what counts is whether there are files.
                placeholder: originals.is_empty()
                    && matches!(asset.kind.as_str(), "ASSET" | "PLACEHOLDER"),
            },
            links: links
                .map(|proxy| Link {
                    rel: "proxy".to_owned(),
                    href: proxy.url.clone(),
                })
                .collect(),
        })
    }

    /// Files, proxies or keyframes of an asset's current version.
    fn of_version(&self, asset: &RawAsset, what: &str) -> Result<Vec<RawFile>, Error> {
        let version = asset.current_id(self.settings.current_version);
        let url = self.url(&format!(
            "files/v1/assets/{}/{what}/",
            encode_component(&asset.id)
        ));
        let signed = self.settings.proxy_links && what == "proxies";
        let signed = if signed { "true" } else { "false" };
        let mut found: Vec<RawFile> =
            self.all_by_last_id(&url, &[("generate_signed_url", signed)])?;
        found.retain(|file| {
            file.status != "DELETED" && (file.version_id.is_empty() || file.version_id == version)
        });
        Ok(found)
    }
}

/// The files of one file set: every storage that holds the original has a set of the same files. One
/// at hand comes before one in an archive.
fn one_copy(files: &[RawFile]) -> Vec<&RawFile> {
    let real = || files.iter().filter(|file| file.kind != "DIRECTORY");
    let at_hand = real().find(|file| file.status != "ARCHIVED");
    let Some(first) = at_hand.or_else(|| real().next()) else {
        return Vec::new();
    };
    real()
        .filter(|file| file.file_set_id == first.file_set_id)
        .collect()
}

fn failure(files: &[&RawFile], proxies: &[RawFile]) -> Option<String> {
    let bad = |file: &&&RawFile| matches!(file.status.as_str(), "FAILED" | "MISSING");
    if let Some(file) = files.iter().find(bad) {
        return Some(format!("file {} is {}", file.name, file.status));
    }
    let failed = proxies.iter().find(|proxy| proxy.status == "FAILED")?;
    let none_closed = proxies.iter().all(|proxy| proxy.status != "CLOSED");
    none_closed.then(|| format!("proxy {} is {}", failed.name, failed.status))
}

/// The kind of media, from the index's word or an ending of a name. `None` where nothing tells it.
pub(crate) fn kind_of(asset: &RawAsset, file: Option<&RawFile>) -> Option<AssetKind> {
    let word = asset.media_type.split('/').next().unwrap_or_default();
    let by_word = match word.to_lowercase().as_str() {
        "image" => Some(AssetKind::Image),
        "video" => Some(AssetKind::Video),
        "audio" => Some(AssetKind::Audio),
        "document" | "text" => Some(AssetKind::Document),
        _ => None,
    };
    let by_name = |name: &str| by_ending(name.rsplit_once('.')?.1);
    by_word
        .or_else(|| by_name(&asset.title))
        .or_else(|| by_name(&file?.name))
}

fn by_ending(ending: &str) -> Option<AssetKind> {
    Some(match ending.to_lowercase().as_str() {
        "jpg" | "jpeg" | "png" | "gif" | "tif" | "tiff" | "psd" | "svg" | "webp" | "heic"
        | "bmp" | "eps" | "ai" | "dng" | "cr2" | "cr3" | "nef" | "arw" | "exr" | "dpx" => {
            AssetKind::Image
        }
        "mp4" | "mov" | "mxf" | "avi" | "mkv" | "m4v" | "webm" | "wmv" | "mpg" | "mpeg" | "mts"
        | "m2ts" | "r3d" | "braw" | "ari" => AssetKind::Video,
        "wav" | "mp3" | "aac" | "aif" | "aiff" | "flac" | "m4a" | "ogg" => AssetKind::Audio,
        "pdf" | "doc" | "docx" | "txt" | "rtf" | "odt" | "xls" | "xlsx" | "csv" | "indd" => {
            AssetKind::Document
        }
        "ppt" | "pptx" | "key" | "odp" => AssetKind::Presentation,
        _ => return None,
    })
}
