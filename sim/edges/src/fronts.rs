//! What is in front of applications: ingresses, and the public names that these have.

use std::collections::BTreeMap;

use crate::told;
use trustsim_charm_model::{CharmMetadata, EndpointProfile, Requests};
use trustsim_model::{ApplicationIndex, ApplicationSpec, Deployment, RelationIndex};

/// An ingress in front of an application.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Front {
    /// The relation over which the application gets its URL.
    pub relation: RelationIndex,
    /// The ingress.
    pub ingress: ApplicationIndex,
}

/// The ingresses that give URLs, by the application that gets them.
pub(crate) fn fronts(deployment: &Deployment) -> BTreeMap<ApplicationIndex, Vec<Front>> {
    let mut found: BTreeMap<ApplicationIndex, Vec<Front>> = BTreeMap::new();
    for (relation, spec) in deployment.relations.iter_enumerated() {
        if !told::row(spec, deployment).is_ok_and(|row| row.gives_url) {
            continue;
        }
        let applications = spec
            .sides
            .each_ref()
            .map(|side| deployment.application_of(side.party));
        if let [Some(ingress), Some(application)] = applications {
            let front = Front { relation, ingress };
            found.entry(application).or_default().push(front);
        }
    }
    found
}

/// The public name of an ingress, where an option sets it.
pub(crate) fn external_name(application: &ApplicationSpec) -> Option<String> {
    let option = hostname_option(&application.charm)?;
    application.option_value(option).map(str::to_owned)
}

/// The option with the name for which a charm requests its certificate.
fn hostname_option(charm: &CharmMetadata) -> Option<&str> {
    if let Requests::ForHostname { option } = charm.implementation.requests {
        return Some(option);
    }
    charm
        .endpoints
        .iter()
        .find_map(|endpoint| match &endpoint.profile {
            Some(
                EndpointProfile::Certificates(profile)
                | EndpointProfile::LegacyCertificates(profile),
            ) => profile.name_option.as_deref(),
            _ => None,
        })
}
