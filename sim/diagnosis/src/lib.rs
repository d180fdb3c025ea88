//! What is read off the journal of a run: outages and tallies, root causes, expectations, forecasts.
//!
//! [`diagnose`] finds the outages, walks from each failed handshake back to its [`Cause`], and judges what the
//! scenario expects. For example: `browser` refuses `web/0` from 02:00 to 03:00; the certificate of `web/0` had
//! expired, its request for the next one reached `vault/0`, and `vault/0` was sealed until an operator came. The
//! outage is one [`Outage`], its cause is [`FaultCause::Operator`], and the request is one of the steps between.
//!
//! Reads a deployment and a journal and plays nothing: what takes another future is in `trustsim_whatif`.
//!
//! Nothing is guessed from an error's text alone: what was presented, what was trusted and what
//! led there is read from entries and their causes. Must not know the terminal or files.

mod ca_route;
mod case;
mod cause;
mod charm_errors;
mod command;
mod counts;
mod culprit;
mod entry_kind;
mod expectations;
mod explanation;
mod facts;
mod fix;
mod forecast;
mod groups;
mod notes;
mod open_outages;
mod outage_class;
mod outages;
mod parts;
mod refused_actions;
mod remedy;
mod requests;
mod rotation;
mod seeds;
mod symptom;
mod tally;
#[cfg(test)]
mod tests;
mod transfer_plan;
mod unencrypted;
mod why;

pub use ca_route::{CaRelation, CaRoute, PassingRelation};
pub use cause::{
    Apart, CaTrigger, Cause, CertificateCause, ChainCause, ChangedProvider, ClockEffect, Event,
    Fault, FaultAction, FaultCause, KeyLoss, Lost, MissingCa, NeverAsked, NewCa, NotGiven,
    NotInstalledReason, NotLoadedReason, NotPassed, NotRequestedReason, Performed, ProcessLacks,
    Refusal, Removal, RootCause, Separation, SignedInThePast, Status, Step, StillPresented,
    Transit, TrustCause, WaitEnd,
};
pub use charm_errors::{CharmError, CharmErrorDetail, CharmErrorKind, charm_errors};
pub use command::{Command, Obstacle};
pub use culprit::Doubt;
pub use entry_kind::entry_kind;
pub use expectations::{ClaimedTruth, ExpectationResult, Outcome as ExpectationOutcome};
pub use explanation::{Explanation, Trigger};
pub use facts::cause_chain;
pub use fix::Fix;
pub use forecast::{
    CertificateWait, Expiry, Forecast, HookWait, OutageTolerance, RequestPeak, forecast,
};
pub use groups::{CauseLikeness, Likeness, OutageGroup, PlannedAction, outage_groups, time_lost};
pub use open_outages::{OpenOutage, OpenReason};
pub use outage_class::OutageClass;
pub use outages::{ErrorChange, Outage, outages};
pub use parts::{Part, part_at};
pub use refused_actions::{RefusedAction, refused_actions};
pub use remedy::{Lasting, Remedies, Remedy, RemedyElsewhere};
pub use requests::{
    AskedRequest, RefusedReason, RequestOutcome, Requests, SilentRelation, UnitStatus, requests,
};
pub use rotation::{Invariant, PersistenceEnd, Rotated, TrustGained, Violation, ViolationKind};
pub use seeds::{Chance, Elsewhere, SeedGroup, SeedOutcome, chance, elsewhere};
pub use symptom::{Issuer, Symptom};
pub use tally::{Tally, outage_attempts, tallies};
pub use transfer_plan::Transfer;
pub use unencrypted::Unencrypted;
pub use why::{Answer, Rests, Source as TrustSource, WhyError, why};

use trustsim_kernel::{Span, Time};
use trustsim_model::{Deployment, EndlessLoop, Journal, Manifest};

/// Everything found in a run: what the reports print beside the journal itself.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Every outage, by (start, connection).
    pub outages: Vec<Outage>,
    /// Why, one for each outage: what kept it open.
    pub explanations: Vec<Explanation>,
    /// What was to blame from when on, for each outage.
    pub parts: Vec<Vec<Part>>,
    /// What each connection did, in the order of the manifest.
    pub tallies: Vec<Tally>,
    /// Every expectation, judged, in file order.
    pub expectations: Vec<ExpectationResult>,
    /// What each outage counts for.
    pub classes: Vec<OutageClass>,
    /// Stretches without TLS in which nothing failed.
    pub unencrypted: Vec<Unencrypted>,
    /// Every outage that is open at the end, and why it does not heal by itself.
    pub open_outages: Vec<OpenOutage>,
    /// What would have helped; nothing before `trustsim_whatif::remedies` has tried.
    pub remedies: Remedies,
    /// Why the run ended before its time, where it did.
    pub endless: Option<EndlessLoop>,
    /// What comes of this seed and of others, this one first; nothing where no other was played.
    pub seeds: Vec<SeedOutcome>,
}

impl Findings {
    /// Every outage with its explanation, in order.
    ///
    /// # Panics
    ///
    /// Where some outage has none: the two lists were not found together.
    pub fn explained(&self) -> impl ExactSizeIterator<Item = (&Outage, &Explanation)> {
        assert_eq!(
            self.outages.len(),
            self.explanations.len(),
            "every outage has its explanation"
        );
        assert_eq!(
            self.outages.len(),
            self.classes.len(),
            "every outage has its class"
        );
        self.outages.iter().zip(&self.explanations)
    }

