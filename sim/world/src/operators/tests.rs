//! Operators: what they notice, when they answer it, and that they answer it once.

use crate::Simulation;
use crate::tests::played::{HOUR, actions, after, play, simulation};
use trustsim_kernel::Span;

/// Two units wait for a certificate that an operator has to sign.
fn manual(when: &str, faults: &str) -> Simulation {
    simulation(&format!(
        "duration: 20d
timings: {{settle-max: 10d}}
models:
  m:
    bundle: kubernetes
    applications:
      tls: {{charm: manual-tls-certificates}}
      web: {{charm: web}}
      api: {{charm: web}}
    relations:
      - [web:certificates, tls:certificates]
      - [api:certificates, tls:certificates]
charms:
  web: {{requires: {{certificates: {{interface: tls-certificates}}}}}}
operators:
  pki-team:
    answers: [tls]
    signs-with: {{chain: [{{common-name: Corporate Root, validity: 3650d}}], leaf-validity: 90d}}
    {when}
clients:
  browser: {{trusts: [tls]}}
connections:
  - {{from: browser, to: web}}
{faults}"
    ))
}

#[test]
fn a_wait_is_noticed_once_and_answered_after_the_delay() {
    let mut run = manual("delay: {exactly: 3h}", "");
    play(&mut run, HOUR);
    let operators = &run.world().operators();
    assert_eq!(operators.open.len(), 2, "one request of each unit");
    assert!(run.world().operators().have_tasks());
    let dues: Vec<Option<_>> = operators.tasks.iter().map(|task| task.due).collect();
    assert_eq!(dues.len(), 2);
    assert!(dues.iter().all(|due| *due < Some(after(&run, HOUR * 4))));
    assert!(actions(&run).is_empty(), "before anything is due");

    play(&mut run, HOUR * 4);
    let operators = &run.world().operators();
    assert!(operators.tasks.iter().all(|task| task.done));
    assert!(!run.world().operators().have_tasks());
    let done: Vec<Option<_>> = actions(&run)
        .into_iter()
        .map(|(at, _)| Some(after(&run, at)))
        .collect();
    let mut expected = dues;
    expected.sort();
    assert_eq!(done, expected, "each at its time");
}

#[test]
fn an_operator_who_comes_at_set_times_answers_all_that_waits_then() {
    let mut run = manual("at: [2d, 5d]", "");
    play(&mut run, HOUR * 47);
    let due = Some(after(&run, HOUR * 48));
    let tasks = &run.world().operators().tasks;
    assert!(!tasks.is_empty() && tasks.iter().all(|task| task.due == due));
    assert!(actions(&run).is_empty());
    play(&mut run, HOUR * 49);
    assert!(run.world().operators().tasks.iter().all(|task| task.done));
    let times: Vec<Span> = actions(&run).into_iter().map(|(at, _)| at).collect();
    assert_eq!(times, [HOUR * 48, HOUR * 48]);
}

#[test]
fn an_operator_who_cannot_reach_the_controller_tries_again_every_five_minutes() {
    let down = "faults:
  - {at: 47h, controller-down: {for: 3h}}
";
    let mut run = manual("at: [2d, 5d]", down);
    play(&mut run, HOUR * 49);
    assert!(actions(&run).iter().all(|(_, action)| action.planned));
    assert!(run.world().operators().have_tasks(), "due, not done");
    play(&mut run, HOUR * 51);
    let own: Vec<Span> = actions(&run)
        .into_iter()
        .filter(|(_, action)| !action.planned)
        .map(|(at, _)| at)
        .collect();
    // At 50 h the controller is back at the very instant, and no unit leads yet.
    let second_try = HOUR * 50 + Span::from_secs(300);
    assert_eq!(own, [second_try, second_try]);
}
