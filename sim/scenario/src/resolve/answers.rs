//! The answers that a scenario declares for the code of a charm, as the JSON that the code's worker reads.

use serde_json::{Map as JsonMap, Value as Json, json};
use trustsim_charms::{AnswerDeclaration, CharmDeclaration};
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_yaml::{Node, Place, ScalarKind, Text, Value};

/// The list that a charm is declared with; an answer to nothing, or to two things, is reported at the charm's `source`.
pub(super) fn declared_answers(
    declaration: &CharmDeclaration,
    source: Place,
    out: &mut Diagnostics,
) -> Json {
    let declared = declaration.answers.iter().flatten();
    let answers = declared.filter_map(|each| {
        let found = answer(each);
        if found.is_none() {
            let message = "each of `answers` is to one `command`, `request`, `file` or `secret`";
            out.push(Diagnostic::error(Code::BadValue, source, message));
        }
        found
    });
    answers.collect()
}

fn answer(declared: &AnswerDeclaration) -> Option<Json> {
    let text = |text: &Option<Text>| text.as_ref().map(|text| text.value.clone());
    let body = declared.body.as_ref().map(json_of);
    let mut found = Vec::new();
    if let Some(words) = declared.command.as_ref().filter(|words| !words.is_empty()) {
        let writes = declared.writes.iter().flat_map(|map| map.iter());
        let writes: JsonMap<String, Json> = writes
            .map(|(path, text)| (path.value.clone(), json!(text.value)))
            .collect();
        found.push(json!({
            "command": words,
            "stdout": text(&declared.stdout).unwrap_or_default(),
            "code": declared.code.unwrap_or(0),
            "writes": writes,
            "restarts": declared.restarts.clone().unwrap_or_default(),
        }));
    }
    if let Some(request) = &declared.request {
        let status = declared.status.unwrap_or(200);
        found.push(json!({"request": request.value, "status": status, "body": body}));
    }
    if let Some(file) = &declared.file {
        let text = text(&declared.text).unwrap_or_default();
        found.push(json!({"file": file.value, "text": text}));
    }
    if let Some(secret) = &declared.secret {
        let content = declared.content.iter().flat_map(|map| map.iter());
        let content: JsonMap<String, Json> = content
            .map(|(key, text)| (key.value.clone(), json!(text.value)))
            .collect();
        found.push(json!({"secret": secret.value, "content": content}));
    }
    let only = found.pop();
    only.filter(|_| found.is_empty())
}

/// A node as JSON; of a key that is repeated the last counts.
fn json_of(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::List(elements) => elements.iter().map(json_of).collect(),
        Value::Map(entries) => {
            let pairs = entries.iter();
            pairs
                .map(|entry| (entry.key.value.clone(), json_of(&entry.value)))
                .collect()
        }
        Value::Scalar(scalar) => match scalar.kind {
            ScalarKind::Bool(value) => json!(value),
            ScalarKind::Int(value) => i64::try_from(value).map_or(Json::Null, Json::from),
            ScalarKind::Float(value) => json!(value),
            ScalarKind::String => json!(scalar.text),
        },
    }
}
