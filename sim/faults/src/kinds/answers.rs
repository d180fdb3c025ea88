//! Ports that do not answer with TLS.

use trustsim_charm_model::DeclaredDuration;
use trustsim_model::{Action, Answering, Target, TlsAction};
use trustsim_yaml::{Spanned, Text, record};

use crate::Fault;
use crate::kind::{Effect, FaultKind};
use crate::site::{Site, span};

record! {
    /// Which units answer without TLS, and for how long.
    pub(crate) struct AnswersFile {
        /// `model.app`: every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// How long until they speak TLS again; without it, they do not.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

pub(crate) struct PlainText;

impl FaultKind for PlainText {
    type Shape = AnswersFile;
    const KEY: &'static str = "plaintext";
    const ABOUT: &'static str = "Units answer in plain text.";
    const EFFECT: &'static str = "see [faults of the TLS side](tls-faults.md)";

    fn resolve(shape: &AnswersFile, site: &mut Site<'_>) -> Option<Effect> {
        answer(shape, Answering::PlainText, site)
    }
}

pub(crate) struct HangUp;

impl FaultKind for HangUp {
    type Shape = AnswersFile;
    const KEY: &'static str = "hang-up";
    const ABOUT: &'static str = "Units close connections in the middle of the handshake.";
    const EFFECT: &'static str = "see [faults of the TLS side](tls-faults.md)";

    fn resolve(shape: &AnswersFile, site: &mut Site<'_>) -> Option<Effect> {
        answer(shape, Answering::HangUp, site)
    }
}

fn answer(shape: &AnswersFile, how: Answering, site: &mut Site<'_>) -> Option<Effect> {
    let (app, unit) = (shape.app.as_ref(), shape.unit.as_ref());
    let Target { application, unit } = site.target(app, unit, shape.place)?;
    let answer = Action::Tls(TlsAction::Answer {
        application,
        unit,
        how,
    });
    Some(Fault::lasting(answer, span(shape.lasts.as_ref())).into())
}
