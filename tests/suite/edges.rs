//! What follows from the relations of real bundles, and of the scenarios that we ship.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use trustsim::charms::catalogue;
use trustsim::edges::{Counts, Edges, Outcome, Unknown, derive};
use trustsim::model::{ApplicationIndex, Deployment, RelationIndex, RelationSpec};
use trustsim::report::words::edges as words;

use crate::common::deployed;
use crate::corpus::{corpus, resolved, scenarios};

const HEAD: &str = "# Edges of real bundles

Bundles, overlays, statuses and units of public repositories (`owner__repository__path`): what each of their relations ends
as, by the table of interfaces (`sim/edges/src/interfaces.yaml`) that `trustsim ask edges` goes by. A relation ends as TLS (one of
its edges is), as plain, as none (no side dials because of it), or as unknown. A test writes this page.

A relation with a model that is not given is unknown, too. A bundle names endpoints, not interfaces: these come from the
catalogue, from the other side of the relation, or from names that several charms give to endpoints of one interface. Where none of these tells it, it cannot be told which side
dials either, and the relation is unknown until the `charmcraft.yaml` of one of the two charms is given.

";

const DEFAULTS: &str = "
## What is made a connection

`connections: derived` makes connections of edges. Where nothing says otherwise they are attempted every 60s
(`connections: {derived: true, every: 30s}`), with the TLS stack of the client's workload, under the name by which the
server is really called, or the public name of the ingress where the client goes through one; each attempt is a connection
of its own. What is derived is what the deployment has at its start: a fault that adds a relation adds no connection.

Where databags were seen, what an application publishes decides instead of the table: `published` of the application has
the URLs of each endpoint, and `trustsim import` writes it from `juju show-unit`. If all of them are `https`, or all
`http`, the relation is TLS or plain, whatever certificates there are. A name that Juju or Kubernetes gives a unit is
dialled past any ingress; another name is that of the ingress in front of the application, where there is one, and else
the name under which the application itself is dialled. Only values that are a URL, or JSON with a `url`, are read, and
their paths are dropped.

A charm that was not read, or is not known to have the endpoint, and has a relation for certificates is taken to serve with
what it gets, and `ask edges` says that it may. Where nova-compute is told of Keystone and Neutron by nova-cloud-controller, it is these two that it dials.

Services that dial each other as a catalogue says have no relation with each other: those of OpenStack by the catalogue of
Keystone, and functions of a 5G core by the records of their NRF. Such an edge is derived where it was read which charm looks up
which (`catalogues` of the table), under the name of the public or the internal endpoint as the client is set, and follows from
the two relations by which the client is told of the catalogue and the service registers there. The functions of a core check no
certificate. What other clients find is not counted, and `ask edges` names them.

What no relation shows is derived where it is known of a charm: clients outside that come to an ingress, units of one
application among themselves (`units` of the table), and charms that dial the workload beside them over TLS (`workloads`):
those of Alertmanager, Grafana, Loki and Prometheus, of Vault, Notary, OpenSearch and charmed-etcd, and root of
kubernetes-control-plane. A charm has a trust store of its own (`processes` of its entry in the catalogue); it is taken to
connect at each update-status. Those without one in the catalogue are told and not played; of Grafana it is an action alone
that connects. Of charms that were not read no such edge is derived, and what is plain between a charm and its
workload, which never leaves the machine, is not told.

Clients outside that come to an ingress with a certificate are one client, `outside`, that dials its public name: it is taken to
trust the public roots, and to have been given the CA that signs for the ingress as it is at the beginning, and no other, so that a
rotation of that CA cuts it off until it is given the new one. That is assumed: every answer that rests on it says so, and what
follows from it alone is a warning that does not fail a run. A client that the scenario writes, `{from: browser, to: m.traefik}`,
takes its place.

`trustsim import --connections written` writes each as an entry of `connections` with what it follows from as its comment, and the
client outside among `clients`, so that one can be kept, changed or deleted: both forms play the same. `assumed: true` of such an
entry says that no code that was read says so.

`trustsim ask edges` tells the names that are dialled where they are known (of pods and services by Juju's and Kubernetes' rules, of
machines by the addresses that were given, and what an option or a URL says), and the ports: of the URL that is published, of the
interface, of an option, or of the charm that listens (`listeners` of the table).

`except: [{from: m.grafana, to: m.loki}]` leaves an edge out by its ends, `outside` among them; where the client goes through an
ingress, it leaves out the edges that are there for this relation alone.

