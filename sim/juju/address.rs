//! Addresses and DNS names that Juju and Kubernetes give.

use super::{ApplicationId, Juju, UnitId};

impl Juju {
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

    /// DNS name of an application's service; none on machines.
    pub fn application_dns_name(&self, id: ApplicationId) -> Option<String> {
        let application = self.application(id);
        let model = self.model(application.model);
        model
            .kubernetes
            .then(|| format!("{}.{}.svc.cluster.local", application.name, model.name))
    }
}
