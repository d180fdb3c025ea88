//! The client outside that comes to an ingress, and exceptions by the ends of a way through one.

use super::{cos_lite, lines, loaded};
use crate::{LeftOut, Loaded};
use trustsim_model::{ApplicationIndex, Coverage, Deployment, EdgeBasis, Gap, Party, Standing};

/// An ingress with a certificate of this CA, and what it has besides.
fn ingress(authority: &str, options: &str, rest: &str) -> String {
    format!(
        "models:
  m:
    bundle: kubernetes
    applications:
      root: {{charm: self-signed-certificates}}
      ca: {{charm: {authority}}}
      t: {{charm: traefik-k8s{options}}}
      graf: {{charm: grafana-k8s}}
    relations:
      - ['t:certificates', 'ca:certificates']
      - ['graf:ingress', 't:traefik-route']
{rest}"
    )
}

const NAMED: &str = ", options: {external_hostname: x.example.com}";

fn trusted(deployment: &Deployment, client: &str) -> Vec<String> {
    let mut clients = deployment.clients.iter();
    let found = clients.find(|one| one.name == client).expect("a client");
    assert!(found.trusts_system, "as every browser does");
    assert_eq!(found.refresh, None, "it is told of no other CA");
    let name = |index: &ApplicationIndex| deployment.application_address(*index).to_string();
    found.trusts.iter().map(name).collect()
}

fn from_outside(loaded: &Loaded) -> Vec<String> {
    let mut found = lines(loaded);
    found.retain(|line| line.starts_with("outside"));
    found
}

/// What the hand-written scenario has as `browser`, with the assumption in the standing.
#[test]
fn a_client_outside_has_the_ca_with_which_the_ingress_begins() {
    let loaded = cos_lite("connections: derived\n");
    let deployment = &loaded.deployment;
    assert_eq!(trusted(deployment, "outside"), ["cos.ca"]);
    let mut all = deployment.connections.iter_enumerated();
    let is_outside = |from| matches!(from, Party::Client(_));
    let (index, made) = all.find(|(_, one)| is_outside(one.from)).expect("played");
    assert_eq!(made.edge, EdgeBasis::Outside);
    let basis = &Coverage::of(deployment).bases[index];
    assert_eq!(basis.standing, Standing::Assumed);
    let gaps = basis.reasons.iter().map(|reason| &reason.gap);
    assert!(gaps.into_iter().any(|gap| *gap == Gap::OutsideClient));
}

#[test]
fn any_client_that_is_written_takes_its_place() {
    let written = "connections: {derived: true, add: [{from: browser, to: cos.traefik, name: cos.example.com}]}\n";
    let loaded = cos_lite(written);
    assert_eq!(from_outside(&loaded), [] as [&str; 0]);
    let clients = loaded.deployment.clients.iter();
    let names: Vec<&str> = clients.map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["browser"]);
    // One that dials another name is beside it.
    let other = written.replace("cos.example.com", "other.example.com");
    assert_eq!(
        from_outside(&cos_lite(&other)),
        ["outside -> cos.traefik as cos.example.com"]
    );
}

#[test]
fn it_is_called_otherwise_where_the_name_is_taken() {
    let rest = "clients: {outside: {trusts: [m.root]}}\nconnections: derived\n";
    let loaded = loaded(&ingress("self-signed-certificates", NAMED, rest));
    assert_eq!(from_outside(&loaded), ["outside-2 -> m.t as x.example.com"]);
    assert_eq!(trusted(&loaded.deployment, "outside-2"), ["m.ca"]);
}

