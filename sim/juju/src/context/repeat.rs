//! What a repeated hook changes, in a form in which one time can be compared with the next.
//!
//! A hook may do something each time and yet nothing new. For example, the update-status of Vault asks its PKI again for a
//! certificate that it refuses, and writes the refusal into a databag: it names the instant at which the certificate would
//! have ended, another one each time. So numbers in texts are left out here.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Effects, UnitContext};
use crate::{CommitFault, Hook, HookError, Juju, RelationId, Status, UnitId, Value};
use trustsim_kernel::{Span, Time};

/// What one update-status changed: databags, the workload status, and what a service outside Juju remembers of it, without
/// the numbers in them, and how long it took. Two that are equal did the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedChange {
    /// Keys of databags, by relation and whether it is the application's bag; `None` where a key was removed.
    bags: Vec<(RelationId, bool, Arc<str>, Option<String>)>,
    status: Option<(Status, String)>,
    outside: Vec<(Arc<str>, Option<Remembered>)>,
    /// The process starts again, and has read the same files.
    restarts: bool,
    spent: Span,
    /// What the charm put into the journal, as [`Telling::Told`] has it.
    told: Vec<String>,
}

/// What a service outside Juju remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Remembered {
    /// An instant, as the nanoseconds from the hook to it: a limit that fills is another one each time.
    Instant(i128),
    Text(String),
}

/// What a hook that failed did: nothing that lasts. Two that are equal failed the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedFailure {
    hook: Hook,
    /// Why, without the numbers in it; `None` where it is the commit that is made to break off.
    error: Option<String>,
    commit_fault: Option<CommitFault>,
    status: Option<(Status, String)>,
    spent: Span,
    /// How often each purpose was drawn from.
    draws: BTreeMap<&'static str, u32>,
    told: Vec<String>,
}

/// What of a hook is in the journal by its charm, as far as it can be compared.
#[derive(Clone, Debug)]
pub enum Telling {
    /// The same words are the same.
    Told(Vec<String>),
    /// It is news each time.
    News,
}

impl RepeatedChange {
    /// How much longer it takes than a hook that calls no service.
    pub const fn spent(&self) -> Span {
        self.spent
    }

    /// Whether the workload's process starts again, which ends what it had open.
    pub const fn restarts(&self) -> bool {
        self.restarts
    }
}

impl RepeatedFailure {
    /// What fails.
    pub const fn hook(&self) -> &Hook {
        &self.hook
    }

    pub(crate) const fn spent(&self) -> Span {
        self.spent
    }

    pub(crate) const fn commit_fault(&self) -> Option<CommitFault> {
        self.commit_fault
    }

    pub(crate) fn draws(&self) -> impl Iterator<Item = (&'static str, u32)> {
        self.draws.iter().map(|(purpose, count)| (*purpose, *count))
    }
}

impl Juju {
    /// What the update-status of a unit would change if it ran at `at`, with everything else as it is now; `None` where
    /// it would fail, or change more than can be compared.
    pub fn observe_update_status<N>(
        &self,
        unit: UnitId,
        at: Time,
        run: impl FnOnce(&Hook, &mut UnitContext<'_, N>) -> bool,
        tell: impl FnOnce(&[N]) -> Telling,
    ) -> Option<RepeatedChange> {
        let hook = Hook::UpdateStatus;
        if self.repeated_hooks(unit) != [Hook::UpdateStatus] {
            return None;
        }
        let mut context = UnitContext::new(self, unit, at, Some(&hook));
        let succeeds = run(&hook, &mut context);
        let (effects, notes) = context.into_effects();
        effects
            .repeated_change(unit, self, at, tell(&notes))
            .filter(|_| succeeds)
    }
}

impl Effects {
    /// What was changed by a hook that began at `at`, where that is databags, the workload status, what services outside
    /// remember, and nothing else.
    pub fn repeated_change(
        &self,
        unit: UnitId,
        juju: &Juju,
        at: Time,
        told: Telling,
    ) -> Option<RepeatedChange> {
        let Telling::Told(told) = told else {
            return None;
        };
        let is_more = !self.secrets.is_empty()
            || self.changes_files(unit, juju)
            || self.changes_process(unit, juju)
            || self.commit_fault.is_some()
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
        let outside = self.outside.iter();
        let outside = outside.map(|(key, value)| {
            let value = value.as_ref().map(|value| remembered(value, at));
            (Arc::clone(key), value)
        });
        Some(RepeatedChange {
            bags,
            status: self.told_status(),
            outside: outside.collect(),
            restarts: self.restarted,
            spent: self.spent,
            told,
        })
    }

    /// What came of a hook that failed, where nothing of it lasts: others see what was there before.
    pub fn repeated_failure(
        &self,
        unit: UnitId,
        juju: &Juju,
        hook: &Hook,
        result: &Result<(), HookError>,
        told: Telling,
    ) -> Option<RepeatedFailure> {
        let Telling::Told(told) = told else {
            return None;
        };
        let error = result.as_ref().err();
        let fails = match self.commit_fault {
            None => error.is_some(),
            // Whatever is written before the commit breaks off stays.
            Some(fault) => fault == CommitFault::BeforeSecrets && error.is_none(),
        };
        if !fails
            || hook.is_asked_for()
            || self.restarted
            || self.changes_files(unit, juju)
            || self.changes_process(unit, juju)
            || !self.outside.is_empty()
        {
            return None;
        }
        let before = &juju.agent_of(unit).draws;
        let draws = self.draws.iter().filter_map(|(purpose, count)| {
            // What was never drawn from has no entry.
            let more = count - before.get(purpose).copied().unwrap_or(0);
            (more > 0).then_some((*purpose, more))
        });
        Some(RepeatedFailure {
            hook: hook.clone(),
            error: error.map(|error| without_numbers(&error.to_string())),
            commit_fault: self.commit_fault,
            status: self.told_status(),
            spent: self.spent,
            draws: draws.collect(),
            told,
        })
    }

    /// Whether the files of the workload are others.
    fn changes_files(&self, unit: UnitId, juju: &Juju) -> bool {
        // What it deletes and writes again, such as a deferred event, is as it was.
        self.files_changed && self.workload.files != juju.unit(unit).workload.files
    }

    /// Whether the process has read other files, or forgotten what it knew.
    fn changes_process(&self, unit: UnitId, juju: &Juju) -> bool {
        let before = &juju.unit(unit).workload;
        self.workload.loaded != before.loaded || (self.restarted && before.has_memory())
    }

    fn told_status(&self) -> Option<(Status, String)> {
        let status = self.status.as_ref();
        status.map(|(status, message)| (*status, without_numbers(message)))
    }
}

fn remembered(value: &Value, at: Time) -> Remembered {
    match value.text().parse::<u64>() {
        Ok(nanos) => Remembered::Instant(i128::from(nanos) - i128::from(at.as_nanos())),
        Err(_) => Remembered::Text(value.text().to_owned()),
    }
}

/// A text as it is compared.
pub fn without_numbers(text: &str) -> String {
    let bytes = text.bytes().filter(|byte| !byte.is_ascii_digit());
    String::from_utf8(bytes.collect()).expect("a digit is a byte of its own")
}
