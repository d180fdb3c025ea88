//! What a command writes into the scenario of a session: the deployment before any time has passed, a fault at the present
//! instant from then on. Must not know how it is played; what a command may do is decided where the scenario is read.

use indexmap::IndexMap;
use indexmap::map::Entry;
use serde_json::{Map, Value as Json, json};
use trustsim_kernel::Span;
use trustsim_yaml::nearest;

use crate::error::SessionError;
use crate::moment::exact;
use crate::request::{Cloud, Request};
use crate::written::{
    Written, WrittenApplication, WrittenCharm, WrittenModel, WrittenOffer, WrittenSaas,
};

/// A charm by its own code.
#[derive(Clone, Debug)]
pub(crate) struct OwnCharm {
    /// What its own files call it.
    pub(crate) name: String,
    pub(crate) code: WrittenCharm,
}

const NOTHING_YET: &str = "nothing runs before time has passed";

/// The scenario while a command is written into it.
pub(crate) struct Change<'a> {
    pub(crate) written: &'a mut Written,
    /// The present instant; none before time has passed.
    pub(crate) at: Option<Span>,
}

impl Change<'_> {
    /// Writes a command. `own` is the charm at the `source` that it names.
    pub(crate) fn write(
        &mut self,
        request: &Request,
        own: Option<&OwnCharm>,
    ) -> Result<(), SessionError> {
        match request {
            Request::AddModel { .. } => self.add_model(request),
            Request::ModelConfig { model, config } => self.model_config(model, config),
            Request::Deploy { .. } => self.deploy(request, own),
            Request::Integrate { model, sides } => self.integrate(model, sides),
            Request::RemoveRelation { model, sides } => {
                self.fault("remove-relation", json!({"model": model, "between": sides}))
            }
            Request::Config {
                model,
                application,
                options,
            } => self.config(model, application, options),
            Request::Run {
                model,
                unit,
                action,
                parameters,
                ..
            } => {
                let whose = match unit.strip_suffix("/leader") {
                    Some(application) => ("app", application),
                    None => ("unit", unit.as_str()),
                };
                let address = format!("{model}.{}", whose.1);
                let parameters = json!(parameters);
                self.fault(
                    "run-action",
                    json!({whose.0: address, "action": action, "parameters": parameters}),
                )
            }
            Request::AddUnit {
                model,
                application,
                count,
            } => self.add_unit(model, application, *count),
            Request::RemoveUnit { model, unit } => {
                self.fault("remove-unit", json!({"unit": format!("{model}.{unit}")}))
            }
            Request::RemoveApplication { model, application } => {
                let app = format!("{model}.{application}");
                self.fault("remove-application", json!({"app": app}))
            }
            Request::Refresh { .. } => self.refresh(request, own),
            Request::Offer { .. } => self.offer(request),
            Request::Consume { model, offer, name } => self.consume(model, offer, name.as_deref()),
            Request::Fault { what } => self.push_fault(what.clone()),
            Request::Connect { connection } => {
                self.written.connections.push(connection.clone());
                Ok(())
            }
            Request::Client { name, what } => {
                let clients = &mut self.written.clients;
                add("client", name, what.clone(), clients)
            }
            Request::Operator { name, what } => {
                let operators = &mut self.written.operators;
                add("operator", name, what.clone(), operators)
            }
            Request::Advance { .. }
            | Request::Settle { .. }
            | Request::Status { .. }
            | Request::ShowModel { .. }
            | Request::ShowConfig { .. }
            | Request::ShowUnit { .. }
            | Request::Connection { .. }
            | Request::Scenario {} => unreachable!("{request:?} writes nothing"),
        }
    }

    fn add_model(&mut self, request: &Request) -> Result<(), SessionError> {
        let Request::AddModel {
            model,
            cloud,
            controller,
            config,
        } = request
        else {
            unreachable!("only `add-model` is written so");
        };
        let written = WrittenModel {
            bundle: (*cloud == Cloud::Kubernetes).then(|| "kubernetes".to_owned()),
            controller: controller.clone(),
            config: config.clone(),
            ..WrittenModel::default()
        };
        add("model", model, written, &mut self.written.models)?;
        if let Some(controller) = controller {
            let controllers = &mut self.written.controllers;
            controllers.entry(controller.clone()).or_default();
        }
        Ok(())
    }

    /// The configuration of a model is that of a whole run.
    fn model_config(
        &mut self,
        model: &str,
        config: &IndexMap<String, Json>,
    ) -> Result<(), SessionError> {
        if self.at.is_some() {
            let message = "the configuration of a model changes before time has passed, not later";
            return Err(SessionError::NotPlayed(message.to_owned()));
        }
        let known: Vec<String> = self.written.models.keys().cloned().collect();
        let found = self.written.models.get_mut(model);
        let found = found.ok_or_else(|| unknown("model", model, &known))?;
        found.config.extend(config.clone());
        Ok(())
    }

    /// An application that comes once time has passed has no unit in the deployment with which the run begins.
    fn deploy(&mut self, request: &Request, own: Option<&OwnCharm>) -> Result<(), SessionError> {
        let Request::Deploy {
            model,
            charm,
            application,
            units,
            channel,
            revision,
            options,
            ..
        } = request
        else {
            unreachable!("only `deploy` is written so");
        };
        let charm = match (charm, own) {
            (Some(charm), None) if self.written.charms.contains_key(charm) => {
                let message = format!("the charm `{charm}` is played by its own code already");
                return Err(SessionError::Name(message));
            }
            (Some(charm), None) => charm.clone(),
            (None, Some(own)) => self.own_charm(own)?,
            _ => {
                let message = "a charm is named by `charm` or by `source`, by one of them";
                return Err(SessionError::Name(message.to_owned()));
            }
        };
        let name = application.clone().unwrap_or_else(|| charm.clone());
        // Where none is said it is one, or none of a subordinate: that is known once the charm is read.
        let begins_with = match self.at {
            None => units.unwrap_or(0),
            Some(_) => 0,
        };
        let written = WrittenApplication {
            charm,
            channel: channel.clone(),
            revision: *revision,
            num_units: begins_with,
            options: options.clone(),
            offers: IndexMap::new(),
        };
        let applications = &mut self.model(model)?.applications;
        add("application", &name, written, applications)?;
        match (self.at, units) {
            (Some(_), Some(units @ 1..)) => self.add_unit(model, &name, *units),
            _ => Ok(()),
        }
    }

    /// Notes the code of a charm. A scenario has one charm of each name.
    fn own_charm(&mut self, own: &OwnCharm) -> Result<String, SessionError> {
        let name = &own.name;
        let models = self.written.models.values();
        let mut applications = models.flat_map(|model| model.applications.values());
        let message = match self.written.charms.get(name) {
            Some(known) if *known == own.code => return Ok(name.clone()),
            Some(known) => {
                let folder = known.source.display();
                format!("the charm `{name}` is played by the code in `{folder}` already")
            }
            None if applications.any(|each| each.charm == *name) => {
                format!("the charm `{name}` is deployed without its own code already")
            }
            None => {
                let charms = &mut self.written.charms;
                charms.insert(name.clone(), own.code.clone());
                return Ok(name.clone());
            }
        };
        Err(SessionError::Name(message))
    }

    fn integrate(&mut self, model: &str, sides: &[String; 2]) -> Result<(), SessionError> {
        let is_first = self.at.is_none();
        let relations = &mut self.model(model)?.relations;
        if is_first {
            relations.push(sides.clone());
            return Ok(());
        }
        self.fault("integrate", json!({"model": model, "between": sides}))
    }

    fn config(
        &mut self,
        model: &str,
        application: &str,
        options: &IndexMap<String, Json>,
    ) -> Result<(), SessionError> {
        let at = self.at;
        let written = self.application(model, application)?;
        if at.is_some() {
            let address = format!("{model}.{application}");
            return self.fault("set-config", json!({"app": address, "options": options}));
        }
        for (key, value) in options {
            match value {
                Json::Null => drop(written.options.shift_remove(key)),
                value => drop(written.options.insert(key.clone(), value.clone())),
            }
        }
        Ok(())
    }

    pub(crate) fn add_unit(
        &mut self,
        model: &str,
        application: &str,
        count: u32,
    ) -> Result<(), SessionError> {
        let at = self.at;
        let written = self.application(model, application)?;
        if at.is_none() {
            let units = written.num_units.checked_add(count);
            written.num_units = units.ok_or_else(|| {
                SessionError::NotPlayed(format!("no application has more than {} units", u32::MAX))
            })?;
            return Ok(());
        }
        let address = format!("{model}.{application}");
        self.fault("add-units", json!({"app": address, "count": count}))
    }

    fn refresh(&mut self, request: &Request, own: Option<&OwnCharm>) -> Result<(), SessionError> {
        let Request::Refresh {
            model,
            application,
            channel,
            revision,
            ..
        } = request
        else {
            unreachable!("only `refresh` is written so");
        };
        let mut what = Map::new();
        what.insert("app".to_owned(), json!(format!("{model}.{application}")));
        if let Some(channel) = channel {
            what.insert("channel".to_owned(), json!(channel));
        }
        if let Some(revision) = revision {
            what.insert("revision".to_owned(), json!(revision));
        }
        if let Some(own) = own {
            what.insert("charm".to_owned(), json!(own.code));
        }
        self.application(model, application)?;
        self.fault("refresh", what.into())
    }

    /// An offer that is consumed by nothing changes nothing, so that it may be there from the beginning.
    fn offer(&mut self, request: &Request) -> Result<(), SessionError> {
        let Request::Offer {
            model,
            application,
            endpoints,
            name,
        } = request
        else {
            unreachable!("only `offer` is written so");
        };
        let name = name.as_ref().unwrap_or(application);
        let endpoints = endpoints.clone();
        let offers = &mut self.application(model, application)?.offers;
        add("offer", name, WrittenOffer { endpoints }, offers)
    }

    /// So is a consumed offer with which nothing is integrated.
    fn consume(
        &mut self,
        model: &str,
        offer: &str,
        name: Option<&str>,
    ) -> Result<(), SessionError> {
        let last = offer.rsplit_once('.').map(|(_, name)| name);
        let name = name.or(last).unwrap_or(offer).to_owned();
        let written = self.model(model)?;
        if written.applications.contains_key(&name) {
            let message = format!("`{name}` is the name of an application");
            return Err(SessionError::Name(message));
        }
        let url = offer.to_owned();
        add(
            "consumed offer",
            &name,
            WrittenSaas { url },
            &mut written.saas,
        )
    }

    fn fault(&mut self, kind: &str, what: Json) -> Result<(), SessionError> {
        self.push_fault(Map::from_iter([(kind.to_owned(), what)]))
    }

    fn push_fault(&mut self, what: Map<String, Json>) -> Result<(), SessionError> {
        let at = self.at.ok_or(SessionError::TooEarly(NOTHING_YET))?;
        if what.contains_key("at") {
            let message = "a fault happens at the present instant, and takes no `at`";
            return Err(SessionError::Time(message.to_owned()));
        }
        let mut fault = Map::from_iter([("at".to_owned(), json!(exact(at)))]);
        fault.extend(what);
        self.written.faults.push(fault);
        Ok(())
    }

    fn model(&mut self, name: &str) -> Result<&mut WrittenModel, SessionError> {
        let models = &mut self.written.models;
        let known: Vec<String> = models.keys().cloned().collect();
        models
            .get_mut(name)
            .ok_or_else(|| unknown("model", name, &known))
    }

    fn application(
        &mut self,
        model: &str,
        name: &str,
    ) -> Result<&mut WrittenApplication, SessionError> {
        let applications = &mut self.model(model)?.applications;
        let known: Vec<String> = applications.keys().cloned().collect();
        let found = applications.get_mut(name);
        found.ok_or_else(|| unknown("application", name, &known))
    }
}

/// Adds what is not there yet.
fn add<T>(
    what: &str,
    name: &str,
    value: T,
    to: &mut IndexMap<String, T>,
) -> Result<(), SessionError> {
    match to.entry(name.to_owned()) {
        Entry::Occupied(_) => {
            let message = format!("`{name}` is the name of another {what}");
            Err(SessionError::Name(message))
        }
        Entry::Vacant(entry) => {
            entry.insert(value);
            Ok(())
        }
    }
}

/// A name that is not there, with what is.
pub(crate) fn unknown(what: &str, name: &str, known: &[String]) -> SessionError {
    let near = nearest(name, known.iter().map(String::as_str));
    SessionError::Name(match (near, known) {
        (Some(near), _) => format!("there is no {what} `{name}`; a similar one is `{near}`"),
        (None, []) => format!("there is no {what} `{name}`, and no other"),
        (None, known) => format!(
            "there is no {what} `{name}`; there are {}",
            known.join(", ")
        ),
    })
}
