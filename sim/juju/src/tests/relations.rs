//! The hooks of a relation (`internal/worker/uniter/relation/resolver.go`).

use super::stage::{Stage, nth, pair, seconds};
use crate::*;

fn set_app(unit: &mut UnitContext<'_>, endpoint: &str, key: &str, value: &str) {
    for relation in unit.relations(endpoint) {
        let set = unit.set_application_data(relation, key, Some(value.into()));
        set.expect("it leads");
    }
}

fn set_unit(unit: &mut UnitContext<'_>, endpoint: &str, key: &str, value: &str) {
    for relation in unit.relations(endpoint) {
        let set = unit.set_unit_data(relation, key, Some(value.into()));
        set.expect("its own bag");
    }
}

/// `nextHookForRelation`: the application's bag first, then who joins, each followed by its
/// change; names are sorted as plain text.
#[test]
fn application_first_then_joins_sorted_as_text() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &["provides db"]);
    let b = stage.app(model, "b", &["requires db"]);
    for _ in 0..11 {
        stage.unit(a);
    }
    stage.relate((a, "db"), (b, "db"));
    stage.code(a, |_, unit| {
        if unit.is_leader() {
            set_app(unit, "db", "name", "x");
        }
        Ok(())
    });
    stage.settle();
    let unit = stage.unit(b);
    stage.run_for(seconds(120));
    let hooks = stage.hooks(unit);
    let start = hooks
        .iter()
        .position(|hook| *hook == "start")
        .expect("it started");
    assert_eq!(
        hooks[start + 1..start + 8],
        [
            "db-relation-changed",
            "db-relation-joined a/0",
            "db-relation-changed a/0",
            "db-relation-joined a/1",
            "db-relation-changed a/1",
            "db-relation-joined a/10",
            "db-relation-changed a/10",
        ]
    );
    assert_eq!(hooks[start + 8], "db-relation-joined a/2");
}

/// `nextHookForRelation`: an application bag that was never written (version 0) is no event.
#[test]
fn an_empty_application_bag_is_no_event() {
    let (mut stage, _, b, _) = pair((1, 1));
    stage.run_for(seconds(60));
    let hooks = stage.hooks(nth(&stage, b, 0));
    assert!(!hooks.contains(&"db-relation-changed"), "{hooks:?}");
}

/// `internal/worker/uniter/remotestate/watcher.go`: differences are seen, not events; several
/// writes while a hook runs give one `relation-changed`, and the same text gives none.
#[test]
fn changes_coalesce_and_equal_writes_are_nothing() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &["provides db"]);
    let b = stage.app(model, "b", &["requires db"]);
    stage.relate((a, "db"), (b, "db"));
    let (writer, reader) = (stage.unit(a), stage.unit(b));
    stage.code(a, |_, unit| {
        let level = unit.config("level").expect("it has a default").to_owned();
        set_unit(unit, "db", "level", &level);
        Ok(())
    });
    stage.settle();
    stage.call(|juju, host| {
        juju.operator()
            .run_action(writer, "same", Default::default(), None, host);
    });
    stage.run_for(seconds(30));
    assert!(stage.hooks(reader).is_empty(), "the text was there already");
    // The reader is busy with an action of its own while two changes arrive.
    for level in ["one", "two"] {
        stage.configure(a, level);
        stage.run_for(seconds(1));
    }
    stage.run_for(seconds(60));
    let changed = stage.hooks(reader);
    assert!((1..=2).contains(&changed.len()), "{changed:?}");
}

/// `uniter/relation/resolver.go`: a unit is never told of its own bag, but the writer of a peer
/// application bag is.
#[test]
fn a_peer_application_bag_comes_back_to_its_writer() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &["peers cluster"]);
    let (leader, other) = (stage.unit(a), stage.unit(a));
    stage.settle();
    stage.code(a, |hook, unit| {
        if matches!(hook, Hook::Action { .. }) {
            set_app(unit, "cluster", "app", "1");
            set_unit(unit, "cluster", "unit", "1");
        }
        Ok(())
    });
    stage.call(|juju, host| {
        juju.operator()
            .run_action(leader, "go", Default::default(), None, host)
    });
    stage.run_for(seconds(30));
    assert_eq!(
        stage.hooks(leader),
        ["action go", "cluster-relation-changed"]
    );
    assert_eq!(
        stage.hooks(other),
        ["cluster-relation-changed", "cluster-relation-changed a/0"]
    );
}

