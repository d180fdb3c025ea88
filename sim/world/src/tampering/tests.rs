//! Files changed by hand are put back as they were, in whichever order changes end.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Simulation;
use crate::tests::played::{HOUR, play, simulation};
use trustsim_juju::Value;
use trustsim_kernel::Span;

fn served(faults: &str) -> Simulation {
    simulation(&format!(
        "duration: 2d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates}}
      web: {{charm: web}}
    relations:
      - [web:certificates, ca:certificates]
charms:
  web: {{requires: {{certificates: {{interface: tls-certificates, mode: unit}}}}}}
clients:
  browser: {{trusts: [m.ca]}}
connections:
  - {{from: browser, to: m.web}}
faults:
{faults}"
    ))
}

fn files(simulation: &Simulation) -> BTreeMap<Arc<str>, Value> {
    let web = trustsim_model::ApplicationIndex::new(1);
    let application = simulation.world().deployed().id(web);
    let unit = simulation.juju().application(application).units[0];
    let files = &simulation.juju().unit(unit).workload.files;
    let copied = files.iter();
    copied
        .map(|(path, value)| (Arc::clone(path), value.clone()))
        .collect()
}

/// Files just before the first change, and whether they changed in each of the following hours.
fn changed_by_hour(faults: &str) -> Vec<bool> {
    let mut run = served(faults);
    play(&mut run, HOUR * 5 - Span::from_secs(1));
    let before = files(&run);
    assert!(!before.is_empty(), "the unit serves something");
    (5..9)
        .map(|hour| {
            play(&mut run, HOUR * hour + Span::from_secs(1));
            files(&run) != before
        })
        .collect()
}

#[test]
fn what_was_changed_for_a_time_is_put_back() {
    let one = "  - {at: 5h, tamper: {app: m.web, how: wrong-key, for: 2h}}\n";
    assert_eq!(changed_by_hour(one), [true, true, false, false]);
}

/// The first change ends while the second lies over it: what the second puts back is not the first.
#[test]
fn two_changes_of_one_file_that_overlap_leave_the_file_as_it_was() {
    let two = "  - {at: 5h, tamper: {app: m.web, how: wrong-key, for: 2h}}
  - {at: 6h, tamper: {app: m.web, how: wrong-key, for: 2h}}
";
    assert_eq!(changed_by_hour(two), [true, true, true, false]);
}