Agents connect to their controller, and controllers to those whose offers their models consume, over TLS by a CA that Juju
made for itself and that no charm issues, renews or is given: the name is `juju-apiserver`, and the only root is that of
`agent.conf`, or that which came with the offer (juju/juju 3.6, `api/apiclient.go`). No certificate, CA or relation of a
deployment breaks it. `ask edges` tells these edges; they are counted nowhere and never played. What they would show, that a
controller's CA ends after ten years, is no question of a charm's.

Not made a connection, but counted by `trustsim check`: what is plain, to outside Juju, from outside to what has no public name
that is told, or at localhost; what has an end of whose charm nothing is known; what the client speaks without TLS to a server with it, which fails and is warned of
(TS0321); what it does not verify, or verifies by a setting of its own; what is dialled by the address of a pod; what has a
certificate from no relation; where the CA comes in the relation's databag alone, or a client certificate does; what a charm
dials whose trust is not played. A run would promise something there that it does not play.
";

/// Relations that cannot be told, by why.
#[derive(Default)]
struct Unknowns(BTreeMap<String, usize>);

impl Unknowns {
    fn add(&mut self, deployment: &Deployment, edges: &Edges) {
        if edges.absent > 0 {
            let why = "the other model is not given".to_owned();
            *self.0.entry(why).or_default() += edges.absent;
        }
        for (relation, outcome) in deployment.relations.iter().zip(&edges.outcomes) {
            if let Outcome::Unknown(unknown) = outcome {
                let why = match unknown {
                    Unknown::NoRow => format!("no row for the interface `{}`", relation.interface),
                    Unknown::Untold => "nothing tells which interface it is".to_owned(),
                    Unknown::OutsideUrl(row) => {
                        format!("`{}` goes to a URL that is not given", row.interfaces[0])
                    }
                    Unknown::IngressOption(row) => {
                        format!(
                            "an option decides on the ingress of `{}`",
                            row.interfaces[0]
                        )
                    }
                };
                *self.0.entry(why).or_default() += 1;
            }
        }
    }
}

/// Whether the charm of an application has a description that is not made of the input itself.
fn is_described(deployment: &Deployment, application: ApplicationIndex) -> bool {
    let charm = &deployment.applications[application].charm;
    charm.is_described() && catalogue().contains_key(&charm.name)
}

/// How many sides of a relation have a charm with a description.
fn sides_described(deployment: &Deployment, relation: &RelationSpec) -> usize {
    let sides = relation.sides.iter().filter(|side| {
        let application = deployment.application_of(side.party);
        application.is_some_and(|index| is_described(deployment, index))
    });
    sides.count()
}

/// Of relations with so many described sides at least: how many cannot be told, and how many there are.
#[derive(Clone, Copy, Default)]
struct Share {
    unknown: usize,
    all: usize,
}

impl Share {
    fn add(&mut self, sides: usize, deployment: &Deployment, edges: &Edges) {
        // Of the other side of a relation with a model that is not given, no charm is known.
        let absent = deployment
            .absent
            .iter()
            .filter(|absent| sides == 1 && is_described(deployment, absent.application));
        let absent = absent.count();
        self.all += absent;
        self.unknown += absent;
        for (relation, outcome) in deployment.relations.iter().zip(&edges.outcomes) {
            if sides_described(deployment, relation) >= sides {
                self.all += 1;
                self.unknown += usize::from(matches!(outcome, Outcome::Unknown(_)));
            }
        }
    }
}

/// What is added up over inputs.
#[derive(Default)]
struct Summed {
    counts: Counts,
    unknowns: Unknowns,
    /// Of relations with a description on one side, and on both.
    known: [Share; 2],
}

impl Summed {
    /// Adds an input, and gives its row.
    fn row(&mut self, name: &str, deployment: &Deployment) -> String {
        let edges = derive(deployment);
        let counts = edges.counts();
        self.counts.tls += counts.tls;
        self.counts.plain += counts.plain;
        self.counts.none += counts.none;
        self.counts.unknown += counts.unknown;
        self.unknowns.add(deployment, &edges);
        for (sides, share) in [1, 2].into_iter().zip(&mut self.known) {
            share.add(sides, deployment, &edges);
        }
        format!("| {name} | {} |\n", cells(&counts))
    }

    /// The sum of all rows, and what of them is unknown and why.
    fn sum(&self) -> String {
        let [one, both] = self.known;
        let mut text = format!(
            "| all | {} |\n\nOf {} relations of which one charm at least has a description, {} are unknown; of {} of which both \
             have one, {}.\n\n| unknown because | relations |\n|---|---|\n",
            cells(&self.counts),
            one.all,
            one.unknown,
            both.all,
            both.unknown
        );
        for (why, count) in &self.unknowns.0 {
            writeln!(text, "| {why} | {count} |").expect("a text");
        }
        text
    }
}

