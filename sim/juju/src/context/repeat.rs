//! What a repeated hook changes, in a form in which one time can be compared with the next.
//!
//! A hook may do something each time and yet nothing new. For example, the update-status of Vault asks its PKI again for a
//! certificate that it refuses, and writes the refusal into a databag: it names the instant at which the certificate would
//! have ended, another one each time. So numbers in texts are left out here.
//!
//! A hook that asks for a certificate draws a key, so that nothing it writes is as it was. Of such a hook, and of one that
//! changes secrets or files, the names of what it changes are compared, and not the texts. What a hook only draws by lot,
//! such as the order of a set of Python, is written in some hooks and not in others, and is not compared.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::secrets::SecretWrite;
use super::{Effects, UnitContext};
use crate::{Hook, Juju, RelationId, SecretOwner, Status, UnitId, Value};
use trustsim_kernel::{Span, Time};

/// What one hook changed: databags, the workload status, and what a service outside Juju remembers of it, without
/// the numbers in them, and how long it took. Two that are equal did the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedChange {
    hook: Hook,
    /// Keys of databags that have another value.
    bags: Vec<ChangedKey>,
    /// What happened to secrets, in order.
    secrets: Vec<(SecretOwner, SecretStep)>,
    /// Paths of the workload that have another content.
    files: Vec<Arc<str>>,
    /// How often each purpose was drawn from.
    draws: BTreeMap<&'static str, u32>,
    status: Option<(Status, String)>,
    outside: Vec<(Arc<str>, Option<Remembered>)>,
    /// The process starts again, and has read the same files.
    restarts: bool,
    spent: Span,
    /// What the charm put into the journal, as [`Telling::Told`] has it.
    told: Vec<String>,
    /// How many certificates it asked for.
    requests: u64,
}

/// A key of a databag, with its relation and whether it is the application's bag.
type ChangedKey = (RelationId, bool, Arc<str>, Written);

/// What became of a key of a databag.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Written {
    Text(String),
    /// Another text each time.
    Anew,
    Removed,
}

/// What a hook does to a secret. Its label may have the digest of a request in it, so it is not compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SecretStep {
    Added { expires: bool },
    Changed,
    ExpirySet { expires: bool },
    Removed,
}

/// What a service outside Juju remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Remembered {
    /// An instant, as the nanoseconds from the hook to it: a limit that fills is another one each time.
    Instant(i128),
    Text(String),
}

/// What of a hook is in the journal by its charm, as far as it can be compared.
#[derive(Clone, Debug)]
pub enum Telling {
    /// The same words are the same.
    Told {
        /// What it told.
        words: Vec<String>,
        /// How many certificates it asked for.
        requests: u64,
    },
    /// It is news each time.
    News,
}

impl RepeatedChange {
    /// How much longer it takes than a hook that calls no service.
    pub const fn spent(&self) -> Span {
        self.spent
    }

    /// What changed it.
    pub const fn hook(&self) -> &Hook {
        &self.hook
    }

    /// Whether what it writes is new each time: keys, requests, secrets, files.
    pub fn is_anew(&self) -> bool {
        let mut bags = self.bags.iter();
        let is_written_anew = bags.any(|(_, _, _, written)| *written == Written::Anew);
        is_written_anew || !self.secrets.is_empty() || !self.files.is_empty()
    }

    /// How many certificates it asked for.
    pub const fn requests(&self) -> u64 {
        self.requests
    }

    /// Whether what it does is drawn by lot, and so may be another thing each time.
    pub fn draws(&self) -> bool {
        !self.draws.is_empty()
    }

    /// Whether the workload's process starts again, which ends what it had open.
    pub const fn restarts(&self) -> bool {
        self.restarts
    }
}

