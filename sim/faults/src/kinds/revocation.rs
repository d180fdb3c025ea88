//! Revocation: of one certificate by those who gave it, by lists that an authority publishes; and
//! a CA whose key is stolen.

use trustsim_charm_model::DeclaredDuration;
use trustsim_errors::{Code, Diagnostic};
use trustsim_kernel::Span;
use trustsim_model::{Action, Revoked, TlsAction};
use trustsim_yaml::{Spanned, Text, record};

use crate::Fault;
use crate::kind::{Effect, FaultKind};
use crate::site::{Site, span};

/// How long a revocation list is valid where nothing is said.
const LIST_VALIDITY: Span = Span::from_secs(7 * 86_400);

record! {
    /// Which certificate is revoked.
    pub(crate) struct RevokeFile {
        /// The application that gave it, `model.app`.
        #[schemars(required)]
        app: Text = "app" [Required],
        /// The common name it is for.
        #[schemars(required)]
        name: Text = "name" [Required],
    }
}

pub(crate) struct Revoke;

impl FaultKind for Revoke {
    type Shape = RevokeFile;
    const KEY: &'static str = "revoke";
    const ABOUT: &'static str = "A certificate is revoked by the people who gave it.";
    const EFFECT: &'static str = "people revoke a certificate (notary-k8s)";
    const SOURCE: &'static str = "canonical/notary-k8s-operator";

    fn resolve(shape: &RevokeFile, site: &mut Site<'_>) -> Option<Effect> {
        let text = shape.app.as_ref()?;
        let application = site.names.application(text)?;
        let charm = site.charm(application);
        if !charm.implementation.revokes {
            let message = format!(
                "the charm `{}` has no way to revoke what it issued",
                charm.name
            );
            let help = "of the charms that are played, only notary-k8s knows revocation";
            let wrong = Diagnostic::error(Code::Fault, text.place, message);
            return site.report(wrong.help(help));
        }
        let name = shape.name.as_ref()?.value.clone();
        Some(Action::Revoke { application, name }.into())
    }
}

record! {
    /// Which authority publishes revocation lists, for connections with `revocation: true`.
    pub(crate) struct PublishCrlFile {
        /// The application of the CA, `model.app`.
        #[schemars(required)]
        ca: Text = "ca" [Required],
        /// Whose certificates are revoked, all they have been given so far: `model.app`, or
        /// `model.app/0`.
        revokes: Vec<Text> = "revokes",
        /// How long a list is valid (7d).
        valid: Spanned<DeclaredDuration> = "valid",
        /// How often there is a new one; without it, there is one only.
        every: Spanned<DeclaredDuration> = "every",
        /// How long there are new ones; without it, for good.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

pub(crate) struct PublishCrl;

impl FaultKind for PublishCrl {
    type Shape = PublishCrlFile;
    const KEY: &'static str = "publish-crl";
    const ABOUT: &'static str = "An authority publishes revocation lists.";
    const EFFECT: &'static str = "see [faults of the TLS side](tls-faults.md)";

    fn resolve(shape: &PublishCrlFile, site: &mut Site<'_>) -> Option<Effect> {
        let ca = site.names.authority(shape.ca.as_ref()?)?;
        let mut revoked = Vec::new();
        for text in shape.revokes.iter().flatten() {
            let address = site.names.address(text)?;
            revoked.push(Revoked {
                application: address.application,
                unit: address.unit,
            });
        }
        for period in [&shape.valid, &shape.every].into_iter().flatten() {
            if period.value.0.is_zero() {
                return site.error(Code::BadValue, period.place, "a list needs some time");
            }
        }
        let publish = Action::Tls(TlsAction::PublishLists {
            ca,
            revoked,
            valid: span(shape.valid.as_ref()).unwrap_or(LIST_VALIDITY),
            every: span(shape.every.as_ref()),
        });
        Some(Fault::lasting(publish, span(shape.lasts.as_ref())).into())
    }
}

record! {
    /// Whose key an attacker has from then on.
    pub(crate) struct CompromiseFile {
        /// The application of the CA, `model.app`.
        #[schemars(required)]
        ca: Text = "ca" [Required],
    }
}

pub(crate) struct Compromise;

impl FaultKind for Compromise {
    type Shape = CompromiseFile;
    const KEY: &'static str = "compromise";
    const ABOUT: &'static str = "An attacker has the key of a CA.";
    const EFFECT: &'static str = "see [faults of the TLS side](tls-faults.md)";

    fn resolve(shape: &CompromiseFile, site: &mut Site<'_>) -> Option<Effect> {
        let ca = site.names.authority(shape.ca.as_ref()?)?;
        Some(Action::Tls(TlsAction::Compromise { ca }).into())
    }
}
