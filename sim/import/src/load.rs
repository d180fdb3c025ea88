//! The whole way from paths to a scenario that loads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use trustsim_errors::{Code, Diagnostic, Diagnostics, Label, Severity};
use trustsim_scenario::{Files, GivenCharm, LoadOptions, Loaded, parse_with, read_text, resolve};
use trustsim_yaml::{Node, Place};

use crate::assemble::assemble;
use crate::dump::Kind;
use crate::gather::{CharmFile, gather};
use crate::plan::{Plan, plan};
use crate::secrets::note_secrets;
use crate::write::{Item, Line, Setting, before_connections, lines};
use crate::write_operators::note_operators;

/// How a scenario is made.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The folder that the scenario is for: paths in it are relative to that.
    pub folder: PathBuf,
    /// How long it is played, as a scenario says it, such as `400d`.
    pub duration: String,
    /// Charms whose code is given: what is loaded plays them by it. The text does not say so.
    pub charms: Vec<GivenCharm>,
}

/// A file of which something was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedFile {
    /// The file.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
}

/// A scenario that was made of inputs.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Its text.
    pub text: String,
    /// What it describes.
    pub loaded: Loaded,
    /// What was left out, was assumed, or is to be known, with places in the inputs; no errors.
    pub notes: Diagnostics,
    /// The files of which something was read.
    pub files: Vec<ImportedFile>,
}

impl Imported {
    /// Its text up to its connections, which are derived, for them to be written in another way.
    pub fn before_connections(&self) -> &str {
        before_connections(&self.text)
    }
}

/// What the scenario is called in diagnostics.
const NAME: &str = "the imported scenario";

/// Makes a scenario of files and folders.
///
/// # Errors
///
/// Where nothing can be made of them, with the reasons.
pub fn import(
    paths: &[PathBuf],
    options: &ImportOptions,
    files: &dyn Files,
) -> Result<Imported, Diagnostics> {
    let mut out = Diagnostics::default();
    let gathered = gather(paths, files, &mut out);
    if out.has_errors() {
        return Err(out);
    }
    let inputs = gathered.groups.iter().flat_map(|group| &group.inputs);
    let read: Vec<ImportedFile> = inputs
        .map(|input| ImportedFile {
            path: input.path.clone(),
            kind: input.kind,
        })
        .collect();
    let models = assemble(&gathered.groups, files, &mut out);
    let metadata = metadata(&gathered.charms, files, &mut out);
    let mut plan = plan(models, gathered.charms, &metadata, &mut out);
    let is_nothing = plan.models.is_empty();
    for mut overlay in std::mem::take(&mut plan.overlays) {
        if !is_nothing {
            overlay.severity = Severity::Warning;
        }
        out.push(overlay);
    }
    if is_nothing && !out.has_errors() {
        let message = "there is no application in what was given";
        let error = Diagnostic::new(Code::OtherFile, Severity::Error, message);
        let help = "give the status or the bundle of a model with applications; an overlay is given together with its bundle";
        out.push(error.help(help));
    }
    if out.has_errors() {
        out.sort_and_dedup();
        return Err(out);
    }
    note_operators(&plan, &mut out);
    note_secrets(&plan, &mut out);
    let names: Vec<PathBuf> = read.iter().map(|file| file.path.clone()).collect();
    let made = settled(&plan, &names, options, files, &mut out);
    out.sort_and_dedup();
    match made {
        Some((text, loaded)) => Ok(Imported {
            text,
            loaded,
            notes: out,
            files: read,
        }),
        None => Err(out),
    }
}

/// The trees of charms' metadata, by name.
fn metadata(
    charms: &[CharmFile],
    files: &dyn Files,
    out: &mut Diagnostics,
) -> BTreeMap<String, Node> {
    let mut found = BTreeMap::new();
    for charm in charms {
        // Of a folder, the files that may have the endpoints.
        let inside = ["charmcraft.yaml", "metadata.yaml"].map(|name| charm.path.join(name));
        let candidates = [charm.path.clone()].into_iter().chain(inside);
        for path in candidates.filter(|path| files.is_file(path)) {
            // A packed charm is no text; its files are read with the scenario.
            let Ok(text) = read_text(files, &path, None) else {
                continue;
            };
            let file = out.sources.add(&path.display().to_string(), &text);
            let documents = trustsim_yaml::parse(&text, file).ok();
            let document = documents.and_then(|documents| documents.into_iter().next());
            if let Some(document) = document {
                found.entry(charm.name.clone()).or_insert(document);
            }
        }
    }
    found
}

/// Loads the scenario, and leaves out what is wrong until nothing is. `None` where something is wrong that cannot be
/// left out.
fn settled(
    plan: &Plan,
    read: &[PathBuf],
    options: &ImportOptions,
    files: &dyn Files,
    out: &mut Diagnostics,
) -> Option<(String, Loaded)> {
    let mut without: BTreeSet<Item> = BTreeSet::new();
    let mut left_out = LeftOut::new(plan);
    loop {
        let setting = Setting {
            files: read,
            folder: &options.folder,
            duration: &options.duration,
            sources: &out.sources,
            without: &without,
        };
        let lines = lines(plan, &setting);
        let mut text = String::new();
        for line in &lines {
            text.push_str(&line.text);
            text.push('\n');
        }
        assert_eq!(
            text.lines().count(),
            lines.len(),
            "a mistake is found at its line: no line of an imported scenario has two"
        );
        assert!(
            lines.iter().all(|line| !without.contains(&line.item)),
            "what is left out is not written"
        );
        let path = options.folder.join("imported.yaml");
        let wrong = match load(&text, &path, &options.charms, files) {
            Ok(mut loaded) => {
                let warnings = std::mem::take(&mut loaded.warnings);
                out.list.extend(replaced(warnings, &lines));
                return Some((text, loaded));
            }
            Err(wrong) => wrong,
        };
        let before = without.len();
        for found in &wrong.list {
            if found.severity != Severity::Error {
                continue;
            }
            let Some(line) = line_of(found, &wrong, &lines) else {
                continue;
            };
            if line.item != Item::Frame && without.insert(line.item.clone()) {
                left_out.tell(found, line, out);
            }
        }
        if without.len() == before {
            out.list.extend(replaced(wrong, &lines));
            return None;
        }
    }
}

