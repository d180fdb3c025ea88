//! Which charms an application had during a run: the one that it was deployed with, and those that it was refreshed to.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Action, ApplicationIndex, ApplicationSpec, CharmStore, Deployment, Journal, Kind, Note,
    ScaleAction, Seq,
};
use trustsim_charm_model::CharmMetadata;
use trustsim_kernel::{Span, Time};

/// For so long after a refresh some unit may run the code of before: pods are replaced one after the other.
const ROLLOUT: Span = Span::from_secs(3600);

/// A charm at a revision, as it was deployed.
#[derive(Clone, Copy, Debug)]
pub struct CharmVersion<'a> {
    /// What is known of it.
    pub charm: &'a CharmMetadata,
    /// The revision that was named.
    pub revision: Option<u64>,
    /// The channel that was named.
    pub channel: Option<&'a str>,
    /// Where it comes from.
    pub store: CharmStore,
}

impl<'a> CharmVersion<'a> {
    /// What an application is deployed with.
    pub fn deployed(spec: &'a ApplicationSpec) -> Self {
        Self {
            charm: &spec.charm,
            revision: spec.revision,
            channel: spec.channel.as_deref(),
            store: spec.store,
        }
    }
}

/// What applications were refreshed to, and when. A refresh that was refused is none.
#[derive(Clone, Debug, Default)]
pub struct CharmVersions<'a> {
    refreshed: BTreeMap<ApplicationIndex, Vec<(Time, CharmVersion<'a>)>>,
}

impl<'a> CharmVersions<'a> {
    /// Reads a journal once.
    pub fn of(journal: &'a Journal) -> Self {
        let entries = || journal.entries().iter();
        let refused: BTreeSet<Seq> = entries()
            .filter(|entry| matches!(entry.kind, Kind::Note(Note::ActionRefused(_))))
            .filter_map(|entry| entry.cause)
            .collect();
        let mut refreshed: BTreeMap<ApplicationIndex, Vec<(Time, CharmVersion<'a>)>> =
            BTreeMap::new();
        for (seq, entry) in (0..).map(Seq).zip(entries()) {
            let Kind::Action(record) = &entry.kind else {
                continue;
            };
            let Action::Scale(ScaleAction::Refresh {
                application,
                channel,
                revision,
                charm: Some(charm),
            }) = record.action()
            else {
                continue;
            };
            if refused.contains(&seq) {
                continue;
            }
            let version = CharmVersion {
                charm,
                revision: *revision,
                channel: channel.as_deref(),
                // `juju refresh` reads Charmhub.
                store: CharmStore::Charmhub,
            };
            let own = refreshed.entry(*application).or_default();
            own.push((entry.time, version));
        }
        Self { refreshed }
    }

    /// Whether no application got another charm.
    pub fn is_empty(&self) -> bool {
        self.refreshed.is_empty()
    }

    /// What an application has at an instant. Right after a refresh some of its units run the code of before still.
    pub fn at(
        &self,
        deployment: &'a Deployment,
        application: ApplicationIndex,
        at: Time,
    ) -> CharmVersion<'a> {
        let own = self.refreshed.get(&application).into_iter().flatten();
        let mut own = own.filter(|(since, _)| *since <= at);
        let newest = own.next_back().map(|(_, version)| *version);
        newest.unwrap_or_else(|| CharmVersion::deployed(&deployment.applications[application]))
    }

    /// What an application had at some instant of a stretch of time, the first one first.
    pub fn between(
        &self,
        deployment: &'a Deployment,
        application: ApplicationIndex,
        from: Time,
        until: Time,
    ) -> Vec<CharmVersion<'a>> {
        assert!(from <= until, "a stretch of time ends after it begins");
        let own = self.refreshed.get(&application).into_iter().flatten();
        let own = own.copied().filter(|(at, _)| *at <= until);
        let mut had = vec![CharmVersion::deployed(
            &deployment.applications[application],
        )];
        for (at, version) in own {
            if at + ROLLOUT < from {
                had.clear();
            }
            had.push(version);
        }
        had
    }
}
