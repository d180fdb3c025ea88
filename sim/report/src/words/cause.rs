//! The words for root causes: one line that names what is to blame.

mod trust;

use trustsim_diagnosis::{
    Cause, CertificateCause, ChainCause, ClockEffect, Fault, FaultAction, FaultCause, KeyLoss,
    Lost, NotInstalledReason, NotLoadedReason, NotRequestedReason, Performed, Refusal, Removal,
    SignedInThePast, StillPresented, WaitEnd,
};
use trustsim_juju::Status;
use trustsim_kernel::{Span, Time, format_duration};
use trustsim_model::{Address, Instruction, Source};
use trustsim_pki::Certificate;

use super::{certificate, command, entry, note, symptom};
use trust::{not_transferred, of_trust, on_its_way};

/// One line that names what is to blame.
pub fn line(cause: &Cause) -> String {
    match cause {
        Cause::Symptom(found) => symptom::reason(found),
        Cause::Action(action) => happened(action),
        Cause::WrongName { .. } | Cause::HookFailed { .. } | Cause::Blocked { .. } => {
            of_one_side(cause)
        }
        Cause::Refused {
            providers,
            holder,
            name,
            refusal: why,
        } => {
            let (providers, why) = (providers.join(", "), refusal(why));
            format!("{providers} refused {holder} a certificate for {name}: {why}")
        }
        Cause::NotTransferred { missing, transit } => not_transferred(missing, transit),
        Cause::TransferHeld { missing, by } => format!("{}: {}", line(by), on_its_way(missing)),
        Cause::CaNeedsCertificate {
            judge,
            signer,
            because,
        } => format!(
            "{judge} gets the CA of {signer} only beside a certificate of its own, and has none: {}",
            line(because)
        ),
        Cause::Fault(cause) => of_faults(cause),
        Cause::Certificate(cause) => of_certificates(cause),
        Cause::Chain(cause) => of_chains(cause),
        Cause::Trust(cause) => of_trust(cause),
    }
}

/// What was done to the deployment.
fn of_faults(cause: &FaultCause) -> String {
    match cause {
        FaultCause::Down {
            fault: down,
            instead,
        } => {
            let never = instead.as_ref().map_or_else(String::new, |instead| {
                let too_late = match instead.too_late {
                    true => ", and its charm does not ask for one when it has expired",
                    false => "",
                };
                let holder = &instead.holder;
                format!(": {holder} never asked for a new certificate{too_late}")
            });
            format!("{}{never}", fault(down))
        }
        FaultCause::ClockSkew {
            address,
            skew_ns,
            since,
            until,
            source,
            effect,
        } => clock(address, *skew_ns, (*since, *until), source, effect.as_ref()),
        FaultCause::Operator {
            unit,
            name,
            wait,
            since,
            end,
            ..
        } => {
            let task = note::task(wait);
            match end {
                WaitEnd::Answered(until) => {
                    format!("{unit} waited for {name} from {since} to {until} ({task})")
                }
                WaitEnd::Never => format!(
                    "{unit} waits since {since} for {name}, who does not come again ({task})"
                ),
                WaitEnd::Open => format!("{unit} waits for {name} since {since} ({task})"),
            }
        }
        FaultCause::AcmeOutage(away) => fault(away),
        FaultCause::Separated { fault: cut, .. } => fault(cut),
        FaultCause::SecretsLate {
            fault: late,
            holder,
        } => format!(
            "{}: no secret expired, and {holder} never asked for a new certificate",
            fault(late)
        ),
        FaultCause::LostWithContainer {
            who,
            what,
            at,
            by,
            until,
            and,
        } => {
            let then = match until {
                Some(until) => format!("and had none until {until}"),
                None => "and it is not written again".to_owned(),
            };
            let and = and
                .as_ref()
                .map_or_else(String::new, |and| format!(", and {}", line(and)));
            let (what, by) = (lost(what), performed(by));
            format!("{who} lost {what} with its container at {at}, by {by}, {then}{and}")
        }
    }
}

