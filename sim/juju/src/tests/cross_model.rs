//! Cross-model relations (`internal/worker/remoterelations`, `apiserver/facades/client/application`).

use super::stage::{Stage, nth, seconds};
use crate::*;

struct Crossing {
    stage: Stage,
    /// The offered application and its unit.
    a: ApplicationId,
    /// The consumer and its unit.
    b: ApplicationId,
    saas: ApplicationId,
    relation: RelationId,
    link: LinkId,
}

/// `a:db` of one model is offered, and consumed as `far` by `b:db` of another. An action `key
/// value` writes the unit's bag, `app key value` the application's.
fn crossing() -> Crossing {
    let mut stage = Stage::new();
    let (offering, consuming) = (stage.model("pki", true), stage.model("web", true));
    let a = stage.app(offering, "a", &["provides db"]);
    let b = stage.app(consuming, "b", &["requires db"]);
    for app in [a, b] {
        stage.code(app, |hook, unit| {
            if let Hook::Action { name, .. } = hook {
                let words: Vec<&str> = name.split(' ').collect();
                for relation in unit.relations("db") {
                    match words[..] {
                        ["app", key, value] => {
                            unit.set_application_data(relation, key, Some(value.into()))?;
                        }
                        [key, value] => unit.set_unit_data(relation, key, Some(value.into()))?,
                        _ => {}
                    }
                }
            }
            Ok(())
        });
        stage.unit(app);
    }
    stage
        .juju
        .relations_mut()
        .offer(a, "dbs", &["db".to_owned()]);
    let saas = stage
        .juju
        .relations_mut()
        .consume(consuming, "far", "dbs", a);
    let relation = stage.relate((saas, "db"), (b, "db"));
    let link = stage
        .juju
        .relation(relation)
        .link
        .expect("it crosses models");
    stage.settle();
    Crossing {
        stage,
        a,
        b,
        saas,
        relation,
        link,
    }
}

impl Crossing {
    fn act(&mut self, application: ApplicationId, action: &str) {
        let unit = nth(&self.stage, application, 0);
        self.stage.call(|juju, host| {
            juju.operator()
                .run_action(unit, action, Default::default(), None, host);
        });
        self.stage.run_for(seconds(10));
    }

    /// What `b/0` reads of the offered unit.
    fn read(&self, key: &str) -> Option<String> {
        let unit = nth(&self.stage, self.b, 0);
        let now = self.stage.now();
        let context: UnitContext<'_> = UnitContext::new(&self.stage.juju, unit, now, None);
        let remote = context.remote_units(self.relation);
        let bag = context.unit_data(self.relation, *remote.first()?).ok()?;
        bag.get(key).map(|value| value.text().to_owned())
    }
}

/// The consumer sees `saas/N`, the offering side `remote-<token>/N`, same numbers; each model has
/// its own relation number; URL with the controller where it is another one.
#[test]
fn proxies_are_named_as_juju_names_them() {
    let Crossing {
        stage,
        a,
        b,
        saas,
        relation,
        link,
    } = crossing();
    let juju = &stage.juju;
    let ApplicationKind::Saas { url, .. } = &juju.application(saas).kind else {
        panic!("it is a saas");
    };
    assert_eq!(&**url, "ctl:admin/pki.dbs");
    let far = nth(&stage, saas, 0);
    assert_eq!(&*juju.unit(far).name, "far/0");
    let offering = juju.relation(juju.link(link).offering);
    let proxy = offering
        .opposite(offering.end_of(a).expect("its own"))
        .application;
    let name = &juju.application(proxy).name;
    let token = name.strip_prefix("remote-").expect("remote-<token>");
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(*juju.unit(nth(&stage, proxy, 0)).name, *format!("{name}/0"));
    assert!(juju.agent(far).is_none(), "a proxy has no agent");
    assert_eq!(juju.relation(relation).number, 0);
    let context: UnitContext<'_> = UnitContext::new(juju, nth(&stage, b, 0), stage.now(), None);
    assert!(context.is_cross_model(relation));
    assert_eq!(context.remote_application_name(relation), "far");
}

