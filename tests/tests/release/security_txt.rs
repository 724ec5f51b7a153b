//! Who finds a fault in a deployed program finds in its binary whom to tell.

use grid_tests::{binary, network::PROGRAMS, release::VERSION};
use solana_security_txt::{Contact, find_and_parse};

#[test]
fn every_binary_says_whom_to_tell() {
    for (_, program) in PROGRAMS {
        let text =
            find_and_parse(&binary::read(program)).unwrap_or_else(|error| panic!("{program}: {error}"));
        assert_eq!(text.name.to_lowercase().replace(' ', "_"), program);
        assert!(matches!(text.contacts.as_slice(), [Contact::Link(link)] if link.starts_with("https://")));
        assert!(text.policy.ends_with("/SECURITY.md"));
        assert_eq!(text.source_release, Some(format!("v{VERSION}")));
        assert_eq!(
            text.source_revision, None,
            "a commit in the binary would make each commit another binary"
        );
    }
}
