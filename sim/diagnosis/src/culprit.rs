//! Who is to blame by a cause: what makes outages one cause, and whose charm would have to do otherwise for them not to
//! happen.
//!
//! For example, charm traefik-k8s writes every CA to one file, so that `traefik/0` does not trust `alertmanager/0`, nor
//! `prometheus/0`: two failures between different applications, and the culprit of both is `traefik`.

use std::collections::BTreeSet;

use super::ca_route::CaRoute;
use super::cause::{
    Cause, CertificateCause, ChainCause, FaultCause, NotRequestedReason, Transit, TrustCause,
};
use super::explanation::Explanation;
use trustsim_kernel::Time;
use trustsim_model::{Address, Source};
use trustsim_validators::ErrorKind;

/// What is to blame.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Culprit<'a> {
    /// An application, or a client outside Juju.
    Application(&'a str),
    /// A CA, whichever side trusts it: its certificate, DER.
    Ca(&'a [u8]),
    /// The name that is asked for.
    Name(&'a str),
}

/// Whether two failures have one cause: the same is to blame, or one action led to both.
pub(super) fn is_one_cause(one: &Explanation, other: &Explanation) -> bool {
    let [left, right] = [one, other].map(|explanation| explanation.cause.what.innermost());
    if left == right {
        return true;
    }
    // What keeps every certificate of a CA from being renewed is one thing, and no fault of those that have them.
    if issued_once(left) && issued_once(right) && one.symptom.signer() == other.symptom.signer() {
        return true;
    }
    let (action, blamed) = (&one.cause.action, culprits(left));
    let after_one = action.is_some() && *action == other.cause.action;
    left.is_like(right) && (after_one || (!blamed.is_empty() && blamed == culprits(right)))
}

/// What failures of one cause have in common. Two that share none of these are not of one cause; two that share one may
/// be, as [`is_one_cause`] says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark<'a> {
    /// What is to blame.
    Blamed(Vec<Culprit<'a>>),
    /// The kind of a cause for which nothing is.
    Kind(&'static str),
    /// Whose CA issues once.
    IssuedOnceBy(Option<&'a Address>),
    /// The action that led to it.
    Action(Time, &'a Source),
}

/// What a failure may have in common with others of its cause.
pub(super) fn marks(explanation: &Explanation) -> Vec<Mark<'_>> {
    let cause = explanation.cause.what.innermost();
    let blamed = culprits(cause);
    let mut found = vec![match blamed.is_empty() {
        true => Mark::Kind(cause.name()),
        false => Mark::Blamed(blamed),
    }];
    if issued_once(cause) {
        found.push(Mark::IssuedOnceBy(explanation.symptom.signer()));
    }
    let action = explanation.cause.action.as_ref();
    found.extend(action.map(|(at, source)| Mark::Action(*at, source)));
    found
}

/// Whether a certificate was not asked for again since the legacy protocol issues it once.
const fn issued_once(cause: &Cause) -> bool {
    matches!(
        cause,
        Cause::Certificate(CertificateCause::NeverRequested {
            why: NotRequestedReason::LegacyIssuesOnce | NotRequestedReason::SharedOnce,
            ..
        })
    )
}

/// Who is to blame by a cause. Empty where only the handshake is known, or where nothing but an action is to blame.
fn culprits(cause: &Cause) -> Vec<Culprit<'_>> {
    match cause.innermost() {
        Cause::Symptom(_) | Cause::Action(_) => Vec::new(),
        Cause::WrongName {
            presenter, asked, ..
        } => {
            let mut found = applications(&[presenter]);
            found.push(Culprit::Name(asked));
            found
        }
        Cause::Refused {
            providers, holder, ..
        } => applications(&with(holder, providers)),
        Cause::HookFailed { unit, .. } | Cause::Blocked { unit, .. } => applications(&[unit]),
        Cause::NotTransferred { missing, transit } => match transit {
            Transit::NotSent { provider } => applications(&[provider]),
            _ => applications(&[&missing.signer, &missing.judge]),
        },
        Cause::Fault(cause) => of_fault(cause),
        Cause::Certificate(cause) => of_certificate(cause),
        Cause::Chain(cause) => of_chain(cause),
        Cause::Trust(cause) => of_trust(cause),
        outer @ (Cause::CaNeedsCertificate { .. } | Cause::TransferHeld { .. }) => {
            unreachable!(
                "what is to blame in the end is not to blame for something else: {outer:?}"
            )
        }
    }
}

fn of_fault(cause: &FaultCause) -> Vec<Culprit<'_>> {
    match cause {
        FaultCause::Down { .. } | FaultCause::AcmeOutage(_) | FaultCause::Separated { .. } => {
            Vec::new()
        }
        FaultCause::ClockSkew { address, .. } => applications(&[address]),
        FaultCause::Operator { unit, .. } => applications(&[unit]),
        FaultCause::SecretsLate { holder, .. } => applications(&[holder]),
        FaultCause::LostWithContainer { who, .. } => applications(&[who]),
    }
}

fn of_certificate(cause: &CertificateCause) -> Vec<Culprit<'_>> {
    match cause {
        CertificateCause::TrustedRootExpired { root, .. } => vec![Culprit::Ca(root.der())],
        CertificateCause::CertificatesRelationRemoved {
            requirer, provider, ..
        }
        | CertificateCause::ApplicationRequestUnread { provider, requirer } => {
            applications(&[requirer, provider])
        }
        CertificateCause::ReplacedRootStillUsed {
            presenter, owner, ..
        } => applications(&[presenter, owner]),
        CertificateCause::RootNotRenewed { owner, .. } => applications(&[owner]),
        CertificateCause::NoParent { provider, .. }
        | CertificateCause::NotTheLeader { provider, .. } => applications(&[provider]),
        CertificateCause::NotAnswered {
            providers, holder, ..
        } => applications(&with(holder, providers)),
        CertificateCause::NotHanded {
            holder,
            coordinator,
        } => applications(&[holder, coordinator]),
        CertificateCause::NoProvider { holder }
        | CertificateCause::NeverRequested { holder, .. }
        | CertificateCause::NeverStarts { holder, .. }
        | CertificateCause::NotLoaded { holder, .. }
        | CertificateCause::TakenAway { holder, .. }
        | CertificateCause::ProtocolMismatch { holder, .. } => applications(&[holder]),
        CertificateCause::RotationStuck { application, .. } => applications(&[application]),
    }
}

fn of_chain(cause: &ChainCause) -> Vec<Culprit<'_>> {
    match cause {
        ChainCause::ChainReversed {
            presenter,
            provider,
            ..
        } => applications(&[presenter, provider]),
        ChainCause::ChainWithoutCertificate { presenter, .. }
        | ChainCause::KeyDropped { presenter, .. } => applications(&[presenter]),
        ChainCause::PreviousProviderStillServed {
            presenter,
            previous_provider,
            ..
        } => applications(&[presenter, previous_provider]),
    }
}

