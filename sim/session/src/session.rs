//! A session: commands that are written and played, and time that passes.
//!
//! What is played is kept as it is at the present instant. A command that only adds a fault is planned there; one that
//! changes the deployment with which the run begins, or the connections that are watched, has all of it played again up to
//! the present, which must come out as it did.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trustsim_kernel::{Span, Time};
use trustsim_model::{Address, Deployment, Kind, Note, Refusal};
use trustsim_scenario::{Diagnostic, Files};
use trustsim_world::{Additions, Options, Simulation};

use crate::answers::Answer;
use crate::change::{Change, unknown};
use crate::error::SessionError;
use crate::load::{LONGEST, Sources, at, check_played, load, own_charm};
use crate::past::differs_at;
use crate::request::Request;
use crate::written::Written;
use crate::{ask, moment};

/// What a command takes once time has passed. What it does is done at the instant at which it is given.
pub const COMMAND_TAKES: Span = Span::from_secs(1);
/// How often it is looked whether something waited for has come.
const LOOK: Span = Span::from_secs(1);
/// How long `juju run` waits where it is not told (juju/juju 3.6 `cmd/juju/action/common.go`, `defaultTimeout`).
const RUN_WAITS: Span = Span::from_secs(60);

/// What a session needs of the machine that it runs on.
pub trait Machine {
    /// Its files.
    fn files(&self) -> &dyn Files;

    /// The folder of a charm, of a packed one that into which it is unpacked.
    ///
    /// # Errors
    ///
    /// Why there is none.
    fn charm_folder(&self, path: &Path) -> Result<PathBuf, String>;

    /// Names interpreters for charms that have none.
    ///
    /// # Errors
    ///
    /// Why it cannot.
    fn prepare(&self, deployment: &Deployment) -> Result<(), String>;
}

/// A deployment that grows while its time passes.
pub struct Session {
    machine: Box<dyn Machine>,
    sources: Sources,
    written: Written,
    /// How much time has passed.
    now: Span,
    /// What is written, resolved.
    deployment: Arc<Deployment>,
    /// The present, where it was asked for since the deployment with which the run begins was written.
    present: Option<Simulation>,
    warnings: Vec<Diagnostic>,
    warned: BTreeSet<String>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Session");
        shown
            .field("written", &self.written)
            .field("now", &self.now);
        shown.finish_non_exhaustive()
    }
}

impl Session {
    /// A session in which nothing is deployed.
    pub fn new(machine: Box<dyn Machine>) -> Self {
        Self {
            machine,
            sources: Sources::default(),
            written: Written::new(),
            now: Span::ZERO,
            deployment: Arc::new(Deployment::empty()),
            present: None,
            warnings: Vec::new(),
            warned: BTreeSet::new(),
        }
    }

    /// A session that goes on where the one ended that was saved as this text ([`Answer::Scenario`]).
    ///
    /// # Errors
    ///
    /// Where it is no scenario that a session writes, or no sound one.
    pub fn open(text: &str, machine: Box<dyn Machine>) -> Result<Self, SessionError> {
        let mut session = Self::new(machine);
        session.written = serde_json::from_str(text).map_err(SessionError::NoSession)?;
        if let Some(duration) = &session.written.duration {
            session.now = session.later(moment::read(duration)?)?;
        }
        let written = session.written.clone();
        session.deployment = Arc::new(session.load(&written, session.now)?);
        Ok(session)
    }

    /// How much time has passed.
    pub const fn now(&self) -> Span {
        self.now
    }

    /// What is deployed, as the scenario of the session says it.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The present.
    ///
    /// # Errors
    ///
    /// Where nothing is deployed.
    pub fn present(&mut self) -> Result<&Simulation, SessionError> {
        if self.present.is_none() {
            if self.deployment.models.is_empty() {
                return Err(SessionError::TooEarly("nothing is deployed"));
            }
            let mut present = Simulation::new(Arc::clone(&self.deployment), Options::default());
            present.run_until(self.instant(self.now));
            check_played(&self.deployment)?;
            self.present = Some(present);
        }
        Ok(self.present.as_ref().expect("it was just made"))
    }

