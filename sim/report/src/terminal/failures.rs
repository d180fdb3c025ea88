//! Failing connections, one block for those that failed alike: the error, when, what was
//! presented and trusted, what is missing, and what led there.

use super::style::{self, paint};
use super::{Detail, seeds};
use crate::Run;
use crate::failure_reasons::FailureReasons;
use crate::words;
use crate::words::assumption::{DoubtedFailure, Doubts};
use crate::words::number::{counted, grouped, natural};
use crate::words::{ca_route, cause, certificate, command, digest, entry, open_outage, symptom};
use trustsim_diagnosis::{
    CaRoute, Explanation, OpenReason, OutageClass, OutageGroup, Part, outage_attempts,
    outage_groups,
};
use trustsim_kernel::{Span, Time, format_duration, visible};
use trustsim_model::{CommandLine, Entry, Kind, Seq, Source, Subject};
use trustsim_validators::{ErrorKind, Side, Stack, Text, Validator, Verdict};

/// Causes told at length, unless all are.
const BLOCKS: usize = 2;
/// Causes told at all; `outages.csv` has every outage.
const LINES: usize = 12;
/// Connections named in a block.
const NAMES: usize = 3;
/// Stretches of an outage printed in a block.
const PARTS: usize = 6;

pub(super) fn render(run: &Run<'_>, detail: Detail, text: &mut String) {
    let reasons = &FailureReasons::new(&run.manifest.deployment, run.journal);
    let groups = outage_groups(run.manifest, run.findings);
    let (at_length, shown) = match detail {
        Detail::Normal => (BLOCKS, LINES),
        Detail::Verbose => (usize::MAX, usize::MAX),
    };
    for group in groups.iter().take(at_length) {
        text.push('\n');
        block(run, reasons, group, detail, text);
    }
    if groups.len() > at_length {
        text.push('\n');
    }
    for group in groups.iter().take(shown).skip(at_length) {
        line(run, reasons, group, text);
    }
    if groups.len() > shown {
        text.push_str(&format!(
            "{} more causes (outages.csv)\n",
            groups.len() - shown
        ));
    }
    if let (Detail::Normal, Some(first)) = (detail, groups.first()) {
        more(run, first, text);
    }
    text.push_str(&seeds::elsewhere(run));
    small(run, text);
}

/// One cause in one line: what is to blame, what is lost, what helps.
fn line(run: &Run<'_>, reasons: &FailureReasons<'_>, together: &OutageGroup, text: &mut String) {
    let explanation = &run.findings.explanations[together.longest()];
    let (heading, _) = heading(run, together);
    let outages = counted(together.outages.len() as u64, "outage");
    let lost = format_duration(together.lost);
    let remedies = &run.findings.remedies;
    let remedy = remedies.best_for(run.manifest, run.findings, &together.outages);
    let remedy = remedy.map_or_else(String::new, |remedy| {
        let until = words::remedy::put_off(remedy, &together.outages);
        let until = until.map_or_else(String::new, |until| format!(", {until}"));
        format!("; remedy: {}{until}", visible(&words::remedy::line(remedy)))
    });
    let blamed = first_line(explanation);
    let doubt = doubts(run, reasons, &together.outages).in_brief();
    let doubt = doubt.map_or_else(String::new, |doubt| format!("; {doubt}"));
    text.push_str(&format!(
        "{heading}: {blamed}: {outages}, {lost} lost{doubt}{remedy}\n"
    ));
}

/// Where there is more to read, with the first cause as the example.
fn more(run: &Run<'_>, first: &OutageGroup, text: &mut String) {
    let outage = &run.findings.outages[first.longest()];
    let connection = run.connection(outage.connection);
    let at = run.findings.instant_told(first.longest(), run.end());
    let (_, code) = heading(run, first);
    let why = CommandLine::new(["trustsim", "why", "SCENARIO"])
        .and(&connection.client)
        .and(&connection.server)
        .and_option("--at", Some(at));
    text.push_str(&format!(
        "\nmore: --verbose; {why}; trustsim explain {code}\n"
    ));
}

