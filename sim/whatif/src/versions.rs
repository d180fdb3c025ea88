//! Versions of charms without the mistakes that one is played with: what `juju refresh` could bring.
//! Knows which mistakes were repaired and where; not whether that helps.
//!
//! A charm that was read is refreshed to what was read of a later version, and only where that lacks a mistake: the newest
//! version of catalogue-k8s does not restart its process for a new certificate either. Of a charm that a scenario describes
//! it is the same without its mistakes.

use trustsim_charm_model::{
    Apply, Bugs, CertificatesProfile, CharmMetadata, Endpoint, EndpointProfile, KeyUse,
    LibraryProfile, Pinned, ProcessProfile, Provenance, Reads, RenewsOn, Role, Serves, Store,
    TrustProfile,
};
use trustsim_charms::{known_charm, readings};
use trustsim_diagnosis::Fix;
use trustsim_interfaces::{cert_handler, certificate_transfer, tls_certificates};

/// A later version of a charm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Later {
    pub(super) charm: CharmMetadata,
    /// What it does otherwise, each once and at least one.
    pub(super) fixes: Vec<Fix>,
    /// What has to be named for it to come.
    pub(super) named: Named,
}

/// What `juju refresh` is told beside the application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Named {
    /// Nothing: the channel that is tracked brings it.
    #[default]
    Nothing,
    /// Another channel.
    Channel(String),
    /// A revision, where the newest of the channel does not do.
    Revision(u64),
}

/// The later version of a charm that does without one of its mistakes at least and has these endpoints, where one is known.
/// `channel` is the one that is tracked.
pub(super) fn later(
    charm: &CharmMetadata,
    channel: Option<&str>,
    endpoints: &[&str],
) -> Option<Later> {
    let (without, fixes) = repaired(charm)?;
    if !matches!(charm.provenance, Provenance::Read(_)) {
        return Some(Later {
            charm: without,
            fixes,
            named: Named::Nothing,
        });
    }
    let tracked = Pinned {
        channel,
        endpoints,
        ..Pinned::default()
    };
    let own = known_charm(&charm.name, tracked).map(|known| (known.metadata, Named::Nothing));
    let others = readings(&charm.name).into_iter().filter_map(|reading| {
        let track = reading.tracks.first().filter(|_| !reading.is_generation)?;
        let channel = Named::Channel(format!("{track}/stable"));
        Some((reading.charm.metadata, channel))
    });
    let known = own.into_iter().chain(others);
    known
        .chain(later_revisions(charm))
        .find_map(|(newer, named)| {
            let (newer, left) = match repaired(&newer) {
                None => (newer, Vec::new()),
                Some((without, left))
                    if left.iter().all(|fix| is_repaired_since(&charm.name, fix)) =>
                {
                    (without, Vec::new())
                }
                Some((_, left)) => (newer, left),
            };
            let brought = fixes.iter().filter(|fix| !left.contains(fix));
            let brought: Vec<Fix> = brought.cloned().collect();
            let mut endpoints = endpoints.iter();
            let fits = endpoints.all(|name| newer.endpoint(name).is_some());
            (fits && !brought.is_empty()).then_some(Later {
                charm: newer,
                fixes: brought,
                named,
            })
        })
}

/// The generations of a charm that came after its own, the newest first, each with its last revision. A generation of one
/// track is no version for another, and is left out.
fn later_revisions(charm: &CharmMetadata) -> impl Iterator<Item = (CharmMetadata, Named)> {
    let own = match &charm.provenance {
        Provenance::Read(reading) => reading.covers.iter().map(|range| range.last).max(),
        _ => None,
    };
    let readings = readings(&charm.name).into_iter();
    let untracked = readings.filter(|reading| reading.is_generation && reading.tracks.is_empty());
    let mut found: Vec<(u64, CharmMetadata)> = untracked
        .filter_map(|reading| {
            let is_later = |own| reading.revisions.iter().all(|range| range.first > own);
            let last = reading.revisions.iter().map(|range| range.last).max()?;
            own.is_some_and(is_later)
                .then_some((last, reading.charm.metadata))
        })
        .collect();
    found.sort_by_key(|(last, _)| std::cmp::Reverse(*last));
    found
        .into_iter()
        .map(|(last, metadata)| (metadata, Named::Revision(last)))
}

/// Whether a version does so that was released after the newest one that was read.
fn is_repaired_since(charm: &str, fix: &Fix) -> bool {
    // canonical/vault-k8s-operator#1016 (f35462b63), after 619be7dc5.
    const SINCE: [(&str, Fix); 1] = [("vault-k8s", Fix::AsksForBindAddressToo)];
    let mut since = SINCE.iter();
    since.any(|(name, repaired)| *name == charm && repaired == fix)
}

