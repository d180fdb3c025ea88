//! The row of a relation, where it is told of which interface the relation is.

use crate::edge::Unknown;
use crate::row::Row;
use crate::table::row_of;
use trustsim_charm_model::EndpointSource;
use trustsim_model::{Deployment, RelationSpec};

/// The row of a relation, or why it has none.
pub(crate) fn row(
    relation: &RelationSpec,
    deployment: &Deployment,
) -> Result<&'static Row, Unknown> {
    if is_untold(relation, deployment) {
        return Err(Unknown::Untold);
    }
    row_of(&relation.interface).ok_or(Unknown::NoRow)
}

/// Whether nothing tells the interface of a relation, nor which side provides.
fn is_untold(relation: &RelationSpec, deployment: &Deployment) -> bool {
    relation.sides.iter().all(|side| {
        let application = deployment.application_of(side.party);
        let charm = application.map(|index| &deployment.applications[index].charm);
        let endpoint = charm.and_then(|charm| charm.endpoint(&side.endpoint));
        endpoint.is_some_and(|endpoint| endpoint.source == EndpointSource::Guess)
    })
}