/// `error[TS0401]`, and the code.
fn heading(run: &Run<'_>, together: &OutageGroup) -> (String, &'static str) {
    let findings = run.findings;
    let is_any = |class| {
        let mut outages = together.outages.iter();
        outages.any(|index| findings.classes[*index] == class)
    };
    let (word, colour) = match (
        is_any(OutageClass::Unexpected),
        is_any(OutageClass::Outside),
    ) {
        (true, _) => ("error", style::BAD),
        (false, true) => ("warning", style::WAIT),
        (false, false) => ("expected", style::WAIT),
    };
    let longest = together.longest();
    let verdict = verdict(run, findings.explanations[longest].seq);
    let code = verdict.map_or(findings.outages[longest].error.code(), Verdict::code);
    (paint(colour, &format!("{word}[{code}]")), code)
}

/// How many outages break nothing, and why.
fn small(run: &Run<'_>, text: &mut String) {
    let of = |class| run.findings.outages_of(class).count() as u64;
    let deployment = &run.manifest.deployment;
    let (installation, tolerated) = (of(OutageClass::Installation), of(OutageClass::Tolerated));
    if tolerated > 0 {
        text.push_str(&format!(
            "\n{} shorter than {} or without a failed attempt (`tolerate`; outages.csv)\n",
            counted(tolerated, "outage"),
            format_duration(deployment.tolerate)
        ));
    }
    if let Some(settled) = run.manifest.settled_at.filter(|_| installation > 0) {
        text.push_str(&format!(
            "\n{} of the installation, over before every unit was idle at {} (outages.csv)\n",
            counted(installation, "outage"),
            settled.truncated_to_seconds()
        ));
    }
}

fn block(
    run: &Run<'_>,
    reasons: &FailureReasons<'_>,
    together: &OutageGroup,
    detail: Detail,
    text: &mut String,
) {
    let findings = run.findings;
    let group = together.outages.as_slice();
    let (outage, explanation) = (
        &findings.outages[group[0]],
        &findings.explanations[group[0]],
    );
    let verdict = verdict(run, explanation.seq);
    let (heading, code) = heading(run, together);
    let blamed = paint(style::STRONG, &first_line(explanation));
    text.push_str(&format!("{heading}: {blamed}\n"));
    match root_source(explanation) {
        Some(source) if detail == Detail::Verbose => excerpt(source, text),
        Some(source) => {
            let place = source.to_string();
            text.push_str(&format!(
                "  {} {}\n",
                paint(style::DETAIL, "-->"),
                visible(&place)
            ));
        }
        None => {}
    }
    let mut lines = Lines { text };
    if detail == Detail::Verbose {
        lines.add("symptom", &symptom::headline(&explanation.symptom));
    }
    lines.add("failing", &when(run, group[0]));
    others(run, group, detail, &mut lines);
    if let Some(line) = seeds::chance(run, together) {
        lines.add("seeds", &line);
    }
    parts(run, group[0], &mut lines);
    if let Some(verdict) = verdict {
        // What explains the outage may have begun after it did, as the end of another certificate.
        let at = run.entry(explanation.seq).time.max(outage.from);
        let connection = &run.manifest.connections[outage.connection as usize];
        verdict_lines(verdict, &connection.validator, at, detail, &mut lines);
    }
    match detail {
        Detail::Normal => missing_lines(explanation, &mut lines),
        Detail::Verbose => trust_lines(explanation, &mut lines),
    }
    for (label, line) in doubts(run, reasons, group).lines() {
        lines.add(label, &line);
    }
    if detail == Detail::Verbose {
        cause_lines(run, explanation, &mut lines);
    }
    let mut open = run.findings.open_outages.iter();
    let found = open.find(|open| open.outage == group[0]);
    // What is missing is told above.
    let is_told = |why: &&OpenReason| match why {
        OpenReason::NotCarried(route) => explanation.ca_route.as_ref() == Some(route),
        _ => false,
    };
    let why = found.and_then(|open| open.why.as_ref());
    if let Some(why) = why.filter(|why| !is_told(why)) {
        lines.add("stays", &open_outage::clause(why));
    }
    remedy_lines(run, group, &mut lines);
    if detail == Detail::Verbose {
        lines.add("explain", &format!("trustsim explain {code}"));
    }
}

