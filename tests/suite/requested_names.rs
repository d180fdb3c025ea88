//! The names that charms ask for, as the code that makes their requests has it at the commit of their entry in the
//! catalogue, and what they wait for before they ask.

use trustsim::diagnosis::{Requests, requests};
use trustsim::interfaces::notes::RequestContent;
use trustsim::model::{ApplicationIndex, ConnectionSpecIndex, Coverage, Gap, Reason, Standing};
use trustsim::report::words::standing;
use trustsim::world::Options;

use crate::common::{deployed, play};

/// A model in which `it` asks `ca`, with other relations of `it`.
fn model(it: &str, kind: &str, more: &[(&str, &str)]) -> String {
    let relations = more
        .iter()
        .map(|(endpoint, _)| format!("\n    - ['it:{endpoint}', 'other-{endpoint}:other']"));
    let relations: String = relations.collect();
    let others = more.iter().map(|(endpoint, _)| {
        format!("\n      other-{endpoint}: {{charm: other-{endpoint}, num_units: 1}}")
    });
    let others: String = others.collect();
    // Which side is which follows from the role of the other.
    let charms = more.iter().map(|(endpoint, interface)| {
        let group = match *interface {
            "traefik_route" => "provides",
            _ => "requires",
        };
        format!("\n  other-{endpoint}: {{{group}: {{other: {{interface: {interface}}}}}}}")
    });
    let charms: String = charms.collect();
    let charms = match more {
        [] => String::new(),
        _ => format!("charms:{charms}\n"),
    };
    format!(
        "name: names
duration: 2d
models:
  m:
{kind}    applications:
      ca: {{charm: self-signed-certificates, channel: 1/stable, num_units: 1}}
      it: {{num_units: 1, {it}}}{others}
    relations:
    - ['ca:certificates', 'it:certificates']{relations}
{charms}"
    )
}

const PODS: &str = "    bundle: kubernetes\n";
const MACHINES: &str = "";

/// What is asked, and the common name with the alternative names of each request.
fn asked(text: &str) -> (Requests, Vec<(String, Vec<String>)>) {
    let deployment = deployed(text);
    let record = play(&deployment, Options::default());
    let found = requests(&deployment, &record.journal);
    let names = found.requests.iter().map(|one| {
        let RequestContent::Csr(request) = &one.content else {
            panic!("{:?}", one.content)
        };
        let content = request.attributes();
        let addresses = content.sans_ip.iter().map(ToString::to_string);
        let names = content.sans_dns.iter().cloned().chain(addresses);
        (one.common_name.clone(), names.collect())
    });
    let names = names.collect();
    (found, names)
}

fn is_named(text: &str, common_name: &str, names: &[&str]) {
    let (_, asked) = asked(text);
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(asked, [(common_name.to_owned(), names)], "{text}");
}

/// Nothing is asked, and the unit says what it waits for.
fn waits(text: &str, message: &str) {
    let (found, asked) = asked(text);
    assert!(asked.is_empty(), "{asked:?}");
    let [silent] = found.silent.as_slice() else {
        panic!("{:?}", found.silent)
    };
    let statuses = silent.statuses.iter().map(|one| one.status.message.clone());
    let statuses: Vec<_> = statuses.collect();
    assert_eq!(statuses, [message.into()]);
}

/// The gaps of `it`, and whether it is modelled.
fn gaps(text: &str) -> (Vec<Gap>, Vec<String>) {
    let deployment = deployed(text);
    let reasons = Coverage::of(&deployment).reasons;
    let own = reasons.into_iter().filter(|one| {
        let address = deployment.application_address(one.application);
        address == "m.it"
    });
    let own: Vec<_> = own.collect();
    let told = own.iter().map(|one| standing::reason(one, &deployment));
    let told = told.collect();
    (own.into_iter().map(|one| one.gap).collect(), told)
}

