//! Stockpile's API: `GET /v2/licences?reference=…` and `PUT /v2/licences/{order}/uses/{purpose}`.

use forebay_sdk::connector::AuthScheme;
use forebay_sdk::http::{Http, encode_component};
use forebay_sdk::{Call, Connector, ConnectorInfo, Error, Finding, lenient, time};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::bindings::licences::{Licence, LicenceState};

/// Settings of a connection.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Address of the agency's API, without a slash at the end.
    #[serde(default = "default_base_url")]
    base_url: String,
    /// Account that the licences were bought with.
    account: String,
}

fn default_base_url() -> String {
    "https://api.stockpile.example".to_owned()
}

/// One call's view of the agency.
pub struct Stockpile {
    http: Http,
    settings: Settings,
}

impl Connector for Stockpile {
    fn describe() -> ConnectorInfo {
        ConnectorInfo::new::<Settings>(
            "stock-licences",
            env!("CARGO_PKG_VERSION"),
            "Stockpile",
            "Looks up licences bought at Stockpile and marks them as used.",
        )
        .auth(AuthScheme::Bearer("api_key".to_owned()))
        .host("{base_url}")
        .reads(&["acme:licensing/licences.lookup"])
        .rate_class("all", "120", &["/v2/"])
    }

    fn new(call: Call) -> Result<Self, Error> {
        Ok(Self {
            settings: call.settings()?,
            http: call.http(),
        })
    }

    fn check(&self) -> Result<Vec<Finding>, Error> {
        let account: Account = self.http.get(self.url("accounts/me")).send()?.json()?;
        if account.id == self.settings.account {
            return Ok(Vec::new());
        }
        let message = format!("the key belongs to account {}", account.id);
        Ok(vec![Finding::error(
            "account",
            message,
            "correct the account, or use its own key",
        )])
    }
}

#[derive(Deserialize)]
struct Account {
    #[serde(deserialize_with = "lenient::string")]
    id: String,
}

#[derive(Deserialize)]
struct Found {
    #[serde(default, deserialize_with = "lenient::list")]
    licences: Vec<Bought>,
}

#[derive(Deserialize)]
struct Bought {
    #[serde(deserialize_with = "lenient::string")]
    order: String,
    reference: String,
    status: String,
    #[serde(default, deserialize_with = "lenient::list")]
    uses: Vec<String>,
    #[serde(default)]
    ends: Option<String>,
}

impl Stockpile {
    /// The licence bought for an asset: a valid one before any other.
    ///
    /// # Errors
    /// Those of the contract.
    pub(crate) fn lookup(&self, asset: &str) -> Result<Option<Licence>, Error> {
        let found: Found = self
            .http
            .get(self.url("licences"))
            .query("account", &self.settings.account)
            .query("reference", asset)
            .send()?
            .json()?;
        let mut licences = found
            .licences
            .into_iter()
            .map(licence)
            .collect::<Result<Vec<_>, _>>()?;
        licences.sort_by_key(|licence| licence.state != LicenceState::Valid);
        Ok(licences.into_iter().next())
    }

    /// Mark a licence as used. The agency keeps a set of purposes, so putting one twice is harmless
    /// and a lost answer may simply be repeated.
    ///
    /// # Errors
    /// Those of the contract.
    pub(crate) fn mark_used(&self, order: &str, purpose: &str) -> Result<(), Error> {
        let (order, purpose) = (encode_component(order), encode_component(purpose));
        let url = self.url(&format!("licences/{order}/uses/{purpose}"));
        self.http
            .put(url)
            .json(&serde_json::json!({}))
            .send_effect()?
            .or_repeat()?;
        Ok(())
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v2/{path}", self.settings.base_url)
    }
}

fn licence(bought: Bought) -> Result<Licence, Error> {
    let state = match bought.status.as_str() {
        "active" => LicenceState::Valid,
        "ordered" => LicenceState::Pending,
        "expired" => LicenceState::Expired,
        "revoked" => LicenceState::Revoked,
        other => return Err(Error::invalid(format!("the agency says status {other:?}"))),
    };
    let ends_at = match bought.ends.as_deref() {
        None | Some("") => None,
        Some(text) => Some(time::parse_lenient(text).ok_or_else(|| {
            Error::invalid(format!("the agency says a licence ends at {text:?}"))
        })?),
    };
    Ok(Licence {
        order: bought.order,
        asset: bought.reference,
        state,
        uses: bought.uses,
        ends_at,
    })
}

#[cfg(test)]
mod tests {
    use forebay_sdk::http::{Method, TransportError};
    use forebay_sdk::testing::{self, Recorded};
    use serde_json::json;

    use super::*;

    fn agency(vendor: &Recorded) -> Stockpile {
        let settings = json!({"base_url": "https://stock.test", "account": "acme"});
        let transport = vendor.clone().into_transport();
        Stockpile::new(testing::call(&settings).transport(transport).build()).unwrap()
    }

    #[test]
    fn a_valid_licence_comes_before_an_expired_one() {
        let vendor = Recorded::new();
        let found = json!({"licences": [
            {"order": 1, "reference": "hero", "status": "expired", "uses": null, "ends": "2020-01-01"},
            {"order": 2, "reference": "hero", "status": "active", "uses": ["web"]},
        ]});
        vendor.on(Method::Get, "/v2/licences", 200, found);
        let licence = agency(&vendor).lookup("hero").unwrap().unwrap();
        assert_eq!(
            (licence.order.as_str(), licence.state),
            ("2", LicenceState::Valid)
        );
        assert_eq!(
            vendor.seen(),
            ["GET /v2/licences?account=acme&reference=hero"]
        );
    }

    #[test]
    fn no_licence_is_an_answer() {
        let vendor = Recorded::new();
        vendor.on(Method::Get, "/v2/licences", 200, json!({"licences": null}));
        assert_eq!(agency(&vendor).lookup("hero").unwrap(), None);
    }

    #[test]
    fn an_unknown_status_is_not_guessed() {
        let vendor = Recorded::new();
        let found = json!({"licences": [{"order": 1, "reference": "hero", "status": "frozen"}]});
        vendor.on(Method::Get, "/v2/licences", 200, found);
        assert_eq!(
            agency(&vendor).lookup("hero").unwrap_err().case(),
            "invalid"
        );
    }

    #[test]
    fn marking_may_be_repeated_after_a_lost_answer() {
        let vendor = Recorded::new();
        let path = "/v2/licences/2/uses/web%20banner";
        vendor.reply(
            Method::Put,
            path,
            Err(TransportError::Lost("reset".to_owned())),
        );
        vendor.on(Method::Put, path, 204, json!(null));
        let agency = agency(&vendor);
        assert_eq!(
            agency.mark_used("2", "web banner").unwrap_err().case(),
            "unavailable"
        );
        assert_eq!(agency.mark_used("2", "web banner"), Ok(()));
    }

    #[test]
    fn a_key_of_another_account_is_found() {
        let vendor = Recorded::new();
        vendor.on(Method::Get, "/v2/accounts/me", 200, json!({"id": "other"}));
        assert_eq!(agency(&vendor).check().unwrap()[0].path, "account");
    }
}