fn load(
    text: &str,
    path: &Path,
    charms: &[GivenCharm],
    files: &dyn Files,
) -> Result<Loaded, Diagnostics> {
    let options = LoadOptions {
        charms,
        ..LoadOptions::default()
    };
    resolve(parse_with(text, NAME, options)?, path, files)
}

/// The line of the scenario that a diagnostic is about.
fn line_of<'a>(found: &Diagnostic, all: &Diagnostics, lines: &'a [Line]) -> Option<&'a Line> {
    let place = found.primary.as_ref()?.place;
    let source = all.sources.get(place.file)?;
    if &*source.name != NAME {
        return None;
    }
    let line = all.sources.line(place);
    lines.get(line as usize - 1)
}

/// What was left out, as far as one warning tells of several items.
struct LeftOut<'a> {
    plan: &'a Plan,
    /// Relations of each model, by its position, whose applications it lacks.
    absent: BTreeMap<usize, AbsentSides>,
}

/// Relations whose applications a model lacks: an overlay alone has many.
struct AbsentSides {
    /// Position of their warning.
    warning: usize,
    /// How many they are.
    count: usize,
    /// What the model lacks.
    names: BTreeSet<String>,
}

impl<'a> LeftOut<'a> {
    const fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            absent: BTreeMap::new(),
        }
    }

    /// Warns of an item, or adds it to a warning of others that lack the same.
    fn tell(&mut self, found: &Diagnostic, line: &Line, out: &mut Diagnostics) {
        let Some((model, lacking)) = self.lacking(&line.item) else {
            return out.push(left_out(found, line));
        };
        let Some(known) = self.absent.get_mut(&model) else {
            let relations = AbsentSides {
                warning: out.list.len(),
                count: 1,
                names: lacking,
            };
            self.absent.insert(model, relations);
            return out.push(left_out(found, line));
        };
        known.count += 1;
        known.names.extend(lacking);
        let names = known.names.iter().map(|name| format!("`{name}`"));
        let names: Vec<String> = names.collect();
        out.list[known.warning].message = format!(
            "{} relations are left out: no application {} in model `{}`",
            known.count,
            names.join(", "),
            self.plan.models[model].name
        );
    }

    /// The model of a relation, and which sides of it are not there; `None` where all are.
    fn lacking(&self, item: &Item) -> Option<(usize, BTreeSet<String>)> {
        let Item::Relation(model, number) = item else {
            return None;
        };
        let planned = &self.plan.models[*model];
        let sides = planned.relations[*number].sides.iter();
        let absent = sides.filter(|side| {
            let dump = &planned.dump;
            !dump.applications.contains_key(&side.name) && !dump.saas.contains_key(&side.name)
        });
        let absent: BTreeSet<String> = absent.map(|side| side.name.clone()).collect();
        (!absent.is_empty()).then_some((*model, absent))
    }
}

/// What is wrong with an item, as a warning at the place in the inputs that it comes from.
fn left_out(found: &Diagnostic, line: &Line) -> Diagnostic {
    let message = format!("{} is left out: {}", line.item, found.message);
    let mut warning = Diagnostic::new(Code::LeftOut, Severity::Warning, message);
    warning.primary = line.place.map(|place| Label {
        place,
        text: String::new(),
    });
    warning.notes.clone_from(&found.notes);
    warning.help.clone_from(&found.help);
    warning
}

/// Diagnostics of the scenario with the places in the inputs that its lines come from. What has none keeps its text.
fn replaced(all: Diagnostics, lines: &[Line]) -> Vec<Diagnostic> {
    let place = |found: &Diagnostic| -> Option<Place> { line_of(found, &all, lines)?.place };
    let moved = all.list.iter().map(|found| {
        let mut moved = found.clone();
        let label = found.primary.as_ref().map(|label| label.text.clone());
        moved.primary = place(found)
            .zip(label)
            .map(|(place, text)| Label { place, text });
        moved.secondary.clear();
        moved
    });
    moved.collect()
}

/// What it is called where it is left out.
impl std::fmt::Display for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Frame => f.write_str("the scenario"),
            Self::Application(_, name) => write!(f, "the application `{name}`"),
            Self::Key(_, name, key) => write!(f, "`{key}` of `{name}`"),
            Self::Option(_, name, option) => write!(f, "the option `{option}` of `{name}`"),
            Self::Offer(_, _, offer) => write!(f, "the offer `{offer}`"),
            Self::Saas(_, name) => write!(f, "the consumed offer `{name}`"),
            Self::Relation(..) => f.write_str("a relation"),
            Self::Charm(name) => write!(f, "what is said of the charm `{name}`"),
            Self::Endpoint(name, endpoint) => {
                write!(f, "the endpoint `{endpoint}` of the charm `{name}`")
            }
        }
    }
}
