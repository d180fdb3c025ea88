//! A recording of hooks as text, made hook by hook.

use std::mem;

use serde_json::{Value, json};

use crate::args::DataFormat;
use crate::error::CliError;
use crate::output::data_text;

/// A recording as text, hook by hook: together what one value of all of them would be as text.
pub(super) struct RecordingText {
    format: DataFormat,
    /// Whether a hook was written.
    has_begun: bool,
}

impl RecordingText {
    pub(super) fn new(format: DataFormat) -> Self {
        Self {
            format,
            has_begun: false,
        }
    }

    /// What is before the first hook.
    pub(super) fn head(&self, scenario: &str) -> Result<String, CliError> {
        match self.format {
            DataFormat::Json => {
                let name = data_text(&Value::from(scenario), self.format)?;
                Ok(format!(
                    "{{\n  \"scenario\": {},\n  \"hooks\": [",
                    name.trim_end()
                ))
            }
            DataFormat::Yaml => {
                let name = data_text(&json!({ "scenario": scenario }), self.format)?;
                Ok(format!("{name}hooks:"))
            }
        }
    }

    /// One hook more.
    pub(super) fn hook(&mut self, hook: &Value) -> Result<String, CliError> {
        let is_first = !mem::replace(&mut self.has_begun, true);
        match self.format {
            DataFormat::Json => {
                let text = data_text(hook, self.format)?;
                let indented = text.trim_end().replace('\n', "\n    ");
                let comma = if is_first { "" } else { "," };
                Ok(format!("{comma}\n    {indented}"))
            }
            DataFormat::Yaml => {
                let text = data_text(&json!([hook]), self.format)?;
                let line_break = if is_first { "\n" } else { "" };
                Ok(format!("{line_break}{text}"))
            }
        }
    }

    /// What is after the last hook.
    pub(super) fn end(&self) -> &'static str {
        match (self.format, self.has_begun) {
            (DataFormat::Json, true) => "\n  ]\n}\n",
            (DataFormat::Json, false) => "]\n}\n",
            (DataFormat::Yaml, true) => "",
            (DataFormat::Yaml, false) => " []\n",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hook_by_hook_it_is_the_text_of_the_whole() {
        let hooks = [
            json!({"unit": "web/0", "certificate": "-----BEGIN\nMII\n-----END\n", "sans": []}),
            json!({"unit": "web/1", "before": {"relations": [{"id": 1}]}, "note": " : #\n\n- x"}),
            json!({"unit": "web/2", "status": {"message": null}}),
        ];
        for format in [DataFormat::Json, DataFormat::Yaml] {
            for name in ["internal", "no: name\n"] {
                for count in 0..=hooks.len() {
                    let mut text = RecordingText::new(format);
                    let mut written = text.head(name).expect("a name is text");
                    for hook in &hooks[..count] {
                        written.push_str(&text.hook(hook).expect("a hook is text"));
                    }
                    written.push_str(text.end());
                    let whole = json!({ "scenario": name, "hooks": hooks[..count] });
                    assert_eq!(written, data_text(&whole, format).expect("a value is text"));
                }
            }
        }
    }
}
