//! The provider side (`CertificateTransferProvides`): it has no observers, the charm calls it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::data::{application_bag, plain_bag_v0, read_application, read_unit_v0, unit_bag_v0};
use super::{CertificateSet, Library, VERSION, hash_ordered};
use crate::UnitContext;
use trustsim_juju::{HookError, RelationId, Value};

/// The library of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Endpoint name.
    pub endpoint: Arc<str>,
    /// Which library the charm carries.
    pub library: Library,
}

/// A bag as it is to be.
struct Plan {
    /// Whether it is the application's.
    is_application: bool,
    wanted: Vec<(&'static str, Value)>,
}

impl Plan {
    fn of_application(texts: &[Arc<str>]) -> Self {
        Self {
            is_application: true,
            wanted: application_bag(texts),
        }
    }

    fn of_unit(wanted: Vec<(&'static str, Value)>) -> Self {
        Self {
            is_application: false,
            wanted,
        }
    }
}

impl Provider {
    /// The current library.
    pub fn new(endpoint: &str) -> Self {
        Self {
            endpoint: Arc::from(endpoint),
            library: Library::Current,
        }
    }

    /// `add_certificates`: the union with what is there, in every relation. Nothing ever leaves
    /// by it. Only the leader does it. For version 0, `set_certificate`: what this unit wrote before
    /// is replaced, whether it leads or not.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn add(&self, unit: &mut UnitContext<'_>, texts: &[Arc<str>]) -> Result<(), HookError> {
        self.add_in(unit, texts, &unit.relations(&self.endpoint))
    }

    /// [`Provider::add`] in one relation, with its `relation_id`.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn add_to(
        &self,
        unit: &mut UnitContext<'_>,
        relation: RelationId,
        texts: &[Arc<str>],
    ) -> Result<(), HookError> {
        assert_eq!(
            unit.own_endpoint(relation),
            Some(&*self.endpoint),
            "a provider sends in relations of its own endpoint"
        );
        self.add_in(unit, texts, &[relation])
    }

    fn add_in(
        &self,
        unit: &mut UnitContext<'_>,
        texts: &[Arc<str>],
        relations: &[RelationId],
    ) -> Result<(), HookError> {
        if self.library == Library::V0Patch11 {
            return Self::replace(unit, texts, relations);
        }
        if self.holds(unit, texts, relations)? {
            return Ok(());
        }
        self.change(unit, relations, |set| set.extend(texts.iter().cloned()))
    }

