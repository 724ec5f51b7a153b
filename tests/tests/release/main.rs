//! What earlier releases left on a chain, in the hands of the programs of this checkout.

mod security_txt;
mod snapshot;
mod upgrade;
