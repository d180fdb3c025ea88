//! A plan as the text of a scenario, line by line, with the fact that each line comes from.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use trustsim_charms::Role;
use trustsim_yaml::{Place, Scalar, ScalarKind, Sources};

use crate::dump::{ApplicationDump, RelationDump};
use crate::pair::shown;
use crate::plan::{Plan, PlannedCharm, PlannedModel};

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
    for line in connections() {
        writer.frame(line);
    }
    writer.lines
}

/// Which connections the scenario has. A bundle and a status do not say which client connects to which server.
const fn connections() -> &'static [&'static str] {
    &[]
}

struct Writer<'a> {
    setting: &'a Setting<'a>,
    lines: Vec<Line>,
}

impl Writer<'_> {
    fn frame(&mut self, text: &str) {
        self.push(text.to_owned(), Item::Frame, None);
    }

    /// Adds a line, unless its item is left out.
    fn push(&mut self, text: String, item: Item, place: Option<Place>) {
        if !self.setting.without.contains(&item) {
            self.lines.push(Line { text, item, place });
        }
    }

    /// The same with the file and the line that it was read from.
    fn cited(&mut self, text: &str, item: Item, place: Place) {
        let line = match self.origin(place) {
            Some(origin) => format!("{text}  # {origin}"),
            None => text.to_owned(),
        };
        self.push(line, item, Some(place));
    }

    /// The file and the line of a place; of an only input its line.
    fn origin(&self, place: Place) -> Option<String> {
        let source = self.setting.sources.get(place.file)?;
        let (line, _) = self.setting.sources.position(place);
        // Dumps of programs may be one line of JSON, of which the line says nothing.
        let has_lines = source.text.lines().nth(1).is_some();
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
            self.frame(&format!("    owner: {}", quoted(owner)));
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
                self.application(at, name, application, dump.kubernetes == Some(true));
            }
        }
        self.machines(at, model);
        self.relations(at, model);
        self.frame("");
    }

    fn is_left_out(&self, item: Item) -> bool {
        self.setting.without.contains(&item)
    }

    fn application(&mut self, at: usize, name: &str, read: &ApplicationDump, kubernetes: bool) {
        let whole = Item::Application(at, name.to_owned());
        self.cited(
            &format!("      {}:", quoted(name)),
            whole.clone(),
            read.place,
        );
        let key = |key| Item::Key(at, name.to_owned(), key);
        // A charm without which the application is nothing.
        if let Some(charm) = &read.charm {
            let charm_text = match self.is_path(&charm.value) {
                true => self.relative(&charm.value),
                false => charm.value.clone(),
            };
            let text = format!("        charm: {}", quoted(&charm_text));
            self.push_fact(&text, whole, charm.place, read.place);
        }
        for (key_name, fact) in [("channel", &read.channel), ("base", &read.base)] {
            if let Some(fact) = fact {
                let text = format!("        {key_name}: {}", quoted(&fact.value));
                self.push_fact(&text, key(key_name), fact.place, read.place);
            }
        }
        if let Some(revision) = &read.revision {
            let text = format!("        revision: {}", revision.value);
            self.push_fact(&text, key("revision"), revision.place, read.place);
        }
        if let Some(units) = &read.units {
            let unit_key = if kubernetes { "scale" } else { "num_units" };
            let text = format!("        {unit_key}: {}", units.value);
            self.push_fact(&text, key("units"), units.place, read.place);
        }
        if !read.to.is_empty() && !kubernetes {
            let to: Vec<String> = read.to.iter().map(|to| quoted(to)).collect();
            let text = format!("        to: [{}]", to.join(", "));
            self.push(text, key("to"), Some(read.place));
        }
        self.options(at, name, read);
        self.offers(at, name, read);
    }

    /// A fact of an application; its file is said where it is another one.
    fn push_fact(&mut self, text: &str, item: Item, place: Place, of: Place) {
        match place.file == of.file {
            true => self.push(text.to_owned(), item, Some(place)),
            false => self.cited(text, item, place),
        }
    }

    fn options(&mut self, at: usize, name: &str, read: &ApplicationDump) {
        let item = |option: &String| Item::Option(at, name.to_owned(), option.clone());
        let kept = read
            .options
            .iter()
            .filter(|(option, _)| !self.is_left_out(item(option)));
        let kept: Vec<_> = kept.collect();
        if !kept.is_empty() {
            self.frame("        options:");
        }
        for (option, value) in kept {
            let text = format!("          {}: {}", quoted(option), scalar(&value.value));
            self.push_fact(&text, item(option), value.place, read.place);
        }
    }

    fn offers(&mut self, at: usize, name: &str, read: &ApplicationDump) {
        let item = |offer: &String| Item::Offer(at, name.to_owned(), offer.clone());
        let kept = read
            .offers
            .iter()
            .filter(|(offer, _)| !self.is_left_out(item(offer)));
        let kept: Vec<_> = kept.collect();
        if !kept.is_empty() {
            self.frame("        offers:");
        }
        for (offer, said) in kept {
            let endpoints: Vec<String> = said.endpoints.keys().map(|name| quoted(name)).collect();
            let text = format!(
                "          {}: {{endpoints: [{}]}}",
                quoted(offer),
                endpoints.join(", ")
            );
            self.push_fact(&text, item(offer), said.place, read.place);
        }
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
        let hosts = to.map(|to| to.rsplit(':').next().unwrap_or(to).to_owned());
        let hosts: BTreeSet<u64> = hosts.filter_map(|host| host.parse().ok()).collect();
        if hosts.is_empty() {
            return;
        }
        self.frame("    machines:");
        for host in hosts {
            self.frame(&format!("      \"{host}\": {{}}"));
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
            let urls = published(relation, model);
            let text = format!("      - [{left}, {right}]");
            let about = [interface, self.origin(relation.place), urls];
            let about: Vec<String> = about.into_iter().flatten().collect();
            let text = match about.is_empty() {
                true => text,
                false => format!("{text}  # {}", about.join("; ")),
            };
            self.push(text, Item::Relation(at, number), Some(relation.place));
        }
    }

    fn charms(&mut self, plan: &Plan) {
        let described: BTreeSet<&String> = plan.files.iter().map(|file| &file.name).collect();
        let told = plan
            .charms
            .iter()
            .filter(|(name, _)| !described.contains(name));
        let told: Vec<_> = told.collect();
        if told.is_empty() && plan.files.is_empty() {
            return;
        }
        self.frame("charms:");
        for file in &plan.files {
            let path = self.relative(&file.path.display().to_string());
            let text = format!("  {}: {{from: {}}}", quoted(&file.name), quoted(&path));
            self.push(text, Item::Charm(file.name.clone()), None);
        }
        for (name, charm) in told {
            self.charm(name, charm);
        }
    }

    /// A charm that the catalogue does not know.
    fn charm(&mut self, name: &str, charm: &PlannedCharm) {
        let item = Item::Charm(name.to_owned());
        if self.is_left_out(item.clone()) {
            return;
        }
        let mut push = |text: String, item: Item| self.push(text, item, None);
        push(
            format!("  {}:  # what its relations tell of it", quoted(name)),
            item.clone(),
        );
        push("    more-endpoints: true".to_owned(), item.clone());
        push("    more-options: true".to_owned(), item.clone());
        if charm.subordinate {
            push("    subordinate: true".to_owned(), item.clone());
        }
        for (group, role) in [("provides", Role::Provider), ("requires", Role::Requirer)] {
            let of_role = charm.endpoints.iter().filter(|(_, (of, _, _))| *of == role);
            let mut of_role = of_role.peekable();
            if of_role.peek().is_some() {
                push(format!("    {group}:"), item.clone());
            }
            for (endpoint, (_, interface, container)) in of_role {
                let scope = if *container { ", scope: container" } else { "" };
                let text = format!(
                    "      {}: {{interface: {}{scope}}}",
                    quoted(endpoint),
                    quoted(interface)
                );
                push(text, Item::Endpoint(name.to_owned(), endpoint.clone()));
            }
        }
    }

    fn is_path(&self, charm: &str) -> bool {
        !charm.contains(':') && (charm.contains('/') || charm.ends_with(".charm"))
    }

    /// A path as it is seen from the folder of the scenario.
    fn relative(&self, path: &str) -> String {
        let found = seen_from(self.setting.folder, Path::new(path));
        let text = found.display().to_string();
        match text.starts_with(['/', '.']) {
            true => text,
            false => format!("./{text}"),
        }
    }
}