/// Why a certificate is not there, or has ended.
#[expect(clippy::too_many_lines, reason = "one arm for each cause")]
fn of_certificates(cause: &CertificateCause) -> String {
    match cause {
        CertificateCause::CertificatesRelationRemoved {
            requirer,
            provider,
            at,
            by,
        } => format!(
            "the relation that brought {requirer} certificates from {provider} was removed at \
             {at}{}",
            by_action(by.as_ref())
        ),
        CertificateCause::TrustedRootExpired {
            judge,
            is_client,
            root,
        } => trusted_root_expired(judge, *is_client, root),
        CertificateCause::ReplacedRootStillUsed {
            presenter,
            owner,
            ended,
            next,
        } => root_replaced(presenter, owner, *ended, *next),
        CertificateCause::RootNotRenewed { owner, ended } => {
            format!("{owner} never renewed its root, which ended at {ended}")
        }
        CertificateCause::NoProvider { holder } => {
            format!("no relation brings {holder} a certificate")
        }
        CertificateCause::NotHanded {
            holder,
            coordinator,
        } => format!("{coordinator} has not handed {holder} its certificate yet"),
        CertificateCause::NoParent { provider, endpoint } => no_parent(provider, endpoint),
        CertificateCause::NeverRequested { holder, why } => not_asked(holder, why),
        CertificateCause::NotAnswered {
            providers,
            holder,
            name,
            sent,
        } => {
            let asked = asked(providers);
            format!("{asked} has not answered the request of {holder} for {name}, sent at {sent}")
        }
        CertificateCause::ApplicationRequestUnread { provider, requirer } => format!(
            "{provider} reads the requests of units only, and {requirer} asks as an application \
             (TS0305)"
        ),
        CertificateCause::NotLoaded {
            holder,
            issued,
            serial,
            why,
            says,
            after,
        } => {
            let line = not_loaded(holder, *issued, serial, why, says.as_ref());
            format!("{line}{}", after_action(after.as_ref()))
        }
        CertificateCause::TakenAway {
            holder,
            at,
            unit,
            hook,
            by,
        } => format!(
            "{holder} presents no certificate since {at}: its charm took it away in {hook} of {unit}{}",
            after_action(by.as_ref())
        ),
        CertificateCause::NeverStarts { holder, endpoint } => format!(
            "{holder} never starts its server: it waits for a CA that its charm makes only where {endpoint} is not \
             related (TS0307)"
        ),
        CertificateCause::NotTheLeader {
            unit,
            provider,
            leader,
        } => format!(
            "{unit} was given the certificate, and does not lead {provider}: {leader} does, and \
             no other unit can pass it on"
        ),
        CertificateCause::ProtocolMismatch {
            endpoints: [left, right],
            holder,
        } => format!(
            "{left} and {right} speak different protocols (TS0304), so {holder} gets no certificate"
        ),
        CertificateCause::RotationStuck {
            application,
            since,
            after,
            units_with_new_ca,
            units_waiting,
        } => {
            let since = format!("{since}{}", after_action(after.as_ref()));
            rotation_stuck(application, &since, units_with_new_ca, units_waiting)
        }
    }
}

/// What is wrong with one side alone: its name, its hook, what it says of itself.
fn of_one_side(cause: &Cause) -> String {
    match cause {
        Cause::WrongName {
            presenter,
            judge,
            names,
            asked,
            after,
            held,
        } => {
            let names = match names.is_empty() {
                true => "no name".to_owned(),
                false => names.join(", "),
            };
            let after = after_action(after.as_ref());
            let held = held
                .as_ref()
                .map_or_else(String::new, |held| format!("; {}", line(held)));
            format!(
                "{presenter} has a certificate for {names}, and {judge} asks for {asked}{after}{held}"
            )
        }
        Cause::HookFailed {
            unit,
            hook,
            error,
            since,
            again,
            after,
            presents,
            ..
        } => {
            let since = since.truncated_to_seconds();
            let fails = match again {
                true => "fails since",
                false => "failed at",
            };
            let presents = presents.as_ref();
            let presents = presents.map_or_else(String::new, still_presented);
            let after = after_action(after.as_ref());
            format!("hook {hook} of {unit} {fails} {since}{after}: {error}{presents}")
        }
        Cause::Blocked {
            unit,
            status: set,
            since,
            own_ended,
            after,
        } => {
            let said = status(set.word, &set.message);
            let after = after_action(after.as_ref());
            let ended = own_ended.map_or_else(String::new, |ended| {
                format!("; the certificate of its own server ended at {ended}")
            });
            format!("{unit} is {said} (since {since}){after}{ended}")
        }
        other => unreachable!("it is not about one side alone: {other:?}"),
    }
}

fn no_parent(provider: &Address, endpoint: &str) -> String {
    format!(
        "{provider} has no CA and issues nothing: its charm needs one over {endpoint}, and no relation brings it (TS0320)"
    )
}

