//! What the processes of a unit trust that open connections beside its workload.

use std::sync::Arc;

use super::UnitSide;
use super::files::{Trusted, read_process_trust};
use crate::deployed::Deployed;
use crate::journal::JournalWriter;
use crate::operators::Operators;
use trustsim_juju::UnitId;
use trustsim_kernel::{Seq, Time};
use trustsim_model::{Entry, Kind};
use trustsim_validators::TrustStore;

/// What one of them trusts.
#[derive(Clone, Debug)]
pub(crate) struct ProcessSide {
    name: Arc<str>,
    pub(crate) trust: TrustStore,
    /// What it trusts, by where that came from.
    pub(crate) by_source: Vec<(Arc<str>, TrustStore)>,
    /// The entry that last changed that.
    pub(crate) trusted_by: Option<Seq>,
}

impl UnitSide {
    /// A process by its name; `None` where its files were never read.
    pub(crate) fn process(&self, name: &str) -> Option<&ProcessSide> {
        self.processes.iter().find(|process| *process.name == *name)
    }

    /// What a process trusts; nothing before its files were read.
    pub(crate) fn process_trust(&self, name: &str) -> TrustStore {
        match self.process(name) {
            Some(side) => side.trust.clone(),
            None => TrustStore::empty(),
        }
    }

    /// Every process that opens connections, with what it trusts.
    pub(crate) fn processes(&self) -> impl Iterator<Item = (&str, &TrustStore)> {
        let all = self.processes.iter();
        all.map(|process| (&*process.name, &process.trust))
    }

    /// Reads the files of each process that opens a connection. Says whether one trusts something else.
    pub(super) fn read_processes(
        &mut self,
        unit: UnitId,
        cause: Option<Seq>,
        deployed: &Deployed,
        operators: &Operators,
        journal: &mut JournalWriter,
        now: Time,
    ) -> bool {
        let mut is_other = false;
        for profile in deployed.connecting_processes(unit) {
            let files = &deployed.juju().unit(unit).workload.loaded;
            let Trusted {
                all: given,
                by_source,
                ..
            } = read_process_trust(files, &profile.name);
            let public = operators.public_roots(deployed);
            let public = public.filter(|_| profile.system_roots);
            let trust: TrustStore = given.roots().chain(public).cloned().collect();
            let known = self
                .processes
                .iter()
                .position(|each| *each.name == *profile.name);
            let index = known.unwrap_or_else(|| {
                self.processes.push(ProcessSide {
                    name: profile.name.as_str().into(),
                    trust: TrustStore::empty(),
                    by_source: Vec::new(),
                    trusted_by: None,
                });
                self.processes.len() - 1
            });
            let side = &mut self.processes[index];
            if side.trust == trust && side.by_source == by_source {
                continue;
            }
            is_other = true;
            side.by_source = by_source;
            side.trust = trust;
            let roots = side.trust.roots().cloned().collect();
            let entry = journal.record(Entry::new(
                now,
                cause,
                deployed.process_subject(unit, &profile.name),
                Kind::TrustChanged { roots },
            ));
            side.trusted_by = Some(entry);
        }
        is_other
    }
}
