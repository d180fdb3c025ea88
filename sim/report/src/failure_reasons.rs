//! What failures rest on that was not read in the code of the charms which were deployed by then.

use trustsim_diagnosis::Explanation;
use trustsim_kernel::Time;
use trustsim_model::{
    Basis, CharmVersions, ConnectionSpecIndex, Coverage, Deployment, Journal, Reason, Standings,
};

/// What connections rest on at each time of a run.
pub(crate) struct FailureReasons<'a> {
    deployment: &'a Deployment,
    journal: &'a Journal,
    versions: CharmVersions<'a>,
    coverage: Coverage,
}

impl<'a> FailureReasons<'a> {
    /// Reads a run once.
    pub(crate) fn new(deployment: &'a Deployment, journal: &'a Journal) -> Self {
        Self {
            deployment,
            journal,
            versions: CharmVersions::of(journal),
            coverage: Coverage::of(deployment),
        }
    }

    /// What a connection rests on as it is deployed.
    pub(crate) fn basis(&self, connection: ConnectionSpecIndex) -> &Basis {
        &self.coverage.bases[connection]
    }

    /// What is not known of the charms that were there from the beginning of what is to blame until a failure ended.
    pub(crate) fn of(
        &self,
        connection: ConnectionSpecIndex,
        failure: &Explanation,
        until: Time,
    ) -> Vec<Reason> {
        let from = failure.begun(self.journal);
        match self.versions.is_empty() {
            true => self.basis(connection).reasons.clone(),
            false => {
                let versions = &self.versions;
                let standings =
                    Standings::between(self.deployment, versions, from, until.max(from));
                standings.of_connection(connection).reasons
            }
        }
    }
}
