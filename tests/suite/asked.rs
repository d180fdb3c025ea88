//! The answers of `trustsim ask` about what is played, against what a run of every shipped scenario reports.

use std::collections::BTreeSet;
use std::sync::Arc;

use trustsim::diagnosis::{RequestOutcome, requests};
use trustsim::kernel::Span;
use trustsim::report::words::requests as words;
use trustsim::world::{CertificateKind, Deployment, Kind, Options, Simulation};

use crate::common::{load, scenario_files};

/// Past the installation, and past what people do on the first days.
const PLAYED: Span = Span::from_secs(10 * 86_400);

/// Each shipped scenario, as it is after some days.
fn played() -> impl Iterator<Item = (String, Arc<Deployment>, Simulation)> {
    scenario_files().into_iter().map(|path| {
        let deployment = Arc::new(load(&path));
        let mut simulation = Simulation::new(Arc::clone(&deployment), Options::default());
        simulation.run_until(deployment.start + PLAYED.min(deployment.duration));
        (deployment.name.clone(), deployment, simulation)
    })
}

/// Every certificate that `certificates.csv` has for a request is of a request that is told, with the same names; and
/// what is told as signed has such a certificate.
#[test]
fn requests_agree_with_certificates() {
    let mut told = 0;
    for (name, deployment, simulation) in played() {
        let found = requests(&deployment, simulation.journal());
        let entries = simulation.journal().entries().iter();
        let issued = entries.filter_map(|entry| match &entry.kind {
            Kind::CertificateIssued(record) if record.kind != CertificateKind::Root => Some(record),
            _ => None,
        });
        let mut held = BTreeSet::new();
        for record in issued {
            let holder = record.holder();
            held.insert((holder.clone(), record.certificate.sans().len()));
            let is_own = |one: &&trustsim::diagnosis::AskedRequest| {
                one.holder == holder && one.outcome != RequestOutcome::Refused
            };
            let mut of_holder = found.requests.iter().filter(is_own).peekable();
            if record.requested_at.is_none() && of_holder.peek().is_none() {
                // What a charm signs for itself is no request.
                continue;
            }
            let has_names = of_holder.any(|one| {
                let names = words::alternative_names(one);
                let certificate = record.certificate.sans();
                names.iter().all(|name| certificate.contains(name))
            });
            assert!(
                has_names,
                "{name}: no request of {holder} for {:?}",
                record.certificate.sans()
            );
        }
        for one in &found.requests {
            assert!(
                !one.asked.is_empty() && one.asked.is_sorted(),
                "{name}: {one:?}"
            );
            if one.outcome == RequestOutcome::Signed {
                let mut holders = held.iter().map(|(holder, _)| holder);
                assert!(
                    holders.any(|holder| *holder == one.holder),
                    "{name}: {one:?}"
                );
                assert!(
                    !one.lives.is_empty() && !one.issuers.is_empty(),
                    "{name}: {one:?}"
                );
            }
        }
        told += found.requests.len();
    }
    assert!(told > 100, "only {told} requests");
}