    /// `remove_certificate`, in every relation. Version 0 has one certificate only.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn remove(&self, unit: &mut UnitContext<'_>, text: &str) -> Result<(), HookError> {
        if self.library == Library::V0Patch11 {
            return Self::replace(unit, &[], &unit.relations(&self.endpoint));
        }
        self.change(unit, &unit.relations(&self.endpoint), |set| {
            set.remove(text);
        })
    }

    /// `remove_all_certificates`, in every relation.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn remove_all(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if self.library == Library::V0Patch11 {
            return Self::replace(unit, &[], &unit.relations(&self.endpoint));
        }
        self.change(unit, &unit.relations(&self.endpoint), BTreeSet::clear)
    }

    /// Whether [`Provider::add`] would change nothing.
    fn holds(
        &self,
        unit: &UnitContext<'_>,
        texts: &[Arc<str>],
        relations: &[RelationId],
    ) -> Result<bool, HookError> {
        if self.library == Library::V0Patch11 {
            return Self::has_replaced(unit, texts, relations);
        }
        if !unit.is_leader() {
            return Ok(true);
        }
        for &relation in relations {
            let is_sorted = !self.library.shuffles();
            if is_sorted && speaks_v1(unit, relation)? && has_all(unit, relation, texts)? {
                continue;
            }
            let mut set = Self::existing(unit, relation)?;
            set.extend(texts.iter().cloned());
            // Another order is another text.
            if self.library.shuffles() && set.len() > 1 {
                return Ok(false);
            }
            let sorted: Vec<Arc<str>> = set.into_iter().collect();
            for plan in self.plans(unit, relation, &sorted)? {
                if !is_dumped(unit, relation, &plan)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn change(
        &self,
        unit: &mut UnitContext<'_>,
        relations: &[RelationId],
        change: impl Fn(&mut BTreeSet<Arc<str>>),
    ) -> Result<(), HookError> {
        if !unit.is_leader() {
            return Ok(());
        }
        for &relation in relations {
            let mut set = Self::existing(unit, relation)?;
            change(&mut set);
            let texts = if self.library.shuffles() {
                hash_ordered(&CertificateSet::new(set), unit)
            } else {
                set.into_iter().collect()
            };
            for plan in self.plans(unit, relation, &texts)? {
                if !is_dumped(unit, relation, &plan)? {
                    write(unit, relation, plan)?;
                }
            }
        }
        Ok(())
    }

    /// `_get_relation_data`: invalid data counts as none.
    fn existing(
        unit: &UnitContext<'_>,
        relation: RelationId,
    ) -> Result<BTreeSet<Arc<str>>, HookError> {
        let set = if speaks_v1(unit, relation)? {
            read_application(&unit.own_application_data(relation)?)
        } else {
            read_unit_v0(&unit.unit_data(relation, unit.id())?)
        };
        Ok(set.texts.clone())
    }

    /// `_set_relation_data`: a peer that does not say version 1 gets version 0 in the bag of this
    /// unit; when it says so later, that stays behind.
    fn plans(
        &self,
        unit: &UnitContext<'_>,
        relation: RelationId,
        texts: &[Arc<str>],
    ) -> Result<Vec<Plan>, HookError> {
        if speaks_v1(unit, relation)? {
            return Ok(vec![Plan::of_application(texts)]);
        }
        let fallback = Plan::of_unit(unit_bag_v0(texts));
        Ok(match self.library {
            Library::Current => vec![Plan::of_application(texts), fallback],
            Library::V1Patch15 | Library::V0Patch11 => vec![fallback],
        })
    }

    /// `set_certificate` of version 0 in each of these relations; it clears nothing and asks for no
    /// version. No texts: `remove_certificate`.
    fn replace(
        unit: &mut UnitContext<'_>,
        texts: &[Arc<str>],
        relations: &[RelationId],
    ) -> Result<(), HookError> {
        for &relation in relations {
            for (key, value) in plain_bag_v0(texts) {
                unit.set_unit_data(relation, key, Some(value))?;
            }
            for key in ["certificate", "ca", "chain"] {
                if texts.is_empty() {
                    unit.set_unit_data(relation, key, None)?;
                }
            }
        }
        Ok(())
    }

    fn has_replaced(
        unit: &UnitContext<'_>,
        texts: &[Arc<str>],
        relations: &[RelationId],
    ) -> Result<bool, HookError> {
        let plan = Plan::of_unit(plain_bag_v0(texts));
        for &relation in relations {
            if !is_done(unit, relation, &plan)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether the requirer has written version 1, in these very letters.
fn speaks_v1(unit: &UnitContext<'_>, relation: RelationId) -> Result<bool, HookError> {
    let bag = unit.remote_application_data(relation)?;
    Ok(bag.get(VERSION).map(Value::text) == Some("1"))
}

/// Whether this application's bag is as the library writes it and has these texts already.
fn has_all(
    unit: &UnitContext<'_>,
    relation: RelationId,
    texts: &[Arc<str>],
) -> Result<bool, HookError> {
    let bag = unit.own_application_data(relation)?;
    let set = read_application(&bag);
    let is_ours = bag.get(VERSION).map(Value::text) == Some("1") && !set.is_invalid;
    Ok(is_ours && texts.iter().all(|text| set.texts.contains(text)))
}

fn is_done(unit: &UnitContext<'_>, relation: RelationId, plan: &Plan) -> Result<bool, HookError> {
    let Plan {
        is_application,
        wanted,
    } = plan;
    let bag = if *is_application {
        unit.own_application_data(relation)?
    } else {
        unit.unit_data(relation, unit.id())?
    };
    Ok(wanted
        .iter()
        .all(|(key, value)| bag.get(key) == Some(value)))
}

/// Whether dumping would leave the bag as it is: with these keys and no others, as it clears the bag
/// first. Nothing is dumped of an empty set for version 0.
fn is_dumped(unit: &UnitContext<'_>, relation: RelationId, plan: &Plan) -> Result<bool, HookError> {
    let Plan {
        is_application,
        wanted,
    } = plan;
    let bag = if *is_application {
        unit.own_application_data(relation)?
    } else {
        unit.unit_data(relation, unit.id())?
    };
    let has_others = bag.iter().count() > wanted.len();
    Ok(wanted.is_empty() || (!has_others && is_done(unit, relation, plan)?))
}

/// `dump` clears the bag first: Juju's addresses in a unit's bag go too.
fn write(
    unit: &mut UnitContext<'_>,
    relation: RelationId,
    Plan {
        is_application,
        wanted,
    }: Plan,
) -> Result<(), HookError> {
    let bag = if is_application {
        unit.own_application_data(relation)?
    } else {
        unit.unit_data(relation, unit.id())?
    };
    let stale = bag
        .iter()
        .filter(|(key, _)| !wanted.iter().any(|(other, _)| other == key))
        .map(|(key, _)| (key, None));
    let fresh = wanted
        .iter()
        .map(|(key, value)| (*key, Some(value.clone())));
    for (key, value) in stale.chain(fresh) {
        if is_application {
            unit.set_application_data(relation, key, value)?;
        } else {
            unit.set_unit_data(relation, key, value)?;
        }
    }
    Ok(())
}
