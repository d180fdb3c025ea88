//! Sessions as a whole: what is saved is what was played, what comes late changes nothing of the past, and a request that
//! cannot be carried out changes nothing at all.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use trustsim_kernel::Span;
use trustsim_model::Deployment;
use trustsim_scenario::{Files, MemoryFiles};

use crate::{Answer, Connection, Machine, Ran, Request, Session, SessionError};

/// A machine with these files and no interpreter.
struct InMemory(MemoryFiles);

impl Machine for InMemory {
    fn files(&self) -> &dyn Files {
        &self.0
    }

    fn charm_folder(&self, path: &Path) -> Result<PathBuf, String> {
        Ok(path.to_owned())
    }

    fn prepare(&self, _: &Deployment) -> Result<(), String> {
        Ok(())
    }
}

fn machine() -> Box<dyn Machine> {
    Box::new(InMemory(MemoryFiles::default()))
}

fn ask(session: &mut Session, request: Json) -> Result<Answer, SessionError> {
    let request: Request = serde_json::from_value(request).expect("it is a request");
    session.answer(&request)
}

fn done(session: &mut Session, request: Json) {
    let told = format!("{request}");
    let answer = ask(session, request).unwrap_or_else(|error| panic!("{told}: {error:?}"));
    assert!(matches!(answer, Answer::Done), "{told}: {answer:?}");
}

fn deploy(session: &mut Session, model: &str, charm: &str, application: &str, units: u32) {
    done(
        session,
        json!({"deploy": {"model": model, "charm": charm, "application": application, "units": units}}),
    );
}

fn integrate(session: &mut Session, model: &str, sides: [&str; 2]) {
    done(
        session,
        json!({"integrate": {"model": model, "sides": sides}}),
    );
}

fn advance(session: &mut Session, by: &str) {
    done(session, json!({"advance": {"by": by}}));
}

/// What Juju would print.
fn juju(session: &mut Session, request: Json) -> Json {
    match ask(session, request) {
        Ok(Answer::Juju(told)) => told,
        other => panic!("{other:?}"),
    }
}