impl Juju {
    /// What a repeated hook of a unit would change if it ran at `at`, with everything else as it is now; `None` where
    /// it would fail, or change more than can be compared.
    pub fn observe_repeated<N>(
        &self,
        unit: UnitId,
        hook: &Hook,
        at: Time,
        run: impl FnOnce(&Hook, &mut UnitContext<'_, N>) -> bool,
        tell: impl FnOnce(&[N]) -> Telling,
    ) -> Option<RepeatedChange> {
        let mut context = UnitContext::new(self, unit, at, Some(hook));
        let succeeds = run(hook, &mut context);
        let (effects, notes) = context.into_effects();
        effects
            .repeated_change(unit, self, hook, at, tell(&notes))
            .filter(|_| succeeds)
    }
}

impl Effects {
    /// What was changed by a hook that began at `at`, where the workload's process is as it was.
    pub fn repeated_change(
        &self,
        unit: UnitId,
        juju: &Juju,
        hook: &Hook,
        at: Time,
        told: Telling,
    ) -> Option<RepeatedChange> {
        let Telling::Told { words, requests } = told else {
            return None;
        };
        if self.changes_process(unit, juju) || self.commit_fault.is_some() {
            return None;
        }
        let mut change = RepeatedChange {
            hook: hook.clone(),
            bags: Vec::new(),
            secrets: self.secret_steps(juju)?,
            files: self.other_files(unit, juju),
            draws: self.new_draws(unit, juju),
            status: self.told_status(),
            outside: self.remembered_outside(at),
            restarts: self.restarted,
            spent: self.spent,
            told: words,
            requests,
        };
        let asks = change.draws() && !change.told.is_empty();
        let is_anew = asks || change.is_anew();
        if is_anew || !change.draws() {
            change.bags = self.written(unit, juju, is_anew)?;
        }
        Some(change)
    }

    /// What becomes of each key of a databag that has another value.
    fn written(&self, unit: UnitId, juju: &Juju, is_anew: bool) -> Option<Vec<ChangedKey>> {
        let mut written = Vec::new();
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
                let text = match bag.get(&key) {
                    None => Written::Removed,
                    Some(_) if is_anew => Written::Anew,
                    Some(value) => Written::Text(without_numbers(value.text())),
                };
                written.push((relation, of_application, key, text));
            }
        }
        Some(written)
    }

    /// What happens to each secret; `None` where one was made and changed in the same hook under an id that is not known.
    fn secret_steps(&self, juju: &Juju) -> Option<Vec<(SecretOwner, SecretStep)>> {
        let steps = self.secrets.iter().map(|write| {
            let step = match write {
                SecretWrite::Add { expire, .. } => SecretStep::Added {
                    expires: expire.is_some(),
                },
                SecretWrite::Content { .. } => SecretStep::Changed,
                SecretWrite::Expire { expire, .. } => SecretStep::ExpirySet {
                    expires: expire.is_some(),
                },
                SecretWrite::Remove { .. } => SecretStep::Removed,
            };
            Some((write.owner(juju)?, step))
        });
        steps.collect()
    }

    /// How often each purpose was drawn from.
    pub(super) fn new_draws(&self, unit: UnitId, juju: &Juju) -> BTreeMap<&'static str, u32> {
        let before = &juju.agent_of(unit).draws;
        let draws = self.draws.iter().filter_map(|(purpose, count)| {
            // What was never drawn from has no entry.
            let more = count - before.get(purpose).copied().unwrap_or(0);
            (more > 0).then_some((*purpose, more))
        });
        draws.collect()
    }

    fn remembered_outside(&self, at: Time) -> Vec<(Arc<str>, Option<Remembered>)> {
        let outside = self.outside.iter();
        let outside = outside.map(|(key, value)| {
            let value = value.as_ref().map(|value| remembered(value, at));
            (Arc::clone(key), value)
        });
        outside.collect()
    }

    /// Paths of the workload whose content is another one.
    pub(super) fn other_files(&self, unit: UnitId, juju: &Juju) -> Vec<Arc<str>> {
        // What it deletes and writes again, such as a deferred event, is as it was.
        if !self.files_changed {
            return Vec::new();
        }
        let before = &juju.unit(unit).workload.files;
        before.other_paths(&self.workload.files)
    }

    /// Whether the process has read other files, or forgotten what it knew.
    pub(super) fn changes_process(&self, unit: UnitId, juju: &Juju) -> bool {
        let before = &juju.unit(unit).workload;
        self.workload.loaded != before.loaded || (self.restarted && before.has_memory())
    }

    pub(super) fn told_status(&self) -> Option<(Status, String)> {
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
