//! The words for connections that go on without TLS.

use trustsim_model::Address;

/// Why nothing fails between these two, though nothing is encrypted. A charm knows of its own workload what it tells others.
pub fn line(client: &Address, server: &Address) -> String {
    let known = match client.application() == server.application() {
        true => "as its own charm knows".to_owned(),
        false => format!("as its charm tells {client} over their relation"),
    };
    format!("{server} has no certificate and serves in the clear, {known}")
}
