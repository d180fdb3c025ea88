//! The last section of a code's page: what each program prints, on the side that finds the error
//! and on the side that is refused, as the stacks themselves say it (`profiles/`). `…` is what
//! depends on the case.

use rustls::AlertDescription;

use super::catalogue::ErrorKind;
use super::profiles::Stack;
use super::side::Side;
use super::texts::of_alert;
use super::verdict::{Verdict, alert_name};

/// The section, in Markdown.
pub(super) fn section(kind: ErrorKind) -> String {
    let mut page = "\n## What each program prints\n".to_owned();
    for (stack, line) in lines(kind) {
        page.push_str(&format!("- {stack}: `{line}`\n"));
    }
    for alert in alerts(kind) {
        let name = alert_name(alert).expect("an alert that a stack sends has a name in RFC 8446");
        page.push_str(&format!("\nThe other side, after the alert `{name}`:\n\n"));
        for text in of_alert(Side::Server, Some(alert)) {
            page.push_str(&format!("- {}: `{}`\n", text.stack, text.line));
        }
    }
    page
}

/// What is printed where the error is found, by program: about a chain, or where no chain has it,
/// about the handshake.
pub(super) fn lines(kind: ErrorKind) -> Vec<(Stack, String)> {
    let of_chain = Stack::ALL.into_iter().flat_map(|stack| {
        let patterns = (stack.words().patterns)(kind);
        patterns.into_iter().map(move |line| (stack, line))
    });
    let lines: Vec<_> = of_chain.collect();
    if !lines.is_empty() {
        return lines;
    }
    let texts = Verdict::failed(kind, Side::Client).texts.into_iter();
    let found = texts.filter(|text| text.side == Side::Client);
    found.map(|text| (text.stack, text.line)).collect()
}

/// The alerts of the stacks, each once.
fn alerts(kind: ErrorKind) -> Vec<AlertDescription> {
    let mut alerts: Vec<AlertDescription> = Vec::new();
    for alert in Stack::ALL
        .into_iter()
        .flat_map(|stack| (stack.words().alerts)(kind))
    {
        if !alerts.contains(&alert) {
            alerts.push(alert);
        }
    }
    alerts
}

/// Whether a line is an instance of one of the page's.
pub(super) fn is_on_page(kind: ErrorKind, stack: Stack, line: &str) -> bool {
    lines(kind)
        .iter()
        .any(|(of, pattern)| *of == stack && fits(pattern, line))
}

fn fits(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            let Some(at) = rest.find(part) else {
                return false;
            };
            rest = &rest[at + part.len()..];
        }
    }
    last.map_or(rest.is_empty(), |end| rest.ends_with(end))
}
