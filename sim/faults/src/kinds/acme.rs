//! The fault in which the public ACME server cannot be reached.

use trustsim_charm_model::DeclaredDuration;
use trustsim_errors::Code;
use trustsim_model::Action;
use trustsim_yaml::{Spanned, record};

use crate::Fault;
use crate::kind::{Effect, FaultKind};
use crate::site::{Site, span};

record! {
    /// For how long the ACME server cannot be reached.
    pub(crate) struct AcmeOutageFile {
        /// How long the outage lasts. Without this key it lasts until the end.
        duration: Spanned<DeclaredDuration> = "for",
    }
}

pub(crate) struct AcmeOutage;

impl FaultKind for AcmeOutage {
    type Shape = AcmeOutageFile;
    const KEY: &'static str = "acme-outage";
    const ABOUT: &'static str = "The public ACME server cannot be reached.";
    const EFFECT: &'static str = "the public ACME server cannot be reached";

    fn resolve(shape: &AcmeOutageFile, site: &mut Site<'_>) -> Option<Effect> {
        let mut applications = site.deployment().applications.iter();
        if !applications.any(|spec| spec.charm.implementation.orders_from_acme()) {
            let place = site.place;
            return site.error(
                Code::Fault,
                place,
                "no application in this scenario gets certificates from the ACME server",
            );
        }
        let outage = Action::AcmeServer { reachable: false };
        Some(Fault::lasting(outage, span(shape.duration.as_ref())).into())
    }
}
