//! Every implementation of a charm, in the order in which messages list them. A new charm is one
//! file that ends up as one line here.

use super::Implementation;
use super::declared_provider::DECLARED_PROVIDER;
use super::legacy_requirer::LEGACY_REQUIRER;
use super::requirer::REQUIRER;
use super::without_tls::WITHOUT_TLS;

/// What a declaration can name under `behaviour`.
static NAMED: &[&[Implementation]] = &[
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
];

/// Those that follow from the rest of a declaration.
static DERIVED: [&Implementation; 2] = [&LEGACY_REQUIRER, &DECLARED_PROVIDER];

/// Every implementation that a declaration can name, in order.
pub(super) fn named() -> impl Iterator<Item = &'static Implementation> {
    NAMED.iter().copied().flatten()
}

/// The implementation of a behaviour in a version, or in its default version.
pub fn implementation(behaviour: &str, version: Option<&str>) -> Option<&'static Implementation> {
    named()
        .chain(DERIVED)
        .find(|each| each.behaviour == behaviour && (version.is_none() || each.version == version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviour_and_version_identify_an_implementation() {
        let all: Vec<_> = named().chain(DERIVED).collect();
        for (index, one) in all.iter().enumerate() {
            let same = all.iter().filter(|other| one == *other).count();
            assert_eq!(same, 1, "{one:?}, number {index}");
        }
    }

    /// Either every implementation of a behaviour has a version, or it is the only one.
    #[test]
    fn versions_tell_implementations_of_one_behaviour_apart() {
        for one in named() {
            let others = named().filter(|other| other.behaviour == one.behaviour);
            assert!(one.version.is_some() || others.count() == 1, "{one:?}");
        }
    }

    #[test]
    fn a_repaired_revision_is_registered_and_has_no_repair_itself() {
        for one in named() {
            let Some(repair) = one.repair else { continue };
            assert!(named().any(|other| other == repair.by), "{one:?}");
            assert_eq!(repair.by.repair, None, "{one:?}");
        }
    }
}
