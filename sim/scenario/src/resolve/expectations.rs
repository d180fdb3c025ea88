//! The `expect` section: claims about connections.

use super::addresses::Addresses;
use super::inventory::Inventory;
use super::source_of;
use crate::format::{CertificatesFile, ExpectFile, FailsFile, HooksFile, OutageFile, SelectorFile};
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_juju::{HookName, UnknownHook};
use trustsim_model::{Counted, Expectation, ExpectationKind, Party, Selector};
use trustsim_validators::ErrorKind;
use trustsim_yaml::{Place, Spanned, Text, nearest};

/// Every expectation. `declared` is how many connections the scenario has, resolved or not.
pub(super) fn expectations(
    files: &[ExpectFile],
    declared: usize,
    inventory: &Inventory,
    out: &mut Diagnostics,
) -> Vec<Expectation> {
    let mut expectations = Expectations {
        declared,
        inventory,
        out,
    };
    let found = files.iter().filter_map(|file| {
        let kind = expectations.expectation(file)?;
        let source = source_of(&expectations.out.sources, file.place);
        Some(Expectation { kind, source })
    });
    found.collect()
}

/// The `expect` section while it is read.
struct Expectations<'a> {
    declared: usize,
    inventory: &'a Inventory,
    out: &'a mut Diagnostics,
}

