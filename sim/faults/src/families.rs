//! What each family of faults becomes, and that what is drawn can be pasted.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use trustsim_juju::{CommitFault, Disruption};
use trustsim_model::{
    Answering, ApplicationIndex, Between, FailingHook, HookAction, HookFailure, NetworkAction,
    Target, TlsAction, UnitAction,
};

const TARGET: Target = Target {
    application: ApplicationIndex::new(1),
    unit: Some(0),
};

fn strikes(fault: Fault) -> Vec<(u64, Action)> {
    let planned = PlannedFault {
        at: Span::from_secs(100),
        fault,
        source: Source::default(),
    };
    let actions = plan(vec![planned]).into_iter();
    actions
        .map(|timed| (timed.at.as_secs(), timed.action))
        .collect()
}

/// What lasts is undone by its opposite, at its end.
#[test]
fn what_lasts_is_undone() {
    let lasts = Some(Span::from_secs(50));
    let stop = Fault::lasting(Action::Unit(UnitAction::Stop(TARGET)), lasts);
    let expected = [
        (100, Action::Unit(UnitAction::Stop(TARGET))),
        (150, Action::Unit(UnitAction::Start(TARGET))),
    ];
    assert_eq!(strikes(stop), expected);
    let down = Action::Network(NetworkAction::ControllerDown(0.into()));
    let down = Fault::lasting(down, lasts);
    let expected = [
        (
            100,
            Action::Network(NetworkAction::ControllerDown(0.into())),
        ),
        (150, Action::Network(NetworkAction::ControllerUp(0.into()))),
    ];
    assert_eq!(strikes(down), expected);
    let (between, disruption) = (Between::Controllers(0.into(), 1.into()), Disruption::Stall);
    let held = Action::Network(NetworkAction::Disrupt(between, disruption));
    let held = Fault::lasting(held, lasts);
    let over = NetworkAction::Restore(between, disruption);
    assert_eq!(strikes(held)[1], (150, Action::Network(over)));
    let failing = FailingHook {
        target: TARGET,
        hook: None,
        failure: HookFailure::Commit(CommitFault::AfterCommit),
        times: None,
    };
    let succeed = Action::Hook(HookAction::Succeed(failing.clone()));
    let hook = Action::Hook(HookAction::Fail(failing));
    assert_eq!(strikes(Fault::lasting(hook, lasts))[1], (150, succeed));
    let answer = |how| {
        Action::Tls(TlsAction::Answer {
            application: 3.into(),
            unit: None,
            how,
        })
    };
    let plain = Fault::lasting(answer(Answering::PlainText), lasts);
    assert_eq!(strikes(plain)[1], (150, answer(Answering::Tls)));
    let acme = Fault::lasting(Action::AcmeServer { reachable: false }, lasts);
    let back = Action::AcmeServer { reachable: true };
    assert_eq!(strikes(acme)[1], (150, back));
}

/// What ends at once is not undone, and cannot be said to last.
#[test]
fn what_is_over_at_once_has_no_other_half() {
    for action in [
        Action::Unit(UnitAction::Seal(TARGET)),
        Action::Unit(UnitAction::LoseLeader {
            application: 1.into(),
        }),
        Action::Tls(TlsAction::Compromise { ca: 0.into() }),
        Action::AcmeServer { reachable: true },
    ] {
        assert_eq!(action.inverse(), None);
        assert_eq!(strikes(action.clone().into()).len(), 1);
        let lasting = || Fault::lasting(action.clone(), Some(Span::from_secs(50)));
        assert!(catch_unwind(AssertUnwindSafe(lasting)).is_err());
    }
}

/// Without an end nothing undoes it; a killed pod comes back by itself.
#[test]
fn what_is_for_good_is_one_action() {
    let kill = UnitAction::Kill {
        target: TARGET,
        away: Some(Span::from_secs(9)),
    };
    for action in [UnitAction::Stop(TARGET), kill] {
        assert_eq!(strikes(Action::Unit(action).into()).len(), 1);
    }
}
