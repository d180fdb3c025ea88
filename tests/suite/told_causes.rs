//! Causes that were told and that the journal of their own run refuted: a removed relation was told as a workload that
//! "was not given" the certificate which it had served for a month, a wait that ended was blamed for what came after it,
//! and the two CAs of a Vault were taken for one that was rotated.

use trustsim::diagnosis::{
    Cause, CertificateCause, Findings, NotLoadedReason, NotRequestedReason, OpenReason, Performed,
    part_at,
};
use trustsim::kernel::Span;
use trustsim::model::Kind;
use trustsim::report::terminal::Detail;
use trustsim::report::words;
use trustsim::world::{Deployment, Record};

use crate::common::best_commands;

fn played(text: &str) -> (Deployment, Record, Findings) {
    crate::common::diagnosed(crate::common::deployed(text))
}

fn server(charm: &str, scale: u32) -> String {
    format!(
        "
duration: 40d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, scale: 1}}
      api: {{charm: {charm}, scale: {scale}}}
      app: {{charm: kratos, scale: 1}}
    relations:
      - [api:certificates, ca:certificates]
      - [app:receive-ca-cert, ca:send-ca-cert]
connections:
  - {{from: m.app, to: m.api, every: 1m}}
faults:
  - {{at: 30d, remove-relation: {{between: [api:certificates, ca:certificates]}}}}
"
    )
}

/// canonical/traefik-k8s-operator, canonical/mongodb-operator, canonical/postgresql-k8s-operator and
/// canonical/istio-ingress-k8s-operator take the certificate away in relation-broken, and canonical/prometheus-k8s-operator
/// 432c227 (`_update_cert`) and canonical/kyuubi-k8s-operator efe1c88 (`_on_certificates_broken`) too.
#[test]
fn a_server_whose_relation_was_removed_is_told_so_and_related_again() {
    let charms = [
        "traefik-k8s",
        "traefik-k8s, revision: 249",
        "postgresql-k8s, channel: 14/stable",
        "mongodb-k8s",
        "istio-ingress-k8s, load-balancer: {address: 10.1.2.3}",
        "prometheus-k8s",
        "kyuubi-k8s",
    ];
    for charm in charms {
        for scale in [1, 3] {
            let (deployment, record, findings) = played(&server(charm, scale));
            assert_eq!(findings.outages.len(), scale as usize, "{charm}");
            for (_, explanation) in findings.explained() {
                let line = words::cause::line(&explanation.cause.what);
                assert!(
                    matches!(
                        explanation.cause.what.innermost(),
                        Cause::Certificate(CertificateCause::CertificatesRelationRemoved { .. })
                    ),
                    "{charm}, {scale} units: {line}"
                );
            }
            let commands = best_commands((deployment, record, findings), 0, 4);
            assert_eq!(
                commands,
                ["juju integrate -m m ca:certificates api:certificates"],
                "{charm}"
            );
        }
    }
}

const SEVERAL: &str = "
duration: 120d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, scale: 1}
      ca2: {charm: self-signed-certificates, scale: 1}
      db: {charm: postgresql-k8s, channel: 14/stable, scale: 2}
      mg: {charm: mongodb-k8s, scale: 2}
    relations:
      - [db:certificates, ca:certificates]
      - [mg:certificates, ca:certificates]
clients: {browser: {trusts: [m.ca, m.ca2]}}
connections:
  - {from: browser, to: m.db}
  - {from: browser, to: m.mg}
faults:
  - {at: 30d, remove-relation: {between: [db:certificates, ca:certificates]}}
  - {at: 31d, integrate: {between: [db:certificates, ca2:certificates]}}
  - {at: 50d, remove-relation: {between: [mg:certificates, ca:certificates]}}
";

