//! What a text is, told by its content: never by the name of its file.

use trustsim_errors::{Code, Diagnostic, Severity};
use trustsim_yaml::{Node, Place, SyntaxError, Value, parse};

use crate::damaged::{Understood, concatenated, understood};
use crate::dump::Kind;

/// What a text is.
#[derive(Clone, Debug)]
pub(crate) enum Recognised {
    /// Something that is read, with its documents.
    Read(Kind, Vec<Node>),
    /// A scenario, which is not imported.
    Scenario,
    /// What is refused with words that help.
    Refused(Refusal),
}

/// What cannot be imported.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// Terraform's language.
    Hcl,
    /// A template that was not rendered.
    Template,
    /// A plan as Terraform stores it, which is no text.
    StoredPlan,
    /// Terraform's state as it is stored.
    StateFile,
    /// Documents of several kinds in one file: the beginnings of the first and of one of another kind, and what they are.
    Mixed([(Place, &'static str); 2]),
    /// No YAML and no JSON; with what its beginning tells.
    NotYaml(SyntaxError, Option<Understood>),
    /// Nothing.
    Empty,
    /// None of the kinds that are known; the keys at its top.
    Unknown(Vec<String>),
}

/// Whether a text is to be read as a scenario, or refused as one: nothing else is recognised in it.
pub fn is_scenario(text: &str) -> bool {
    matches!(
        recognise(text, 0),
        Recognised::Scenario
            | Recognised::Refused(Refusal::NotYaml(..) | Refusal::Empty | Refusal::Unknown(_))
    )
}

/// Whether a file of a folder may be anything that is read: it has a word of one of the kinds. A folder of a crash dump
/// has logs, which are not parsed.
pub(crate) fn may_be_read(text: &str) -> bool {
    const WORDS: [&str; 11] = [
        "applications",
        "services",
        "model",
        "relation-info",
        "saas",
        "provides",
        "requires",
        "peers",
        "containers",
        "terraform",
        "resource \"",
    ];
    WORDS.iter().any(|word| text.contains(word)) || is_test_lines(text)
}

/// Tells what a text is; `file` is its index in the sources.
pub(crate) fn recognise(text: &str, file: u32) -> Recognised {
    if is_test_lines(text) {
        return match crate::readers::terraform::lines(text, file) {
            Ok(documents) => Recognised::Read(Kind::Terraform, documents),
            Err(error) => Recognised::Refused(Refusal::NotYaml(error, None)),
        };
    }
    let whole = parse(text, file).or_else(|error| concatenated(text, file).ok_or(error));
    let documents = match whole {
        Ok(documents) => documents,
        Err(_) if is_hcl(text) => return Recognised::Refused(Refusal::Hcl),
        Err(_) if is_template(text) => return Recognised::Refused(Refusal::Template),
        Err(error) => {
            let told = understood(text);
            return Recognised::Refused(Refusal::NotYaml(error, told));
        }
    };
    let Some(first) = documents.first() else {
        return Recognised::Refused(Refusal::Empty);
    };
    let kind = match kind_of(first) {
        Ok(kind) => kind,
        Err(_) if is_hcl(text) => return Recognised::Refused(Refusal::Hcl),
        Err(None) => return Recognised::Scenario,
        Err(Some(refusal)) => return Recognised::Refused(refusal),
    };
    // Later documents of a bundle are overlays, which may say anything of it.
    let mut others = documents.iter().filter(|document| match kind {
        Kind::Bundle => is_dump(document),
        kind => kind_of(document).ok() != Some(kind),
    });
    if let Some(other) = others.next() {
        let beginnings = [first, other].map(|document| (beginning(document), called(document)));
        return Recognised::Refused(Refusal::Mixed(beginnings));
    }
    if kind == Kind::Bundle && documents.iter().any(has_gaps) {
        return Recognised::Refused(Refusal::Template);
    }
    Recognised::Read(kind, documents)
}

/// The place of a document's first key, or of all that it is.
fn beginning(document: &Node) -> Place {
    let first = document.entries().first();
    first.map_or(document.place, |entry| entry.key.place)
}

fn called(document: &Node) -> &'static str {
    kind_of(document).map_or("something else", Kind::name)
}

fn is_dump(document: &Node) -> bool {
    kind_of(document).is_ok_and(|kind| kind != Kind::Bundle)
}

/// The kind of a document; the refusal where it has none, or nothing where it is a scenario.
fn kind_of(document: &Node) -> Result<Kind, Option<Refusal>> {
    let entries = document.entries();
    let has = |key: &str| document.get(key).is_some();
    let is_map = |key: &str| {
        matches!(
            document.get(key).map(|node| &node.value),
            Some(Value::Map(_))
        )
    };
    let keys = || {
        entries
            .iter()
            .map(|entry| entry.key.value.clone())
            .collect()
    };
    if has("terraform_version") || has("format_version") {
        return match has("lineage") || has("serial") {
            true => Err(Some(Refusal::StateFile)),
            false => Ok(Kind::Terraform),
        };
    }
    if !entries.is_empty() && entries.iter().all(|entry| is_unit(&entry.key.value)) {
        return Ok(Kind::ShowUnit);
    }
    if is_status(document) {
        return Ok(Kind::Status);
    }
    if let Some(models) = document.get("models") {
        let several = models.entries();
        return match !several.is_empty() && several.iter().all(|entry| is_status(&entry.value)) {
            true => Ok(Kind::Status),
            false => Err(None),
        };
    }
    if has("applications") || has("services") || has("saas") {
        return match OF_SCENARIOS.iter().any(|key| has(key)) {
            true => Err(None),
            false => Ok(Kind::Bundle),
        };
    }
    let endpoints = ["provides", "requires", "peers", "containers"];
    if has("name") && endpoints.iter().any(|key| is_map(key)) {
        return Ok(Kind::Charm);
    }
    if OF_SCENARIOS.iter().any(|key| has(key)) {
        return Err(None);
    }
    Err(Some(Refusal::Unknown(keys())))
}

/// Keys that a scenario has, and a bundle does not.
const OF_SCENARIOS: [&str; 10] = [
    "connections",
    "faults",
    "expect",
    "variants",
    "operators",
    "controllers",
    "duration",
    "tolerate",
    "start",
    "seed",
];

/// Whether a key is `app/0`.
fn is_unit(name: &str) -> bool {
    let number = name.split_once('/').map(|(_, number)| number);
    number.is_some_and(|number| number.parse::<u32>().is_ok())
}

fn is_status(document: &Node) -> bool {
    let model = document.get("model").map(|model| &model.value);
    let has = |key: &str| document.get(key).is_some();
    matches!(model, Some(Value::Map(_))) && (has("applications") || has("machines"))
}

/// `terraform test -verbose -json` prints one JSON object a line, each with `@level` and `@message`.
fn is_test_lines(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty());
    first.is_some_and(|line| {
        line.starts_with('{') && line.contains("\"@level\"") && line.contains("\"@message\"")
    })
}

