//! Inputs with something wrong: each is told with its file and place.

use super::{from_files, from_texts, notes};
use trustsim::scenario::MemoryFiles;

const STATUS: &str = r#"{
  "model": {"name": "m", "type": "caas", "controller": "c", "version": "3.6.1"},
  "machines": {},
  "applications": {
    "web": {"charm": "web", "charm-name": "web", "charm-rev": 3, "charm-channel": "1/stable", "scale": 2,
            "relations": {"db": [{"related-application": "pg", "interface": "postgresql_client", "scope": "global"}]}},
    "pg": {"charm": "pg", "charm-name": "pg", "charm-rev": 7, "scale": 1,
           "relations": {"database": [{"related-application": "web", "interface": "postgresql_client", "scope": "global"}]}}
  }
}
"#;

#[test]
fn a_truncated_dump_says_where_it_ends() {
    let half = &STATUS[..STATUS.len() / 2];
    let made = from_texts([("d/status.json", half)], &["d/status.json"]);
    let said = notes(&made);
    assert!(
        made.is_err() && said.contains("TS0105") && said.contains("d/status.json:"),
        "{said}"
    );
    assert!(said.contains("cut off"), "{said}");
    assert!(
        said.contains("it begins as juju status of the model `"),
        "{said}"
    );
}

/// `juju status --format json >> all.json` for one model after the other.
#[test]
fn objects_one_after_the_other_are_documents_of_one_file() {
    let model = |name: &str| {
        format!(
            r#"{{"model": {{"name": "{name}", "type": "caas", "controller": "c", "version": "3.6.4"}}, "applications": {{
            "ca": {{"charm-name": "self-signed-certificates", "charm-rev": 309, "scale": 1}}}}}}"#
        )
    };
    let text = format!("{}\n{}\n", model("one"), model("two"));
    let made = from_texts([("all.json", text.as_str())], &["all.json"]);
    let said = notes(&made);
    let imported = made.unwrap_or_else(|_| panic!("{said}"));
    let models = imported.loaded.deployment.models.iter();
    let names: Vec<&str> = models.map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
}

/// Wherever a dump is cut off: the line that is shown below the message has no secret.
#[test]
fn no_beginning_of_a_dump_shows_what_is_secret() {
    let unit = r#"{"web/0": {"opened-ports": [], "charm": "ch:amd64/web-4", "leader": true, "relation-info": [{"relation-id": 3,
 "endpoint": "database", "related-endpoint": "database", "application-data": {"endpoints": "10.1.2.3:5432",
 "password": "hunter2-hunter2", "tls-key": "-----BEGIN PRIVATE KEY-----\nMIIEvgIBADAN\n-----END PRIVATE KEY-----"}}]}}"#;
    for end in (1..unit.len()).filter(|end| unit.is_char_boundary(*end)) {
        let made = from_texts([("u.json", &unit[..end])], &["u.json"]);
        let said = notes(&made);
        for secret in ["hunt", "MIIE"] {
            assert!(!said.contains(secret), "{end}: {said}");
        }
    }
}

#[test]
fn a_status_that_is_given_twice_is_the_same() {
    let once = from_texts([("a.json", STATUS)], &["a.json"]).expect("imported");
    let twice = from_texts(
        [("a.json", STATUS), ("b.json", STATUS)],
        &["a.json", "b.json"],
    )
    .expect("imported");
    assert_eq!(
        super::contents(&once.loaded.deployment),
        super::contents(&twice.loaded.deployment)
    );
    assert!(!notes(&Ok(twice)).contains("TS0116"));
}

#[test]
fn two_inputs_that_differ_are_told_with_both_places() {
    let bundle = "bundle: kubernetes\napplications:\n  web: {charm: web, revision: 4, scale: 2, channel: 1/stable}\n  \
                  pg: {charm: pg, scale: 1}\n  gone: {charm: gone}\nrelations:\n  - [web:db, pg:database]\n  - [web:x, pg:y]\n";
    let files = [("status.json", STATUS), ("bundle.yaml", bundle)];
    let made = from_texts(files, &["status.json", "bundle.yaml"]);
    insta::assert_snapshot!(notes(&made));
}

