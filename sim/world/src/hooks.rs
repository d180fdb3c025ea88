//! Running a charm's code for one hook, and what it puts into the journal.

use std::sync::Arc;
use trustsim_model::{CertificateRecord, Entry, KeyRecord, Kind, Note};

use super::desk::subject;
use super::failing::fail;
use super::recorder::RecordedHook;
use super::simulation::{Event, World};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::notes::{Issued, Note as CharmNote, Requested, StoredKey};
use trustsim_juju::{
    About, ApplicationId, ApplicationKind, Effects, Hook, HookError, Quiet, UnitId,
};
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
        let failure = self.failure_of(unit, &hook);
        let mut recorded = None;
        let mut notes = Vec::new();
        let mut ran = || {
            let ran = self.run_charm(unit, &hook, now);
            (notes, recorded) = (ran.notes, ran.recorded);
            (ran.effects, ran.result)
        };
        let (effects, result) = match failure {
            None => ran(),
            Some((failure, _)) => fail(failure, ran, || self.untouched(unit, now)),
        };
        // What is made to fail is not what the charm's code left.
        if failure.is_none() {
            self.recorder.keep(recorded);
        }
        let repeats = matches!(hook, Hook::UpdateStatus | Hook::SecretExpired { .. });
        let is_heard = effects.changes_anything() || effects.changes_status(self.juju.unit(unit));
        let fails = result.is_err() || effects.commit_fault.is_some();
        let worth_a_line = !repeats || is_heard || fails;
        // A hook that only time brings acts on what the unit's last hook left behind.
        let made_to_fail = failure.map(|(_, entry)| entry);
        let cause = made_to_fail
            .or(cause)
            .or(self.last_hook.get(&unit).copied())
            .or(Some(self.root));
        let entry = worth_a_line.then(|| {
            let hook = self.juju.hook_name(unit, &hook);
            let subject = subject(&self.juju, About::Unit(unit));
            let kind = Kind::HookStarted { hook };
            self.journal.record(Entry {
                time: now,
                cause,
                subject,
                kind,
            })
        });
        if let Some(entry) = entry {
            self.last_hook.insert(unit, entry);
        }
        for note in notes {
            self.note(unit, note, entry, now);
        }
        self.in_juju(agenda, |juju, desk| {
            juju.uniter()
                .hook_ran(unit, hook, failures, entry, effects, result, desk);
        });
    }

    fn run_charm(&self, unit: UnitId, hook: &Hook, now: Time) -> Ran {
        let mut context = UnitContext::new(&self.juju, unit, now, Some(hook));
        let begun = self.begin_record(&context, hook);
        let result = match self.charm_of(unit, Some(hook)) {
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
    fn untouched(&self, unit: UnitId, now: Time) -> Effects {
        let (effects, _) = UnitContext::new(&self.juju, unit, now, None).into_effects();
        effects
    }

    /// Whether the unit's repeated hooks would do nothing: each is run, and what it does is dropped.
    pub(super) fn quiet(&self, unit: UnitId, now: Time) -> Quiet {
        let Some(charm) = self.charm_of(unit, None) else {
            return Quiet::Always;
        };
        if charm.is_retrying(&UnitContext::new(&self.juju, unit, now, None)) {
            return Quiet::No;
        }
        self.juju
            .observe(unit, now, |hook, context| charm.on_hook(hook, context))
    }

    pub(super) fn note(&mut self, unit: UnitId, note: CharmNote, cause: Option<Seq>, time: Time) {
        let kind = match note {
            CharmNote::CertificateIssued(issued) => {
                Kind::CertificateIssued(self.certificate_record(unit, &issued))
            }
            CharmNote::KeyStored(stored) => Kind::KeyStored(self.key_record(unit, &stored)),
            CharmNote::CertificateRequested(Requested {
                common_name,
                request,
            }) => {
                if let Some(request) = request {
                    self.requested.insert(request.pem().into(), time);
                }
                Kind::Note(Note::CertificateRequested { common_name })
            }
            CharmNote::CertificateRefused(refused) => Kind::Note(Note::CertificateRefused(refused)),
            CharmNote::CertificateRevoked { common_name } => {
                Kind::Note(Note::CertificateRevoked { common_name })
            }
            CharmNote::ActionResult(text) => Kind::Note(Note::ActionResult { text }),
            CharmNote::ActionFailed(message) => Kind::Note(Note::ActionFailed { message }),
            CharmNote::AcmeOrderRefused(order) => Kind::Note(Note::AcmeOrderRefused(order)),
            CharmNote::AcmeAccountOpened => Kind::Note(Note::AcmeAccountOpened),
        };
        let subject = subject(&self.juju, About::Unit(unit));
        self.journal.record(Entry {
            time,
            cause,
            subject,
            kind,
        });
    }

    /// Who can read a key: of a unit's databag every unit on the other side, of leader settings
    /// every unit of the application (juju/juju 3.6 `apiserver/facades/agent/uniter`).
    fn key_record(&self, unit: UnitId, stored: &StoredKey) -> KeyRecord {
        let own = self.juju.unit(unit).application;
        let other = stored.relation.and_then(|id| {
            let relation = self.juju.relation(id);
            let end = relation.end_of(own)?;
            Some(self.real_application(relation.opposite(end).application))
        });
        let address = |id: ApplicationId| {
            let found = self.juju.application(id);
            format!("{}.{}", self.juju.model(found.model).name, found.name)
        };
        let controller = |id: ApplicationId| {
            let model = self.juju.model(self.juju.application(id).model);
            Arc::clone(&self.juju.controller(model.controller).name)
        };
        let mut controllers = vec![controller(own)];
        if let Some(other) = other.map(controller)
            && other != controllers[0]
        {
            controllers.push(other);
        }
        let relation = stored.relation.map(|id| {
            let relation = self.juju.relation(id);
            let endpoint = relation.end_of(own).map(|end| &relation.ends[end].endpoint);
            let endpoint = endpoint.expect("a unit stores keys in relations of its application");
            format!("{endpoint}:{}", relation.number).into()
        });
        KeyRecord {
            controllers,
            relation,
            place: Arc::clone(&stored.place),
            holder: Arc::clone(&stored.holder),
            common_name: Arc::clone(&stored.common_name),
            serial: Arc::clone(&stored.serial),
            readers: address(other.unwrap_or(own)).into(),
        }
    }

    fn certificate_record(&mut self, unit: UnitId, issued: &Issued) -> CertificateRecord {
        let provider = self.juju.application(self.juju.unit(unit).application);
        let model = self.juju.model(provider.model);
        let requirer = model
            .applications
            .iter()
            .copied()
            .find(|id| self.juju.application(*id).name == issued.requirer);
        let application = requirer.map_or(self.juju.unit(unit).application, |requirer| {
            self.real_application(requirer)
        });
        let found = self.juju.application(application);
        let requested_at = issued
            .request
            .as_ref()
            .and_then(|request| self.requested.remove(request.pem()));
        let unit = issued.unit.as_ref().map(|name| {
            name.split_once('/')
                .expect("a unit is named application/number")
        });
        CertificateRecord {
            certificate: issued.certificate.clone(),
            kind: issued.kind,
            issuer_serial: issued.issuer_serial.as_str().into(),
            requested_at,
            model: Arc::clone(&self.juju.model(found.model).name),
            application: Arc::clone(&found.name),
            unit: unit.map(|(_, number)| format!("{}/{number}", found.name).into()),
        }
    }

    /// The application behind a proxy.
    fn real_application(&self, id: ApplicationId) -> ApplicationId {
        match &self.juju.application(id).kind {
            ApplicationKind::Local => id,
            ApplicationKind::Saas { target, .. } | ApplicationKind::Consumer { target } => *target,
        }
    }
}
