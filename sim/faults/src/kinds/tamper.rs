//! What a unit presents is changed by hand.

use trustsim_charm_model::{DeclaredDuration, Role};
use trustsim_errors::{Code, Diagnostic};
use trustsim_model::{Action, ApplicationIndex, Tampering, Target, TlsAction, TlsEdit};
use trustsim_yaml::{Spanned, Text, nearest, record};

use crate::Fault;
use crate::kind::{Effect, FaultKind};
use crate::site::{Site, span};

record! {
    /// What is done to what a unit presents, and for how long. A charm that writes the file again
    /// puts it right earlier.
    pub(crate) struct TamperFile {
        /// `model.app`: every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// The endpoint over which the certificate came; every one without it.
        endpoint: Text = "endpoint",
        #[schemars(required, extend("enum" = [
            "leaf-only", "reversed", "root-first", "wrong-key", "client-certificate", "wrong-name",
            "common-name-only", "expired", "not-yet-valid", "self-signed", "bad-signature",
            "garbage", null
        ]))]
        /// What is presented instead: the certificate without its issuers (`leaf-only`), with the
        /// issuers in another order (`reversed`) or the whole file turned round (`root-first`),
        /// with another key (`wrong-key`), one of the same CA for clients only
        /// (`client-certificate`), for another name (`wrong-name`), without alternative names
        /// (`common-name-only`), `expired` or `not-yet-valid` by a day, a `self-signed` one, one
        /// whose signature is damaged (`bad-signature`), or no certificate (`garbage`).
        how: Text = "how" [Required],
        /// How long until it is put right; without it, it stays.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

pub(crate) struct Tamper;

impl FaultKind for Tamper {
    type Shape = TamperFile;
    const KEY: &'static str = "tamper";
    const ABOUT: &'static str = "What a unit presents is changed by hand.";
    const EFFECT: &'static str = "see [faults of the TLS side](tls-faults.md)";

    fn resolve(shape: &TamperFile, site: &mut Site<'_>) -> Option<Effect> {
        let (app, unit) = (shape.app.as_ref(), shape.unit.as_ref());
        let Target { application, unit } = site.target(app, unit, shape.place)?;
        let how = tampering(shape.how.as_ref()?, site)?;
        if let Some(endpoint) = &shape.endpoint {
            check_endpoint(application, endpoint, site)?;
        }
        let edit = TlsEdit::Tamper {
            application,
            unit,
            endpoint: shape.endpoint.as_ref().map(|text| text.value.clone()),
            how,
        };
        let edit = Action::Tls(TlsAction::Edit(edit));
        Some(Fault::lasting(edit, span(shape.lasts.as_ref())).into())
    }
}

fn tampering(text: &Text, site: &mut Site<'_>) -> Option<Tampering> {
    let mut all = Tampering::ALL.into_iter();
    let found = all.find(|how| how.kebab() == text.value);
    if found.is_none() {
        let message = format!("`{}` is nothing that can be done to a chain", text.value);
        let names = Tampering::ALL.map(Tampering::kebab);
        let near = nearest(&text.value, names);
        let wrong = Diagnostic::error(Code::BadValue, text.place, message);
        return site.report(match near {
            Some(_) => wrong.similar("a way to tamper", near),
            None => wrong.help(format!("use one of {}", names.join(", "))),
        });
    }
    found
}

fn check_endpoint(
    application: ApplicationIndex,
    endpoint: &Text,
    site: &mut Site<'_>,
) -> Option<()> {
    let endpoints = site.charm(application).endpoints.iter();
    let getting = endpoints
        .filter(|each| each.role == Role::Requirer && each.interface == "tls-certificates");
    let names: Vec<&str> = getting.map(|each| each.name.as_str()).collect();
    if names.contains(&endpoint.value.as_str()) {
        return Some(());
    }
    let help = match names.as_slice() {
        [] => "none of its endpoints gets certificates".to_owned(),
        names => format!("certificates come over {}", names.join(", ")),
    };
    let message = format!("nothing is presented that came over `{}`", endpoint.value);
    let wrong = Diagnostic::error(Code::UnknownEndpoint, endpoint.place, message);
    site.report(wrong.help(help))
}