/// `_csr_attributes` of canonical/alertmanager-k8s-operator 876ead4, canonical/loki-k8s-operator 8bcecbf2f,
/// canonical/prometheus-k8s-operator 432c227, canonical/grafana-k8s-operator 382e463 and canonical/catalogue-k8s-operator
/// 430b1b3, each since it has version 4 of the library; with `cert_handler` before, its unit's name with a hyphen.
#[test]
fn observability_charms_ask_for_the_name_of_their_application() {
    let unit = "it-0.it-endpoints.m.svc.cluster.local";
    for (charm, name) in [
        ("alertmanager-k8s, channel: dev/edge", "it"),
        ("alertmanager-k8s, revision: 181", "it"),
        ("alertmanager-k8s, revision: 180", "it-0"),
        ("loki-k8s, revision: 202", "it"),
        ("loki-k8s, revision: 201", "it-0"),
        ("prometheus-k8s, revision: 255", "it"),
        ("prometheus-k8s, revision: 254", "it-0"),
        ("grafana-k8s, revision: 157", "it"),
        ("grafana-k8s, revision: 160", "it-0"),
        ("catalogue-k8s, channel: dev/edge", "it"),
    ] {
        is_named(&model(&format!("charm: {charm}"), PODS, &[]), name, &[unit]);
    }
}

/// canonical/sdcore-amf-k8s-operator 3646c47 and canonical/sdcore-smf-k8s-operator 8400991, `src/charm.py`:
/// `CERTIFICATE_COMMON_NAME` is the one name that is asked for.
#[test]
fn a_charm_asks_for_the_name_in_its_code() {
    for (charm, name) in [
        ("sdcore-amf-k8s", "amf.sdcore"),
        ("sdcore-smf-k8s", "smf.sdcore"),
    ] {
        let text = model(&format!("charm: {charm}, channel: 1.6/stable"), PODS, &[]);
        is_named(&text, name, &[name]);
    }
}

/// canonical/tls-certificates-requirer-operator 52bfe08, `src/charm.py`, `_get_common_name`; before its revision 96, at
/// 525440b0, the name had another shape.
#[test]
fn a_fixed_name_has_the_unit_its_application_and_its_model() {
    let text = |more: &str| {
        model(
            &format!("charm: tls-certificates-requirer{more}"),
            MACHINES,
            &[],
        )
    };
    is_named(&text(""), "cert-0.unit-0.it.m", &["cert-0.unit-0.it.m"]);
    is_named(&text(", revision: 95"), "it-0.m", &["it-0.m"]);
    is_named(
        &text(", options: {common_name: a.example.com}"),
        "a.example.com",
        &["a.example.com"],
    );
}

/// canonical/haproxy-operator 165497fb, `haproxy-operator/src/charm.py`, `_get_certificate_requests`: `external-hostname`,
/// or nothing where that is not set; in its mode `haproxy-route` the names of its routes.
#[test]
fn haproxy_asks_for_its_hostname_or_for_those_of_its_routes() {
    let it = "charm: haproxy, channel: 2.8/stable";
    let named = format!("{it}, options: {{external-hostname: www.example.com}}");
    is_named(
        &model(&named, MACHINES, &[]),
        "www.example.com",
        &["www.example.com"],
    );
    waits(
        &model(it, MACHINES, &[]),
        "waiting for a name: external-hostname is not set",
    );
    // `_reconcile`: nothing listens with TLS before there is something to serve.
    let (found, _) = gaps(&model(&named, MACHINES, &[]));
    let how = "listens on port 80 alone while nothing is related to one of its endpoints ingress, ingress-per-unit, haproxy-route and haproxy-route-tcp";
    let how = how.to_owned();
    assert_eq!(found, [Gap::Differs { how }]);
    let ingress = gaps(&model(&named, MACHINES, &[("ingress", "ingress")]));
    assert_eq!(ingress.0, []);
    let (found, told) = gaps(&model(
        &named,
        MACHINES,
        &[("haproxy-route", "haproxy-route")],
    ));
    let endpoint = "haproxy-route".to_owned();
    assert_eq!(found, [Gap::NamesFrom { endpoint }]);
    assert_eq!(found[0].standing(), Standing::Assumed);
    assert_eq!(
        told,
        [
            "m.it: the charm haproxy asks for the names that come over haproxy-route, which are not played"
        ]
    );
}