/// Why what is presented is not what was issued last.
fn of_chains(cause: &ChainCause) -> String {
    match cause {
        ChainCause::ChainWithoutCertificate {
            presenter,
            charm,
            name,
            after,
        } => format!(
            "{presenter} is served without the certificate: charm {charm} writes the chain above \
             the one for {name} to disk, and not that one itself{}",
            after_action(after.as_ref())
        ),
        ChainCause::ChainReversed {
            presenter,
            first,
            provider,
            charm,
            after,
        } => {
            let after = after_action(after.as_ref());
            let why = match charm {
                Some(charm) => {
                    format!("charm {charm} reverses the order in which {provider} sends it")
                }
                None => format!("{provider} sends it that way"),
            };
            format!(
                "{presenter} serves its chain turned round, the certificate of its issuer {first} \
                 first: {why}{after}"
            )
        }
        ChainCause::KeyDropped {
            presenter,
            charm,
            name,
            why,
            after,
        } => {
            let why = how_key_was_lost(*why);
            format!(
                "{presenter} has another key than its certificate for {name}: charm {charm} {why}, and asks with the new \
                 one when it renews{}",
                after_action(after.as_ref())
            )
        }
        ChainCause::PreviousProviderStillServed {
            presenter,
            previous_provider: before,
            removed,
            current_provider: now,
            issued,
            why,
        } => {
            let after = after_removal(removed.as_ref());
            let why = match why {
                NotInstalledReason::InstallsOnce => {
                    "and its charm installs the first certificate only"
                }
                NotInstalledReason::Pending => "which it has not installed yet",
                NotInstalledReason::NotRead => {
                    "and its workload was not given it or did not read it"
                }
            };
            format!(
                "{presenter} kept the certificate of {before}{after}: {now} issued another one at \
                 {issued}, {why}"
            )
        }
    }
}

fn how_key_was_lost(why: KeyLoss) -> &'static str {
    match why {
        KeyLoss::ThrownAway => {
            "threw away the key that it had asked with, since the certificate before was revoked or had ended"
        }
        KeyLoss::KeptElsewhere => {
            "does not find the key where its version before kept it, and has made another"
        }
    }
}

fn trusted_root_expired(judge: &Address, is_client: bool, root: &Certificate) -> String {
    let kind = if is_client { "client " } else { "" };
    let end = root.not_after().truncated_to_seconds();
    let root = certificate::name(root);
    format!("the root that {kind}{judge} trusts, {root}, ended at {end}")
}

fn root_replaced(presenter: &Address, owner: &Address, ended: Time, next: Time) -> String {
    format!(
        "{presenter} still presents a certificate of the CA of {owner} that ended at {ended}: {owner} \
         made another one at {next}, and no unit asked for a certificate of it"
    )
}

fn not_loaded(
    holder: &Address,
    issued: Time,
    serial: &str,
    why: &NotLoadedReason,
    says: Option<&trustsim_diagnosis::Status>,
) -> String {
    let serial = certificate::short_serial(serial);
    let why = match why {
        NotLoadedReason::Unread => {
            "its charm heard of it, and its workload was not given it or did not read it".to_owned()
        }
        NotLoadedReason::Unheard => "no hook of its charm heard of it".to_owned(),
        NotLoadedReason::ReadAtStart(charm) => format!(
            "the charm {charm} writes it to disk and neither restarts nor reloads its process"
        ),
    };
    let says = says.map_or_else(String::new, |said| {
        format!("; it says `{}`", status(said.word, &said.message))
    });
    format!(
        "{holder} goes on without the certificate that was issued for it at {issued} (serial \
         {serial}): {why}{says}"
    )
}

fn rotation_stuck(
    application: &Address,
    since: &str,
    taken: &[Address],
    waiting: &[Address],
) -> String {
    let waits = if waiting.len() == 1 { "waits" } else { "wait" };
    format!(
        "the rotation of {application} is stuck between its two phases since {since}: {} the new CA, \
         and {} {waits} for that to be over",
        have_taken(taken),
        waiting.join(", ")
    )
}

fn not_asked(holder: &Address, why: &NotRequestedReason) -> String {
    let never = format!("{holder} never asked for a new certificate");
    match why {
        NotRequestedReason::NoneEverRequested => format!("{holder} never asked for a certificate"),
        NotRequestedReason::Unknown(ended) => {
            format!("{never} in place of the one that ended at {ended}")
        }
        NotRequestedReason::LegacyIssuesOnce => format!(
            "{never}: in the legacy protocol a certificate is issued once, and again only where \
             its names change"
        ),
        NotRequestedReason::SharedOnce => format!(
            "{holder} never issued a new client certificate for those who share it: in the legacy protocol it is issued once"
        ),
        NotRequestedReason::ExpiryEventNotObserved(charm) => {
            format!("{never}: charm {charm} does not listen for the end of one")
        }
        NotRequestedReason::LeaderChanged {
            ended,
            asked,
            leader,
            since,
            by,
        } => format!(
            "{never} in place of the one that ended at {ended}: {asked} had asked for that one and is told of its end, \
             and {leader} leads since {since}{}",
            after_action(by.as_ref())
        ),
        NotRequestedReason::SameRequest => format!(
            "{never}: it sends the same request again, which its provider has answered already"
        ),
    }
}