/// What units publish on the endpoints of a relation.
fn published(relation: &RelationDump, model: &PlannedModel) -> Option<String> {
    let urls = relation.sides.iter().filter_map(|side| {
        let application = model.dump.applications.get(&side.name)?;
        application.urls.get(side.endpoint.as_ref()?)
    });
    let urls: BTreeSet<String> = urls.flatten().map(|url| comment(url)).collect();
    let urls: Vec<String> = urls.into_iter().take(4).collect();
    (!urls.is_empty()).then(|| format!("publishes {}", urls.join(", ")))
}

/// A path as it is seen from a folder; both are relative to the same place, or absolute.
fn seen_from(folder: &Path, path: &Path) -> PathBuf {
    let is_up = folder.components().any(|part| part == Component::ParentDir);
    if path.is_absolute() || is_up {
        return path.to_owned();
    }
    let folder: Vec<Component<'_>> = folder
        .components()
        .filter(|part| *part != Component::CurDir)
        .collect();
    let parts: Vec<Component<'_>> = path
        .components()
        .filter(|part| *part != Component::CurDir)
        .collect();
    let shared = folder
        .iter()
        .zip(&parts)
        .take_while(|(one, two)| one == two)
        .count();
    let up = folder[shared..].iter().map(|_| Component::ParentDir);
    up.chain(parts[shared..].iter().copied()).collect()
}

