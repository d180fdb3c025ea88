//! A deployment in which another CA is asked for every certificate: what its policy refuses is seen by playing it.

use trustsim_diagnosis::{Obstacle, Transfer};
use trustsim_interfaces::Interface;
use trustsim_world::{ApplicationIndex, Deployment};

/// The same deployment in which one application is asked for all certificates that others are asked for, over an offer
/// where it is in another model. What it requests itself stays as it is.
///
/// # Errors
///
/// It has no endpoint over which certificates are requested of it.
pub fn signed_by(
    deployment: &Deployment,
    ca: ApplicationIndex,
) -> Result<Deployment, Box<Obstacle>> {
    let mut changed = deployment.clone();
    for index in deployment.relations.keys() {
        let relation = &deployment.relations[index];
        let ends = relation
            .sides
            .each_ref()
            .map(|side| deployment.application_of(side.party));
        let [Some(provider), Some(requirer)] = ends else {
            unreachable!("both sides of a relation are applications: {relation:?}");
        };
        let is_of_others = provider != ca && requirer != ca;
        if !is_of_others || !Interface::TlsCertificates.is(&relation.interface) {
            continue;
        }
        let Transfer {
            sides: [provider, _],
            offer,
            saas,
            ..
        } = Transfer::plan(&changed, Interface::TlsCertificates, ca, requirer)?;
        changed.offers.extend(offer);
        changed.saas.extend(saas);
        changed.relations[index].sides[0] = provider;
    }
    Ok(changed)
}
