//! What comes into a trust store by hand, and what is put on its block list.

use trustsim_charm_model::DeclaredDuration;
use trustsim_errors::{Code, Diagnostic};
use trustsim_model::{Action, Added, Store, Target, TlsAction, TlsEdit};
use trustsim_yaml::{Place, Spanned, Text, nearest, record};

use crate::Fault;
use crate::kind::{Effect, FaultKind};
use crate::site::{Site, sorted, span};

/// More roots than this in one fault are a mistake: each is a key to be made.
const ROOTS_MAX: u32 = 1_000;

record! {
    /// What comes into whose trust store, and for how long: exactly one of `ca`, `unrelated`,
    /// `namesakes-of` and `garbage`.
    pub(crate) struct TrustFile {
        /// `model.app`: every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// A client's name.
        client: Text = "client",
        /// The present CA of this application, `model.app`.
        ca: Text = "ca",
        /// This many roots that are not used.
        unrelated: Spanned<u32> = "unrelated",
        /// Roots with the name of the present CA of this application and other keys, before what
        /// was there.
        namesakes_of: Text = "namesakes-of",
        /// How many of those (1).
        count: Spanned<u32> = "count",
        /// A damaged block at the end of every file of the store.
        garbage: Spanned<bool> = "garbage",
        /// How long until it is taken out again; without it, it stays.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

pub(crate) struct Trust;

impl FaultKind for Trust {
    type Shape = TrustFile;
    const KEY: &'static str = "trust";
    const ABOUT: &'static str = "Something comes into a trust store by hand.";
    const EFFECT: &'static str = "see [faults of the TLS side](tls-faults.md)";

    fn resolve(shape: &TrustFile, site: &mut Site<'_>) -> Option<Effect> {
        let subjects = [&shape.app, &shape.unit, &shape.client].map(Option::as_ref);
        let whose = store(subjects, shape.place, site)?;
        let (ca, unrelated) = (shape.ca.as_ref(), shape.unrelated.as_ref());
        let (of, garbage) = (shape.namesakes_of.as_ref(), shape.garbage.as_ref());
        let added = match (ca, unrelated, of, garbage) {
            (Some(ca), None, None, None) => Added::Authority(site.names.authority(ca)?),
            (None, Some(count), None, None) => Added::Unrelated(root_count(count, site)?),
            (None, None, Some(of), None) => Added::Namesakes {
                of: site.names.authority(of)?,
                count: match &shape.count {
                    Some(count) => root_count(count, site)?,
                    None => 1,
                },
            },
            (None, None, None, Some(_)) => Added::Garbage,
            _ => {
                let message = "name one thing that is added";
                let wrong = Diagnostic::error(Code::OneOf, shape.place, message);
                let help = "one of `ca`, `unrelated`, `namesakes-of` and `garbage`";
                return site.report(wrong.help(help));
            }
        };
        Some(edit(TlsEdit::Trust { whose, added }, shape.lasts.as_ref()))
    }
}

record! {
    /// Whose trust store has which CA on its block list, and for how long. Nothing that a charm
    /// writes brings it back meanwhile.
    pub(crate) struct DistrustFile {
        /// `model.app`: every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// A client's name.
        client: Text = "client",
        /// The application whose CA certificates, present and past, are distrusted.
        #[schemars(required)]
        ca: Text = "ca" [Required],
        /// How long until it is trusted again; without it, never.
        lasts: Spanned<DeclaredDuration> = "for",
    }
}

pub(crate) struct Distrust;

impl FaultKind for Distrust {
    type Shape = DistrustFile;
    const KEY: &'static str = "distrust";
    const ABOUT: &'static str = "A CA is distrusted.";
    const EFFECT: &'static str = "see [faults of the TLS side](tls-faults.md)";

    fn resolve(shape: &DistrustFile, site: &mut Site<'_>) -> Option<Effect> {
        let subjects = [&shape.app, &shape.unit, &shape.client].map(Option::as_ref);
        let whose = store(subjects, shape.place, site)?;
        let ca = site.names.authority(shape.ca.as_ref()?)?;
        Some(edit(TlsEdit::Distrust { whose, ca }, shape.lasts.as_ref()))
    }
}

fn edit(edit: TlsEdit, lasts: Option<&Spanned<DeclaredDuration>>) -> Effect {
    Fault::lasting(Action::Tls(TlsAction::Edit(edit)), span(lasts)).into()
}

/// The trust store of exactly one of an application, a unit and a client.
fn store(subjects: [Option<&Text>; 3], place: Place, site: &mut Site<'_>) -> Option<Store> {
    let [app, unit, client] = subjects;
    match (app, unit, client) {
        (None, None, Some(name)) => {
            let clients = &site.deployment().clients;
            let found = clients.position(|client| client.name == name.value);
            if found.is_none() {
                let message = format!("there is no client `{}`", name.value);
                let clients = site.deployment().clients.iter();
                let names = sorted(clients.map(|client| &client.name));
                let near = nearest(&name.value, names);
                let wrong = Diagnostic::error(Code::UnknownApplication, name.place, message);
                let wrong = wrong.similar("a client", near);
                return site.report(wrong);
            }
            found.map(Store::Client)
        }
        (app, unit, None) if app.is_some() != unit.is_some() => {
            let Target { application, unit } = site.target(app, unit, place)?;
            Some(Store::Units { application, unit })
        }
        _ => {
            let message = "name one of `app`, `unit` and `client`";
            site.error(Code::OneOf, place, message)
        }
    }
}

fn root_count(count: &Spanned<u32>, site: &mut Site<'_>) -> Option<u32> {
    if (1..=ROOTS_MAX).contains(&count.value) {
        return Some(count.value);
    }
    let message = format!("{} roots are not between 1 and {ROOTS_MAX}", count.value);
    site.error(Code::BadValue, count.place, message)
}