/// A CA under another one is trusted by that, and a filter has none of its own.
#[test]
fn it_has_the_cas_above_the_one_that_signs() {
    for (authority, above) in [
        ("tls-constraints", "certificates-upstream"),
        ("vault-k8s", "tls-certificates-pki"),
    ] {
        let endpoint = match authority {
            "tls-constraints" => "certificates-downstream",
            _ => "vault-pki",
        };
        let text = ingress(authority, NAMED, "connections: derived\n")
            .replace("'ca:certificates'", &format!("'ca:{endpoint}'"))
            .replace(
                "    relations:\n",
                &format!("    relations:\n      - ['ca:{above}', 'root:certificates']\n"),
            );
        let loaded = loaded(&text);
        assert_eq!(
            from_outside(&loaded),
            ["outside -> m.t as x.example.com"],
            "{authority}"
        );
        let trusted = trusted(&loaded.deployment, "outside");
        assert_eq!(trusted, ["m.root", "m.ca"], "{authority}");
    }
}

/// Without a name and a load balancer the ingress is called by its service, and certified for that: the standing says so.
#[test]
fn an_ingress_without_a_name_is_assumed_to_be_called_by_its_service() {
    let loaded = loaded(&ingress(
        "self-signed-certificates",
        "",
        "connections: derived\n",
    ));
    assert_eq!(from_outside(&loaded), ["outside -> m.t"]);
    let bases = Coverage::of(&loaded.deployment).bases;
    let last = bases.iter().find(|basis| {
        let mut gaps = basis.reasons.iter().map(|reason| &reason.gap);
        gaps.any(|gap| *gap == Gap::OutsideClient)
    });
    let mut gaps = last.expect("assumed").reasons.iter();
    assert!(gaps.any(|reason| matches!(reason.gap, Gap::AddressUnknown { .. })));
}

/// haproxy has no name by which it is certified unless its option says one.
#[test]
fn what_has_no_name_that_is_told_is_not_dialled_from_outside() {
    let text = "models:
  m:
    applications:
      ca: {charm: self-signed-certificates, num_units: 1}
      ha: {charm: haproxy, num_units: 1}
      web: {charm: some-web, num_units: 1}
    relations:
      - ['ha:certificates', 'ca:certificates']
      - ['web:haproxy-route', 'ha:haproxy-route']
connections: derived
";
    let made = loaded(text);
    assert_eq!(from_outside(&made), [] as [&str; 0]);
    let left_out = made.derived.expect("derived").left_out;
    assert_eq!(left_out.get(&LeftOut::OutsideUnnamed), Some(&1));
    let named = "{charm: haproxy, options: {external-hostname: h.example.com}, ";
    let named = loaded(&text.replace("{charm: haproxy, ", named));
    assert_eq!(from_outside(&named), ["outside -> m.ha as h.example.com"]);
}

#[test]
fn it_is_excepted_by_the_word_outside() {
    let loaded =
        cos_lite("connections: {derived: true, except: [{from: outside, to: cos.traefik}]}\n");
    assert_eq!(from_outside(&loaded), [] as [&str; 0]);
    let left_out = loaded.derived.expect("derived").left_out;
    assert_eq!(left_out.get(&LeftOut::Excepted), Some(&1));
    assert!(loaded.warnings.list.is_empty());
}

/// Grafana goes to Loki and to Alertmanager through the ingress: the edge to the ingress goes with the last of them, and the
/// ingress dials what is behind it for others too.
#[test]
fn a_way_through_an_ingress_is_excepted_by_its_ends() {
    let through = "cos.grafana -> cos.traefik as cos.example.com".to_owned();
    let of = |except: &str| {
        cos_lite(&format!(
            "connections: {{derived: true, except: [{except}]}}\n"
        ))
    };
    let (loki, alertmanager) = (
        "{from: cos.grafana, to: cos.loki}",
        "{from: cos.grafana, to: cos.alertmanager}",
    );
    let both = of(&format!("{loki}, {alertmanager}"));
    assert!(!lines(&both).contains(&through));
    assert!(lines(&both).contains(&"cos.traefik -> cos.loki".to_owned()));
    assert!(both.warnings.list.is_empty());
    let one = of(loki);
    assert!(lines(&one).contains(&through), "it is there for the other");
    insta::assert_snapshot!(one.warnings.render(false));
}
