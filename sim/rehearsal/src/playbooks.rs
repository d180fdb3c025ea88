//! The playbooks: which steps in which order, with the pauses left open, and which of them fit a CA.
//!
//! They are what the rotation guides have in common: Kubernetes' manual rotation and Teleport's
//! phases (`step-by-step`), SPIRE and Vault PKI (`by-renewal`), Consul and OpenShift's service-ca
//! (`cross-signed`), a root issued again with its key (`same-key`), distrust before everything
//! else (`emergency`), and what Juju offers for any charm: a second provider beside the first.

use std::collections::{BTreeMap, BTreeSet};

use super::playbook::{OpenPauses, Playbook, PlaybookKind, Steps};
use trustsim_charm_model::{Apply, EndpointProfile, Role};
use trustsim_diagnosis::Command;
use trustsim_interfaces::Interface;
use trustsim_kernel::Span;
use trustsim_world::{ApplicationIndex, Deployment, Party, Persistence, RotationStep, TrustChange};

/// Whether an application signs what others ask for.
pub(super) fn is_provider(deployment: &Deployment, ca: ApplicationIndex) -> bool {
    let endpoints = &deployment.applications[ca].charm.endpoints;
    endpoints
        .iter()
        .any(|each| each.role == Role::Provider && Interface::TlsCertificates.is(&each.interface))
}

/// Every playbook in which the CA rotates by itself.
pub(super) fn playbooks_of_ca(deployment: &Deployment, ca: ApplicationIndex) -> Vec<Playbook> {
    let charm = &deployment.applications[ca].charm;
    if charm.implementation.has_declared_chain() {
        return by_operator(deployment, ca);
    }
    let mut playbooks = Vec::new();
    if !charm.rotation_actions().is_empty() {
        playbooks.push(by_charm(PlaybookKind::CharmAction, BTreeMap::new()));
    }
    if let Some((option, value)) = name_option(deployment, ca) {
        let options = [(option, Some(value))].into();
        playbooks.push(by_charm(PlaybookKind::CharmConfig, options));
    }
    playbooks
}

/// A second provider takes over, requirer by requirer; where connections stay open, also with
/// restarts that close them.
pub(super) fn second_provider(
    deployment: &Deployment,
    successor: ApplicationIndex,
    beforehand: &[Command],
) -> Vec<Playbook> {
    let playbook = |kind, closing: Vec<RotationStep>| Playbook {
        kind,
        pauses: OpenPauses::Both,
        steps: Box::new(move |lead, tail| {
            let mut steps = vec![RotationStep::Distribute(TrustChange::default())];
            steps.extend(pause(lead));
            steps.push(switch());
            steps.extend(pause(tail));
            steps.extend(closing.iter().cloned());
            steps.push(RotationStep::Withdraw(TrustChange::default()));
            steps
        }),
        successor: Some(successor),
        beforehand: beforehand.to_vec(),
    };
    let mut playbooks = vec![playbook(PlaybookKind::SecondProvider, Vec::new())];
    let closing = restarts_that_close(deployment);
    if !closing.is_empty() {
        playbooks.push(playbook(PlaybookKind::SecondProviderClosing, closing));
    }
    playbooks
}

/// Restarts of every server to which connections stay open, or come back with sessions.
pub(super) fn restarts_that_close(deployment: &Deployment) -> Vec<RotationStep> {
    let connections = deployment.connections.iter();
    let persisting = connections.filter(|spec| spec.persistence != Persistence::default());
    let servers: BTreeSet<ApplicationIndex> = persisting.map(|spec| spec.to).collect();
    let restart = |application| RotationStep::Reload {
        application,
        unit: None,
    };
    servers.into_iter().map(restart).collect()
}

/// The playbooks of a CA whose key the operator holds.
fn by_operator(deployment: &Deployment, ca: ApplicationIndex) -> Vec<Playbook> {
    let reloads = reloads(deployment, ca);
    let playbook = |kind, pauses, steps: Steps| Playbook {
        kind,
        pauses,
        steps,
        successor: None,
        beforehand: Vec::new(),
    };
    let [first, second, third, fourth, fifth] = [0; 5].map(|_| reloads.clone());
    let mut playbooks = vec![
        playbook(
            PlaybookKind::StepByStep,
            OpenPauses::Both,
            Box::new(move |lead, tail| trusted_first(prepare(false), &first, true, lead, tail)),
        ),
        playbook(
            PlaybookKind::ByRenewal,
            OpenPauses::Both,
            Box::new(move |lead, tail| trusted_first(prepare(false), &second, false, lead, tail)),
        ),
        playbook(
            PlaybookKind::CrossSigned,
            OpenPauses::Both,
            Box::new(move |lead, tail| {
                let mut begin = prepare(false);
                begin.push(RotationStep::CrossSign);
                trusted_first(begin, &third, true, lead, tail)
            }),
        ),
        playbook(
            PlaybookKind::SameKey,
            OpenPauses::Both,
            Box::new(move |lead, tail| trusted_first(prepare(true), &fourth, false, lead, tail)),
        ),
        playbook(
            PlaybookKind::Emergency,
            OpenPauses::Neither,
            Box::new(move |_, _| {
                let mut steps = prepare(false);
                let withdraw = RotationStep::Withdraw(TrustChange::default());
                steps.extend([switch(), withdraw, re_issue()]);
                steps.extend(fifth.iter().cloned());
                steps
            }),
        ),
    ];
    playbooks.extend(by_operator_closing(deployment, reloads));
    playbooks
}

