//! The generic consumer's other processes: the charm itself, a sidecar, root with a kubeconfig. Each has files of its
//! own, which the charm fills from those that it wrote for the workload.

use std::collections::BTreeMap;
use std::sync::Arc;

use trustsim_charm_model::ProcessProfile;
use trustsim_charm_model::surface::{
    paths_under, process_trust_path, process_trust_prefix, trusted_by_source,
};
use trustsim_interfaces::UnitContext;
use trustsim_juju::Value;

/// Brings the trust store of a process up to date at the end of a hook. A process that reads its files for each
/// connection, as a charm does that runs anew for each hook, has what is there. `starts` says whether the workload starts.
pub(super) fn on_hook(process: &ProcessProfile, unit: &mut UnitContext<'_>, starts: bool) {
    if process.at_start_only && !starts {
        return;
    }
    let prefix = process_trust_prefix(&process.name);
    let wanted = wanted(process, unit);
    let there: Vec<Arc<str>> = paths_under(unit.files(), &prefix).cloned().collect();
    let mut is_changed = false;
    for path in there.iter().filter(|path| !wanted.contains_key(&***path)) {
        is_changed |= unit.remove_file(path);
    }
    for (path, ca) in wanted {
        let is_kept = process.keeps_first_ca && there.iter().any(|known| **known == *path);
        is_changed |= !is_kept && unit.push_file(&path, ca);
    }
    if is_changed {
        unit.reload_workload(&prefix);
    }
}

/// The CAs that lie there for the workload and came over one of the endpoints, by the path that they have here.
fn wanted(process: &ProcessProfile, unit: &UnitContext<'_>) -> BTreeMap<String, Value> {
    let is_given = |source: &str| {
        process.trusts.iter().any(|endpoint| {
            let rest = source.strip_prefix(endpoint.as_str());
            // Behind the endpoint is the number of a relation, or that it is the CA before: the name of another endpoint
            // may begin as this one.
            rest.is_some_and(|rest| match rest.strip_prefix('-') {
                Some("old") => true,
                Some(number) => number.starts_with(|first: char| first.is_ascii_digit()),
                None => rest.is_empty(),
            })
        })
    };
    trusted_by_source(unit.files())
        .filter(|(source, _)| is_given(source))
        .map(|(source, ca)| (process_trust_path(&process.name, source), ca.clone()))
        .collect()
}