    /// Warnings of the scenario that were not taken before.
    pub fn take_warnings(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.warnings)
    }

    /// Carries out a request.
    ///
    /// # Errors
    ///
    /// Why it cannot be carried out.
    pub fn answer(&mut self, request: &Request) -> Result<Answer, SessionError> {
        match request {
            Request::Advance { by } => {
                let by = moment::read(by)?;
                if by.is_zero() {
                    let message = "no time would pass";
                    return Err(SessionError::Time(message.to_owned()));
                }
                self.advance(by).map(|()| Answer::Done)
            }
            Request::Settle { within } => {
                let within = moment::read(within)?;
                self.settle(within).map(|()| Answer::Done)
            }
            Request::Status { model } => {
                self.check_deployed(model)?;
                ask::status(self.present()?, model).map(Answer::Juju)
            }
            Request::ShowModel { model } => {
                self.check_deployed(model)?;
                ask::show_model(self.present()?, model).map(Answer::Juju)
            }
            Request::ShowConfig { model, application } => {
                self.check_deployed(model)?;
                ask::show_config(self.present()?, model, application).map(Answer::Juju)
            }
            Request::ShowUnit { model, unit } => {
                self.check_deployed(model)?;
                ask::show_unit(self.present()?, model, unit).map(Answer::Juju)
            }
            Request::Connection { from, to } => self.connection(from, to),
            Request::Scenario {} => Ok(Answer::Scenario(at(&self.written, self.now).text())),
            Request::Run { within, .. } => {
                let within = within.as_deref().map(moment::read).transpose()?;
                self.run(request, within.unwrap_or(RUN_WAITS))
            }
            command => self.command(command).map(|()| Answer::Done),
        }
    }

    fn command(&mut self, request: &Request) -> Result<(), SessionError> {
        if let Request::Fault { what } = request
            && what.contains_key("random")
        {
            let message = "a session plays no random plan: it is drawn for a whole run";
            return Err(SessionError::NotPlayed(message.to_owned()));
        }
        let own = own_charm(request, &*self.machine)?;
        let mut written = self.written.clone();
        let mut change = Change {
            written: &mut written,
            at: (!self.now.is_zero()).then_some(self.now),
        };
        change.write(request, own.as_ref())?;
        if let Request::Deploy {
            model,
            charm,
            application,
            units: None,
            ..
        } = request
        {
            let name = application.as_deref().or(charm.as_deref());
            let name = name.or(own.as_ref().map(|own| own.name.as_str()));
            let name = name.expect("a charm that was written has a name");
            let deployment = self.load(&written, self.now)?;
            let index = deployment.application_at(&Address::application_in(model, name));
            let index = index.expect("what was written is deployed");
            if !deployment.applications[index].charm.subordinate {
                let at = (!self.now.is_zero()).then_some(self.now);
                let written = &mut written;
                Change { written, at }.add_unit(model, name, 1)?;
            }
        }
        self.take(written)
    }

    /// Goes on with this scenario in place of the one so far.
    fn take(&mut self, written: Written) -> Result<(), SessionError> {
        let acts = written.faults.len() > self.written.faults.len();
        let then = match acts {
            true => self.later(COMMAND_TAKES)?,
            false => self.now,
        };
        let deployment = Arc::new(self.load(&written, then)?);
        if self.now.is_zero() {
            self.present = None;
        } else {
            let next = self.with(&written, &deployment)?;
            let given = self.now;
            let before = refused(self.present()?, given).len();
            if let Some(refusal) = refused(&next, given).into_iter().nth(before) {
                return Err(SessionError::Refused(Box::new(refusal.clone())));
            }
            self.present = Some(next);
        }
        self.written = written;
        self.deployment = deployment;
        match acts {
            true => self.advance(COMMAND_TAKES),
            false => Ok(()),
        }
    }

    /// The present as it is with this scenario.
    fn with(
        &mut self,
        written: &Written,
        deployment: &Arc<Deployment>,
    ) -> Result<Simulation, SessionError> {
        let now = self.instant(self.now);
        let is_same = self.written.begins_as(written);
        let base = Arc::clone(&self.deployment);
        let present = self.present()?;
        let mut next = match is_same {
            true => present.fork_with(Additions::between(&base, deployment)),
            false => Simulation::new(Arc::clone(deployment), Options::default()),
        };
        next.run_until(now);
        check_played(deployment)?;
        if !is_same && let Some(differs) = differs_at(present.journal(), next.journal(), now) {
            let at = differs.since(deployment.start);
            return Err(SessionError::PastChanged { at });
        }
        Ok(next)
    }

    /// So much later than now, where a session lasts as long.
    fn later(&self, by: Span) -> Result<Span, SessionError> {
        let later = self.now.checked_add(by).filter(|later| *later <= LONGEST);
        later.ok_or_else(|| {
            let message = format!("a session lasts {} at most", moment::exact(LONGEST));
            SessionError::Time(message)
        })
    }

    fn advance(&mut self, by: Span) -> Result<(), SessionError> {
        let now = self.later(by)?;
        self.present()?;
        let until = self.instant(now);
        let present = self.present.as_mut().expect("it was just looked at");
        present.run_until(until);
        self.now = now;
        if present.endless().is_some() {
            return Err(SessionError::Endless);
        }
        check_played(&self.deployment)
    }

    fn settle(&mut self, within: Span) -> Result<(), SessionError> {
        let latest = self.now + within;
        loop {
            let present = self.present()?;
            // Nothing has begun at the first instant.
            if present.settled_at().is_some() && present.is_at_rest() {
                return Ok(());
            }
            if self.now >= latest {
                return Err(SessionError::NotAtRest);
            }
            self.advance(LOOK.min(latest - self.now))?;
        }
    }

    fn run(&mut self, request: &Request, within: Span) -> Result<Answer, SessionError> {
        let given = self.now;
        let latest = self.now + within;
        self.command(request)?;
        loop {
            if let Some(ran) = ask::ran(self.present()?, given) {
                return Ok(Answer::Ran(ran));
            }
            if self.now >= latest {
                return Err(SessionError::NotEnded);
            }
            self.advance(LOOK)?;
        }
    }

    /// How connections between two have been. Where none is watched, they are from the beginning on; what cannot be judged
    /// is not.
    fn connection(&mut self, from: &str, to: &str) -> Result<Answer, SessionError> {
        let told = |found| Answer::Connection(Box::new(found));
        if self.now.is_zero() || self.present()?.watched_from().is_none() {
            let message = "connections are watched once the deployment has settled";
            return Err(SessionError::TooEarly(message));
        }
        if ask::is_watched(self.present()?, from, to) {
            return ask::connection(self.present()?, from, to).map(told);
        }
        let before = (self.written.clone(), Arc::clone(&self.deployment));
        let present = self.present.clone();
        let connection = [("from", from), ("to", to)];
        let connection = connection.map(|(key, value)| (key.to_owned(), value.into()));
        let connection = serde_json::Map::from_iter(connection);
        self.command(&Request::Connect { connection })?;
        let found = ask::connection(self.present()?, from, to);
        if found.is_err() {
            (self.written, self.deployment) = before;
            self.present = present;
        }
        found.map(told)
    }

    /// Whether a model is there, and something is deployed in it.
    fn check_deployed(&self, model: &str) -> Result<(), SessionError> {
        match self.written.models.get(model) {
            None => {
                let known: Vec<String> = self.written.models.keys().cloned().collect();
                Err(unknown("model", model, &known))
            }
            Some(written) if written.applications.is_empty() => {
                Err(SessionError::TooEarly("nothing is deployed in the model"))
            }
            Some(_) => Ok(()),
        }
    }

    fn load(&mut self, written: &Written, now: Span) -> Result<Deployment, SessionError> {
        let (deployment, found) = load(written, now, &*self.machine, &mut self.sources)?;
        for warning in found {
            let text = format!("{} {}", warning.code, warning.message);
            if self.warned.insert(text) {
                self.warnings.push(warning);
            }
        }
        Ok(deployment)
    }

    fn instant(&self, now: Span) -> Time {
        self.deployment.start + now
    }
}

/// Why commands that were given at this instant are not carried out, in order.
fn refused(present: &Simulation, given: Span) -> Vec<&Refusal> {
    let journal = present.journal();
    let instant = present.deployment().start + given;
    let latest = journal.entries().iter().rev();
    let at_once = latest.take_while(|entry| entry.time >= instant);
    let mut found: Vec<&Refusal> = at_once
        .filter_map(|entry| {
            let Kind::Note(Note::ActionRefused(refusal)) = &entry.kind else {
                return None;
            };
            match &journal.get(entry.cause?)?.kind {
                Kind::Action(record) if record.planned => Some(refusal),
                _ => None,
            }
        })
        .collect();
    found.reverse();
    found
}