/// What else was to blame before or after, where the outage did not fail for one reason throughout; what took less time
/// than is tolerated is in `failures.csv`.
fn parts(run: &Run<'_>, index: usize, lines: &mut Lines<'_>) {
    let (findings, tolerate) = (run.findings, run.manifest.deployment.tolerate);
    let (main, parts) = (&findings.explanations[index], &findings.parts[index]);
    let until = findings.outages[index].until.unwrap_or(run.end());
    let ends = parts.iter().skip(1).map(|part| part.from).chain([until]);
    let is_told = |(part, end): &(&Part, Time)| {
        let explanation = &part.explanation;
        !explanation.tells_the_same(main) && tolerate <= end.since(part.from)
    };
    let told: Vec<&Part> = parts
        .iter()
        .zip(ends)
        .filter(is_told)
        .map(|(part, _)| part)
        .collect();
    for part in told.iter().take(PARTS) {
        let (label, when) = match part.from == findings.outages[index].from {
            true => ("at first", String::new()),
            false => (
                "then",
                format!(" from {}", part.from.truncated_to_seconds()),
            ),
        };
        let blamed = cause::line(&part.explanation.cause.what);
        let error = part.explanation.symptom.error;
        lines.add(label, &format!("{error}{when}: {blamed}"));
    }
    if told.len() > PARTS {
        lines.more(&format!("and {} more changes", told.len() - PARTS));
    }
}

/// What these failures rest on that was not read in a charm's code: another charm may behave otherwise.
fn doubts(run: &Run<'_>, reasons: &FailureReasons<'_>, group: &[usize]) -> Doubts {
    let findings = run.findings;
    let failures = group.iter().map(|&index| {
        let (outage, explanation) = (&findings.outages[index], &findings.explanations[index]);
        let connection = run.connection(outage.connection);
        let until = outage.until.unwrap_or(run.end());
        DoubtedFailure {
            connection: &connection.name,
            explanation,
            reasons: reasons.of(connection.spec, explanation, until),
        }
    });
    let failures: Vec<DoubtedFailure<'_>> = failures.collect();
    Doubts::of(&run.manifest.deployment, &failures)
}

/// What is to blame.
pub(super) fn first_line(explanation: &Explanation) -> String {
    visible(&cause::line(&explanation.cause.what)).into_owned()
}

/// Lines of `= label  text` under a headline.
pub(super) struct Lines<'a> {
    pub(super) text: &'a mut String,
}

impl Lines<'_> {
    pub(super) fn add(&mut self, label: &str, line: &str) {
        let sign = paint(style::DETAIL, "=");
        let label = paint(style::DETAIL, &format!("{label:<15}"));
        let line = visible(line);
        self.text.push_str(&format!("   {sign} {label} {line}\n"));
    }

    pub(super) fn more(&mut self, line: &str) {
        let line = visible(line);
        self.text.push_str(&format!("{}{line}\n", " ".repeat(21)));
    }
}

/// The line of the scenario that the cause names; the playbooks of operators are of no file.
pub(super) fn root_source(explanation: &Explanation) -> Option<&Source> {
    let (_, source) = explanation.cause.action.as_ref()?;
    (!source.file.is_empty()).then_some(source)
}

/// The scenario line, as a compiler prints it.
pub(super) fn excerpt(source: &Source, text: &mut String) {
    let number = source.line.to_string();
    let blank = " ".repeat(number.len());
    let bar = paint(style::DETAIL, "|");
    text.push_str(&format!(
        "{blank}{} {}\n",
        paint(style::DETAIL, "-->"),
        visible(&source.to_string())
    ));
    let line = source.text.trim_end();
    if line.is_empty() {
        return;
    }
    let body = visible(line.trim_start());
    let marks = "^".repeat(body.chars().count());
    text.push_str(&format!("{blank} {bar}\n"));
    text.push_str(&format!("{} {bar} {body}\n", paint(style::DETAIL, &number)));
    text.push_str(&format!("{blank} {bar} {}\n", paint(style::BAD, &marks)));
}

/// When an outage was, and which stretch of it what is told above it is about, where that is not all of it.
fn when(run: &Run<'_>, index: usize) -> String {
    let outage = &run.findings.outages[index];
    let connection = run.connection(outage.connection);
    let failed = outage_attempts(connection, outage, run.end());
    let until = match outage.until {
        Some(until) => format!("until {}", until.truncated_to_seconds()),
        None => "to the end".to_owned(),
    };
    let (from, blamed) = run.findings.told_for(index, run.end());
    let length = outage.length(run.end());
    // What came after the first cause is told beneath it.
    let late = from.since(outage.from);
    let partly = match !late.is_zero() && run.manifest.deployment.tolerate <= late {
        true => format!(
            ", {} of it for this cause from {}",
            format_duration(blamed),
            from.truncated_to_seconds()
        ),
        false => String::new(),
    };
    format!(
        "{} from {} ({} in) {until}: {}, {} failed attempts{partly}",
        connection.name,
        outage.from.truncated_to_seconds(),
        format_duration(outage.from.since(run.manifest.start)),
        format_duration(length),
        grouped(failed)
    )
}

