//! Whole-room tests: certificates made here, judged and shaken hands over.

mod cross;
mod duplex;
mod export;
mod faults;
mod lanes;
pub(super) mod make;
mod metamorphic;
mod mutual;
mod names;
mod oracle;
mod peers;
mod resumption;
mod revocation;
mod rows;