/// The charm without any of them, and what such a version does otherwise, each once. `None` where it
/// has none that was ever repaired.
fn repaired(charm: &CharmMetadata) -> Option<(CharmMetadata, Vec<Fix>)> {
    let mut repaired = charm.clone();
    let mut fixes: Vec<Fix> = Vec::new();
    let is_generation =
        matches!(&charm.provenance, Provenance::Read(reading) if reading.is_generation);
    if let Some(repair) = charm.implementation.repair {
        repaired.implementation = repair.by;
        fixes.push(Fix::Implementation(repair.effect));
    }
    for endpoint in &mut repaired.endpoints {
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
            ) => {
                mend_certificates(profile, &mut fixes);
                mend_handler(profile, library, is_generation, &mut fixes);
            }
            Some(EndpointProfile::ReceivesCa(profile)) => mend_trust(profile, &mut fixes),
            Some(EndpointProfile::PassesCa(_) | EndpointProfile::TakesCa(_)) | None => {}
        }
        mend_library(library, *role, &mut fixes);
        mend_bugs(bugs, &mut fixes);
    }
    for process in &mut repaired.processes {
        mend_process(process, &charm.endpoints, &mut fixes);
    }
    let mut once: Vec<Fix> = Vec::new();
    for fix in fixes {
        if !once.contains(&fix) {
            once.push(fix);
        }
    }
    (!once.is_empty()).then_some((repaired, once))
}

/// canonical/traefik-k8s-operator#509, #306, #340, #436, canonical/grafana-k8s-operator#436,
/// canonical/copilot-collections#69, canonical/opensearch-operator#401,
/// canonical/postgresql-operator#1394, canonical/kafka-operator at revision 218.
fn mend_certificates(profile: &mut CertificatesProfile, fixes: &mut Vec<Fix>) {
    match profile.serves {
        Serves::Reversed => {
            profile.serves = Serves::LeafFirst;
            fixes.push(Fix::KeepsChainOrder);
        }
        Serves::WithoutLeaf => {
            profile.serves = Serves::LeafAndChain;
            fixes.push(Fix::PutsCertificateFirst);
        }
        Serves::Chain
        | Serves::LeafFirst
        | Serves::LeafAndChain
        | Serves::Leaf
        | Serves::Built
        | Serves::Nothing => {}
    }
    if std::mem::take(&mut profile.installs_once) {
        fixes.push(Fix::InstallsEveryCertificate);
        if let Some(handler) = &mut profile.cert_handler {
            // Patch 7 of v1.
            *handler = cert_handler::Version::V1;
        }
    }
    if std::mem::take(&mut profile.keeps_first_ca) {
        fixes.push(Fix::TakesEachCa);
    }
    if !std::mem::replace(&mut profile.restores, true) {
        fixes.push(Fix::RestoresCertificates);
    }
    if profile.apply == Apply::None {
        profile.apply = Apply::Restart;
        // What serves nothing takes no more than the CA that comes with its certificate.
        fixes.push(match profile.serves {
            Serves::Nothing => Fix::RestartsForCa,
            _ => Fix::RestartsForCertificate,
        });
    }
    if profile.key == KeyUse::RenewedEarly {
        profile.key = KeyUse::Renewed;
        fixes.push(Fix::WritesKeyWithCertificate);
    }
    if !std::mem::replace(&mut profile.unique_requests, true) {
        fixes.push(Fix::SendsNewRequests);
    }
    let all = RenewsOn::default();
    let before = std::mem::replace(&mut profile.renews_on, all);
    if before != all {
        fixes.push(Fix::RenewsOnExpiry);
    }
}

/// Charms that left `cert_handler` for version 4 of the library, which keeps its key: canonical/traefik-k8s-operator at
/// revision 245, canonical/prometheus-k8s-operator at 255, canonical/loki-k8s-operator at 202 and others. No patch of
/// `cert_handler` does.
fn mend_handler(
    profile: &mut CertificatesProfile,
    library: &mut Option<LibraryProfile>,
    is_generation: bool,
    fixes: &mut Vec<Fix>,
) {
    let Some(handler) = profile.cert_handler else {
        return;
    };
    if handler.drops_its_key() && is_generation {
        profile.cert_handler = None;
        profile.notification = None;
        *library = Some(LibraryProfile::Certificates(
            tls_certificates::Library::V4Patch30,
        ));
        fixes.push(Fix::KeepsKeyOfRequest);
    }
}

/// canonical/traefik-k8s-operator#668 and #671, canonical/grafana-k8s-operator#436 and #441.
fn mend_trust(profile: &mut TrustProfile, fixes: &mut Vec<Fix>) {
    if profile.apply == Apply::None {
        profile.apply = Apply::Restart;
        fixes.push(Fix::RestartsForCa);
    }
    if std::mem::take(&mut profile.reads) != Reads::Event {
        fixes.push(Fix::ReadsCaFromEvent);
    }
    if profile.store == Store::Last {
        profile.store = Store::Each;
        fixes.push(Fix::KeepsEachCa);
    }
    if !std::mem::replace(&mut profile.restores, true) {
        fixes.push(Fix::RestoresCas);
    }
}

