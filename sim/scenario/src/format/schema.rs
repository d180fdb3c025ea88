//! The JSON Schema of scenario files, draft-07, as yaml-language-server reads it.

use schemars::generate::SchemaSettings;

use super::shape::ScenarioFile;

/// The schema as JSON text with a final newline. Descriptions are the doc comments of the keys.
pub fn schema() -> String {
    let schema = SchemaSettings::draft07()
        .into_generator()
        .into_root_schema_for::<ScenarioFile>();
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    text
}
