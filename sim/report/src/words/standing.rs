//! The words for what an answer rests on: the line of coverage, and what is missing.

use trustsim_charm_model::Revisions;
use trustsim_model::{Coverage, Deployment, Gap, Reason, Share, Standing};

/// `modelled`, `assumed` or `not simulated`.
pub const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Modelled => "modelled",
        Standing::Assumed => "assumed",
        Standing::NotSimulated => "not simulated",
    }
}

/// `8 of 20 charms modelled, 7 assumed, 5 not simulated; 19 of 24 TLS relations; 31 of 40 connections`.
/// Relations and connections are counted where they are simulated.
pub fn coverage(coverage: &Coverage) -> String {
    format!(
        "{}; {} connections",
        charms_and_relations(coverage),
        simulated(coverage.connections)
    )
}

/// The same without connections, of which a bundle has none.
pub fn charms_and_relations(coverage: &Coverage) -> String {
    let Share {
        modelled,
        assumed,
        not_simulated,
    } = coverage.charms;
    let mut charms = format!("{modelled} of {} charms modelled", coverage.charms.total());
    for (count, standing) in [
        (assumed, Standing::Assumed),
        (not_simulated, Standing::NotSimulated),
    ] {
        if count > 0 {
            charms.push_str(&format!(", {count} {}", word(standing)));
        }
    }
    format!("{charms}; {} TLS relations", simulated(coverage.relations))
}

fn simulated(share: Share) -> String {
    format!("{} of {}", share.simulated(), share.total())
}

/// What is not known, with its application: `m.web: the charm web is not in the catalogue`.
pub fn reason(reason: &Reason, deployment: &Deployment) -> String {
    let charm = &deployment.applications[reason.application].charm.name;
    let address = deployment.application_address(reason.application);
    format!("{address}: {}", gap(&reason.gap, charm))
}

fn unlisted_endpoint(charm: &str, endpoint: &str, is_played: bool) -> String {
    let played = match is_played {
        true => ", which a generic charm uses",
        false => "; what it does with it is not played",
    };
    format!("the charm {charm} is not known to have the endpoint {endpoint}{played}")
}

fn gap(gap: &Gap, charm: &str) -> String {
    match gap {
        Gap::Generic => format!(
            "the charm {charm} is not in the catalogue; a generic charm requests its certificates \
             and CAs"
        ),
        Gap::NotDescribed => format!("the charm {charm} is not in the catalogue"),
        Gap::Untold { .. } => common(gap).to_owned(),
        Gap::MetadataOnly => format!(
            "of the charm {charm} only the metadata is known; a generic charm requests its \
             certificates and CAs"
        ),
        Gap::MetadataSilent => {
            format!("the metadata of the charm {charm} does not say what it does with certificates")
        }
        Gap::UsualName {
            endpoint,
            interface,
        } => format!(
            "no description says of which interface the endpoint {endpoint} of the charm {charm} is; by its name it is \
             taken to require {interface}"
        ),
        Gap::UnlistedEndpoint {
            endpoint,
            is_played,
        } => unlisted_endpoint(charm, endpoint, *is_played),
        Gap::ModelNotGiven { endpoint, offer } => format!(
            "what comes over {endpoint} is not known: the model of the offer {offer} is not given"
        ),
        Gap::NotVerified { missing } => {
            format!("of the charm {charm} this was not verified: {missing}")
        }
        Gap::Differs { how } => format!("the charm {charm} {how}, which is not played"),
        Gap::HandedCertificate { endpoint } => handed_certificate(charm, endpoint),
        Gap::EdgeAssumed => how_dialled(charm),
        Gap::OutsideClient => format!("clients of the charm {charm} from outside {OUTSIDE_CLIENT}"),
        Gap::AddressUnknown { .. } => format!("the charm {charm} {ADDRESS_UNKNOWN}"),
        Gap::CaInDatabag => ca_in_databag(charm),
        Gap::WithoutUnits => format!("no unit of the charm {charm} is deployed"),
        Gap::NamesFrom { endpoint } => format!(
            "the charm {charm} asks for the names that come over {endpoint}, which are not played"
        ),
        Gap::OwnCode => format!("the charm {charm} is {}", common(gap)),
        Gap::DescribedByScenario => format!("the scenario describes the charm {charm}"),
        Gap::ChangedByScenario => {
            format!("the scenario changes what the catalogue has of the charm {charm}")
        }
        Gap::FactsOnly => format!(
            "of the charm {charm} at its revision the libraries, endpoints, options and actions were compared with \
             those that are played, the code was not"
        ),
        Gap::OtherTrack { track, known } => format!(
            "which revision of the charm {charm} the track {track} brings is not known; {}",
            known_tracks(known)
        ),
        Gap::LocalCharm => format!("the charm {charm} {LOCAL_CHARM}"),
        Gap::OldStore { revision } => format!(
            "{} of the charm {charm} in the Charm Store was not read; it is played as it is on Charmhub, where revisions \
             are counted apart",
            in_old_store(*revision)
        ),
        Gap::OtherRevision { revision, covered } => other_revision(*revision, covered, charm),
        Gap::NewerRevision {
            revision,
            newest,
            played,
        } => format!(
            "revision {revision} of {charm} is newer than {newest}, the newest that was read{}",
            played_as(*played, *newest)
        ),
    }
}

