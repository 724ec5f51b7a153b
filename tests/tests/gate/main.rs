//! Markets that ask for something: a stake, an access NFT of a verified collection, an attested benchmark. With the real
//! Token Metadata program. The life on a bank is a binary of its own, `gate_bank`: its bank logs what everybody does.

mod access;
mod admit_device;
mod attacks;
mod attestation;
mod dismiss_device;
mod grid;
mod holder;
mod lost;
mod set_admission;
mod stake;
mod support;
mod work_and_start;