/// `NextOp`: relations to others are examined before peers.
#[test]
fn peers_come_last() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(
        model,
        "a",
        &["peers cluster", "provides db", "provides web"],
    );
    let b = stage.app(model, "b", &["requires db", "requires web"]);
    stage.relate((a, "db"), (b, "db"));
    stage.relate((a, "web"), (b, "web"));
    for app in [a, a, b] {
        stage.unit(app);
    }
    stage.settle();
    let late = stage.unit(a);
    stage.run_for(seconds(60));
    let hooks = stage.hooks(late);
    let at = |part: &str| hooks.iter().position(|hook| hook.contains(part));
    let last_other = hooks.iter().rposition(|hook| hook.contains("b/0"));
    assert!(at("cluster-relation-joined") > last_other, "{hooks:?}");
}

/// `nextHookForRelation`: a relation that no unit joined is broken all the same; peers never are.
#[test]
fn broken_even_if_nobody_joined() {
    let (mut stage, a, _, relation) = pair((1, 0));
    stage.settle();
    let unit = nth(&stage, a, 0);
    stage.call(|juju, host| juju.relations_mut().remove_relation(relation, None, host));
    stage.run_for(seconds(30));
    assert_eq!(stage.hooks(unit), ["db-relation-broken"]);
    assert_eq!(stage.juju.relation(relation).life, Life::Removed);
    assert!(stage.juju.application(a).relations.is_empty());
}

/// `nextHookForRelation`: departed for each, then broken; `JUJU_DEPARTING_UNIT` is the remote
/// unit when only the relation goes. The last to leave removes the relation.
#[test]
fn removing_a_relation_departs_then_breaks() {
    let (mut stage, a, b, relation) = pair((2, 1));
    stage.settle();
    let unit = nth(&stage, b, 0);
    let members = [nth(&stage, a, 0), nth(&stage, a, 1)];
    stage.code(b, move |hook, unit| {
        if let Hook::RelationDeparted {
            relation,
            unit: gone,
            ..
        } = hook
        {
            let listed = unit.remote_units(*relation);
            assert!(
                !listed.contains(gone),
                "relation-list leaves out the departing unit"
            );
            assert!(
                unit.unit_data(*relation, *gone)
                    .is_ok_and(|bag| !bag.is_empty())
            );
        }
        if let Hook::RelationBroken { relation } = hook {
            assert!(unit.remote_units(*relation).is_empty());
            assert!(
                unit.relations("db").is_empty(),
                "relation-ids leaves out the broken one"
            );
        }
        Ok(())
    });
    stage.call(|juju, host| juju.relations_mut().remove_relation(relation, None, host));
    stage.run_for(seconds(30));
    assert_eq!(
        stage.hooks(unit),
        [
            "db-relation-departed a/0",
            "db-relation-departed a/1",
            "db-relation-broken"
        ]
    );
    let departing: Vec<UnitId> = stage
        .played
        .iter()
        .filter_map(|played| match played.hook {
            Hook::RelationDeparted { departing, .. } if played.unit == "b/0" => Some(departing),
            _ => None,
        })
        .collect();
    assert_eq!(departing, members);
    assert_eq!(stage.juju.relation(relation).life, Life::Removed);
}

/// `state/state.go`, `AddRelation`: a removed relation can be made again, with a new number and
/// empty bags; one that is dying cannot.
#[test]
fn a_relation_can_be_made_again_once_it_is_removed() {
    let (mut stage, a, b, relation) = pair((1, 1));
    stage.settle();
    let sides = [(a, "db"), (b, "db")];
    stage.call(|juju, host| juju.relations_mut().remove_relation(relation, None, host));
    let dying = stage.call(|juju, host| juju.relations_mut().integrate(sides, None, host));
    insta::assert_snapshot!(
        dying.expect_err("it is dying").to_string(),
        @"relation b:db a:db is dying, but not yet removed"
    );
    stage.settle();
    let again = stage.relate(sides[0], sides[1]);
    stage.run_for(seconds(30));
    assert_eq!(stage.juju.relation(again).number, 1);
    assert_eq!(
        stage.hooks(nth(&stage, b, 0)),
        [
            "db-relation-created",
            "db-relation-joined a/0",
            "db-relation-changed a/0"
        ]
    );
}

