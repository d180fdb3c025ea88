//! Whole-crate tests: certificates made here, and what each stack says of them.

mod cross;
mod export;
mod faults;
#[allow(dead_code, reason = "some of it is for the tests of handshakes")]
mod make;
mod metamorphic;
mod names;
mod oracle;
mod revocation;
mod rows;
