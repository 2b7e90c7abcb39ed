//! Deserialisers for what vendors really send: numbers as texts, `null` for an empty list.
//!
//! Use them with `#[serde(default, deserialize_with = "forebay_sdk::lenient::list")]`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, Visitor};
use serde_json::Value as Json;

/// A text, or a number or boolean written as one; `null` is the empty text.
///
/// # Errors
/// It is a list or an object.
pub fn string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(optional_string(deserializer)?.unwrap_or_default())
}

/// As [`string`], but `null` is `None`.
///
/// # Errors
/// It is a list or an object.
pub fn optional_string<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    match Json::deserialize(deserializer)? {
        Json::Null => Ok(None),
        Json::String(text) => Ok(Some(text)),
        Json::Number(number) => Ok(Some(number.to_string())),
        Json::Bool(yes) => Ok(Some(yes.to_string())),
        other => Err(de::Error::custom(format!("expected a text, found {other}"))),
    }
}

/// A whole number, or one written as text; `null` and the empty text are `None`.
///
/// # Errors
/// It is something else.
pub fn optional_integer<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    let value = Json::deserialize(deserializer)?;
    let number = match &value {
        Json::Null => return Ok(None),
        Json::String(text) if text.trim().is_empty() => return Ok(None),
        Json::String(text) => text.trim().parse().ok(),
        Json::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        _ => None,
    };
    number
        .map(Some)
        .ok_or_else(|| de::Error::custom(format!("expected a number, found {value}")))
}

/// As [`optional_integer`], but absence is 0.
///
/// # Errors
/// It is something else.
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Ok(optional_integer(deserializer)?.unwrap_or_default())
}

/// A list; `null` is the empty list, a single value a list of one.
///
/// # Errors
/// An item does not fit.
pub fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let items = match Json::deserialize(deserializer)? {
        Json::Null => Vec::new(),
        Json::Array(items) => items,
        single => vec![single],
    };
    items
        .into_iter()
        .map(|item| serde_json::from_value(item).map_err(de::Error::custom))
        .collect()
}

/// A value; `null` is its default.
///
/// # Errors
/// It does not fit.
pub fn or_default<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct OrDefault<T>(PhantomData<T>);
    impl<'de, T: DeserializeOwned + Default> Visitor<'de> for OrDefault<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a value or null")
        }

        fn visit_unit<E>(self) -> Result<T, E> {
            Ok(T::default())
        }

        fn visit_none<E>(self) -> Result<T, E> {
            Ok(T::default())
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
            T::deserialize(deserializer)
        }
    }
    deserializer.deserialize_option(OrDefault(PhantomData))
}

/// A number without fraction as an integer.
#[expect(
    clippy::cast_possible_truncation,
    reason = "only whole numbers of safe size come here"
)]
fn whole(number: f64) -> Option<i64> {
    /// Above it not every whole number is an `f64`.
    const SAFE: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() < SAFE).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Reply {
        #[serde(default, deserialize_with = "super::string")]
        id: String,
        #[serde(default, deserialize_with = "super::optional_string")]
        owner: Option<String>,
        #[serde(default, deserialize_with = "super::integer")]
        size: i64,
        #[serde(default, deserialize_with = "super::list")]
        tags: Vec<String>,
        #[serde(default, deserialize_with = "super::or_default")]
        done: bool,
    }

    fn read(json: serde_json::Value) -> Result<Reply, serde_json::Error> {
        serde_json::from_value(json)
    }

    #[test]
    fn what_vendors_send_is_understood() {
        let empty = Reply {
            id: String::new(),
            owner: None,
            size: 0,
            tags: Vec::new(),
            done: false,
        };
        assert_eq!(read(json!({})).unwrap(), empty);
        let nulls = json!({"id": null, "owner": null, "size": null, "tags": null, "done": null});
        assert_eq!(read(nulls).unwrap(), empty);
        let odd = json!({"id": 7, "owner": true, "size": "12", "tags": "one", "done": true});
        let full = Reply {
            id: "7".to_owned(),
            owner: Some("true".to_owned()),
            size: 12,
            tags: vec!["one".to_owned()],
            done: true,
        };
        assert_eq!(read(odd).unwrap(), full);
        assert_eq!(read(json!({"size": 12.0})).unwrap().size, 12);
        assert_eq!(read(json!({"size": ""})).unwrap().size, 0);
    }

    #[test]
    fn nonsense_is_not() {
        for json in [
            json!({"id": {}}),
            json!({"size": 1.5}),
            json!({"size": "many"}),
            json!({"size": 1e300}),
            json!({"tags": [1]}),
            json!({"done": "yes"}),
        ] {
            assert!(read(json.clone()).is_err(), "{json}");
        }
    }
}
