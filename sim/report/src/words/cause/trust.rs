//! The words for a CA that is not trusted: who lacks it, and what kept it from coming.

use trustsim_diagnosis::{
    Apart, CaTrigger, MissingCa, NewCa, NotGiven, NotPassed, PassingRelation, ProcessLacks,
    Transit, TrustCause,
};
use trustsim_model::Address;
use trustsim_pki::Certificate;

use super::{after_action, after_removal, by_action, performed};
use crate::words::{digest, transit};

/// Why a CA is not trusted.
#[expect(clippy::too_many_lines, reason = "one arm for each cause")]
pub(super) fn of_trust(cause: &TrustCause) -> String {
    match cause {
        TrustCause::ForeignIssuer { presenter, issuer } => format!(
            "{presenter} presents a certificate by {issuer}, which is no CA of the deployment"
        ),
        TrustCause::IntermediateAnchor {
            judge,
            anchor,
            validator,
        } => intermediate_anchor(judge, anchor, validator),
        TrustCause::MissingIntermediate {
            presenter,
            missing,
            judge,
        } => format!(
            "{presenter} presents its certificate without {missing}, so that no path leads to what \
             {judge} trusts"
        ),
        TrustCause::NoTransfer {
            signer,
            judge,
            apart: moved,
        } => format!(
            "no relation carries the CA of {signer} to {judge}{}",
            apart(moved.as_ref())
        ),
        TrustCause::NotPassedOn {
            signer,
            judge,
            over,
            why,
        } => not_passed_on(signer, judge, over, *why),
        TrustCause::ProcessLacks {
            signer,
            process,
            why,
        } => process_lacks(signer, process, why),
        TrustCause::TakenAway {
            signer,
            judge,
            at,
            unit,
            hook,
            by,
        } => format!(
            "{judge} does not have the CA of {signer} since {at}: its charm took it away in {hook} of {unit}{}",
            after_action(by.as_ref())
        ),
        TrustCause::TransferRemoved {
            signer,
            judge,
            at,
            by,
            made,
            apart: moved,
        } => {
            let carried = made.as_ref().map_or_else(
                || format!("the relation that carried the CA of {signer} to {judge}"),
                |made| {
                    let new = new_ca(signer, made);
                    format!("{new}, and the relation that carried the one before to {judge}")
                },
            );
            format!(
                "{carried} was removed at {at}{}{}",
                by_action(by.as_ref()),
                apart(moved.as_ref())
            )
        }
        TrustCause::NotGiven {
            client,
            signer,
            why,
        } => not_given(client, signer, why),
        TrustCause::OldCaDropped {
            signer,
            judge,
            presenter,
            made,
            only_one,
        } => {
            let over = only_one
                .as_ref()
                .map_or_else(String::new, |over| format!("{}; ", transit::clause(over)));
            format!(
                "{over}{}: {judge} trusts it in place of the old one, of which {presenter} still \
                 presents a certificate",
                new_ca(signer, made)
            )
        }
    }
}

fn intermediate_anchor(judge: &Address, anchor: &Certificate, validator: &str) -> String {
    let anchor = match anchor.subject_common_name() {
        Some(name) => name,
        None => anchor.subject(),
    };
    format!(
        "{judge} trusts {anchor}, which is no root, and {validator} does not take an intermediate as an anchor"
    )
}

fn process_lacks(signer: &Address, process: &Address, why: &ProcessLacks) -> String {
    match why {
        ProcessLacks::NotGiven {
            workload_has_it_over: Some(over),
        } => format!(
            "{process} does not have the CA of {signer}: it comes over {over}, and the charm does not give it to that process"
        ),
        ProcessLacks::NotGiven {
            workload_has_it_over: None,
        } => format!("nothing brings {process} the CA of {signer}"),
        ProcessLacks::KeepsFirst => {
            format!(
                "{process} keeps the CA that it had first, and not the one that {signer} has now"
            )
        }
        ProcessLacks::ReadAtStart => format!(
            "{process} goes on with the CAs that it read when the workload started, and the one of {signer} came later"
        ),
        ProcessLacks::AsksWithOldOne => format!(
            "{process} has the CA before that of {signer}: to write the new one its charm asks a server that has moved \
             on, and does not trust it"
        ),
    }
}

