//! The generic consumer on version 4 of the library (`TLSCertificatesRequiresV4`), which keeps the key, asks, and tells the
//! charm of each certificate. In which further hooks the charm looks at what it is assigned is its own affair
//! ([`Reconciles`](trustsim_charm_model::Reconciles)).

use std::collections::BTreeSet;

use super::{CertificatesEndpoint, Changes, Requirer, Written, shared};
use trustsim_charm_model::Mode;
use trustsim_charm_model::names::common_name;
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::tls_certificates::{Asks, Event, Side};
use trustsim_juju::{Hook, HookError};

impl Requirer {
    /// One endpoint; returns the message of a refusal.
    pub(super) fn on_version_4(
        &self,
        endpoint: &CertificatesEndpoint,
        hook: &Hook,
        unit: &mut UnitContext<'_>,
        begins: bool,
        changes: &mut Changes,
    ) -> Result<Option<String>, HookError> {
        let requests = endpoint.requests(unit);
        let asks = Asks {
            requests: &requests,
            private_key: None,
            keys: &self.0.keys,
            refresh: endpoint.refreshes(hook, unit),
        };
        let name = unit.hook_name(hook);
        let reconciles = &endpoint.profile.reconciles;
        if reconciles.is_at_start(&name) && unit.can_connect() {
            changes.note_endpoint(self.write(endpoint, unit, &asks)?, endpoint);
        }
        let events = match endpoint.profile.listens {
            true => endpoint.certificates.on_hook(hook, unit, &asks)?,
            false if asks.refresh => endpoint.certificates.configure(unit, &asks)?,
            false => Vec::new(),
        };
        let is_broken = matches!(hook, Hook::RelationBroken { relation }
            if unit.own_endpoint(*relation) == Some(&*endpoint.certificates.endpoint));
        let mut events_told = events.iter();
        let is_told = events_told.any(|event| matches!(event, Event::Available(_)));
        let refreshes = asks.refresh && endpoint.profile.restores;
        let looks = reconciles.is_at_end(&name) && unit.can_connect();
        if is_broken && endpoint.profile.delete_when_broken {
            let mut written = Written::default();
            endpoint.remove_others(unit, &BTreeSet::new(), &mut written);
            changes.note_endpoint(written, endpoint);
        } else if endpoint.profile.phased {
            self.on_phases(endpoint, hook, unit, &asks, begins, changes)?;
        } else if is_told || (is_broken && !reconciles.is_any()) || begins || refreshes || looks {
            changes.note_endpoint(self.write(endpoint, unit, &asks)?, endpoint);
        }
        let is_ending = matches!(hook, Hook::Install | Hook::Stop | Hook::Remove);
        if !unit.is_leader() && endpoint.profile.mode != Mode::Unit && !is_ending {
            let written = shared::receive(endpoint, unit)?;
            if !endpoint.bugs.shared_not_applied {
                changes.note_endpoint(written, endpoint);
            }
        }
        Ok(events.into_iter().find_map(|event| match event {
            Event::Denied(_, error) => Some(error.message),
            Event::Available(_) => None,
        }))
    }

    /// Writes what this unit was assigned.
    fn write(
        &self,
        endpoint: &CertificatesEndpoint,
        unit: &mut UnitContext<'_>,
        asks: &Asks<'_>,
    ) -> Result<Written, HookError> {
        let mut written = Written::default();
        let (mut names, mut authorities) = (BTreeSet::new(), Vec::new());
        let mut is_complete = true;
        for request in asks.requests {
            let is_shared = endpoint.side_of(request) == Side::App;
            if is_shared && !unit.is_leader() {
                // What the leader shares is handled apart; its files stay.
                names.extend(request.attributes.common_name.clone());
                continue;
            }
            let name = common_name(&request.attributes).to_owned();
            match endpoint.certificates.assigned(unit, asks, request)? {
                Some(assigned) => {
                    let chain = endpoint.chain_of(&assigned.entry);
                    written.served |= endpoint.push(unit, &name, &chain, &assigned.key);
                    if is_shared {
                        shared::publish(self.0.peer.as_deref(), endpoint, unit, &name, &assigned)?;
                    }
                    authorities.push(assigned.entry.ca.clone());
                    names.insert(name);
                }
                None => is_complete = false,
            }
        }
        let deletes = endpoint.profile.delete_on_missing || endpoint.profile.reconciles.is_any();
        if is_complete || deletes {
            endpoint.remove_others(unit, &names, &mut written);
        }
        if endpoint.profile.trusts_ca && !authorities.is_empty() {
            written.ca |= endpoint.push_trust(unit, &authorities, written.served);
        }
        Ok(written)
    }
}
