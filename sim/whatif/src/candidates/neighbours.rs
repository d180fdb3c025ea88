//! Which applications are related to each other, at the start or by an action of the plan, looked up once.

use std::collections::BTreeMap;

use trustsim_world::{Action, ApplicationIndex, Deployment};

/// The ends of every relation, found by either of them.
pub(super) struct Neighbours {
    /// In the order of the deployment, then of the plan.
    ends: Vec<[Option<ApplicationIndex>; 2]>,
    /// Positions in `ends`, in order.
    touching: BTreeMap<ApplicationIndex, Vec<usize>>,
}

impl Neighbours {
    pub(super) fn of(deployment: &Deployment) -> Self {
        let related = deployment.relations.iter().map(|each| &each.sides);
        let added = deployment
            .actions
            .iter()
            .filter_map(|timed| match &timed.action {
                Action::Integrate { sides, .. } => Some(sides),
                _ => None,
            });
        let ends = related.chain(added).map(|sides| {
            sides
                .each_ref()
                .map(|side| deployment.application_of(side.party))
        });
        let ends: Vec<_> = ends.collect();
        let mut touching: BTreeMap<ApplicationIndex, Vec<usize>> = BTreeMap::new();
        for (position, sides) in ends.iter().enumerate() {
            for index in sides.iter().flatten() {
                touching.entry(*index).or_default().push(position);
            }
        }
        Self { ends, touching }
    }

    /// These applications, and whatever is related to one of them, each once.
    pub(super) fn near(
        &self,
        own: impl IntoIterator<Item = ApplicationIndex>,
    ) -> Vec<ApplicationIndex> {
        let mut near: Vec<ApplicationIndex> = own.into_iter().collect();
        near.dedup();
        let positions = near.iter().filter_map(|index| self.touching.get(index));
        let mut positions: Vec<usize> = positions.flatten().copied().collect();
        positions.sort_unstable();
        for position in positions {
            for index in self.ends[position].into_iter().flatten() {
                if !near.contains(&index) {
                    near.push(index);
                }
            }
        }
        near
    }
}
