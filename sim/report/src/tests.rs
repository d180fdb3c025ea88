//! Every renderer on one hand-made run: a CA is rotated, and one client is not told.

use super::terminal::{Detail, terminal};
use super::*;
use trustsim_testkit::rotation;
use trustsim_validators::ErrorKind;

fn rendered<T>(render: impl FnOnce(&Run<'_>) -> T) -> T {
    let (deployment, script) = rotation();
    let findings = trustsim_diagnosis::diagnose(&deployment, &script.manifest, &script.journal);
    render(&Run {
        manifest: &script.manifest,
        journal: &script.journal,
        findings: &findings,
        provenance: None,
    })
}

fn bytes_of(
    render: fn(&Run<'_>, &mut dyn std::io::Write) -> std::io::Result<()>,
    run: &Run<'_>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    render(run, &mut bytes).expect("memory takes every byte");
    bytes
}

fn all_files(run: &Run<'_>) -> Vec<trustsim_files::NamedFile> {
    let contents = files(run).expect("drawn");
    contents.render().expect("memory takes every byte")
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("text")
}

/// Without colours, as a file or a pipe gets it.
fn stripped(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn handshakes_csv() {
    insta::assert_snapshot!(text(rendered(|run| bytes_of(csv::handshakes, run))));
}

#[test]
fn failures_csv() {
    insta::assert_snapshot!(text(rendered(|run| bytes_of(csv::failures, run))));
}

/// Offset, error and whether a cause is given, of each row of `failures.csv`.
fn failing_rows(script: &trustsim_testkit::Script) -> Vec<(String, String, bool)> {
    let deployment = trustsim_testkit::deployment();
    let findings = trustsim_diagnosis::diagnose(&deployment, &script.manifest, &script.journal);
    let run = Run {
        manifest: &script.manifest,
        journal: &script.journal,
        findings: &findings,
        provenance: None,
    };
    let table = bytes_of(csv::failures, &run);
    let mut reader = ::csv::Reader::from_reader(table.as_slice());
    let rows = reader.records().map(|row| row.expect("a row"));
    rows.map(|row| (row[1].to_owned(), row[6].to_owned(), !row[8].is_empty()))
        .collect()
}

#[test]
fn a_failure_that_took_no_time_does_not_get_the_cause_of_the_outage_before_it() {
    let mut script = trustsim_testkit::Script::new(&["a.web/0"]);
    script.ok(60, 0);
    script.fail(100, 0, ErrorKind::Expired);
    script.ok(150, 0);
    script.fail(200, 0, ErrorKind::UnknownIssuer);
    script.ok(200, 0);
    assert_eq!(
        failing_rows(&script),
        [
            ("100".to_owned(), "expired".to_owned(), true),
            ("200".to_owned(), "unknown-issuer".to_owned(), false),
        ]
    );
}

#[test]
fn a_verdict_that_was_replaced_at_its_instant_has_its_own_cause_or_none() {
    let mut script = trustsim_testkit::Script::new(&["a.web/0"]);
    script.ok(60, 0);
    script.fail(100, 0, ErrorKind::Expired);
    script.fail(100, 0, ErrorKind::UnknownIssuer);
    script.fail(150, 0, ErrorKind::NoCertificate);
    script.fail(150, 0, ErrorKind::UnknownIssuer);
    let rows = failing_rows(&script);
    let given: Vec<(&str, bool)> = rows
        .iter()
        .map(|(_, error, is_given)| (error.as_str(), *is_given))
        .collect();
    assert_eq!(
        given,
        [
            // Nothing ever failed with this for any time.
            ("expired", false),
            ("unknown-issuer", true),
            // Nor with this.
            ("no-certificate", false),
            ("unknown-issuer", true),
        ]
    );
}

#[test]
fn outages_csv() {
    insta::assert_snapshot!(text(rendered(|run| bytes_of(csv::outages, run))));
}

#[test]
fn certificates_csv() {
    insta::assert_snapshot!(text(rendered(|run| bytes_of(csv::certificates, run))));
}

#[test]
fn journal_csv() {
    insta::assert_snapshot!(text(rendered(|run| bytes_of(csv::journal, run))));
}

#[test]
fn summary_json() {
    let summary = rendered(summary);
    let summary = serde_json::to_string_pretty(&summary).expect("text");
    insta::assert_snapshot!(summary);
}

#[test]
fn terminal_summary() {
    let text = rendered(|run| terminal(run, Detail::Normal));
    insta::assert_snapshot!(stripped(&text));
}

#[test]
fn terminal_summary_in_full() {
    let text = rendered(|run| terminal(run, Detail::Verbose));
    insta::assert_snapshot!(stripped(&text));
}

#[test]
fn colours_add_nothing_but_colour() {
    let text = rendered(|run| terminal(run, Detail::Normal));
    assert!(text.contains("\u{1b}["), "no colour at all");
    for line in stripped(&text).lines() {
        assert_eq!(line, line.trim_end(), "trailing space");
    }
}

#[test]
fn the_header_of_each_table_is_the_contract() {
    let first = |bytes: Vec<u8>| text(bytes).lines().next().unwrap_or_default().to_owned();
    let headers = rendered(|run| {
        [
            bytes_of(csv::handshakes, run),
            bytes_of(csv::failures, run),
            bytes_of(csv::outages, run),
            bytes_of(csv::certificates, run),
            bytes_of(csv::journal, run),
        ]
        .map(first)
        .join("\n")
    });
    insta::assert_snapshot!(headers, @"
    at,offset_s,connection,client,server,server_name,validator,outcome,code,error,alert,server_serial,client_serial,trigger,performed
    at,offset_s,connection,client,server,code,error,standing,cause,remedy
    connection,client,server,from,until,duration_s,code,error,class,standing,cause_from,cause
    serial,subject,issuer,issuer_serial,kind,model,application,unit,not_before,not_after,requested_at,issued_at,served_from,served_until,key,sans,sha256
    seq,at,offset_s,cause_seq,kind,model,application,unit,detail
    ");
}

#[test]
fn a_folder_has_every_file_and_the_same_run_the_same_bytes() {
    let files = || rendered(all_files);
    let (once, again) = (files(), files());
    assert!(once == again, "two renderings differ");
    let names: Vec<&str> = once.iter().map(|(name, _)| name.as_str()).collect();
    insta::assert_snapshot!(names.join(" "), @"handshakes.csv failures.csv outages.csv certificates.csv relation_secrets.csv seeds.csv journal.csv plot-handshakes.svg plot-handshakes.png plot-outages.svg plot-outages.png plot-issuance.svg plot-issuance.png summary.json");
}

#[test]
fn an_svg_names_what_it_shows() {
    let files = rendered(all_files);
    let svg = |name: &str| {
        let file = files.iter().find(|(known, _)| known == name);
        text(file.expect("rendered").1.clone())
    };
    for (name, words) in [
        ("plot-handshakes.svg", "connections failing, of 2"),
        ("plot-outages.svg", "unknown-issuer"),
        ("plot-issuance.svg", "what each CA signed"),
    ] {
        let svg = svg(name);
        assert!(svg.contains(words), "{name} lacks {words:?}");
        assert!(
            svg.contains("virtual time since 2026-01-01T00:00:00Z"),
            "{name}"
        );
    }
}

#[test]
fn an_empty_run_renders_too() {
    let script = trustsim_testkit::Script::new(&[]);
    let findings = Findings::default();
    let run = Run {
        manifest: &script.manifest,
        journal: &script.journal,
        findings: &findings,
        provenance: None,
    };
    assert_eq!(all_files(&run).len(), 14);
    let text = terminal(&run, Detail::Normal);
    assert!(text.contains("Nothing was judged"), "{text}");
    // No table without a row.
    assert!(!text.contains("Server name"), "{text}");
}

/// Writes the plots of a run with hundreds of connections for a look:
/// `TRUSTSIM_PLOTS=/some/folder cargo test plots_of_a_large_run -- --ignored`.
#[test]
#[ignore = "for looking at"]
#[expect(
    clippy::disallowed_methods,
    reason = "where to write is up to who looks"
)]
fn plots_of_a_large_run() {
    let Ok(folder) = std::env::var("TRUSTSIM_PLOTS") else {
        return;
    };
    let folder = std::path::Path::new(&folder);
    let write = |name: &str, run: &Run<'_>| {
        let (to, files) = (folder.join(name), files(run).expect("drawn"));
        trustsim_files::write_folder(&to, &files, trustsim_files::Access::Shared).expect("written");
    };
    rendered(|run| write("small", run));

    let (deployment, script) = trustsim_testkit::large();
    let findings = trustsim_diagnosis::diagnose(&deployment, &script.manifest, &script.journal);
    let run = Run {
        manifest: &script.manifest,
        journal: &script.journal,
        findings: &findings,
        provenance: None,
    };
    write("large", &run);
}
