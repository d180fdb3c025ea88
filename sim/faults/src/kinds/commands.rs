//! What an operator types about one application: an action of its charm, its options.

use std::collections::BTreeMap;

use trustsim_errors::{Code, Diagnostic};
use trustsim_kernel::Span;
use trustsim_model::{Action, ApplicationIndex, Deployment};
use trustsim_yaml::{Map, Node, Text, nearest, record};

use crate::Fault;
use crate::draw::{Draw, Drawn};
use crate::kind::{Effect, FaultKind};
use crate::site::Site;
use crate::write::application_key;

record! {
    /// Which CA is rotated.
    pub(crate) struct RotateCaFile {
        /// The provider, `model.app`.
        #[schemars(required)]
        app: Text = "app" [Required],
    }
}

pub(crate) struct RotateCa;

impl FaultKind for RotateCa {
    type Shape = RotateCaFile;
    const KEY: &'static str = "rotate-ca";
    const ABOUT: &'static str = "The charm's action that rotates its CA is run.";
    const EFFECT: &'static str = "the charm's own action that rotates its CA is run on its leader; where it takes several, such as \
        `disable-pki`, `generate-root-ca` and `reissue-certificates` of charm-vault, all of them in their order";
    const SOURCE: &'static str = "the charm";
    const DRAWN_ON: std::ops::Range<u64> = 11..12;

    fn resolve(shape: &RotateCaFile, site: &mut Site<'_>) -> Option<Effect> {
        let text = shape.app.as_ref()?;
        let application = site.names.application(text)?;
        let charm = site.charm(application);
        let names = charm.rotation_actions();
        if names.is_empty() {
            let message = format!(
                "the charm `{}` has no action that rotates its CA",
                charm.name
            );
            let help = match charm.ca_name_option() {
                Some(option) => format!(
                    "it makes a new CA for another name: `set-config: {{app: {}, options: {{{option}: NAME}}}}`",
                    text.value
                ),
                None => "rehearse a `rotation` of it instead".to_owned(),
            };
            let wrong = Diagnostic::error(Code::Fault, text.place, message);
            return site.report(wrong.help(help));
        }
        let actions = names
            .into_iter()
            .map(|name| rotation(application, name.to_owned()));
        Some(Effect::Faults(actions.map(Fault::from).collect()))
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        let Action::RunAction {
            application,
            unit: None,
            name,
            parameters,
        } = &fault.action
        else {
            return None;
        };
        let charm = &deployment.applications[*application].charm;
        let rotates = charm.rotate_ca_action.as_ref() == Some(name) && parameters.is_empty();
        rotates.then(|| vec![application_key(*application, deployment)])
    }

    fn draw(draw: &mut Draw<'_>, _lasts: Span) -> Option<Drawn> {
        let application = draw.application()?;
        let charm = &draw.deployment.applications[application].charm;
        let name = charm.rotate_ca_action.clone()?;
        Some(Fault::from(rotation(application, name)).into())
    }
}

fn rotation(application: ApplicationIndex, name: String) -> Action {
    Action::RunAction {
        application,
        unit: None,
        name,
        parameters: BTreeMap::new(),
    }
}

record! {
    /// Which action is run where.
    pub(crate) struct RunActionFile {
        /// `model.app`: on its leader.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// Name of the action.
        #[schemars(required)]
        action: Text = "action" [Required],
        /// Its parameters.
        parameters: Map<String> = "parameters",
    }
}

pub(crate) struct RunAction;

impl FaultKind for RunAction {
    type Shape = RunActionFile;
    const KEY: &'static str = "run-action";
    const ABOUT: &'static str = "An action is run, as by `juju run`.";
    const EFFECT: &'static str = "`juju run`";

    fn resolve(shape: &RunActionFile, site: &mut Site<'_>) -> Option<Effect> {
        let place = site.place;
        let target = site.target(shape.app.as_ref(), shape.unit.as_ref(), place)?;
        let name = shape.action.as_ref()?;
        let charm = site.charm(target.application);
        if !charm.actions.contains(&name.value) {
            let message = format!("the charm `{}` has no action `{}`", charm.name, name.value);
            let elsewhere = site
                .names
                .revisions_with_action(target.application, &name.value);
            if let Some(help) = elsewhere {
                let spec = &site.deployment().applications[target.application];
                let which = match spec.revision {
                    Some(revision) => format!("at revision {revision}"),
                    None => "in the revisions that are played".to_owned(),
                };
                let message = format!("{message} {which}");
                let wrong = Diagnostic::error(Code::Fault, name.place, message).help(help);
                return site.report(wrong);
            }
            let near = nearest(&name.value, charm.actions.iter().map(String::as_str));
            let wrong = Diagnostic::error(Code::Fault, name.place, message);
            let wrong = wrong.similar("an action", near);
            return site.report(wrong);
        }
        let parameters = shape.parameters.iter().flat_map(Map::iter);
        let run = Action::RunAction {
            application: target.application,
            unit: target.unit,
            name: name.value.clone(),
            parameters: parameters
                .map(|(name, value)| (name.value.clone(), value.clone()))
                .collect(),
        };
        Some(run.into())
    }
}

record! {
    /// Which options are set.
    pub(crate) struct SetConfigFile {
        /// The application, `model.app`.
        #[schemars(required)]
        app: Text = "app" [Required],
        /// Values by option; null resets to the charm's default.
        #[schemars(required)]
        options: Map<Node> = "options" [Required],
    }
}

pub(crate) struct SetConfig;

impl FaultKind for SetConfig {
    type Shape = SetConfigFile;
    const KEY: &'static str = "set-config";
    const ABOUT: &'static str = "Options are set, as by `juju config`.";
    const EFFECT: &'static str = "`juju config`; null resets to the default";

    fn resolve(shape: &SetConfigFile, site: &mut Site<'_>) -> Option<Effect> {
        let application = site.names.application(shape.app.as_ref()?)?;
        let options = site.names.options(application, shape.options.as_ref());
        let set = Action::SetConfig {
            application,
            options,
        };
        Some(set.into())
    }
}