impl Expectations<'_> {
    const fn addresses(&mut self) -> Addresses<'_> {
        Addresses::new(self.inventory, self.out)
    }

    fn expectation(&mut self, file: &ExpectFile) -> Option<ExpectationKind> {
        let [kind] = file.given.as_slice() else {
            let message = match file.given.len() {
                0 => "an expectation needs its kind",
                _ => "an expectation has one kind; write one entry for each",
            };
            let place = file.given.get(1).map_or(file.place, |key| key.place);
            let help = "kinds are no-failures, fails, outage, hooks, certificates";
            self.out
                .push(Diagnostic::error(Code::OneOf, place, message).help(help));
            return None;
        };
        // A kind without a value (`no-failures:`) has none of its keys.
        match kind.value.as_str() {
            "no-failures" => self.no_failures(file.no_failures.clone().unwrap_or_default(), kind),
            "fails" => self.fails(file.fails.clone().unwrap_or_default(), kind),
            "hooks" => self.hooks(file.hooks.clone().unwrap_or_default(), kind),
            "certificates" => {
                self.certificates(file.certificates.clone().unwrap_or_default(), kind)
            }
            _ => self.outage(file.outage.clone().unwrap_or_default(), kind),
        }
    }

    fn no_failures(
        &mut self,
        file: SelectorFile,
        kind: &Spanned<String>,
    ) -> Option<ExpectationKind> {
        let connections = self.selector(file.from.as_ref(), file.to.as_ref(), kind.place)?;
        Some(ExpectationKind::NoFailures(connections))
    }

    fn fails(&mut self, file: FailsFile, kind: &Spanned<String>) -> Option<ExpectationKind> {
        let error = self.error_kind(file.error.as_ref());
        let connections = self.selector(file.from.as_ref(), file.to.as_ref(), kind.place)?;
        Some(ExpectationKind::Fails { connections, error })
    }

    fn outage(&mut self, file: OutageFile, kind: &Spanned<String>) -> Option<ExpectationKind> {
        let error = self.error_kind(file.error.as_ref());
        let (at_least, at_most) = (
            file.at_least.map(|lasting| lasting.0),
            file.at_most.map(|lasting| lasting.0),
        );
        if at_least.is_none() && at_most.is_none() && file.error.is_none() {
            let message = "an outage is expected within bounds";
            let help = "add `at-most`, `at-least` or both; without any failure write `no-failures`";
            self.out
                .push(Diagnostic::error(Code::MissingKey, kind.place, message).help(help));
        }
        if let (Some(least), Some(most)) = (at_least, at_most)
            && least > most
        {
            let message = "`at-least` is longer than `at-most`";
            self.out
                .push(Diagnostic::error(Code::BadValue, file.place, message));
        }
        let connections = self.selector(file.from.as_ref(), file.to.as_ref(), kind.place)?;
        Some(ExpectationKind::Outage {
            connections,
            at_least,
            at_most,
            error,
        })
    }

    fn hooks(&mut self, file: HooksFile, kind: &Spanned<String>) -> Option<ExpectationKind> {
        let application = self.addresses().application(file.app.as_ref()?)?;
        let hook = match file.hook {
            None => None,
            Some(text) => Some(self.hook_name(&text)?),
        };
        let what = Counted::Hooks {
            application,
            hook,
            failed: file.failed == Some(true),
        };
        self.count(what, file.at_least, file.at_most, kind)
    }

    fn hook_name(&mut self, text: &Text) -> Option<HookName> {
        let parsed = text.value.parse();
        parsed
            .inspect_err(|error: &UnknownHook| {
                let diagnostic = Diagnostic::error(Code::BadValue, text.place, error.to_string());
                self.out.push(
                    diagnostic.help("such as `update-status`, `certificates-relation-changed`"),
                );
            })
            .ok()
    }

    fn certificates(
        &mut self,
        file: CertificatesFile,
        kind: &Spanned<String>,
    ) -> Option<ExpectationKind> {
        let mut application = |text: Option<Text>| match text {
            Some(text) => self.addresses().application(&text).map(Some),
            None => Some(None),
        };
        let what = Counted::Certificates {
            by: application(file.from)?,
            application: application(file.to)?,
        };
        self.count(what, file.at_least, file.at_most, kind)
    }

    fn count(
        &mut self,
        what: Counted,
        at_least: Option<u64>,
        at_most: Option<u64>,
        kind: &Spanned<String>,
    ) -> Option<ExpectationKind> {
        if at_least.is_none() && at_most.is_none() {
            let message = "a number is expected within bounds";
            let help = "add `at-most`, `at-least` or both";
            self.out
                .push(Diagnostic::error(Code::MissingKey, kind.place, message).help(help));
        }
        Some(ExpectationKind::Count {
            what,
            at_least,
            at_most,
        })
    }

    fn error_kind(&mut self, text: Option<&Text>) -> Option<ErrorKind> {
        let text = text?;
        let parsed = text.value.parse::<ErrorKind>();
        if let Err(error) = &parsed {
            let names = ErrorKind::ALL.iter().map(|kind| kind.kebab());
            let near = nearest(&text.value, names);
            let diagnostic = Diagnostic::error(Code::BadValue, text.place, error.to_string());
            let help = "`trustsim explain` lists the errors of a handshake: TS0401 to TS0499";
            self.out.push(match near {
                Some(_) => diagnostic.similar("an error", near),
                None => diagnostic.help(help),
            });
        }
        parsed.ok()
    }

    fn selector(
        &mut self,
        from: Option<&Text>,
        to: Option<&Text>,
        place: Place,
    ) -> Option<Selector> {
        let client = from.map(|text| self.selected_client(text));
        let server = to.map(|text| self.addresses().application(text));
        let selector = Selector {
            from: client.map_or(Some(None), |found| found.map(Some))?,
            to: server.map_or(Some(None), |found| found.map(Some))?,
        };
        let matching = self
            .inventory
            .deployment()
            .connections
            .iter()
            .any(|connection| {
                selector.from.is_none_or(|from| from == connection.from)
                    && selector.to.is_none_or(|to| to == connection.to)
            });
        // Connections that could not be used have been told of already.
        if !matching && self.inventory.deployment().connections.len() == self.declared {
            let message = "no connection matches this expectation";
            let help = "what is expected of must stand under `connections`";
            self.out
                .push(Diagnostic::error(Code::Expectation, place, message).help(help));
            return None;
        }
        Some(selector)
    }

    fn selected_client(&mut self, text: &Text) -> Option<Party> {
        let (party, unit) = self.addresses().party(text)?;
        if unit.is_some() {
            let message = format!(
                "`{}` names a unit; expectations are about applications",
                text.value
            );
            self.out
                .push(Diagnostic::error(Code::BadAddress, text.place, message));
            return None;
        }
        Some(party)
    }
}
