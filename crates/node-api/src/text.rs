//! Addresses in JSON: base58 text.

use serde::{Deserialize, Deserializer, Serializer, de::Error};
use solana_address::Address;

pub(crate) fn serialize<S: Serializer>(address: &Address, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(address)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
    parse(&String::deserialize(deserializer)?)
}

fn parse<E: Error>(text: &str) -> Result<Address, E> {
    text.parse().map_err(|_| E::custom(format!("\"{text}\" is not an address: give base58")))
}

/// An address that may be missing.
pub(crate) mod option {
    use super::{Address, Deserialize, Deserializer, Serializer, parse};

    pub(crate) fn serialize<S: Serializer>(
        address: &Option<Address>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match address {
            Some(address) => serializer.collect_str(address),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Address>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.as_deref().map(parse).transpose()
    }
}