/// The page, and what was added up of bundles, and of statuses and units.
fn page(corpus: &Path) -> (String, [Summed; 2]) {
    let head = |what: &str| {
        format!(
            "| {what} | TLS | plain | none | unknown | relations |\n|---|---|---|---|---|---|\n"
        )
    };
    let mut page = format!("{HEAD}{}", head("bundle"));
    let mut bundles = Summed::default();
    for (name, text) in scenarios(corpus) {
        page.push_str(&bundles.row(&name, &resolved(corpus, &text)));
    }
    page.push_str(&bundles.sum());
    page.push_str(&format!("\n{}", head("status or unit")));
    let mut dumps = Summed::default();
    let cases = crate::import::cases().expect("the corpus is beside the project");
    for case in &cases {
        let imported = case.made.as_ref().ok();
        let name = case.name.strip_prefix("status/");
        if let Some((name, imported)) = name.zip(imported) {
            page.push_str(&dumps.row(name, &imported.loaded.deployment));
        }
    }
    page.push_str(&dumps.sum());
    page.push_str(DEFAULTS);
    (page, [bundles, dumps])
}

fn cells(counts: &Counts) -> String {
    let all = [
        counts.tls,
        counts.plain,
        counts.none,
        counts.unknown,
        counts.all(),
    ];
    all.map(|count| count.to_string()).join(" | ")
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/edges.md")
}

#[test]
fn every_real_bundle_has_its_counts_of_edges() {
    let Some(corpus) = corpus() else {
        return;
    };
    let said = fs::read_to_string(path()).expect("a page");
    let (page, known) = page(&corpus);
    assert_eq!(said, page, "cargo test --test suite edges:: -- --ignored");
    let each = known.map(|summed| summed.known);
    for Share { unknown, all } in each.into_iter().flatten() {
        assert!(all > 100, "{all} relations show little");
        assert!(unknown * 100 <= all * 8, "{unknown} of {all} are unknown");
    }
}

/// `cargo test --test suite edges:: -- --ignored` brings the page up to date.
#[test]
#[ignore = "writes docs/reference/edges.md"]
fn write_the_edges() {
    let corpus = corpus().expect("the bundles are beside the project");
    fs::write(path(), page(&corpus).0).expect("written");
}

/// Every relation of every scenario that we ship ends as something, and says why.
#[test]
fn every_relation_says_why_it_ends_as_it_does() {
    for path in crate::common::scenario_files() {
        let deployment = &crate::common::load(&path);
        let edges = derive(deployment);
        assert_eq!(edges.counts().all(), deployment.relations.len());
        for (relation, outcome) in deployment.relations.iter().zip(&edges.outcomes) {
            let why = words::why(outcome, relation, &edges, deployment);
            assert!(
                !why.is_empty(),
                "{}: {}",
                path.display(),
                relation.interface
            );
        }
    }
}

/// The three forms of `connections:`, and what an editor refuses of them.
#[test]
fn the_schema_has_every_form_of_connections() {
    let schema: serde_json::Value =
        serde_json::from_str(&trustsim::scenario::schema()).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for (connections, is_right) in [
        ("derived", true),
        ("[{from: m.a, to: m.b}]", true),
        ("{derived: true}", true),
        (
            "{derived: true, every: 5s, except: [{from: m.a, to: m.b}], add: [{from: m.a, to: m.b}]}",
            true,
        ),
        ("all", false),
        ("{from: m.a, to: m.b}", false),
        ("{derived: true, except: [{from: m.a}]}", false),
    ] {
        let text = format!("models: {{m: {{}}}}\nconnections: {connections}\n");
        let value: serde_json::Value = serde_saphyr::from_str(&text).expect("yaml");
        assert_eq!(validator.is_valid(&value), is_right, "{connections}");
    }
}

