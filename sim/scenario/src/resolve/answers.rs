//! The answers that a scenario declares for the code of a charm, as the JSON that the code's worker reads.

use serde_json::{Map as JsonMap, Value as Json, json};
use trustsim_charms::{AnswerDeclaration, CharmDeclaration};
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_yaml::{Map, Node, Text};

/// The list that a charm is declared with. An answer to nothing or to two things is reported, and so is one with a key that its
/// kind does not have.
pub(super) fn declared_answers(declaration: &CharmDeclaration, out: &mut Diagnostics) -> Json {
    let declared = declaration.answers.iter().flatten();
    declared.filter_map(|each| answer(each, out)).collect()
}

fn answer(declared: &AnswerDeclaration, out: &mut Diagnostics) -> Option<Json> {
    let mut refuse = |message: String| {
        out.push(Diagnostic::error(Code::BadValue, declared.place, message));
    };
    let words = declared.command.as_ref();
    let words = words.filter(|words| !words.is_empty());
    let kinds = [
        ("command", words.is_some()),
        ("request", declared.request.is_some()),
        ("file", declared.file.is_some()),
        ("secret", declared.secret.is_some()),
    ];
    let mut given = kinds.iter().filter(|(_, is_given)| *is_given);
    let (Some((kind, _)), None) = (given.next(), given.next()) else {
        refuse("an answer is to one `command`, `request`, `file` or `secret`".to_owned());
        return None;
    };
    for (key, of, is_given) in [
        ("stdout", "command", declared.stdout.is_some()),
        ("code", "command", declared.code.is_some()),
        ("writes", "command", declared.writes.is_some()),
        ("restarts", "command", declared.restarts.is_some()),
        ("status", "request", declared.status.is_some()),
        ("body", "request", declared.body.is_some()),
        ("text", "file", declared.text.is_some()),
        ("content", "secret", declared.content.is_some()),
    ] {
        if is_given && of != *kind {
            refuse(format!("`{key}` has no effect without `{of}`"));
        }
    }
    Some(
        match (words, &declared.request, &declared.file, &declared.secret) {
            (Some(words), ..) => json!({
                "command": words,
                "stdout": text(&declared.stdout),
                "code": declared.code.unwrap_or(0),
                "writes": texts(&declared.writes),
                "restarts": declared.restarts.as_deref().unwrap_or(&[]),
            }),
            (_, Some(request), ..) => json!({
                "request": request.value,
                "status": declared.status.unwrap_or(200),
                "body": declared.body.as_ref().map(Node::to_json),
            }),
            (_, _, Some(file), _) => json!({"file": file.value, "text": text(&declared.text)}),
            (_, _, _, Some(secret)) => {
                json!({"secret": secret.value, "content": texts(&declared.content)})
            }
            (None, None, None, None) => unreachable!("one of the kinds is given: {declared:?}"),
        },
    )
}

/// A text; an empty one where none is written.
fn text(text: &Option<Text>) -> &str {
    text.as_ref().map_or("", |text| &text.value)
}

fn texts(texts: &Option<Map<Text>>) -> JsonMap<String, Json> {
    let pairs = texts.iter().flat_map(|map| map.iter());
    pairs
        .map(|(key, text)| (key.value.clone(), json!(text.value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_yaml::{FromNode, Reader, Unknown, parse};

    fn read(text: &str) -> (Json, Vec<String>) {
        let documents = parse(text, 0).expect("it is YAML");
        let mut reader = Reader::new(Unknown::Refused, true);
        let declaration = CharmDeclaration::from_node(&documents[0], &mut reader);
        assert!(reader.mistakes.is_empty(), "{:?}", reader.mistakes);
        let mut out = Diagnostics::default();
        let found = declared_answers(&declaration.expect("it is a charm"), &mut out);
        let said = out.list.into_iter().map(|each| each.message);
        (found, said.collect())
    }

    #[test]
    fn an_answer_is_to_one_thing_and_has_the_keys_of_that() {
        let (found, said) = read(
            "answers: [{command: [a, b], code: 1}, {request: GET x, body: {a: 1}}, {file: /f}, {secret: s, content: {k: v}}]",
        );
        assert_eq!(said, [] as [&str; 0]);
        let expected = json!([
            {"command": ["a", "b"], "stdout": "", "code": 1, "writes": {}, "restarts": []},
            {"request": "GET x", "status": 200, "body": {"a": 1}},
            {"file": "/f", "text": ""},
            {"secret": "s", "content": {"k": "v"}},
        ]);
        assert_eq!(found, expected);
        for (text, wrong) in [
            (
                "{}",
                "an answer is to one `command`, `request`, `file` or `secret`",
            ),
            (
                "{command: []}",
                "an answer is to one `command`, `request`, `file` or `secret`",
            ),
            (
                "{file: /f, secret: s}",
                "an answer is to one `command`, `request`, `file` or `secret`",
            ),
            (
                "{command: [a], status: 500}",
                "`status` has no effect without `request`",
            ),
            (
                "{request: GET x, writes: {/f: t}}",
                "`writes` has no effect without `command`",
            ),
        ] {
            let (_, said) = read(&format!("answers: [{text}]"));
            assert_eq!(said, [wrong], "{text}");
        }
    }
}
