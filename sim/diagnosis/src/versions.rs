//! Versions of charms without the mistakes that one is played with: what `juju refresh` could bring.
//! Knows which mistakes were mended and where; not whether that helps anybody.

use trustsim_charms::{
    Apply, Bugs, CertificatesProfile, CharmMetadata, Endpoint, EndpointProfile, KeyUse,
    LibraryProfile, Reads, RenewsOn, Role, Serves, Store, TrustProfile,
};
use trustsim_interfaces::{certificate_transfer, tls_certificates};

/// The charm without any of them, and what such a version does otherwise, as ends of the sentence
/// "a version that ...". `None` where it has none that was ever mended.
pub(super) fn mended(charm: &CharmMetadata) -> Option<(CharmMetadata, String)> {
    let mut mended = charm.clone();
    let mut words: Vec<&'static str> = Vec::new();
    if let Some(repair) = charm.implementation.repair {
        mended.implementation = repair.by;
        words.push(repair.effect);
    }
    for endpoint in &mut mended.endpoints {
        let Endpoint {
            profile,
            library,
            role,
            bugs,
            ..
        } = endpoint;
        match profile {
            Some(
                EndpointProfile::Certificates(profile)
                | EndpointProfile::LegacyCertificates(profile),
            ) => mend_certificates(profile, &mut words),
            Some(EndpointProfile::ReceivesCa(profile)) => mend_trust(profile, &mut words),
            None => {}
        }
        mend_library(library, *role, &mut words);
        mend_bugs(bugs, &mut words);
    }
    let mut told: Vec<&str> = Vec::new();
    for word in words {
        if !told.contains(&word) {
            told.push(word);
        }
    }
    (!told.is_empty()).then(|| (mended, told.join(" and ")))
}

/// canonical/traefik-k8s-operator#509, #306, #340, #436, canonical/grafana-k8s-operator#436,
/// canonical/copilot-collections#69, canonical/opensearch-operator#401,
/// canonical/postgresql-operator#1394.
fn mend_certificates(profile: &mut CertificatesProfile, words: &mut Vec<&'static str>) {
    match profile.serves {
        Serves::Reversed => {
            profile.serves = Serves::LeafFirst;
            words.push("leaves a chain in its order");
        }
        Serves::WithoutLeaf => {
            profile.serves = Serves::LeafAndChain;
            words.push("puts the certificate before its chain");
        }
        Serves::Chain | Serves::LeafFirst | Serves::LeafAndChain | Serves::Leaf => {}
    }
    if std::mem::take(&mut profile.installs_once) {
        words.push("installs every certificate that it is given");
    }
    if !std::mem::replace(&mut profile.restores, true) {
        words.push("writes its files again when its container starts");
    }
    if profile.apply == Apply::None {
        profile.apply = Apply::Restart;
        words.push("restarts its workload for a new certificate");
    }
    if profile.key == KeyUse::RenewedEarly {
        profile.key = KeyUse::Renewed;
        words.push("writes a new key together with its certificate");
    }
    if !std::mem::replace(&mut profile.unique_requests, true) {
        words.push("asks with another request each time");
    }
    let all = RenewsOn::default();
    let before = std::mem::replace(&mut profile.renews_on, all);
    if before != all {
        words.push("asks again when a certificate ends or has ended");
    }
}

/// canonical/traefik-k8s-operator#668 and #671, canonical/grafana-k8s-operator#436 and #441.
fn mend_trust(profile: &mut TrustProfile, words: &mut Vec<&'static str>) {
    if profile.apply == Apply::None {
        profile.apply = Apply::Restart;
        words.push("restarts its workload for a new CA");
    }
    if std::mem::take(&mut profile.reads) != Reads::Event {
        words.push("takes CAs from the library's event");
    }
    if profile.store == Store::Last {
        profile.store = Store::Each;
        words.push("keeps each CA in a file of its own");
    }
    if !std::mem::replace(&mut profile.restores, true) {
        words.push("writes CAs again when its container starts");
    }
}

