//! The playbooks: which steps in which order, with the pauses left open, and which of them fit a CA.
//!
//! They are what the rotation guides have in common: Kubernetes' manual rotation and Teleport's
//! phases (`step-by-step`), SPIRE and Vault PKI (`by-renewal`), Consul and OpenShift's service-ca
//! (`cross-signed`), a root issued again with its key (`same-key`), distrust before everything
//! else (`emergency`), and what Juju offers for any charm: a second provider beside the first.

use std::collections::{BTreeMap, BTreeSet};

use super::Unfit;
use trustsim_charms::{Apply, Authority, CharmMetadata, EndpointProfile, Role};
use trustsim_faults::rotation::{Handing, Step};
use trustsim_kernel::Span;
use trustsim_world::{Deployment, Party, Persistence};

/// Steps with the pause before the switch and the pause before the withdrawal left open.
type Steps = Box<dyn Fn(Span, Span) -> Vec<Step> + Send + Sync>;

/// Options that name a charm's CA, and make it another one where they change.
const NAMES: [&str; 2] = ["ca-common-name", "pki_ca_common_name"];

/// The playbook that changes no key.
pub(super) const SAME_KEY: &str = "same-key";

/// One way to rotate a CA.
pub(super) struct Playbook {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// Which of the two pauses it has.
    pub(super) pauses: (bool, bool),
    pub(super) steps: Steps,
    /// Who takes over; none where the CA rotates by itself.
    pub(super) successor: Option<usize>,
    /// What is typed at any time before it begins.
    pub(super) beforehand: Vec<String>,
    /// Whether its pauses are long enough only where nothing stays open beyond the distrust (I6).
    pub(super) closes: bool,
}

impl Playbook {
    /// Whether it is one that an operator would take in place of a change in one step: with pauses,
    /// and with another key.
    pub(super) fn is_orderly(&self) -> bool {
        self.pauses != (false, false) && !self.closes && self.name != SAME_KEY
    }
}

/// Whether an application signs what others ask for.
pub(super) fn is_provider(deployment: &Deployment, ca: usize) -> bool {
    let endpoints = &deployment.applications[ca].charm.endpoints;
    endpoints
        .iter()
        .any(|each| each.role == Role::Provider && each.interface == "tls-certificates")
}

/// Every playbook in which the CA rotates by itself.
pub(super) fn of_one(deployment: &Deployment, ca: usize) -> Vec<Playbook> {
    let charm = &deployment.applications[ca].charm;
    if charm.implementation.has_declared_chain() {
        return held(deployment, ca);
    }
    let mut playbooks = Vec::new();
    if !charm.rotation_actions().is_empty() {
        playbooks.push(own(
            "charm-action",
            "the charm's own actions make a new CA and sign everything again",
            BTreeMap::new(),
        ));
    }
    if let Some((option, value)) = name_option(deployment, ca) {
        playbooks.push(own(
            "charm-config",
            "the CA's name is changed by configuration, which makes a new CA",
            [(option, Some(value))].into(),
        ));
    }
    playbooks
}

/// Those that do not fit the CA, and why, in plain words.
pub(super) fn unfit(deployment: &Deployment, ca: usize) -> Vec<Unfit> {
    let spec = &deployment.applications[ca];
    let charm = &spec.charm;
    let mut unfit = Vec::new();
    let mut add = |names: &[&'static str], why: String| {
        let names = names.to_vec();
        unfit.push(Unfit { names, why });
    };
    let by_steps = [
        "step-by-step",
        "by-renewal",
        "cross-signed",
        SAME_KEY,
        "emergency",
    ];
    let own = ["charm-action", "charm-config"];
    if charm.implementation.has_declared_chain() {
        let why = format!(
            "the operator holds the key of {}: no charm rotates it",
            spec.name
        );
        add(&own, why);
    } else {
        add(&by_steps, no_steps(charm));
        if charm.rotation_actions().is_empty() {
            let why = format!(
                "the charm `{}` has no action that rotates its CA",
                charm.name
            );
            add(&own[..1], why);
        }
        if name_option(deployment, ca).is_none() {
            let known = NAMES.iter().find(|name| charm.options.contains_key(**name));
            let why = match known {
                Some(option) => format!("{option} is not set, so that nothing is named by it"),
                None => format!("the charm `{}` has no option that names its CA", charm.name),
            };
            add(&own[1..], why);
        }
    }
    if closing(deployment).is_empty() {
        let closing = ["step-by-step-closing", "second-provider-closing"];
        add(
            &closing,
            "nothing stays open, and nobody takes up sessions".to_owned(),
        );
    }
    unfit
}

