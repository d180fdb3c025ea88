//! Every implementation of a charm, in the order in which messages list them. A new charm is one
//! file that ends up as one line here.

use super::{Implementation, Registry, WITHOUT_TLS};
use trustsim_generic_charms::{DECLARED_PROVIDER, LEGACY_REQUIRER, REQUIRER};

/// The charms that are played.
pub static REGISTRY: Registry = Registry {
    by_name: &[
        std::slice::from_ref(&REQUIRER),
        std::slice::from_ref(&WITHOUT_TLS),
        &super::self_signed_certificates::IMPLEMENTATIONS,
        &super::traefik::IMPLEMENTATIONS,
        &super::opensearch::IMPLEMENTATIONS,
        &super::manual_tls_certificates::IMPLEMENTATIONS,
        &super::notary::IMPLEMENTATIONS,
        &super::lego::IMPLEMENTATIONS,
        &super::tls_constraints::IMPLEMENTATIONS,
        &super::vault::IMPLEMENTATIONS,
        &super::easyrsa::IMPLEMENTATIONS,
        &super::charm_vault::IMPLEMENTATIONS,
        &super::kubernetes::IMPLEMENTATIONS,
        &super::etcd::IMPLEMENTATIONS,
    ],
    requirer: &REQUIRER,
    legacy_requirer: &LEGACY_REQUIRER,
    declared_provider: &DECLARED_PROVIDER,
};

/// The implementation of a behaviour in a version, or in its default version.
pub fn implementation(behaviour: &str, version: Option<&str>) -> Option<&'static Implementation> {
    REGISTRY.implementation(behaviour, version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviour_and_version_identify_an_implementation() {
        let all: Vec<_> = REGISTRY.all().collect();
        for (index, one) in all.iter().enumerate() {
            let same = all.iter().filter(|other| one == *other).count();
            assert_eq!(same, 1, "{one:?}, number {index}");
        }
    }

    /// Either every implementation of a behaviour has a version, or it is the only one.
    #[test]
    fn versions_tell_implementations_of_one_behaviour_apart() {
        for one in REGISTRY.named() {
            let others = REGISTRY
                .named()
                .filter(|other| other.behaviour == one.behaviour);
            assert!(one.version.is_some() || others.count() == 1, "{one:?}");
        }
    }

    #[test]
    fn a_repaired_revision_is_registered_and_has_no_repair_itself() {
        for one in REGISTRY.named() {
            let Some(repair) = one.repair else { continue };
            assert!(REGISTRY.named().any(|other| other == repair.by), "{one:?}");
            assert_eq!(repair.by.repair, None, "{one:?}");
        }
    }
}
