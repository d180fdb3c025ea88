//! Connections: which client connects to which server.

use super::addresses::Addresses;
use super::inventory::Inventory;
use super::relations::Located;
use super::spaces::{dialled_endpoint, written_endpoint};
use super::{source_of, values};
use crate::format::ConnectionFile;
use trustsim_charms::{DeclaredDuration, ProcessProfile, Role, Server};
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_kernel::Span;
use trustsim_model::{ApplicationIndex, ConnectionSpec, EdgeBasis, NameSpec, Party, Persistence};
use trustsim_tls::UnknownResumption;
use trustsim_validators::Validator;
use trustsim_yaml::{Spanned, Text};

/// Time between attempts unless the file says otherwise.
const EVERY: Span = Span::from_secs(60);

/// Every connection whose two sides are there, with the place of its server.
pub(super) fn connections(
    files: &[ConnectionFile],
    inventory: &Inventory,
    out: &mut Diagnostics,
) -> Vec<Located<ConnectionSpec>> {
    let mut connections = Connections { inventory, out };
    let found = files.iter().filter_map(|file| {
        let connection = connections.connection(file)?;
        let place = file.to.as_ref().map_or(file.place, |to| to.place);
        Some((connection, place))
    });
    found.collect()
}

/// The `connections` section while it is read.
struct Connections<'a> {
    inventory: &'a Inventory,
    out: &'a mut Diagnostics,
}

