//! What the connector tells the host about itself.

use forebay_sdk::connector::{
    AuthScheme, ClientCredentials, ConnectorInfo, Pair, ParametersIn, WebhookAuth,
};
use forebay_sdk::reads;

use crate::settings::{DEFAULT_OAUTH_URL, OTHER_DOMAINS, Settings};

/// Secret that Canto sends in the body of every webhook.
pub(crate) const WEBHOOK_SECRET: &str = "webhook_token";

/// Field of a webhook's body that carries [`WEBHOOK_SECRET`].
const WEBHOOK_FIELD: &str = "secure_token";

/// An endpoint for webhooks. Canto's payload does not name the event, so each has one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Upload,
    UpdateMetadata,
    Delete,
    NewVersion,
    AssignToAlbum,
    RemoveFromAlbum,
}

impl Endpoint {
    pub(crate) const ALL: [Self; 6] = [
        Self::Upload,
        Self::UpdateMetadata,
        Self::Delete,
        Self::NewVersion,
        Self::AssignToAlbum,
        Self::RemoveFromAlbum,
    ];

    /// Last segment of its URL.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::UpdateMetadata => "update-metadata",
            Self::Delete => "delete",
            Self::NewVersion => "new-version",
            Self::AssignToAlbum => "assign-to-album",
            Self::RemoveFromAlbum => "remove-from-album",
        }
    }

    /// The event in the words of Canto's settings page.
    pub(crate) fn canto_event(self) -> &'static str {
        match self {
            Self::Upload => "Upload",
            Self::UpdateMetadata => "Update Metadata",
            Self::Delete => "Delete Asset",
            Self::NewVersion => "Add New Version",
            Self::AssignToAlbum => "Assign to Album",
            Self::RemoveFromAlbum => "Remove from Album",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|endpoint| endpoint.name() == name)
    }
}

pub(crate) fn info() -> ConnectorInfo {
    let mut info = ConnectorInfo::new::<Settings>(
        "canto",
        env!("CARGO_PKG_VERSION"),
        "Canto DAM",
        "Tells what happens to assets in Canto, reads, updates, files, shares and deletes them.",
    );
    // A domain has its own OAuth host, unless the settings name another.
    for domain in OTHER_DOMAINS {
        info = info.auth_when(
            &[("domain", domain), ("oauth_url", DEFAULT_OAUTH_URL)],
            credentials("https://oauth.{domain}"),
        );
    }
    // The OAuth host is no host of the connector's: only the host program speaks to it.
    info = info
        .auth(credentials("{oauth_url}"))
        .host("https://{tenant}.{domain}")
        .host("{base_url}")
        .reads(reads::ASSET_SOURCE)
        .reads(reads::FIELDS)
        .reads(reads::VERSIONS)
        .reads(reads::COLLECTIONS)
        .reads(reads::SHARING)
        .reads(reads::LIFECYCLE)
        .reads(reads::RELATIONS)
        .reads(reads::USAGE)
        .rate_class(
            "level-4",
            "{level_4_per_minute}",
            &["/api/v1/batch/album", "/api/v1/folder/"],
        )
        .rate_class("calls", "{calls_per_minute}", &["/api/v1/"])
        .event_kinds(&[
            "asset.created",
            "asset.version-current",
            "asset.updated",
            "asset.deleted",
            "collection.added",
            "collection.removed",
            "share.created",
        ]);
    for endpoint in Endpoint::ALL {
        info = info.webhook(
            endpoint.name(),
            format!("Canto's event \"{}\"", endpoint.canto_event()),
            WebhookAuth::BodyField(WEBHOOK_FIELD.to_owned()),
            WEBHOOK_SECRET,
        );
    }
    info
}

/// Canto calls client id and secret `app_id` and `app_secret`, and answers in camelCase.
fn credentials(oauth_host: &str) -> AuthScheme {
    let pair = |name: &str, value: &str| Pair {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    AuthScheme::ClientCredentials(ClientCredentials {
        token_url: format!("{oauth_host}/oauth/api/oauth2/token"),
        id_parameter: "app_id".to_owned(),
        secret_parameter: "app_secret".to_owned(),
        parameters: vec![
            pair("grant_type", "client_credentials"),
            pair("scope", "{oauth_scope}"),
            pair("user_id", "{acting_user}"),
        ],
        send_in: ParametersIn::Form,
        token_field: "accessToken".to_owned(),
        expires_field: "expiresIn".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_an_endpoint_of_its_own_with_the_token_in_the_body() {
        let info = info();
        assert_eq!(info.webhooks.len(), Endpoint::ALL.len());
        for webhook in &info.webhooks {
            assert!(Endpoint::parse(&webhook.name).is_some(), "{}", webhook.name);
            assert!(
                matches!(&webhook.auth, WebhookAuth::BodyField(field) if field == "secure_token")
            );
        }
    }

    #[test]
    fn the_last_way_to_authenticate_always_applies_and_needs_no_domain() {
        let info = info();
        let last = info.auth.last().unwrap();
        assert!(last.when.is_empty());
        let AuthScheme::ClientCredentials(client) = &last.scheme else {
            panic!("client credentials")
        };
        assert_eq!(client.token_url, "{oauth_url}/oauth/api/oauth2/token");
        assert_eq!(client.id_parameter, "app_id");
    }
}
