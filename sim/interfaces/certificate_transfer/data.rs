//! Databag texts of certificate transfer.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::super::json;
use crate::juju::{Bag, Value};

/// A set of PEM texts with what consumers make of it. Nobody checks that they are PEM.
#[derive(Clone, Debug, Default)]
pub struct CertificateSet {
    /// The texts, sorted.
    pub texts: BTreeSet<Arc<str>>,
    /// Whether the databag could not be validated: the library takes it as empty.
    pub is_invalid: bool,
    bundle: OnceLock<Value>,
}

impl CertificateSet {
    /// A valid set.
    pub fn new(texts: BTreeSet<Arc<str>>) -> Self {
        Self {
            texts,
            ..Self::default()
        }
    }

    /// All texts in one, sorted, one after the other: the same value, parsed once, for everyone
    /// who reads this bag.
    pub fn bundle(&self) -> Value {
        let join = || {
            let texts: Vec<&str> = self.texts.iter().map(|text| text.trim_end()).collect();
            Value::from(texts.join("\n"))
        };
        self.bundle.get_or_init(join).clone()
    }

    fn parse(text: &str) -> Self {
        let Ok(texts) = serde_json::from_str::<Vec<String>>(text) else {
            return Self::invalid();
        };
        Self::new(texts.into_iter().map(Arc::from).collect())
    }

    fn invalid() -> Self {
        Self {
            is_invalid: true,
            ..Self::default()
        }
    }

    fn list_value(self) -> Value {
        let mut out = String::new();
        json::push_list(&mut out, &self.texts, |out, text| {
            json::push_string(out, text);
        });
        Value::with_parsed(out, Arc::new(self))
    }
}

/// `ProviderApplicationData`: a missing key is the default, a version that is no number makes
/// the bag invalid.
pub(super) fn read_application(bag: &Bag) -> Arc<CertificateSet> {
    let version = bag.get(super::VERSION).map(Value::text);
    if version.is_some_and(|text| text.trim_matches('"').parse::<i64>().is_err()) {
        return Arc::new(CertificateSet::invalid());
    }
    match bag.get(super::CERTIFICATES) {
        Some(value) => value.parsed(CertificateSet::parse),
        None => Arc::default(),
    }
}

/// `ProviderApplicationData.dump`: defaults are written too, and the set sorted, so that the same
/// certificates give the same text.
pub(super) fn application_bag(set: CertificateSet) -> Vec<(&'static str, Value)> {
    vec![
        (super::CERTIFICATES, set.list_value()),
        (super::VERSION, Value::from("1")),
    ]
}

/// `ProviderUnitDataV0`: each field is read as JSON, so what a provider of version 0 writes (raw
/// PEM) is not valid, and `ca` and `certificate` must be there.
pub(super) fn read_unit_v0(bag: &Bag) -> Arc<CertificateSet> {
    let is_text = |key: &str| {
        bag.get(key)
            .is_some_and(|value| serde_json::from_str::<String>(value.text()).is_ok())
    };
    if !is_text("ca") || !is_text("certificate") {
        return Arc::new(CertificateSet::invalid());
    }
    match bag.get("chain") {
        None => Arc::default(),
        Some(value) if value.text() == "null" => Arc::default(),
        Some(value) => value.parsed(CertificateSet::parse),
    }
}

/// `ProviderUnitDataV0.dump`, its texts quoted as JSON: a reader of version 0 that takes them
/// as they stand gets a file with `\n` in it. Nothing for an empty set, so that what a peer of
/// version 0 once got stays for ever.
pub(super) fn unit_bag_v0(set: &CertificateSet) -> Vec<(&'static str, Value)> {
    let Some(first) = set.texts.first() else {
        return Vec::new();
    };
    let mut quoted = String::new();
    json::push_string(&mut quoted, first);
    let quoted = Value::from(quoted);
    vec![
        ("ca", quoted.clone()),
        ("certificate", quoted),
        ("chain", set.clone().list_value()),
        (super::VERSION, Value::from("0")),
    ]
}
