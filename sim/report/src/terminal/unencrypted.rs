//! Connections that go on without TLS, for a terminal: a block for each server.

use std::collections::BTreeMap;

use super::failures::Lines;
use super::style::{self, paint};
use super::{Detail, first_of};
use crate::Run;
use crate::words::number::counted;
use trustsim_diagnosis::Unencrypted;
use trustsim_kernel::{Span, format_duration};
use trustsim_model::Address;

/// Connections that are named for a server, unless all are.
const CONNECTIONS: usize = 4;

/// A block for each application that serves in the clear for a while, those that do so longest first.
pub(super) fn render(run: &Run<'_>, detail: Detail, text: &mut String) {
    let mut servers: BTreeMap<Address, Vec<&Unencrypted>> = BTreeMap::new();
    for stretch in &run.findings.unencrypted {
        let server = &run.connection(stretch.connection).server;
        servers
            .entry(server.to_application())
            .or_default()
            .push(stretch);
    }
    let end = run.end();
    let mut servers: Vec<_> = servers.into_iter().collect();
    let longest = |stretches: &[&Unencrypted]| -> Span {
        let lengths = stretches.iter().map(|stretch| stretch.length(end));
        lengths.max().expect("a server is told for its stretches")
    };
    servers.sort_by_key(|(_, stretches)| std::cmp::Reverse(longest(stretches)));
    for (server, stretches) in servers {
        let headline = format!(
            "{server} serves without TLS while it has no certificate, and its clients follow"
        );
        text.push_str(&format!(
            "\n{}: {}\n",
            paint(style::WAIT, "warning"),
            paint(style::STRONG, &headline)
        ));
        let mut names: Vec<String> = Vec::new();
        for stretch in &stretches {
            let name = &run.connection(stretch.connection).name;
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let first = stretches[0];
        let mut lines = Lines { text };
        lines.add("without TLS", &first_of(names, CONNECTIONS, detail));
        lines.add(
            "",
            &format!(
                "{}, the longest {}, the first from {}; nothing fails meanwhile",
                counted(stretches.len() as u64, "time"),
                format_duration(longest(&stretches)),
                first.from.truncated_to_seconds()
            ),
        );
    }
}
