//! A trial played to its end, minute by minute, and the facts that are read off it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use trustsim_charm_model::surface;
use trustsim_interfaces::notes::RequestContent;
use trustsim_interfaces::pem;
use trustsim_juju::Files;
use trustsim_kernel::{Span, Time};
use trustsim_model::{CertificateRecord, Deployment, Entry, Journal, Kind, Note};
use trustsim_pki::Certificate;
use trustsim_validators::ErrorKind;
use trustsim_world::{Options, Simulation};

use crate::difference::Aspect;
use crate::facts::{CertificateName, Fact, Facts, Handshake, Occurrence, Subject};
use crate::trial::SUBJECT;

/// How often it is looked at.
const LOOK: Span = Span::from_secs(60);

/// What a unit's workload was when it was last looked at.
#[derive(Default)]
struct Seen {
    generation: u64,
    answers_from: Time,
}

/// The chains that a unit serves, from an instant on.
type ServedAt = (Time, String, Vec<Vec<Certificate>>);

/// Plays a deployment to its end.
pub(crate) fn observe(deployment: &Arc<Deployment>) -> Facts {
    let mut simulation = Simulation::new(Arc::clone(deployment), Options::default());
    let (start, end) = (deployment.start, deployment.start + deployment.duration);
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    let mut served: Vec<ServedAt> = Vec::new();
    let mut restarts: Vec<(Time, String)> = Vec::new();
    let mut now = start;
    // What could not be played has no outcome, so there is no use in going on.
    while now < end && simulation.endless().is_none() && unplayed(deployment).is_empty() {
        now = (now + LOOK).min(end);
        simulation.run_until(now);
        for (_, unit) in simulation.juju().units() {
            let name = unit.name.to_string();
            let is_new = !seen.contains_key(&name);
            let before = seen.entry(name.clone()).or_default();
            let workload = &unit.workload;
            if is_new || before.generation != workload.generation {
                served.push((now, name.clone(), chains(&workload.loaded)));
            }
            if !is_new && before.answers_from != workload.answers_from {
                restarts.push((now, name));
            }
            before.generation = workload.generation;
            before.answers_from = workload.answers_from;
        }
    }
    let names = Names::of(simulation.journal());
    let mut facts = Timelines::default();
    let since = |at: Time| at.since(start);
    for (at, unit) in restarts {
        let key = (Subject::Unit(unit), Aspect::Restarts);
        facts.add(key, since(at), Fact::Restarted);
    }
    for (at, unit, chains) in served {
        let chains = chains.iter().map(|chain| names.of_chain(chain)).collect();
        let key = (Subject::Unit(unit), Aspect::Served);
        facts.add(key, since(at), Fact::Serves(chains));
    }
    for entry in simulation.journal().entries().iter() {
        if let Some((key, fact)) = fact_of(entry, &names, &simulation) {
            facts.add(key, minute(since(entry.time)), fact);
        }
    }
    if simulation.endless().is_some() {
        let key = (Subject::Unit(SUBJECT.to_owned()), Aspect::Failures);
        facts.add(key, minute(since(simulation.now())), Fact::WithoutEnd);
    }
    facts.0
}

/// What charms of a deployment did that could not be played.
pub(crate) fn unplayed(deployment: &Deployment) -> BTreeSet<String> {
    let sources = deployment.sources();
    sources.flat_map(|source| source.0.unplayed()).collect()
}

/// The end of the minute, which is when it is looked at.
fn minute(at: Span) -> Span {
    Span::from_secs(at.as_secs().next_multiple_of(LOOK.as_secs()))
}

/// What is loaded to be served; nothing where the workload is stopped.
fn chains(loaded: &Files) -> Vec<Vec<Certificate>> {
    if loaded.contains_key(surface::STOPPED) {
        return Vec::new();
    }
    let served = surface::served(loaded).into_iter();
    let chains = served.map(|each| pem::loadable(Some(each.chain)));
    chains.filter(|chain| !chain.is_empty()).collect()
}

/// Facts while they are collected. A state that goes on is no new one.
#[derive(Default)]
struct Timelines(Facts);

impl Timelines {
    fn add(&mut self, key: (Subject, Aspect), at: Span, fact: Fact) {
        let is_state = key.1.is_state();
        let key_is_failure = key.1 == Aspect::Failures;
        let all = self.0.0.entry(key).or_default();
        // Of several states in one minute the last one counts.
        if is_state && all.last().is_some_and(|last| last.at == at) {
            all.pop();
        }
        // Of retries that fail the same the first is told.
        let is_kept_on = is_state || key_is_failure;
        if !(is_kept_on && all.last().is_some_and(|last| last.fact == fact)) {
            all.push(Occurrence { at, fact });
        }
    }
}

