//! JSON with one reading and one spelling: strict parsing for what strangers wrote, canonical bytes for what is
//! hashed.

use std::{collections::BTreeMap, fmt};

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Parses one JSON text. A key that an object has twice is an error: two readers could pick different ones.
pub fn parse_strict(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice::<Strict>(bytes).map(|strict| strict.0)
}

/// A value that has no canonical form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {number} is not an integer; hashed documents hold integers only, with the unit in the name")]
pub struct NotCanonical {
    path: String,
    number: String,
}

/// Canonical bytes: object keys sorted by their UTF-8 bytes, no whitespace, integers only, strings escaped only
/// where JSON demands it.
pub fn canonical(value: &Value) -> Result<Vec<u8>, NotCanonical> {
    let mut out = Vec::new();
    write_canonical(value, "$", &mut out)?;
    Ok(out)
}

fn write_canonical(value: &Value, path: &str, out: &mut Vec<u8>) -> Result<(), NotCanonical> {
    match value {
        Value::Number(number) if number.is_f64() => {
            return Err(NotCanonical { path: path.to_owned(), number: number.to_string() });
        }
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_canonical(item, &format!("{path}[{index}]"), out)?;
            }
            out.push(b']');
        }
        Value::Object(map) => {
            // Sorted here and not by the map: another crate may have switched on insertion order.
            let sorted: BTreeMap<&str, &Value> =
                map.iter().map(|(key, value)| (key.as_str(), value)).collect();
            out.push(b'{');
            for (index, (key, item)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(Value::from(key).to_string().as_bytes());
                out.push(b':');
                write_canonical(item, &format!("{path}.{key}"), out)?;
            }
            out.push(b'}');
        }
        scalar => out.extend_from_slice(scalar.to_string().as_bytes()),
    }
    Ok(())
}

/// A JSON value whose objects hold each key once.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let Strict(value) = access.next_value()?;
            if map.contains_key(&key) {
                return Err(de::Error::custom(format!("the key \"{key}\" is given twice in one object")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_repeated_key_is_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"a":2}}]"#] {
            let error = parse_strict(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("the key \"a\" is given twice"), "{error}");
        }
        assert_eq!(parse_strict(br#"[{"a":1},{"a":-2.5}]"#).unwrap(), json!([{"a": 1}, {"a": -2.5}]));
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_stack_overflow() {
        assert!(parse_strict("[".repeat(200_000).as_bytes()).is_err());
    }

    #[test]
    fn canonical_bytes_are_sorted_dense_and_stable() {
        let value =
            parse_strict(r#" { "b" : [1, -2, "ü\n"], "a": {"z": null, "A": true} } "#.as_bytes()).unwrap();
        let bytes = canonical(&value).unwrap();
        assert_eq!(
            String::from_utf8(bytes.clone()).unwrap(),
            r#"{"a":{"A":true,"z":null},"b":[1,-2,"ü\n"]}"#
        );
        assert_eq!(canonical(&parse_strict(&bytes).unwrap()).unwrap(), bytes);
    }

    #[test]
    fn canonical_refuses_fractions_and_says_where() {
        let error = canonical(&json!({"ops": [{"rate": 1.5}]})).unwrap_err();
        assert!(error.to_string().starts_with("$.ops[0].rate: 1.5 is not an integer"), "{error}");
    }
}
