//! The words for why a key of an endpoint changes nothing.

use trustsim_charms::{CharmMetadata, Endpoint, Role, UnreadKey};
use trustsim_errors::{Code, Diagnostic};
use trustsim_yaml::Place;

/// Refuses a key of an endpoint, or one of the `bugs`.
pub(super) fn refusal(
    charm: &CharmMetadata,
    endpoint: &Endpoint,
    key: &str,
    place: Place,
    why: UnreadKey,
) -> Diagnostic {
    let name = &endpoint.name;
    let because = match why {
        UnreadKey::OwnCode => {
            format!(": the code of {} is played, and decides it", charm.name)
        }
        UnreadKey::OtherInterface => format!(
            ", which {} {}",
            match endpoint.role {
                Role::Provider => "provides",
                Role::Requirer => "requires",
                Role::Peer => "is a peer over",
            },
            endpoint.interface
        ),
        UnreadKey::OnlyVersion3 => ": only charms with version 3 of the library have it".to_owned(),
        UnreadKey::NotVersion3 => {
            ": charms with version 3 of the library do not have it".to_owned()
        }
        UnreadKey::ToldAgain => {
            ": the charm is told again in config-changed, which a new pod runs \
                                 before its workload starts"
                .to_owned()
        }
        UnreadKey::CertHandler => ": `cert-handler` decides it".to_owned(),
        UnreadKey::Without(other) => format!(" without {other}"),
    };
    let message = format!("`{key}` has no effect on `{name}`{because}");
    let diagnostic = Diagnostic::error(Code::UnreadKey, place, message);
    match why {
        UnreadKey::OwnCode => diagnostic.help(
            "leave it out, or play a generic consumer in the charm's place with `behaviour: requirer`",
        ),
        UnreadKey::OnlyVersion3 => diagnostic.help("add `library: tls-certificates-v3`"),
        UnreadKey::OtherInterface
        | UnreadKey::NotVersion3
        | UnreadKey::ToldAgain
        | UnreadKey::CertHandler
        | UnreadKey::Without(_) => diagnostic,
    }
}