/// canonical/gateway-api-integrator-operator d79df88, `gateway-api-integrator/src/state/charm_state.py`,
/// `from_charm_and_providers`: the option counts with a relation of `gateway` alone, and with none nothing is asked.
/// Before its revision 159, at 0686f4fb (`src/charm.py`, `_get_hostnames`), it counted in any case.
#[test]
fn gateway_api_integrator_asks_with_an_ingress_or_a_route_alone() {
    let it = |revision: u64| {
        format!(
            "charm: gateway-api-integrator, revision: {revision}, options: {{external-hostname: www.example.com}}"
        )
    };
    let name = "www.example.com";
    let ingress = [("gateway", "ingress")];
    is_named(&model(&it(172), PODS, &ingress), name, &[name]);
    assert_eq!(gaps(&model(&it(172), PODS, &ingress)).0, []);
    waits(
        &model(&it(172), PODS, &[]),
        "waiting for a relation of gateway or gateway-route",
    );
    waits(
        &model(
            "charm: gateway-api-integrator, revision: 172",
            PODS,
            &ingress,
        ),
        "waiting for a name: external-hostname is not set",
    );
    let endpoint = "gateway-route".to_owned();
    let route = [("gateway-route", "gateway-route")];
    assert_eq!(
        gaps(&model(&it(172), PODS, &route)).0,
        [Gap::NamesFrom { endpoint }]
    );
    is_named(&model(&it(150), PODS, &[]), name, &[]);
}

/// canonical/nginx-ingress-integrator-operator 8f872b9, `src/charm.py`, `get_all_hostnames` and `_update_ingress`, and
/// `src/ingress_definition.py`, `service_hostname`: what an option does not say comes over `nginx-route`, and with
/// `ingress` there has to be an option.
#[test]
fn nginx_ingress_integrator_asks_with_an_ingress_or_a_route_alone() {
    let it = "charm: nginx-ingress-integrator, revision: 300";
    let named = format!("{it}, options: {{service-hostname: www.example.com}}");
    let name = "www.example.com";
    let ingress = [("ingress", "ingress")];
    is_named(&model(&named, PODS, &ingress), name, &[name]);
    assert_eq!(gaps(&model(&named, PODS, &ingress)).0, []);
    waits(
        &model(&named, PODS, &[]),
        "waiting for a relation of ingress or nginx-route",
    );
    waits(
        &model(it, PODS, &ingress),
        "waiting for a name: service-hostname is not set",
    );
    let endpoint = "nginx-route".to_owned();
    let route = [("nginx-route", "nginx-route")];
    assert_eq!(
        gaps(&model(&named, PODS, &route)).0,
        [Gap::NamesFrom { endpoint }]
    );
    // Its names come over the relation, and the usual one is in their place.
    let (_, asked) = asked(&model(it, PODS, &route));
    assert_eq!(asked.len(), 1);
}

/// canonical/nginx-ingress-integrator-operator 8f872b9, `src/charm.py`, `__init__`: events of its relations are among the
/// `refresh_events` of the library.
#[test]
fn a_request_comes_and_goes_with_the_relation_that_it_needs() {
    let it = "charm: nginx-ingress-integrator, revision: 300, options: {service-hostname: www.example.com}";
    let text = model(it, PODS, &[("ingress", "ingress")]);
    let between = "between: ['it:ingress', 'other-ingress:other']";
    let text = format!(
        "{text}clients: {{browser: {{trusts: [m.ca]}}}}
connections: [{{from: browser, to: m.it, every: 1h}}]
faults:
- {{at: 10h, remove-relation: {{{between}}}}}
- {{at: 20h, integrate: {{{between}}}}}
"
    );
    let (deployment, record, findings) = crate::common::diagnosed(deployed(&text));
    let found = requests(&deployment, &record.journal);
    assert_eq!(found.requests[0].asked.len(), 2, "it asks again");
    let [outage] = findings.outages.as_slice() else {
        panic!("{:?}", findings.outages)
    };
    let hours = |time: trustsim::kernel::Time| time.since(deployment.start).as_secs() / 3_600;
    assert_eq!(hours(outage.from), 10);
    assert_eq!(outage.until.map(hours), Some(20));
}

/// canonical/istio-ingress-k8s-operator a9ef964, `src/charm.py`, `_local_gateway_address`: the option, else the address of
/// the load balancer; without either there is no `cert_handler`.
#[test]
fn istio_ingress_asks_for_its_load_balancer_or_for_nothing() {
    let it = "charm: istio-ingress-k8s, channel: 1/stable";
    let fronted =
        format!("{it}, load-balancer: {{address: 10.1.2.3, reverse-dns: lb.example.com}}");
    is_named(&model(&fronted, PODS, &[]), "10.1.2.3", &["10.1.2.3"]);
    waits(
        &model(it, PODS, &[]),
        "waiting for a name: external_hostname is not set",
    );
}