/// Why the CA of a real charm is not rotated in steps.
fn no_steps(charm: &CharmMetadata) -> String {
    let name = &charm.name;
    match charm.implementation.authority {
        Authority::Acme => format!(
            "the charm `{name}` orders from a public CA, whose roots and keys are not the operator's"
        ),
        Authority::People { .. } => format!(
            "the charm `{name}` passes on what people had signed elsewhere: the CA is rotated there"
        ),
        _ => format!(
            "the charm `{name}` keeps its key to itself and has one CA at a time: a new one signs as \
             soon as it is made, and nobody can be told of it before"
        ),
    }
}

/// A second provider takes over, requirer by requirer; where connections stay open, also with
/// restarts that close them.
pub(super) fn second_provider(
    deployment: &Deployment,
    successor: usize,
    beforehand: &[String],
) -> Vec<Playbook> {
    let playbook = |name, about, closing: Vec<Step>| Playbook {
        name,
        about,
        pauses: (true, true),
        closes: !closing.is_empty(),
        steps: Box::new(move |lead, tail| {
            let mut steps = vec![Step::Distribute(Handing::default())];
            steps.extend(pause(lead));
            steps.push(switch());
            steps.extend(pause(tail));
            steps.extend(closing.iter().cloned());
            steps.push(Step::Withdraw(Handing::default()));
            steps
        }),
        successor: Some(successor),
        beforehand: beforehand.to_vec(),
    };
    let mut playbooks = vec![playbook(
        "second-provider",
        "a second provider is trusted beside the first, takes over its requirers, and the first \
         one's CA is withdrawn",
        Vec::new(),
    )];
    let closing = closing(deployment);
    if !closing.is_empty() {
        playbooks.push(playbook(
            "second-provider-closing",
            "the same, and servers are restarted before the withdrawal, so that nothing stays open \
             that began with the first one's CA",
            closing,
        ));
    }
    playbooks
}

/// Restarts of every server to which connections stay open, or come back with sessions.
fn closing(deployment: &Deployment) -> Vec<Step> {
    let connections = deployment.connections.iter();
    let persisting = connections.filter(|spec| spec.persistence != Persistence::default());
    let servers: BTreeSet<usize> = persisting.map(|spec| spec.to).collect();
    let restart = |application| Step::Reload {
        application,
        unit: None,
    };
    servers.into_iter().map(restart).collect()
}

/// Those of a CA whose key the operator holds.
fn held(deployment: &Deployment, ca: usize) -> Vec<Playbook> {
    let reloads = reloads(deployment, ca);
    let playbook = |name, about, pauses, steps: Steps| Playbook {
        name,
        about,
        pauses,
        steps,
        successor: None,
        beforehand: Vec::new(),
        closes: false,
    };
    let [first, second, third, fourth, fifth] = [0; 5].map(|_| reloads.clone());
    let mut playbooks = vec![
        playbook(
            "step-by-step",
            "trust both, switch, sign everything again, distrust the old",
            (true, true),
            Box::new(move |lead, tail| trusted_first(prepare(false), &first, true, lead, tail)),
        ),
        playbook(
            "by-renewal",
            "trust both, switch, let certificates be renewed at their time, distrust the old",
            (true, true),
            Box::new(move |lead, tail| trusted_first(prepare(false), &second, false, lead, tail)),
        ),
        playbook(
            "cross-signed",
            "the old CA signs the new one, so that it may sign at once; distrust the old",
            (true, true),
            Box::new(move |lead, tail| {
                let mut begin = prepare(false);
                begin.push(Step::CrossSign);
                trusted_first(begin, &third, true, lead, tail)
            }),
        ),
        playbook(
            SAME_KEY,
            "the root is issued again with its own key: new dates, nothing against a compromise",
            (true, true),
            Box::new(move |lead, tail| trusted_first(prepare(true), &fourth, false, lead, tail)),
        ),
        playbook(
            "emergency",
            "the old CA is distrusted first and everything signed again after",
            (false, false),
            Box::new(move |_, _| {
                let mut steps = prepare(false);
                let withdraw = Step::Withdraw(Handing::default());
                steps.extend([switch(), withdraw, re_issue()]);
                steps.extend(fifth.iter().cloned());
                steps
            }),
        ),
    ];
    playbooks.extend(closing_held(deployment, reloads));
    playbooks
}

