//! Leadership leases (juju/juju 3.6 `internal/worker/leadership`, `worker/lease`): claimed for
//! 60 s, renewed every 30 s, swept once a second.
//!
//! Renewals of a healthy leader are not played: they change nothing. When it is lost, the lease
//! ends 60 s after the last renewal, which is a multiple of 30 s after the claim.

use crate::agents::Agents;
use crate::topology::reads_topology;
use crate::{About, ApplicationId, Event, Happening, Host, UnitId};
use trustsim_kernel::{Seq, Span, Time};

const LEASE: Span = Span::from_secs(60);
const RENEWAL_SECONDS: u64 = 30;
/// One second for the sweeper, one for the waiting minion to look.
const SWEEP: Span = Span::from_secs(2);
const PURPOSE_CLAIM: u64 = 0x6c65_6164;

/// The leadership leases of all applications.
#[derive(Debug)]
pub struct Leases<'a> {
    agents: &'a mut Agents,
}

reads_topology!(Leases, agents);

impl<'a> Leases<'a> {
    pub(crate) const fn new(agents: &'a mut Agents) -> Self {
        Self { agents }
    }
}

impl Leases<'_> {
    /// A connected agent claims the lease if no unit holds it.
    pub(crate) fn claim_leadership(&mut self, unit: UnitId, host: &mut dyn Host) {
        let application = self.unit(unit).application;
        let lease = &self.application(application).lease;
        assert!(
            self.agent_of(unit).connected,
            "{unit:?} claims a lease over a connection that it does not have"
        );
        if lease.holder.is_none() && lease.ends.is_none_or(|ends| ends <= host.now()) {
            let cause = lease.lost_by;
            self.give_leadership(application, Some(unit), cause, host);
        }
    }

    /// MemberChanges the lease; the units that held it and get it are woken. A lease given to no unit is claimed
    /// by one of the connected units as soon as the sweeper has been.
    pub fn give_leadership(
        &mut self,
        application: ApplicationId,
        holder: Option<UnitId>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        if let Some(unit) = holder {
            assert_eq!(
                self.unit(unit).application,
                application,
                "an application is led by a unit of its own"
            );
            assert!(
                !self.agent_of(unit).removed,
                "{unit:?} is dead and gets the lease"
            );
        }
        let now = host.now();
        let entry =
            holder.and_then(|unit| host.record(cause, About::Unit(unit), Happening::LeaderElected));
        let lease = &mut self.agents.application_mut(application).lease;
        let former = lease.holder;
        lease.holder = holder;
        lease.claimed_at = now;
        lease.changed_at = now;
        lease.ends = None;
        lease.lost_by = None;
        lease.version += 1;
        lease.cause = entry.or(cause);
        for unit in [former, holder].into_iter().flatten() {
            self.agents.schedule_wake(unit, now, host);
        }
        match holder {
            Some(unit) if !self.agent_of(unit).connected => {
                self.lose_leader(unit, host);
            }
            Some(_) => {}
            None => self.end_lease(application, now + SWEEP, host),
        }
    }

    /// The holder was lost now without giving the lease up.
    pub(crate) fn lose_leader(&mut self, unit: UnitId, host: &mut dyn Host) {
        let application = self.unit(unit).application;
        let lease = self.application(application).lease;
        if lease.holder == Some(unit) && lease.ends.is_none() {
            let ends = lease_end(lease.claimed_at, host.now());
            assert!(
                ends > host.now(),
                "the lease of {unit:?} is lost now and ended at {ends}"
            );
            let lost_by = self.agent_of(unit).cut_by;
            self.agents.application_mut(application).lease.lost_by = lost_by;
            self.end_lease(application, ends, host);
        }
    }

    fn end_lease(&mut self, application: ApplicationId, at: Time, host: &mut dyn Host) {
        self.agents.application_mut(application).lease.ends = Some(at);
        host.schedule(at, Event::LeaseExpiry(application));
    }

    /// The holder is connected again before its lease ended: it renews it.
    pub(crate) fn renew_lease(&mut self, unit: UnitId, now: Time) {
        let application = self.unit(unit).application;
        let lease = &mut self.agents.application_mut(application).lease;
        if lease.holder == Some(unit) && lease.ends.take().is_some() {
            lease.claimed_at = now;
            lease.lost_by = None;
        }
    }

    /// A dead leader's lease is revoked at once.
    pub(crate) fn revoke_leadership(&mut self, unit: UnitId, host: &mut dyn Host) {
        let application = self.unit(unit).application;
        let agent = self.agent_of(unit);
        assert!(
            agent.dying || agent.removed,
            "{unit:?} is alive, and its lease is revoked as that of a dead one"
        );
        let cause = agent.removed_by;
        if self.application(application).lease.holder == Some(unit) {
            match self.claimant(application, Some(unit), host.now()) {
                None => self.agents.application_mut(application).lease.holder = None,
                heir => self.give_leadership(application, heir, cause, host),
            }
        }
    }

    pub(crate) fn lease_expiry(&mut self, application: ApplicationId, host: &mut dyn Host) {
        let lease = &mut self.agents.application_mut(application).lease;
        if lease.ends.take_if(|ends| *ends == host.now()).is_none() {
            return; // It was renewed or given to another unit before.
        }
        let (former, cause) = (lease.holder, lease.lost_by);
        match self.claimant(application, former, host.now()) {
            None if former.is_none() => {}
            None => {
                // No unit is connected to claim it: the first to connect does.
                let lease = &mut self.agents.application_mut(application).lease;
                lease.holder = None;
                lease.changed_at = host.now();
                lease.version += 1;
            }
            heir => self.give_leadership(application, heir, cause, host),
        }
    }
}

/// When a lease claimed at `claimed_at` and last renewed before `lost_at` passes to another.
fn lease_end(claimed_at: Time, lost_at: Time) -> Time {
    let renewals = lost_at.since(claimed_at).as_secs() / RENEWAL_SECONDS;
    claimed_at + Span::from_secs(renewals * RENEWAL_SECONDS) + LEASE + SWEEP
}

impl Leases<'_> {
    /// Who wins the race for a free lease: any connected unit, drawn from the seed.
    fn claimant(
        &self,
        application: ApplicationId,
        former: Option<UnitId>,
        now: Time,
    ) -> Option<UnitId> {
        let units = self.application(application).units.iter().copied();
        let runs = |unit: &UnitId| {
            self.agent(*unit)
                .is_some_and(|agent| agent.connected && !agent.dying && !agent.removed)
        };
        units
            .filter(|unit| Some(*unit) != former)
            .filter(runs)
            .min_by_key(|unit| {
                self.agents.timing().streams.below(
                    PURPOSE_CLAIM,
                    u64::from(unit.0),
                    now.as_nanos(),
                    u64::MAX,
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Failover takes the rest of the lease, 30 to 60 s, and a second or two.
    #[test]
    fn a_lost_leader_is_followed_within_a_minute() {
        let claimed = Time::from_seconds(1_000);
        for lost_s in [1_000, 1_029, 1_030, 1_059, 9_999] {
            let lost = Time::from_seconds(lost_s);
            let waited = lease_end(claimed, lost).since(lost).as_secs();
            assert!((32..=62).contains(&waited), "lost at {lost_s}: {waited} s");
        }
    }
}
