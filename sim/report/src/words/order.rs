//! The words for an order in which relations are made: what each step does, and what came of playing it.

use super::command;
use super::number::counted;
use trustsim_kernel::format_duration;
use trustsim_whatif::{
    NoOrder, OrderFailure, OrderPlay, OrderStep, PlayedOrder, StepKind, TriesInVain, Unordered,
    Unrest,
};

/// `authority`, `trust`, `given` or `certificates`.
pub const fn kind(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Authority => "authority",
        StepKind::Trust => "trust",
        StepKind::Given => "given",
        StepKind::Certificates => "certificates",
        StepKind::Refresh => "refresh",
    }
}

/// What a step does, a sentence without its end.
pub fn what(step: &OrderStep) -> String {
    let OrderStep {
        kind,
        gains,
        ca,
        is_new,
        ..
    } = step;
    let mut text = match kind {
        StepKind::Authority => format!("{ca} signs the CA of {gains}, which signs for others"),
        StepKind::Trust => format!("{gains} trusts {ca}"),
        StepKind::Given => format!("{gains} trusts {ca}, by hand"),
        StepKind::Certificates => format!("{gains} speaks TLS, with a certificate of {ca}"),
        StepKind::Refresh => refreshed(step),
    };
    if *is_new {
        text.push_str("; the deployment lacks this relation");
    }
    text
}

/// `m.loki is at revision 230 to 244 (track dev), with other libraries for certificates`.
fn refreshed(step: &OrderStep) -> String {
    let to = step.refresh.as_ref().expect("a refresh is to some charm");
    let revisions = to.revisions().iter();
    let revisions: Vec<String> = revisions.map(ToString::to_string).collect();
    let tracks = &to.tracks;
    let mut text = match revisions.is_empty() {
        true => format!("{} is at a later revision", step.gains),
        false => format!("{} is at revision {}", step.gains, revisions.join(", ")),
    };
    if !tracks.is_empty() {
        text.push_str(&format!(" (track {})", tracks.join(", ")));
    }
    text.push_str(", with other libraries for certificates");
    text
}

/// What is typed, in order; what no command does, in words.
pub fn commands(step: &OrderStep) -> Vec<String> {
    step.commands.iter().map(command::text).collect()
}

/// The numbers of the steps that have to come before, from 1.
pub fn after(step: &OrderStep) -> String {
    let numbers: Vec<String> = step
        .after
        .iter()
        .map(|place| (place + 1).to_string())
        .collect();
    numbers.join(", ")
}

/// `found`, `opposite` or `at-once`.
pub const fn played(order: PlayedOrder) -> &'static str {
    match order {
        PlayedOrder::Found => "found",
        PlayedOrder::Opposite => "opposite",
        PlayedOrder::AtOnce => "at-once",
    }
}

/// Which connections an order is about.
#[derive(Clone, Copy, Debug)]
pub struct Among {
    /// Charms are refreshed in it, and relations are made otherwise.
    pub is_refresh: bool,
    /// Some fail in any order, and are told apart.
    pub others: bool,
}

/// What came of playing an order, a sentence without its end.
pub fn outcome(play: &OrderPlay, among: Among) -> String {
    let order = match play.order {
        PlayedOrder::Found => "in this order",
        PlayedOrder::Opposite => "in the opposite order",
        PlayedOrder::AtOnce => "all at once",
    };
    let held = match among.is_refresh {
        true => "fails",
        false => "is dialled over TLS before it is trusted",
    };
    let none = match among.others {
        true => "no other connection",
        false => "no connection",
    };
    match play.failures.len() {
        0 => {
            let seeds = match play.seeds {
                1 => String::new(),
                many => format!(", with each of {many} seeds"),
            };
            format!("{order}: {none} {held}{seeds}")
        }
        count => {
            let verb = if count == 1 { "fails" } else { "fail" };
            let connections = counted(count as u64, "connection");
            format!("{order}: {connections} {verb}")
        }
    }
}

/// One connection that failed, with how, and for how long.
pub fn failure(failure: &OrderFailure) -> String {
    format!(
        "{}: {} for {}",
        failure.connection,
        failure.error,
        format_duration(failure.lost)
    )
}

/// What no order meets.
pub fn unordered(one: &Unordered) -> String {
    let Unordered { holder, server } = one;
    match holder == server {
        true => format!(
            "the units of {holder} trust each other only once each has its own certificate, and no relation can bring \
             the CA to them before"
        ),
        false => format!(
            "{holder} trusts the CA of {server} only once it has a certificate of its own, which has to come after \
             that of {server}, and no relation can bring it the CA before"
        ),
    }
}

/// Why no order is found.
pub fn no_order(why: &NoOrder) -> String {
    match why {
        NoOrder::NothingToOrder => {
            "no relation is for certificates or CAs; give the deployment as it is to be, with those relations"
                .to_owned()
        }
        NoOrder::NothingToRefresh => {
            "no charm is known at a revision before its libraries for certificates changed".to_owned()
        }
        NoOrder::ModelsNotGiven(offers) => format!(
            "its certificates and CAs come over {}, whose models are not given: give their status or bundle too",
            offers.join(", ")
        ),
        NoOrder::NotAtRest(unrest) => restless(unrest),
        NoOrder::NotAtRestWithout(unrest) => format!(
            "without its relations for certificates and CAs {}, so that there is nothing in which TLS could be turned on",
            restless(unrest)
        ),
    }
}

/// Why a deployment does not come to rest.
fn restless(unrest: &Unrest) -> String {
    match unrest {
        Unrest::Moving => "it does not come to rest within thirty days".to_owned(),
        Unrest::TriesInVain(units) => {
            let one = |unit: &TriesInVain| match &*unit.message {
                "" => format!("{} never starts", unit.unit),
                message => format!("{} never starts: `{message}`", unit.unit),
            };
            let told: Vec<String> = units.iter().take(UNITS_TOLD).map(one).collect();
            let more = match units.len().checked_sub(UNITS_TOLD) {
                None | Some(0) => String::new(),
                Some(rest) => format!(" and {rest} more"),
            };
            format!("{}{more}", told.join(", "))
        }
    }
}

/// Of more units that wait the first are told.
const UNITS_TOLD: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_kernel::Time;

    /// Of what fails in any order an order promises nothing.
    #[test]
    fn an_order_speaks_of_the_connections_that_it_is_about() {
        let play = OrderPlay {
            order: PlayedOrder::Found,
            seeds: 4,
            from: Time::EPOCH,
            until: Time::EPOCH,
            failures: Vec::new(),
        };
        let told = |is_refresh, others| outcome(&play, Among { is_refresh, others });
        assert_eq!(
            [told(false, false), told(false, true), told(true, true)],
            [
                "in this order: no connection is dialled over TLS before it is trusted, with each of 4 seeds",
                "in this order: no other connection is dialled over TLS before it is trusted, with each of 4 seeds",
                "in this order: no other connection fails, with each of 4 seeds",
            ]
        );
    }
}
