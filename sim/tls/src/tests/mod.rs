//! Whole-crate tests: certificates made here, judged and shaken hands over.

mod duplex;
mod lanes;
pub(super) mod make;
mod mutual;
mod peers;
mod resumption;
mod revocation;
