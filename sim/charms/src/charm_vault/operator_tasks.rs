//! The steps that an operator has to take for charm-vault, and what the simulated operator does for each
//! (openstack/charm-vault `src/README.md` at 5a0c525): initialize and unseal Vault and authorise the charm, which is one
//! step here, unseal it when it is sealed later, and provide a CA where there is none.
//!
//! An operator who has a CA makes Vault an intermediate under it: `get-csr`, then `upload-signed-csr` with the signed
//! certificate and the root. An operator who has none runs `generate-root-ca`.
//!
//! A new step is a variant of [`Task`] and an element of its `ALL`; the compiler then asks for its name and for what is
//! done. A new [`Obstacle`] is sorted in [`CharmVault::pending_task`].

use super::{AUTO_GENERATED, CA_READY, CharmVault, Obstacle, SEALED, is_set, option_is_true, pki};
use crate::{OperatorAction, OperatorContext, PendingTask};
use trustsim_interfaces::UnitContext;
use trustsim_pki::{Certificate, CertificateRequest, encode_base64};

/// The action that gives the charm access to Vault.
const AUTHORIZE_ACTION: &str = "authorize-charm";

/// What an operator has to do.
#[derive(Clone, Copy)]
enum Task {
    Unseal,
    Authorize,
    ProvideCa,
    /// Have the signing request of Vault's intermediate CA signed.
    SignRequest,
}

impl Task {
    /// Every task. One that is missing here is never found by its name, and so never done.
    const ALL: [Self; 4] = [
        Self::Unseal,
        Self::Authorize,
        Self::ProvideCa,
        Self::SignRequest,
    ];

    /// Its name in [`PendingTask::what`].
    const fn name(self) -> &'static str {
        match self {
            Self::Unseal => "unseal",
            Self::Authorize => "authorize-charm",
            Self::ProvideCa => "missing-ca",
            Self::SignRequest => "signed-csr",
        }
    }

    /// The task of this name; `None` for one that other charms have, such as a revocation.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|task| task.name() == name)
    }
}

impl CharmVault {
    /// The step that the unit's status tells an operator to take.
    pub(super) fn pending_task(&self, unit: &UnitContext<'_>) -> Option<PendingTask> {
        let pending = |task: Task, subject: &str, detail: &str| {
            Some(PendingTask {
                what: task.name(),
                subject: subject.to_owned(),
                common_name: None,
                detail: detail.to_owned(),
            })
        };
        match self.obstacle(unit) {
            Some(Obstacle::Sealed) => {
                pending(Task::Unseal, unit.unit_name(), Obstacle::Sealed.message())
            }
            Some(Obstacle::NotInitialized) if unit.is_leader() => {
                pending(Task::Authorize, "", Obstacle::NotInitialized.message())
            }
            // The leader alone asks to be authorized. A relation, the action `resume` or etcd ends the others.
            Some(
                Obstacle::NotInitialized
                | Obstacle::NoDatabase
                | Obstacle::Paused
                | Obstacle::NoLeadership,
            ) => None,
            None if !unit.is_leader() || is_set(unit, CA_READY) => None,
            None => match pki::pending_request(unit) {
                Some(request) => pending(
                    Task::SignRequest,
                    request.text(),
                    "the signing request of Vault's intermediate CA",
                ),
                None => {
                    let charm_generates_root = option_is_true(unit, "auto-generate-root-ca-cert")
                        && !is_set(unit, AUTO_GENERATED);
                    if charm_generates_root {
                        None
                    } else {
                        pending(Task::ProvideCa, "", "Missing CA cert")
                    }
                }
            },
        }
    }

    /// What an operator does about a pending task.
    pub(super) fn operator_action_for(
        &self,
        task: &PendingTask,
        operator: &mut OperatorContext,
        unit: &UnitContext<'_>,
    ) -> Option<OperatorAction> {
        let action = |name: &str, parameters: &[(&str, String)]| {
            let parameters = parameters.iter();
            Some(OperatorAction::Action {
                name: name.to_owned(),
                parameters: parameters
                    .map(|(key, value)| ((*key).to_owned(), value.clone()))
                    .collect(),
            })
        };
        match Task::named(task.what)? {
            // The seal of the workload is modelled as the presence of the file SEALED.
            Task::Unseal => Some(OperatorAction::AtWorkload {
                command: "vault operator unseal".to_owned(),
                files: [(SEALED.into(), None)].into(),
                notifies: None,
            }),
            Task::Authorize => action(AUTHORIZE_ACTION, &[("token", "vault-token".to_owned())]),
            Task::ProvideCa if operator.ca.is_none() => action("generate-root-ca", &[]),
            Task::ProvideCa => action("get-csr", &[]),
            Task::SignRequest => {
                let ca = operator.ca.as_ref()?;
                let request = CertificateRequest::from_pem(&task.subject);
                let request = request.unwrap_or_else(|error| {
                    panic!(
                        "{}: the subject of the task to sign a request is no CSR: {error}",
                        unit.unit_name()
                    )
                });
                let signed = ca.sign(&request, true, unit.now(), &mut operator.stream);
                // The root goes into `root-ca`.
                let below_root = signed.chain.iter().filter(|link| !link.is_self_issued());
                let pems: Vec<&str> = below_root.map(Certificate::pem).collect();
                let parameters = [
                    ("pem", encode_base64(&pems.join("\n"))),
                    ("root-ca", encode_base64(ca.root().pem())),
                ];
                action("upload-signed-csr", &parameters)
            }
        }
    }
}
