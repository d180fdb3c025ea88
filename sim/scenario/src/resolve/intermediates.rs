//! Two providers that are related although neither can sign for the other's CA.

use super::drafts::SideDraft;
use super::inventory::Inventory;
use trustsim_charms::{Authority, Role};
use trustsim_errors::{Code, Diagnostic};

/// Two providers of which neither can ask the other for a CA certificate.
pub(super) fn not_an_intermediate(
    left: &SideDraft,
    right: &SideDraft,
    inventory: &Inventory,
) -> Option<Diagnostic> {
    let has = |side: &SideDraft, role: Role| {
        let charm = inventory.charm(side.application);
        let api = charm.implementation.api.map(|api| api.endpoint);
        charm.endpoints.iter().any(|endpoint| {
            endpoint.interface == "tls-certificates"
                && endpoint.role == role
                && api != Some(endpoint.name.as_str())
        })
    };
    let fits = |side| has(side, Role::Provider) && !has(side, Role::Requirer);
    if !fits(left) || !fits(right) {
        return None;
    }
    let charm = inventory.charm(left.application);
    let (below, above) = (
        inventory.deployment().party_name(left.party),
        inventory.deployment().party_name(right.party),
    );
    let message = format!(
        "`{below}` cannot be an intermediate under `{above}`: `{}` has no endpoint that asks for a CA certificate",
        charm.name
    );
    let help = match charm.implementation.authority {
        Authority::OwnRoot => {
            "it makes its own root; vault-k8s and vault can stand under another CA"
        }
        Authority::SignedByHand => {
            "an operator does it by hand: `get-csr`, then `upload-signed-csr` (`operators`, `signs-with`)"
        }
        Authority::People { .. } => {
            "people sign for it with the CA they have: declare its `chain` under `operators`, `signs-with`"
        }
        Authority::Acme => "its CA is the public one, which no other CA signs",
        Authority::Declared => "declare its chain under `issuer`",
        Authority::None | Authority::Intermediate { .. } | Authority::Relay { .. } => {
            "use a provider that can"
        }
    };
    let diagnostic = Diagnostic::error(Code::NotAnIntermediate, left.text.place, message);
    Some(diagnostic.help(help))
}
