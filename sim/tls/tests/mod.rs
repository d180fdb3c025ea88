//! Whole-room tests: certificates made here, judged and shaken hands over.

mod cross;
mod lanes;
pub(super) mod make;
mod names;
mod oracle;