fn saved(session: &mut Session) -> String {
    match ask(session, json!({"scenario": {}})) {
        Ok(Answer::Scenario(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn connection(session: &mut Session, from: &str, to: &str) -> Connection {
    match ask(session, json!({"connection": {"from": from, "to": to}})) {
        Ok(Answer::Connection(found)) => *found,
        other => panic!("{other:?}"),
    }
}

fn fingerprint(session: &mut Session) -> u64 {
    let present = session.present().expect("something is deployed");
    present.journal().fingerprint()
}

/// A CA, and an ingress with a certificate of it.
fn ca_and_ingress() -> Session {
    let mut session = Session::new(machine());
    done(&mut session, json!({"add-model": {"model": "prod"}}));
    deploy(&mut session, "prod", "self-signed-certificates", "ca", 1);
    deploy(&mut session, "prod", "traefik-k8s", "web", 2);
    integrate(
        &mut session,
        "prod",
        ["web:certificates", "ca:certificates"],
    );
    session
}

#[test]
fn a_command_that_comes_later_is_a_fault_of_the_scenario() {
    let mut session = ca_and_ingress();
    advance(&mut session, "2h");
    done(
        &mut session,
        json!({"config": {"model": "prod", "application": "web", "options": {"external_hostname": "a.example.com"}}}),
    );
    assert_eq!(session.now(), Span::from_secs(7_201));
    let scenario: Json = serde_json::from_str(&saved(&mut session)).expect("it is JSON");
    let expected = json!([{
        "at": "2h",
        "set-config": {"app": "prod.web", "options": {"external_hostname": "a.example.com"}},
    }]);
    assert_eq!(scenario["faults"], expected);
    assert_eq!(scenario["duration"], "2h1s");
    let status = match ask(&mut session, json!({"status": {"model": "prod"}})) {
        Ok(Answer::Juju(status)) => status,
        other => panic!("{other:?}"),
    };
    assert_eq!(status["applications"]["web"]["scale"], 2);
}

#[test]
fn what_is_saved_is_played_to_the_same_present() {
    let mut session = ca_and_ingress();
    advance(&mut session, "1d");
    let Ok(Answer::Ran(ran)) = ask(
        &mut session,
        json!({"run": {"model": "prod", "unit": "ca/leader", "action": "rotate-private-key"}}),
    ) else {
        panic!("the action ends");
    };
    let Ran { unit, failed, .. } = ran;
    assert_eq!((unit.to_string().as_str(), failed), ("prod.ca/0", None));
    advance(&mut session, "1h");
    let mut again = Session::open(&saved(&mut session), machine()).expect("it was saved");
    assert_eq!(again.now(), session.now());
    assert_eq!(fingerprint(&mut again), fingerprint(&mut session));
    // And the opened one goes on as the first does.
    for one in [&mut session, &mut again] {
        advance(one, "2d");
    }
    assert_eq!(saved(&mut again), saved(&mut session));
    assert_eq!(fingerprint(&mut again), fingerprint(&mut session));
}

#[test]
fn a_connection_is_watched_from_the_beginning_once_it_is_asked_for() {
    let mut session = ca_and_ingress();
    done(
        &mut session,
        json!({"config": {"model": "prod", "application": "web", "options": {"external_hostname": "a.example.com"}}}),
    );
    deploy(&mut session, "prod", "app", "app", 1);
    let error = ask(
        &mut session,
        json!({"connection": {"from": "prod.app", "to": "prod.web"}}),
    );
    assert!(matches!(error, Err(SessionError::TooEarly(_))), "{error:?}");
    advance(&mut session, "1s");
    let error = ask(
        &mut session,
        json!({"connection": {"from": "prod.web", "to": "prod.web"}}),
    );
    assert!(
        matches!(error, Err(SessionError::TooEarly(_))),
        "it has not settled: {error:?}"
    );
    advance(&mut session, "1d");
    let before = (saved(&mut session), fingerprint(&mut session));
    let error = ask(
        &mut session,
        json!({"connection": {"from": "prod.app", "to": "prod.web"}}),
    );
    assert!(
        matches!(error, Err(SessionError::NotWatched(_))),
        "nothing is known of `app`: {error:?}"
    );
    assert_eq!((saved(&mut session), fingerprint(&mut session)), before);
    let found = connection(&mut session, "prod.web", "prod.web");
    assert_eq!(found.watched.len(), 2, "each unit to each other");
    for watched in &found.watched {
        let first = watched.first_attempt.expect("it is tried");
        let start = session.deployment().start;
        assert!(first.since(start) < Span::from_secs(3_600), "{first}");
    }
    assert!(saved(&mut session).contains("\"from\": \"prod.web\""));
}

#[test]
fn what_is_deployed_later_changes_nothing_of_the_past() {
    let mut session = ca_and_ingress();
    done(
        &mut session,
        json!({"add-model": {"model": "clients", "cloud": "machine"}}),
    );
    deploy(
        &mut session,
        "clients",
        "self-signed-certificates",
        "other",
        2,
    );
    done(
        &mut session,
        json!({"offer": {"model": "prod", "application": "ca", "endpoints": ["send-ca-cert"]}}),
    );
    advance(&mut session, "10m");
    // Into the first model, before those of the second.
    deploy(&mut session, "prod", "traefik-k8s", "late", 1);
    integrate(
        &mut session,
        "prod",
        ["late:certificates", "ca:certificates"],
    );
    done(
        &mut session,
        json!({"consume": {"model": "clients", "offer": "prod.ca", "name": "remote"}}),
    );
    done(&mut session, json!({"settle": {"within": "1h"}}));
    let status = match ask(
        &mut session,
        json!({"show-unit": {"model": "prod", "unit": "late/0"}}),
    ) {
        Ok(Answer::Juju(status)) => status,
        other => panic!("{other:?}"),
    };
    assert_eq!(status["late/0"]["leader"], true);
    let mut again = Session::open(&saved(&mut session), machine()).expect("it was saved");
    assert_eq!(fingerprint(&mut again), fingerprint(&mut session));
}

/// What `juju config APP --format json` prints: `describe` of juju/juju 3.6 `apiserver/facades/client/application/get.go`.
#[test]
fn options_are_told_with_what_they_are_set_to() {
    let mut session = ca_and_ingress();
    let set = json!({"ca-common-name": "another", "certificate-validity": "90d"});
    let config = json!({"config": {"model": "prod", "application": "ca", "options": set}});
    done(&mut session, config);
    advance(&mut session, "1h");
    let told = juju(
        &mut session,
        json!({"show-config": {"model": "prod", "application": "ca"}}),
    );
    assert_eq!(told["charm"], "self-signed-certificates");
    let default = "self-signed-certificates-operator";
    let common_name =
        json!({"type": "string", "source": "user", "value": "another", "default": default});
    assert_eq!(told["settings"]["ca-common-name"], common_name);
    // What is set to its default counts as not set.
    let validity = json!({"type": "string", "source": "default", "value": "90d", "default": "90d"});
    assert_eq!(told["settings"]["certificate-validity"], validity);
}

/// An application that was removed is in no status once its units are gone.
#[test]
fn a_removed_application_is_in_no_status() {
    let mut session = ca_and_ingress();
    advance(&mut session, "1h");
    let command = json!({"remove-application": {"model": "prod", "application": "web"}});
    done(&mut session, command);
    let status = json!({"status": {"model": "prod"}});
    let told = juju(&mut session, status.clone());
    assert_eq!(told["applications"]["web"]["life"], "dying");
    advance(&mut session, "10m");
    let told = juju(&mut session, status);
    let left: Vec<&String> = told["applications"]
        .as_object()
        .expect("a map")
        .keys()
        .collect();
    assert_eq!(left, ["ca"]);
}

#[test]
fn what_cannot_be_carried_out_changes_nothing() {
    let mut session = ca_and_ingress();
    let requests = [
        json!({"deploy": {"model": "pord", "charm": "traefik-k8s"}}),
        json!({"deploy": {"model": "prod"}}),
        json!({"deploy": {"model": "prod", "charm": "traefik-k8s", "application": "web"}}),
        json!({"deploy": {"model": "prod", "charm": "traefik-k8s", "application": "Not_A_Name"}}),
        json!({"add-model": {"model": "prod"}}),
        json!({"integrate": {"model": "prod", "sides": ["web:certificates", "web:certificates"]}}),
        json!({"config": {"model": "prod", "application": "wbe", "options": {}}}),
        json!({"config": {"model": "prod", "application": "ca", "options": {"no-such-option": 1}}}),
        json!({"run": {"model": "prod", "unit": "ca/leader", "action": "no-such-action"}}),
        json!({"run": {"model": "prod", "unit": "ca/7", "action": "rotate-private-key"}}),
        json!({"add-unit": {"model": "prod", "application": "web", "count": u32::MAX}}),
        json!({"remove-unit": {"model": "prod", "unit": "gone/0"}}),
        json!({"remove-relation": {"model": "prod", "sides": ["web:ingress", "ca:certificates"]}}),
        json!({"remove-application": {"model": "prod", "application": "gone"}}),
        json!({"show-config": {"model": "prod", "application": "gone"}}),
        json!({"show-model": {"model": "gone"}}),
        json!({"model-config": {"model": "prod", "config": {"no-such-key": "1m"}}}),
        json!({"fault": {"what": {"no-such-kind": {}}}}),
        json!({"fault": {"what": {"at": "1d", "kill-unit": {"unit": "prod.web/0"}}}}),
        json!({"fault": {"what": {"random": {"count": 3}}}}),
        json!({"consume": {"model": "prod", "offer": "other.nothing"}}),
        json!({"connect": {"connection": {"from": "nowhere", "to": "prod.web"}}}),
        json!({"advance": {"by": "0s"}}),
        json!({"advance": {"by": "-1d"}}),
        json!({"advance": {"by": "30y"}}),
        json!({"advance": {"by": "100000d"}}),
        json!({"status": {"model": "clients"}}),
        json!({"show-unit": {"model": "prod", "unit": "web/9"}}),
    ];
    for started in [false, true] {
        if started {
            advance(&mut session, "1h");
        }
        let before = (
            saved(&mut session),
            session.now(),
            fingerprint(&mut session),
        );
        for request in &requests {
            let error = ask(&mut session, request.clone());
            assert!(error.is_err(), "{request}: {error:?}");
            let after = (
                saved(&mut session),
                session.now(),
                fingerprint(&mut session),
            );
            assert_eq!(after, before, "{request}");
        }
    }
}

#[test]
fn a_command_that_juju_refuses_when_it_is_given_is_told_so() {
    let mut session = ca_and_ingress();
    advance(&mut session, "1h");
    done(
        &mut session,
        json!({"fault": {"what": {"controller-down": {"for": "1h"}}}}),
    );
    let error = ask(
        &mut session,
        json!({"run": {"model": "prod", "unit": "ca/leader", "action": "rotate-private-key"}}),
    );
    assert!(matches!(error, Err(SessionError::Refused(_))), "{error:?}");
    // It is back when the fault has ended.
    advance(&mut session, "2h");
    let ran = ask(
        &mut session,
        json!({"run": {"model": "prod", "unit": "ca/leader", "action": "rotate-private-key"}}),
    );
    assert!(matches!(ran, Ok(Answer::Ran(_))), "{ran:?}");
}

#[test]
fn keys_that_a_request_does_not_have_are_refused() {
    for request in [
        json!({"deploy": {"model": "prod", "charm": "a", "unit": 3}}),
        json!({"advance": {"by": "1d", "to": "2d"}}),
        json!({"scenario": {"file": "a"}}),
        json!({"destroy-model": {"model": "prod"}}),
        json!({"advance": {"by": "1d"}, "status": {"model": "prod"}}),
        json!({"add-model": {"model": "prod", "cloud": "aws"}}),
        json!({}),
        json!([]),
    ] {
        let read = serde_json::from_value::<Request>(request.clone());
        assert!(read.is_err(), "{request}: {read:?}");
    }
}

#[test]
fn only_what_a_session_writes_is_opened() {
    for text in [
        "",
        "{}",
        r#"{"name": "session", "models": {}, "timings": {}}"#,
        r#"{"name": "session", "models": {"a": {"applications": {}, "from": "b.yaml"}}}"#,
    ] {
        let opened = Session::open(text, machine());
        assert!(
            matches!(opened, Err(SessionError::NoSession(_))),
            "{text}: {opened:?}"
        );
    }
    let opened = Session::open(r#"{"name": "session", "models": {}}"#, machine());
    assert!(opened.is_ok(), "{opened:?}");
    let longer = r#"{"name": "session", "models": {}, "duration": "7301d"}"#;
    let opened = Session::open(longer, machine());
    assert!(matches!(opened, Err(SessionError::Time(_))), "{opened:?}");
}

/// Commands that may come in any order; some of them are refused in some.
fn command() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(json!({"add-unit": {"model": "prod", "application": "web", "count": 1}})),
        Just(json!({"remove-unit": {"model": "prod", "unit": "web/0"}})),
        Just(json!({"remove-application": {"model": "prod", "application": "web"}})),
        Just(
            json!({"remove-relation": {"model": "prod", "sides": ["web:certificates", "ca:certificates"]}})
        ),
        Just(
            json!({"integrate": {"model": "prod", "sides": ["web:certificates", "ca:certificates"]}})
        ),
        Just(
            json!({"run": {"model": "prod", "unit": "ca/leader", "action": "rotate-private-key"}})
        ),
        Just(json!({"fault": {"what": {"kill-unit": {"unit": "prod.web/1", "for": "2h"}}}})),
        Just(
            json!({"fault": {"what": {"clock-skew": {"app": "prod.web", "by": "1h", "for": "5h"}}}})
        ),
        Just(
            json!({"config": {"model": "prod", "application": "ca", "options": {"ca-common-name": "another"}}})
        ),
        Just(json!({"deploy": {"model": "prod", "charm": "traefik-k8s", "application": "late"}})),
        Just(json!({"connection": {"from": "prod.web", "to": "prod.web"}})),
        (1_u32..40).prop_map(|hours| json!({"advance": {"by": format!("{hours}h")}})),
        Just(json!({"advance": {"by": "1s"}})),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_session_is_the_scenario_that_it_saves(commands in prop::collection::vec(command(), 1..8)) {
        let mut session = ca_and_ingress();
        for command in &commands {
            match ask(&mut session, command.clone()) {
                Ok(_) | Err(SessionError::Unsound(_) | SessionError::Refused(_) | SessionError::Name(_)
                    | SessionError::TooEarly(_) | SessionError::NotEnded) => {}
                Err(error) => return Err(TestCaseError::fail(format!("{command}: {error:?}"))),
            }
        }
        let mut again = Session::open(&saved(&mut session), machine()).expect("it was saved");
        prop_assert_eq!(fingerprint(&mut again), fingerprint(&mut session));
        let status = json!({"status": {"model": "prod"}});
        let [first, second] = [&mut session, &mut again].map(|one| match ask(one, status.clone()) {
            Ok(Answer::Juju(status)) => status,
            other => panic!("{other:?}"),
        });
        prop_assert_eq!(first, second);
    }
}
