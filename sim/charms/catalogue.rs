//! The charms trustsim knows: data in `catalogue.yaml`, read by the same code as a scenario's
//! `charms` section.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::declaration::{CharmDeclaration, KnownCharm};
use crate::yaml::{FromNode, Map, Reader, Unknown, parse};

const TEXT: &str = include_str!("catalogue.yaml");

/// Every known charm, by Charmhub name.
///
/// # Panics
///
/// Never, as long as the embedded file is well formed, which a test holds it to.
pub fn catalogue() -> &'static BTreeMap<String, KnownCharm> {
    static CATALOGUE: OnceLock<BTreeMap<String, KnownCharm>> = OnceLock::new();
    CATALOGUE.get_or_init(|| read(TEXT).expect("the embedded catalogue is well formed"))
}

fn read(text: &str) -> Result<BTreeMap<String, KnownCharm>, String> {
    let documents = parse(text, 0).map_err(|error| error.message)?;
    let mut reader = Reader::new(Unknown::Refused, true);
    let charms = documents
        .first()
        .and_then(|node| Map::<CharmDeclaration>::from_node(node, &mut reader))
        .unwrap_or_default();
    let read: BTreeMap<String, KnownCharm> = charms
        .iter()
        .map(|(name, charm)| (name.value.clone(), charm.to_charm(&name.value, &mut reader)))
        .collect();
    match reader.mistakes.first() {
        Some(mistake) => Err(format!(
            "{} at byte {}",
            mistake.message, mistake.place.start
        )),
        None => Ok(read),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charms::{Behaviour, EndpointProfile, Mode, Role};

    #[test]
    fn the_embedded_file_is_well_formed() {
        assert_eq!(read(TEXT).map(|charms| charms.len() >= 40), Ok(true));
    }

    #[test]
    fn the_provider_of_most_scenarios_is_known_exactly() {
        let charm = &catalogue()["self-signed-certificates"];
        assert!(!charm.more_options && !charm.more_endpoints);
        let metadata = &charm.metadata;
        assert_eq!(metadata.behaviour, Behaviour::SelfSignedCertificates);
        assert_eq!(
            metadata.rotate_ca_action.as_deref(),
            Some("rotate-private-key")
        );
        assert_eq!(
            metadata.options["root-ca-validity"].default.as_deref(),
            Some("365d")
        );
        assert_eq!(
            metadata.options["certificate-limit"].default.as_deref(),
            Some("99")
        );
        let endpoint = metadata.endpoint("send-ca-cert").expect("an endpoint");
        assert_eq!(
            (endpoint.role, endpoint.interface.as_str()),
            (Role::Provider, "certificate_transfer")
        );
    }

    #[test]
    fn traefik_asks_once_for_the_application() {
        let metadata = &catalogue()["traefik-k8s"].metadata;
        assert_eq!(metadata.behaviour, Behaviour::Traefik);
        let endpoint = metadata.endpoint("certificates").expect("an endpoint");
        let Some(EndpointProfile::Certificates(profile)) = &endpoint.profile else {
            panic!("no profile");
        };
        assert_eq!((profile.mode, endpoint.limit), (Mode::App, Some(1)));
        assert_eq!(
            metadata
                .endpoint("receive-ca-cert")
                .and_then(|endpoint| endpoint.limit),
            Some(1)
        );
    }

    #[test]
    fn legacy_requirers_have_no_profile() {
        let metadata = &catalogue()["kubernetes-control-plane"].metadata;
        assert_eq!(metadata.behaviour, Behaviour::Plain);
        assert!(
            metadata
                .endpoint("certificates")
                .is_some_and(|endpoint| endpoint.profile.is_none())
        );
    }
}
