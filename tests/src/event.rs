//! Assertions on events.

use grid_client::event::{Event, events_in};
use litesvm::types::TransactionMetadata;

/// The one event of our programs that a transaction logged.
///
/// # Panics
/// When there is none or more than one.
#[track_caller]
pub fn only_event(landed: &TransactionMetadata) -> Event {
    let events = events_in(&landed.logs);
    match events[..] {
        [event] => event,
        _ => panic!("one event was expected, not {}", events.len()),
    }
}

/// Asserts that a transaction logged one event of our programs, of this type and with these fields. The list must
/// name all of the event's fields, or it does not compile.
#[macro_export]
macro_rules! assert_event {
    ($landed:expr, $name:ident { $($field:ident: $value:expr),* $(,)? }) => {{
        let event = $crate::event::only_event(&$landed);
        let ::grid_client::event::Event::$name(event) = event else {
            panic!("{} was expected, not {}", stringify!($name), event.name());
        };
        let expected = ::grid_client::event::$name { $($field: $value.into()),* };
        $(assert_eq!(event.$field, expected.$field, "{}.{}", stringify!($name), stringify!($field));)*
    }};
}
