//! Machines and pods that get another address, and when their controller learns of it.
//!
//! For example, a machine is moved to another subnet: clients that dial it find it there at once, and its controller, which
//! asks the cloud every quarter of an hour, some minutes later. Its units run `config-changed` then, with which
//! their databags change, and what charms ask the controller for is the old address until then.
//!
//! Units of a Kubernetes model are told of other addresses of their application's service only
//! (juju/juju 3.6 `apiserver/facades/agent/uniter/uniter.go`, `WatchUnitAddressesHash`): a pod that is reached at another
//! address runs no hook for it.

use std::sync::Arc;

use super::Operator;
use crate::state::Move;
use crate::{ApplicationId, Event, Host, LoadBalancer, MachineId, UnitId};
use trustsim_kernel::{Seq, Span, Time};

/// How often a controller asks the cloud for the addresses of machines that have some (juju/juju 3.6
/// `internal/worker/instancepoller/worker.go`, `LongPoll`).
const LONG_POLL: Span = Span::from_secs(15 * 60);
const PURPOSE_LONG_POLL: u64 = 0x6c6f_6e67;

impl Operator<'_> {
    /// The machine of a unit, or its pod, gets another address: this one, or one that no unit ever had. The controller
    /// learns of it later; a pod's own it has at once, and tells no unit. Returns the units that are reached at
    /// another address from now on.
    pub fn change_address(
        &mut self,
        unit: UnitId,
        to: Option<&str>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) -> Vec<UnitId> {
        let to = match to {
            Some(address) => Arc::from(address),
            None => self.agents.next_address(unit),
        };
        if self.reached_at(unit) == &*to {
            return Vec::new();
        }
        let Some(machine) = self.unit(unit).machine else {
            self.agents.unit_mut(unit).address.value = to;
            // The next hook that comes finds it.
            self.agents.look_again(unit, host);
            return vec![unit];
        };
        host.schedule(
            self.next_long_poll(machine, host.now()),
            Event::InstancePoll(machine),
        );
        let found = self.agents.machine_mut(machine);
        found.moved = Some(Move { to, cause });
        found.units.clone()
    }

    /// The service of an application is reached through a load balancer, or through none. Where that service is one of the
    /// charm's own, as that of traefik-k8s is, Juju tells no unit of it: their next hook finds it.
    pub fn set_load_balancer(
        &mut self,
        application: ApplicationId,
        load_balancer: Option<LoadBalancer>,
        host: &mut dyn Host,
    ) {
        let found = self.agents.application_mut(application);
        found.load_balancer = load_balancer;
        for unit in found.units.clone() {
            self.agents.look_again(unit, host);
        }
    }

    /// A controller asks the cloud where a machine is. One that is down asks nothing, and agents tell it when it is back.
    pub(crate) fn poll_instance(&mut self, machine: MachineId, host: &mut dyn Host) {
        let model = self.machine(machine).model;
        if !self.agents.timing().is_down(self.model(model).controller) {
            self.learn_address(machine, host);
        }
    }

    /// A controller learns where a machine is reached: it asked the cloud, or the agent of the machine, which says so
    /// when it connects (juju/juju 3.6 `internal/worker/machiner/machiner.go`, `SetUp`).
    pub(crate) fn learn_address(&mut self, machine: MachineId, host: &mut dyn Host) {
        let found = self.agents.machine_mut(machine);
        let Some(Move { to, cause }) = found.moved.take() else {
            return;
        };
        let before = std::mem::replace(&mut found.address, Arc::clone(&to));
        let known = found.spaces.values_mut().flatten();
        for address in known.filter(|address| **address == before) {
            *address = Arc::clone(&to);
        }
        for unit in found.units.clone() {
            self.set_address(unit, &to, cause, host);
        }
    }

    /// The next `config-changed` of a unit brings its databags up to date.
    fn set_address(
        &mut self,
        unit: UnitId,
        address: &Arc<str>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let now = host.now();
        let found = self.agents.unit_mut(unit);
        if found.address.value != *address {
            found.address.value = Arc::clone(address);
            found.address.touch(now, cause);
            self.agents.wake_at_arrival(unit, host);
        }
    }

    /// When the controller of a machine asks next. The phase is that of the model's worker.
    fn next_long_poll(&self, machine: MachineId, now: Time) -> Time {
        let model = self.machine(machine).model;
        let subject = u64::from(model.0);
        let period = LONG_POLL.as_secs();
        let streams = self.agents.timing().streams;
        let phase = streams.below(PURPOSE_LONG_POLL, subject, 0, period);
        let since = (now.as_seconds() + period - phase) % period;
        now.truncated_to_seconds() + Span::from_secs(period - since)
    }
}
