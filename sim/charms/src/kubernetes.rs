//! The charms of Charmed Kubernetes that are written in ops, as far as TLS goes:
//! charmed-kubernetes/charm-kubernetes-control-plane at 2d58730, charm-kubernetes-worker at
//! b702c96 and charm-kubeapi-load-balancer at cd0b65d, `src/charm.py` each, with
//! charm-lib-kubernetes-snaps at ccb9ec2, charm-lib-reconciler at dd7a8f5 and
//! charm-lib-contextual-status at a43d666.
//!
//! All three do everything again in every hook (`reconcile`), and a step that cannot go on ends
//! the hook with a status. Noteworthy: a unit that gets to the end restarts its services, changed
//! or not, so that no process ever runs on older files than those of the last whole hook; an
//! update-status does nothing once a hook got to its end; a second relation on `certificates`
//! raises in the library, which stalls control plane and workers and puts the load balancer's
//! units into error.
//!
//! Simplified: one address a unit; the load balancer answers every consumer with its own address;
//! of `kube-control` only the endpoint of the API is told; service accounts, tokens, CNI, add-ons
//! and HA through hacluster are left out.

mod control_plane;
mod load_balancer;
mod worker;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::surface::{
    chain_path, client_chain_path, client_key_path, key_path, paths_under, trust_path,
};
use super::{Charm, Implementation};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::tls_certificates_legacy::{Flavour, Pair, Received, Requirer};
use trustsim_juju::{Hook, HookError, RelationId, Status, Value};
use trustsim_pki::Certificate;

const CERTIFICATES: &str = "certificates";
/// `Reconciler.stored.reconciled`.
const RECONCILED: &str = "charm-state/reconciler/reconciled";

/// Which of the charms it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KubernetesPart {
    /// charmed-kubernetes/charm-kubernetes-control-plane.
    ControlPlane,
    /// charmed-kubernetes/charm-kubernetes-worker.
    Worker,
    /// charmed-kubernetes/charm-kubeapi-load-balancer.
    LoadBalancer,
}

pub(super) static IMPLEMENTATIONS: [Implementation; 3] = [
    Implementation {
        behaviour: "kubernetes-control-plane",
        writes_files: true,
        build: |setup| {
            let certificates = setup.metadata.endpoint(CERTIFICATES);
            let keeps = certificates.is_some_and(|each| each.bugs.stale_root_kubeconfig);
            Arc::new(Kubernetes {
                keeps_root_kubeconfig: keeps,
                ..Kubernetes::new(KubernetesPart::ControlPlane)
            })
        },
        bugs: &[(CERTIFICATES, "stale-root-kubeconfig")],
        has_kubeconfig: true,
        credential_interfaces: &["etcd"],
        ..Implementation::NONE
    },
    Implementation {
        behaviour: "kubernetes-worker",
        writes_files: true,
        build: |_| Arc::new(Kubernetes::new(KubernetesPart::Worker)),
        awaited_interfaces: &["kube-control"],
        ..Implementation::NONE
    },
    Implementation {
        behaviour: "kubeapi-load-balancer",
        writes_files: true,
        build: |_| Arc::new(Kubernetes::new(KubernetesPart::LoadBalancer)),
        ..Implementation::NONE
    },
];

/// One of the charms. Cheap to clone.
#[derive(Clone, Debug)]
struct Kubernetes {
    part: KubernetesPart,
    certificates: Arc<Requirer>,
    /// Whether root's kubeconfig gets another CA only after a request with it, as before
    /// charm-kubernetes-control-plane#354 (8d7bc33).
    keeps_root_kubeconfig: bool,
}

/// Why a reconciliation ends before its end.
enum Stop {
    /// `ReconcilerError`: a status says why, and the hook succeeds.
    Status(Status, String),
    /// It is not caught.
    Raised(HookError),
}

impl From<HookError> for Stop {
    fn from(error: HookError) -> Self {
        Self::Raised(error)
    }
}

impl Stop {
    fn waiting(message: &str) -> Self {
        Self::Status(Status::Waiting, message.to_owned())
    }
}

/// `status.on_error`: whatever is raised within becomes a status.
fn on_error<T>(message: &str, result: Result<T, HookError>) -> Result<T, Stop> {
    result.map_err(|_| Stop::waiting(message))
}

impl Charm for Kubernetes {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        self.certificates.on_hook(hook, unit)?;
        let was_reconciled = is_reconciled(unit);
        match hook {
            // No hook events, or the machine is going.
            Hook::Action { .. } | Hook::Stop | Hook::Remove => return Ok(()),
            Hook::UpdateStatus if was_reconciled => return Ok(()),
            _ => {}
        }
        let result = match self.part {
            KubernetesPart::ControlPlane => self.reconcile_control_plane(unit),
            KubernetesPart::Worker => self.reconcile_worker(unit),
            KubernetesPart::LoadBalancer => self.reconcile_load_balancer(unit),
        };
        match result {
            Ok(()) => {
                unit.push_file(RECONCILED, Value::from("true"));
                unit.set_status(Status::Active, "Ready");
                Ok(())
            }
            Err(stop) => {
                unit.push_file(RECONCILED, Value::from("false"));
                match stop {
                    Stop::Status(status, message) => {
                        unit.set_status(status, &message);
                        Ok(())
                    }
                    Stop::Raised(error) => Err(error),
                }
            }
        }
    }

    fn is_retrying(&self, unit: &UnitContext<'_>) -> bool {
        !is_reconciled(unit)
    }

    // What a kubeconfig of this application carries as CA (`get-kubeconfig`).
    fn ca_certificates(&self, unit: &UnitContext<'_>) -> Vec<Certificate> {
        if self.part != KubernetesPart::ControlPlane {
            return Vec::new();
        }
        let path = trust_path(CERTIFICATES);
        trustsim_interfaces::pem::loadable(unit.files().get(path.as_str()))
    }
}

