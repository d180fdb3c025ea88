//! A charm's options where no unit runs yet: what a provider would say of them, judged by the code
//! that judges them in its hooks. Must not know scenarios.

use std::collections::BTreeMap;

use super::CharmMetadata;
use trustsim_interfaces::UnitContext;
use trustsim_pki::issuers::vault::Role as VaultRole;

/// Where a charm's code reads options from.
pub trait Options {
    /// The value, or the default; `None` where there is neither.
    fn option(&self, name: &str) -> Option<&str>;
}

impl Options for UnitContext<'_> {
    fn option(&self, name: &str) -> Option<&str> {
        self.config(name)
    }
}

/// Options as a deployment sets them.
struct Declared<'a> {
    metadata: &'a CharmMetadata,
    set: &'a BTreeMap<String, String>,
}

impl Options for Declared<'_> {
    fn option(&self, name: &str) -> Option<&str> {
        let default = || self.metadata.options.get(name)?.default.as_deref();
        self.set.get(name).map(String::as_str).or_else(default)
    }
}

/// An option with which the charm does nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionFault {
    /// Name of the option.
    pub option: &'static str,
    /// What comes of it: the unit's status, or what its hook raises.
    pub outcome: String,
    /// Whether a certificate is expected there and something else is found.
    pub is_no_pem: bool,
    /// Endpoints of which one has to be related for it to matter; empty where it always does.
    pub only_with: &'static [&'static str],
}

impl OptionFault {
    /// A fault that shows in the unit's status.
    pub fn new(option: &'static str, outcome: impl Into<String>) -> Self {
        Self {
            option,
            outcome: outcome.into(),
            is_no_pem: false,
            only_with: &[],
        }
    }

    /// The same, which matters only where one of these endpoints is related.
    pub const fn only_with(mut self, endpoints: &'static [&'static str]) -> Self {
        assert!(
            !endpoints.is_empty(),
            "a fault that always matters names no endpoint"
        );
        self.only_with = endpoints;
        self
    }

    /// The same, where a certificate is expected.
    pub const fn because_not_pem(mut self) -> Self {
        self.is_no_pem = true;
        self
    }
}

impl CharmMetadata {
    /// Options with which a provider issues or sends nothing.
    pub fn option_faults(&self, set: &BTreeMap<String, String>) -> Vec<OptionFault> {
        let metadata = self;
        (self.implementation.option_faults)(&Declared { metadata, set })
    }

    /// The role with which a Vault of these options signs; `None` for another charm.
    pub fn pki_role(&self, set: &BTreeMap<String, String>) -> Option<VaultRole> {
        let metadata = self;
        let role = self.implementation.pki_role?;
        Some(role(&Declared { metadata, set }))
    }
}
