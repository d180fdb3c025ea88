//! What a hook leaves behind, and when (`runner/context/context.go` `doFlush`,
//! `apiserver/facades/agent/uniter/uniter.go` `commitHookChangesForOneUnit`).

use std::collections::BTreeMap;
use std::time::Duration;

use super::stage::{Stage, nth, pair, seconds};
use crate::*;

fn content(text: &str) -> BTreeMap<String, Value> {
    BTreeMap::from([("key".to_owned(), text.into())])
}

/// A charm whose action writes a bag, a secret, a file and a status.
fn writer(stage: &mut Stage, application: ApplicationId, relation: RelationId) {
    stage.code(application, move |hook, unit| {
        if !matches!(hook, Hook::Action { .. } | Hook::ConfigChanged) {
            return Ok(());
        }
        let value = unit.config("level").expect("a default").to_owned();
        unit.set_unit_data(relation, "key", Some(value.as_str().into()))?;
        let owner = SecretOwner::Unit(unit.id());
        match unit.secret(owner, "s") {
            None => unit
                .add_secret(owner, "s", content(&value), None)
                .map(|_| ()),
            Some(view) => unit.set_secret_content(view.id, content(&value)),
        }?;
        unit.push_file("/f", value.as_str().into());
        unit.set_status(Status::Active, &value);
        match hook {
            Hook::Action { name, .. } if &**name == "fail" => {
                Err(HookError::Charm("no".to_owned()))
            }
            _ => Ok(()),
        }
    });
}

fn written(stage: &Stage, unit: UnitId, relation: RelationId) -> Option<String> {
    let relation = stage.juju.relation(relation);
    let member = relation.ends.iter().find_map(|end| end.units.get(&unit))?;
    member
        .bag
        .value
        .get("key")
        .map(|value| value.text().to_owned())
}

fn revision(stage: &Stage, unit: UnitId) -> u32 {
    let mut secrets = stage.juju.secrets_of(SecretOwner::Unit(unit));
    secrets
        .next()
        .map_or(0, |id| stage.juju.secret(id).latest())
}

/// Everything is written at the end, in one call; a status at once.
#[test]
fn effects_are_buffered_until_the_end() {
    let (mut stage, a, _, relation) = pair((1, 1));
    let unit = nth(&stage, a, 0);
    stage.settle();
    writer(&mut stage, a, relation);
    stage.call(|juju, host| {
        juju.operator()
            .run_action(unit, "go", Default::default(), None, host)
    });
    stage.run_for(Duration::from_millis(400));
    assert_eq!(written(&stage, unit, relation), None);
    assert_eq!(revision(&stage, unit), 0);
    assert_eq!(stage.juju.unit(unit).status.0, Status::Active);
    stage.run_for(seconds(2));
    assert_eq!(written(&stage, unit, relation).as_deref(), Some("info"));
    assert_eq!(revision(&stage, unit), 1);
}

/// A hook that exits non-zero commits nothing; its status and its files stay.
#[test]
fn a_failed_hook_commits_nothing() {
    let (mut stage, a, b, relation) = pair((1, 1));
    let unit = nth(&stage, a, 0);
    stage.settle();
    writer(&mut stage, a, relation);
    stage.call(|juju, host| {
        juju.operator()
            .run_action(unit, "fail", Default::default(), None, host)
    });
    stage.run_for(seconds(20));
    assert_eq!(written(&stage, unit, relation), None);
    assert_eq!(revision(&stage, unit), 0);
    assert_eq!(stage.juju.unit(unit).status.0, Status::Active);
    assert!(stage.juju.unit(unit).workload.files.contains_key("/f"));
    assert!(stage.hooks(nth(&stage, b, 0)).is_empty());
}

/// 3.6 writes secrets first, each in its own transaction, then databags in one: what each fault
/// point leaves behind, and that the hook is run again.
#[test]
fn each_commit_fault_leaves_its_own_half() {
    for (fault, secret, bag) in [
        (CommitFault::BeforeSecrets, 0, None),
        (CommitFault::BetweenSecretsAndDatabags, 1, None),
        (CommitFault::AfterCommit, 1, Some("debug")),
    ] {
        let (mut stage, a, _, relation) = pair((1, 1));
        let unit = nth(&stage, a, 0);
        stage.settle();
        writer(&mut stage, a, relation);
        stage.juju.fail_next_commit(unit, fault);
        stage.configure(a, "debug");
        stage.run_for(seconds(3));
        assert_eq!(revision(&stage, unit), secret, "{fault:?}");
        assert_eq!(written(&stage, unit, relation).as_deref(), bag, "{fault:?}");
        assert_eq!(stage.juju.agent_status(unit).0, "error");
        stage.run_for(seconds(20));
        assert_eq!(stage.hooks(unit), ["config-changed", "config-changed"]);
        assert_eq!(
            revision(&stage, unit),
            1,
            "the same content is no new revision"
        );
        assert_eq!(written(&stage, unit, relation).as_deref(), Some("debug"));
    }
}

