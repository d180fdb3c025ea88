//! From groups of inputs to models: which dumps are of one model, and what it is called.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use trustsim_errors::Diagnostics;
use trustsim_scenario::Files;
use trustsim_yaml::Node;

use crate::cut_off::tell_cut_bundle;
use crate::dump::{Kind, ModelDump};
use crate::gather::{Group, Input};
use crate::readers;

/// The dumps of one model, of which the first counts most.
pub(crate) struct Dumps {
    pub(crate) name: String,
    pub(crate) dumps: Vec<ModelDump>,
}

/// The models of all groups, in the order in which they are met.
pub(crate) fn assemble(groups: &[Group], files: &dyn Files, out: &mut Diagnostics) -> Vec<Dumps> {
    let mut models: Vec<Dumps> = Vec::new();
    for group in groups {
        let mut unnamed = Vec::new();
        let mut of_group: Vec<usize> = Vec::new();
        for dump in read(group, files, out) {
            match &dump.1.name {
                Some(name) => {
                    let name = name.value.clone();
                    let at = place_named(name, dump.1, &mut models);
                    of_group.push(at);
                }
                None => unnamed.push(dump),
            }
        }
        of_group.sort_unstable();
        of_group.dedup();
        // Bundles before units, which have the fewest applications to tell a model by.
        unnamed.sort_by_key(|(_, dump)| dump.kind != Kind::Bundle);
        for (path, dump) in unnamed {
            match target(&dump, &of_group, &models) {
                Some(at) => models[at].dumps.push(dump),
                None => {
                    of_group.push(models.len());
                    let taken: BTreeSet<&str> =
                        models.iter().map(|model| model.name.as_str()).collect();
                    let name = free_name(&model_name(&path, &group.name), &taken);
                    models.push(Dumps {
                        name,
                        dumps: vec![dump],
                    });
                }
            }
        }
    }
    for model in &mut models {
        model.dumps.sort_by_key(|dump| dump.kind);
    }
    models
}

/// Puts a dump that says its model's name where dumps of that one are.
fn place_named(name: String, dump: ModelDump, models: &mut Vec<Dumps>) -> usize {
    let controller = |dump: &ModelDump| dump.controller.as_ref().map(|text| text.value.clone());
    let own = controller(&dump);
    let is_same = |model: &Dumps| {
        let named = model.dumps.iter().find(|dump| dump.name.is_some());
        named.is_some_and(|named| {
            let same = named.name.as_ref().is_some_and(|known| known.value == name);
            let other = controller(named);
            same && (own.is_none() || other.is_none() || own == other)
        })
    };
    if let Some(at) = models.iter().position(is_same) {
        models[at].dumps.push(dump);
        return at;
    }
    let taken: BTreeSet<&str> = models.iter().map(|model| model.name.as_str()).collect();
    let free = match (&own, taken.contains(name.as_str())) {
        // Two controllers may have models of one name, and a scenario has each name once.
        (Some(controller), true) => free_name(&sanitised(&format!("{name}-{controller}")), &taken),
        _ => free_name(&name, &taken),
    };
    models.push(Dumps {
        name: free,
        dumps: vec![dump],
    });
    models.len() - 1
}

/// The model of a group that has most applications of a dump, where that has any, or is the only one.
fn target(dump: &ModelDump, of_group: &[usize], models: &[Dumps]) -> Option<usize> {
    let shared = |at: usize| {
        let others = models[at].dumps.iter();
        let names: BTreeSet<&String> = others.flat_map(|other| other.applications.keys()).collect();
        dump.applications
            .keys()
            .filter(|name| names.contains(name))
            .count()
    };
    let has_bundle = |at: usize| {
        models[at]
            .dumps
            .iter()
            .any(|other| other.kind == Kind::Bundle)
    };
    let candidates = of_group
        .iter()
        .copied()
        // A second bundle is of another model: what is laid over the first was laid over it.
        .filter(|&at| dump.kind != Kind::Bundle || !has_bundle(at));
    let best = candidates.max_by_key(|&at| (shared(at), std::cmp::Reverse(at)))?;
    (shared(best) > 0).then_some(best)
}

/// What each input of a group says, with the file that names its model where nothing else does.
fn read(group: &Group, files: &dyn Files, out: &mut Diagnostics) -> Vec<(PathBuf, ModelDump)> {
    let mut found = Vec::new();
    let mut bundles: Vec<&Input> = Vec::new();
    for input in &group.inputs {
        let documents = input.documents.iter();
        let dumps: Vec<ModelDump> = match input.kind {
            Kind::Status => documents
                .flat_map(|each| readers::status::read(each, out))
                .collect(),
            Kind::ShowUnit => documents
                .flat_map(|each| readers::show_unit::read(each, out))
                .collect(),
            Kind::Terraform => documents
                .flat_map(|each| readers::terraform::read(each, out))
                .collect(),
            Kind::Bundle => {
                bundles.push(input);
                continue;
            }
            Kind::Charm => continue,
        };
        found.extend(dumps.into_iter().map(|dump| (input.path.clone(), dump)));
    }
    for (bundle, overlays) in layered(&bundles) {
        let overlays: Vec<&Path> = overlays
            .iter()
            .map(|overlay| overlay.path.as_path())
            .collect();
        let dump = readers::bundle::read(&bundle.path, &overlays, bundle.place, files, out);
        if let (Some(document), true) = (bundle.documents.first(), overlays.is_empty()) {
            tell_cut_bundle(document, out);
        }
        found.push((bundle.path.clone(), dump));
    }
    found
}

