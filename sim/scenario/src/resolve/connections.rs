//! Clients outside Juju, and who talks to whom.

use super::Resolver;
use crate::format::{ClientFile, ConnectionFile, beside, read_text};
use trustsim_charms::{DeclaredDuration, Role};
use trustsim_errors::{Code, Diagnostic};
use trustsim_kernel::Span;
use trustsim_model::{ApplicationIndex, ClientSpec, ConnectionSpec, Party, Persistence};
use trustsim_pki::Certificate;
use trustsim_tls::UnknownResumption;
use trustsim_validators::Validator;
use trustsim_yaml::{Map, Spanned, Text};

/// Time between attempts unless the file says otherwise.
const EVERY: Span = Span::from_secs(60);

impl Resolver<'_> {
    pub(super) fn clients(&mut self) {
        for (name, file) in self.scenario.clients.iter().flat_map(Map::iter) {
            let client = self.client(name, file);
            let index = self.deployment.clients.push_and_get_key(client);
            self.client_names.insert(name.value.clone(), index);
        }
    }

    fn client(&mut self, name: &Spanned<String>, file: &ClientFile) -> ClientSpec {
        if name.value.is_empty() || name.value.contains(['.', '/', ':', ' ']) {
            let message = format!("`{}` is not a valid client name", name.value);
            let help = "leave out dots, slashes, colons and spaces: those are for addresses";
            self.push(Diagnostic::error(Code::BadName, name.place, message).help(help));
        }
        if self.deployment.models.len() == 1
            && let Some(&application) = self.application_names.raw[0].get(&name.value)
        {
            let message = format!("`{}` is both a client and an application", name.value);
            let place = self.places.applications[application];
            let diagnostic = Diagnostic::error(Code::Duplicate, name.place, message);
            self.push(diagnostic.also(place, "the application"));
        }
        // `system` is the public roots.
        let named = |text: &&Text| text.value != "system";
        let trusts = file.trusts.iter().flatten().filter(named);
        let trusts: Vec<ApplicationIndex> = trusts.filter_map(|text| self.trusted(text)).collect();
        let roots = file.roots.iter().flatten();
        ClientSpec {
            name: name.value.clone(),
            trusts,
            trusts_system: file
                .trusts
                .iter()
                .flatten()
                .any(|text| text.value == "system"),
            roots_pem: roots.filter_map(|path| self.root_file(path)).collect(),
            refresh: self.refresh(file),
            validator: self.validator_or_default(file.validator.as_ref()),
        }
    }

    fn refresh(&mut self, file: &ClientFile) -> Option<Span> {
        let refresh = file.refresh.as_ref()?;
        if refresh.value.0.is_zero() {
            let message = "a client cannot fetch again without any time between";
            self.push(Diagnostic::error(Code::BadValue, refresh.place, message));
        }
        Some(refresh.value.0)
    }

    pub(super) fn trusted(&mut self, text: &Text) -> Option<ApplicationIndex> {
        let application = self.application_address(text)?;
        let issues = self.charm(application).endpoints.iter().any(|endpoint| {
            endpoint.role == Role::Provider
                && ["tls-certificates", "certificate_transfer"]
                    .contains(&endpoint.interface.as_str())
        });
        // A kubeconfig has the CA of its cluster (`get-kubeconfig`).
        let has_kubeconfig = self.charm(application).implementation.has_kubeconfig;
        if !issues && !has_kubeconfig {
            let message = format!("`{}` has no CA to trust", text.value);
            let help = "name the application that issues certificates, not the one that uses them";
            self.push(Diagnostic::error(Code::BadValue, text.place, message).help(help));
            return None;
        }
        Some(application)
    }

    fn root_file(&mut self, path: &Text) -> Option<String> {
        let read = read_text(
            self.files,
            &beside(self.folder, &path.value),
            Some(path.place),
        );
        match read {
            Ok(text) => {
                let wrong = match Certificate::chain_from_pem(&text) {
                    Ok(roots) if !roots.is_empty() => return Some(text),
                    Ok(_) => format!("`{}` holds no PEM certificate", path.value),
                    Err(error) => format!("`{}` cannot be read: {error}", path.value),
                };
                self.push(Diagnostic::error(Code::BadValue, path.place, wrong));
                None
            }
            Err(diagnostic) => {
                self.push(*diagnostic);
                None
            }
        }
    }

    fn validator_or_default(&mut self, text: Option<&Text>) -> Validator {
        text.and_then(|text| self.validator(text))
            .unwrap_or_default()
    }

    pub(super) fn connections(&mut self) {
        for file in self.scenario.connections.iter().flatten() {
            if let Some(connection) = self.connection(file) {
                self.deployment.connections.push(connection);
                let place = file.to.as_ref().map_or(file.place, |to| to.place);
                self.places.connections.push(place);
            }
        }
    }

    fn connection(&mut self, file: &ConnectionFile) -> Option<ConnectionSpec> {
        let from = file
            .from
            .as_ref()
            .and_then(|text| self.client_address(text));
        let to = file.to.as_ref().and_then(|text| self.address_of(text));
        let validator = file
            .validator
            .as_ref()
            .and_then(|text| self.validator(text));
        let every = self.every(file);
        let persistence = self.persistence(file);
        let ((from, from_unit, from_endpoint), to) = (from?, to?);
        let to_text = file.to.as_ref()?;
        if let Some(endpoint) = &to.endpoint {
            self.check_served_endpoint(to.application, endpoint, to_text);
        }
        if from == Party::Application(to.application)
            && self.deployment.applications[to.application].units == 1
        {
            let message = "its only unit has nobody to talk to";
            self.push(Diagnostic::warning(Code::Units, to_text.place, message));
        }
        Some(ConnectionSpec {
            from,
            from_unit,
            from_endpoint,
            to: to.application,
            to_unit: to.unit,
            to_endpoint: to.endpoint,
            name: file.name.as_ref().map(|name| name.value.clone()),
            every,
            validator: validator.unwrap_or_else(|| self.validator_of(from)),
            mutual: file.mutual.unwrap_or(false),
            persistence,
            revocation: file.revocation.unwrap_or(false),
            source: self.source_of(file.place),
        })
    }

    /// How a connection goes on without new handshakes.
    fn persistence(&mut self, file: &ConnectionFile) -> Persistence {
        let span =
            |wanted: &Option<Spanned<DeclaredDuration>>| wanted.as_ref().map(|one| one.value.0);
        for one in [&file.lives, &file.session_lifetime].into_iter().flatten() {
            if one.value.0.is_zero() {
                let message = "nothing goes on for no time at all";
                self.push(Diagnostic::error(Code::BadValue, one.place, message));
            }
        }
        let mut resumes = None;
        if let Some(text) = &file.resume {
            match text.value.parse() {
                Ok(how) => resumes = Some(how),
                Err(UnknownResumption(_)) => {
                    let message = format!("`{}` is no way to resume", text.value);
                    let help = "use tls12-id or tls13-ticket";
                    self.push(Diagnostic::error(Code::BadValue, text.place, message).help(help));
                }
            }
        } else if let Some(lifetime) = &file.session_lifetime {
            let message = "there are no sessions without `resume:`";
            self.push(Diagnostic::error(Code::MissingKey, lifetime.place, message));
        }
        Persistence {
            lives: span(&file.lives),
            resumes,
            session_lifetime: span(&file.session_lifetime),
        }
    }

    fn every(&mut self, file: &ConnectionFile) -> Span {
        match &file.every {
            Some(every) if every.value.0.is_zero() => {
                let message = "attempts cannot follow each other without any time between";
                self.push(Diagnostic::error(Code::BadValue, every.place, message));
                EVERY
            }
            Some(every) => every.value.0,
            None => EVERY,
        }
    }

    /// The endpoint of an address is one that gets certificates.
    fn check_served_endpoint(&mut self, application: ApplicationIndex, name: &str, text: &Text) {
        let charm = self.charm(application);
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
        self.push(match served.as_slice() {
            [] => diagnostic.help("none of its endpoints does"),
            served => diagnostic.help(format!("certificates come over {}", served.join(", "))),
        });
    }

    /// The stack of the workload or client; OpenSSL where nothing is known of it.
    fn validator_of(&self, party: Party) -> Validator {
        match party {
            Party::Client(client) => self.deployment.clients[client].validator,
            Party::Application(application) => {
                // A stack that is none was refused where its charm was declared.
                let known = self.charm(application).validator.as_deref();
                known.and_then(|name| name.parse().ok()).unwrap_or_default()
            }
            Party::Saas(_) => Validator::default(),
        }
    }
}
