//! Whom to tell about a fault, in the binary itself, where explorers find it.

#[doc(hidden)]
pub use solana_security_txt as format;

/// Puts the `security.txt` of one of Grid's programs, to be given its name, into the binary. Its source is told by the
/// release, not by a commit, so that the same source gives the same binary.
#[macro_export]
macro_rules! security_txt {
    ($name:literal) => {
        $crate::security_txt::format::security_txt! {
            name: $name,
            project_url: "https://github.com/grid-market/grid",
            contacts: "link:https://github.com/grid-market/grid/security/advisories/new",
            policy: "https://github.com/grid-market/grid/blob/main/SECURITY.md",
            preferred_languages: "en",
            source_code: "https://github.com/grid-market/grid",
            source_release: concat!("v", env!("CARGO_PKG_VERSION")),
            auditors: "None"
        }
    };
}
