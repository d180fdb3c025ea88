//! What an endpoint is most likely for by its name alone: the last resort where no description says it.

use trustsim_charms::Role;

const CERTIFICATES: &str = "tls-certificates";
const TRANSFER: &str = "certificate_transfer";

/// What endpoints of a name usually are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usual {
    /// Their interface.
    pub interface: &'static str,
    /// Their role, where the name tells it: `certificates` is what providers and requirers call theirs.
    pub role: Option<Role>,
}

/// Names that several charms give to endpoints of one interface, as the catalogue has them, and the name of the
/// interface itself. A name of one charm alone, such as `vault-pki`, tells which charm it is, and that one is known.
const NAMES: [(&str, &str, Option<Role>); 19] = [
    ("certificates", CERTIFICATES, None),
    (CERTIFICATES, CERTIFICATES, None),
    ("peer-certificates", CERTIFICATES, Some(Role::Requirer)),
    ("client-certificates", CERTIFICATES, Some(Role::Requirer)),
    ("receive-server-cert", CERTIFICATES, Some(Role::Requirer)),
    // Of kafka and kafka-k8s: canonical/kafka-operator 7b00b34b and 3c25f095.
    ("trusted-ca", CERTIFICATES, Some(Role::Requirer)),
    ("trusted-certificate", CERTIFICATES, Some(Role::Requirer)),
    ("client-cas", TRANSFER, Some(Role::Requirer)),
    ("receive-ca-cert", TRANSFER, Some(Role::Requirer)),
    ("receive-ca-certs", TRANSFER, Some(Role::Requirer)),
    ("send-ca-cert", TRANSFER, Some(Role::Provider)),
    // Of manual-tls-certificates, and of the providers written after it.
    ("trust_certificate", TRANSFER, Some(Role::Provider)),
    // openstack/charm-keystone de9baff metadata.yaml provides, and charm-glance b73b374, charm-cinder 0e1e5d8,
    // charm-neutron-api 4102c08 and charm-nova-cloud-controller 867a75c require them.
    ("identity-service", "keystone", None),
    ("identity-credentials", "keystone-credentials", None),
    ("amqp", "rabbitmq", None),
    // In the catalogue: canonical/k8s-operator, canonical/kafka-operator, the charms of Canonical Observability Stack.
    ("etcd-client", "etcd_client", None),
    ("zookeeper", "zookeeper", None),
    ("service-mesh", "service_mesh", None),
    // charmed-kubernetes/charm-kubernetes-worker charmcraft.yaml 239.
    ("kube-api-endpoint", "http", None),
];

/// Whether certificates or CAs go over an interface: what is played depends on these.
pub(super) fn is_for_certificates(interface: &str) -> bool {
    [CERTIFICATES, TRANSFER].contains(&interface)
}

/// What an endpoint of that name usually is.
pub fn usual(name: &str) -> Option<Usual> {
    let mut names = NAMES.into_iter();
    let (_, interface, role) = names.find(|(known, ..)| *known == name)?;
    Some(Usual { interface, role })
}

/// Interface of a relation between endpoints of these names, and which of the two provides, where it can be told.
/// `relations` is how many such relations each has: a provider serves several requirers with one endpoint.
pub(super) fn between(names: [&str; 2], relations: [usize; 2]) -> Option<(&'static str, usize)> {
    let [left, right] = names.map(usual);
    let interface = match (left, right) {
        (Some(left), Some(right)) if left.interface != right.interface => return None,
        (left, right) => left.or(right)?.interface,
    };
    let roles = [left, right].map(|usual| usual.and_then(|usual| usual.role));
    let provider = match roles {
        [Some(left), Some(right)] if left == right => return None,
        [Some(Role::Provider), _] | [_, Some(Role::Requirer)] => 0,
        [_, Some(Role::Provider)] | [Some(Role::Requirer), _] => 1,
        _ if relations[0] != relations[1] => usize::from(relations[1] > relations[0]),
        // Far more charms require certificates over such a name than provide them.
        _ if right.is_some() && left.is_none() => 0,
        // As in `[requirer, provider]`, which is how most bundles write it.
        _ => 1,
    };
    Some((interface, provider))
}

