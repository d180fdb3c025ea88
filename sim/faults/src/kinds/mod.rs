//! Every kind of fault, in the order in which the reference and messages list them.

mod acme;
mod answers;
mod change_address;
mod clock_skew;
mod commands;
mod hooks;
mod network;
mod offers;
mod random;
mod relations;
mod revocation;
mod rotation;
mod scale;
mod tamper;
mod trust;
mod units;

use super::kind::Kind;

pub(crate) const KINDS: &[Kind] = &[
    Kind::of::<commands::RotateCa>(),
    Kind::of::<commands::RunAction>(),
    Kind::of::<commands::SetConfig>(),
    Kind::of::<relations::RemoveRelation>(),
    Kind::of::<relations::Integrate>(),
    Kind::of::<units::Restart>(),
    Kind::of::<clock_skew::ClockSkew>(),
    Kind::of::<revocation::Revoke>(),
    Kind::of::<acme::AcmeOutage>(),
    Kind::of::<units::Stop>(),
    Kind::of::<units::KillUnit>(),
    Kind::of::<change_address::ChangeAddress>(),
    Kind::of::<units::Seal>(),
    Kind::of::<units::LoseLeader>(),
    Kind::of::<tamper::Tamper>(),
    Kind::of::<trust::Trust>(),
    Kind::of::<trust::Distrust>(),
    Kind::of::<revocation::PublishCrl>(),
    Kind::of::<revocation::Compromise>(),
    Kind::of::<answers::PlainText>(),
    Kind::of::<answers::HangUp>(),
    Kind::of::<scale::AddUnits>(),
    Kind::of::<scale::RemoveUnit>(),
    Kind::of::<scale::RemoveApplication>(),
    Kind::of::<scale::Refresh>(),
    Kind::of::<hooks::FailHook>(),
    Kind::of::<hooks::FailCommit>(),
    Kind::of::<relations::SuspendRelation>(),
    Kind::of::<relations::ResumeRelation>(),
    Kind::of::<offers::RemoveOffer>(),
    Kind::of::<offers::RevokeOffer>(),
    Kind::of::<network::ControllerDown>(),
    Kind::of::<network::Partition>(),
    Kind::of::<network::Link>(),
    Kind::of::<random::Random>(),
    Kind::of::<rotation::Rotation>(),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique() {
        let mut keys: Vec<&str> = KINDS.iter().map(|kind| kind.key).collect();
        keys.sort_unstable();
        let all = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }

    #[test]
    fn every_side_of_the_die_draws_one_kind() {
        let mut sides: Vec<u64> = KINDS
            .iter()
            .flat_map(|kind| kind.drawn_on.clone())
            .collect();
        sides.sort_unstable();
        let expected: Vec<u64> = (0..sides.len() as u64).collect();
        assert_eq!(sides, expected);
    }
}