#[test]
fn two_status_of_a_model_differ_in_where_it_runs() {
    let machines = STATUS.replace("caas", "iaas");
    let files = [("a.json", STATUS), ("b.json", machines.as_str())];
    let said = notes(&from_texts(files, &["a.json", "b.json"]));
    let told = "two inputs differ in where the model runs: `Kubernetes` is taken";
    assert!(said.contains("TS0116") && said.contains(told), "{said}");
    assert!(said.contains("b.json:2"), "{said}");
}

#[test]
fn a_file_of_two_kinds_says_where_the_second_begins() {
    let mixed = format!("{STATUS}---\nbundle: kubernetes\napplications: {{a: {{charm: a}}}}\n");
    let said = notes(&from_texts([("m.yaml", mixed.as_str())], &["m.yaml"]));
    insta::assert_snapshot!(said);
}

#[test]
fn a_model_of_another_juju_is_told_as_what_it_is_played() {
    for (version, told) in [
        (
            "2.9.49",
            Some("runs Juju 2.9.49, which has no secrets, and is played as Juju 3.6"),
        ),
        ("3.5.0", None),
        ("4.0.0", Some("runs Juju 4.0.0, and is played as Juju 3.6")),
    ] {
        let status = STATUS.replace("3.6.1", version);
        let said = notes(&from_texts([("s.json", status.as_str())], &["s.json"]));
        assert_eq!(
            said.contains("is played as Juju 3.6"),
            told.is_some(),
            "{said}"
        );
        assert!(told.is_none_or(|told| said.contains(told)), "{said}");
        // Commands of Juju 2 differ: charmed-kubernetes/kubernetes-docs#756.
        let of_juju_2 = "`juju run` is `juju run-action --wait` there";
        assert_eq!(said.contains(of_juju_2), version.starts_with('2'), "{said}");
    }
}

#[test]
fn a_file_that_is_too_large_is_not_read_whole() {
    let mut files = MemoryFiles::default();
    files
        .0
        .insert("big.json".into(), vec![b' '; 100 * 1024 * 1024]);
    let said = notes(&from_files(&files, &["big.json"]));
    assert!(
        said.contains("TS0102")
            && said.contains("`big.json` is larger than 16 MiB, the most that is read")
            && said.contains("juju export-bundle"),
        "{said}"
    );
}

#[test]
fn what_is_no_dump_says_what_to_give() {
    let texts = [
        (
            "main.tf",
            "resource \"juju_model\" \"m\" {\n  name = \"m\"\n}\n",
        ),
        (
            "b.yaml.j2",
            "applications:\n{% if x %}\n  a: {charm: a}\n{% endif %}\n",
        ),
        ("s.yaml", "models: {m: {applications: {a: {charm: a}}}}\n"),
        ("x.json", "{\"a\": 1}"),
        (
            "terraform.tfstate",
            "{\"version\": 4, \"terraform_version\": \"1.9\", \"serial\": 1, \"lineage\": \"l\"}",
        ),
        (
            "two.yaml",
            "model: {name: m}\nmachines: {}\n---\napplications: {}\n",
        ),
        (
            "empty.json",
            "{\"model\": {\"name\": \"m\"}, \"machines\": {}, \"applications\": {}}",
        ),
        ("gone.json", ""),
    ];
    let said = texts.map(|(name, text)| notes(&from_texts([(name, text)], &[name])));
    insta::assert_snapshot!(said.join("\n---\n"));
}

/// Wherever a dump is cut off, it is told, and nothing breaks.
#[test]
fn every_beginning_of_a_dump_is_told() {
    for end in 0..STATUS.len() {
        let made = from_texts([("s.json", &STATUS[..end])], &["s.json"]);
        if end < STATUS.trim_end().len() {
            assert!(made.is_err(), "{end}: {}", notes(&made));
        }
        let error = notes(&made);
        assert!(made.is_ok() || error.contains("s.json"), "{end}: {error}");
    }
}