/// A write travels with one hook on the other side; the same text travels nowhere.
#[test]
fn bags_travel_whole_and_once() {
    let mut crossing = crossing();
    let (a, b) = (crossing.a, crossing.b);
    crossing.act(a, "key 1");
    crossing.act(a, "app name x");
    let reader = nth(&crossing.stage, b, 0);
    assert_eq!(
        crossing.stage.hooks(reader),
        ["db-relation-changed far/0", "db-relation-changed"]
    );
    assert_eq!(crossing.read("key").as_deref(), Some("1"));
    crossing.stage.played.clear();
    crossing.act(a, "key 1");
    assert!(crossing.stage.hooks(reader).is_empty());
    crossing.act(b, "answer 2");
    let writer = nth(&crossing.stage, a, 0);
    let told = crossing.stage.hooks(writer);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1].starts_with("db-relation-changed remote-"));
}

/// While the link is down the copies are stale; on its return only the newest state arrives. It
/// is dialled every 15 s.
#[test]
fn a_link_that_was_down_brings_only_the_newest_state() {
    let mut crossing = crossing();
    let (a, b, link) = (crossing.a, crossing.b, crossing.link);
    crossing.stage.cut.insert(link);
    crossing.stage.call(|juju, host| {
        juju.relations_mut()
            .cut_link(link, ConnectionError::Reset, host)
    });
    crossing.stage.dials.clear();
    for action in ["key 1", "key 2", "key 3", "app name x"] {
        crossing.act(a, action);
    }
    crossing.stage.run_for(seconds(60));
    let reader = nth(&crossing.stage, b, 0);
    assert!(crossing.stage.hooks(reader).is_empty());
    assert_eq!(crossing.read("key"), None);
    assert!(
        crossing.read("ingress-address").is_some(),
        "stale copies stay readable"
    );
    let error = crossing.stage.juju.link(link).error.clone();
    insta::assert_snapshot!(
        error.expect("it is down").of_link(),
        @"cannot connect to external controller: connection refused"
    );
    let waits: Vec<u64> = crossing
        .stage
        .dials
        .windows(2)
        .map(|pair| pair[1].0.since(pair[0].0).as_secs())
        .collect();
    assert!(
        waits.len() > 3 && waits.iter().all(|wait| *wait == 15),
        "{waits:?}"
    );
    crossing.stage.cut.clear();
    crossing.stage.run_for(seconds(30));
    assert_eq!(
        crossing.stage.hooks(reader),
        ["db-relation-changed", "db-relation-changed far/0"]
    );
    assert_eq!(crossing.read("key").as_deref(), Some("3"));
    assert!(crossing.stage.juju.link(link).error.is_none());
}

/// Either side may remove the relation; both run their hooks and forget it.
#[test]
fn either_side_removes_the_relation() {
    for from_consumer in [true, false] {
        let mut crossing = crossing();
        let link = crossing.stage.juju.link(crossing.link).clone();
        let removed = if from_consumer {
            link.consumer
        } else {
            link.offering
        };
        crossing
            .stage
            .call(|juju, host| juju.relations_mut().remove_relation(removed, None, host));
        crossing.stage.run_for(seconds(60));
        let (a, b) = (crossing.a, crossing.b);
        let consumer = crossing.stage.hooks(nth(&crossing.stage, b, 0));
        assert_eq!(
            consumer,
            ["db-relation-departed far/0", "db-relation-broken"]
        );
        let offering = crossing.stage.hooks(nth(&crossing.stage, a, 0));
        assert!(
            offering[0].starts_with("db-relation-departed remote-"),
            "{offering:?}"
        );
        assert_eq!(offering[1..], ["db-relation-broken"]);
        for id in [link.consumer, link.offering] {
            assert_eq!(crossing.stage.juju.relation(id).life, Life::Removed);
        }
    }
}

/// Suspension travels either way, and so does the end of it.
#[test]
fn either_side_suspends_and_resumes() {
    for from_consumer in [true, false] {
        let mut crossing = crossing();
        let link = crossing.stage.juju.link(crossing.link).clone();
        let asked = if from_consumer {
            link.consumer
        } else {
            link.offering
        };
        crossing
            .stage
            .call(|juju, host| juju.relations_mut().suspend_relation(asked, None, host));
        crossing.stage.run_for(seconds(60));
        let units = [
            nth(&crossing.stage, crossing.a, 0),
            nth(&crossing.stage, crossing.b, 0),
        ];
        for unit in units {
            assert_eq!(
                crossing.stage.hooks(unit).last(),
                Some(&"db-relation-broken")
            );
        }
        crossing.stage.played.clear();
        crossing
            .stage
            .call(|juju, host| juju.relations_mut().resume_relation(asked, None, host));
        crossing.stage.run_for(seconds(60));
        for unit in units {
            let hooks = crossing.stage.hooks(unit);
            assert_eq!(hooks[0], "db-relation-created");
            assert!(hooks[1].starts_with("db-relation-joined"), "{hooks:?}");
            assert_eq!(hooks.len(), 3, "{hooks:?}");
        }
    }
}