/// canonical/k8s-operator `tests/integration/data/test-bundle-charmed-etcd.yaml` names one side of its relations: the other one
/// is the endpoint that is called so without a prefix. What comes over an endpoint that no description of the charm has may be
/// shown by its server, and may not.
#[test]
fn a_side_without_an_endpoint_is_the_one_with_a_name_akin() {
    let deployment = deployed(
        "
models:
  m:
    applications:
      ssc: {charm: self-signed-certificates, channel: 1/stable, num_units: 1}
      k8s: {charm: k8s, num_units: 1}
      k8s-worker: {charm: k8s-worker, num_units: 1}
    relations:
      - [k8s, 'k8s-worker:cluster']
      - ['k8s:etcd-certificates', ssc]
",
    );
    let relations = deployment.relations.iter();
    let told = relations.map(|relation| {
        let sides = relation.sides.each_ref();
        let [provider, requirer] = sides.map(|side| deployment.endpoint_of(side).to_string());
        format!("{provider} {requirer} {}", relation.interface)
    });
    assert_eq!(
        told.collect::<Vec<String>>(),
        [
            "m.k8s:k8s-cluster m.k8s-worker:cluster k8s-cluster",
            "m.ssc:certificates m.k8s:etcd-certificates tls-certificates",
        ]
    );
    let edges = derive(&deployment);
    let cluster = RelationIndex::from(0);
    let (outcome, relation) = (&edges.outcomes[cluster], &deployment.relations[cluster]);
    assert_eq!(
        words::why(outcome, relation, &edges, &deployment),
        "m.k8s:etcd-certificates may bring its certificate: its charm is not known to have that endpoint"
    );
    let Outcome::Tls(found) = outcome else {
        panic!("it is TLS, as far as is known: {outcome:?}");
    };
    assert!(found.iter().all(|edge| edges.edges[*edge].is_assumed()));
}

/// What the relations of one model end as, and the edges that no relation shows: dialer, listener and why.
fn told(applications: &str, relations: &str) -> Vec<String> {
    let deployment = deployed(&format!(
        "models:\n  m:\n    applications:\n{applications}    relations: {relations}\n"
    ));
    let edges = derive(&deployment);
    let each = edges.edges.iter().map(|edge| {
        let (from, to) = (
            words::dialer(edge, &deployment),
            words::end(edge.to, &deployment),
        );
        format!("{from} -> {to} {}", words::transport(&edge.transport))
    });
    each.collect()
}

/// canonical/mongodb-operator 460b6ccb metadata.yaml: of the revisions of one charm some have `certificates` for both, others
/// `peer-certificates` and `client-certificates`.
#[test]
fn units_show_each_other_the_certificate_that_is_for_both() {
    let of = |endpoint: &str| {
        let relations = format!("[['mongo:{endpoint}', 'ca:certificates']]");
        told(
            "      ca: {charm: self-signed-certificates, num_units: 1}\n      mongo: {charm: mongodb, num_units: 3}\n",
            &relations,
        )
    };
    assert_eq!(of("certificates"), ["m.mongo -> m.mongo TLS"]);
    assert_eq!(of("peer-certificates"), ["m.mongo -> m.mongo TLS"]);
    assert_eq!(of("client-certificates"), ["m.mongo -> m.mongo plain"]);
}

/// charmed-etcd serves `etcd_client`, whichever side a bundle names first, though its entry is of a revision without it.
#[test]
fn a_database_is_not_the_client_of_who_uses_it() {
    let applications = "      ca: {charm: self-signed-certificates, num_units: 1}
      app: {charm: some-app, num_units: 1}
      etcd: {charm: charmed-etcd, num_units: 1}\n";
    for between in [
        "'app:etcd', 'etcd:etcd-client'",
        "'etcd:etcd-client', 'app:etcd'",
    ] {
        let relations = format!("[[{between}], ['etcd:client-certificates', 'ca:certificates']]");
        let edges = told(applications, &relations);
        assert!(
            edges.contains(&"m.app -> m.etcd TLS".to_owned()),
            "{edges:?}"
        );
    }
}

/// What an application of which that is not known finds in a catalogue of services is told, and not counted.
#[test]
fn what_is_found_in_a_catalogue_of_services_is_told() {
    let deployment = deployed(
        "duration: 1d
models:
  m:
    bundle: kubernetes
    applications:
      amf: {charm: sdcore-amf-k8s, scale: 1}
      nrf: {charm: sdcore-nrf-k8s, scale: 1}
      nssf: {charm: functions, scale: 1}
    relations:
      - [amf:fiveg_nrf, nrf:fiveg_nrf]
      - [nssf:fiveg_nrf, nrf:fiveg_nrf]
charms:
  sdcore-nrf-k8s: {provides: {fiveg_nrf: {interface: fiveg_nrf}}}
  functions: {requires: {fiveg_nrf: {interface: fiveg_nrf}}}
",
    );
    let told = words::further(&deployment);
    assert_eq!(
        told,
        ["not counted: what m.nssf finds in the records of the NRF"]
    );
}
