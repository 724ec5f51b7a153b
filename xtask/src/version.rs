//! Version numbers as tools print them.

use std::fmt;

/// A dotted version of three numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// The first version number in a line such as `rustc 1.95.0 (59807616e 2026-04-14)`.
    pub fn find(text: &str) -> Option<Self> {
        text.split_whitespace().find_map(Self::parse)
    }

    fn parse(word: &str) -> Option<Self> {
        let mut numbers = word.trim_start_matches('v').split(['.', '-', '+', '~']);
        let mut next = || numbers.next()?.parse().ok();
        let (major, minor) = (next()?, next()?);
        Some(Self(major, minor, next().unwrap_or(0)))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_number_in_what_tools_print() {
        for (text, version) in [
            ("rustc 1.95.0 (59807616e 2026-04-14)", Version(1, 95, 0)),
            ("cargo 1.97.0-nightly (e50aa6fba 2026-05-19)", Version(1, 97, 0)),
            ("solana-cargo-build-sbf 4.3.2\nplatform-tools v1.52\nrustc 1.89.0", Version(4, 3, 2)),
            ("1.96.0+dfsg1-1~deb12u2", Version(1, 96, 0)),
            ("v1.52", Version(1, 52, 0)),
        ] {
            assert_eq!(Version::find(text), Some(version), "{text}");
        }
        assert_eq!(Version::find("no version"), None);
    }

    #[test]
    fn compares_by_number() {
        assert!(Version(1, 95, 0) < Version(1, 97, 1));
        assert!(Version(1, 100, 0) > Version(1, 97, 1));
    }
}