fn fact_of(
    entry: &Entry,
    names: &Names,
    simulation: &Simulation,
) -> Option<((Subject, Aspect), Fact)> {
    let of_unit = |aspect| {
        let unit = entry.subject.unit.as_ref()?;
        Some((Subject::Unit(unit.to_string()), aspect))
    };
    match &entry.kind {
        Kind::Note(Note::CertificateRequested(request)) => {
            let names = match &request.content {
                RequestContent::Csr(csr) => {
                    let asked = csr.attributes();
                    let addresses = asked.sans_ip.iter().map(ToString::to_string);
                    asked.sans_dns.iter().cloned().chain(addresses).collect()
                }
                RequestContent::Names(names) => names.iter().cloned().collect(),
            };
            let fact = Fact::Requested {
                common_name: request.common_name.clone(),
                names,
                is_shared: request.is_shared,
                is_ca: request.is_ca,
            };
            Some((of_unit(Aspect::Requests)?, fact))
        }
        // What other CAs issue follows from what they are asked.
        Kind::CertificateIssued(record) if is_of_subject(entry) => {
            let certificate = &record.certificate;
            let fact = Fact::Issued {
                certificate: names.of_certificate(certificate),
                common_name: certificate
                    .subject_common_name()
                    .unwrap_or_default()
                    .to_owned(),
                lives: certificate.not_after().since(certificate.not_before()),
                is_ca: certificate.is_ca(),
            };
            Some((of_unit(Aspect::Issued)?, fact))
        }
        Kind::TrustChanged { roots } => {
            let trusted = roots
                .iter()
                .map(|root| names.of_certificate(root))
                .collect();
            Some((of_unit(Aspect::Trusted)?, Fact::Trusts(trusted)))
        }
        Kind::HookFailed { hook, error } => {
            let fact = Fact::HookFailed {
                hook: hook.to_string(),
                error: error.to_string(),
            };
            Some((of_unit(Aspect::Failures)?, fact))
        }
        Kind::StatusChanged { status, .. } => {
            Some((of_unit(Aspect::Status)?, Fact::Status(*status)))
        }
        Kind::Handshake(record) => {
            let connections = simulation.manifest().connections;
            let name = connections[record.connection as usize].name.clone();
            let verdict = &record.verdict;
            let ended = match verdict.error {
                Some(ErrorKind::NoCertificate | ErrorKind::PlaintextPeer) => {
                    Handshake::WithoutCertificate
                }
                Some(error) => Handshake::Fails(error),
                None if verdict.without_tls => Handshake::WithoutTls,
                None => Handshake::Completed,
            };
            let key = (Subject::Connection(name), Aspect::Connection);
            Some((key, Fact::Connects(ended)))
        }
        _ => None,
    }
}

fn is_of_subject(entry: &Entry) -> bool {
    entry.subject.application.as_deref() == Some(SUBJECT)
}

/// Which certificate is which, by its serial number and issuer.
struct Names(BTreeMap<[u8; 32], CertificateName>);

impl Names {
    fn of(journal: &Journal) -> Self {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        let mut names = BTreeMap::new();
        for entry in journal.entries().iter() {
            if let Kind::CertificateIssued(record) = &entry.kind {
                let holder = holder(record);
                let number = counts.entry(holder.clone()).or_default();
                *number += 1;
                let name = CertificateName::Issued {
                    holder,
                    number: *number,
                };
                names.insert(*record.certificate.sha256(), name);
            }
        }
        Self(names)
    }

    fn of_certificate(&self, certificate: &Certificate) -> CertificateName {
        let known = self.0.get(certificate.sha256()).cloned();
        known.unwrap_or_else(|| CertificateName::Foreign(certificate.subject().to_owned()))
    }

    /// The leaf, and the CAs beside it that are no roots.
    fn of_chain(&self, chain: &[Certificate]) -> Vec<CertificateName> {
        let leaf = chain.iter().take(1);
        let above = chain.iter().skip(1).filter(|ca| !ca.is_self_issued());
        leaf.chain(above)
            .map(|certificate| self.of_certificate(certificate))
            .collect()
    }
}

/// Whose a certificate is: the unit that asked, or the application.
fn holder(record: &CertificateRecord) -> String {
    let unit = record.unit.as_ref().unwrap_or(&record.application);
    unit.to_string()
}
