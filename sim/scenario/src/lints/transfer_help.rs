//! The commands that would bring a CA to an application that does not trust it.

use super::Lints;
use trustsim_charms::Role;
use trustsim_model::{ApplicationIndex, CommandLine, ModelIndex};

impl Lints<'_> {
    /// The commands that would add the missing relation.
    pub(super) fn transfer_help(
        &self,
        client: ApplicationIndex,
        issuer: ApplicationIndex,
    ) -> String {
        let deployment = self.deployment;
        let endpoint = |application: ApplicationIndex, role: Role| {
            let endpoints = &deployment.applications[application].charm.endpoints;
            endpoints.iter().find(|endpoint| {
                endpoint.role == role && endpoint.interface == "certificate_transfer"
            })
        };
        let (own, other) = (
            &deployment.applications[client],
            &deployment.applications[issuer],
        );
        let (Some(receives), Some(sends)) = (
            endpoint(client, Role::Requirer),
            endpoint(issuer, Role::Provider),
        ) else {
            let without = if endpoint(client, Role::Requirer).is_none() {
                own
            } else {
                other
            };
            if without.charm.provenance.is_unread() {
                return format!(
                    "whether the charm `{0}` has an endpoint for `certificate_transfer` is not known, since it was not read: \
                     relate that endpoint, describe it under `charms.{0}`, or relate both to the same CA",
                    without.charm.name
                );
            }
            return format!(
                "the charm `{}` has no endpoint for `certificate_transfer`; relate both to the same CA, or use another charm",
                without.charm.name
            );
        };
        let (receives_it, sends_it) = (&receives.name, &sends.name);
        if !sends.is_read_at(receives) {
            return format!(
                "`{0}:{sends_it}` sends with version 0 of certificate_transfer what `{1}:{receives_it}` cannot read: refresh \
                 `{0}` to a revision that sends version 1, or relate both to the same CA",
                other.name, own.name
            );
        }
        let (receives, sends) = (receives_it, sends_it.as_str());
        let (model, own_name, other_name) = (&deployment.models[own.model], &own.name, &other.name);
        if own.model == other.model {
            let other = format!("{other_name}:{sends}");
            let integrate = integrate(&model.name, &format!("{own_name}:{receives}"), &other);
            return format!("the missing relation: {integrate}");
        }
        let (commands, local) = self.over_an_offer(own.model, issuer, sends);
        let integrate = integrate(&model.name, &format!("{own_name}:{receives}"), &local);
        format!("the missing relation: {commands}{integrate}")
    }

    /// The commands with which a model comes to have an offer of `issuer` for the endpoint `sends`, and the name
    /// that it has there. Names that are taken are not used again.
    fn over_an_offer(
        &self,
        here: ModelIndex,
        issuer: ApplicationIndex,
        sends: &str,
    ) -> (String, String) {
        let deployment = self.deployment;
        let (spec, model) = (&deployment.applications[issuer], &deployment.models[here]);
        let there = &deployment.models[spec.model];
        let known = deployment.offers.position(|offer| {
            offer.application == issuer && offer.endpoints.iter().any(|each| each == sends)
        });
        let mut saas = deployment.saas.iter();
        if let Some(saas) = saas.find(|saas| saas.model == here && Some(saas.offer) == known) {
            return (String::new(), format!("{}:{sends}", saas.name));
        }
        let mut commands = String::new();
        let offer = match known {
            Some(offer) => deployment.offers[offer].name.clone(),
            None => {
                let wanted = format!("{}-{sends}", spec.name);
                let name = deployment.free_offer_name(spec.model, &[&spec.name, &wanted]);
                let own_name = (name != spec.name).then_some(&name);
                let offer = CommandLine::new(["juju", "offer"])
                    .and(format_args!("{}.{}:{sends}", there.name, spec.name))
                    .and_all(own_name);
                commands = format!("{offer}; ");
                name
            }
        };
        let prefix = match there.controller == model.controller {
            true => String::new(),
            false => format!("{}:", deployment.controllers[there.controller].name),
        };
        let alias = format!("{}-{offer}", there.name);
        let local = deployment.free_local_name(here, &[&offer, &alias]);
        let alias = (local != offer).then_some(&local);
        let url = format!("{prefix}{}/{}.{offer}", there.owner, there.name);
        let consume = CommandLine::new(["juju", "consume", "-m", &model.name, &url]).and_all(alias);
        commands.push_str(&format!("{consume}; "));
        // An offer that is there may have other endpoints too.
        match known {
            Some(_) => (commands, format!("{local}:{sends}")),
            None => (commands, local),
        }
    }
}

fn integrate(model: &str, one: &str, other: &str) -> CommandLine {
    CommandLine::new(["juju", "integrate", "-m", model, one, other])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{MemoryFiles, load};

    /// No relation is named over which, by another finding, nothing would arrive (certificate_transfer_interface v0 of
    /// self-signed-certificates before revision 310, and grafana-k8s with v1).
    #[test]
    fn a_relation_that_would_carry_nothing_is_not_advised() {
        let text = "
name: apart
duration: 2d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, scale: 1}
      web: {charm: web, scale: 1}
      client: {charm: client, scale: 1}
    relations: [[web:certificates, ca:certificates]]
connections: [{from: m.client, to: m.web}]
charms:
  web: {requires: {certificates: {interface: tls-certificates}}}
  client: {requires: {receive-ca-cert: {interface: certificate_transfer, library: certificate-transfer-v1}}}
";
        let old = "  self-signed-certificates: {provides: {send-ca-cert: {library: certificate-transfer-v0}}}\n";
        let helped = |text: &str| {
            let loaded = load(Path::new("s.yaml"), &MemoryFiles::new([("s.yaml", text)]));
            let loaded = loaded.unwrap_or_else(|wrong| panic!("{}", wrong.render(false)));
            loaded.warnings.render(false)
        };
        let said = helped(text);
        assert!(
            said.contains("juju integrate -m m client:receive-ca-cert ca:send-ca-cert"),
            "{said}"
        );
        let said = helped(&format!("{text}{old}"));
        assert!(
            said.contains("`ca:send-ca-cert` sends with version 0 of certificate_transfer what `client:receive-ca-cert` cannot read")
                && !said.contains("juju integrate"),
            "{said}"
        );
    }
}
