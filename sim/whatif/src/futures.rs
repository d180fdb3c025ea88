//! Futures of a deployment, played to their end: with something other from the start, or with something more done from an
//! instant on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::effort::{Effort, Unfinished};
use super::kept::{KeptWorlds, begin};
use super::remedies::Plan;
use trustsim_diagnosis::{Findings, Outage, diagnose, outages};
use trustsim_kernel::{Span, Time};
use trustsim_world::{
    Additions, Address, CertificateKind, Deployment, Journal, Kind, Manifest, Options, Simulation,
};

/// A future of the deployment in which a change was made.
#[derive(Clone, Debug)]
pub enum Future {
    /// Something is other from the start.
    FromStart(Arc<Deployment>),
    /// All is as it was until this instant, and then something more is done.
    From(Time, Additions),
}

/// What came of a future.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its connections.
    pub manifest: Manifest,
    /// When they failed.
    pub outages: Vec<Outage>,
    /// How many CAs each application made.
    pub cas: BTreeMap<Address, usize>,
}

impl Outcome {
    /// What a run came to.
    pub fn of(manifest: Manifest, journal: &Journal) -> Self {
        let mut cas: BTreeMap<Address, usize> = BTreeMap::new();
        for entry in journal.entries() {
            let Kind::CertificateIssued(record) = &entry.kind else {
                continue;
            };
            if record.kind != CertificateKind::Leaf {
                *cas.entry(record.owner()).or_default() += 1;
            }
        }
        let outages = outages(&manifest, journal);
        Self {
            manifest,
            outages,
            cas,
        }
    }

    /// Applications that made more CAs here than there.
    pub(super) fn new_cas(&self, before: &Self) -> Vec<Address> {
        let made = self.cas.iter();
        // What made none has no entry.
        let more =
            made.filter(|(owner, count)| before.cas.get(*owner).is_none_or(|it| *count > it));
        more.map(|(owner, _)| owner.clone()).collect()
    }
}

/// Plays futures to their end. What comes before a change is played once: each later change is
/// made in a copy of the world as it is then, so long as changes come in order of time.
#[derive(Debug)]
pub struct Forks<P> {
    before: Option<Simulation>,
    /// A world of the run: what begins as that did is played on from there.
    kept: Option<Simulation>,
    deployment: Arc<Deployment>,
    effort: Effort,
    play: P,
}

impl<P: FnMut(&mut Simulation, Time)> Forks<P> {
    /// Futures of a deployment, of which no more is played than `effort`; `play` plays one up to an instant.
    pub fn new(deployment: Arc<Deployment>, effort: Effort, play: P) -> Self {
        Self {
            before: None,
            kept: None,
            deployment,
            effort,
            play,
        }
    }

    /// Begins with the world that was kept of the run, if that was played with the options that all futures have.
    #[must_use]
    pub fn with_kept(mut self, kept: &KeptWorlds, options: Options) -> Self {
        if options == Options::default() {
            self.kept = kept.of(self.deployment.seed).cloned();
        }
        self
    }

    /// Plays one to its end.
    ///
    /// # Errors
    ///
    /// Where the run ends early, or all futures together have taken too long.
    pub fn play(&mut self, future: Future) -> Result<Outcome, Unfinished> {
        let mut simulation = match future {
            Future::FromStart(deployment) => Simulation::new(deployment, Options::default()),
            Future::From(at, additions) => self.before(at)?.fork_with(additions),
        };
        let end = simulation.end();
        if !self.effort.play(&mut simulation, end, &mut self.play) {
            return Err(Unfinished::TooLong);
        }
        let manifest = simulation.manifest();
        match manifest.endless {
            None => Ok(Outcome::of(manifest, simulation.journal())),
            Some(_) => Err(Unfinished::EndedEarly),
        }
    }

    /// Plays a plan from its start to its end, and says why it failed.
    ///
    /// # Errors
    ///
    /// Where the run ends early, or all futures together have taken too long.
    pub fn play_and_diagnose(&mut self, plan: &Plan) -> Result<(Manifest, Findings), Unfinished> {
        let mut simulation = begin(plan, self.kept.as_ref(), Options::default(), self.effort);
        let end = simulation.end();
        let play = &mut self.play;
        if !self.effort.play_from_start(&mut simulation, end, play) {
            return Err(Unfinished::TooLong);
        }
        let manifest = simulation.manifest();
        if manifest.endless.is_some() {
            return Err(Unfinished::EndedEarly);
        }
        let findings = diagnose(&plan.deployment, &manifest, simulation.journal());
        Ok((manifest, findings))
    }

    /// What may still be played.
    pub const fn effort(&self) -> Effort {
        self.effort
    }

    /// The world just before an instant.
    fn before(&mut self, at: Time) -> Result<&Simulation, Unfinished> {
        let just_before = at - Span::from_nanos(1);
        let known = self.before.take();
        let known = known.filter(|before| before.now() <= just_before);
        let (mut before, is_known) = match known {
            Some(before) => (before, true),
            None => (self.begin_before(just_before), false),
        };
        let (effort, play) = (&mut self.effort, &mut self.play);
        let came = match is_known {
            true => effort.play(&mut before, just_before, play),
            false => effort.play_from_start(&mut before, just_before, play),
        };
        match came {
            true => Ok(self.before.insert(before)),
            false => Err(Unfinished::TooLong),
        }
    }

    /// The world of the run from which it is played up to an instant.
    fn begin_before(&self, until: Time) -> Simulation {
        let run = Plan {
            deployment: Arc::clone(&self.deployment),
            only_adds: true,
        };
        let kept = self.kept.as_ref().filter(|kept| kept.now() <= until);
        begin(&run, kept, Options::default(), self.effort)
    }
}
