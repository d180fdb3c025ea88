//! Running a charm's code for one hook, and what it puts into the journal.

use trustsim_model::{Entry, Kind};

use super::World;
use crate::deployed::Deployed;
use crate::event::Event;
use crate::failing::fail;
use crate::recorder::{RecordedHook, Recorder};
use crate::repeats::{Repeated, fails_in_vain, tell};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::notes::Note as CharmNote;
use trustsim_juju::{About, Effects, Hook, HookError, UnitId};
use trustsim_kernel::{Agenda, Seq, Time};

/// What came of running a charm's code.
struct Ran {
    effects: Effects,
    notes: Vec<CharmNote>,
    result: Result<(), HookError>,
    recorded: Option<RecordedHook>,
}

impl World {
    pub(super) fn run_hook(
        &mut self,
        unit: UnitId,
        hook: Hook,
        cause: Option<Seq>,
        failures: u32,
        agenda: &mut Agenda<Event>,
    ) {
        let now = agenda.now();
        let failure = self.failing.failure_of(unit, &hook, &self.deployed);
        let mut recorded = None;
        let mut notes = Vec::new();
        let mut ran = || {
            let ran = run_charm(unit, &hook, now, &self.deployed, &self.recorder);
            (notes, recorded) = (ran.notes, ran.recorded);
            (ran.effects, ran.result)
        };
        let (effects, result) = match failure {
            None => ran(),
            Some((failure, _)) => fail(failure, ran, || untouched(unit, now, &self.deployed)),
        };
        // What is made to fail is not what the charm's code left.
        if failure.is_none() {
            self.recorder.keep(recorded);
        }
        let told = tell(&notes);
        let repeated = match (&hook, &result) {
            _ if fails_in_vain(&effects, &result) => effects
                .repeated_failure(unit, self.juju(), &hook, &result, told)
                .map(Repeated::Failure),
            (hook, _) if self.repeats.compares(unit, hook) => {
                let change = effects.repeated_change(unit, self.juju(), hook, now, told);
                change.map(match hook {
                    Hook::UpdateStatus => Repeated::Change,
                    Hook::SecretExpired { .. } => Repeated::Expiry,
                    _ => Repeated::Reaction,
                })
            }
            _ => None,
        };
        self.repeats.hook_began(unit, repeated, now, &self.journal);
        let repeats = matches!(hook, Hook::UpdateStatus | Hook::SecretExpired { .. });
        let is_heard = effects.changes_anything() || effects.changes_status(self.juju().unit(unit));
        let fails = result.is_err() || effects.commit_fault.is_some();
        // That a hook which failed has ended is worth a line, too.
        let worth_a_line = !repeats || is_heard || fails || failures > 0;
        if worth_a_line || self.juju().has_work_behind_repeats(unit, now) {
            let name = self.deployed.juju().hook_name(unit, &hook);
            self.watchdog.hook_began(unit, name, now, &self.deployed);
        }
        // A hook that only time brings acts on what the unit's last hook left behind.
        let made_to_fail = failure.map(|(_, entry)| entry);
        let cause = made_to_fail
            .or(cause)
            .or(self.journal.last_hook(unit))
            .or(Some(self.journal.root()));
        let entry = worth_a_line.then(|| {
            let hook = self.deployed.juju().hook_name(unit, &hook);
            let entry = Entry::new(
                now,
                cause,
                self.deployed.subject(About::Unit(unit)),
                Kind::HookStarted { hook },
            );
            self.journal.hook_started(unit, entry)
        });
        for note in notes {
            self.journal
                .charm_note(&self.deployed, unit, note, entry, now);
        }
        self.in_juju(agenda, |juju, host| {
            juju.uniter()
                .hook_ran(unit, hook, failures, entry, effects, result, host);
        });
    }
}

fn run_charm(
    unit: UnitId,
    hook: &Hook,
    now: Time,
    deployed: &Deployed,
    recorder: &Recorder,
) -> Ran {
    let mut context = UnitContext::new(deployed.juju(), unit, now, Some(hook));
    let begun = recorder.begin(&context, hook, deployed);
    let result = match deployed.charm_of(unit, Some(hook)) {
        Some(charm) => charm.on_hook(hook, &mut context),
        None => Ok(()),
    };
    let recorded = begun.map(|begun| begun.end(&context, hook, now, &result));
    let (effects, notes) = context.into_effects();
    Ran {
        effects,
        notes,
        result,
        recorded,
    }
}

/// What a hook leaves behind that did nothing.
fn untouched(unit: UnitId, now: Time, deployed: &Deployed) -> Effects {
    let (effects, _) = deployed.context(unit, now).into_effects();
    effects
}
