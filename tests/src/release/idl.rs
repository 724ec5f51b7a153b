//! Reads accounts by what the IDLs say, as a client without our code does.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};
use solana_address::Address;
use std::{collections::BTreeMap, fs, path::Path};

/// The IDLs in `idl/`.
#[derive(Debug)]
pub struct Idls(Vec<Idl>);

#[derive(Debug)]
struct Idl {
    name: String,
    address: Address,
    /// Names by discriminator.
    accounts: BTreeMap<[u8; 8], String>,
    types: BTreeMap<String, Value>,
}

impl Idls {
    /// Reads them.
    pub fn read() -> Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../idl");
        let mut idls = Vec::new();
        for entry in fs::read_dir(folder)? {
            let text = fs::read_to_string(entry?.path())?;
            idls.push(Idl::parse(&serde_json::from_str(&text)?)?);
        }
        Ok(Self(idls))
    }

    /// All kinds of accounts, as `program.Type`, with their discriminators. Those that a program only reads stand with it too.
    pub fn kinds(&self) -> Vec<(String, [u8; 8])> {
        let of = |idl: &Idl| -> Vec<_> {
            idl.accounts.iter().map(|(at, name)| (format!("{}.{name}", idl.name), *at)).collect()
        };
        self.0.iter().flat_map(of).collect()
    }

    /// The type of an account, as `program.Type`, and its fields; nothing for accounts of other programs.
    pub fn decode(&self, owner: &Address, data: &[u8]) -> Option<(String, Value)> {
        let idl = self.0.iter().find(|idl| idl.address == *owner)?;
        let (discriminator, mut rest) = data.split_first_chunk()?;
        let name = idl.accounts.get(discriminator)?;
        let fields = idl.value(&json!({ "defined": { "name": name } }), &mut rest).ok()?;
        Some((format!("{}.{name}", idl.name), fields))
    }
}

impl Idl {
    fn parse(idl: &Value) -> Result<Self> {
        let text =
            |value: &Value, what: &str| value.as_str().map(str::to_owned).with_context(|| what.to_owned());
        let list = |name: &str| idl[name].as_array().cloned().unwrap_or_default();
        let mut accounts = BTreeMap::new();
        for account in list("accounts") {
            let discriminator: Vec<u8> = serde_json::from_value(account["discriminator"].clone())?;
            let discriminator = discriminator.try_into().ok().context("a discriminator of 8 bytes")?;
            accounts.insert(discriminator, text(&account["name"], "an account's name")?);
        }
        let mut types = BTreeMap::new();
        for type_ in list("types") {
            types.insert(text(&type_["name"], "a type's name")?, type_["type"].clone());
        }
        let name = text(&idl["metadata"]["name"], "a program's name")?;
        Ok(Self { name, address: text(&idl["address"], "an address")?.parse()?, accounts, types })
    }

    /// Takes one value of a type off the bytes.
    fn value(&self, type_: &Value, bytes: &mut &[u8]) -> Result<Value> {
        if let Some(name) = type_["defined"]["name"].as_str() {
            return self.defined(name, bytes);
        }
        if let Some([item, length]) = type_["array"].as_array().map(Vec::as_slice) {
            let length = length.as_u64().context("an array's length")?;
            if item == "u8" {
                return Ok(json!(hex::encode(take(bytes, usize::try_from(length)?)?)));
            }
            return (0..length)
                .map(|_| self.value(item, bytes))
                .collect::<Result<Vec<_>>>()
                .map(Value::Array);
        }
        Ok(match type_.as_str() {
            Some("pubkey") => json!(Address::new_from_array(number(bytes)?).to_string()),
            Some("u8") => json!(u8::from_le_bytes(number(bytes)?)),
            Some("u16") => json!(u16::from_le_bytes(number(bytes)?)),
            Some("u32") => json!(u32::from_le_bytes(number(bytes)?)),
            Some("u64") => json!(u64::from_le_bytes(number(bytes)?).to_string()),
            Some("u128") => json!(u128::from_le_bytes(number(bytes)?).to_string()),
            Some("i64") => json!(i64::from_le_bytes(number(bytes)?).to_string()),
            _ => bail!("no account has held the type {type_} yet"),
        })
    }

    fn defined(&self, name: &str, bytes: &mut &[u8]) -> Result<Value> {
        let type_ = self.types.get(name).with_context(|| format!("type {name}"))?;
        match type_["kind"].as_str() {
            Some("type") => self.value(&type_["alias"], bytes),
            Some("struct") => {
                let mut fields = Map::new();
                for field in type_["fields"].as_array().into_iter().flatten() {
                    let name = field["name"].as_str().context("a field's name")?;
                    fields.insert(name.to_owned(), self.value(&field["type"], bytes)?);
                }
                Ok(Value::Object(fields))
            }
            _ => bail!("no account has held a type like {name} yet"),
        }
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8]> {
    ensure!(length <= bytes.len(), "{length} bytes more, and only {} left", bytes.len());
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    Ok(taken)
}

fn number<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N]> {
    Ok(take(bytes, N)?.try_into()?)
}
