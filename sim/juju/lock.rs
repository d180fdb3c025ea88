//! The machine lock: hooks of all units on one machine run one after the other
//! (juju/juju 3.6 `core/machinelock`).

use super::agent::MACHINE_LOCK_POLL;
use super::{Event, Host, Juju, UnitId};
use crate::kernel::Span;

const PURPOSE_POLL: u64 = 0x706f_6c6c;

impl Juju {
    /// Whether another unit holds the machine lock; if so this one waits for it.
    pub(super) fn lock_is_taken(&mut self, unit: UnitId) -> bool {
        let Some(machine) = self.unit(unit).machine else {
            return false;
        };
        let machine = &mut self.machines[machine.index()];
        let taken = machine.lock.is_some_and(|holder| holder != unit);
        if taken && !machine.waiting.contains(&unit) {
            machine.waiting.push(unit);
        }
        taken
    }

    pub(super) fn take_lock(&mut self, unit: UnitId) {
        if let Some(machine) = self.unit(unit).machine {
            self.machines[machine.index()].lock = Some(unit);
        }
    }

    /// Frees the machine lock. Whoever waits looks every 250 ms, each at its own beat: there is
    /// no queue.
    pub(super) fn release_lock(&mut self, unit: UnitId, host: &mut dyn Host) {
        let Some(machine) = self.unit(unit).machine else {
            return;
        };
        let now = host.now();
        let machine = &mut self.machines[machine.index()];
        if machine.lock != Some(unit) {
            return;
        }
        machine.lock = None;
        let poll_ns = u64::try_from(MACHINE_LOCK_POLL.as_nanos()).unwrap_or(u64::MAX);
        for waiting in std::mem::take(&mut machine.waiting) {
            let key = u64::from(waiting.0);
            let delay_ns = self
                .streams
                .below(PURPOSE_POLL, key, now.as_nanos(), poll_ns);
            host.schedule(now + Span::from_nanos(delay_ns), Event::Wake(waiting));
        }
    }
}
