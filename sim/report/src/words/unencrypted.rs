//! The words for connections that go on without TLS.

use trustsim_model::Address;

/// Why nothing fails between these two, though nothing is encrypted.
pub fn line(client: &Address, server: &Address) -> String {
    format!(
        "{server} has no certificate and serves in the clear, as its charm tells {client} over their relation"
    )
}
