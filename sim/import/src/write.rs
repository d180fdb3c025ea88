//! A plan as the text of a scenario, line by line, with the fact that each line comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use trustsim_yaml::{Place, Sources};

use crate::dump::RelationDump;
use crate::pair::shown;
use crate::plan::{Plan, PlannedModel};
use crate::text::{comment, quoted, seen_from};

/// What a line is about; an item that cannot be used is left out with all of its lines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Item {
    /// Nothing that could be left out.
    Frame,
    /// An application with all that belongs to it.
    Application(usize, String),
    /// A key of an application, such as `channel`.
    Key(usize, String, &'static str),
    /// An option of an application.
    Option(usize, String, String),
    /// An offer of an application.
    Offer(usize, String, String),
    /// A consumed offer.
    Saas(usize, String),
    /// A relation, by its number.
    Relation(usize, usize),
    /// What is said of a charm.
    Charm(String),
    /// An endpoint of it.
    Endpoint(String, String),
}

/// A line with what it is about and where that was read.
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) item: Item,
    pub(crate) place: Option<Place>,
}

/// What is written beside the plan itself.
pub(crate) struct Setting<'a> {
    /// The files of which something was read.
    pub(crate) files: &'a [PathBuf],
    /// The folder of the scenario, to which paths are relative.
    pub(crate) folder: &'a Path,
    /// How long it is played.
    pub(crate) duration: &'a str,
    /// The texts that places are in.
    pub(crate) sources: &'a Sources,
    /// What is left out.
    pub(crate) without: &'a BTreeSet<Item>,
}

/// The lines of the scenario.
pub(crate) fn lines(plan: &Plan, setting: &Setting<'_>) -> Vec<Line> {
    let mut writer = Writer {
        setting,
        lines: Vec::new(),
    };
    writer.header(plan);
    writer.frame("models:");
    for (at, model) in plan.models.iter().enumerate() {
        writer.model(at, model, !plan.controllers.is_empty());
    }
    writer.charms(plan);
    writer.operators(plan);
    for line in CONNECTIONS {
        writer.frame(line);
    }
    writer.lines
}

/// Which connections the scenario has: those that follow from its relations.
const CONNECTIONS: [&str; 4] = [
    "# Which clients connect to which servers follows from the relations: `trustsim ask edges` tells each with its reason.",
    "# `connections: {derived: true, except: [...], add: [...]}` leaves some out and adds others, and",
    "# `trustsim import --connections written` writes each as an entry that can be changed or deleted.",
    "connections: derived",
];

/// The text of a scenario up to where its connections are said, for them to be said otherwise.
pub(crate) fn before_connections(text: &str) -> &str {
    let end = text.find(CONNECTIONS[0]);
    &text[..end.expect("a scenario that is imported says where its connections come from")]
}

/// Writes line by line.
pub(crate) struct Writer<'a> {
    setting: &'a Setting<'a>,
    lines: Vec<Line>,
}

