//! The charm played by its own code (`source`): what a person does for it is in no code, and is what they do for the model.
//!
//! They read outstanding requests off the databags and run the charm's own `provide-certificate`, which its code answers; that
//! is when the journal has the certificate. Must not know what plays the code.

use std::sync::Arc;

use super::{ManualTlsCertificates, NEED};
use crate::{
    Authority, Charm, Implementation, OWN_CODE_OF_CA, OperatorAction, OperatorContext, PendingTask,
};
use trustsim_interfaces::UnitContext;
use trustsim_juju::{Hook, HookError};

pub(super) static IMPLEMENTATION: Implementation = Implementation {
    behaviour: "source-by-hand",
    build: |setup| {
        Arc::new(ByHand {
            code: (OWN_CODE_OF_CA.build)(setup),
            person: ManualTlsCertificates::default(),
        })
    },
    authority: Authority::People {
        ca_ends_chain: false,
    },
    operator: Some(NEED),
    ..OWN_CODE_OF_CA
};

/// The code, and what a person sees of it.
#[derive(Debug)]
struct ByHand {
    code: Arc<dyn Charm>,
    person: ManualTlsCertificates,
}

impl Charm for ByHand {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        self.code.on_hook(hook, unit)
    }

    fn pending_tasks(&self, unit: &UnitContext<'_>) -> Vec<PendingTask> {
        self.person.pending_tasks(unit)
    }

    fn operator_action(
        &self,
        task: &PendingTask,
        operator: &mut OperatorContext,
        unit: &mut UnitContext<'_>,
    ) -> Option<OperatorAction> {
        let (done, _) = self.person.answered(task, operator, unit)?;
        Some(done)
    }
}