/// The other connections that failed alike.
fn others(run: &Run<'_>, group: &[usize], detail: Detail, lines: &mut Lines<'_>) {
    let findings = run.findings;
    let first = &findings.outages[group[0]];
    let error = |index: usize| findings.explanations[index].symptom.error;
    let others = group.iter().copied();
    let others = others.filter(|&index| findings.outages[index].connection != first.connection);
    let mut others: Vec<(&str, ErrorKind)> = others
        .map(|index| {
            let connection = run.connection(findings.outages[index].connection);
            (connection.name.as_str(), error(index))
        })
        .collect();
    others.sort_by_cached_key(|(name, _)| natural(name));
    others.dedup_by_key(|(name, _)| *name);
    // Of one cause one client may print that it does not know the issuer, and another that the name is wrong.
    let names = others
        .into_iter()
        .map(|(name, other)| match other == error(group[0]) {
            true => name.to_owned(),
            false => format!("{name} ({other})"),
        });
    let names: Vec<String> = names.collect();
    let again = group.len() - 1;
    if again == 0 {
        return;
    }
    let shown = if detail == Detail::Verbose {
        names.len()
    } else {
        NAMES
    };
    let rest = names.len() - names.len().min(shown);
    let lost: Span = group
        .iter()
        .map(|&index| findings.outages[index].length(run.end()))
        .sum();
    let mut line = format!(
        "{} of the same kind of cause, {} lost in all",
        counted(again as u64, "more outage"),
        format_duration(lost)
    );
    let open = group
        .iter()
        .filter(|&&index| findings.outages[index].until.is_none())
        .count();
    if open > 0 {
        line.push_str(&format!(", {open} open at the end"));
    }
    if !names.is_empty() {
        line.push_str(": ");
        line.push_str(&names[..names.len().min(shown)].join(", "));
    }
    if rest > 0 {
        line.push_str(&format!(" and {}", counted(rest as u64, "more connection")));
    }
    lines.add("and", &line);
}

fn verdict<'a>(run: &Run<'a>, seq: Seq) -> Option<&'a Verdict> {
    match &run.entry(seq).kind {
        Kind::Handshake(record) => Some(&record.verdict),
        _ => None,
    }
}

/// What is seen: rustls' own error, what the judging side's stack prints at `at`, the alert the
/// other side gets.
fn verdict_lines(
    verdict: &Verdict,
    validator: &str,
    at: Time,
    detail: Detail,
    lines: &mut Lines<'_>,
) {
    if !verdict.rustls.is_empty() && detail == Detail::Verbose {
        lines.add("verifier said", &verdict.rustls);
    }
    for text in &verdict.texts {
        let judged = Some(text.side) == verdict.judged_by;
        let brief = judged && is_shown_in_brief(text, validator);
        if brief || detail == Detail::Verbose {
            let side = match (judged, text.side) {
                (true, _) => "",
                (false, Side::Client) => " (client)",
                (false, Side::Server) => " (server)",
            };
            lines.add(&format!("{}{side} says", text.stack), &text.at(at));
        }
    }
    if let Some(alert) = verdict.alert.filter(|_| detail == Detail::Verbose) {
        lines.add("alert sent", alert);
    }
}

/// curl and Python share what OpenSSL decides: of a client in Python its own words are shown.
fn is_shown_in_brief(text: &Text, validator: &str) -> bool {
    // A run that another version has written may name one that this one does not know.
    let own: Result<Validator, _> = validator.parse();
    match own.map(Validator::stack).ok() {
        Some(Stack::Python) if text.side == Side::Client => text.stack == Stack::Python,
        _ => text.stack.is_shown_in_brief(),
    }
}

