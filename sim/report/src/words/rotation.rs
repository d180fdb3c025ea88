//! The words for a rehearsed rotation: what a playbook does, why it does not fit, what goes wrong
//! with it, which invariants it keeps, and what an operator does at each line of its timetable.

use super::{command, violation};
use trustsim_kernel::format_duration;
use trustsim_rehearsal::{
    Breach, BreachKind, Check, ConnectionFailure, Failure, Judged, Misfit, NewCa, NotApplicable,
    PlaybookKind, Quadrant, RefusedHandshake, Rehearsed, Task,
};

/// What a playbook does, in one line.
pub const fn about(playbook: PlaybookKind) -> &'static str {
    match playbook {
        PlaybookKind::StepByStep => "trust both, switch, sign everything again, distrust the old",
        PlaybookKind::ByRenewal => {
            "trust both, switch, let certificates be renewed at their time, distrust the old"
        }
        PlaybookKind::CrossSigned => {
            "the old CA signs the new one, so that it may sign at once; distrust the old"
        }
        PlaybookKind::SameKey => {
            "the root is issued again with its own key: new dates, nothing against a compromise"
        }
        PlaybookKind::Emergency => {
            "the old CA is distrusted first and everything signed again after"
        }
        PlaybookKind::StepByStepClosing => {
            "step by step, and servers are restarted before the old CA is distrusted, so that \
             nothing stays open that began with it"
        }
        PlaybookKind::SecondProvider => {
            "a second provider is trusted beside the first, takes over its requirers, and the first \
             one's CA is withdrawn"
        }
        PlaybookKind::SecondProviderClosing => {
            "the same, and servers are restarted before the withdrawal, so that nothing stays open \
             that began with the first one's CA"
        }
        PlaybookKind::CharmAction => {
            "the charm's own actions make a new CA and sign everything again"
        }
        PlaybookKind::CharmConfig => {
            "the CA's name is changed by configuration, which makes a new CA"
        }
    }
}

/// `safe`, `loses` where connections fail, `incomplete` where the old CA stays in use, or `cannot` where the CA cannot do a
/// step of it.
pub fn outcome(rehearsed: &Rehearsed) -> &'static str {
    match (rehearsed.is_safe(), rehearsed.is_possible()) {
        (true, _) => "safe",
        (false, true) if rehearsed.loses_nothing() => "incomplete",
        (false, true) => "loses",
        (false, false) => "cannot",
    }
}

/// Why a playbook does not fit a CA.
pub fn misfit(reason: &Misfit) -> String {
    match reason {
        Misfit::OperatorHoldsKey { application } => {
            format!("the operator holds the key of {application}: no charm rotates it")
        }
        Misfit::PublicCa { charm } => format!(
            "the charm `{charm}` orders from a public CA, whose roots and keys are not the operator's"
        ),
        Misfit::SignedElsewhere { charm } => format!(
            "the charm `{charm}` passes on what people had signed elsewhere: the CA is rotated there"
        ),
        Misfit::OneCaAtATime { charm } => format!(
            "the charm `{charm}` keeps its key to itself and has one CA at a time: a new one signs \
             as soon as it is made, and no client can trust it before"
        ),
        Misfit::NoRotationAction { charm } => {
            format!("the charm `{charm}` has no action that rotates its CA")
        }
        Misfit::NameNotSet { option } => {
            format!("{option} is not set, so that nothing is named by it")
        }
        Misfit::NoNameOption { charm } => {
            format!("the charm `{charm}` has no option that names its CA")
        }
        Misfit::OneDatabase { charm, database } => format!(
            "the charm `{charm}` keeps its CA in the database `vault` that {database} brings: a second one beside it would open \
             the same"
        ),
        Misfit::NothingStaysOpen => {
            "no connection stays open, and none takes up sessions".to_owned()
        }
    }
}

/// The first thing that goes wrong with a rotation.
pub fn failure(failure: &Failure) -> String {
    match failure {
        Failure::Connection(first) => connection_failure(first),
        Failure::StaysInUse(found) => violation::line(found),
        Failure::StillOld { connection } => {
            format!("{connection} still uses a certificate of the old CA when all is done")
        }
        Failure::Refused(refusal) => refusal.why.clone(),
    }
}

