//! Times and durations, as they are typed and shown.

use anyhow::{Context, Result, bail};

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Reads a duration such as `90s`, `10m`, `1h30m`, `14d`; a bare number is seconds. In seconds.
pub fn parse_duration(text: &str) -> Result<u32> {
    let wrong = || format!("`{text}` is no duration: write it like 90s, 10m, 1h30m or 14d");
    if let Ok(seconds) = text.parse() {
        return Ok(seconds);
    }
    let (mut seconds, mut number, mut last) = (0_u64, String::new(), u64::MAX);
    for char in text.chars() {
        if char.is_ascii_digit() {
            number.push(char);
            continue;
        }
        let Some((_, unit)) = UNITS.into_iter().find(|(name, unit)| *name == char && *unit < last) else {
            bail!(wrong());
        };
        let count: u64 = number.parse().with_context(wrong)?;
        seconds = count.checked_mul(unit).and_then(|more| seconds.checked_add(more)).with_context(wrong)?;
        (last, number) = (unit, String::new());
    }
    if !number.is_empty() || last == u64::MAX {
        bail!(wrong());
    }
    u32::try_from(seconds).with_context(|| format!("`{text}` is longer than any duration here"))
}

/// Shows a duration in at most two units, rounded down.
pub fn show_duration(seconds: u64) -> String {
    let Some(first) = UNITS.iter().position(|(_, unit)| seconds >= *unit) else { return "0s".to_owned() };
    let mut rest = seconds;
    let mut shown = String::new();
    for (name, unit) in UNITS.iter().skip(first).take(2) {
        if rest / unit > 0 {
            shown.push_str(&format!("{}{name}", rest / unit));
        }
        rest %= unit;
    }
    shown
}

/// Shows Unix seconds as a date and time in UTC.
pub fn show_time(unix_seconds: i64) -> String {
    let (days, second) = (unix_seconds.div_euclid(86_400), unix_seconds.rem_euclid(86_400));
    let (year, month, day) = date(days);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

/// The date of a day, counted from 1970-01-01: eras of 400 years, each beginning on a 1 March.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// Now, Unix seconds, by this machine's clock.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    since.as_secs().try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_shown() {
        for (text, seconds, shown) in [
            ("0", 0, "0s"),
            ("90s", 90, "1m30s"),
            ("10m", 600, "10m"),
            ("1h30m", 5_400, "1h30m"),
            ("14d", 1_209_600, "14d"),
            ("1d2h3m4s", 93_784, "1d2h"),
        ] {
            assert_eq!(parse_duration(text).unwrap(), seconds, "{text}");
            assert_eq!(show_duration(seconds.into()), shown);
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in
            ["", "m", "-1s", "1x", "10m1h", "1h5", "5m5m", "1.5h", "99999999d", "18446744073709551616s"]
        {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, shown) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (4_107_542_399, "2100-02-28 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
            (-1, "1969-12-31 23:59:59 UTC"),
        ] {
            assert_eq!(show_time(seconds), shown);
        }
    }
}