/// canonical/wazuh-server-operator 8736143, `src/certificates_observer.py`, `get_csr`: the host of its ingress as the
/// subject, without alternative names, and nothing before that is known.
#[test]
fn wazuh_server_asks_for_the_host_of_its_ingress() {
    let it = "charm: wazuh-server, channel: 4.11/stable";
    waits(&model(it, PODS, &[]), "waiting for a relation of ingress");
    let ingress = [("ingress", "traefik_route")];
    let (_, asked) = asked(&model(it, PODS, &ingress));
    assert_eq!(asked.len(), 1);
    assert!(asked[0].1.is_empty(), "{asked:?}");
    let endpoint = "ingress".to_owned();
    for revision in ["", ", revision: 271", ", revision: 273"] {
        let text = model(&format!("{it}{revision}"), PODS, &ingress);
        let endpoint = endpoint.clone();
        let how = "shares one key and one request among its units, of which only the leader may make others";
        let how = how.to_owned();
        assert_eq!(
            gaps(&text).0,
            [Gap::Differs { how }, Gap::NamesFrom { endpoint }],
            "{revision}"
        );
    }
}

/// Naming the revision that a track brings does not lower what is known of a charm, and not naming it does not raise it.
#[test]
fn the_code_of_a_charm_was_read_whether_its_revision_is_named_or_not() {
    let facts_only = |charm: &str, more: &str, kind: &str| {
        let (found, _) = gaps(&model(&format!("charm: {charm}{more}"), kind, &[]));
        found.contains(&Gap::FactsOnly)
    };
    // canonical/sdcore-smf-k8s-operator has its tag rev836 at 8400991, and canonical/sdcore-amf-k8s-operator the same code
    // at rev947 as at 3646c47.
    for (charm, revision) in [("sdcore-amf-k8s", 947), ("sdcore-smf-k8s", 836)] {
        assert!(!facts_only(charm, "", PODS), "{charm}");
        assert!(
            !facts_only(charm, &format!(", revision: {revision}"), PODS),
            "{charm}"
        );
    }
    // No tag is at the commit of this one.
    let charm = "mongodb-k8s";
    assert!(facts_only(charm, "", PODS) && facts_only(charm, ", revision: 60", PODS));
    assert!(facts_only("sdcore-amf-k8s", ", revision: 946", PODS));
}

/// canonical/traefik-k8s-operator 8ab4a7e `src/charm.py`, `_traefik_external_address` and `_get_cert_requests`, and rev166
/// 935-947 and 987-1004: without `external_hostname` it is dialled, and asks, at the address of its load balancer, which a bundle
/// does not say.
#[test]
fn an_ingress_without_a_name_or_a_load_balancer_is_assumed_to_have_that_of_its_service() {
    let address_unknown = Gap::AddressUnknown {
        option: "external_hostname",
    };
    for revision in [166, 410] {
        let read = |more: &str| {
            let it = format!("charm: traefik-k8s, revision: {revision}{more}");
            let text = model(&it, PODS, &[]).replace(
                "models:",
                "clients: {outside: {trusts: [m.ca]}}\nconnections: [{from: outside, to: m.it}]\nmodels:",
            );
            let deployment = deployed(&text);
            let coverage = Coverage::of(&deployment);
            let gaps = coverage.bases[ConnectionSpecIndex::from(0)].reasons.iter();
            let address = gaps.filter(|reason| reason.gap == address_unknown).count();
            let record = play(&deployment, Options::default());
            let asked = requests(&deployment, &record.journal);
            (address, asked.requests[0].standing, coverage.bases.len())
        };
        let named = read(", options: {external_hostname: www.example.com}");
        let fronted = read(", load-balancer: {address: 10.64.140.43}");
        assert_eq!((named.0, fronted.0, named.2), (0, 0, 1), "{revision}");
        assert_eq!(read("").0, 1, "{revision}");
        assert_eq!(read("").1, Standing::Assumed, "{revision}");
        assert_eq!(named.1, fronted.1, "{revision}");
    }
    // What is read of the code at 8ab4a7e covers revision 410.
    let it = "charm: traefik-k8s, revision: 410";
    let found = asked(&model(it, PODS, &[])).0.requests;
    assert_eq!(found[0].standing, Standing::Assumed);
    let reason = Reason {
        application: ApplicationIndex::from(1),
        gap: address_unknown,
    };
    assert_eq!(
        standing::missing(&reason, &deployed(&model(it, PODS, &[]))),
        "m.it: the charm traefik-k8s is dialled and certified at the address of its load balancer, which is not given; the name \
         of its service is taken instead: give it load-balancer: {address: ...}, as its status shows it, or the option \
         external_hostname"
    );
}
