//! Where a change of a CA cut connections off, the same in its order is a remedy: a playbook with its
//! pauses, worked out by a rehearsal and proven by playing the whole run with it.

use std::collections::BTreeSet;

use trustsim::diagnosis::{Command, Findings, Remedies, Remedy, diagnose, outages};
use trustsim::rehearsal::ordered;
use trustsim::report::words;
use trustsim::whatif::{Outcome, Trials, try_proposals};
use trustsim::world::{Deployment, Options};

/// What a run comes to, and the ordered rotations that were proven for it.
fn proven(deployment: &Deployment) -> (Findings, Remedies) {
    let record = crate::common::play(deployment, Options::default());
    let findings = diagnose(deployment, &record.manifest, &record.journal);
    let proposals = ordered(deployment, &record.manifest, &findings);
    let mut trials = Trials::default();
    let play = crate::common::forks(deployment);
    let run = Outcome::of(record.manifest, &record.journal);
    try_proposals(&mut trials, &run, proposals, play);
    (findings, trials.found)
}

/// What is typed from the first command on, without its instants.
fn later(remedy: &Remedy) -> Vec<String> {
    let later = remedy.later.iter();
    later
        .map(|(_, command)| words::command::text(command))
        .collect()
}

fn typed(commands: &[Command]) -> Vec<String> {
    commands.iter().map(words::command::text).collect()
}

/// canonical/self-signed-certificates-operator has no overlap of its own (`src/charm.py`,
/// `_on_rotate_private_key_action` and `_configure`); a second provider beside it has.
#[test]
fn a_rotation_in_one_step_is_put_in_order_by_a_second_provider() {
    let deployment = crate::common::load_named("ca-rotation-certificates-first");
    let (findings, found) = proven(&deployment);
    assert_eq!(findings.outages.len(), 2);
    let best = found.best(0).expect("there is a remedy");
    assert_eq!((&best.ends[..], best.breaks.len()), (&[0, 1][..], 0));
    assert!(best.lost_after.is_zero() && best.at.is_none());
    assert_eq!(
        typed(&best.commands),
        [
            "juju deploy -m server self-signed-certificates ca-next --channel 1/stable",
            "juju offer server.ca-next:send-ca-cert send-ca-cert-next",
            "juju consume -m client admin/server.send-ca-cert-next server-ca-next",
        ]
    );
    assert_eq!(
        later(best),
        [
            "juju integrate -m client server-ca-next:send-ca-cert web:receive-ca-cert",
            "juju remove-relation -m server ca:certificates api:certificates",
            "juju integrate -m server ca-next:certificates api:certificates",
            "juju remove-relation -m client server-ca:send-ca-cert web:receive-ca-cert",
        ]
    );
    let times: Vec<_> = best.later.iter().map(|(at, _)| *at).collect();
    assert!(times.is_sorted());
    // It begins when the operator would have begun, and holds in between.
    assert_eq!(times[0], deployment.start + deployment.actions.raw[0].at);
    assert!(times[1].since(times[0]).as_secs() >= 600);
}

/// A rotation by hand in the wrong order (linkerd/linkerd2#4287) is taken out as a whole: the steps
/// are those of the playbook, the withdrawal last.
#[test]
fn steps_by_hand_in_the_wrong_order_are_replaced_as_a_whole() {
    let name = "incidents/outage-linkerd-2020-anchor-dropped-early";
    let deployment = crate::common::load_named(name);
    let (findings, found) = proven(&deployment);
    let best = found.best(0).expect("there is a remedy");
    assert_eq!(best.ends.len(), findings.outages.len());
    assert!(best.lost_after.is_zero() && best.breaks.is_empty());
    let first = deployment.start + deployment.actions.raw[0].at;
    assert_eq!(best.at, Some(first));
    let action = |name: &str| format!("juju run -m mesh identity/leader {name}");
    assert_eq!(
        typed(&best.commands),
        [action("prepare"), action("distribute")]
    );
    assert_eq!(
        later(best),
        [
            action("switch-issuer"),
            action("re-issue"),
            action("withdraw")
        ]
    );
}

/// Brokers that trust what comes with their own certificate (canonical/kafka-operator#378) have
/// nothing to be told by beforehand: nothing is shown.
#[test]
fn what_no_order_helps_has_no_ordered_remedy() {
    let name = "incidents/22-kafka-operator-378-one-phase-rotation";
    let (findings, found) = proven(&crate::common::load_named(name));
    assert!(!findings.outages.is_empty());
    assert!(found.tried > 0, "one was tried");
    assert_eq!(found.proven, []);
}

/// An outage that no change of a CA brought has no order to be put into.
#[test]
fn other_outages_have_no_proposal() {
    let deployment = crate::common::load_named("missing-transfer");
    let record = crate::common::play(&deployment, Options::default());
    let findings = diagnose(&deployment, &record.manifest, &record.journal);
    assert!(!findings.outages.is_empty());
    assert!(ordered(&deployment, &record.manifest, &findings).is_empty());
}

/// What is shown is what was played: each command is in the journal of a run of the proposal at
/// its time, the change in one step does not, and the outages that it ends are not there.
#[test]
fn every_command_was_typed_in_the_run_that_proves_it() {
    let deployment = crate::common::load_named("ca-rotation-config");
    let record = crate::common::play(&deployment, Options::default());
    let findings = diagnose(&deployment, &record.manifest, &record.journal);
    let proposals = ordered(&deployment, &record.manifest, &findings);
    let [proposal] = &proposals[..] else {
        panic!("{} proposals", proposals.len());
    };
    let again = crate::common::play(&proposal.deployment, Options::default());
    let entries = again.journal.entries().iter();
    let typed: BTreeSet<_> = entries
        .filter_map(|entry| Some((entry.time, crate::common::command(&again, entry)?)))
        .collect();
    let later = proposal.later.iter();
    let proposed = later.map(|(at, command)| (*at, words::command::text(command)));
    assert_eq!(typed, proposed.collect());
    let (_, found) = proven(&deployment);
    let best = &found.proven[0];
    let failing = outages(&again.manifest, &again.journal);
    let end = again.manifest.start + again.manifest.duration;
    let lost = failing.iter().map(|outage| outage.length(end));
    assert_eq!(best.lost_after, lost.sum::<std::time::Duration>());
    for ended in &best.ends {
        let outage = &findings.outages[*ended];
        let name = &record.manifest.connections[outage.connection as usize].name;
        let still = failing.iter().any(|other| {
            again.manifest.connections[other.connection as usize].name == *name
                && other.from < outage.until.unwrap_or(end)
                && other.until.unwrap_or(end) > outage.from
        });
        assert!(!still, "{name}");
    }
}