/// Which of two charms is named after what an interface is for: charmed-etcd provides `etcd_client`, and zookeeper-k8s
/// `zookeeper`.
pub(super) fn named_after(charms: [&str; 2], interface: &str) -> Option<usize> {
    if is_for_certificates(interface) {
        return None;
    }
    let product = interface.split(['_', '-']).next().unwrap_or(interface);
    match charms.map(|charm| charm.contains(product)) {
        [true, false] => Some(0),
        [false, true] => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use trustsim_charms::{catalogue, readings};

    /// Every charm in the catalogue with an endpoint of such a name, in any generation, has that interface and role, and
    /// most endpoints of the two interfaces have such a name.
    #[test]
    fn names_are_usual_in_the_catalogue() {
        let (mut known, mut all) = (0, 0);
        let entries = catalogue().values();
        let names: BTreeSet<&str> = entries.map(|entry| &*entry.metadata.name).collect();
        for charm in names {
            let mut seen = BTreeSet::new();
            let readings = readings(charm).into_iter();
            for endpoint in readings.flat_map(|reading| reading.charm.metadata.endpoints) {
                let name = format!("{charm}:{}", endpoint.name);
                if !seen.insert(name.clone()) {
                    continue;
                }
                let is_tls = is_for_certificates(&endpoint.interface);
                all += usize::from(is_tls);
                let Some(usual) = usual(&endpoint.name) else {
                    continue;
                };
                known += usize::from(is_tls);
                assert_eq!(endpoint.interface, usual.interface, "{name}");
                assert!(
                    usual.role.is_none_or(|role| role == endpoint.role),
                    "{name}"
                );
            }
        }
        assert!(known * 100 > all * 85, "{known} of {all}");
    }

    #[test]
    fn a_charm_provides_what_it_is_named_after() {
        for (charms, interface, found) in [
            (["app", "charmed-etcd"], "etcd_client", Some(1)),
            (["zookeeper-k8s", "kafka-k8s"], "zookeeper", Some(0)),
            (
                ["keystone-k8s", "keystone-ldap"],
                "keystone-credentials",
                None,
            ),
            (["app", "other"], "rabbitmq", None),
            (["tls-certificates-operator", "app"], CERTIFICATES, None),
        ] {
            assert_eq!(named_after(charms, interface), found, "{charms:?}");
        }
    }

    #[test]
    fn the_provider_of_a_relation_is_told_by_names_and_numbers() {
        for (names, relations, found) in [
            (
                ["certificates", "certificates"],
                [1, 1],
                Some((CERTIFICATES, 1)),
            ),
            (
                ["certificates", "certificates"],
                [3, 1],
                Some((CERTIFICATES, 0)),
            ),
            (["certificates", "issue"], [1, 1], Some((CERTIFICATES, 1))),
            (["issue", "certificates"], [1, 1], Some((CERTIFICATES, 0))),
            (
                ["certificates", "peer-certificates"],
                [1, 2],
                Some((CERTIFICATES, 0)),
            ),
            (
                ["send-ca-cert", "receive-ca-cert"],
                [1, 1],
                Some((TRANSFER, 0)),
            ),
            (["receive-ca-cert", "x"], [5, 1], Some((TRANSFER, 1))),
            (["trust_certificate", "x"], [1, 5], Some((TRANSFER, 0))),
            (["receive-ca-cert", "receive-ca-cert"], [1, 1], None),
            (["certificates", "send-ca-cert"], [1, 1], None),
            (["website", "http"], [1, 1], None),
            (
                ["identity-service", "identity-service"],
                [4, 1],
                Some(("keystone", 0)),
            ),
            (["website", "kube-api-endpoint"], [1, 1], Some(("http", 0))),
        ] {
            assert_eq!(between(names, relations), found, "{names:?}");
        }
    }
}