/// Step by step, with restarts that close what is open; none where nothing stays open.
fn closing_held(deployment: &Deployment, reloads: Vec<Step>) -> Option<Playbook> {
    let closing = closing(deployment);
    (!closing.is_empty()).then(|| Playbook {
        name: "step-by-step-closing",
        about: "step by step, and servers are restarted before the old CA is distrusted, so that \
                nothing stays open that began with it",
        pauses: (true, true),
        steps: Box::new(move |lead, tail| {
            let mut steps = trusted_first(prepare(false), &reloads, true, lead, tail);
            let withdrawal = steps.len() - 1;
            steps.splice(withdrawal..withdrawal, closing.iter().cloned());
            steps
        }),
        successor: None,
        beforehand: Vec::new(),
        closes: true,
    })
}

fn own(
    name: &'static str,
    about: &'static str,
    options: BTreeMap<String, Option<String>>,
) -> Playbook {
    Playbook {
        name,
        about,
        pauses: (false, false),
        steps: Box::new(move |_, _| {
            let options = options.clone();
            // People fetch the CA when it is there; before, they would copy the old one.
            vec![
                Step::SwitchIssuer { options },
                Step::Distribute(Handing::default()),
            ]
        }),
        successor: None,
        beforehand: Vec::new(),
        closes: false,
    }
}

fn trusted_first(
    begin: Vec<Step>,
    reloads: &[Step],
    signs_again: bool,
    lead: Span,
    tail: Span,
) -> Vec<Step> {
    let mut steps = begin;
    steps.push(Step::Distribute(Handing::default()));
    steps.extend(pause(lead));
    steps.extend(reloads.iter().cloned());
    steps.push(switch());
    if signs_again {
        steps.push(re_issue());
    }
    steps.extend(pause(tail));
    steps.push(Step::Withdraw(Handing::default()));
    steps
}

fn prepare(same_key: bool) -> Vec<Step> {
    vec![Step::Prepare {
        same_name: same_key,
        same_key,
    }]
}

const fn switch() -> Step {
    Step::SwitchIssuer {
        options: BTreeMap::new(),
    }
}

const fn re_issue() -> Step {
    Step::ReIssue {
        jitter: Span::ZERO,
        per_hour: None,
    }
}

fn pause(length: Span) -> Option<Step> {
    (!length.is_zero()).then_some(Step::Hold(length))
}

/// Workloads that get the CA and do not read it until they restart.
fn reloads(deployment: &Deployment, ca: usize) -> Vec<Step> {
    let transfers = deployment.relations.iter().filter(|relation| {
        relation.interface == "certificate_transfer"
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
        keeps.then_some(Step::Reload {
            application,
            unit: None,
        })
    });
    stale.collect()
}

/// The option that names a charm's CA, and another name.
pub(super) fn name_option(deployment: &Deployment, ca: usize) -> Option<(String, String)> {
    let spec = &deployment.applications[ca];
    let option = NAMES
        .into_iter()
        .find(|name| spec.charm.options.contains_key(*name))?;
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
