//! Addresses and DNS names that Juju and Kubernetes give.

use crate::{ApplicationId, Topology, UnitId};

impl Topology {
    /// DNS name of a unit: in a pod that of the StatefulSet's headless service, on a machine its
    /// address.
    pub fn unit_dns_name(&self, id: UnitId) -> String {
        let unit = self.unit(id);
        let application = self.application(unit.application);
        let model = self.model(application.model);
        if model.kubernetes {
            let (app, number, model) = (&application.name, unit.number, &model.name);
            format!("{app}-{number}.{app}-endpoints.{model}.svc.cluster.local")
        } else {
            unit.address.value.to_string()
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
            .then(|| format!("{}.{}.svc.cluster.local", application.name, model.name))
    }
}
