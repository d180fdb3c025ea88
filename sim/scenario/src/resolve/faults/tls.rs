//! The faults of the TLS side: whose certificate, whose trust store, whose CA.

use super::super::Resolver;
use super::span;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::shape::{
    AnswersFile, CompromiseFile, DistrustFile, PublishCrlFile, TamperFile, Text, TrustFile,
};
use trustsim_charms::Role;
use trustsim_faults::Fault;
use trustsim_kernel::Span;
use trustsim_model::{Action, Added, Answering, Revoked, Store, Tampering, TlsAction, TlsEdit};
use trustsim_yaml::{Place, Spanned, nearest};

/// How long a revocation list is valid where nothing is said.
const LIST_VALIDITY: Span = Span::from_secs(7 * 86_400);

/// More roots than this in one fault are a mistake: each is a key to be made.
const ROOTS_MAX: u32 = 1_000;

impl Resolver<'_> {
    pub(super) fn tamper(&mut self, file: &TamperFile) -> Option<Fault> {
        let (application, unit) =
            self.units_of(file.app.as_ref(), file.unit.as_ref(), file.place)?;
        let how = self.tampering(file.how.as_ref()?)?;
        if let Some(endpoint) = &file.endpoint {
            self.check_tampered_endpoint(application, endpoint)?;
        }
        let edit = TlsEdit::Tamper {
            application,
            unit,
            endpoint: file.endpoint.as_ref().map(|text| text.value.clone()),
            how,
        };
        Some(edited(edit, file.lasts.as_ref()))
    }

    fn tampering(&mut self, text: &Text) -> Option<Tampering> {
        let mut all = Tampering::ALL.into_iter();
        let found = all.find(|how| how.kebab() == text.value);
        if found.is_none() {
            let message = format!("`{}` is nothing that can be done to a chain", text.value);
            let names = Tampering::ALL.map(Tampering::kebab);
            let near = nearest(&text.value, names);
            let diagnostic = Diagnostic::error(Code::BadValue, text.place, message);
            let help = format!("use one of {}", names.join(", "));
            self.push(match near {
                Some(_) => diagnostic.similar("a way to tamper", near),
                None => diagnostic.help(help),
            });
        }
        found
    }

    fn check_tampered_endpoint(&mut self, application: usize, endpoint: &Text) -> Option<()> {
        let charm = self.charm(application);
        let gets =
            |role: Role, interface: &str| role == Role::Requirer && interface == "tls-certificates";
        let names: Vec<String> = charm
            .endpoints
            .iter()
            .filter(|one| gets(one.role, &one.interface))
            .map(|one| one.name.clone())
            .collect();
        if names.contains(&endpoint.value) {
            return Some(());
        }
        let message = format!("nothing is presented that came over `{}`", endpoint.value);
        let diagnostic = Diagnostic::error(Code::UnknownEndpoint, endpoint.place, message);
        self.push(match names.as_slice() {
            [] => diagnostic.help("none of its endpoints gets certificates"),
            names => diagnostic.help(format!("certificates come over {}", names.join(", "))),
        });
        None
    }

    pub(super) fn trust(&mut self, file: &TrustFile) -> Option<Fault> {
        let subjects = [&file.app, &file.unit, &file.client].map(Option::as_ref);
        let whose = self.store(subjects, file.place)?;
        let given = [
            file.ca.is_some(),
            file.unrelated.is_some(),
            file.namesakes_of.is_some(),
            file.garbage.is_some(),
        ];
        if given.iter().filter(|given| **given).count() != 1 {
            let message = "name one thing that is added";
            let help = "one of `ca`, `unrelated`, `namesakes-of` and `garbage`";
            self.push(Diagnostic::error(Code::OneOf, file.place, message).help(help));
            return None;
        }
        let added = if let Some(ca) = &file.ca {
            Added::Authority(self.trusted(ca)?)
        } else if let Some(count) = &file.unrelated {
            Added::Unrelated(self.root_count(count)?)
        } else if let Some(of) = &file.namesakes_of {
            let of = self.trusted(of)?;
            let count = match &file.count {
                Some(count) => self.root_count(count)?,
                None => 1,
            };
            Added::Namesakes { of, count }
        } else {
            Added::Garbage
        };
        Some(edited(TlsEdit::Trust { whose, added }, file.lasts.as_ref()))
    }

    fn root_count(&mut self, count: &Spanned<u32>) -> Option<u32> {
        if (1..=ROOTS_MAX).contains(&count.value) {
            return Some(count.value);
        }
        let message = format!("{} roots are not between 1 and {ROOTS_MAX}", count.value);
        self.push(Diagnostic::error(Code::BadValue, count.place, message));
        None
    }

    pub(super) fn distrust(&mut self, file: &DistrustFile) -> Option<Fault> {
        let subjects = [&file.app, &file.unit, &file.client].map(Option::as_ref);
        let whose = self.store(subjects, file.place)?;
        let ca = self.trusted(file.ca.as_ref()?)?;
        Some(edited(TlsEdit::Distrust { whose, ca }, file.lasts.as_ref()))
    }

    pub(super) fn answers(&mut self, file: &AnswersFile, how: Answering) -> Option<Fault> {
        let (application, unit) =
            self.units_of(file.app.as_ref(), file.unit.as_ref(), file.place)?;
        let answer = Action::Tls(TlsAction::Answer {
            application,
            unit,
            how,
        });
        Some(Fault::lasting(answer, span(file.lasts.as_ref())))
    }

    pub(super) fn publish_crl(&mut self, file: &PublishCrlFile) -> Option<Fault> {
        let ca = self.trusted(file.ca.as_ref()?)?;
        let mut revoked = Vec::new();
        for text in file.revokes.iter().flatten() {
            let address = self.address(text)?;
            revoked.push(Revoked {
                application: address.application,
                unit: address.unit,
            });
        }
        for one in [&file.valid, &file.every].into_iter().flatten() {
            if one.value.0.is_zero() {
                let message = "a list needs some time";
                self.push(Diagnostic::error(Code::BadValue, one.place, message));
                return None;
            }
        }
        let publish = Action::Tls(TlsAction::PublishLists {
            ca,
            revoked,
            valid: span(file.valid.as_ref()).unwrap_or(LIST_VALIDITY),
            every: span(file.every.as_ref()),
        });
        Some(Fault::lasting(publish, span(file.lasts.as_ref())))
    }

    pub(super) fn compromise(&mut self, file: &CompromiseFile) -> Option<Fault> {
        let ca = self.trusted(file.ca.as_ref()?)?;
        Some(Action::Tls(TlsAction::Compromise { ca }).into())
    }

    /// The trust store of exactly one of an application, a unit and a client.
    fn store(&mut self, subjects: [Option<&Text>; 3], place: Place) -> Option<Store> {
        let [app, unit, client] = subjects;
        match (app, unit, client) {
            (None, None, Some(client)) => {
                let found = self.client_names.get(&client.value).copied();
                if found.is_none() {
                    let message = format!("there is no client `{}`", client.value);
                    let near = nearest(&client.value, self.client_names.keys().map(String::as_str));
                    let diagnostic =
                        Diagnostic::error(Code::UnknownApplication, client.place, message);
                    let diagnostic = diagnostic.similar("a client", near);
                    self.push(diagnostic);
                }
                found.map(Store::Client)
            }
            (app, unit, None) if app.is_some() != unit.is_some() => {
                let (application, unit) = self.units_of(app, unit, place)?;
                Some(Store::Units { application, unit })
            }
            _ => {
                let message = "name one of `app`, `unit` and `client`";
                self.push(Diagnostic::error(Code::OneOf, place, message));
                None
            }
        }
    }
}

fn edited(edit: TlsEdit, lasts: Option<&Spanned<trustsim_charms::DeclaredDuration>>) -> Fault {
    Fault::lasting(Action::Tls(TlsAction::Edit(edit)), span(lasts))
}
