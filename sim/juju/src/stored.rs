//! Every text that a deployment keeps: in secrets, databags and files. What any of them means, it
//! must not know.

use super::{Juju, Value};

impl Juju {
    /// Every text in a revision of a secret that still exists, in a databag, or in a file of a unit,
    /// its process's memory included.
    pub fn stored_values(&self) -> impl Iterator<Item = &Value> {
        let contents = self
            .secrets
            .iter()
            .flat_map(|(_, secret)| &secret.revisions);
        let in_secrets = contents.flatten().flat_map(|content| content.values());
        let ends = self.relations().flat_map(|(_, relation)| &relation.ends);
        let bags = ends.flat_map(|end| {
            let of_units = end.units.values().map(|member| &member.bag.value);
            std::iter::once(&end.bag.value).chain(of_units)
        });
        let in_bags = bags.flat_map(|bag| bag.iter().map(|(_, value)| value));
        let workloads = self.units().map(|(_, unit)| &unit.workload);
        let in_files = workloads.flat_map(|workload| workload.files.values());
        in_secrets.chain(in_bags).chain(in_files)
    }
}