fn of_trust(cause: &TrustCause) -> Vec<Culprit<'_>> {
    match cause {
        TrustCause::ForeignIssuer { presenter, .. }
        | TrustCause::MissingIntermediate { presenter, .. } => applications(&[presenter]),
        TrustCause::IntermediateAnchor { judge, .. } => applications(&[judge]),
        TrustCause::NoTransfer { signer, judge, .. }
        | TrustCause::NotPassedOn { signer, judge, .. }
        | TrustCause::TakenAway { signer, judge, .. }
        | TrustCause::TransferRemoved { signer, judge, .. } => applications(&[signer, judge]),
        TrustCause::ProcessLacks {
            signer, process, ..
        } => applications(&[signer, process]),
        TrustCause::NotGiven { client, signer, .. } => applications(&[signer, client]),
        // Where the judge has room for one CA, it is the judge's charm that lost the other.
        TrustCause::OldCaDropped {
            signer,
            judge,
            only_one: Some(Transit::OneFile { .. }),
            ..
        } => applications(&[signer, judge]),
        // The signer's CA changed, and some have moved on to it before others.
        TrustCause::OldCaDropped { signer, .. } => applications(&[signer]),
    }
}

fn applications<'a>(addresses: &[&'a Address]) -> Vec<Culprit<'a>> {
    let names: BTreeSet<&str> = addresses.iter().map(|each| each.application()).collect();
    names.into_iter().map(Culprit::Application).collect()
}

