//! `trustsim judge`: what each TLS stack says of PEM files, by the code that judges simulated
//! handshakes.

use std::path::Path;

use serde_json::{Value, json};

use crate::args::Judge;
use crate::console::Console;
use crate::error::{CliError, ErrorKind};
use crate::output::print_answer;
use trustsim_files::read_file;
use trustsim_kernel::Time;
use trustsim_pki::{Certificate, PkiError, RevocationList};
use trustsim_report::terminal::{Align, Cell, Table, style};
use trustsim_report::words::verdict as words;
use trustsim_validators::{
    TrustStore, UnknownValidator, Validator, Verdict, judge_client, judge_server, presents,
};

/// Largest file that is read: the public roots of a browser have some 250 KB.
const PEM_SIZE_MAX: u64 = 16 * 1024 * 1024;

/// JSON and YAML are a list of `{validator, outcome, code, error, text}`, the last three null where
/// the outcome is `ok`.
pub(super) fn judge(args: &Judge, console: &mut Console<'_>) -> Result<(), CliError> {
    let question = Question::read(args)?;
    let answers: Vec<(Validator, Verdict)> = validators(&args.validator)?
        .into_iter()
        .map(|validator| (validator, question.verdict(validator)))
        .collect();
    let tables = || table(&answers, question.at);
    let value = || list(&answers, question.at);
    print_answer(args.format, tables, value, console)
}

fn validators(wanted: &str) -> Result<Vec<Validator>, CliError> {
    if wanted == "all" {
        return Ok(Validator::ALL.to_vec());
    }
    match wanted.parse() {
        Ok(validator) => Ok(vec![validator]),
        Err(UnknownValidator(name)) => {
            let names = Validator::ALL.map(Validator::name).join(", ");
            Err(CliError::usage(format!("no validator `{name}`"))
                .hint(format!("use one of {names}, or all")))
        }
    }
}

/// The files, read.
struct Question {
    chain: Vec<Certificate>,
    roots: TrustStore,
    client_chain: Vec<Certificate>,
    client_roots: Option<TrustStore>,
    name: String,
    at: Time,
}

impl Question {
    fn read(args: &Judge) -> Result<Self, CliError> {
        let at = Time::parse(&args.at).map_err(|error| {
            CliError::usage(format!("failed to read --at `{}`", args.at))
                .caused_by(error)
                .hint("give an instant such as 2026-04-02T00:00:00Z")
        })?;
        let lists = match &args.crl {
            Some(path) => read("X509 CRL", path, RevocationList::all_from_pem)?,
            None => Vec::new(),
        };
        let certificates = |path: &Path| read("CERTIFICATE", path, Certificate::chain_from_pem);
        let store = |path: &Path| {
            let roots: TrustStore = certificates(path)?.into_iter().collect();
            Ok::<_, CliError>(roots.with_revocation_lists(lists.clone()))
        };
        let client_chain = args.client_chain.as_deref().map(certificates);
        Ok(Self {
            chain: certificates(&args.chain)?,
            roots: store(&args.roots)?,
            client_chain: client_chain.transpose()?.unwrap_or_default(),
            client_roots: args.client_roots.as_deref().map(store).transpose()?,
            name: args.name.clone(),
            at,
        })
    }

    /// The client's verdict, or the server's where it is the one that refuses.
    fn verdict(&self, validator: Validator) -> Verdict {
        let by_client = judge_server(&self.chain, &self.roots, &self.name, self.at, validator);
        match &self.client_roots {
            Some(roots) if by_client.is_ok() => {
                let chain: &[_] = match presents(&self.client_chain, roots, validator) {
                    true => &self.client_chain,
                    false => &[],
                };
                judge_client(chain, roots, self.at, validator)
            }
            _ => by_client,
        }
    }
}

/// Reads the blocks of a file; a file without one is a mistake.
fn read<T>(
    label: &str,
    path: &Path,
    parse: fn(&str) -> Result<Vec<T>, PkiError>,
) -> Result<Vec<T>, CliError> {
    let shown = path.display();
    let bytes = read_file(path, PEM_SIZE_MAX)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        CliError::new(ErrorKind::Io, format!("failed to read `{shown}`"))
            .caused_by("it is not UTF-8 text")
            .hint("`openssl x509 -inform der -in FILE` writes PEM")
    })?;
    let found = parse(&text)
        .map_err(|error| CliError::usage(format!("failed to read `{shown}`")).caused_by(error))?;
    if found.is_empty() {
        return Err(
            CliError::usage(format!("there is no `{label}` block in `{shown}`"))
                .hint("the file must be PEM"),
        );
    }
    Ok(found)
}

fn list(answers: &[(Validator, Verdict)], at: Time) -> Value {
    let said = answers.iter().map(|(validator, verdict)| {
        json!({
            "validator": validator.name(),
            "outcome": words::outcome(verdict),
            "code": words::code(verdict),
            "error": words::error(verdict),
            "text": verdict.said_by(*validator, at),
        })
    });
    Value::Array(said.collect())
}

fn table(answers: &[(Validator, Verdict)], at: Time) -> String {
    let columns = [
        ("Validator", Align::Left),
        ("Outcome", Align::Left),
        ("Code", Align::Left),
        ("Error", Align::Left),
        ("Says", Align::Left),
    ];
    let mut table = Table::new(&columns);
    for (validator, verdict) in answers {
        let colour = if verdict.is_ok() {
            style::GOOD
        } else {
            style::BAD
        };
        table.row([
            Cell::plain(validator.name()),
            Cell::new(words::outcome(verdict), colour),
            Cell::new(verdict.code(), style::DETAIL),
            Cell::plain(verdict.error_name()),
            // Of a handshake that was completed a stack says nothing.
            Cell::plain(&verdict.said_by(*validator, at).unwrap_or_default()),
        ]);
    }
    table.render()
}
