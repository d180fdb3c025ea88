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

/// Whether the description of either side's charm has the endpoint, and so tells which side provides.
pub(crate) fn is_described(relation: &RelationSpec, deployment: &Deployment) -> bool {
    sources(relation, deployment).any(|source| source == Some(EndpointSource::Description))
}

/// How it is known that each side has its endpoint; `None` where it is not known at all.
fn sources(
    relation: &RelationSpec,
    deployment: &Deployment,
) -> impl Iterator<Item = Option<EndpointSource>> {
    relation.sides.iter().map(|side| {
        let application = deployment.application_of(side.party)?;
        let charm = &deployment.applications[application].charm;
        Some(charm.endpoint(&side.endpoint)?.source)
    })
}

/// Whether nothing tells the interface of a relation, nor which side provides.
fn is_untold(relation: &RelationSpec, deployment: &Deployment) -> bool {
    sources(relation, deployment).all(|source| source == Some(EndpointSource::Guess))
}