impl<'a> Connections<'a> {
    const fn addresses(&mut self) -> Addresses<'_> {
        Addresses::new(self.inventory, self.out)
    }

    fn connection(&mut self, file: &ConnectionFile) -> Option<ConnectionSpec> {
        let from = file
            .from
            .as_ref()
            .and_then(|text| self.addresses().client(text));
        let to = file
            .to
            .as_ref()
            .and_then(|text| self.addresses().address(text));
        let validator = file
            .validator
            .as_ref()
            .and_then(|text| values::validator(text, self.out));
        let every = every(file.every.as_ref(), self.out);
        let persistence = self.persistence(file);
        let name = self.name(file);
        let ((from, from_unit, from_endpoint), to) = (from?, to?);
        let to_text = file.to.as_ref()?;
        self.check_server(to.application, to_text);
        if let Some(endpoint) = &to.endpoint {
            self.check_served_endpoint(to.application, endpoint, to_text);
        }
        let process = self.process(file, from);
        let binding = match &file.binding {
            Some(given) => Some(written_endpoint(
                given,
                to.application,
                self.inventory,
                self.out,
            )),
            None => dialled_endpoint(self.inventory.deployment(), from, to.application, None),
        };
        if from == Party::Application(to.application)
            && process.is_none()
            && self.inventory.deployment().applications[to.application].units == 1
        {
            let message = "its only unit has no other unit to talk to";
            self.out
                .push(Diagnostic::warning(Code::Units, to_text.place, message));
        }
        Some(ConnectionSpec {
            from,
            from_unit,
            from_endpoint,
            from_process: process.map(|process| process.name.clone()),
            to: to.application,
            to_unit: to.unit,
            to_endpoint: to.endpoint,
            name,
            binding,
            every,
            validator: validator
                .or_else(|| process.and_then(validator_of_process))
                .unwrap_or_else(|| validator_of(from, self.inventory)),
            mutual: file.mutual == Some(true),
            persistence,
            revocation: file.revocation == Some(true),
            follows_scheme: false,
            edge: match (file.assumed, from) {
                (Some(true), Party::Client(_)) => EdgeBasis::Outside,
                (Some(true), _) => EdgeBasis::Assumed,
                _ => EdgeBasis::Known,
            },
            source: source_of(&self.out.sources, file.place),
        })
    }

    /// The process of its client that connects, where the file names one that the charm has.
    fn process(&mut self, file: &ConnectionFile, from: Party) -> Option<&'a ProcessProfile> {
        let text = file.process.as_ref()?;
        let charm = match from {
            Party::Application(application) => Some(self.inventory.charm(application)),
            Party::Client(_) | Party::Saas(_) => None,
        };
        let found = charm.and_then(|charm| charm.process(&text.value));
        let message = match (found, charm) {
            (Some(process), _) if file.mutual == Some(true) && process.shows.is_none() => {
                format!("the process `{}` has no certificate to show", text.value)
            }
            (Some(_), _)
                if file
                    .from
                    .as_ref()
                    .is_some_and(|from| from.value.contains(':')) =>
            {
                format!(
                    "the charm says over which endpoints `{}` has its CAs",
                    text.value
                )
            }
            (Some(_), _) => return found,
            (None, Some(charm)) => {
                format!("the charm `{}` has no process `{}`", charm.name, text.value)
            }
            (None, None) => "only units have processes".to_owned(),
        };
        let diagnostic = Diagnostic::error(Code::BadValue, text.place, message);
        let known = charm.into_iter().flat_map(|charm| &charm.processes);
        let known: Vec<&str> = known.map(|process| process.name.as_str()).collect();
        self.out.push(match known.as_slice() {
            [] => diagnostic.help("list it under `processes` of the charm"),
            known => diagnostic.help(format!("it has {}", known.join(", "))),
        });
        found
    }

    /// The name that the client dials, where the file says.
    fn name(&mut self, file: &ConnectionFile) -> Option<NameSpec> {
        let Some(dials) = &file.dials else {
            let written = file.name.as_ref();
            return written.map(|name| NameSpec::Written(name.value.clone()));
        };
        if file.name.is_some() {
            let message = "a client dials either a `name` or an address";
            self.out
                .push(Diagnostic::error(Code::BadValue, dials.place, message));
            return None;
        }
        match dials.value.as_str() {
            "bind-address" => Some(NameSpec::BindAddress),
            "ingress-address" => Some(NameSpec::IngressAddress),
            other => {
                let message = format!("`{other}` is no address of a unit");
                let help = "use bind-address or ingress-address";
                self.out
                    .push(Diagnostic::error(Code::BadValue, dials.place, message).help(help));
                None
            }
        }
    }

    /// How a connection goes on without new handshakes.
    fn persistence(&mut self, file: &ConnectionFile) -> Persistence {
        let span =
            |wanted: &Option<Spanned<DeclaredDuration>>| wanted.as_ref().map(|one| one.value.0);
        for one in [&file.lives, &file.session_lifetime].into_iter().flatten() {
            if one.value.0.is_zero() {
                let message = "nothing goes on for no time at all";
                self.out
                    .push(Diagnostic::error(Code::BadValue, one.place, message));
            }
        }
        let mut resumes = None;
        if let Some(text) = &file.resume {
            match text.value.parse() {
                Ok(how) => resumes = Some(how),
                Err(UnknownResumption(_)) => {
                    let message = format!("`{}` is no way to resume", text.value);
                    let help = "use tls12-id or tls13-ticket";
                    self.out
                        .push(Diagnostic::error(Code::BadValue, text.place, message).help(help));
                }
            }
        } else if let Some(lifetime) = &file.session_lifetime {
            let message = "there are no sessions without `resume:`";
            self.out
                .push(Diagnostic::error(Code::MissingKey, lifetime.place, message));
        }
        Persistence {
            lives: span(&file.lives),
            resumes,
            session_lifetime: span(&file.session_lifetime),
        }
    }

    /// The charm that is connected to has a server with TLS.
    fn check_server(&mut self, application: ApplicationIndex, text: &Text) {
        let charm = self.inventory.charm(application);
        let name = &charm.name;
        let message = match charm.server {
            Server::Tls => return,
            Server::Plain => {
                format!(
                    "the server of `{name}` speaks without TLS, whatever certificates it asks for"
                )
            }
            Server::None => format!("`{name}` has no server to connect to"),
        };
        let help = format!(
            "connect to what serves; if this revision does, say `server: tls` under `charms.{name}`"
        );
        self.out
            .push(Diagnostic::error(Code::NoServer, text.place, message).help(help));
    }

    /// The endpoint of an address is one that gets certificates.
    fn check_served_endpoint(&mut self, application: ApplicationIndex, name: &str, text: &Text) {
        let charm = self.inventory.charm(application);
        let serves = |endpoint: &&trustsim_charms::Endpoint| {
            endpoint.role == Role::Requirer && endpoint.interface == "tls-certificates"
        };
        let served: Vec<String> = charm
            .endpoints
            .iter()
            .filter(serves)
            .map(|endpoint| endpoint.name.clone())
            .collect();
        if served.iter().any(|served| served == name) {
            return;
        }
        let message = match charm.endpoint(name) {
            Some(_) => format!("`{name}` gets no certificates"),
            None => format!("the charm `{}` has no endpoint `{name}`", charm.name),
        };
        let diagnostic = Diagnostic::error(Code::UnknownEndpoint, text.place, message);
        self.out.push(match served.as_slice() {
            [] => diagnostic.help("none of its endpoints does"),
            served => diagnostic.help(format!("certificates come over {}", served.join(", "))),
        });
    }
}

/// Time between attempts.
pub(super) fn every(every: Option<&Spanned<DeclaredDuration>>, out: &mut Diagnostics) -> Span {
    match every {
        Some(every) if every.value.0.is_zero() => {
            let message = "attempts cannot follow each other without any time between";
            out.push(Diagnostic::error(Code::BadValue, every.place, message));
            EVERY
        }
        Some(every) => every.value.0,
        None => EVERY,
    }
}

/// The stack of a process, where its charm says.
pub(super) fn validator_of_process(process: &ProcessProfile) -> Option<Validator> {
    // A stack that is none was refused where its charm was declared.
    process.validator.as_ref()?.parse().ok()
}

/// The stack of the workload or client; OpenSSL where nothing is known of it.
pub(super) fn validator_of(party: Party, inventory: &Inventory) -> Validator {
    match party {
        Party::Client(client) => inventory.deployment().clients[client].validator,
        Party::Application(application) => {
            // A stack that is none was refused where its charm was declared.
            let known = inventory.charm(application).validator.as_deref();
            known.and_then(|name| name.parse().ok()).unwrap_or_default()
        }
        Party::Saas(_) => Validator::default(),
    }
}
