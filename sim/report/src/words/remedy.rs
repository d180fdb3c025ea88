//! The words for a remedy: what to type and when, what it does for which outages, and what it costs.

use trustsim_diagnosis::{Cause, CertificateCause, Lasting, Remedies, Remedy, RemedyElsewhere};
use trustsim_kernel::format_duration;

use super::command;
use super::number::counted;
use super::time::apart;

/// One line: what to type, and when.
pub fn line(remedy: &Remedy) -> String {
    let commands: Vec<String> = remedy.commands.iter().map(command::text).collect();
    let commands = commands.join(" && ");
    let mut line = match remedy.at {
        None => format!("{commands} (beforehand)"),
        Some(at) => format!("{commands} (at {})", at.truncated_to_seconds()),
    };
    for (at, later) in &remedy.later {
        let at = at.truncated_to_seconds();
        line.push_str(&format!(" && {} (at {at})", command::text(later)));
    }
    line
}

/// `beforehand`, or `at 2026-01-03T00:00:00Z`.
pub fn when(remedy: &Remedy) -> String {
    match remedy.at {
        None => "beforehand".to_owned(),
        Some(at) => format!("at {}", at.truncated_to_seconds()),
    }
}

/// That nothing helps, and whether everything was tried.
pub fn none_helps(remedies: &Remedies) -> String {
    let Remedies {
        tried,
        untried,
        too_long,
        ..
    } = remedies;
    let played = match tried {
        1 => "the one change that was played does not help".to_owned(),
        several => format!("none of the {several} changes that were played helps"),
    };
    match (too_long, untried) {
        (0, 0) => played,
        (1.., _) => format!(
            "{played}, {} would have taken too long (--remedies-time)",
            too_long + untried
        ),
        (0, 1..) => {
            let were = if *untried == 1 { "was" } else { "were" };
            format!(
                "{played}, {untried} {were} not (--remedies {})",
                tried + untried
            )
        }
    }
}

/// What would help and is not tried, since another charm would have to be deployed for it.
pub fn not_tried(cause: &Cause) -> Option<&'static str> {
    match cause.innermost() {
        Cause::Certificate(CertificateCause::ProtocolMismatch { .. }) => Some(
            "not played: a provider that speaks the same protocol, or tls-certificates-adaptor between the two (TS0304)",
        ),
        _ => None,
    }
}

/// What it does for a group of outages, the first of which is told, and for all others.
pub fn effect(remedy: &Remedy, group: &[usize]) -> String {
    let ended = group.iter().filter(|index| remedy.ends.contains(index));
    let ended = ended.count();
    let mut text = match (ended, group.len()) {
        (0, _) => {
            let left = remedy.shortens.iter().find(|(index, _)| *index == group[0]);
            match left {
                Some((_, left)) => format!("leaves {}", format_duration(*left)),
                None => {
                    let shorter = group.iter().filter(|index| remedy.helps(**index));
                    format!(
                        "shortens {} of these {} outages",
                        shorter.count(),
                        group.len()
                    )
                }
            }
        }
        (1, 1) => "this outage does not happen".to_owned(),
        (ended, all) if ended == all => format!("none of these {all} outages happens"),
        (1, all) => format!("one of these {all} outages does not happen"),
        (ended, all) => format!("{ended} of these {all} outages do not happen"),
    };
    let others = remedy.ends.len() - ended;
    if others > 0 {
        let other = counted(others as u64, "other outage");
        let clause = match (ended, others) {
            // What is left of this one is no denial that another could join.
            (0, 1) => format!(", and {other} does not happen"),
            (0, _) => format!(", and {other} do not happen"),
            _ => format!(", nor {other}"),
        };
        text.push_str(&clause);
    }
    let [after, before] = apart(remedy.lost_after, remedy.lost_before);
    text.push_str(&format!(", {after} lost in all instead of {before}"));
    text.push_str(&harm(remedy));
    if let Some(until) = put_off(remedy, group) {
        text.push_str(&format!("; {until}"));
    }
    let played = remedy.elsewhere.get(&group[0]);
    if let Some(seeds) = played.and_then(|played| elsewhere(played, group.len())) {
        text.push_str(&format!("; {seeds}"));
    }
    text
}

/// Which connections lose more with it: those that fail with it only are told, where there are any.
fn harm(remedy: &Remedy) -> String {
    let is_longer = |name: &&String| remedy.fails_longer.contains(*name);
    let (longer, new): (Vec<&String>, Vec<&String>) = remedy.breaks.iter().partition(is_longer);
    let (told, one, several) = match new.is_empty() {
        false => (new, "fails in its place", "fail in its place"),
        true => (longer, "fails for longer", "fail for longer"),
    };
    match told.as_slice() {
        [] => String::new(),
        [only] => format!(", but {only} {one}"),
        [first, more @ ..] => format!(", but {first} and {} more {several}", more.len()),
    }
}

/// That the same cause comes back behind the end of the run, and when.
pub fn put_off(remedy: &Remedy, group: &[usize]) -> Option<String> {
    match remedy.lasting.get(&group[0])? {
        Lasting::PutsOff(at) => Some(format!(
            "it puts this off until {}, when the same cause is back",
            at.truncated_to_seconds()
        )),
        Lasting::Ends => None,
    }
}