pub(super) fn trust_lines(explanation: &Explanation, lines: &mut Lines<'_>) {
    let found = &explanation.symptom;
    for (index, certificate) in found.presented().enumerate() {
        let label = if index == 0 { "presented" } else { "signed by" };
        lines.add(
            label,
            &format!(
                "{}, valid {} to {}",
                certificate::name(certificate),
                certificate.not_before(),
                certificate.not_after()
            ),
        );
    }
    if found.leaf.is_none() {
        lines.add("reason", &symptom::reason(found));
    }
    match found.trusted.as_deref() {
        None => {}
        Some([]) => lines.add("trusted", "nothing"),
        Some(roots) => {
            for root in roots.iter().take(NAMES) {
                lines.add("trusted", &certificate::name(root));
            }
            if roots.len() > NAMES {
                lines.more(&format!("and {} more", roots.len() - NAMES));
            }
        }
    }
    missing_lines(explanation, lines);
}

/// Which relation would have carried the missing CA.
fn missing_lines(explanation: &Explanation, lines: &mut Lines<'_>) {
    let Some(missing) = &explanation.ca_route else {
        return;
    };
    lines.add("missing", &ca_route::clause(missing));
    if let CaRoute::NoRelation {
        obstacle: Some(obstacle),
        ..
    } = missing
    {
        lines.add("but", &command::obstacle(obstacle));
    }
}

/// The chain of causes, the first one first.
fn cause_lines(run: &Run<'_>, explanation: &Explanation, lines: &mut Lines<'_>) {
    let entries = explanation.chain.iter().map(|&seq| run.entry(seq));
    let mut label = "because";
    for entry in entries.filter(|entry| !matches!(entry.kind, Kind::Handshake(_))) {
        lines.add(label, &cause_line(run, entry));
        label = "";
    }
}

/// What was played and helped: the best that ends it, what else it does, and what it costs.
fn remedy_lines(run: &Run<'_>, group: &[usize], lines: &mut Lines<'_>) {
    let remedies = &run.findings.remedies;
    let Some(remedy) = remedies.best_for(run.manifest, run.findings, group) else {
        if remedies.tried > 0 {
            lines.add("remedy", &words::remedy::none_helps(remedies));
        }
        let causes = group
            .iter()
            .map(|&index| &run.findings.explanations[index].cause.what);
        if let Some(not_tried) = causes.filter_map(words::remedy::not_tried).next() {
            lines.add("", not_tried);
        }
        return;
    };
    let mut label = "remedy";
    let when = words::remedy::when(remedy);
    // Of a change in several steps each is said with its time.
    let first = match remedy.later.is_empty() {
        true => String::new(),
        false => format!(" {when}"),
    };
    for typed in &remedy.commands {
        lines.add(label, &format!("{}{first}", command::quoted(typed)));
        label = "";
    }
    for (at, typed) in &remedy.later {
        lines.add("", &format!("{} at {at}", command::quoted(typed)));
    }
    let when = match remedy.later.is_empty() {
        true => when,
        false => "in this order".to_owned(),
    };
    let what = words::remedy::effect(remedy, group);
    lines.add("", &format!("{when}; played again: {what}"));
    if let Some(price) = words::remedy::price(remedy) {
        lines.add("its price", &price);
    }
}

fn cause_line(run: &Run<'_>, entry: &Entry) -> String {
    let subject = &entry.subject;
    let who = if *subject == Subject::default() {
        String::new()
    } else {
        format!(" {subject}")
    };
    let words = digest::shortened(&entry::detail(&entry.kind, run.manifest));
    let detail = if words.is_empty() {
        String::new()
    } else {
        format!(": {words}")
    };
    format!(
        "{}{who} {}{detail}",
        entry.time,
        entry::kind(&entry.kind).replace('-', " ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_in_python_is_told_with_its_own_words() {
        let shown = |validator: &str, side: Side| {
            let texts = Stack::ALL.map(|stack| Text {
                side,
                stack,
                line: String::new(),
            });
            let brief = texts
                .into_iter()
                .filter(|text| is_shown_in_brief(text, validator));
            brief.map(|text| text.stack.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(shown("python-3.13", Side::Client), ["python"]);
        let others = ["curl", "go", "java"];
        assert_eq!(shown("python-3.13", Side::Server), others);
        assert_eq!(shown("curl", Side::Client), others);
        assert_eq!(shown("one of another version", Side::Client), others);
    }
}
