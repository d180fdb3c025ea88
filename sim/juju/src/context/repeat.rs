//! What a repeated hook changes, in a form in which one time can be compared with the next.
//!
//! A hook may do something each time and yet nothing new. For example, the update-status of Vault asks its PKI again for a
//! certificate that it refuses, and writes the refusal into a databag: it names the instant at which the certificate would
//! have ended, another one each time. So numbers in texts are left out here.

use std::sync::Arc;

use super::{Effects, UnitContext};
use crate::{Hook, Juju, RelationId, Status, UnitId};
use trustsim_kernel::{Span, Time};

/// What one update-status changed: databags and the workload status, without the numbers in them. Two that are equal did
/// the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedChange {
    /// Keys of databags, by relation and whether it is the application's bag; `None` where a key was removed.
    bags: Vec<(RelationId, bool, Arc<str>, Option<String>)>,
    status: Option<(Status, String)>,
}

impl Juju {
    /// What the update-status of a unit would change if it ran at `at`, with everything else as it is now; `None` where
    /// it would fail, or change more than can be compared.
    pub fn observe_update_status<N>(
        &self,
        unit: UnitId,
        at: Time,
        run: impl FnOnce(&Hook, &mut UnitContext<'_, N>) -> bool,
    ) -> Option<RepeatedChange> {
        let hook = Hook::UpdateStatus;
        if self.repeated_hooks(unit) != [Hook::UpdateStatus] {
            return None;
        }
        let mut context = UnitContext::new(self, unit, at, Some(&hook));
        let succeeds = run(&hook, &mut context);
        let (effects, _) = context.into_effects();
        effects.repeated_change(unit, self).filter(|_| succeeds)
    }
}

impl Effects {
    /// What was changed, where that is databags and the workload status and nothing else.
    pub fn repeated_change(&self, unit: UnitId, juju: &Juju) -> Option<RepeatedChange> {
        // What it deletes and writes again, such as a deferred event, is as it was.
        let before = &juju.unit(unit).workload.files;
        let changes_files = self.files_changed && self.workload.files != *before;
        let is_more = !self.secrets.is_empty()
            || self.noted
            || changes_files
            || self.restarted
            || self.commit_fault.is_some()
            || !self.outside.is_empty()
            || self.spent > Span::ZERO
            || self.draws != juju.agent_of(unit).draws;
        if is_more {
            return None;
        }
        let mut bags = Vec::new();
        for (&(relation, of_application), bag) in &self.bags {
            let end = juju
                .relation(relation)
                .end_of(juju.unit(unit).application)?;
            let side = &juju.relation(relation).ends[end];
            let own = match of_application {
                true => &side.bag,
                false => &side.units.get(&unit)?.bag,
            };
            for key in own.value.changed_keys(bag) {
                let text = bag.get(&key).map(|value| without_numbers(value.text()));
                bags.push((relation, of_application, key, text));
            }
        }
        let status = self.status.as_ref();
        let status = status.map(|(status, message)| (*status, without_numbers(message)));
        Some(RepeatedChange { bags, status })
    }
}

fn without_numbers(text: &str) -> String {
    text.replace(|letter: char| letter.is_ascii_digit(), "")
}
