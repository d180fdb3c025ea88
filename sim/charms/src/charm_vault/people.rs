//! What charm-vault waits for people to do, as openstack/charm-vault `src/README.md` at 5a0c525
//! tells them to: unseal and authorise, and where it has no CA, give it one.
//!
//! An operator who has a CA makes Vault an intermediate under it: `get-csr`, then
//! `upload-signed-csr` with the signed certificate and the root; one who has none runs
//! `generate-root-ca`.

use super::{AUTO_GENERATED, CA_READY, CharmVault, Obstacle, SEALED, is_set, option_is_true, pki};
use crate::{OperatorAction, OperatorContext, PendingTask};
use trustsim_interfaces::UnitContext;
use trustsim_pki::{Certificate, CertificateRequest, encode_base64};

const WAITS_UNSEAL: &str = "unseal";
const WAITS_ACCESS: &str = "authorize-charm";
const WAITS_CA: &str = "missing-ca";
const WAITS_SIGNED: &str = "signed-csr";

impl CharmVault {
    /// What the unit's status says that an operator has to do.
    pub(super) fn waits_for(&self, unit: &UnitContext<'_>) -> Option<PendingTask> {
        let wait = |what, subject: &str, detail: &str| {
            let (subject, detail) = (subject.to_owned(), detail.to_owned());
            Some(PendingTask {
                what,
                subject,
                common_name: None,
                detail,
            })
        };
        match self.obstacle(unit) {
            Some(Obstacle::Sealed) => {
                wait(WAITS_UNSEAL, unit.unit_name(), Obstacle::Sealed.status().1)
            }
            Some(Obstacle::NotAuthorized) if unit.is_leader() => {
                wait(WAITS_ACCESS, "", Obstacle::NotAuthorized.status().1)
            }
            Some(_) => None,
            None if !unit.is_leader() || is_set(unit, CA_READY) => None,
            None => match pki::pending_request(unit) {
                Some(request) => wait(WAITS_SIGNED, request.text(), "a request of Vault's CA"),
                None => {
                    let makes_one = option_is_true(unit, "auto-generate-root-ca-cert")
                        && !is_set(unit, AUTO_GENERATED);
                    (!makes_one).then(|| wait(WAITS_CA, "", "Missing CA cert"))?
                }
            },
        }
    }

    /// What an operator does about it.
    pub(super) fn answered(
        &self,
        task: &PendingTask,
        operator: &mut OperatorContext,
        unit: &UnitContext<'_>,
    ) -> Option<OperatorAction> {
        let action = |name: &str, parameters: &[(&str, String)]| OperatorAction::Action {
            name: name.to_owned(),
            parameters: parameters
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect(),
        };
        match task.what {
            WAITS_UNSEAL => Some(OperatorAction::AtWorkload {
                command: "vault operator unseal".to_owned(),
                files: [(SEALED.into(), None)].into(),
                notifies: None,
            }),
            WAITS_ACCESS => Some(action(WAITS_ACCESS, &[("token", "vault-token".to_owned())])),
            WAITS_CA if operator.ca.is_none() => Some(action("generate-root-ca", &[])),
            WAITS_CA => Some(action("get-csr", &[])),
            WAITS_SIGNED => {
                let ca = operator.ca.as_ref()?;
                let request = CertificateRequest::from_pem(&task.subject);
                let request = request.expect("a task that waits for a signature has the request");
                let signed = ca.sign(&request, true, unit.now(), &mut operator.stream);
                let below_root = signed.chain.iter().filter(|link| !link.is_self_issued());
                let pems: Vec<&str> = below_root.map(Certificate::pem).collect();
                let root = ca.certificates().next().expect("a CA has a root");
                let parameters = [
                    ("pem", encode_base64(&pems.join("\n"))),
                    ("root-ca", encode_base64(root.pem())),
                ];
                Some(action("upload-signed-csr", &parameters))
            }
            _ => None,
        }
    }
}