/// The leadership assertion is part of the transaction: a leader that lost the lease in the
/// middle of a hook fails at its end, and runs it again as a follower.
#[test]
fn leadership_is_asserted_at_the_commit() {
    let (mut stage, a, _, relation) = pair((2, 1));
    stage.settle();
    stage.code(a, move |hook, unit| {
        if let Hook::ConfigChanged = hook {
            let mine = Some("1".into());
            unit.set_unit_data(relation, "mine", mine)?;
            if unit.is_leader() {
                let whose = Value::new(unit.unit_name());
                unit.set_application_data(relation, "leader", Some(whose))?;
            }
        }
        Ok(())
    });
    let units = [nth(&stage, a, 0), nth(&stage, a, 1)];
    let leader = stage
        .juju
        .application(a)
        .lease
        .holder
        .expect("there is one");
    let other = if leader == units[0] {
        units[1]
    } else {
        units[0]
    };
    stage.configure(a, "debug");
    stage.run_for(Duration::from_millis(200));
    stage.call(|juju, host| juju.leases().give_leadership(a, Some(other), None, host));
    stage.run_for(seconds(2));
    assert_eq!(stage.juju.agent_status(leader).0, "error");
    let end = &stage.juju.relation(relation).ends[0];
    assert!(end.bag.value.is_empty());
    assert!(
        end.units[&leader].bag.value.get("mine").is_none(),
        "the whole commit failed"
    );
    stage.run_for(seconds(20));
    assert_eq!(stage.juju.agent_status(leader).0, "idle");
    let end = &stage.juju.relation(relation).ends[0];
    assert!(end.units[&leader].bag.value.get("mine").is_some());
}

/// `runner/context/secrets.go`, `secretsChangeRecorder`: the updates of one hook are one, so an
/// expiry set before new content is that of the new revision.
#[test]
fn updates_of_one_secret_are_merged() {
    let (mut stage, a, _, _) = pair((1, 1));
    stage.settle();
    let unit = nth(&stage, a, 0);
    let at = stage.now() + seconds(1_000);
    stage.code(a, move |hook, unit| {
        let owner = SecretOwner::Unit(unit.id());
        match (hook, unit.secret(owner, "s")) {
            (Hook::Action { .. }, None) => {
                unit.add_secret(owner, "s", content("1"), None)?;
            }
            (Hook::Action { .. }, Some(view)) => {
                unit.set_secret_expire(view.id, Some(at))?;
                unit.set_secret_content(view.id, content("2"))?;
                unit.remove_secret(view.id)?;
                unit.set_secret_expire(view.id, Some(at))?;
                unit.set_secret_content(view.id, content("3"))?;
                unit.set_secret_content(view.id, content("4"))?;
            }
            _ => {}
        }
        Ok(())
    });
    for _ in 0..2 {
        stage.call(|juju, host| {
            juju.operator()
                .run_action(unit, "go", Default::default(), None, host)
        });
        stage.run_for(seconds(5));
    }
    let id = stage.juju.secrets_of(SecretOwner::Unit(unit)).next();
    let secret = stage.juju.secret(id.expect("it is there"));
    assert_eq!((secret.latest(), secret.expire), (2, Some(at)));
    assert_eq!(secret.expiries.keys().collect::<Vec<_>>(), [&2]);
    assert_eq!(secret.content(2).map(|found| &**found), Some(&content("4")));
}

