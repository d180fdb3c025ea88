//! Databag texts of certificate transfer.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::super::json;
use trustsim_juju::{Bag, Value};

/// A set of PEM texts with what consumers make of it. The libraries do not check that they are PEM.
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

    /// The list as text, in this order.
    fn list_value(texts: &[Arc<str>]) -> Value {
        let mut out = String::new();
        json::push_list(&mut out, texts, |out, text| {
            json::push_string(out, text);
        });
        let set = Self::new(texts.iter().cloned().collect());
        debug_assert_eq!(
            Self::parse(&out).texts,
            set.texts,
            "what is remembered of a value is what parsing it gives"
        );
        Value::with_parsed(out, Arc::new(set))
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

/// `ProviderApplicationData.dump`: defaults are written too. The current library sorts the set, so
/// that the same certificates give the same text.
pub(super) fn application_bag(texts: &[Arc<str>]) -> Vec<(&'static str, Value)> {
    vec![
        (super::CERTIFICATES, CertificateSet::list_value(texts)),
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

/// `ProviderUnitDataV0.dump`, its texts quoted as JSON: a reader that takes them as they stand gets
/// a file with `\n` in it (canonical/grafana-k8s-operator issue 441). Nothing for an empty set, so
/// that what a peer of version 0 once got stays for ever.
pub(super) fn unit_bag_v0(texts: &[Arc<str>]) -> Vec<(&'static str, Value)> {
    let Some(first) = texts.first() else {
        return Vec::new();
    };
    let mut quoted = String::new();
    json::push_string(&mut quoted, first);
    let quoted = Value::from(quoted);
    vec![
        ("ca", quoted.clone()),
        ("certificate", quoted),
        ("chain", CertificateSet::list_value(texts)),
        (super::VERSION, Value::from("0")),
    ]
}

/// `set_certificate` of version 0: plain PEM, the chain as JSON.
pub(super) fn plain_bag_v0(texts: &[Arc<str>]) -> Vec<(&'static str, Value)> {
    let Some(first) = texts.first() else {
        return Vec::new();
    };
    let first = Value::from(&**first);
    vec![
        ("ca", first.clone()),
        ("certificate", first),
        ("chain", CertificateSet::list_value(texts)),
        (super::VERSION, Value::from("0")),
    ]
}

/// What the requirer of version 0 makes of a unit's bag (`_load_relation_data`, then the schema):
/// each field is JSON or, where it is none, the text itself. The charms write the `ca`; `None`
/// where the data is not valid, and no event is emitted.
pub(super) fn read_plain_v0(bag: &Bag) -> Option<Arc<CertificateSet>> {
    let load = |key: &str| {
        let text = bag.get(key)?.text();
        let plain = || serde_json::Value::from(text);
        Some(serde_json::from_str(text).unwrap_or_else(|_| plain()))
    };
    let (ca, certificate, chain) = (load("ca"), load("certificate"), load("chain"));
    let texts_are_valid = [&ca, &certificate]
        .into_iter()
        .all(|field| field.as_ref().is_none_or(serde_json::Value::is_string));
    let chain_is_valid = chain.as_ref().is_none_or(|chain| {
        chain
            .as_array()
            .is_some_and(|links| links.iter().all(serde_json::Value::is_string))
    });
    let version_is_valid = load(super::VERSION).is_none_or(|version| version.is_u64());
    let is_there = ca.is_some() || certificate.is_some() || chain.is_some();
    if !(texts_are_valid && chain_is_valid && version_is_valid && is_there) {
        return None;
    }
    let ca = ca.as_ref().and_then(serde_json::Value::as_str);
    let texts = ca.into_iter().map(Arc::from).collect();
    Some(Arc::new(CertificateSet::new(texts)))
}

/// The `ca` of a unit's bag, unparsed, for charms that read the databag themselves.
pub(super) fn read_raw_v0(bag: &Bag) -> Arc<CertificateSet> {
    let ca = bag.get("ca").map(Value::text);
    Arc::new(CertificateSet::new(ca.into_iter().map(Arc::from).collect()))
}
