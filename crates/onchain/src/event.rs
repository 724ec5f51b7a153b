//! Events: how they are logged. An event's bytes are its discriminator and its fields, little-endian, unpadded.

use anchor_lang::prelude::*;
use bytemuck::{bytes_of, Pod, Zeroable};

/// An event as it is logged: its discriminator before its fields.
#[repr(C, packed)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub struct Logged<E> {
    discriminator: [u8; 8],
    /// Its fields.
    pub event: E,
}

impl<E: Event + Pod> Logged<E> {
    /// The discriminator, before zeros.
    #[inline(always)]
    pub fn zeroed_event() -> Self {
        let mut discriminator = [0; 8];
        discriminator.copy_from_slice(E::DISCRIMINATOR);
        Self { discriminator, event: E::zeroed() }
    }

    /// Logs the bytes, which are those of Anchor's `emit!`.
    #[inline(always)]
    pub fn log(&self) {
        sol_log_data(&[bytes_of(self)]);
    }
}

/// Logs an event, written as a struct literal with all its fields.
///
/// Each field is written to its place on the stack at once. A function would get the event as an argument, which is
/// laid out elsewhere first and then copied behind the discriminator.
#[macro_export]
macro_rules! log {
    ($event:ident { $($field:ident $(: $value:expr)?),* $(,)? }) => {{
        let mut logged = $crate::event::Logged::<$event>::zeroed_event();
        // No field may be left out.
        let $event { $($field: _),* } = logged.event;
        $(logged.event.$field = $crate::log!(@value $field $(: $value)?);)*
        logged.log();
    }};
    (@value $field:ident: $value:expr) => { $value };
    (@value $field:ident) => { $field };
}
