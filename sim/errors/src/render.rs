//! Findings as text in the style of rustc. Gives text; the caller prints it.
//!
//! What a file says is shown as letters that are seen: a name with ESC in it is `a\u{1b}` in a message, and the excerpt
//! of its line has a sign in its place.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::conceal::concealed;
use super::diagnostic::{Diagnostic, Diagnostics, Label, Severity};
use trustsim_kernel::visible;
use trustsim_yaml::{Place, Sources};

/// Findings beyond this many are only counted.
const SHOWN_MAX: usize = 100;

impl Diagnostics {
    /// Every finding, one after the other, with a blank line between; `styled` adds colours.
    pub fn render(&self, styled: bool) -> String {
        let renderer = if styled {
            Renderer::styled()
        } else {
            Renderer::plain()
        }
        .decor_style(DecorStyle::Ascii);
        let shown = self.list.iter().take(SHOWN_MAX);
        let mut parts: Vec<String> = shown
            .map(|diagnostic| render_one(diagnostic, &self.sources, &renderer))
            .collect();
        if let Some(more) = self
            .list
            .len()
            .checked_sub(SHOWN_MAX)
            .filter(|more| *more > 0)
        {
            parts.push(format!("... and {more} more"));
        }
        parts.join("\n\n")
    }
}

fn render_one(diagnostic: &Diagnostic, sources: &Sources, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level
        .primary_title(visible(&diagnostic.message))
        .id(diagnostic.code.text());
    let mut group = Group::with_title(title);
    for snippet in snippets(diagnostic, sources) {
        group = group.element(snippet);
    }
    let mut report = vec![group];
    for note in &diagnostic.notes {
        report.push(Group::with_title(
            Level::NOTE.secondary_title(visible(note)),
        ));
    }
    if let Some(help) = &diagnostic.help {
        report.push(Group::with_title(
            Level::HELP.secondary_title(help.as_str()),
        ));
    }
    if diagnostic.primary.is_none() {
        // Without a snippet the lines of a group need no bar beside them.
        let parts = report.into_iter().map(|group| renderer.render(&[group]));
        return parts.collect::<Vec<_>>().join("\n");
    }
    renderer.render(&report)
}

/// One snippet a file: the lines of the places in it, nothing more, since a file can be large.
fn snippets<'a>(
    diagnostic: &'a Diagnostic,
    sources: &'a Sources,
) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let primary = diagnostic
        .primary
        .iter()
        .map(|label| (AnnotationKind::Primary, label));
    let secondary = diagnostic
        .secondary
        .iter()
        .map(|label| (AnnotationKind::Context, label));
    let mut files: Vec<(u32, Vec<(AnnotationKind, &Label)>)> = Vec::new();
    for (kind, label) in primary.chain(secondary) {
        match files.iter_mut().find(|(file, _)| *file == label.place.file) {
            Some((_, labels)) => labels.push((kind, label)),
            None => files.push((label.place.file, vec![(kind, label)])),
        }
    }
    let mut snippets = Vec::new();
    for (file, labels) in files {
        // What was written into no file has no line to show.
        let Some(source) = sources.get(file) else {
            continue;
        };
        let text: &str = &source.text;
        let lines = labels
            .iter()
            .map(|(_, label)| line_range(text, label.place))
            .reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))
            .expect("a file is listed with the label that names it");
        let first_line = text[..lines.start]
            .bytes()
            .filter(|&byte| byte == b'\n')
            .count()
            + 1;
        let mut snippet = Snippet::source(concealed(text, lines.clone()))
            .line_start(first_line)
            .path(visible(&source.name));
        for (kind, label) in labels {
            let span = visible_span(text, label.place);
            let within = span.start - lines.start..span.end - lines.start;
            let mut annotation = kind.span(within);
            if !label.text.is_empty() {
                annotation = annotation.label(visible(&label.text));
            }
            snippet = snippet.annotation(annotation);
        }
        snippets.push(snippet);
    }
    snippets
}

/// The whole lines in which a place begins and ends.
fn line_range(text: &str, place: Place) -> Range<usize> {
    let span = visible_span(text, place);
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.end..]
        .find('\n')
        .map_or(text.len(), |at| span.end + at);
    start..end
}

/// What is underlined: never empty where there is something to underline, and one line at most,
/// since a mapping's place is its beginning.
fn visible_span(text: &str, place: Place) -> Range<usize> {
    let boundary = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = boundary(place.start as usize);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let end = boundary(place.end as usize).clamp(start, line_end);
    let end = start + text[start..end].trim_end().len();
    if end > start {
        return start..end;
    }
    let rest = text[start..line_end].trim_end();
    start..start + rest.len()
}