fn other_revision(revision: u64, covered: &[Revisions], charm: &str) -> String {
    match nearest(revision, covered) {
        None => {
            format!(
                "revision {revision} of {charm} was not compared with the commit that is played"
            )
        }
        Some(near) => {
            format!("revision {revision} of {charm} was not read; it is played as revision {near}")
        }
    }
}

/// As what a revision is played that is newer than the newest that was read.
fn played_as(played: Option<u64>, newest: u64) -> String {
    match played {
        Some(played) if played == newest => ", and is played as that one".to_owned(),
        Some(played) => format!(", and is played as revision {played}"),
        None => "; it is played as a commit whose revision is not known".to_owned(),
    }
}

fn handed_certificate(charm: &str, endpoint: &str) -> String {
    format!(
        "the charm {charm} may trust the certificate that a client hands it over {endpoint}, which is not played"
    )
}

fn how_dialled(charm: &str) -> String {
    format!(
        "how the charm {charm} is dialled, and checked, follows from its relations, and was not read in its code"
    )
}

fn ca_in_databag(charm: &str) -> String {
    format!(
        "the charm {charm} is given the CA of its server in the data of their relation, which is not played"
    )
}

/// `only its track dev is known`, `its tracks 1, latest are known`.
fn known_tracks(known: &[String]) -> String {
    match known {
        [] => "none of its tracks is known".to_owned(),
        [only] => format!("only its track {only} is known"),
        several => format!("its tracks {} are known", several.join(", ")),
    }
}

/// `revision 431`, `the newest revision`.
fn in_old_store(revision: Option<u64>) -> String {
    match revision {
        Some(revision) => format!("revision {revision}"),
        None => "the newest revision".to_owned(),
    }
}

/// What is not known of a charm that is named beside it, in a few words where they are enough.
pub(super) fn brief(gap: &Gap) -> String {
    match gap {
        Gap::UsualName {
            endpoint,
            interface,
        } => format!("its endpoint {endpoint} is taken to require {interface} by its name"),
        Gap::UnlistedEndpoint {
            endpoint,
            is_played: true,
        } => format!("not known to have the endpoint {endpoint}, which a generic charm uses"),
        Gap::UnlistedEndpoint {
            endpoint,
            is_played: false,
        } => format!("not known to have the endpoint {endpoint}, of which nothing is played"),
        Gap::ModelNotGiven { endpoint, offer } => {
            format!("the model of the offer {offer}, which {endpoint} consumes, is not given")
        }
        Gap::NotVerified { missing } => format!("not verified: {missing}"),
        Gap::Differs { how } => format!("it {how}, which is not played"),
        Gap::HandedCertificate { endpoint } => format!(
            "it may trust the certificate that a client hands it over {endpoint}, which is not played"
        ),
        Gap::AddressUnknown { .. } => format!("it {ADDRESS_UNKNOWN}"),
        Gap::OutsideClient => format!("its clients from outside {OUTSIDE_CLIENT}"),
        Gap::WithoutUnits => "no unit of it is deployed".to_owned(),
        Gap::NamesFrom { endpoint } => {
            format!("it asks for the names that come over {endpoint}, which are not played")
        }
        Gap::OtherRevision { revision, covered } => match nearest(*revision, covered) {
            Some(near) => format!("revision {revision} was not read and is played as {near}"),
            None => common(gap).to_owned(),
        },
        Gap::NewerRevision {
            revision,
            newest,
            played,
        } => match played.filter(|played| played != newest) {
            Some(played) => format!(
                "revision {revision} is newer than {newest}, the newest read, and is played as {played}"
            ),
            None => format!("revision {revision} is newer than {newest}, the newest that was read"),
        },
        Gap::OtherTrack { track, .. } => {
            format!("which revision the track {track} brings is not known")
        }
        Gap::LocalCharm => format!("it {LOCAL_CHARM}"),
        Gap::OldStore { revision } => {
            format!(
                "{} in the Charm Store was not read",
                in_old_store(*revision)
            )
        }
        Gap::Generic
        | Gap::NotDescribed
        | Gap::Untold { .. }
        | Gap::MetadataOnly
        | Gap::MetadataSilent
        | Gap::EdgeAssumed
        | Gap::CaInDatabag
        | Gap::OwnCode
        | Gap::DescribedByScenario
        | Gap::ChangedByScenario
        | Gap::FactsOnly => common(gap).to_owned(),
    }
}

/// What is not known of an ingress without a name: a clause whose subject is its charm.
const ADDRESS_UNKNOWN: &str = "is dialled and certified at the address of its load balancer, which is not given; the name of its \
                               service is taken instead";

/// What is taken of clients outside Juju: a clause whose subject they are.
const OUTSIDE_CLIENT: &str =
    "are taken to have the CA with which it began, and to be given no other";

/// What is not known of a charm that is no revision of Charmhub: a clause whose subject is that charm.
const LOCAL_CHARM: &str = "is a local charm, played as the one of its name on Charmhub";