/// Whatever a key has in place of what Juju prints, it is told or left out.
#[test]
fn values_of_any_type_break_nothing() {
    let words = [
        "null",
        "[]",
        "{}",
        "\"x\"",
        "-1",
        "1.5",
        "true",
        "[[]]",
        "[null]",
        "{\"\": null}",
        "\"{\\u0000\"",
    ];
    let starts: Vec<usize> = STATUS.match_indices(": ").map(|(at, _)| at + 2).collect();
    for start in starts {
        let rest = &STATUS[start..];
        let end = start + rest.find([',', '}', '\n']).expect("an end");
        for word in words {
            let text = format!("{}{word}{}", &STATUS[..start], &STATUS[end..]);
            let made = from_texts([("s.json", text.as_str())], &["s.json"]);
            assert!(made.is_ok() || !notes(&made).is_empty(), "{text}");
        }
    }
}

/// 100 applications with 200 units and a relation between each two neighbours.
#[test]
fn a_large_status_is_imported_whole() {
    use std::fmt::Write as _;
    let mut text = String::from(
        "model: {name: big, type: caas, controller: c}\nmachines: {}\napplications:\n",
    );
    for number in 0..100 {
        let (before, after) = ((number + 99) % 100, (number + 1) % 100);
        writeln!(
            text,
            "  app{number}: {{charm: web, charm-name: web, charm-rev: 3, scale: 2, relations: {{up: [{{related-application: \
             app{before}, interface: web, scope: global}}], down: [{{related-application: app{after}, interface: web, \
             scope: global}}]}}}}"
        )
        .expect("it fits");
    }
    let made = from_texts([("s.yaml", text.as_str())], &["s.yaml"]);
    let imported = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
    assert_eq!(imported.loaded.deployment.applications.len(), 100);
    assert_eq!(imported.loaded.deployment.relations.len(), 100);
}

/// Logs are not parsed, and folders that go on for ever come to an end.
#[test]
fn a_folder_is_looked_into_up_to_a_bound() {
    let mut files = MemoryFiles::default();
    files.0.insert("dump/status.json".into(), STATUS.into());
    files.0.insert(
        "dump/logs/unit.log".into(),
        "2026-01-01: {[ broken\n".into(),
    );
    files
        .0
        .insert("dump/broken.yaml".into(), "model: {name: x\n".into());
    let deep = "dump/1/2/3/4/5/6/7/8/9/status.json";
    files.0.insert(
        deep.into(),
        STATUS
            .replace("\"name\": \"m\"", "\"name\": \"deep\"")
            .into(),
    );
    let made = from_files(&files, &["dump"]);
    let imported = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
    assert_eq!(imported.loaded.deployment.models.len(), 1);
    insta::assert_snapshot!(notes(&made));
}

/// Ten thousand files of a machine may be many GiB: what is read together has a bound.
#[test]
fn of_a_folder_so_many_bytes_are_read() {
    let mut files = MemoryFiles::default();
    let comment = format!("# applications {}\n", "x".repeat(15 * 1024 * 1024));
    for number in 0..10 {
        let name = format!("dump/{number}.txt");
        files.0.insert(name.into(), comment.clone().into());
    }
    files.0.insert("dump/zz/status.json".into(), STATUS.into());
    let said = notes(&from_files(&files, &["dump"]));
    assert!(
        said.contains("nothing was recognised") && said.contains("64 MiB"),
        "{said}"
    );
    files.0.insert("dump/0-status.json".into(), STATUS.into());
    let said = notes(&from_files(&files, &["dump"]));
    assert!(said.contains("64 MiB"), "{said}");
}

/// An overlay alone lacks the applications that it relates its own to: one warning tells of all, where each relation had
/// one of seven lines.
#[test]
fn relations_whose_applications_are_not_there_share_one_warning() {
    let overlay = "applications:\n  graf: {charm: grafana}\nrelations:\n  - [graf:a, worker:a]\n  - [graf:b, easyrsa:b]\n  \
                   - [worker:c, graf:c]\n";
    let made = from_texts([("overlay.yaml", overlay)], &["overlay.yaml"]);
    let said = notes(&made);
    assert!(
        said.contains(
            "3 relations are left out: no application `easyrsa`, `worker` in model `overlay`"
        ),
        "{said}"
    );
    assert_eq!(said.matches("left out").count(), 1, "{said}");
}

