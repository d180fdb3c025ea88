//! Relations of the identity platform.

use super::deployments::{Built, edge_lines};
use crate::{NoEdge, Outcome, Unknown, derive};

/// What a client of `server` dials, which has an ingress over this endpoint.
fn dialled(interface: &str, route: &str, change: impl FnOnce(&mut Built)) -> Vec<String> {
    let mut built = Built::on_kubernetes();
    built.relate(
        "ca:certificates",
        "traefik:certificates",
        "tls-certificates",
    );
    let ingress = match route.ends_with("ingress") && !route.starts_with("internal") {
        true => "ingress",
        false => "traefik_route",
    };
    built.relate("traefik:route", &format!("server:{route}"), ingress);
    built.relate("server:info", "client:info", interface);
    change(&mut built);
    let mut lines = edge_lines(&built);
    lines.retain(|line| line.starts_with("client"));
    lines
}

const INSIDE: &str = "client -> server at its service, plain (relation 2)";
const THROUGH: &str = "client -> traefik at its public name, tls certificates (ingress 2)";

/// canonical/hydra-operator e629051 `src/integrations.py` 241-285 (v3.1.0, a866a5e), and canonical/kratos-operator 530db02
/// `src/integrations.py` 361-420.
#[test]
fn a_url_of_an_ingress_is_that_of_the_endpoint_which_the_row_names() {
    let with = |interface: &str, route: &str, option: &str| {
        dialled(interface, route, |built| {
            built.set("server", "use_ingress_for_relations", option);
        })
    };
    assert_eq!(with("kratos_info", "public-route", "true"), [INSIDE]);
    assert_eq!(with("kratos_info", "internal-route", "false"), [THROUGH]);
    assert_eq!(with("hydra_endpoints", "public-route", "true"), [INSIDE]);
    assert_eq!(with("hydra_endpoints", "internal-route", "false"), [INSIDE]);
    assert_eq!(with("hydra_endpoints", "internal-route", "true"), [THROUGH]);
}

/// canonical/hydra-operator rev339 `src/integrations.py` 179-216, canonical/kratos-operator rev500 `src/charm.py` 359-367 and
/// 446-457: there is no option. canonical/kratos-operator#194 asked for the CA because of it.
#[test]
fn an_internal_ingress_is_dialled_without_an_option() {
    for interface in ["hydra_endpoints", "kratos_info"] {
        let found = dialled(interface, "internal-ingress", |built| {
            built.of_catalogue("server");
            built.revision("server", 339);
        });
        assert_eq!(found, [THROUGH], "{interface}");
    }
}

/// canonical/hydra-operator v2.0.0 `src/integrations.py` 246-285 has no option, v3.1.0 has one, and no tag tells the revisions
/// of either.
#[test]
fn of_a_revision_that_may_have_the_option_it_is_not_told_what_is_dialled() {
    let mut built = Built::on_kubernetes();
    built.relate("traefik:route", "hydra:internal-route", "traefik_route");
    built.relate("hydra:info", "client:info", "hydra_endpoints");
    built.of_catalogue("hydra");
    let outcome = |built: &Built| derive(&built.deployment).outcomes.raw.remove(1);
    // Without a revision it is the newest, whose default is not to give it.
    assert!(matches!(outcome(&built), Outcome::Plain(_)));
    built.revision("hydra", 400);
    assert!(matches!(
        outcome(&built),
        Outcome::Unknown(Unknown::IngressOption(row)) if row.number == 30
    ));
    built.set("hydra", "use_ingress_for_relations", "true");
    assert!(matches!(outcome(&built), Outcome::Plain(edges) if edges.len() == 2));
}

/// canonical/hydra-operator rev186 `src/charm.py` 212-230, rev241 485-491 and rev287: the URL of the admin ingress, at times.
#[test]
fn hydra_gave_the_url_of_its_admin_ingress_in_some_revisions() {
    for (revision, expected) in [
        (151, INSIDE),
        (152, THROUGH),
        (206, THROUGH),
        (207, INSIDE),
        (241, INSIDE),
        (242, THROUGH),
        (287, THROUGH),
        (288, INSIDE),
    ] {
        let found = dialled("hydra_endpoints", "admin-ingress", |built| {
            built.charm("server", "hydra");
            built.revision("server", revision);
        });
        assert_eq!(found, [expected], "{revision}");
    }
    let newest = dialled("hydra_endpoints", "admin-ingress", |built| {
        built.charm("server", "hydra")
    });
    assert_eq!(newest, [INSIDE]);
}

/// canonical/hydra-operator rev383 `src/charm.py` 368-388: token, userinfo and jwks are of the public URL; without one the
/// event is deferred.
#[test]
fn oauth_goes_through_the_public_ingress_of_hydra() {
    let mut built = Built::on_kubernetes();
    built.relate("ca:certificates", "inside:certificates", "tls-certificates");
    built.relate("inside:route", "hydra:internal-ingress", "traefik_route");
    built.relate("hydra:oauth", "client:oauth", "oauth");
    built.charm("hydra", "hydra");
    let outcome = |built: &Built| derive(&built.deployment).outcomes.raw.remove(2);
    assert!(matches!(
        outcome(&built),
        Outcome::None(NoEdge::Exception(exception)) if exception.without_ingress
    ));
    let of_client = |built: &Built| {
        let mut lines = edge_lines(built);
        lines.retain(|line| line.starts_with("client"));
        lines
    };
    assert_eq!(of_client(&built), [] as [&str; 0]);
    let mut seen = built.clone();
    seen.publish("hydra", "oauth", "https://public.example.com/m-hydra");
    assert_eq!(
        of_client(&seen),
        ["client -> hydra as public.example.com, tls (relation 2)"]
    );
    for (endpoint, interface) in [
        ("public-ingress", "ingress"),
        ("public-route", "traefik_route"),
    ] {
        let mut built = built.clone();
        built.relate("outside:route", &format!("hydra:{endpoint}"), interface);
        assert_eq!(
            of_client(&built),
            ["client -> outside at its public name, plain (ingress 2)"]
        );
    }
}
