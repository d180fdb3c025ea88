//! Where the parts of a deployment are in the files, by their index there.

use std::collections::BTreeMap;

use trustsim_model::{ApplicationIndex, ConnectionSpecIndex, RelationIndex, TiVec};
use trustsim_yaml::Place;

/// Where the parts of a deployment are in the files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// The name of each application.
    pub applications: TiVec<ApplicationIndex, Place>,
    /// The options that are set of each application, by name.
    pub options: TiVec<ApplicationIndex, BTreeMap<String, Place>>,
    /// Both sides of each relation.
    pub relations: TiVec<RelationIndex, Place>,
    /// The server of each connection.
    pub connections: TiVec<ConnectionSpecIndex, Place>,
    /// Each fault, by its line in the scenario.
    pub faults: BTreeMap<u32, Place>,
}

impl Places {
    /// The first of these options that is set of an application, else the application.
    pub(crate) fn option(&self, application: ApplicationIndex, names: &[&str]) -> Place {
        let set = names
            .iter()
            .find_map(|name| self.options[application].get(*name));
        set.copied().unwrap_or(self.applications[application])
    }
}