/// What several charms have in common of which something of this kind is not known.
pub(super) const fn common(gap: &Gap) -> &'static str {
    match gap {
        Gap::Generic => "not in the catalogue; a generic charm requests certificates and CAs",
        Gap::NotDescribed => "not in the catalogue",
        Gap::Untold { is_played: false } => "no input says which charm it is",
        Gap::Untold { is_played: true } => {
            "no input says which charm it is; a generic charm requests certificates and CAs"
        }
        Gap::MetadataOnly => {
            "only the metadata is known; a generic charm requests certificates and CAs"
        }
        Gap::MetadataSilent => "the metadata does not say what is done with certificates",
        Gap::UsualName { .. } => "endpoints are taken for what their names say",
        Gap::UnlistedEndpoint {
            is_played: true, ..
        } => "related over endpoints that are not known, which a generic charm uses",
        Gap::UnlistedEndpoint {
            is_played: false, ..
        } => "related over endpoints that are not known, of which nothing is played",
        Gap::ModelNotGiven { .. } => "models of offers that are consumed are not given",
        Gap::NotVerified { .. } => "the code was not read, or not all of it",
        Gap::Differs { .. } => "does something that is not played",
        Gap::HandedCertificate { .. } => {
            "may trust certificates that clients hand over, which is not played"
        }
        Gap::EdgeAssumed => "how it is dialled and checked was not read in its code",
        Gap::CaInDatabag => {
            "given the CA of its server in the data of their relation, which is not played"
        }
        Gap::AddressUnknown { .. } => ADDRESS_UNKNOWN,
        Gap::OutsideClient => {
            "clients from outside are taken to have the CA with which it began, and to be given no other"
        }
        Gap::WithoutUnits => {
            "no unit is deployed, and no relation shows on whose machine one would be"
        }
        Gap::NamesFrom { .. } => "asks for names that come over relations, which are not played",
        Gap::OwnCode => {
            "played by its own code; which files the workload reads is told by what is in them"
        }
        Gap::DescribedByScenario => "described by the scenario",
        Gap::ChangedByScenario => "the scenario changes what the catalogue has",
        Gap::OtherRevision { .. } => "at a revision that was not read",
        Gap::NewerRevision { .. } => "at a revision that is newer than those that were read",
        Gap::FactsOnly => "of this revision the facts were compared, and the code was not",
        Gap::OtherTrack { .. } => "from a track of which it is not known what it brings",
        Gap::LocalCharm => LOCAL_CHARM,
        Gap::OldStore { .. } => "from the Charm Store, whose revisions were not read",
    }
}

/// The revision that was read next to one that was not.
fn nearest(revision: u64, covered: &[Revisions]) -> Option<u64> {
    let ends = covered
        .iter()
        .map(|range| revision.clamp(range.first, range.last));
    ends.min_by_key(|end| end.abs_diff(revision))
}

/// What is missing, with what to do about it.
pub fn missing(gap: &Reason, deployment: &Deployment) -> String {
    let what = reason(gap, deployment);
    match help(gap, deployment) {
        Some(help) => format!("{what}: {help}"),
        None => what,
    }
}

/// How to supply what is missing, where something can be supplied.
pub fn help(reason: &Reason, deployment: &Deployment) -> Option<String> {
    let charm = &deployment.applications[reason.application].charm.name;
    match reason.gap {
        Gap::NotDescribed | Gap::Generic | Gap::UsualName { .. } => Some(format!(
            "describe it under charms.{charm}, or put its charmcraft.yaml into charms/{charm}"
        )),
        Gap::Untold { .. } => {
            Some("give the status of its model too: juju status --format json".to_owned())
        }
        Gap::MetadataOnly | Gap::MetadataSilent | Gap::UnlistedEndpoint { .. } => {
            Some(format!("describe it under charms.{charm}"))
        }
        Gap::WithoutUnits => Some(format!(
            "give it units, or describe under charms.{charm} which endpoint has container scope"
        )),
        Gap::LocalCharm => Some(format!("play its code, with `source` under charms.{charm}")),
        Gap::AddressUnknown { option } => Some(format!(
            "give it load-balancer: {{address: ...}}, as its status shows it, or the option {option}"
        )),
        Gap::ModelNotGiven { .. } => {
            Some("give that model too: its status or its bundle beside this one".to_owned())
        }
        Gap::OutsideClient => Some(
            "write which clients there are: `clients: {browser: {trusts: [...], refresh: 1d}}`, and their connections"
                .to_owned(),
        ),
        Gap::NotVerified { .. }
        | Gap::Differs { .. }
        | Gap::HandedCertificate { .. }
        | Gap::EdgeAssumed
        | Gap::CaInDatabag
        | Gap::NamesFrom { .. }
        | Gap::OwnCode
        | Gap::DescribedByScenario
        | Gap::ChangedByScenario
        | Gap::OtherRevision { .. }
        | Gap::NewerRevision { .. }
        | Gap::FactsOnly
        | Gap::OtherTrack { .. }
        | Gap::OldStore { .. } => None,
    }
}
