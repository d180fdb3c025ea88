//! Small PKIs for tests, with the identities and cases of handshakes.

use trustsim_kernel::Time;
use trustsim_validators::{TrustStore, Validator};

use crate::{Case, ClientSide, Identity, ServerSide};

#[allow(dead_code, reason = "some of it is for the tests of validators")]
#[path = "../../../validators/src/tests/make.rs"]
mod made;

pub(crate) use made::*;

impl Made {
    pub(crate) fn identity(&self, rest: &[&Self]) -> Identity {
        let rest = rest.iter().map(|made| made.certificate.clone());
        Identity::new(
            std::iter::once(self.certificate.clone()).chain(rest),
            self.key.clone(),
        )
    }
}

pub(crate) fn case(server: Identity, trust: TrustStore, validator: Validator, at: Time) -> Case {
    Case {
        client: ClientSide {
            trust,
            identity: None,
            validator,
            clock: at,
        },
        server: ServerSide {
            identity: server,
            client_trust: None,
            validator,
            clock: at,
        },
        server_name: NAME.to_owned(),
    }
}
