//! PEM texts as values: in databags, secrets and files. Each is parsed once for all who read it,
//! provided that all read it through these functions.

use std::sync::Arc;

use trustsim_juju::Value;
use trustsim_pki::{Certificate, KeyPair, PkiError};

/// Every certificate of a text, in its order.
pub type ParsedChain = Result<Vec<Certificate>, PkiError>;
/// A private key.
pub type ParsedKey = Result<KeyPair, PkiError>;

/// The certificates of a PEM text.
pub fn chain(value: &Value) -> Arc<ParsedChain> {
    value.parsed(Certificate::chain_from_pem)
}

/// The certificates that a PEM text gives those who load it: none where there is no text yet, and none
/// where it cannot be read, as after a fault that damages a file.
pub fn loadable(value: Option<&Value>) -> Vec<Certificate> {
    match value.map(chain).as_deref() {
        Some(Ok(certificates)) => certificates.clone(),
        Some(Err(_)) | None => Vec::new(),
    }
}

/// The private key of a PEM text.
pub fn key(value: &Value) -> Arc<ParsedKey> {
    value.parsed(KeyPair::from_pem)
}

/// The PEM text of these certificates, one after the other.
pub fn chain_value(certificates: &[Certificate]) -> Value {
    let texts: Vec<&str> = certificates.iter().map(Certificate::pem).collect();
    let text = texts.join("\n");
    debug_assert_eq!(
        Certificate::chain_from_pem(&text).as_deref().ok(),
        Some(certificates),
        "what is remembered of a value is what parsing it gives"
    );
    Value::with_parsed(text, Arc::new(Ok::<_, PkiError>(certificates.to_vec())))
}

/// The PEM text of a key.
pub fn key_value(key: &KeyPair) -> Value {
    Value::with_parsed(key.to_pem(), Arc::new(Ok::<_, PkiError>(key.clone())))
}