/// canonical/grafana-k8s-operator#331, canonical/loki-k8s-operator#399.
fn mend_process(process: &mut ProcessProfile, endpoints: &[Endpoint], fixes: &mut Vec<Fix>) {
    if process.trusts.is_empty() {
        let trusting = endpoints.iter().filter(|endpoint| {
            matches!(&endpoint.profile, Some(EndpointProfile::Certificates(profile)) if profile.trusts_ca)
        });
        process.trusts = trusting.map(|endpoint| endpoint.name.clone()).collect();
        fixes.push(Fix::GivesProcessItsCa);
    }
    if std::mem::take(&mut process.keeps_first_ca) | std::mem::take(&mut process.at_start_only) {
        fixes.push(Fix::RenewsCaOfProcess);
    }
}

/// canonical/charmlibs: certificate_transfer 1.1.0, tls-certificates 1.12.0 (#267).
fn mend_library(library: &mut Option<LibraryProfile>, role: Role, fixes: &mut Vec<Fix>) {
    type Transfer = certificate_transfer::Library;
    type Certificates = tls_certificates::Library;
    let fix = match (&library, role) {
        (Some(LibraryProfile::Transfer(Transfer::V0Patch11)), _) => {
            *library = Some(LibraryProfile::Transfer(Transfer::Current));
            Fix::SpeaksTransferVersion1
        }
        (Some(LibraryProfile::Transfer(Transfer::V1Patch15)), Role::Provider) => {
            *library = Some(LibraryProfile::Transfer(Transfer::Current));
            Fix::WritesBothTransferVersions
        }
        (Some(LibraryProfile::Certificates(Certificates::V3)), Role::Provider) => {
            *library = Some(LibraryProfile::Certificates(Certificates::Current));
            Fix::ReadsApplicationRequests
        }
        (Some(LibraryProfile::Certificates(Certificates::V4Patch27)), Role::Requirer) => {
            *library = Some(LibraryProfile::Certificates(Certificates::V4Patch30));
            Fix::KeepsOneKey
        }
        _ => return,
    };
    fixes.push(fix);
}

