//! Relations of the identity platform.

use super::deployments::{Built, edge_lines};
use crate::{NoEdge, Outcome, derive};

/// canonical/hydra-operator e629051 and canonical/kratos-operator 530db02, `src/integrations.py`.
#[test]
fn a_url_of_an_ingress_is_that_of_the_endpoint_which_the_row_names() {
    let lines = |interface: &str, route: &str, option: &str| {
        let mut built = Built::on_kubernetes();
        built.relate(
            "ca:certificates",
            "traefik:certificates",
            "tls-certificates",
        );
        built.relate(
            "traefik:traefik-route",
            &format!("server:{route}"),
            "traefik_route",
        );
        built.relate("server:info", "client:info", interface);
        built.set("server", "use_ingress_for_relations", option);
        let mut lines = edge_lines(&built);
        lines.retain(|line| line.starts_with("client"));
        lines
    };
    let inside = "client -> server at its service, plain (relation 2)";
    let through = "client -> traefik at its public name, tls certificates (ingress 2)";
    assert_eq!(lines("kratos_info", "public-route", "true"), [inside]);
    assert_eq!(lines("kratos_info", "internal-route", "false"), [through]);
    assert_eq!(lines("hydra_endpoints", "public-route", "true"), [inside]);
    assert_eq!(
        lines("hydra_endpoints", "internal-route", "false"),
        [inside]
    );
    assert_eq!(
        lines("hydra_endpoints", "internal-route", "true"),
        [through]
    );
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