/// A block of Terraform's language begins a line.
fn is_hcl(text: &str) -> bool {
    const BLOCKS: [&str; 10] = [
        "resource \"",
        "module \"",
        "variable \"",
        "provider \"",
        "mock_provider \"",
        "data \"",
        "output \"",
        "run \"",
        "terraform {",
        "locals {",
    ];
    text.lines().any(|line| {
        let line = line.trim();
        line.ends_with('{') && BLOCKS.iter().any(|block| line.starts_with(block))
    })
}

fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// Whether a bundle has places that a template would fill in.
fn has_gaps(node: &Node) -> bool {
    match &node.value {
        Value::Null => false,
        Value::Scalar(scalar) => scalar.text.contains("{%") || scalar.text.contains("{{"),
        Value::List(elements) => elements.iter().any(has_gaps),
        Value::Map(entries) => entries
            .iter()
            // An option may be a template of the workload's.
            .filter(|entry| entry.key.value != "options")
            .any(|entry| has_gaps(&entry.value)),
    }
}

/// What the beginning of a dump tells, and that nothing of it is read.
fn told_of(told: &Understood) -> String {
    let model = match &told.model {
        Some(model) => format!(" of the model `{model}`"),
        None => String::new(),
    };
    let each = match (told.kind, told.count) {
        (Kind::ShowUnit, 1) => "relation",
        (Kind::ShowUnit, _) => "relations",
        (_, 1) => "application",
        _ => "applications",
    };
    format!(
        "it begins as {}{model}, with {} {each} until there; none of it is read",
        told.kind.name(),
        told.count
    )
}