#[test]
fn what_stays_is_the_removal_that_did_it_and_no_other() {
    let (_, _, findings) = played(SEVERAL);
    let open: Vec<String> = findings
        .open_outages
        .iter()
        .map(|open| match &open.why {
            Some(OpenReason::NotUndone {
                action: Performed { command, .. },
                ..
            }) => command.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    let own = "juju remove-relation -m m ca:certificates mg:certificates";
    assert_eq!(open, [own, own]);
    assert_eq!(findings.outages.len(), 4, "and two of db that ended");
}

/// The wait was over after two days, and since then the Vault refuses the name.
const REFUSED_LATER: &str = "
duration: 100d
models:
  m:
    bundle: kubernetes
    applications:
      vk: {charm: vault-k8s, scale: 1, options: {pki_ca_common_name: m.svc.cluster.local}}
      w: {charm: traefik-k8s, scale: 1}
    relations:
      - [w:certificates, vk:vault-pki]
clients: {browser: {trusts: [m.vk]}}
connections:
  - {from: browser, to: m.w}
operators:
  slow: {answers: [m.vk], delay: {exactly: 2d}}
faults:
  - {at: 30d, seal: {app: m.vk}}
  - {at: 31d, kill-unit: {unit: m.w/0}}
  - {at: 40d, remove-relation: {between: [w:certificates, vk:vault-pki]}}
  - {at: 41d, integrate: {between: [w:certificates, vk:vault-pki]}}
";

#[test]
fn a_wait_that_ended_is_not_blamed_for_what_came_after_it() {
    let (deployment, record, findings) = played(REFUSED_LATER);
    let end = record.manifest.end();
    let last = findings
        .outages
        .iter()
        .rposition(|outage| outage.until.is_none());
    let last = last.expect("it fails to the end");
    let part = part_at(&findings.parts[last], end);
    let line = words::cause::line(&part.explanation.cause.what);
    let waits: Vec<String> = findings.parts[last]
        .iter()
        .map(|part| {
            let since = part.from.since(deployment.start);
            format!(
                "{since:?}: {}",
                words::cause::line(&part.explanation.cause.what)
            )
        })
        .collect();
    assert!(
        line.starts_with("m.vk refused m.w/0 a certificate"),
        "{line}\n{waits:#?}"
    );
    assert!(
        part.from.since(deployment.start) < Span::from_secs(44 * 86_400),
        "{waits:#?}"
    );
}

/// canonical/vault-k8s-operator `send_ca_cert`: the CA of Vault's own API is another one than that of its PKI.
const TWO_CAS: &str = "
duration: 10d
models:
  m:
    bundle: kubernetes
    applications:
      vk: {charm: vault-k8s, scale: 1, options: {pki_ca_common_name: m.svc.cluster.local, pki_allow_any_name: true}}
      w: {charm: traefik-k8s, scale: 1}
      app: {charm: kratos, scale: 1}
    relations:
      - [w:certificates, vk:vault-pki]
      - [app:receive-ca-cert, vk:send-ca-cert]
clients: {browser: {trusts: [m.vk]}}
connections:
  - {from: browser, to: m.vk}
  - {from: browser, to: m.w}
  - {from: m.app, to: m.vk}
  - {from: m.app, to: m.w}
operators:
  op: {answers: [m.vk], delay: {exactly: 10m}}
";

#[test]
fn the_two_cas_of_a_vault_are_told_apart() {
    let (_, record, findings) = played(TWO_CAS);
    let told: Vec<String> = findings
        .explained()
        .map(|(outage, explanation)| {
            let connection = &record.manifest.connections[outage.connection as usize];
            let line = words::cause::line(&explanation.cause.what);
            format!("{}: {line}", connection.name)
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

fn ingress(certificates: &str, fault: &str) -> String {
    format!(
        "
duration: 10d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, scale: 1, options: {{certificate-validity: {certificates}}}}}
      api: {{charm: traefik-k8s, scale: 2}}
      web: {{charm: catalogue-k8s, scale: 1}}
    relations:
      - [api:certificates, ca:certificates]
      - [web:certificates, ca:certificates]
clients: {{browser: {{trusts: [m.ca], refresh: 1h}}}}
connections:
  - {{from: browser, to: m.api, every: 1m}}
  - {{from: m.api, to: m.web, every: 1m}}
faults:
  - {{at: 1d, {fault}}}
"
    )
}

/// The leading unit of an application.
fn leader(record: &Record, application: &str) -> String {
    let entries = record.journal.entries().iter();
    let elected = entries.filter(|entry| matches!(entry.kind, Kind::LeaderElected));
    let mut own = elected.filter_map(|entry| entry.subject.address());
    let unit = own.find(|unit| unit.application() == application);
    unit.expect("a unit leads").to_string()
}

/// canonical/traefik-k8s-operator `src/charm.py`, `_on_cert_changed` of relation-broken: the unit that leads clears the
/// application's databag, also when it is removed itself.
#[test]
fn the_unit_that_leads_takes_the_certificate_of_all_away_when_it_is_removed() {
    let (_, record, _) = played(&ingress("60d", "stop: {app: m.web, for: 1s}"));
    let leading = leader(&record, "m.api");
    let (_, record, findings) = played(&ingress(
        "60d",
        &format!("remove-unit: {{unit: {leading}}}"),
    ));
    let mut told = 0;
    for (index, (outage, explanation)) in findings.explained().enumerate() {
        let connection = &record.manifest.connections[outage.connection as usize];
        if connection.server.application() != "m.api" || connection.server.as_str() == leading {
            continue;
        }
        let line = words::cause::line(&explanation.cause.what);
        let Cause::Certificate(CertificateCause::TakenAway { unit, hook, by, .. }) =
            &explanation.cause.what
        else {
            panic!("{line}");
        };
        assert_eq!(unit.as_str(), leading, "{line}");
        assert!(hook.is_relation_broken() && by.is_some(), "{line}");
        assert!(line.contains("juju remove-unit -m m api"), "{line}");
        let stays = findings
            .open_outages
            .iter()
            .find(|open| open.outage == index);
        assert!(
            matches!(
                stays.expect("it stays").why,
                Some(OpenReason::NoCertificateComes { .. })
            ),
            "{line}"
        );
        told += 1;
    }
    assert_eq!(told, 1, "of the unit that is left");
}

/// canonical/tls-certificates-interface `lib/charms/tls_certificates_interface/v4/tls_certificates.py` 2178: the secret
/// that tells of a certificate's end is the unit's, also where the application asks as one.
#[test]
fn a_certificate_is_not_renewed_once_another_unit_leads() {
    let (_, _, findings) = played(&ingress("4d", "lose-leader: {app: m.api}"));
    let told: Vec<String> = findings
        .explained()
        .filter_map(
            |(_, explanation)| match explanation.cause.what.innermost() {
                Cause::Certificate(CertificateCause::NeverRequested {
                    why: NotRequestedReason::LeaderChanged { by: Some(_), .. },
                    ..
                }) => Some(words::cause::line(&explanation.cause.what)),
                _ => None,
            },
        )
        .collect();
    assert_eq!(told.len(), 2, "both units present it: {told:?}");
}

/// Traefik has the CA of its provider beside its own certificate, and had it over `receive-ca-cert` too, which went
/// before and cost it nothing.
#[test]
fn a_ca_that_came_beside_a_certificate_goes_with_it() {
    let removed = "remove-relation: {between: [api:certificates, ca:certificates]}";
    let relation = "[web:certificates, ca:certificates]";
    let transfer = "[api:receive-ca-cert, ca:send-ca-cert]";
    let text = ingress("60d", removed)
        .replace(relation, &format!("{relation}\n      - {transfer}"))
        .replace(
            "faults:\n",
            &format!("faults:\n  - {{at: 12h, remove-relation: {{between: {transfer}}}}}\n"),
        );
    let (deployment, record, findings) = played(&text);
    let mut told = 0;
    for (outage, explanation) in findings.explained() {
        let connection = &record.manifest.connections[outage.connection as usize];
        if connection.client.application() != "m.api" {
            continue;
        }
        let line = words::cause::line(&explanation.cause.what);
        let day = Span::from_secs(86_400);
        assert!(deployment.start + day <= outage.from, "{line}");
        assert!(
            line.contains("juju remove-relation -m m ca:certificates api:certificates"),
            "{line}"
        );
        told += 1;
    }
    assert_eq!(told, 2, "both units of traefik lose it");
}

/// What fails under the wrong name from the start and loses its certificate after ten days.
const WRONG_THEN_REMOVED: &str = "
duration: 150d
models:
  m:
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, num_units: 1}
      x: {charm: haproxy, num_units: 2}
    relations:
      - [x:certificates, ca:certificates]
clients: {c: {trusts: [m.ca]}}
connections:
  - {from: c, to: m.x, every: 1m}
faults:
  - {at: 10d, remove-relation: {between: [x:certificates, ca:certificates]}}
charms: {haproxy: {requires: {certificates: {interface: tls-certificates, unnamed: own-name}}}}
";

/// The removal of a relation on day 10 was told over an outage that began on day 0, and its row in `outages.csv` had the
/// error of the first days beside it.
#[test]
fn a_cause_is_told_from_when_it_is_to_blame() {
    let (_, record, findings) = played(WRONG_THEN_REMOVED);
    let run = trustsim::report::Run {
        manifest: &record.manifest,
        journal: &record.journal,
        findings: &findings,
        provenance: None,
    };
    let text = trustsim::report::terminal::terminal(&run, Detail::Normal);
    let text = anstream::adapter::strip_str(&text).to_string();
    let failing = text.lines().find(|line| line.contains("= failing"));
    let failing = failing.expect("a block is told");
    assert!(
        failing.contains("to the end: 149d23h, 215 999 failed attempts, 139d23h of it for this cause from 2026-01-11T"),
        "{failing}"
    );
    let summary = trustsim::report::summary(&run);
    let outage = &summary["outages"][0];
    assert_eq!(outage["error"], "no-certificate", "{outage}");
    let from = outage["cause_from"].as_str().expect("an instant");
    assert!(from.starts_with("2026-01-11T"), "{from}");
    // Of an outage that has one cause nothing is added.
    let (_, record, whole) = played(&server("traefik-k8s", 1));
    let end = record.manifest.end();
    let told = whole.told_for(0, end);
    assert_eq!(told, (whole.outages[0].from, whole.outages[0].length(end)));
}

/// A loki whose hook fails, and a CA that does not scale, beside outages that have to do with neither.
const STRANGERS: &str = "
duration: 60d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
      other: {charm: self-signed-certificates, channel: 1/stable, scale: 2}
      t: {charm: traefik-k8s, channel: latest/stable, scale: 1}
      graf: {charm: grafana-k8s, channel: 2/stable, scale: 1}
      loki: {charm: loki-k8s, channel: 2/stable, scale: 1}
    relations:
      - [graf:certificates, ca:certificates]
      - [loki:certificates, ca:certificates]
      - [t:certificates, other:certificates]
      - [graf:ingress, t:traefik-route]
connections:
  - {from: m.t, to: m.graf}
  - {from: b, to: m.loki}
clients: {b: {trusts: [m.ca], refresh: 1d}}
faults:
  - {at: 20d, fail-hook: {app: m.loki, hook: config-changed}}
  - {at: 20d, set-config: {app: m.loki, options: {cpu: '2'}}}
";

/// What keeps an outage open is a unit that has to do with it, and of what was done to a server's TLS that which did it.
#[test]
fn what_stays_is_no_stranger() {
    let stays = |text: &str| {
        let (_, _, findings) = played(text);
        let open = findings.open_outages.first().expect("it stays");
        open.why.clone().map(|why| words::open_outage::clause(&why))
    };
    let trust = stays(STRANGERS).expect("a relation is missing");
    assert!(
        !trust.contains("loki") && !trust.contains("other"),
        "{trust}"
    );
    // Another unit of the server is none of its business.
    let scaled = STRANGERS.replace(
        "graf: {charm: grafana-k8s, channel: 2/stable, scale: 1}",
        "graf: {charm: grafana-k8s, channel: 2/stable, scale: 2}",
    );
    let failing = stays(&format!(
        "{scaled}  - {{at: 21d, fail-hook: {{unit: m.graf/1, hook: config-changed}}}}\n  \
         - {{at: 21d, set-config: {{app: m.graf, options: {{cpu: '2'}}}}}}\n"
    ));
    let failing = failing.expect("a relation is missing");
    assert!(!failing.contains("m.graf/1"), "{failing}");
    let hung_up = stays(&format!(
        "{STRANGERS}  - {{at: 10d, hang-up: {{app: m.graf, for: 60d}}}}\n"
    ));
    let hung_up = hung_up.expect("nothing undoes it");
    assert!(
        hung_up.contains("m.graf closes connections at once"),
        "{hung_up}"
    );
}

/// canonical/kafka-operator 3c25f095 `_tls_relation_broken`: each of two relations takes its own stores away, and units go
/// on among themselves without `peer-certificates`.
#[test]
fn of_two_relations_that_were_removed_the_one_whose_certificate_is_wanted_is_told() {
    let text = |removed: &[&str]| {
        let removed = removed.iter().map(|endpoint| {
            format!(
                "  - {{at: 10d, remove-relation: {{between: [x:{endpoint}, ca:certificates]}}}}\n"
            )
        });
        format!(
            "
duration: 40d
models:
  m:
    applications:
      ca: {{charm: self-signed-certificates, channel: 1/stable, num_units: 1}}
      x: {{charm: kafka, num_units: 1}}
    relations: [[x:certificates, ca:certificates], [x:peer-certificates, ca:certificates]]
clients: {{c: {{trusts: [m.ca]}}}}
connections: [{{from: c, to: m.x}}]
faults:
{}",
            removed.collect::<String>()
        )
    };
    for removed in [
        &["certificates"][..],
        &["certificates", "peer-certificates"],
        &["peer-certificates", "certificates"],
    ] {
        let (_, _, findings) = played(&text(removed));
        let (_, explanation) = findings.explained().next().expect("an outage");
        let Cause::Certificate(CertificateCause::CertificatesRelationRemoved {
            by: Some(by), ..
        }) = explanation.cause.what.innermost()
        else {
            panic!("{removed:?}: {:?}", explanation.cause.what);
        };
        let command = by.command.to_string();
        assert!(command.ends_with(" x:certificates"), "{command}");
    }
    assert!(played(&text(&["peer-certificates"])).2.outages.is_empty());
}

/// A rotation reaches the ingress in the middle of the hook in which catalogue-k8s writes its new certificate, with some
/// seeds: what was so in that second was told for a month.
#[test]
fn a_hook_that_ran_later_is_not_told_as_one_that_did_not() {
    let text = "
duration: 60d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
      web: {charm: alertmanager-k8s, channel: dev/edge, scale: 1}
      cat: {charm: catalogue-k8s, channel: dev/edge, scale: 1}
      traefik: {charm: traefik-k8s, channel: latest/edge, scale: 1}
    relations:
      - [web:certificates, ca:certificates]
      - [cat:certificates, ca:certificates]
      - [traefik:ingress, web:ingress]
      - [traefik:ingress, cat:ingress]
      - [traefik:receive-ca-cert, ca:send-ca-cert]
connections: {derived: true}
faults:
  - {at: 25d, rotate-ca: {app: m.ca}}
";
    let mut read_at_start = 0;
    for seed in 1..=8 {
        let mut deployment = crate::common::deployed(text);
        deployment.seed = seed;
        let (_, record, findings) = crate::common::diagnosed(deployment);
        for (outage, explanation) in findings.explained() {
            let Cause::Certificate(CertificateCause::NotLoaded { why, .. }) =
                explanation.cause.what.innermost()
            else {
                continue;
            };
            let is_long = outage.length(record.manifest.end()) > Span::from_secs(3_600);
            assert!(
                !is_long || *why != NotLoadedReason::Unheard,
                "{seed}: {explanation:?}"
            );
            read_at_start += usize::from(matches!(why, NotLoadedReason::ReadAtStart(_)));
        }
    }
    assert!(read_at_start > 0);
}

/// `cert_handler` 1.6 keeps its key in a secret that is labelled by the relation, and 1.13 in `cert-handler-private-vault`: a
/// version that looks there finds none when it next hears of its relation, and writes another beside the certificate that it
/// has (canonical/observability-libs `lib/charms/observability_libs/v1/cert_handler.py`). What was done last to the network
/// was told in its place.
#[test]
fn a_key_that_a_refresh_does_not_find_is_put_down_to_the_refresh() {
    let text = "
duration: 6d
models:
  m:
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, num_units: 1}
      app: {charm: glauth-k8s, revision: 14, num_units: 1}
    relations:
      - [app:certificates, ca:certificates]
clients:
  browser: {trusts: [m.ca], refresh: 1h}
connections:
  - {from: browser, to: m.app/0, every: 30s}
faults:
  - {at: 29h, refresh: {app: m.app, revision: 43}}
  - {at: 50h, link: {between: [m, controller], hold: true, for: 1h}}
  - {at: 53h, add-units: {app: m.app, count: 1}}
";
    let (_, _, findings) = played(text);
    let mut told = findings
        .explained()
        .filter(|(outage, _)| outage.until.is_none());
    let (_, explanation) = told.next().expect("it is open at the end");
    let line = words::cause::line(&explanation.cause.what);
    let refresh = "after `juju refresh -m m app --revision 43`";
    assert!(
        line.contains("does not find the key where its version before kept it")
            && line.contains(refresh),
        "{line}"
    );
}

/// One process of two has the CA: it is not the workload alone that is given it.
#[test]
fn of_several_processes_the_one_without_the_ca_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "name: proc\nduration: 2d\nmodels:\n  m:\n    bundle: kubernetes\n    applications:\n      \
                ca: {charm: self-signed-certificates, scale: 1}\n      ca2: {charm: self-signed-certificates, scale: 1}\n      \
                web: {charm: srv, scale: 1}\n      cli: {charm: cli, scale: 1}\n    relations:\n      \
                - [web:certificates, ca:certificates]\n      - [cli:a, ca:send-ca-cert]\n      - [cli:b, ca2:send-ca-cert]\n\
                charms:\n  srv: {requires: {certificates: {interface: tls-certificates}}}\n  cli:\n    \
                requires: {a: {interface: certificate_transfer}, b: {interface: certificate_transfer}}\n    \
                processes: {charm: {trusts: [a]}, sidecar: {trusts: [b]}}\nconnections:\n  \
                - {from: m.cli, process: charm, to: m.web}\n  - {from: m.cli, process: sidecar, to: m.web}\n";
    std::fs::write(folder.path().join("proc.yaml"), text).expect("written");
    let output = crate::common::trustsim(folder.path(), &["run", "proc.yaml"]);
    let said = String::from_utf8_lossy(&output.stdout);
    let told = "m.cli/0 (sidecar) does not have the CA of m.ca: it comes over m.cli:a, and the charm does not give it to that process";
    assert!(said.contains(told), "{said}");
    assert!(!said.contains("workload only"), "{said}");
}
