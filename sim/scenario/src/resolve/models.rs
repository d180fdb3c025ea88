//! Models: kind, controller, owner.

use super::folder::Folder;
use super::names::check_name;
use super::spaces::spaces;
use crate::format::{MergedModel, ModelFile, ScenarioFile};
use crate::name_rules::NameKind;
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_kernel::Span;
use trustsim_model::{ControllerIndex, ControllerSpec, ModelIndex, ModelKind, ModelSpec, TiVec};
use trustsim_yaml::{Map, Spanned, nearest};

/// Juju's default `update-status-hook-interval`.
const UPDATE_STATUS: Span = Span::from_secs(300);

/// Kubernetes, `IsDNS1123Label` of apimachinery: the length of a label of a DNS name. Every unit's name has it as one.
const NAMESPACE_LENGTH_MAX: usize = 63;

/// Models as they are, beside what their bundles say of everything in them.
pub(super) struct Models {
    pub specs: TiVec<ModelIndex, ModelSpec>,
    pub bundles: TiVec<ModelIndex, MergedModel>,
}

/// Every model, with its bundle merged.
pub(super) fn models(
    scenario: &ScenarioFile,
    controllers: &TiVec<ControllerIndex, ControllerSpec>,
    folder: Folder<'_>,
    out: &mut Diagnostics,
) -> Models {
    let (mut specs, mut bundles) = (TiVec::new(), TiVec::new());
    for (name, node) in scenario.models.iter().flat_map(Map::iter) {
        check_name(NameKind::Model, name, out);
        let bundle = folder.model(&node.0, out);
        specs.push(model_spec(name, &bundle.file, controllers, out));
        bundles.push(bundle);
    }
    if specs.is_empty() && scenario.models.is_some() {
        let message = "there is no model";
        out.push(Diagnostic::error(Code::MissingKey, scenario.place, message));
    }
    Models { specs, bundles }
}

fn model_spec(
    name: &Spanned<String>,
    file: &ModelFile,
    controllers: &TiVec<ControllerIndex, ControllerSpec>,
    out: &mut Diagnostics,
) -> ModelSpec {
    let kind = model_kind(file, out);
    let interval = update_status_interval(file, out);
    let mut applications = file.applications.iter().flat_map(Map::iter);
    if applications.next().is_none() {
        let message = format!("model `{}` has no application", name.value);
        out.push(Diagnostic::error(Code::MissingKey, name.place, message));
    }
    let owner = file.owner.as_ref();
    if let Some(owner) = owner {
        check_name(NameKind::User, owner, out);
    }
    if kind == ModelKind::Kubernetes && name.value.len() > NAMESPACE_LENGTH_MAX {
        let message = format!(
            "`{}` is longer than the name of a Kubernetes namespace can be",
            name.value
        );
        let help = format!("use {NAMESPACE_LENGTH_MAX} letters at most");
        out.push(Diagnostic::error(Code::BadName, name.place, message).help(help));
    }
    ModelSpec {
        name: name.value.clone(),
        owner: owner.map_or_else(|| "admin".to_owned(), |owner| owner.value.clone()),
        controller: controller_of(name, file, controllers, out),
        kind,
        update_status_interval: interval,
        spaces: spaces(file, kind, out),
    }
}

fn model_kind(file: &ModelFile, out: &mut Diagnostics) -> ModelKind {
    match &file.kind {
        None => ModelKind::Machine,
        Some(kind) if kind.value == "kubernetes" => ModelKind::Kubernetes,
        Some(kind) => {
            let message = format!("bundle has an invalid type {:?}", kind.value);
            let help = match kind.value.contains('.') {
                true => "the file of a bundle is named by `from`, as in `from: bundle.yaml`",
                false => "write `bundle: kubernetes`, or nothing for machines",
            };
            out.push(Diagnostic::error(Code::BadValue, kind.place, message).help(help));
            ModelKind::Machine
        }
    }
}

/// `names.ParseUpdateStatusHookInterval`, juju/juju environs/config: one minute to an hour.
fn update_status_interval(file: &ModelFile, out: &mut Diagnostics) -> Span {
    let config = file.config.as_ref();
    let interval = config.and_then(|config| config.update_status_hook_interval.as_ref());
    let Some(interval) = interval else {
        return UPDATE_STATUS;
    };
    if !(60..=3_600).contains(&interval.value.0.as_secs()) {
        let message = "update-status-hook-interval must be between 1m and 60m";
        out.push(Diagnostic::error(Code::BadValue, interval.place, message));
    }
    interval.value.0
}

fn controller_of(
    name: &Spanned<String>,
    file: &ModelFile,
    controllers: &TiVec<ControllerIndex, ControllerSpec>,
    out: &mut Diagnostics,
) -> ControllerIndex {
    let names = controllers.iter().map(|known| known.name.as_str());
    let Some(given) = &file.controller else {
        if controllers.len() > 1 {
            let message = format!("model `{}` does not say on which controller", name.value);
            let names: Vec<&str> = names.collect();
            let help = format!("add `controller:` with one of {}", names.join(", "));
            let diagnostic = Diagnostic::error(Code::UnknownController, name.place, message);
            out.push(diagnostic.help(help));
        }
        return 0.into();
    };
    let found = controllers.position(|known| known.name == given.value);
    if found.is_none() {
        let message = format!("there is no controller `{}`", given.value);
        let near = nearest(&given.value, names);
        let diagnostic = Diagnostic::error(Code::UnknownController, given.place, message);
        out.push(match near {
            Some(_) => diagnostic.similar("a controller", near),
            None => diagnostic.help("controllers are listed under `controllers`"),
        });
    }
    // The first takes its place where an error was reported.
    found.unwrap_or(0.into())
}
