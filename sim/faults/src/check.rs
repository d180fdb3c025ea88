//! From the entries of `faults` to a plan: each is checked against what is there when it strikes.

use std::collections::BTreeSet;

use trustsim_errors::{Code, Diagnostic};
use trustsim_kernel::format_duration;
use trustsim_model::{RandomPlan, RotationSpec, TimedAction};

use super::entry::FaultFile;
use super::kind::{Effect, Request};
use super::kinds::KINDS;
use super::site::{Names, RelationKey, Site, relation_key};
use super::{PlannedFault, plan};

/// What the faults of a scenario come to.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Every action but those that are drawn, in order of time.
    pub actions: Vec<TimedAction>,
    /// Random plans, still to be drawn.
    pub random: Vec<RandomPlan>,
    /// Rotations that became some of the actions.
    pub rotations: Vec<RotationSpec>,
}

/// Checks every fault of a scenario. What is wrong is reported and left out.
pub fn resolve(files: &[FaultFile], names: &mut dyn Names) -> Plan {
    let mut files: Vec<&FaultFile> = files.iter().collect();
    // Later ones are checked against what earlier ones leave.
    files.sort_by_key(|file| file.at.as_ref().map(|at| at.value.0));
    let relations = names.deployment().relations.iter();
    let mut relations: BTreeSet<RelationKey> = relations
        .map(|relation| relation_key(relation.model, &relation.sides))
        .collect();
    let (mut found, mut faults) = (Plan::default(), Vec::new());
    for file in files {
        match effect(file, names, &mut relations) {
            None => {}
            Some(Effect::Rotation(actions, spec)) => {
                found.actions.extend(actions);
                found.rotations.push(spec);
            }
            Some(Effect::Random(plan)) => found.random.push(plan),
            Some(Effect::Faults(together)) => {
                // An entry without its time was refused when it was read.
                let Some(at) = &file.at else { continue };
                let at = at.value.0;
                warn_of_the_end(file, names);
                let source = names.source(file.place);
                faults.extend(together.into_iter().map(|fault| PlannedFault {
                    at,
                    fault,
                    source: source.clone(),
                }));
            }
        }
    }
    let rotated = std::mem::take(&mut found.actions);
    found.actions = plan(faults);
    found.actions.extend(rotated);
    found.actions.sort_by_key(|timed| timed.at);
    found
}

fn effect(
    file: &FaultFile,
    names: &mut dyn Names,
    relations: &mut BTreeSet<RelationKey>,
) -> Option<Effect> {
    let request = one_kind(file, names)?;
    request.resolve(&mut Site {
        names,
        relations,
        at: file.at.as_ref().map(|at| at.value.0),
        place: file.place,
    })
}

/// The one kind that is written.
fn one_kind<'a>(file: &'a FaultFile, names: &mut dyn Names) -> Option<&'a dyn Request> {
    let [kind] = file.kinds.as_slice() else {
        let message = match file.kinds.len() {
            0 => "a fault needs its kind",
            _ => "a fault has one kind; write one entry for each",
        };
        let place = file.kinds.get(1).map_or(file.place, |kind| kind.key.place);
        let keys: Vec<&str> = KINDS.iter().map(|kind| kind.key).collect();
        let help = format!("kinds are {}", keys.join(", "));
        names.report(Diagnostic::error(Code::OneOf, place, message).help(help));
        return None;
    };
    kind.request.as_deref()
}

fn warn_of_the_end(file: &FaultFile, names: &mut dyn Names) {
    let duration = names.deployment().duration;
    if let Some(at) = file.at.as_ref().filter(|at| at.value.0 >= duration) {
        let message = "this happens after the end of the run";
        let warning = Diagnostic::warning(Code::Fault, at.place, message);
        names.report(warning.note(format!("the run lasts {}", format_duration(duration))));
    }
}