impl Kubernetes {
    /// This charm of them.
    fn new(part: KubernetesPart) -> Self {
        Self {
            part,
            certificates: Arc::new(Requirer::new(CERTIFICATES, Flavour::Ops)),
            keeps_root_kubeconfig: false,
        }
    }

    /// `write_certificates` of the nodes: `/root/cdk/{ca.crt,server.crt,server.key,client.crt,
    /// client.key}`, whatever was there before.
    fn write_node_certificates(
        &self,
        unit: &mut UnitContext<'_>,
        client_name: &str,
    ) -> Result<Value, Stop> {
        const WAITS: &str = "Waiting for certificates";
        let received = on_error(WAITS, self.certificates.received(unit))?;
        let (ca, server, client) = node_certificates(received, unit.address(), client_name)
            .ok_or_else(|| Stop::waiting(WAITS))?;
        unit.push_file(&trust_path(CERTIFICATES), ca.clone());
        write_server(unit, &server);
        unit.push_file(
            &client_chain_path(CERTIFICATES, client_name),
            client.certificate,
        );
        unit.push_file(&client_key_path(CERTIFICATES, client_name), client.key);
        Ok(ca)
    }
}

fn node_certificates(
    received: Option<Received>,
    server_name: &str,
    client_name: &str,
) -> Option<(Value, Pair, Pair)> {
    let received = received?;
    let server = received.server(server_name)?.clone();
    let client = received.client_named(client_name)?.clone();
    Some((received.ca?, server, client))
}

/// The server's certificate is filed under its name; a name it had before goes, as the one file
/// of the real charm is written over.
fn write_server(unit: &mut UnitContext<'_>, pair: &Pair) {
    let name = unit.address();
    let path = chain_path(CERTIFICATES, name);
    let prefix = format!("tls/{CERTIFICATES}/");
    let others: Vec<Arc<str>> = paths_under(unit.files(), &prefix)
        .filter(|found| !found.starts_with(&format!("{prefix}{name}.")))
        .cloned()
        .collect();
    for other in others {
        unit.remove_file(&other);
    }
    unit.push_file(&path, pair.certificate.clone());
    unit.push_file(&key_path(CERTIFICATES, name), pair.key.clone());
}

fn is_reconciled(unit: &UnitContext<'_>) -> bool {
    let stored = unit.files().get(RECONCILED);
    stored.is_some_and(|stored| stored.text() == "true")
}

/// `sorted(set(sans))`.
fn sorted(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let unique: BTreeSet<String> = names.into_iter().collect();
    unique.into_iter().collect()
}

/// The words of an option.
fn words(unit: &UnitContext<'_>, option: &str) -> Vec<String> {
    let value = unit.config(option).into_iter();
    value
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect()
}

/// The value that a remote unit, or else its application, gives under `key` on an endpoint.
fn remote_value(unit: &UnitContext<'_>, endpoint: &str, key: &str) -> Option<(RelationId, Value)> {
    unit.relations(endpoint).into_iter().find_map(|relation| {
        let units = unit.remote_units(relation).into_iter();
        let mut bags = units.map(|remote| {
            let bag = unit.unit_data(relation, remote);
            bag.expect("a unit reads the bags of remote units")
        });
        let of_unit = bags.find_map(|bag| bag.get(key).cloned());
        let of_application = || {
            let bag = unit.remote_application_data(relation);
            let bag = bag.expect("the relation is one of this application's");
            bag.get(key).cloned()
        };
        Some((relation, of_unit.or_else(of_application)?))
    })
}

/// `create_kubeconfig`: the CA is within, as base64 of its text.
fn write_kubeconfig(unit: &mut UnitContext<'_>, path: &str, ca: &Value, server: &str, user: &str) {
    let text = format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {}\n    server: \
         {server}\n  name: juju-cluster\ncontexts:\n- context:\n    cluster: juju-cluster\n    \
         user: {user}\n  name: juju-context\ncurrent-context: juju-context\nkind: Config\n",
        base64(ca.text().as_bytes())
    );
    unit.push_file(path, Value::from(text));
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0_u32, |group, byte| group << 8 | u32::from(*byte));
        for place in 0..4 {
            let letter = LETTERS[(group >> (18 - 6 * place) & 63) as usize];
            let is_padding = place > chunk.len();
            out.push(if is_padding { '=' } else { char::from(letter) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::base64;

    /// RFC 4648, section 10.
    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (text, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }
}