/// A text of an input as part of a comment, which is one line of letters that are seen.
fn comment(text: &str) -> String {
    const LONGEST: usize = 120;
    text.chars()
        .take(LONGEST)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

/// A value of an option.
fn scalar(value: &Scalar) -> String {
    match value.kind {
        ScalarKind::String => double_quoted(&value.text),
        ScalarKind::Bool(_) | ScalarKind::Int(_) | ScalarKind::Float(_) => value.canonical(),
    }
}

/// A text as YAML takes it for that text.
pub(crate) fn quoted(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./@".contains(letter);
    let begins =
        text.starts_with(|first: char| first.is_ascii_alphabetic() || "./".contains(first));
    // `a:b` is plain, `a: b` is a mapping.
    let colons = text.replace(':', "");
    let is_word = WORDS.contains(&text.to_ascii_lowercase().as_str());
    match begins && colons.chars().all(is_plain) && !text.ends_with(':') && !is_word && text != "."
    {
        true => text.to_owned(),
        false => double_quoted(text),
    }
}

/// YAML 1.2, 7.3.1.
fn double_quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            letter if letter.is_control() || "\u{2028}\u{2029}\u{feff}".contains(letter) => {
                quoted.push_str(&format!("\\U{:08x}", u32::from(letter)));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_where_yaml_would_take_them_for_something_else() {
        for (text, written) in [
            ("web-1", "web-1"),
            ("a:b", "a:b"),
            ("admin/m.o", "admin/m.o"),
            ("ubuntu@22.04", "ubuntu@22.04"),
            ("1/stable", "\"1/stable\""),
            ("no", "\"no\""),
            ("a: b", "\"a: b\""),
            ("", "\"\""),
            ("x\n\"\u{1}", "\"x\\n\\\"\\U00000001\""),
        ] {
            assert_eq!(quoted(text), written);
        }
    }

    #[test]
    fn every_text_that_is_quoted_is_read_as_itself() {
        for text in [
            "a", "é ü", "# x", "- a", "{", "a\\b", "\u{85}", "\t", "1e3", "0x1F", "~", "=", "<<",
        ] {
            for written in [quoted(text), double_quoted(text)] {
                let documents = trustsim_yaml::parse(&format!("a: {written}\n"), 0).expect("YAML");
                let value = documents[0]
                    .get("a")
                    .and_then(|node| node.as_scalar().cloned());
                let value = value.expect("a value");
                assert_eq!(
                    (value.text.as_str(), value.kind),
                    (text, ScalarKind::String),
                    "{written}"
                );
            }
        }
    }

    #[test]
    fn paths_are_seen_from_the_folder_of_the_scenario() {
        for (folder, path, seen) in [
            ("", "a/b", "a/b"),
            ("a", "a/b", "b"),
            ("a/c", "a/b", "../b"),
            ("a", "./c", "../c"),
            ("..", "a/b", "a/b"),
            ("a", "/x", "/x"),
        ] {
            assert_eq!(
                seen_from(Path::new(folder), Path::new(path)),
                Path::new(seen)
            );
        }
    }
}
