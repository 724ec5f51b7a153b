//! What a command found out: one list of facts, shown as text or as JSON.

use crate::{mint::MintInfo, time};
use serde_json::{Map, Value, json};
use solana_address::Address;
use std::sync::Arc;

/// Lamports of one SOL.
pub const LAMPORTS_PER_SOL: u64 = 1_000_000_000;

/// A value with its unit. In JSON the unit is in the key.
#[derive(Debug, Clone)]
pub enum Fact {
    /// Words.
    Text(String),
    /// A number without a unit.
    Number(u64),
    /// Yes or no.
    Flag(bool),
    /// An address.
    Address(Address),
    /// Tokens: `KEY_atoms` in JSON.
    Atoms(u64, Arc<MintInfo>),
    /// SOL: `KEY_lamports` in JSON.
    Lamports(u64),
    /// A duration: `KEY_seconds` in JSON.
    Seconds(u64),
    /// A moment, Unix seconds; zero when it never was: `KEY`, null for never, in JSON.
    Time(i64),
    /// Basis points: `KEY_bps` in JSON.
    Bps(u16),
    /// Nothing there.
    None,
}

impl Fact {
    /// An address, or nothing where it is zero.
    pub fn address(address: Address) -> Self {
        if address == Address::default() { Self::None } else { Self::Address(address) }
    }

    /// As text.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => printable(text),
            Self::Number(number) => number.to_string(),
            Self::Flag(true) => "yes".to_owned(),
            Self::Flag(false) => "no".to_owned(),
            Self::Address(address) => address.to_string(),
            Self::Atoms(atoms, mint) => mint.show(*atoms),
            Self::Lamports(lamports) => sol(*lamports),
            Self::Seconds(seconds) => time::show_duration(*seconds),
            Self::Time(0) | Self::None => "-".to_owned(),
            Self::Time(time) => time::show_time(*time),
            Self::Bps(bps) => format!("{}.{:02} %", bps / 100, bps % 100),
        }
    }

    fn json(&self, key: &str) -> (String, Value) {
        let (suffix, value) = match self {
            Self::Text(text) => ("", json!(text)),
            Self::Number(number) => ("", json!(number)),
            Self::Flag(flag) => ("", json!(flag)),
            Self::Address(address) => ("", json!(address.to_string())),
            Self::Atoms(atoms, _) => ("_atoms", json!(atoms)),
            Self::Lamports(lamports) => ("_lamports", json!(lamports)),
            Self::Seconds(seconds) => ("_seconds", json!(seconds)),
            Self::Time(0) | Self::None => ("", Value::Null),
            Self::Time(time) => ("", json!(time)),
            Self::Bps(bps) => ("_bps", json!(bps)),
        };
        (format!("{key}{suffix}"), value)
    }
}

/// Lamports, as SOL.
pub fn sol(lamports: u64) -> String {
    format!("{} SOL", crate::amount::show(lamports.into(), 9))
}

/// Text from outside without what a terminal would obey.
pub fn printable(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}

/// The same for text of several lines.
pub fn printable_lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// Facts in order, each with its key: lower case, words joined by `_`.
#[derive(Debug, Clone, Default)]
pub struct Facts(Vec<(&'static str, Fact)>);

impl Facts {
    /// No facts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more.
    #[must_use]
    pub fn with(mut self, key: &'static str, fact: Fact) -> Self {
        self.0.push((key, fact));
        self
    }

    /// With one more text.
    #[must_use]
    pub fn text(self, key: &'static str, text: impl ToString) -> Self {
        self.with(key, Fact::Text(text.to_string()))
    }

    /// With one more address; zero is none.
    #[must_use]
    pub fn address(self, key: &'static str, address: Address) -> Self {
        self.with(key, Fact::address(address))
    }

    /// With one more number.
    #[must_use]
    pub fn number(self, key: &'static str, number: impl Into<u64>) -> Self {
        self.with(key, Fact::Number(number.into()))
    }

    /// With one more duration.
    #[must_use]
    pub fn seconds(self, key: &'static str, seconds: impl Into<u64>) -> Self {
        self.with(key, Fact::Seconds(seconds.into()))
    }

    /// With one more amount.
    #[must_use]
    pub fn atoms(self, key: &'static str, atoms: u64, mint: &Arc<MintInfo>) -> Self {
        self.with(key, Fact::Atoms(atoms, mint.clone()))
    }

    /// The addresses, with their keys.
    pub fn addresses(&self) -> impl DoubleEndedIterator<Item = (&'static str, Address)> + '_ {
        self.0.iter().filter_map(|(key, fact)| match fact {
            Fact::Address(address) => Some((*key, *address)),
            _ => None,
        })
    }

    /// A line a fact.
    pub fn to_text(&self) -> String {
        let width = self.0.iter().map(|(key, _)| key.len()).max().unwrap_or_default();
        let line =
            |(key, fact): &(&str, Fact)| format!("{:<width$}  {}\n", key.replace('_', " "), fact.text());
        self.0.iter().map(line).collect()
    }

    /// An object.
    pub fn to_json(&self) -> Map<String, Value> {
        self.0.iter().map(|(key, fact)| fact.json(key)).collect()
    }
}

/// A table with a headline out of the facts' keys; all rows have the same ones.
pub fn table(rows: &[Facts]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let head: Vec<String> = first.0.iter().map(|(key, _)| key.replace('_', " ").to_uppercase()).collect();
    let cells = |row: &Facts| row.0.iter().map(|(_, fact)| fact.text()).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(rows.iter().map(cells)).collect();
    let widths: Vec<usize> = (0..first.0.len())
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default())
        .collect();
    let line = |cells: &Vec<String>| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned() + "\n"
    };
    lines.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        let mint = Arc::new(MintInfo::named(Address::default(), 6, "GRID"));
        Facts::new()
            .text("state", "running")
            .atoms("paid", 1_500_000, &mint)
            .with("rent", Fact::Lamports(2_000_000))
            .seconds("time_out", 90_u32)
            .with("ended_at", Fact::Time(0))
            .with("fee", Fact::Bps(250))
            .address("device", Address::default())
    }

    #[test]
    fn text_has_units_and_words() {
        let text = facts().to_text();
        for line in
            ["state     running", "paid      1.500000 GRID", "rent      0.002000000 SOL", "time out  1m30s"]
        {
            assert!(text.contains(line), "{text}");
        }
        assert!(text.contains("fee       2.50 %") && text.contains("device    -"), "{text}");
    }

    #[test]
    fn json_has_units_in_the_keys() {
        let json = Value::from(facts().to_json());
        let expected = json!({
            "state": "running", "paid_atoms": 1_500_000, "rent_lamports": 2_000_000, "time_out_seconds": 90,
            "ended_at": null, "fee_bps": 250, "device": null,
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn a_table_has_a_line_a_row() {
        let row = |name: &str, jobs: u64| Facts::new().text("name", name).number("jobs_done", jobs);
        assert_eq!(table(&[row("a", 10), row("bcd", 2)]), "NAME  JOBS DONE\na     10\nbcd   2\n");
        assert_eq!(table(&[]), "");
    }

    #[test]
    fn nothing_from_outside_reaches_the_terminal_as_a_command() {
        let fact = Fact::Text("a\u{1b}[2Jb\n".to_owned());
        assert_eq!(fact.text(), "a\u{fffd}[2Jb\u{fffd}");
        assert_eq!(printable_lines("a\n\u{7}b"), "a\n\u{fffd}b");
    }
}