/// `state/state.go`: `enforceMaxRelationLimit` and relations that exist.
#[test]
fn integrate_refuses_in_jujus_words() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &["provides db"]);
    let b = stage.app(model, "b", &["requires db limit 1"]);
    let c = stage.app(model, "c", &["provides db"]);
    stage.relate((a, "db"), (b, "db"));
    let mut refused = |left, right| {
        let refused =
            stage.call(|juju, host| juju.relations_mut().integrate([left, right], None, host));
        refused.expect_err("it is refused").to_string()
    };
    insta::assert_snapshot!(
        refused((c, "db"), (b, "db")),
        @"establishing a new relation for b:db would exceed its maximum relation limit of 1"
    );
    insta::assert_snapshot!(
        refused((a, "nothing"), (b, "db")),
        @r#"application "a" has no "nothing" relation"#
    );
}

/// `uniter/relation/statetracker.go`: a suspended relation is broken on both sides and created
/// again when it is resumed; the unit's bag is replaced.
#[test]
fn a_suspended_relation_breaks_and_comes_back() {
    let (mut stage, _, b, relation) = pair((1, 1));
    stage.settle();
    let unit = nth(&stage, b, 0);
    stage.code(b, |hook, unit| {
        if matches!(hook, Hook::Action { .. }) {
            set_unit(unit, "db", "key", "1");
        }
        Ok(())
    });
    stage.call(|juju, host| {
        juju.operator()
            .run_action(unit, "go", Default::default(), None, host)
    });
    stage.settle();
    stage.call(|juju, host| juju.relations_mut().suspend_relation(relation, None, host));
    stage.run_for(seconds(30));
    assert_eq!(
        stage.hooks(unit),
        ["db-relation-departed a/0", "db-relation-broken"]
    );
    stage.played.clear();
    stage.call(|juju, host| juju.relations_mut().resume_relation(relation, None, host));
    stage.run_for(seconds(30));
    assert_eq!(
        stage.hooks(unit),
        [
            "db-relation-created",
            "db-relation-joined a/0",
            "db-relation-changed a/0"
        ]
    );
    let member = &stage.juju.relation(relation).ends[1].units[&unit];
    assert!(
        member.bag.value.get("key").is_none(),
        "the bag was replaced"
    );
    assert!(member.bag.value.get("ingress-address").is_some());
}

/// `uniter/relation/resolver.go`, `IsImplicit`: the endpoint every application has runs no hooks.
#[test]
fn juju_info_runs_no_hooks() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &[]);
    let b = stage.app(model, "b", &["requires juju-info"]);
    let relation = stage.relate((a, "juju-info"), (b, "juju-info"));
    let (provider, requirer) = (stage.unit(a), stage.unit(b));
    stage.run_for(seconds(60));
    let ordinary = ["install", "leader-elected", "config-changed", "start"];
    assert_eq!(stage.hooks(provider), ordinary);
    assert!(
        stage
            .hooks(requirer)
            .contains(&"juju-info-relation-joined a/0")
    );
    stage.call(|juju, host| juju.relations_mut().remove_relation(relation, None, host));
    stage.run_for(seconds(60));
    assert_eq!(stage.juju.relation(relation).life, Life::Removed);
    assert_eq!(stage.hooks(provider), ordinary);
}

/// `uniter/runner/context/contextfactory.go`: the joining unit is in `relation-list` already.
#[test]
fn relation_list_has_the_joining_unit() {
    let (mut stage, _, b, _) = pair((1, 1));
    stage.code(b, |hook, unit| {
        if let Hook::RelationJoined {
            relation,
            unit: joins,
        } = hook
        {
            assert_eq!(unit.remote_units(*relation), [*joins]);
        }
        if let Hook::RelationCreated { relation } = hook {
            assert!(unit.remote_units(*relation).is_empty());
            assert_eq!(unit.relations("db"), [*relation]);
        }
        Ok(())
    });
    stage.settle();
}