    /// Indices of outages of a class.
    pub fn outages_of(&self, class: OutageClass) -> impl Iterator<Item = usize> + '_ {
        assert_eq!(
            self.outages.len(),
            self.classes.len(),
            "every outage counts for something"
        );
        let classes = self.classes.iter().enumerate();
        classes.filter_map(move |(index, each)| (*each == class).then_some(index))
    }

    /// An instant of an outage at which what is told first of it is to blame: the first whole second of that part, which
    /// people can type; with its fraction where the part is over by then. `end` is that of the run.
    pub fn instant_told(&self, outage: usize, end: Time) -> Time {
        let (main, parts) = (&self.explanations[outage], &self.parts[outage]);
        let is_main = |part: &Part| {
            part.explanation.seq == main.seq && part.explanation.cause.what == main.cause.what
        };
        let told = parts.iter().position(is_main);
        let told = told.expect("what is told first of an outage is one of its parts");
        let from = parts[told].from;
        let until = parts.get(told + 1).map(|next| next.from);
        let until = until.or(self.outages[outage].until);
        let whole = from.rounded_up_to_seconds();
        let is_within = until.map_or(whole <= end, |until| whole < until);
        match is_within {
            true => whole,
            false => from,
        }
    }

    /// From when on what is told first of an outage was to blame, and for how long in all. `end` is that of the run.
    pub fn told_for(&self, outage: usize, end: Time) -> (Time, Span) {
        let (main, parts) = (&self.explanations[outage], &self.parts[outage]);
        let until = self.outages[outage].until.unwrap_or(end);
        let ends = parts.iter().skip(1).map(|part| part.from).chain([until]);
        let told = parts.iter().zip(ends);
        let told: Vec<(Time, Span)> = told
            .filter(|(part, _)| part.explanation.tells_the_same(main))
            .map(|(part, end)| (part.from, end.since(part.from)))
            .collect();
        let from = told.first().map(|(from, _)| *from);
        let from = from.expect("what is told first of an outage is one of its parts");
        (from, told.iter().map(|(_, length)| *length).sum())
    }

    /// Whether every expectation held, and every failure was expected, with each seed that was played, of a run in which
    /// something was judged.
    pub fn passed(&self) -> bool {
        self.verdict() == RunVerdict::Passed
    }

    /// The seeds that were played with which an expectation, by its position, does not hold.
    pub fn seeds_breaking(&self, expectation: usize) -> Vec<u64> {
        let outcomes = self.seeds.iter();
        let fails = outcomes.filter(|outcome| outcome.broken.contains(&expectation));
        fails.map(|outcome| outcome.seed).collect()
    }

    /// What comes of the run.
    pub fn verdict(&self) -> RunVerdict {
        let mut seeds = self.seeds.iter();
        if self.endless.is_some() || seeds.any(|outcome| outcome.ended_early) {
            return RunVerdict::EndedEarly;
        }
        let attempted = self.tallies.iter().any(|tally| tally.attempts > 0);
        if !attempted && self.expectations.is_empty() {
            return RunVerdict::NothingJudged;
        }
        let unexpected = self.outages_of(OutageClass::Unexpected).count();
        if unexpected > 0 || self.expectations.iter().any(|each| !each.held) {
            return RunVerdict::Failed;
        }
        match self.seeds.iter().all(SeedOutcome::passed) {
            true => RunVerdict::Passed,
            false => RunVerdict::PassedWithThisSeed,
        }
    }
}

/// What comes of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunVerdict {
    /// Every expectation held, and every failure was expected.
    Passed,
    /// So it was with the seed of the run, and not with another that was played.
    PassedWithThisSeed,
    /// An expectation is broken, or a failure was not expected.
    Failed,
    /// No connection was attempted, and nothing was expected: the run answers no question.
    NothingJudged,
    /// The run, or that with another seed, was ended before its time, since the hooks of a unit are taken for a loop.
    EndedEarly,
}

/// Reads a run's journal and judges it by what its scenario expects.
pub fn diagnose(deployment: &Deployment, manifest: &Manifest, journal: &Journal) -> Findings {
    let outages = outages(manifest, journal);
    let tallies = tallies(manifest, journal, &outages);
    let evidence = expectations::Evidence {
        deployment,
        manifest,
        journal,
        outages: &outages,
        tallies: &tallies,
    };
    let mut expectations = evidence.expectations();
    let classes = evidence.classes(&expectations);
    for spec in &deployment.rotations {
        let rotated = Rotated::new(deployment, spec, manifest, journal, &outages);
        expectations.extend(rotated.assertions());
    }
    let explainer = explanation::Explainer::new(deployment, manifest, journal);
    let explained = outages.iter().map(|each| explainer.explain(each));
    let (explanations, parts): (Vec<Explanation>, Vec<Vec<Part>>) =
        explained.map(|each| (each.main, each.parts)).unzip();
    let open_outages =
        open_outages::open_outages(deployment, manifest, journal, &outages, &explanations);
    let classed = classes
        .into_iter()
        .zip(&outages)
        .zip(explanations.iter().zip(&parts));
    let classes = classed
        .map(|((class, outage), (explanation, parts))| {
            outage_class::class_explained(class, manifest, outage, explanation, parts)
        })
        .collect();
    Findings {
        outages,
        explanations,
        parts,
        tallies,
        expectations,
        classes,
        unencrypted: unencrypted::unencrypted(manifest, journal),
        open_outages,
        remedies: Remedies::default(),
        endless: manifest.endless.clone(),
        seeds: Vec::new(),
    }
}