impl Writer<'_> {
    pub(crate) fn frame(&mut self, text: &str) {
        self.push(text.to_owned(), Item::Frame, None);
    }

    /// Adds a line, unless its item is left out.
    pub(crate) fn push(&mut self, text: String, item: Item, place: Option<Place>) {
        if !self.setting.without.contains(&item) {
            self.lines.push(Line { text, item, place });
        }
    }

    /// The same with the file and the line that it was read from.
    pub(crate) fn cited(&mut self, text: &str, item: Item, place: Place) {
        let line = match self.origin(place) {
            Some(origin) => format!("{text}  # {origin}"),
            None => text.to_owned(),
        };
        self.push(line, item, Some(place));
    }

    /// A line with all files and lines that something in it was read from.
    pub(crate) fn with_origins(&self, text: String, places: impl Iterator<Item = Place>) -> String {
        let mut origins = Vec::new();
        for origin in places.filter_map(|place| self.origin(place)) {
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        match origins.is_empty() {
            true => text,
            false => format!("{text}  # {}", origins.join(", ")),
        }
    }

    /// The file and the line of a place; of an only input its line.
    pub(crate) fn origin(&self, place: Place) -> Option<String> {
        let source = self.setting.sources.get(place.file)?;
        let line = self.setting.sources.line(place);
        // Dumps of programs may be one line of JSON, of which the line says nothing.
        let has_lines = source.has_lines();
        let is_only = self.setting.files.len() == 1;
        let path = Path::new(&*source.name);
        let same = self
            .setting
            .files
            .iter()
            .filter(|file| file.file_name() == path.file_name());
        let name = match path.file_name() {
            Some(name) if same.count() < 2 => comment(&name.to_string_lossy()),
            _ => comment(&source.name),
        };
        match (is_only, has_lines) {
            (true, true) => Some(format!("line {line}")),
            (true, false) => None,
            (false, true) => Some(format!("{name}:{line}")),
            (false, false) => Some(name),
        }
    }

    fn header(&mut self, plan: &Plan) {
        self.frame("# A scenario that `trustsim import` made of these files. Behind each `#` is where a fact was read:");
        for file in self.setting.files {
            self.frame(&format!("#   {}", comment(&file.display().to_string())));
        }
        let name = match plan.models.as_slice() {
            [only] => only.name.clone(),
            several => several
                .iter()
                .take(3)
                .map(|model| model.name.as_str())
                .collect::<Vec<_>>()
                .join("-"),
        };
        self.frame(&format!("name: {}", quoted(&name)));
        self.frame(&format!("duration: {}", quoted(self.setting.duration)));
        self.frame("");
        if !plan.controllers.is_empty() {
            self.frame("controllers:");
            for controller in &plan.controllers {
                self.frame(&format!("  {}: {{}}", quoted(controller)));
            }
            self.frame("");
        }
    }

    fn model(&mut self, at: usize, model: &PlannedModel, has_controllers: bool) {
        let dump = &model.dump;
        self.cited(
            &format!("  {}:", quoted(&model.name)),
            Item::Frame,
            dump.place,
        );
        self.frame("    deployed: true");
        if dump.kubernetes == Some(true) {
            self.frame("    bundle: kubernetes");
        }
        if let Some(controller) = dump.controller.as_ref().filter(|_| has_controllers) {
            self.frame(&format!("    controller: {}", quoted(&controller.value)));
        }
        if let Some(owner) = &model.owner {
            let text = format!("    owner: {}", quoted(&owner.value));
            self.cited(&text, Item::Frame, owner.place);
        }
        let consumed = dump
            .saas
            .iter()
            .filter(|(name, _)| !self.is_left_out(Item::Saas(at, (*name).clone())));
        let consumed: Vec<_> = consumed.collect();
        if !consumed.is_empty() {
            self.frame("    saas:");
        }
        for (name, saas) in consumed {
            if let Some(url) = &saas.url {
                let text = format!("      {}: {{url: {}}}", quoted(name), quoted(&url.value));
                self.cited(&text, Item::Saas(at, name.clone()), url.place);
            }
        }
        self.frame("    applications:");
        for (name, application) in &dump.applications {
            if !self.is_left_out(Item::Application(at, name.clone())) {
                self.application(at, name, application, dump);
            }
        }
        self.machines(at, model);
        self.relations(at, model);
        self.frame("");
    }

    pub(crate) fn is_left_out(&self, item: Item) -> bool {
        self.setting.without.contains(&item)
    }

    /// The machines that units are on.
    fn machines(&mut self, at: usize, model: &PlannedModel) {
        if model.dump.kubernetes == Some(true) {
            return;
        }
        let applications = model.dump.applications.iter();
        let kept = applications.filter(|(name, _)| {
            !self.is_left_out(Item::Application(at, (*name).clone()))
                && !self.is_left_out(Item::Key(at, (*name).clone(), "to"))
        });
        let to = kept.flat_map(|(_, application)| &application.to);
        let host = |to: &str| to.rsplit(':').next().unwrap_or(to).to_owned();
        let hosts = to.map(|to| host(&to.value));
        let hosts: BTreeSet<u64> = hosts.filter_map(|host| host.parse().ok()).collect();
        if hosts.is_empty() {
            return;
        }
        self.frame("    machines:");
        for host in hosts {
            let known = model.dump.addresses.get(&host.to_string());
            let spaces = known.into_iter().flatten().map(|(space, addresses)| {
                let addresses: Vec<String> = addresses.keys().map(|one| quoted(one)).collect();
                format!("{}: [{}]", quoted(space), addresses.join(", "))
            });
            let spaces: Vec<String> = spaces.collect();
            let mut said = Vec::new();
            if !spaces.is_empty() {
                said.push(format!("addresses: {{{}}}", spaces.join(", ")));
            }
            let constraints = model.dump.constraints.get(&host.to_string());
            said.extend(constraints.map(|text| format!("constraints: {}", quoted(&text.value))));
            let known = model.dump.addresses.get(&host.to_string());
            let places = known.into_iter().flat_map(BTreeMap::values);
            let places = places.flat_map(BTreeMap::values).copied();
            let places = places.chain(constraints.map(|text| text.place));
            let text = format!("      \"{host}\": {{{}}}", said.join(", "));
            let text = self.with_origins(text, places);
            self.frame(&text);
        }
    }

    fn relations(&mut self, at: usize, model: &PlannedModel) {
        let is_kept = |writer: &Self, number: usize, relation: &RelationDump| {
            let sides = &relation.sides;
            !writer.is_left_out(Item::Relation(at, number))
                && !sides.iter().any(|side| {
                    let name = || side.name.clone();
                    writer.is_left_out(Item::Saas(at, name()))
                        || writer.is_left_out(Item::Application(at, name()))
                })
        };
        let kept = model.relations.iter().enumerate();
        let kept: Vec<_> = kept
            .filter(|(number, relation)| is_kept(self, *number, relation))
            .collect();
        if !kept.is_empty() {
            self.frame("    relations:");
        }
        for (number, relation) in kept {
            let [left, right] = relation.sides.each_ref().map(|side| quoted(&shown(side)));
            let interface = relation.interface.as_deref().map(comment);
            let text = format!("      - [{left}, {right}]");
            let about = [interface, self.origin(relation.place)];
            let about: Vec<String> = about.into_iter().flatten().collect();
            let text = match about.is_empty() {
                true => text,
                false => format!("{text}  # {}", about.join("; ")),
            };
            self.push(text, Item::Relation(at, number), Some(relation.place));
        }
    }

    /// A path as it is seen from the folder of the scenario.
    pub(crate) fn relative(&self, path: &str) -> String {
        let found = seen_from(self.setting.folder, Path::new(path));
        let text = found.display().to_string();
        match text.starts_with(['/', '.']) {
            true => text,
            false => format!("./{text}"),
        }
    }
}