/// canonical/charmlibs: certificate_transfer 1.1.0, tls-certificates 1.12.0 (#267).
fn mend_library(library: &mut Option<LibraryProfile>, role: Role, words: &mut Vec<&'static str>) {
    type Transfer = certificate_transfer::Library;
    type Certificates = tls_certificates::Library;
    let word = match (&library, role) {
        (Some(LibraryProfile::Transfer(Transfer::V0Patch11)), _) => {
            *library = Some(LibraryProfile::Transfer(Transfer::Current));
            "speaks version 1 of certificate_transfer"
        }
        (Some(LibraryProfile::Transfer(Transfer::V1Patch15)), Role::Provider) => {
            *library = Some(LibraryProfile::Transfer(Transfer::Current));
            "writes for both versions of certificate_transfer"
        }
        (Some(LibraryProfile::Certificates(Certificates::V3)), Role::Provider) => {
            *library = Some(LibraryProfile::Certificates(Certificates::Current));
            "reads the requests of applications too"
        }
        (Some(LibraryProfile::Certificates(Certificates::V4Patch27)), Role::Requirer) => {
            *library = Some(LibraryProfile::Certificates(Certificates::V4Patch30));
            "keeps one key for its application"
        }
        _ => return,
    };
    words.push(word);
}

/// The issues stand beside each in [`Bugs`].
fn mend_bugs(bugs: &mut Bugs, words: &mut Vec<&'static str>) {
    let all = [
        (
            &mut bugs.root_first,
            "gives chains that begin with the certificate",
        ),
        (&mut bugs.broken_raises, "does not raise in relation-broken"),
        (
            &mut bugs.empty_name_raises,
            "waits for its name before it asks",
        ),
        (
            &mut bugs.keeps_when_broken,
            "forgets with the relation what came over it",
        ),
        (
            &mut bugs.unknown_alias_raises,
            "does not raise in relation-broken",
        ),
        (
            &mut bugs.shared_not_applied,
            "loads on every unit what the leader shares",
        ),
    ];
    for (bug, word) in all {
        if std::mem::take(bug) {
            words.push(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use trustsim_charms::implementation;
    use trustsim_testkit::deployment;

    fn web() -> CharmMetadata {
        let deployment = deployment();
        let charm = Arc::clone(&deployment.applications[1].charm);
        Arc::unwrap_or_clone(charm)
    }

    #[test]
    fn a_charm_without_mistakes_has_no_later_version() {
        assert_eq!(mended(&web()), None);
        let mut charm = web();
        let profile = CertificatesProfile::default();
        charm.endpoints[0].profile = Some(EndpointProfile::Certificates(profile));
        assert_eq!(mended(&charm), None);
    }

    #[test]
    fn every_mistake_is_mended_at_once_and_each_said_once() {
        let mut charm = web();
        charm.endpoints[0].profile = Some(EndpointProfile::Certificates(CertificatesProfile {
            installs_once: true,
            ..CertificatesProfile::default()
        }));
        charm.endpoints[0].bugs.keeps_when_broken = true;
        charm.endpoints[0].bugs.broken_raises = true;
        charm.endpoints[0].bugs.unknown_alias_raises = true;
        let (mended, words) = mended(&charm).expect("there are mistakes");
        assert_eq!(
            words,
            "installs every certificate that it is given and does not raise in relation-broken and forgets with the relation what came over it"
        );
        assert_eq!(super::mended(&mended), None);
    }

    #[test]
    fn what_was_never_mended_stays() {
        let mut charm = web();
        let code = |name| implementation(name, None).expect("it is registered");
        charm.implementation = code("vault");
        assert_eq!(mended(&charm), None);
        charm.implementation = code("vault-first-issuer");
        let (mended, _) = mended(&charm).expect("#386");
        assert_eq!(mended.implementation, code("vault"));
    }
}
