//! What each family of faults becomes, and that what is drawn can be pasted.

use super::*;
use crate::juju::{CommitFault, Trouble};
use crate::world::{
    Between, FailingHook, HookAction, HookFailure, NetworkAction, Target, UnitAction,
};

const TARGET: Target = Target {
    application: 1,
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
    let stop = Fault::Unit(UnitFault::Stop {
        target: TARGET,
        lasts,
    });
    let expected = [
        (100, Action::Unit(UnitAction::Stop(TARGET))),
        (150, Action::Unit(UnitAction::Start(TARGET))),
    ];
    assert_eq!(strikes(stop), expected);
    let down = Fault::Network(NetworkFault::ControllerDown {
        controller: 0,
        lasts,
    });
    let expected = [
        (100, Action::Network(NetworkAction::ControllerDown(0))),
        (150, Action::Network(NetworkAction::ControllerUp(0))),
    ];
    assert_eq!(strikes(down), expected);
    let (between, trouble) = (Between::Controllers(0, 1), Trouble::Held);
    let held = Fault::Network(NetworkFault::Trouble {
        between,
        trouble,
        lasts,
    });
    let over = NetworkAction::TroubleOver(between, trouble);
    assert_eq!(strikes(held)[1], (150, Action::Network(over)));
    let failing = FailingHook {
        target: TARGET,
        hook: None,
        failure: HookFailure::Commit(CommitFault::AfterCommit),
        times: None,
    };
    let mend = Action::Hook(HookAction::Mend(failing.clone()));
    let hook = Fault::Hook(HookFault { failing, lasts });
    assert_eq!(strikes(hook)[1], (150, mend));
}

/// Without an end nothing undoes it; a killed pod comes back by itself.
#[test]
fn what_is_for_good_is_one_action() {
    let kill = UnitFault::Kill {
        target: TARGET,
        away: Some(Span::from_secs(9)),
    };
    for fault in [
        Fault::Unit(UnitFault::Stop {
            target: TARGET,
            lasts: None,
        }),
        Fault::Unit(kill),
        Fault::Unit(UnitFault::Seal(TARGET)),
        Fault::Unit(UnitFault::LoseLeader { application: 1 }),
    ] {
        assert_eq!(strikes(fault).len(), 1);
    }
}
