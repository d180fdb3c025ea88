//! From the scenario of a session to the deployment that is played, with the code of its charms. Must not know what was
//! asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use trustsim_charm_model::{CharmMetadata, CharmSource};
use trustsim_kernel::Span;
use trustsim_model::{Action, Deployment, ScaleAction};
use trustsim_scenario::{Diagnostic, Diagnostics, parse, read_text, resolve};

use crate::change::OwnCharm;
use crate::error::SessionError;
use crate::moment::exact;
use crate::request::Request;
use crate::session::Machine;
use crate::written::{Written, WrittenCharm};

/// A session may be played for so long: twenty years. What is played until an instant does not depend on it.
pub(crate) const LONGEST: Span = Span::from_secs(20 * 365 * 86_400);
/// What diagnostics call the scenario.
const FILE: &str = "session.json";

/// The code of charms, each once: what it answered is known for as long as the session lasts.
#[derive(Debug, Default)]
pub(crate) struct Sources(Vec<CharmSource>);

impl Sources {
    fn share(&mut self, charm: &mut Arc<CharmMetadata>) {
        if charm.source.is_none() {
            return;
        }
        let charm = Arc::make_mut(charm);
        let Some(source) = &mut charm.source else {
            unreachable!("it has one");
        };
        match self.0.iter().find(|known| *known == source) {
            Some(known) => *source = known.clone(),
            None => self.0.push(source.clone()),
        }
    }
}

/// Reads a scenario in which so much time has passed. A model in which nothing is deployed yet is left out: a scenario has
/// none.
pub(crate) fn load(
    written: &Written,
    now: Span,
    machine: &dyn Machine,
    sources: &mut Sources,
) -> Result<(Deployment, Vec<Diagnostic>), SessionError> {
    let unsound = |wrong: Diagnostics| SessionError::Unsound(Box::new(wrong));
    let mut written = at(written, now);
    written
        .models
        .retain(|_, model| !model.applications.is_empty());
    if written.models.is_empty() {
        return Ok((Deployment::empty(), Vec::new()));
    }
    let text = written.text();
    let scenario = parse(&text, FILE).map_err(unsound)?;
    let loaded = resolve(scenario, Path::new(FILE), machine.files()).map_err(unsound)?;
    let mut deployment = loaded.deployment;
    deployment.duration = LONGEST;
    machine.prepare(&deployment).map_err(SessionError::Charm)?;
    for application in &mut deployment.applications {
        sources.share(&mut application.charm);
    }
    for timed in &mut deployment.actions {
        if let Action::Scale(ScaleAction::Refresh {
            charm: Some(charm), ..
        }) = &mut timed.action
        {
            sources.share(charm);
        }
    }
    Ok((deployment, loaded.warnings.list))
}

/// The scenario with how much time has passed.
pub(crate) fn at(written: &Written, now: Span) -> Written {
    Written {
        duration: (!now.is_zero()).then(|| exact(now)),
        ..written.clone()
    }
}

/// Whether all that the code of charms did was played.
pub(crate) fn check_played(deployment: &Deployment) -> Result<(), SessionError> {
    for source in deployment.sources() {
        let tried = source.0.unplayed();
        if !tried.is_empty() {
            return Err(SessionError::Code {
                folder: source.0.folder().display().to_string(),
                tried,
                has_interpreter: source.0.has_interpreter(),
            });
        }
    }
    Ok(())
}

/// The charm at the `source` of a request, as its own files call it.
pub(crate) fn own_charm(
    request: &Request,
    machine: &dyn Machine,
) -> Result<Option<OwnCharm>, SessionError> {
    let (Request::Deploy { source, python, .. } | Request::Refresh { source, python, .. }) =
        request
    else {
        return Ok(None);
    };
    let Some(source) = source else {
        return match python {
            None => Ok(None),
            Some(_) => Err(SessionError::Charm(
                "`python` runs the code of a `source`, and none is named".to_owned(),
            )),
        };
    };
    let folder = machine.charm_folder(source).map_err(SessionError::Charm)?;
    let name = name_of(&folder, machine)?;
    let code = WrittenCharm {
        source: folder,
        python: python.clone(),
    };
    Ok(Some(OwnCharm { name, code }))
}

fn name_of(folder: &Path, machine: &dyn Machine) -> Result<String, SessionError> {
    let named = |file: PathBuf| {
        let text = read_text(machine.files(), &file, None).ok()?;
        let documents = trustsim_yaml::parse(&text, 0).ok()?;
        let name = documents.first()?.get("name")?;
        match &name.value {
            trustsim_yaml::Value::Scalar(name) => Some(name.text.to_string()),
            _ => None,
        }
    };
    let mut files = ["charmcraft.yaml", "metadata.yaml"]
        .map(|file| folder.join(file))
        .into_iter();
    files.find_map(named).ok_or_else(|| {
        SessionError::Charm(format!(
            "no charm is in `{}`: neither its charmcraft.yaml nor its metadata.yaml has a `name`",
            folder.display()
        ))
    })
}