impl Refusal {
    /// One error that says what the file is, and how to get what is needed.
    pub(crate) fn diagnostic(&self, file: &str) -> Diagnostic {
        let (message, help) = match self {
            Self::NotYaml(error, told) => {
                let code = match error.limit {
                    true => Code::Limits,
                    false => Code::Syntax,
                };
                let mut error = Diagnostic::error(code, error.place, &error.message);
                if let Some(told) = told {
                    error = error.note(told_of(told));
                }
                return error.help("a dump that was cut off ends so: write it again");
            }
            Self::Empty => {
                let message = format!("`{file}` is empty");
                return Diagnostic::new(Code::FileEmpty, Severity::Error, message);
            }
            Self::Hcl => (
                format!("`{file}` is written in Terraform's language, whose values only Terraform knows"),
                "give what Terraform makes of it:\n\
                 terraform plan -out plan && terraform show -json plan > plan.json\n\
                 or, of what is deployed: terraform show -json > state.json\n\
                 or, without a controller, of a test with `mock_provider \"juju\" {}`: \
                 terraform test -verbose -json > test.json"
                    .to_owned(),
            ),
            Self::Template => (
                format!("`{file}` is a template that was not rendered: it has `{{{{` or `{{%`"),
                "render it first, or give a bundle of the deployed model: \
                 juju export-bundle --filename bundle.yaml"
                    .to_owned(),
            ),
            Self::StoredPlan => (
                format!("`{file}` is a plan as Terraform stores it"),
                "give what Terraform prints of it: terraform show -json FILE > plan.json".to_owned(),
            ),
            Self::StateFile => (
                format!("`{file}` is Terraform's state as it is stored, which may have any shape"),
                "give what Terraform prints of it: terraform show -json > state.json".to_owned(),
            ),
            Self::Mixed([(first, kind), (other, other_kind)]) => {
                let message = format!("`{file}` has documents of several kinds");
                let error = Diagnostic::error(Code::OtherFile, *other, message);
                return error
                    .label(format!("{other_kind} begins here"))
                    .also(*first, format!("{kind} begins here"))
                    .help("write each into a file of its own, and give those or their folder");
            }
            Self::Unknown(keys) => (
                match keys.is_empty() {
                    true => format!("nothing was recognised in `{file}`: it is no mapping"),
                    false => format!(
                        "nothing was recognised in `{file}`, whose top has {}",
                        listed(keys)
                    ),
                },
                "what is read: a bundle (juju export-bundle), juju status --format json, juju show-unit, \
                 terraform show -json, and the metadata of charms"
                    .to_owned(),
            ),
        };
        Diagnostic::new(Code::OtherFile, Severity::Error, message).help(help)
    }
}

/// The first names, and how many more there are.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|key| format!("`{key}`"))
        .collect();
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        match recognise(text, 0) {
            Recognised::Read(kind, documents) => format!("{} {}", kind.name(), documents.len()),
            Recognised::Scenario => "scenario".to_owned(),
            Recognised::Refused(refusal) => {
                let refused = refusal.diagnostic("f");
                format!("{} {}", refused.code, refused.message)
            }
        }
    }

    #[test]
    fn texts_are_told_by_their_content() {
        for (text, kind) in [
            ("{model: {name: m}, applications: {}}", "juju status 1"),
            (
                "{models: {a: {model: {name: a}, machines: {}}}}",
                "juju status 1",
            ),
            (
                "model: {name: a}\nmachines: {}\n---\nmodel: {name: b}\nmachines: {}\n",
                "juju status 2",
            ),
            ("{web/0: {life: alive}}", "juju show-unit 1"),
            (
                "applications: {a: {charm: a}}\n---\nrelations: []\n",
                "bundle 2",
            ),
            ("saas: {a: {url: m.o}}", "bundle 1"),
            ("services: {a: {charm: a}}", "bundle 1"),
            (
                "name: web\nrequires: {db: {interface: pg}}\n",
                "charm metadata 1",
            ),
            (
                "{format_version: '1.2', terraform_version: 1.9.0, values: {}}",
                "Terraform 1",
            ),
            (
                "{\"@level\":\"info\",\"@message\":\"x\",\"type\":\"version\"}\n",
                "Terraform 0",
            ),
            ("models: {a: {applications: {}}}", "scenario"),
            ("applications: {}\nconnections: []\n", "scenario"),
            ("duration: 3d", "scenario"),
        ] {
            assert_eq!(told(text), kind, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_imported_says_what_it_is() {
        let texts = [
            "resource \"juju_model\" \"m\" {\n  name = \"m\"\n}\n",
            "applications:\n{% if tls %}\n  a: {charm: a}\n{% endif %}\n",
            "saas: {a: {url: '{{ctl}}:admin/m.o'}}\napplications: {}\n",
            "{version: 4, terraform_version: 1.9.0, serial: 1, lineage: x, resources: []}",
            "model: {name: m}\nmachines: {}\n---\napplications: {}\n",
            "{\"model\": {\"name\": \"m\"",
            "# nothing\n",
            "[1]",
            "a: 1\nb: 2\n",
        ];
        insta::assert_snapshot!(texts.map(told).join("\n"));
    }
}
