//! A CA that another process of a unit does not trust: its charm does not give it what the workload has.

use crate::case::Case;
use crate::cause::kinds::{ProcessLacks, TrustCause};
use crate::cause::{Event, RootCause, TrustSearch};
use trustsim_model::{Address, EndpointRef};

impl TrustSearch<'_, '_> {
    /// Nothing that would bring the CA is given to the process.
    pub(super) fn not_for_process(
        &self,
        signer: &Address,
        case: &Case<'_>,
        workload_has_it_over: Option<&EndpointRef>,
    ) -> RootCause {
        let what = TrustCause::ProcessLacks {
            signer: signer.clone(),
            process: case.judge.clone(),
            why: ProcessLacks::NotGiven {
                workload_has_it_over: workload_has_it_over.cloned(),
            },
        };
        RootCause::new(what, None)
    }

    /// It is given the CA, and goes on with the one before.
    pub(super) fn kept_by_process(&self, signer: &Address, case: &Case<'_>) -> Option<RootCause> {
        let index = self.records.application(case.judge)?;
        let charm = self.records.charm(index, case.at);
        let process = charm.process(case.judge.process()?)?;
        let why = match process {
            _ if charm
                .endpoints
                .iter()
                .any(|each| each.bugs.stale_root_kubeconfig) =>
            {
                ProcessLacks::AsksWithOldOne
            }
            process if process.keeps_first_ca => ProcessLacks::KeepsFirst,
            process if process.at_start_only => ProcessLacks::ReadAtStart,
            _ => return None,
        };
        let made = self.ca_made(case);
        let what = TrustCause::ProcessLacks {
            signer: signer.clone(),
            process: case.judge.clone(),
            why,
        };
        let cause = RootCause::new(what, made.map(|made| made.seq));
        Some(match made.filter(|made| self.is_later(made.entry)) {
            Some(later) => {
                let signer = signer.clone();
                cause.after(later.entry.time, Event::CaMade { signer })
            }
            None => cause,
        })
    }
}