/// RotationStep by step, with restarts that close what is open; none where nothing stays open.
fn by_operator_closing(deployment: &Deployment, reloads: Vec<RotationStep>) -> Option<Playbook> {
    let closing = restarts_that_close(deployment);
    (!closing.is_empty()).then(|| Playbook {
        kind: PlaybookKind::StepByStepClosing,
        pauses: OpenPauses::Both,
        steps: Box::new(move |lead, tail| {
            let mut steps = trusted_first(prepare(false), &reloads, true, lead, tail);
            let withdrawal = steps.len() - 1;
            steps.splice(withdrawal..withdrawal, closing.iter().cloned());
            steps
        }),
        successor: None,
        beforehand: Vec::new(),
    })
}

/// Its own charm makes the new CA.
fn by_charm(kind: PlaybookKind, options: BTreeMap<String, Option<String>>) -> Playbook {
    Playbook {
        kind,
        pauses: OpenPauses::Neither,
        steps: Box::new(move |_, _| {
            let options = options.clone();
            // People fetch the CA when it is there; before, they would copy the old one.
            vec![
                RotationStep::SwitchIssuer { options },
                RotationStep::Distribute(TrustChange::default()),
            ]
        }),
        successor: None,
        beforehand: Vec::new(),
    }
}

/// The new root is trusted before the switch, and the old one until after it.
fn trusted_first(
    begin: Vec<RotationStep>,
    reloads: &[RotationStep],
    signs_again: bool,
    lead: Span,
    tail: Span,
) -> Vec<RotationStep> {
    let mut steps = begin;
    steps.push(RotationStep::Distribute(TrustChange::default()));
    steps.extend(pause(lead));
    steps.extend(reloads.iter().cloned());
    steps.push(switch());
    if signs_again {
        steps.push(re_issue());
    }
    steps.extend(pause(tail));
    steps.push(RotationStep::Withdraw(TrustChange::default()));
    steps
}

fn prepare(same_key: bool) -> Vec<RotationStep> {
    vec![RotationStep::Prepare {
        same_name: same_key,
        same_key,
    }]
}

const fn switch() -> RotationStep {
    RotationStep::SwitchIssuer {
        options: BTreeMap::new(),
    }
}

const fn re_issue() -> RotationStep {
    RotationStep::ReIssue {
        jitter: Span::ZERO,
        per_hour: None,
    }
}

fn pause(length: Span) -> Option<RotationStep> {
    (!length.is_zero()).then_some(RotationStep::Hold(length))
}

/// Workloads that get the CA and do not read it until they restart.
fn reloads(deployment: &Deployment, ca: ApplicationIndex) -> Vec<RotationStep> {
    let transfers = deployment.relations.iter().filter(|relation| {
        Interface::CertificateTransfer.is(&relation.interface)
            && deployment.application_of(relation.sides[0].party) == Some(ca)
    });
    let stale = transfers.filter_map(|relation| {
        let Party::Application(application) = relation.sides[1].party else {
            return None;
        };
        let charm = &deployment.applications[application].charm;
        let endpoint = charm.endpoint(&relation.sides[1].endpoint)?;
        let keeps = matches!(&endpoint.profile, Some(EndpointProfile::ReceivesCa(profile))
            if profile.apply == Apply::None);
        keeps.then_some(RotationStep::Reload {
            application,
            unit: None,
        })
    });
    stale.collect()
}

/// The option that names a charm's CA, and another name.
pub(super) fn name_option(
    deployment: &Deployment,
    ca: ApplicationIndex,
) -> Option<(String, String)> {
    let spec = &deployment.applications[ca];
    let option = spec.charm.ca_name_option()?;
    let default = || spec.charm.options.get(option)?.default.clone();
    let now = spec.options.get(option).cloned().or_else(default);
    let value = match (option, now.filter(|name| !name.is_empty())) {
        ("ca-common-name", Some(name)) => format!("{name}-2"),
        ("ca-common-name", None) => format!("{}-2", spec.name),
        // A domain, under which the charm signs.
        (_, Some(name)) => format!("next.{name}"),
        (_, None) => return None,
    };
    Some((option.to_owned(), value))
}