/// Each bundle with the overlays of it: those that speak of applications which they do not have and it has.
fn layered<'a>(bundles: &[&'a Input]) -> Vec<(&'a Input, Vec<&'a Input>)> {
    let names: Vec<Names> = bundles
        .iter()
        .map(|bundle| Names::of(&bundle.documents))
        .collect();
    let base = |at: usize| {
        let has = |&other: &usize| {
            names[other]
                .deployed
                .intersection(&names[at].missing)
                .count()
        };
        let others =
            (0..bundles.len()).filter(|&other| other != at && names[other].missing.is_empty());
        let is_only = others.clone().count() == 1;
        let best = others.max_by_key(|other| (has(other), std::cmp::Reverse(*other)))?;
        (!names[at].missing.is_empty() && (is_only || has(&best) > 0)).then_some(best)
    };
    let bases: Vec<Option<usize>> = (0..bundles.len()).map(base).collect();
    let alone = (0..bundles.len()).filter(|&at| bases[at].is_none());
    alone
        .map(|at| {
            let overlays = (0..bundles.len()).filter(|&other| bases[other] == Some(at));
            (bundles[at], overlays.map(|other| bundles[other]).collect())
        })
        .collect()
}

/// Names in a bundle.
struct Names {
    /// Applications with a charm, and consumed offers.
    deployed: BTreeSet<String>,
    /// Others that it speaks of.
    missing: BTreeSet<String>,
}

impl Names {
    fn of(documents: &[Node]) -> Self {
        let (mut deployed, mut named) = (BTreeSet::new(), BTreeSet::new());
        for document in documents {
            // A bundle has one of the two; the second is its name in old ones.
            let applications = ["applications", "services"].map(|key| document.entries_of(key));
            for entry in applications.into_iter().flatten() {
                let name = entry.key.value.clone();
                match entry.value.get("charm").is_some() {
                    true => deployed.insert(name),
                    false => named.insert(name),
                };
            }
            for entry in document.entries_of("saas") {
                deployed.insert(entry.key.value.clone());
            }
            for relation in document.elements_of("relations") {
                for side in relation.elements().iter().filter_map(Node::as_scalar) {
                    let name = side.text.split(':').next().unwrap_or(&side.text);
                    named.insert(name.to_owned());
                }
            }
        }
        let missing = named.difference(&deployed).cloned().collect();
        Self { deployed, missing }
    }
}

/// How long a name is that is made of a file's: it is part of every name of a unit, and of what is printed of it.
const NAME_LENGTH_MAX: usize = 24;

/// What a model is called of which no input says the name: as its file, or as the folder of a file with a usual name, in
/// both cases by the last words of it.
fn model_name(path: &Path, group: &str) -> String {
    last_words(&full_name(path, group)).to_owned()
}

/// The last words of a name that are not too long together.
fn last_words(name: &str) -> &str {
    let starts = name.match_indices('-').map(|(index, _)| index + 1);
    let mut tails = std::iter::once(0).chain(starts).map(|start| &name[start..]);
    tails
        .find(|tail| tail.len() <= NAME_LENGTH_MAX)
        .unwrap_or("model")
}

fn full_name(path: &Path, group: &str) -> String {
    const USUAL: [&str; 4] = ["bundle", "show-unit", "export", "unit"];
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    let stem = stem.map_or_else(String::new, |stem| sanitised(&stem));
    match (USUAL.contains(&stem.as_str()), sanitised(group)) {
        (false, _) if !stem.is_empty() => stem,
        (_, group) if !group.is_empty() => group,
        _ => "model".to_owned(),
    }
}

/// A text as a name that Juju takes for a model: lower-case letters, digits and hyphens.
pub(crate) fn sanitised(text: &str) -> String {
    let mut name = String::new();
    for letter in text.chars() {
        match letter.to_ascii_lowercase() {
            letter if letter.is_ascii_alphanumeric() => name.push(letter),
            _ if name.ends_with('-') => {}
            _ => name.push('-'),
        }
    }
    name.trim_matches('-').to_owned()
}

fn free_name(name: &str, taken: &BTreeSet<&str>) -> String {
    let free = |name: &String| !taken.contains(name.as_str());
    let mut names =
        std::iter::once(name.to_owned()).chain((2u32..).map(|number| format!("{name}-{number}")));
    names
        .find(free)
        .expect("there are more numbers than models")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_without_a_name_has_the_last_words_of_its_file() {
        for (file, name) in [
            ("cos.yaml", "cos"),
            ("a/b/bundle.yaml", "b"),
            (
                "canonical__alertmanager-k8s-operator__tests_manual_bundle_1_e2e_tls.yaml",
                "manual-bundle-1-e2e-tls",
            ),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.yaml", "model"),
            ("x-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.yaml", "model"),
        ] {
            let path = Path::new(file);
            let group = if file.starts_with("a/b/") { "b" } else { "" };
            assert_eq!(model_name(path, group), name, "{file}");
        }
    }
}