/// `juju show-unit` names applications that its unit is related to, and not their charms: they are not of one charm.
#[test]
fn applications_whose_charms_are_not_told_are_not_of_one_charm() {
    let unit = "graf/0:\n  charm: ch:amd64/grafana-k8s-1\n  leader: true\n  relation-info:\n  \
                - {relation-id: 1, endpoint: catalogue, related-endpoint: catalogue, application-data: {}, related-units: {cat/0: {in-scope: true, data: {}}}}\n  \
                - {relation-id: 2, endpoint: metrics-endpoint, related-endpoint: self-metrics-endpoint, application-data: {}, related-units: {prom/0: {in-scope: true, data: {}}}}\n";
    let made = from_texts([("unit.yaml", unit)], &["unit.yaml"]).expect("imported");
    let coverage = trustsim::model::Coverage::of(&made.loaded.deployment);
    assert_eq!(coverage.charms.total(), 3, "{}", made.text);
}

/// `overlays/offers-overlay.yaml` of canonical/cos-lite-bundle, given alone: what it lacks is its bundle. It was told to
/// become an overlay, too.
#[test]
fn an_overlay_without_its_bundle_is_not_told_to_become_one() {
    let overlay = "applications: {alertmanager: {offers: {alerting: {endpoints: [alerting]}}}}\n";
    let of_bundle = overlay.replace("{offers:", "{charm: alertmanager-k8s, offers:");
    let said = |text: &str| notes(&from_texts([("o.yaml", text)], &["o.yaml"]));
    let only_in_overlay = "can only appear in an overlay section";
    assert!(
        !said(overlay).contains(only_in_overlay),
        "{}",
        said(overlay)
    );
    assert!(said(overlay).contains("has no charm"), "{}", said(overlay));
    assert!(said(&of_bundle).contains(only_in_overlay));
}

/// Go's `encoding/json`, which Juju's clients use, takes the last of two equal keys.
#[test]
fn a_key_that_is_there_twice_is_told_and_the_last_counts() {
    let status = r#"{"model": {"name": "m", "type": "caas", "version": "3.6.1", "controller": "c"}, "applications": {
 "a": {"charm-name": "loki-k8s", "scale": 1},
 "a": {"charm-name": "grafana-k8s", "scale": 2, "scale": 1}}}"#;
    let made = from_texts([("s.json", status)], &["s.json"]);
    let said = notes(&made);
    let imported = made.unwrap_or_else(|_| panic!("{said}"));
    assert!(
        imported.text.contains("charm: grafana-k8s"),
        "{}",
        imported.text
    );
    assert!(imported.text.contains("scale: 1"), "{}", imported.text);
    assert!(
        said.contains("TS0108") && said.contains("`a` is given twice: the last counts"),
        "{said}"
    );
    assert!(
        said.contains("s.json:3:2") && said.contains("`scale` is given twice"),
        "{said}"
    );
}

/// One fact, one message.
#[test]
fn an_overlay_without_its_bundle_is_one_error() {
    let overlay = "applications:\n  a: {trust: true}\n  b: {offers: {b: {endpoints: [x]}}}\n  c: {scale: 2}\n";
    let made = from_texts([("o.yaml", overlay)], &["o.yaml"]);
    let said = notes(&made);
    let wrong = made.expect_err("nothing is deployed");
    assert_eq!(wrong.list.len(), 1, "{said}");
    assert!(
        said.contains(
            "error[TS0114]: `o` is an overlay without its bundle: `a` and 2 more have no charm"
        ) && said.contains("o.yaml:2:3"),
        "{said}"
    );
}

#[test]
fn an_application_that_one_of_two_statuses_lacks_is_told() {
    let less = STATUS
        .replace("\"web\": {\"charm\"", "\"other\": {\"charm\"")
        .replace("\"pg\": {\"charm\"", "\"web\": {\"charm\"");
    let said = notes(&from_texts(
        [("a.json", STATUS), ("b.json", less.as_str())],
        &["a.json", "b.json"],
    ));
    assert!(
        said.contains("TS0116")
            && said.contains("`pg` is in one status of the model and not in another: it is taken"),
        "{said}"
    );
    assert!(
        said.contains("`other` is not in the status of the model: it is left out"),
        "{said}"
    );
}