/// The first connection that fails, and when.
pub fn connection_failure(failure: &ConnectionFailure) -> String {
    format!(
        "{} fails {} after the beginning: {}",
        failure.connection,
        format_duration(failure.after),
        failure.error.kebab()
    )
}

/// `held`, `broken` or `not-applicable`.
pub const fn judged(judged: &Judged) -> &'static str {
    match judged {
        Judged::Held => "held",
        Judged::Broken(_) => "broken",
        Judged::NotApplicable(_) => "not-applicable",
    }
}

/// The breach of an invariant, or why it says nothing; nothing where it holds.
pub fn judged_message(judged: &Judged) -> Option<String> {
    match judged {
        Judged::Held => None,
        Judged::Broken(first) => Some(breach(first)),
        Judged::NotApplicable(reason) => Some(not_applicable(reason)),
    }
}

fn breach(breach: &Breach) -> String {
    let what = match &breach.what {
        BreachKind::Journal(found) => violation::line(found),
        BreachKind::TwoByTwo {
            new_leaf,
            new_bundle,
            refused,
        } => format!(
            "the {} leaf does not verify with the {} bundle: {}",
            generation(*new_leaf),
            generation(*new_bundle),
            refused_handshake(refused)
        ),
        BreachKind::RollBack(first) => connection_failure(first),
    };
    match breach.seed {
        Some(seed) => format!("with seed {seed}: {what}"),
        None => what,
    }
}

fn not_applicable(reason: &NotApplicable) -> String {
    let text = match reason {
        NotApplicable::NothingPersists => "no connection stays open, and none takes up sessions",
        NotApplicable::OldCaStaysTrusted => "the old CA stays trusted",
        NotApplicable::NeverTogether => "both CAs are never in use together",
        NotApplicable::CharmForgetsKey => "the charm forgets the key of the old CA",
        NotApplicable::NothingWithdrawn => "nothing is withdrawn",
        NotApplicable::WithdrawnAtOnce => "the old CA is withdrawn as soon as the new one signs",
        NotApplicable::Refused(refusal) => &refusal.why,
    };
    text.to_owned()
}

/// `new` or `old`.
pub const fn generation(is_new: bool) -> &'static str {
    match is_new {
        true => "new",
        false => "old",
    }
}

/// The first handshake that was refused in a quadrant, where one was.
pub fn refused(quadrant: &Quadrant) -> Option<String> {
    quadrant.refused.as_ref().map(refused_handshake)
}

fn refused_handshake(refused: &RefusedHandshake) -> String {
    format!("{}: {}", refused.server_name, refused.error.kebab())
}

/// What is to be done at a line of a timetable.
pub fn task(task: &Task) -> String {
    match task {
        Task::Command(command) => command::text(command),
        Task::ByHand(text) => text.clone(),
        Task::Awaited { command, times: 1 } => command.to_string(),
        Task::Awaited { command, times } => format!("{command} ({times} times in all, one by one)"),
        Task::Check(must_be) => check(must_be),
    }
}

fn check(check: &Check) -> String {
    match check {
        Check::ApplicationIsIdle {
            application,
            command,
        } => format!("every unit of {application} is active and idle: {command}"),
        Check::ModelIsIdle { model, command } => {
            format!("every unit in {model} is active and idle: {command}")
        }
        Check::ApplicationTrusts {
            application,
            ca,
            command,
        } => format!(
            "every unit of {application} trusts {}: {command}",
            new_ca(ca)
        ),
        Check::ClientTrusts { client, ca } => format!("{client} trusts {}", new_ca(ca)),
        Check::ApplicationServes {
            application,
            ca,
            command,
        } => format!(
            "every unit of {application} serves a certificate of {}: {command}",
            new_ca(ca)
        ),
    }
}

fn new_ca(ca: &NewCa) -> String {
    match ca {
        NewCa::OfSameApplication(application) => format!("the new CA of {application}"),
        NewCa::OfSuccessor(application) => format!("the CA of {application}"),
    }
}
