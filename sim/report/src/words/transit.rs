//! The words for how far a CA came on its way over a relation.

use super::certificate;
use trustsim_diagnosis::{CaRelation, PassingRelation, Transit};

/// One clause.
pub fn clause(transit: &Transit) -> String {
    match transit {
        Transit::NotSent { provider } => format!("{provider} has not sent it yet"),
        Transit::NotHeard { judge, sent } => {
            format!("{judge} has not run a hook for what came at {sent}")
        }
        Transit::HookRunning { judge } => {
            format!("the hook of {judge} that takes it has not ended")
        }
        Transit::NotRead { judge, taken } => format!(
            "{judge} took it at {taken}, and its process does not have it: it has not read it \
             again, or another file took its place"
        ),
        Transit::OtherCa {
            provider,
            judge,
            came,
        } => format!(
            "{provider} has a CA for its own server and another one with which it signs for others, and what {judge} has \
             is {}",
            certificate::name(came)
        ),
        Transit::BesideCertificate { judge } => {
            format!("{judge} gets the CA only beside its own next certificate")
        }
        Transit::OneOfSeveral {
            provider,
            requirer,
            count,
            picked,
        } => format!(
            "{requirer} speaks version 0 of certificate_transfer, for which {provider} picks one \
             of its {count} CAs at random, and picked that of {picked}"
        ),
        Transit::RawDatabag { provider, requirer } => format!(
            "{requirer} speaks version 0 of certificate_transfer and takes the databag as it \
             is: what {provider} writes there, in quotes, is no certificate"
        ),
        Transit::VersionsDiffer {
            provider,
            requirer,
            versions: [gives, takes],
        } => format!(
            "{provider} speaks version {gives} of certificate_transfer and {requirer} version \
             {takes}"
        ),
        Transit::VersionUnwritten {
            provider,
            requirer,
            endpoint,
        } => format!(
            "no leader of {requirer} ran {endpoint}-relation-created, so no unit wrote which \
             version of certificate_transfer it speaks, and {provider} writes as for version 0"
        ),
        Transit::OneFile { charm, judge, left } => format!(
            "charm {charm} writes every CA of a relation to one file, and {judge} is left with \
             that of {left}"
        ),
        Transit::ReadAtStart { charm, judge } => format!(
            "charm {charm} does not restart its process for a CA, and that of {judge} has not read \
             it again"
        ),
    }
}

/// `certificate_transfer relation a.ca:send-ca-cert - b.web:receive-ca-cert`.
pub fn relation(relation: &CaRelation) -> String {
    let CaRelation {
        interface,
        provider,
        requirer,
    } = relation;
    format!("{interface} relation {provider} - {requirer}")
}

/// The relation with whose data a CA comes.
pub fn passing(relation: &PassingRelation) -> String {
    format!(
        "what {} hands {} over {}",
        relation.provider, relation.requirer, relation.interface
    )
}
