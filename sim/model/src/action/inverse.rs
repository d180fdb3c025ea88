//! What undoes an action: the other half of what lasts for a while, and whether one action leaves
//! nothing of an earlier one. Every family of actions answers for its own; here are those that have
//! no family, and the law that ties both answers together: the inverse of an action undoes it.

use super::Action;
use crate::deployment::{Deployment, Side};

impl Action {
    /// The action that undoes this one; `None` for what ends at once, and for what cannot be undone.
    pub fn inverse(&self) -> Option<Self> {
        match self {
            Self::AcmeServer { reachable: false } => Some(Self::AcmeServer { reachable: true }),
            Self::SkewClock {
                application, unit, ..
            } => Some(Self::SkewClock {
                application: *application,
                unit: *unit,
                skew_ns: 0,
            }),
            Self::RemoveRelation { model, sides } => Some(Self::Integrate {
                model: *model,
                sides: sides.clone(),
            }),
            Self::Unit(action) => action.inverse().map(Self::Unit),
            Self::Hook(action) => action.inverse().map(Self::Hook),
            Self::Offer(action) => action.inverse().map(Self::Offer),
            Self::Network(action) => action.inverse().map(Self::Network),
            Self::Tls(action) => action.inverse().map(Self::Tls),
            Self::RunAction { .. }
            | Self::AtWorkload { .. }
            | Self::AcmeServer { reachable: true }
            | Self::Revoke { .. }
            | Self::SetConfig { .. }
            | Self::Integrate { .. }
            | Self::Restart { .. }
            | Self::ClientTrust { .. }
            | Self::Scale(_) => None,
        }
    }

    /// Whether nothing of what `earlier` did is left once this action was carried out. A clock that
    /// is set again counts: only the later setting is left.
    pub fn undoes(&self, earlier: &Self, deployment: &Deployment) -> bool {
        match (self, earlier) {
            (Self::AcmeServer { .. }, Self::AcmeServer { .. }) => true,
            (
                Self::SkewClock {
                    application, unit, ..
                },
                Self::SkewClock {
                    application: of,
                    unit: which,
                    ..
                },
            ) => application == of && (unit.is_none() || unit == which),
            (Self::Integrate { sides, .. }, Self::RemoveRelation { sides: of, .. }) => {
                same_relation(deployment, sides, of)
            }
            (Self::Unit(later), Self::Unit(earlier)) => later.undoes(earlier),
            (Self::Hook(later), Self::Hook(earlier)) => later.undoes(earlier),
            (Self::Offer(later), Self::Offer(earlier)) => later.undoes(earlier, deployment),
            (Self::Network(later), Self::Network(earlier)) => later.undoes(earlier),
            (Self::Tls(later), Self::Tls(earlier)) => later.undoes(earlier),
            _ => false,
        }
    }
}

