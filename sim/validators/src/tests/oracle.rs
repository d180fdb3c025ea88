//! Every small PKI with one fault, against what the real stacks said.
//!
//! The PKIs and verdicts lie outside the repository, in `../shared/fault-pkis`; without them the
//! test says so and passes.

use std::fs;
use std::path::PathBuf;

use super::super::{Side, Stack, TrustStore, Validator, Verdict, judge_client, judge_server};
use trustsim_kernel::Time;
use trustsim_pki::{Certificate, RevocationList};

/// The real rustls server could not even load this key (ring makes no signatures with RSA keys
/// below 2048 bits, `ring/src/rsa/keypair.rs`), so that its error is not about the chain; the
/// chain itself, with the client alone asked, is fine for rustls, as no RSA key below 2048 bits has
/// to verify anything in it.
const KEY_NOT_LOADED: &str = "31-rsa1024-leaf";

struct Row {
    folder: PathBuf,
    id: String,
    host: String,
    rustls: String,
    python_311: String,
    python_313: String,
    curl: String,
    go: String,
    java: String,
}

fn rows() -> Option<Vec<Row>> {
    let folder = trustsim_oracles::shared("fault-pkis")?;
    let table = fs::read_to_string(folder.join("verdicts.tsv")).unwrap();
    let rows = table.lines().skip(1).map(|line| {
        let cells: Vec<_> = line.split('\t').collect();
        Row {
            folder: folder.join(cells[0]),
            id: cells[0].to_owned(),
            host: cells[1].to_owned(),
            rustls: cells[2].to_owned(),
            python_311: cells[3].to_owned(),
            python_313: cells[4].to_owned(),
            curl: cells[5].to_owned(),
            go: cells[6].to_owned(),
            java: cells[7].to_owned(),
        }
    });
    Some(rows.collect())
}

impl Row {
    fn read(&self, file: &str) -> Option<Vec<Certificate>> {
        let text = fs::read_to_string(self.folder.join(file)).ok()?;
        Some(Certificate::chain_from_pem(&text).unwrap())
    }

    /// The client's verdict, or the server's where it is the one that refuses.
    fn judge(&self, validator: Validator) -> Verdict {
        let at = Time::parse("2026-11-21T20:40:00Z").unwrap();
        let roots: TrustStore = self.read("roots.pem").unwrap().into_iter().collect();
        let lists = fs::read_to_string(self.folder.join("crl.pem")).unwrap_or_default();
        let roots = roots.with_revocation_lists(RevocationList::all_from_pem(&lists).unwrap());
        let chain = self.read("chain.pem").unwrap();
        let by_client = judge_server(&chain, &roots, &self.host, at, validator);
        match self.read("server-roots.pem") {
            Some(roots) if by_client.is_ok() => {
                let roots: TrustStore = roots.into_iter().collect();
                let chain = self.read("client-chain.pem").unwrap_or_default();
                // The table's server was rustls.
                judge_client(&chain, &roots, at, Validator::Rustls)
            }
            _ => by_client,
        }
    }
}

/// What the table says of a verdict: for the server's, the alert that the client received.
fn as_rustls_said(verdict: &Verdict) -> String {
    match verdict.judged_by {
        None => "ok".to_owned(),
        Some(Side::Client) => verdict.rustls.clone(),
        Some(Side::Server) => {
            let line = verdict.text(Side::Client, Stack::Rustls).unwrap();
            let alert = line.strip_prefix("received fatal alert: ").unwrap();
            format!("AlertReceived({alert})")
        }
    }
}

/// The table's `Debug` with the instants of that day taken out, as ours has none.
fn without_time(text: &str) -> String {
    for (theirs, ours) in [
        ("ExpiredContext", "Expired"),
        ("NotValidYetContext", "NotValidYet"),
        ("ExpiredRevocationListContext", "ExpiredRevocationList"),
    ] {
        let prefix = format!("InvalidCertificate({theirs} {{ time: UnixTime(");
        if let Some(rest) = text.strip_prefix(&prefix) {
            let (_, rest) = rest.split_once("), ").unwrap();
            let rest = rest.replace("UnixTime(", "").replace(") })", " })");
            return format!("InvalidCertificate({ours} {{ {rest}");
        }
    }
    text.to_owned()
}

#[test]
fn rustls_says_what_the_real_one_said() {
    let mut wrong = Vec::new();
    for row in rows().unwrap_or_default() {
        let said = as_rustls_said(&row.judge(Validator::Rustls));
        let expected = match row.id.as_str() {
            KEY_NOT_LOADED => "ok".to_owned(),
            _ => without_time(&row.rustls),
        };
        if said != expected {
            wrong.push(format!("{}: {said}, not {expected}", row.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What Python's table says of a verdict.
fn as_python_said(verdict: &Verdict) -> String {
    match (verdict.judged_by, verdict.openssl_code) {
        (None, _) => "ok".to_owned(),
        (Some(Side::Client), Some(code)) => {
            format!(
                "{code} {}",
                verdict.text(Side::Client, Stack::Python).unwrap()
            )
        }
        (Some(_), _) => {
            let line = verdict.text(Side::Client, Stack::Python).unwrap();
            format!("SSLError {line}")
        }
    }
}

fn check(validator: Validator, expected: fn(&Row) -> &str, said: fn(&Verdict) -> String) {
    /// Whether the client saw the alert or only the end of the connection was a race.
    const RACE: &str = "SSLEOFError EOF occurred in violation of protocol";
    let mut wrong = Vec::new();
    for row in rows().unwrap_or_default() {
        let verdict = row.judge(validator);
        let (said, expected) = (said(&verdict), expected(&row));
        let is_race = expected == RACE && verdict.judged_by == Some(Side::Server);
        if said != expected && !is_race {
            wrong.push(format!("{}: {said}, not {expected}", row.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn openssl_says_what_python_3_11_said() {
    check(Validator::OpenSsl, |row| &row.python_311, as_python_said);
    check(Validator::Python311, |row| &row.python_311, as_python_said);
}

#[test]
fn python_3_13_says_what_the_real_one_said() {
    check(Validator::Python313, |row| &row.python_313, as_python_said);
}

#[test]
fn curl_says_what_the_real_one_said() {
    check(
        Validator::Curl,
        |row| {
            // In mutual TLS curl saw alerts or closed sockets, as it happened.
            if row.curl.starts_with("curl: (5") {
                "refused by the server"
            } else {
                &row.curl
            }
        },
        |verdict| match verdict.judged_by {
            None => "ok".to_owned(),
            Some(Side::Client) => verdict.text(Side::Client, Stack::Curl).unwrap().to_owned(),
            Some(Side::Server) => "refused by the server".to_owned(),
        },
    );
}

/// What a stack prints on the client's side, at the time of the table.
fn as_client_said(verdict: &Verdict, stack: Stack) -> String {
    let at = Time::parse("2026-11-21T20:37:24Z").unwrap();
    let mut texts = verdict.texts.iter();
    match texts.find(|text| text.side == Side::Client && text.stack == stack) {
        _ if verdict.is_ok() => "ok".to_owned(),
        Some(text) => text.at(at),
        None => format!("nothing of {stack}"),
    }
}

#[test]
fn go_says_what_the_real_one_said() {
    check(
        Validator::Go,
        |row| &row.go,
        |verdict| as_client_said(verdict, Stack::Go),
    );
}

#[test]
fn java_says_what_the_real_one_said() {
    check(
        Validator::Java,
        |row| &row.java,
        |verdict| as_client_said(verdict, Stack::Java),
    );
}