fn not_passed_on(
    signer: &Address,
    judge: &Address,
    over: &PassingRelation,
    why: NotPassed,
) -> String {
    let PassingRelation {
        provider,
        requirer,
        interface,
        ..
    } = over;
    match why {
        NotPassed::Never => format!(
            "{provider} does not hand {requirer} the CA of {signer} over {interface}, and {judge} has it from nowhere else"
        ),
        NotPassed::Word => format!(
            "{provider} hands {requirer} a word over {interface} in place of the CA of {signer}"
        ),
        NotPassed::LaterRelation => format!(
            "{provider} hands the CA of {signer} over {interface} only to those who were related when it was first \
             there, and not to {requirer}"
        ),
        NotPassed::KeepsFirst => format!(
            "{judge} keeps the CA that {provider} handed it first, and not the one that {signer} has now"
        ),
        NotPassed::Untold => format!(
            "{provider} hands on the new CA of {signer} in a secret over {interface}, and the library tells the charm of \
             {judge} nothing of it"
        ),
        NotPassed::ReadAtStart => format!(
            "{judge} has written the CA of {signer} that {provider} handed it, and reads it only when it starts"
        ),
        NotPassed::Certificate => format!(
            "{provider} hands its certificate to {requirer} over {interface}, and {judge} has not taken the one that is shown yet"
        ),
        NotPassed::Pending => format!(
            "the CA of {signer} has not come to {judge} from {provider} over {interface} yet"
        ),
    }
}

fn not_given(client: &Address, signer: &Address, why: &NotGiven) -> String {
    match why {
        NotGiven::Never { moved } => {
            let moved = moved.as_ref().map_or_else(String::new, |moved| {
                format!(
                    ", from which {} has its certificate since {} in place of {}{}",
                    moved.server,
                    moved.since,
                    moved.before,
                    after_removal(moved.removed.as_ref())
                )
            });
            format!("client {client} was never given the CA of {signer}{moved}")
        }
        NotGiven::HadNone(made) => format!(
            "{}, and client {client} was given its CAs before there was one",
            new_ca(signer, made)
        ),
        NotGiven::HasOld(made) => format!(
            "{}, and client {client} still has the one that it was given before",
            new_ca(signer, made)
        ),
        NotGiven::HasNew { made, presenter } => format!(
            "{}: client {client} has fetched it, and {presenter} still presents a certificate of \
             the old one",
            new_ca(signer, made)
        ),
        NotGiven::OwnRoot { presenter } => format!(
            "{presenter} presents a certificate of a CA that {signer} has for its own server, and client {client} is given \
             the one with which {signer} signs for others"
        ),
        NotGiven::Unknown => format!("client {client} does not have the CA of {signer}"),
    }
}

pub(super) fn not_transferred(missing: &MissingCa, transit: &Transit) -> String {
    let why = transit::clause(transit);
    match transit.is_final() {
        true => format!("{why}; so {}", lacks(missing)),
        false => format!("{}; {why}", on_its_way(missing)),
    }
}

fn lacks(missing: &MissingCa) -> String {
    let (judge, signer) = (&missing.judge, &missing.signer);
    match &missing.made {
        Some(made) => format!(
            "{judge} does not have the CA that {signer} made at {}{}",
            made.at,
            trigger(made)
        ),
        None => format!("{judge} does not have the CA of {signer}"),
    }
}

pub(super) fn on_its_way(missing: &MissingCa) -> String {
    let MissingCa {
        signer,
        judge,
        presenter,
        made,
    } = missing;
    match made {
        Some(made) => format!(
            "{}: {presenter} presents a certificate of it before {judge} trusts it",
            new_ca(signer, made)
        ),
        None => lacks(missing),
    }
}

fn new_ca(signer: &Address, made: &NewCa) -> String {
    format!("{signer} has a new CA since {}{}", made.at, trigger(made))
}

/// What led to a new CA, to follow it.
fn trigger(made: &NewCa) -> String {
    match &made.trigger {
        None => String::new(),
        Some(CaTrigger::Action(action)) => format!(", after {}", performed(action)),
        Some(CaTrigger::Secret {
            label,
            owner,
            change,
        }) => format!(
            ", when secret {} of {owner} {change}",
            digest::shortened(label)
        ),
    }
}

fn apart(apart: Option<&Apart>) -> String {
    match apart {
        None => String::new(),
        Some(Apart::Units {
            application,
            now,
            unit,
            before,
            after,
        }) => format!(
            ": {application} has its certificates from {now} now, and {unit} presents one of {before}{}",
            after_action(after.as_ref())
        ),
        Some(Apart::Applications {
            judge,
            judge_provider,
            presenter,
            presenter_provider,
            removed,
        }) => format!(
            ": {judge} has its certificates from {judge_provider}, and {presenter} from \
             {presenter_provider}{}",
            after_removal(removed.as_ref())
        ),
    }
}