/// Within a hook, its own pending writes are seen; the empty text deletes a key.
#[test]
fn a_hook_sees_its_own_writes() {
    let (mut stage, a, _, relation) = pair((1, 1));
    stage.settle();
    let unit = nth(&stage, a, 0);
    stage.code(a, move |hook, unit| {
        if !matches!(hook, Hook::Action { .. }) {
            return Ok(());
        }
        unit.set_unit_data(relation, "a", Some("1".into()))?;
        unit.set_application_data(relation, "b", Some("2".into()))?;
        let own = unit.unit_data(relation, unit.id())?;
        assert_eq!(own.get("a").map(Value::text), Some("1"));
        let app = unit.own_application_data(relation)?;
        assert_eq!(app.get("b").map(Value::text), Some("2"));
        unit.set_unit_data(relation, "a", Some("".into()))?;
        assert!(unit.unit_data(relation, unit.id())?.get("a").is_none());
        let owner = SecretOwner::Unit(unit.id());
        let id = unit.add_secret(owner, "s", content("1"), None)?;
        unit.set_secret_content(id, content("2"))?;
        let view = unit.secret(owner, "s").expect("it is pending");
        assert_eq!(
            (view.revision, &*view.content),
            (1, &content("2")),
            "one creation"
        );
        unit.remove_secret(id)?;
        assert!(unit.secret(owner, "s").is_none());
        Ok(())
    });
    stage.call(|juju, host| {
        juju.operator()
            .run_action(unit, "go", Default::default(), None, host)
    });
    stage.run_for(seconds(5));
    let end = &stage.juju.relation(relation).ends[0];
    assert!(end.units[&unit].bag.value.get("a").is_none());
    assert_eq!(end.bag.value.get("b").map(Value::text), Some("2"));
}

/// `apiserver/facades/agent/uniter`: who reads and writes which bag.
#[test]
fn the_permission_table() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &["provides db", "peers cluster"]);
    let b = stage.app(model, "b", &["requires db"]);
    let relation = stage.relate((a, "db"), (b, "db"));
    let peers = stage.juju.application(a).relations[0];
    let (own, fellow, remote) = (stage.unit(a), stage.unit(a), stage.unit(b));
    let outsider = stage.app(model, "c", &[]);
    let outsider = stage.unit(outsider);
    let whose = [
        Whose::Unit(own),
        Whose::Unit(fellow),
        Whose::Application(a),
        Whose::Unit(remote),
        Whose::Application(b),
    ];
    use Access::{Nothing, Read, Write};
    let table = [
        // own unit, fellow unit, own application, remote unit, remote application
        (relation, own, true, [Write, Nothing, Write, Read, Read]),
        (relation, own, false, [Write, Nothing, Nothing, Read, Read]),
        (relation, outsider, true, [Nothing; 5]),
    ];
    for (relation, unit, leads, expected) in table {
        let found = stage.juju.relation(relation);
        let held = whose.map(|whose| access(&stage.juju, found, unit, leads, whose));
        assert_eq!(held, expected, "leads: {leads}");
    }
    let found = stage.juju.relation(peers);
    for (leads, expected) in [(true, [Write, Read, Write]), (false, [Write, Read, Read])] {
        let held = [0, 1, 2].map(|n| access(&stage.juju, found, own, leads, whose[n]));
        assert_eq!(held, expected, "leads: {leads}");
    }
    // The requirer's side is the same.
    let found = stage.juju.relation(relation);
    let held = access(&stage.juju, found, remote, false, Whose::Application(a));
    assert_eq!(held, Read);
    let held = access(&stage.juju, found, remote, false, Whose::Application(b));
    assert_eq!(held, Nothing);
}

/// `uniter/runner/jujuc`: what the tools say when they refuse.
#[test]
fn tools_refuse_in_jujus_words() {
    let (mut stage, a, b, relation) = pair((2, 1));
    stage.settle();
    let leader = stage.juju.application(a).lease.holder;
    let units = [nth(&stage, a, 0), nth(&stage, a, 1)];
    let follower = if leader == Some(units[0]) {
        units[1]
    } else {
        units[0]
    };
    let fellow = leader.expect("there is one");
    let now = stage.now();
    let mut context: UnitContext<'_> = UnitContext::new(&stage.juju, follower, now, None);
    let refused = context.set_application_data(relation, "a", Some("1".into()));
    insta::assert_snapshot!(refused.expect_err("not leader"), @"ERROR permission denied");
    let refused = context.unit_data(relation, fellow);
    insta::assert_snapshot!(refused.expect_err("a fellow's"), @"ERROR permission denied");
    let refused = context.add_secret(SecretOwner::Application(a), "s", content("1"), None);
    insta::assert_snapshot!(refused.expect_err("not leader"), @"ERROR cannot write secret: not leader");
    assert!(context.remote_application_data(relation).is_ok());
    assert!(context.unit_data(relation, nth(&stage, b, 0)).is_ok());
}
