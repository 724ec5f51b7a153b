//! Amounts of tokens: typed and shown in tokens, counted in atoms.

use anyhow::{Context, Result, bail, ensure};

/// Shows atoms in tokens, with as many digits as the mint has decimals: any number of them, strangers choose it.
pub fn show(atoms: u128, decimals: u8) -> String {
    let decimals = usize::from(decimals);
    let digits = format!("{atoms:0>width$}", width = decimals + 1);
    match digits.split_at(digits.len() - decimals) {
        (whole, "") => whole.to_owned(),
        (whole, fraction) => format!("{whole}.{fraction}"),
    }
}

/// Reads an amount of tokens into atoms.
pub fn parse(text: &str, decimals: u8) -> Result<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    ensure!(
        is_number(whole) && is_number(fraction) && !(whole.is_empty() && fraction.is_empty()),
        "`{text}` is no amount of tokens: write it like 12 or 12.5, without sign, unit or grouping"
    );
    if fraction.len() > usize::from(decimals) {
        bail!("`{text}` has {} digits behind the point, but the token has only {decimals}", fraction.len());
    }
    let digits = format!("{whole}{fraction:0<width$}", width = usize::from(decimals));
    digits.parse().with_context(|| format!("`{text}` is more than an account can hold"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_round_trip() {
        for (text, atoms) in
            [("0", 0), ("12", 12_000_000), ("12.5", 12_500_000), ("0.000001", 1), (".5", 500_000)]
        {
            assert_eq!(parse(text, 6).unwrap(), atoms, "{text}");
        }
        assert_eq!(show(12_500_000, 6), "12.500000");
        assert_eq!((show(7, 0), show(7, 3), show(0, 1)), ("7".into(), "0.007".into(), "0.0".into()));
        assert_eq!(show(u128::MAX, 255).len(), 257);
        assert_eq!(parse("7", 0).unwrap(), 7);
    }

    #[test]
    fn wrong_amounts_say_what_is_wrong() {
        for (text, says) in [
            ("", "is no amount"),
            (".", "is no amount"),
            ("-1", "is no amount"),
            ("1,000", "is no amount"),
            ("1e3", "is no amount"),
            ("1.0000001", "7 digits behind the point, but the token has only 6"),
            ("18446744073709.551616", "more than an account can hold"),
        ] {
            let error = parse(text, 6).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