fn clock(
    address: &Address,
    skew_ns: i64,
    (since, until): (Time, Option<Time>),
    source: &Source,
    effect: Option<&ClockEffect>,
) -> String {
    let off = format_duration(Span::from_nanos(skew_ns.unsigned_abs()));
    let side = if skew_ns > 0 { "ahead" } else { "behind" };
    let place = in_parentheses(source);
    let effect = match effect {
        None => String::new(),
        Some(ClockEffect::SignedInThePast(SignedInThePast { holder, at, ended })) => {
            format!(": what it signed for {holder} at {at} had ended at {ended}")
        }
        Some(ClockEffect::NotTaken { holder, issued }) => format!(
            ": by that clock the certificate that was issued for {holder} at {issued} was over when it came, and it was not \
             taken"
        ),
        Some(ClockEffect::NotRenewed { holder, ended }) => format!(
            ": by that clock the certificate of {holder} that ended at {ended} was over before, and no other was \
             asked for"
        ),
    };
    match until {
        Some(until) => format!(
            "the clock of {address} was {off} {side} from {since} until {until}{place}{effect}"
        ),
        None => format!("the clock of {address} is {off} {side} since {since}{place}{effect}"),
    }
}

fn still_presented(presented: &StillPresented) -> String {
    let StillPresented {
        presenter,
        signer,
        old_ca,
    } = presented;
    let whose = if *old_ca { "the old CA of " } else { "" };
    format!("; {presenter} runs nothing else and still presents a certificate of {whose}{signer}")
}

/// `` `juju ...` was run at 2026-01-02T00:00:00Z (file.yaml:3) ``.
fn fault(fault: &Fault) -> String {
    let (since, place) = (fault.since, in_parentheses(&fault.source));
    match &fault.what {
        FaultAction::Command(Instruction::Typed(command)) => {
            format!("`{command}` was run at {since}{place}")
        }
        FaultAction::Command(Instruction::ByHand(phrase)) => {
            format!("since {since}, {phrase}{place}")
        }
        FaultAction::AcmeServerUnreachable => {
            format!("the public ACME server could not be reached since {since}{place}")
        }
    }
}

/// `` `juju ...` was run (file.yaml:3) ``.
fn happened(action: &Performed) -> String {
    let place = in_parentheses(&action.source);
    match &action.command {
        Instruction::Typed(command) => format!("`{command}` was run{place}"),
        Instruction::ByHand(phrase) => format!("{phrase}{place}"),
    }
}

/// `` `juju ...` (file.yaml:3) ``.
pub fn performed(action: &Performed) -> String {
    let place = in_parentheses(&action.source);
    format!("{}{place}", command::instruction(&action.command))
}

/// Why a request was refused.
pub(super) fn refusal(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Request(refused) => refused.reason.clone(),
        Refusal::AcmeOrder(order) => note::order_problem(order),
    }
}

/// A removed relation, by what removed it.
pub(super) fn removal(removal: &Removal) -> String {
    match &removal.by {
        Some(by) => performed(by),
        None => format!("their relation was removed at {}", removal.at),
    }
}

/// `a, b`, or that none was asked.
pub(super) fn asked(providers: &[Address]) -> String {
    match providers {
        [] => "no provider".to_owned(),
        several => several.join(", "),
    }
}

/// What went with a container.
pub(super) fn lost(what: &Lost) -> String {
    match what {
        Lost::Ca(owner) => format!("the CA of {owner}"),
        Lost::Certificate => "its certificate".to_owned(),
    }
}

/// `web/0, web/1 have taken`.
pub(super) fn have_taken(units: &[Address]) -> String {
    let have = if units.len() == 1 { "has" } else { "have" };
    format!("{} {have} taken", units.join(", "))
}

/// `blocked: no relation`, or `active`.
pub fn status(status: Status, message: &str) -> String {
    match message.is_empty() {
        true => status.to_string(),
        false => format!("{status}: {message}"),
    }
}

/// ` (file.yaml:3)`, or nothing where the action came from no file.
pub(super) fn in_parentheses(source: &Source) -> String {
    entry::place(source).map_or_else(String::new, |place| format!(" ({place})"))
}

fn after_removal(removed: Option<&Removal>) -> String {
    removed.map_or_else(String::new, |removed| {
        format!(" after {}", removal(removed))
    })
}

fn after_action(action: Option<&Performed>) -> String {
    action.map_or_else(String::new, |action| {
        format!(", after {}", performed(action))
    })
}

fn by_action(action: Option<&Performed>) -> String {
    action.map_or_else(String::new, |action| format!(" by {}", performed(action)))
}