/// With how many of the seeds that have such outages it helps; this run's own seed is one of them.
fn elsewhere(found: &[RemedyElsewhere], outages: usize) -> Option<String> {
    let of = found.len() + 1;
    let helps = found.iter().filter(|each| each.helps()).count() + 1;
    let outages = if outages == 1 { "it" } else { "them" };
    match found {
        [] => None,
        _ if helps == of => Some(format!(
            "it helps with each of the {of} seeds that have {outages}"
        )),
        _ => Some(format!(
            "it helps with {helps} of the {of} seeds that have {outages}"
        )),
    }
}

/// What it costs beside the typing.
pub fn price(remedy: &Remedy) -> Option<String> {
    let owners = &remedy.new_cas;
    let all: Vec<&str> = owners.iter().map(|owner| owner.as_str()).collect();
    let made = match all.as_slice() {
        [] => None,
        [one] => Some(format!(
            "{one} makes a new CA, which has to reach every client"
        )),
        several => Some(format!(
            "{} make new CAs, which have to reach every client",
            several.join(", ")
        )),
    };
    let renamed = remedy.renames.as_ref();
    let renamed = renamed.map(|ingress| {
        format!("every URL that {ingress} hands out, to people outside too, has the new name")
    });
    let served = remedy.serves_tls.iter();
    let served = served.map(|server| {
        format!("{server} serves TLS from then on: whatever dials it without has to trust the CA")
    });
    let clauses: Vec<String> = made.into_iter().chain(served).chain(renamed).collect();
    (!clauses.is_empty()).then(|| clauses.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_kernel::Span;
    use trustsim_testkit::address_of;

    fn plain(ends: &[usize], shortens: Vec<(usize, Span)>) -> Remedy {
        Remedy {
            commands: Vec::new(),
            at: None,
            later: Vec::new(),
            ends: ends.to_vec(),
            shortens,
            nearly_ends: Vec::new(),
            breaks: Vec::new(),
            fails_longer: std::collections::BTreeSet::new(),
            relieved: Span::from_secs(7087),
            lost_before: Span::from_secs(7200),
            lost_after: Span::from_secs(113),
            lost_by: std::collections::BTreeMap::new(),
            new_cas: Vec::new(),
            serves_tls: Vec::new(),
            renames: None,
            rank: 0,
            plan: 0,
            meant_for: None,
            lasting: std::collections::BTreeMap::new(),
            elsewhere: std::collections::BTreeMap::new(),
        }
    }

    #[test]
    fn what_does_not_help_is_counted_as_people_count() {
        let said = |tried, untried, too_long| {
            none_helps(&Remedies {
                tried,
                untried,
                too_long,
                ..Remedies::default()
            })
        };
        assert_eq!(
            said(1, 0, 0),
            "the one change that was played does not help"
        );
        assert_eq!(
            said(4, 1, 0),
            "none of the 4 changes that were played helps, 1 was not (--remedies 5)"
        );
        assert_eq!(
            said(4, 2, 0),
            "none of the 4 changes that were played helps, 2 were not (--remedies 6)"
        );
        assert_eq!(
            said(4, 0, 1),
            "none of the 4 changes that were played helps, 1 would have taken too long (--remedies-time)"
        );
    }

    #[test]
    fn what_it_costs_is_said_together() {
        let mut remedy = plain(&[], Vec::new());
        assert_eq!(price(&remedy), None);
        remedy.renames = Some(address_of("cos.traefik"));
        let renamed =
            "every URL that cos.traefik hands out, to people outside too, has the new name";
        assert_eq!(price(&remedy).as_deref(), Some(renamed));
        remedy.new_cas = vec![address_of("cos.ca")];
        let both = format!("cos.ca makes a new CA, which has to reach every client; {renamed}");
        assert_eq!(price(&remedy), Some(both));
    }

    /// A person who comes earlier moves the dates of a certificate that ends for another reason.
    #[test]
    fn what_fails_anyway_fails_for_longer() {
        let mut remedy = plain(&[0], Vec::new());
        remedy.breaks = vec!["a -> b".to_owned(), "a -> c".to_owned()];
        assert_eq!(harm(&remedy), ", but a -> b and 1 more fail in its place");
        remedy.fails_longer.insert("a -> b".to_owned());
        assert_eq!(harm(&remedy), ", but a -> c fails in its place");
        remedy.fails_longer.insert("a -> c".to_owned());
        assert_eq!(harm(&remedy), ", but a -> b and 1 more fail for longer");
    }

    #[test]
    fn a_remedy_that_shortens_one_outage_and_ends_others_says_so() {
        let remedy = |ends: &[usize]| plain(ends, vec![(0, Span::from_secs(113))]);
        let lost = "1m53s lost in all instead of 2h";
        assert_eq!(
            effect(&remedy(&[1, 2]), &[0]),
            format!("leaves 1m53s, and 2 other outages do not happen, {lost}")
        );
        assert_eq!(
            effect(&remedy(&[0, 1]), &[0]),
            format!("this outage does not happen, nor 1 other outage, {lost}")
        );
    }
}
