//! `juju config APP --format json` (juju/juju 3.6 `cmd/juju/application/config.go`; `describe` of
//! `apiserver/facades/client/application/get.go`): the options that are known of the charm, with what each is set to.

use serde_json::{Map, Value, json};

use crate::Simulation;
use trustsim_charm_model::OptionSpec;
use trustsim_juju::ApplicationKind;

impl Simulation {
    /// What `juju config -m MODEL APPLICATION --format json` would print now, without descriptions and without
    /// `application-config`, which are not known; `None` for an application that is not there.
    pub fn config(&self, model: &str, application: &str) -> Option<Value> {
        let juju = self.juju();
        let (_, found) = juju.models().find(|(_, found)| *found.name == *model)?;
        let mut applications = found.applications.iter().copied();
        let id = applications.find(|id| {
            let app = juju.application(*id);
            app.kind == ApplicationKind::Local && *app.name == *application && !app.is_removed()
        })?;
        let app = juju.application(id);
        let settings: Map<String, Value> = self
            .version_now(id)
            .charm
            .options
            .iter()
            .map(|(name, option)| {
                let set = app.config.value.get(name).map(String::as_str);
                (name.clone(), setting(option, set))
            })
            .collect();
        Some(json!({
            "application": application,
            "charm": &*app.charm,
            "settings": settings,
        }))
    }
}

/// What is set to the default counts as not set.
fn setting(option: &OptionSpec, set: Option<&str>) -> Value {
    let typed = |text: &str| typed(&option.kind, text);
    let mut told = json!({"type": option.kind, "source": "unset"});
    let default = option.default.as_deref();
    if let Some(value) = set.filter(|set| default != Some(*set)) {
        told["value"] = typed(value);
        told["source"] = json!("user");
    }
    if let Some(default) = default {
        told["default"] = typed(default);
        if told["source"] == "unset" {
            told["value"] = typed(default);
            told["source"] = json!("default");
        }
    }
    told
}

/// A value as JSON has it. One that is not of its type is a text.
fn typed(kind: &str, text: &str) -> Value {
    let number = match kind {
        "boolean" => text.parse::<bool>().ok().map(Value::from),
        "int" => text.parse::<i64>().ok().map(Value::from),
        "float" => text.parse::<f64>().ok().map(Value::from),
        _ => None,
    };
    number.unwrap_or_else(|| Value::from(text))
}