/// `apiserver/facades/client/applicationoffers`: an offer in use is not removed without force;
/// its SAAS is terminated then, and takes no new relation.
#[test]
fn an_offer_in_use_is_removed_by_force_only() {
    let mut crossing = crossing();
    let (a, saas, b) = (crossing.a, crossing.saas, crossing.b);
    let refused = crossing.stage.call(|juju, host| {
        juju.relations_mut()
            .remove_offer(a, "dbs", false, None, host)
    });
    insta::assert_snapshot!(
        refused.expect_err("it is used"),
        @r#"cannot delete application offer "dbs": offer has 1 relation"#
    );
    crossing
        .stage
        .call(|juju, host| {
            juju.relations_mut()
                .remove_offer(a, "dbs", true, None, host)
        })
        .expect("by force");
    crossing.stage.run_for(seconds(60));
    let hooks = crossing.stage.hooks(nth(&crossing.stage, b, 0));
    assert_eq!(hooks.last(), Some(&"db-relation-broken"));
    let sides = [(saas, "db"), (b, "db")];
    let again = crossing
        .stage
        .call(|juju, host| juju.relations_mut().integrate(sides, None, host));
    insta::assert_snapshot!(
        again.expect_err("it is terminated"),
        @"remote offer far is terminated"
    );
}

/// `state/application.go` (`DestroyApplicationOperation`): an application behind an offer that another model uses is not
/// removed; the one in the other model is, and then the first, whose SAAS is terminated.
#[test]
fn an_application_goes_once_no_other_model_uses_it() {
    let mut crossing = crossing();
    let (a, saas, b) = (crossing.a, crossing.saas, crossing.b);
    let remove = |crossing: &mut Crossing, application| {
        let stage = &mut crossing.stage;
        stage.call(|juju, host| {
            juju.relations_mut()
                .remove_application(application, None, host)
        })
    };
    let refused = remove(&mut crossing, a);
    insta::assert_snapshot!(
        refused.expect_err("it is used"),
        @r#"cannot destroy application "a": application is used by 1 consumer"#
    );
    let of = |crossing: &Crossing, application| {
        let found = crossing.stage.juju.application(application);
        (found.units.len(), found.relations.len(), found.is_removed())
    };
    assert_eq!(of(&crossing, a), (1, 1, false));
    let unit = nth(&crossing.stage, b, 0);
    remove(&mut crossing, b).expect("nothing uses it");
    crossing.stage.run_for(seconds(120));
    let hooks = crossing.stage.hooks(unit);
    assert_eq!(
        hooks[hooks.len() - 3..],
        ["db-relation-broken", "stop", "remove"]
    );
    assert_eq!(of(&crossing, b), (0, 0, true));
    remove(&mut crossing, a).expect("nothing uses it any more");
    crossing.stage.run_for(seconds(120));
    assert_eq!(of(&crossing, a), (0, 0, true));
    assert!(crossing.stage.juju.application(saas).terminated);
    let sides = [(a, "db"), (b, "db")];
    let again = crossing
        .stage
        .call(|juju, host| juju.relations_mut().integrate(sides, None, host));
    insta::assert_snapshot!(again.expect_err("it is removed"), @"application a is not alive");
}

/// A unit removed on one side departs on the other.
#[test]
fn a_removed_unit_departs_across_models() {
    let mut crossing = crossing();
    let (a, b) = (crossing.a, crossing.b);
    let second = crossing.stage.unit(a);
    crossing.stage.run_for(seconds(60));
    crossing.stage.played.clear();
    crossing
        .stage
        .call(|juju, host| juju.relations_mut().remove_unit(second, None, host));
    crossing.stage.run_for(seconds(60));
    let hooks = crossing.stage.hooks(nth(&crossing.stage, b, 0));
    assert_eq!(hooks, ["db-relation-departed far/1"]);
}