/// Whether two actions are about one relation, through whatever SAAS.
pub(super) fn same_relation(deployment: &Deployment, one: &[Side; 2], other: &[Side; 2]) -> bool {
    let end = |side: &Side| (deployment.application_of(side.party), side.endpoint.clone());
    let others = other.each_ref().map(end);
    one.iter().all(|side| others.contains(&end(side)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use std::ops::Range;

    use super::*;
    use crate::action::{
        Between, FailingHook, HookAction, HookFailure, NetworkAction, OfferAction, ScaleAction,
        Target, UnitAction,
    };
    use crate::deployment::Party;
    use crate::index::{ApplicationIndex, ClientIndex, ModelIndex};
    use crate::tls_action::{Added, Answering, Revoked, Store, Tampering, TlsAction, TlsEdit};
    use trustsim_charm_model::Role;
    use trustsim_juju::{CommitFault, Disruption};
    use trustsim_kernel::Span;

    /// A position in one of the vectors of a deployment.
    fn index<I: From<usize> + std::fmt::Debug>(
        positions: Range<usize>,
    ) -> impl Strategy<Value = I> {
        positions.prop_map(I::from)
    }

    fn target() -> impl Strategy<Value = Target> {
        let unit = proptest::option::of(0..3_u32);
        (index(0..3), unit).prop_map(|(application, unit)| Target { application, unit })
    }

    fn sides() -> impl Strategy<Value = [Side; 2]> {
        let side = |role| {
            move |index: ApplicationIndex| Side {
                party: Party::Application(index),
                endpoint: "certificates".to_owned(),
                role,
            }
        };
        let (provider, requirer) = (side(Role::Provider), side(Role::Requirer));
        (index(0..3), index(0..3)).prop_map(move |(one, other)| [provider(one), requirer(other)])
    }

    fn disruption() -> impl Strategy<Value = Disruption> {
        prop_oneof![
            Just(Disruption::Down),
            Just(Disruption::Partition),
            Just(Disruption::Stall),
            (1..3_u64).prop_map(|seconds| Disruption::Delay(Span::from_secs(seconds))),
            (1..3_u32).prop_map(Disruption::Loss),
        ]
    }

    fn network() -> impl Strategy<Value = NetworkAction> {
        let between = prop_oneof![
            (index(0..2), index(2..4)).prop_map(|(left, right)| Between::Controllers(left, right)),
            index(0..2).prop_map(Between::Agents),
            (index(0..2), 0..2_u32)
                .prop_map(|(application, unit)| Between::Agent { application, unit }),
        ];
        prop_oneof![
            index(0..2).prop_map(NetworkAction::ControllerDown),
            index(0..2).prop_map(NetworkAction::ControllerUp),
            (between, disruption(), any::<bool>()).prop_map(|(between, disruption, begins)| {
                match begins {
                    true => NetworkAction::Disrupt(between, disruption),
                    false => NetworkAction::Restore(between, disruption),
                }
            }),
            (index(0..2), -2..3_i64).prop_map(|(controller, skew_ns)| {
                NetworkAction::SkewController {
                    controller,
                    skew_ns,
                }
            }),
        ]
    }

    fn unit() -> impl Strategy<Value = UnitAction> {
        prop_oneof![
            target().prop_map(UnitAction::Stop),
            target().prop_map(UnitAction::Start),
            target().prop_map(UnitAction::Seal),
            target().prop_map(|target| UnitAction::Kill { target, away: None }),
            target().prop_map(|target| UnitAction::ChangeAddress { target, to: None }),
            index(0..2).prop_map(|application| UnitAction::ChangeLoadBalancer {
                application,
                to: std::net::IpAddr::from([10, 0, 0, 1]),
            }),
            index(0..2).prop_map(|application| UnitAction::LoseLeader { application }),
            (index(0..2), -2..3_i64)
                .prop_map(|(machine, skew_ns)| UnitAction::SkewMachine { machine, skew_ns }),
        ]
    }

    fn hook() -> impl Strategy<Value = HookAction> {
        let failure = prop_oneof![
            Just(HookFailure::Raises),
            Just(HookFailure::Commit(CommitFault::BetweenSecrets)),
        ];
        let failing = (target(), failure, proptest::option::of(1..3_u32));
        let failing = failing.prop_map(|(target, failure, times)| FailingHook {
            target,
            hook: None,
            failure,
            times,
        });
        let action = (failing, any::<bool>());
        let action = action.prop_map(|(failing, fails)| match fails {
            true => HookAction::Fail(failing),
            false => HookAction::Succeed(failing),
        });
        prop_oneof![
            action,
            target().prop_map(|target| HookAction::Resolve {
                target,
                no_retry: true
            }),
        ]
    }

    fn offer() -> impl Strategy<Value = OfferAction> {
        prop_oneof![
            sides().prop_map(|sides| OfferAction::Suspend {
                model: ModelIndex::new(0),
                sides
            }),
            sides().prop_map(|sides| OfferAction::Resume {
                model: ModelIndex::new(0),
                sides
            }),
            index(0..2).prop_map(|offer| OfferAction::Remove { offer, force: true }),
            (index(0..2), "[ab]").prop_map(|(offer, user)| OfferAction::Revoke { offer, user }),
            (index(0..2), "[ab]").prop_map(|(offer, user)| OfferAction::Grant { offer, user }),
        ]
    }

    fn tls() -> impl Strategy<Value = TlsAction> {
        let edit = prop_oneof![
            target().prop_map(|Target { application, unit }| TlsEdit::Tamper {
                application,
                unit,
                endpoint: None,
                how: Tampering::Expired,
            }),
            index(0..2).prop_map(|client| TlsEdit::Trust {
                whose: Store::Client(client),
                added: Added::Garbage,
            }),
            index(0..2).prop_map(|ca| TlsEdit::Distrust {
                whose: Store::Client(ClientIndex::new(0)),
                ca
            }),
        ];
        let how = prop_oneof![
            Just(Answering::Tls),
            Just(Answering::PlainText),
            Just(Answering::HangUp)
        ];
        prop_oneof![
            (edit, any::<bool>()).prop_map(|(edit, undo)| match undo {
                true => TlsAction::Undo(edit),
                false => TlsAction::Edit(edit),
            }),
            (target(), how).prop_map(|(Target { application, unit }, how)| TlsAction::Answer {
                application,
                unit,
                how,
            }),
            index(0..2).prop_map(|ca| TlsAction::PublishLists {
                ca,
                revoked: vec![Revoked {
                    application: ApplicationIndex::new(0),
                    unit: None
                }],
                valid: Span::from_secs(1),
                every: None,
            }),
            index(0..2).prop_map(|ca| TlsAction::StopLists { ca }),
            index(0..2).prop_map(|ca| TlsAction::Compromise { ca }),
        ]
    }

    fn action() -> impl Strategy<Value = Action> {
        prop_oneof![
            any::<bool>().prop_map(|reachable| Action::AcmeServer { reachable }),
            (target(), -2..3_i64).prop_map(|(Target { application, unit }, skew_ns)| {
                Action::SkewClock {
                    application,
                    unit,
                    skew_ns,
                }
            }),
            target().prop_map(|Target { application, unit }| Action::Restart { application, unit }),
            sides().prop_map(|sides| Action::Integrate {
                model: ModelIndex::new(0),
                sides
            }),
            sides().prop_map(|sides| Action::RemoveRelation {
                model: ModelIndex::new(0),
                sides
            }),
            index(0..2)
                .prop_map(|application| ScaleAction::AddUnits {
                    application,
                    count: 1
                })
                .prop_map(Action::Scale),
            unit().prop_map(Action::Unit),
            hook().prop_map(Action::Hook),
            offer().prop_map(Action::Offer),
            network().prop_map(Action::Network),
            tls().prop_map(Action::Tls),
        ]
    }

    proptest! {
        #[test]
        fn the_inverse_undoes_the_action(action in action()) {
            let deployment = Deployment::empty();
            if let Some(inverse) = action.inverse() {
                prop_assert!(inverse.undoes(&action, &deployment), "{inverse:?} of {action:?}");
            }
        }

        /// Two actions of different families are about different things.
        #[test]
        fn an_action_of_another_family_undoes_nothing(one in action(), other in action()) {
            let family = std::mem::discriminant::<Action>;
            let is_pair = matches!(
                (&one, &other),
                (Action::Integrate { .. }, Action::RemoveRelation { .. })
            );
            if family(&one) != family(&other) && !is_pair {
                prop_assert!(!one.undoes(&other, &Deployment::empty()));
            }
        }

        /// A unit that is started leaves its neighbours down.
        #[test]
        fn one_unit_does_not_undo_what_was_done_to_all(application in index(0..3), unit in 0..3_u32) {
            let all = Target { application, unit: None };
            let start = |target| Action::Unit(UnitAction::Start(target));
            let stop = Action::Unit(UnitAction::Stop(all));
            let one = start(Target { application, unit: Some(unit) });
            prop_assert!(!one.undoes(&stop, &Deployment::empty()));
            prop_assert!(start(all).undoes(&stop, &Deployment::empty()));
        }
    }
}
