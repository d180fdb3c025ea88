//! Lints of libraries: relations that Juju makes and over which nothing comes, because of the
//! versions of the libraries on both sides.

use super::Lints;
use trustsim_charms::{Endpoint, EndpointProfile, LibraryProfile, Mode, Role};
use trustsim_errors::{Code, Diagnostic};
use trustsim_interfaces::tls_certificates;
use trustsim_model::{RelationSpec, Side};
use trustsim_yaml::Place;

impl Lints<'_> {
    pub(super) fn libraries(&mut self) {
        let found: Vec<(Place, String)> = self
            .deployment
            .relations
            .iter()
            .filter_map(|relation| self.misunderstanding(relation))
            .collect();
        for (place, message) in found {
            self.push(Diagnostic::warning(Code::LibrariesDiffer, place, message));
        }
    }

    fn misunderstanding(&self, relation: &RelationSpec) -> Option<(Place, String)> {
        let side = |role| relation.sides.iter().find(|side| side.role == role);
        let (provider, requirer) = (side(Role::Provider)?, side(Role::Requirer)?);
        let (sends, receives) = (self.endpoint_of(provider)?, self.endpoint_of(requirer)?);
        let application = self.deployment.application_of(requirer.party)?;
        let place = self.places.applications[application];
        let name = |side: &Side| self.deployment.side_name(side);
        let (from, to) = (name(provider), name(requirer));
        if !sends.is_read_at(receives) {
            return Some((
                place,
                format!(
                    "`{from}` sends with version 0 of certificate_transfer what `{to}` cannot read: nothing arrives"
                ),
            ));
        }
        let requests = self.charm(application).implementation.requests;
        let is_fixed = requests.fixed_mode().is_some_and(|mode| mode != Mode::Unit);
        let asks_as_application = is_fixed || asks_as_application(receives);
        if sends.library == certificates(tls_certificates::Library::V3) && asks_as_application {
            return Some((
                place,
                format!(
                    "`{to}` asks in its application databag, which `{from}` does not look into with version 3 of tls-certificates: no certificate comes"
                ),
            ));
        }
        None
    }

    fn endpoint_of(&self, side: &Side) -> Option<&Endpoint> {
        let application = self.deployment.application_of(side.party)?;
        self.charm(application).endpoint(&side.endpoint)
    }
}

const fn certificates(library: tls_certificates::Library) -> Option<LibraryProfile> {
    Some(LibraryProfile::Certificates(library))
}

fn asks_as_application(endpoint: &Endpoint) -> bool {
    match &endpoint.profile {
        Some(EndpointProfile::Certificates(profile)) => profile.mode != Mode::Unit,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{MemoryFiles, load};

    fn warned(charms: &str) -> Vec<String> {
        let text = format!(
            "models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates}}
      web: {{charm: web}}
    relations:
      - [web:certificates, ca:certificates]
      - [web:receive-ca-cert, ca:send-ca-cert]
charms:
{charms}
"
        );
        let files = MemoryFiles::new([("s.yaml", text.as_str())]);
        let loaded = load(Path::new("s.yaml"), &files);
        let loaded = loaded.unwrap_or_else(|wrong| panic!("{}", wrong.render(false)));
        let all = loaded.warnings.list.iter();
        all.map(|found| format!("{} {}", found.code, found.message))
            .collect()
    }

    #[test]
    fn libraries_that_do_not_understand_each_other_are_warned_of() {
        let web = |mode: &str, transfer: &str| {
            format!(
                "  web: {{requires: {{certificates: {{interface: tls-certificates, mode: {mode}}}, receive-ca-cert: {{interface: certificate_transfer, library: {transfer}}}}}}}"
            )
        };
        let old = "
  self-signed-certificates: {provides: {certificates: {library: tls-certificates-v3}, send-ca-cert: {library: certificate-transfer-v0}}}";
        let said = |text: String| warned(&text).join("\n");
        assert_eq!(said(web("app", "certificate-transfer")), "");
        let both = web("unit", "certificate-transfer-v0") + old;
        assert_eq!(said(both), "");
        insta::assert_snapshot!(said(web("app", "certificate-transfer-v1") + old), @"
        TS0305 `web:certificates` asks in its application databag, which `ca:certificates` does not look into with version 3 of tls-certificates: no certificate comes
        TS0305 `ca:send-ca-cert` sends with version 0 of certificate_transfer what `web:receive-ca-cert` cannot read: nothing arrives
        ");
    }
}
