//! The machine lock: hooks of all units on one machine run one after the other
//! (juju/juju 3.6 `core/machinelock`).

use crate::agents::{Agents, MACHINE_LOCK_POLL};
use crate::convert::nanos;
use crate::timing::Timing;
use crate::{Event, Host, UnitId};
use trustsim_kernel::{Span, Time};

const PURPOSE_POLL: u64 = 0x706f_6c6c;

impl Agents {
    /// Whether another unit holds the machine lock; if so this one waits for it.
    pub(crate) fn lock_is_taken(&mut self, unit: UnitId) -> bool {
        let taken = self.lock_is_held_by_another(unit);
        if taken {
            self.await_lock(unit);
        }
        taken
    }

    /// Whether another unit holds the machine lock.
    pub(crate) fn lock_is_held_by_another(&self, unit: UnitId) -> bool {
        let machine = self.unit(unit).machine;
        let holder = machine.and_then(|machine| self.machine(machine).lock);
        holder.is_some_and(|holder| holder != unit)
    }

    /// The unit waits for the machine lock.
    pub(crate) fn await_lock(&mut self, unit: UnitId) {
        if let Some(machine) = self.unit(unit).machine {
            let waiting = &mut self.topology.machine_mut(machine).waiting;
            if !waiting.contains(&unit) {
                waiting.push(unit);
            }
        }
    }

    pub(crate) fn take_lock(&mut self, unit: UnitId) {
        if let Some(machine) = self.unit(unit).machine {
            let lock = &mut self.topology.machine_mut(machine).lock;
            assert!(
                lock.is_none_or(|holder| holder == unit),
                "{unit:?} takes a machine lock that {lock:?} holds"
            );
            *lock = Some(unit);
        }
    }

    /// Asserts that a unit which runs a hook holds its machine's lock.
    pub(crate) fn assert_lock_held(&self, unit: UnitId) {
        if let Some(machine) = self.unit(unit).machine {
            let holder = self.machine(machine).lock;
            assert_eq!(
                holder,
                Some(unit),
                "a unit that runs a hook holds its machine's lock"
            );
        }
    }

    /// Frees the machine lock. Each unit that waits looks every 250 ms, at a phase of its own: there is
    /// no queue.
    pub(crate) fn release_lock(&mut self, unit: UnitId, host: &mut dyn Host) {
        let Some(machine) = self.unit(unit).machine else {
            return;
        };
        let now = host.now();
        let machine = self.topology.machine_mut(machine);
        if machine.lock != Some(unit) {
            return;
        }
        machine.lock = None;
        assert!(
            !machine.waiting.contains(&unit),
            "{unit:?} waits for the machine lock that it holds"
        );
        for waiting in std::mem::take(&mut machine.waiting) {
            host.schedule(
                now + self.timing().lock_poll(waiting, now),
                Event::Wake(waiting),
            );
        }
    }
}

impl Timing<'_> {
    /// How long after the lock was freed at `at` a waiting unit looks.
    pub(crate) fn lock_poll(&self, unit: UnitId, at: Time) -> Span {
        let poll_ns = nanos(MACHINE_LOCK_POLL);
        let key = u64::from(unit.0);
        let delay_ns = self
            .streams
            .below(PURPOSE_POLL, key, at.as_nanos(), poll_ns);
        Span::from_nanos(delay_ns)
    }
}