fn with<'a>(one: &'a Address, others: &'a [Address]) -> Vec<&'a Address> {
    std::iter::once(one).chain(others).collect()
}

/// The applications to blame by a cause, clients outside Juju, and names that are asked for; empty where nothing but an
/// action is to blame.
pub(super) fn blamed(cause: &Cause) -> BTreeSet<String> {
    let found = culprits(cause).into_iter();
    let found = found.filter_map(|culprit| match culprit {
        Culprit::Application(name) | Culprit::Name(name) => Some(name.to_owned()),
        // Another seed has another CA.
        Culprit::Ca(_) => None,
    });
    found.collect()
}

/// Which charms would have to do otherwise than they are played for a failure not to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt<'a> {
    /// No charm: it cannot be reached, or a clock is wrong.
    None,
    /// Those of these applications: whose certificate it is, who signed it, who is to blame, and who should have carried
    /// trust that is missing.
    Of(BTreeSet<&'a str>),
    /// The same where a relation, or a CA that is given by hand, is missing: no charm that has the endpoints which are
    /// played makes up for that.
    OfEndpoints(BTreeSet<&'a str>),
    /// It is not known which: the cause is only what the handshake shows, or an action.
    Any,
}

impl Explanation {
    /// Whose charms would have to do otherwise for this not to happen.
    pub fn doubt(&self) -> Doubt<'_> {
        let cause = self.cause.what.innermost();
        let is_skew = matches!(
            cause,
            Cause::Fault(FaultCause::ClockSkew { effect: None, .. })
        );
        let is_struck = matches!(
            cause,
            Cause::Fault(_) | Cause::Action(_) | Cause::Symptom(_)
        );
        if is_skew || (is_struck && self.symptom.error == ErrorKind::Unreachable) {
            return Doubt::None;
        }
        if matches!(cause, Cause::Action(_) | Cause::Symptom(_)) {
            return Doubt::Any;
        }
        let symptom = &self.symptom;
        let blamed = culprits(cause).into_iter();
        let blamed = blamed.filter_map(|culprit| match culprit {
            Culprit::Application(name) => Some(name),
            Culprit::Ca(_) | Culprit::Name(_) => None,
        });
        let signer = symptom.signer().map(Address::application);
        let presenter = Some(symptom.presenter.application());
        let mut found: BTreeSet<&str> = blamed.chain(signer).chain(presenter).collect();
        if symptom.lacks_trust() {
            found.insert(symptom.judge.application());
            found.extend(self.ca_route.iter().flat_map(carriers));
        }
        let is_missing = matches!(
            cause,
            Cause::Certificate(
                CertificateCause::NoProvider { .. } | CertificateCause::NoParent { .. }
            ) | Cause::Trust(TrustCause::NoTransfer { .. } | TrustCause::NotGiven { .. })
        );
        match is_missing {
            true => Doubt::OfEndpoints(found),
            false => Doubt::Of(found),
        }
    }
}

/// Both ends of the relation over which a CA comes.
fn carriers(route: &CaRoute) -> Vec<&str> {
    let ends = match route {
        CaRoute::Relation {
            provider, requirer, ..
        } => [provider, requirer],
        CaRoute::PassedOn(relation) => [&relation.provider, &relation.requirer],
        CaRoute::AmongUnits { .. }
        | CaRoute::OtherProcess { .. }
        | CaRoute::NoRelation { .. }
        | CaRoute::OutsideClient { .. } => return Vec::new(),
    };
    ends.map(|end| end.application.as_str()).to_vec()
}
