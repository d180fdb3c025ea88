//! Addresses and DNS names that Juju and Kubernetes give.

use crate::{ApplicationId, Topology, UnitId};

/// DNS name of the headless service of an application in a Kubernetes model: whichever pod answers, it has a name of its own.
pub fn headless_service(application: &str, model: &str) -> String {
    format!("{application}-endpoints.{model}.svc.cluster.local")
}

/// DNS name of the service of an application in a Kubernetes model.
pub fn service(application: &str, model: &str) -> String {
    format!("{application}.{model}.svc.cluster.local")
}

impl Topology {
    /// DNS name of a unit: in a pod that of the StatefulSet's headless service, on a machine its
    /// address in the space to which its application is bound.
    pub fn unit_dns_name(&self, id: UnitId) -> String {
        let unit = self.unit(id);
        let application = self.application(unit.application);
        let model = self.model(application.model);
        if model.kubernetes {
            let (app, number) = (&application.name, unit.number);
            let service = headless_service(app, &model.name);
            format!("{app}-{number}.{service}")
        } else {
            self.binding_address(id, "").to_owned()
        }
    }

    /// The address at which a unit is reached now. Of a machine its controller may have yet to learn of it.
    pub fn reached_at(&self, id: UnitId) -> &str {
        let unit = self.unit(id);
        let machine = unit.machine.map(|machine| self.machine(machine));
        let moved = machine.and_then(|machine| machine.moved.as_ref());
        moved.map_or(&*unit.address.value, |moved| &moved.to)
    }

    /// The address that Juju tells the other side of a relation: of a pod that of its application's service, which all of
    /// them have in common, on a machine the unit's own in the space of its endpoint (juju/juju 3.6
    /// `apiserver/facades/agent/uniter/networkinfocaas.go`, `NetworksForRelation`).
    pub fn ingress_address(&self, id: UnitId, endpoint: &str) -> &str {
        let unit = self.unit(id);
        let service = &self.application(unit.application).service_address;
        let own = || self.binding_address(id, endpoint);
        service.as_deref().unwrap_or_else(own)
    }

    /// The name under which a unit is dialled: in a pod its DNS name, on a machine the address at which it is reached.
    pub fn dialled_name(&self, id: UnitId) -> String {
        match self.is_pod(id) {
            true => self.unit_dns_name(id),
            false => self.reached_for(id, "").to_owned(),
        }
    }

    /// Name of the host a unit runs on: of a machine `juju-`, the end of its model's UUID and its
    /// id (juju/juju 3.6 `core/instance/namespace.go`), of a pod the pod's.
    pub fn hostname(&self, id: UnitId) -> String {
        let unit = self.unit(id);
        let Some(machine) = unit.machine else {
            return unit.name.replace('/', "-");
        };
        let model = self.model(self.application(unit.application).model);
        let end = &model.uuid[model.uuid.len() - 6..];
        format!("juju-{end}-{}", self.machine(machine).id.replace('/', "-"))
    }

    /// DNS name of an application's service; none on machines.
    pub fn application_dns_name(&self, id: ApplicationId) -> Option<String> {
        let application = self.application(id);
        let model = self.model(application.model);
        model
            .kubernetes
            .then(|| service(&application.name, &model.name))
    }
}
