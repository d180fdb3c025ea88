//! The code of the charms that applications have: what new units run, and what a unit runs that has not
//! upgraded yet. Proxies of applications have none.

use std::collections::BTreeMap;
use std::sync::Arc;

use trustsim_charm_model::Charm;
use trustsim_juju::ApplicationId;

/// The charm of each application, and those that it was refreshed from.
#[derive(Clone, Debug, Default)]
pub(super) struct DeployedCharms {
    /// By id; none for proxies.
    current: Vec<Option<Arc<dyn Charm>>>,
    /// Charms as they were, by the version of the application that was the last to have them.
    former: BTreeMap<(ApplicationId, u64), Arc<dyn Charm>>,
}

impl DeployedCharms {
    /// An application is deployed.
    pub(super) fn deploy(&mut self, id: ApplicationId, code: Arc<dyn Charm>) {
        if self.current.len() <= id.index() {
            self.current.resize(id.index() + 1, None);
        }
        let other = self.current[id.index()].replace(code);
        assert!(other.is_none(), "{id:?} is deployed once");
    }

    /// An application is refreshed; units that have unpacked `version` or an earlier one keep what they
    /// have.
    pub(super) fn refresh(&mut self, id: ApplicationId, version: u64, code: Arc<dyn Charm>) {
        let former = self.current[id.index()].replace(code);
        let former = former.expect("only what was deployed is refreshed");
        let other = self.former.insert((id, version), former);
        assert!(
            other.is_none(),
            "version {version} of {id:?} is refreshed once"
        );
    }

    /// What new units of an application run; `None` for a proxy.
    pub(super) fn current(&self, id: ApplicationId) -> Option<&Arc<dyn Charm>> {
        self.current.get(id.index())?.as_ref()
    }

    /// What a unit runs that has unpacked this version.
    pub(super) fn at_version(&self, id: ApplicationId, version: u64) -> Option<&Arc<dyn Charm>> {
        let mut newer = self.former.range((id, version)..);
        let former = newer.next().filter(|((of, _), _)| *of == id);
        former.map(|(_, charm)| charm).or(self.current(id))
    }
}