/// The issues stand beside each in [`Bugs`].
fn mend_bugs(bugs: &mut Bugs, fixes: &mut Vec<Fix>) {
    let all = [
        (&mut bugs.root_first, Fix::SendsLeafFirst),
        (&mut bugs.broken_raises, Fix::HandlesRelationBroken),
        (&mut bugs.empty_name_raises, Fix::WaitsForName),
        (&mut bugs.keeps_when_broken, Fix::ForgetsWithRelation),
        (&mut bugs.unknown_alias_raises, Fix::HandlesRelationBroken),
        (&mut bugs.shared_not_applied, Fix::LoadsSharedOnEveryUnit),
        (&mut bugs.needs_parent, Fix::MakesOwnRoot),
        (&mut bugs.silent_refusals, Fix::TellsRefusals),
        (&mut bugs.chain_without_leaf, Fix::PutsCertificateFirst),
        (&mut bugs.default_lease, Fix::SignsForHalfOfCa),
        (&mut bugs.keeps_own_certificate, Fix::RenewsOwnCertificate),
        (&mut bugs.no_alternative_names, Fix::AsksForAlternativeNames),
        (&mut bugs.start_takes_address, Fix::AsksForNewAddress),
        (&mut bugs.keeps_issued, Fix::IssuesForNewNames),
        (&mut bugs.reload_only, Fix::RestartsWhereReloadFails),
        (&mut bugs.ingress_address_only, Fix::AsksForBindAddressToo),
        (&mut bugs.reverse_dns_only, Fix::AsksForItsAddressToo),
        (&mut bugs.stale_root_kubeconfig, Fix::WritesKubeconfigFirst),
        (&mut bugs.word_as_ca, Fix::PassesItsCaOn),
        (
            &mut bugs.earlier_relations_only,
            Fix::PassesCaToEachRelation,
        ),
    ];
    for (bug, fix) in all {
        if std::mem::take(bug) {
            fixes.push(fix);
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
        let charm = Arc::clone(&deployment.applications.raw[1].charm);
        Arc::unwrap_or_clone(charm)
    }

    #[test]
    fn a_charm_without_mistakes_has_no_later_version() {
        assert_eq!(repaired(&web()), None);
        let mut charm = web();
        let profile = CertificatesProfile::default();
        charm.endpoints[0].profile = Some(EndpointProfile::Certificates(profile));
        assert_eq!(repaired(&charm), None);
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
        let (repaired, fixes) = repaired(&charm).expect("there are mistakes");
        assert_eq!(
            fixes,
            [
                Fix::InstallsEveryCertificate,
                Fix::HandlesRelationBroken,
                Fix::ForgetsWithRelation,
            ]
        );
        assert_eq!(super::repaired(&repaired), None);
    }

    /// Only of a revision that its charm has left behind is it known that it left `cert_handler` too.
    #[test]
    fn a_later_revision_of_a_charm_does_without_cert_handler() {
        for (name, revision, expected) in [
            ("prometheus-k8s", Some(250), &[Fix::KeepsKeyOfRequest][..]),
            (
                "prometheus-k8s",
                Some(181),
                &[Fix::InstallsEveryCertificate, Fix::KeepsKeyOfRequest],
            ),
            ("prometheus-k8s", Some(178), &[]),
            ("istio-ingress-k8s", None, &[]),
        ] {
            let pinned = Pinned {
                revision,
                ..Pinned::default()
            };
            let charm = known_charm(name, pinned).expect("it is known").metadata;
            let fixes = repaired(&charm).map_or_else(Vec::new, |(_, fixes)| fixes);
            let of_handler = [Fix::InstallsEveryCertificate, Fix::KeepsKeyOfRequest];
            let fixes: Vec<Fix> = fixes
                .into_iter()
                .filter(|fix| of_handler.contains(fix))
                .collect();
            assert_eq!(fixes, expected, "{name} {revision:?}");
        }
    }

    /// catalogue-k8s 430b1b3, the newest commit of its repository, neither restarts nor reloads nginx for a new certificate
    /// (`charm/src/charm.py`, `_configure`), nor does any that was read before.
    #[test]
    fn no_version_is_invented_for_a_charm_that_was_read() {
        for revision in [None, Some(33)] {
            let pinned = Pinned {
                revision,
                ..Pinned::default()
            };
            let charm = known_charm("catalogue-k8s", pinned)
                .expect("it is known")
                .metadata;
            let brought = later(&charm, None, &["certificates"]);
            let fixes = brought.map_or_else(Vec::new, |later| later.fixes);
            assert!(
                !fixes.contains(&Fix::RestartsForCertificate),
                "{revision:?}: {fixes:?}"
            );
        }
    }

    #[test]
    fn a_charm_that_was_read_is_refreshed_to_what_was_read_later() {
        let pinned = Pinned {
            revision: Some(236),
            ..Pinned::default()
        };
        let charm = known_charm("traefik-k8s", pinned)
            .expect("it is known")
            .metadata;
        let brought = later(&charm, Some("latest/stable"), &["certificates"]).expect("#509");
        let newest = known_charm("traefik-k8s", Pinned::default()).expect("it is known");
        let commit = |charm: &CharmMetadata| match &charm.provenance {
            Provenance::Read(reading) => reading.commit.clone(),
            other => panic!("it was read: {other:?}"),
        };
        assert_eq!(commit(&brought.charm), commit(&newest.metadata));
        assert!(
            brought.fixes.contains(&Fix::KeepsChainOrder),
            "{:?}",
            brought.fixes
        );
        assert_eq!(brought.named, Named::Nothing);
        assert_eq!(
            later(&charm, Some("latest/stable"), &["no-such-endpoint"]),
            None
        );
    }

    /// canonical/grafana-k8s-operator 23c37dc verifies Tempo with the wrong file, ec74910 (#331) does not, and the newest has no
    /// endpoint `tracing`, so that Juju refuses it where that is related.
    #[test]
    fn where_the_newest_lacks_an_endpoint_the_last_revision_that_has_it_is_named() {
        let pinned = Pinned {
            revision: Some(112),
            ..Pinned::default()
        };
        let charm = known_charm("grafana-k8s", pinned)
            .expect("it is known")
            .metadata;
        let related = ["certificates", "grafana-source", "tracing"];
        let brought = later(&charm, None, &related).expect("#331");
        let Named::Revision(revision) = brought.named else {
            panic!("{brought:?}");
        };
        assert!(revision > 112, "{revision}");
        assert!(brought.charm.endpoint("tracing").is_some());
        let newest = later(&charm, None, &["certificates"]);
        assert!(newest.is_none_or(|newest| newest.named == Named::Nothing));
        // None is later than the newest.
        let newest = known_charm("grafana-k8s", Pinned::default()).expect("it is known");
        assert_eq!(later_revisions(&newest.metadata).count(), 0);
    }

    #[test]
    fn what_was_never_mended_stays() {
        let mut charm = web();
        let code = |name| implementation(name, None).expect("it is registered");
        charm.implementation = code("vault");
        assert_eq!(repaired(&charm), None);
        charm.implementation = code("vault-first-issuer");
        let (repaired, _) = repaired(&charm).expect("#386");
        assert_eq!(repaired.implementation, code("vault"));
    }
}
