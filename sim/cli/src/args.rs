//! The arguments. Each doc comment is what `--help` prints.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Rehearse the TLS of a multi-model Juju deployment before there is one.
///
/// trustsim plays years of virtual time in seconds: charms issue real certificates, clients and
/// servers perform real handshakes, and the report says which connection failed, from when to
/// when, and why.
#[derive(Debug, Parser)]
#[command(name = "trustsim", version, propagate_version = true)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
#[command(after_help = "\
Exit codes:
  0    every expectation held, with each seed
  1    an expectation is broken or an outage was not expected, with one of the seeds, or nothing was judged
  2    the run could not be made
  101  a bug in trustsim")]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
pub struct Globals {
    /// Print only errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print every connection and every cause
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// When to use colours; NO_COLOR is respected
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorWhen,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// In a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl ColorWhen {
    pub(super) fn write_global(self) {
        let choice = match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables for people
    #[default]
    Tabular,
    /// JSON
    Json,
    /// YAML
    Yaml,
}

/// How data that has no tables is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DataFormat {
    /// YAML
    #[default]
    Yaml,
    /// JSON
    Json,
}

/// How a scenario is played.
#[derive(Clone, Debug, Default, Args)]
pub struct Play {
    /// Play this variant of the scenario, one of its `variants`
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// Play with this seed instead of the scenario's
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Run every hook, also those that would do nothing
    #[arg(long)]
    pub every_hook: bool,
    /// Perform every handshake instead of one for each change of what both sides bring
    #[arg(long)]
    pub every_handshake: bool,
    /// Keep in this folder how charms that are played by their own code answered, for later runs
    #[arg(long, value_name = "FOLDER")]
    pub keep_answers: Option<PathBuf>,
    /// Charms that are played by their own code
    #[command(flatten)]
    pub code: OwnCode,
}

/// Charms that are played by their own code.
#[derive(Clone, Debug, Default, Args)]
pub struct OwnCode {
    /// Play this charm by the code in this folder or packed charm, as `charms: {NAME: {source: PATH}}` of the scenario
    /// would; may be given several times
    #[arg(long = "charm", value_name = "NAME=PATH")]
    pub charms: Vec<Named<PathBuf>>,
    /// Run the code of every charm that the scenario has a `source` of; without it only the code that --charm names is run
    #[arg(long)]
    pub run_charms: bool,
}

/// A name and what it has: a path or a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<T> {
    /// Before the first `=`.
    pub name: String,
    /// Behind it.
    pub value: T,
}

impl<T: for<'a> From<&'a str>> FromStr for Named<T> {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok(Self {
                name: name.to_owned(),
                value: T::from(value),
            }),
            _ => Err("it has no name and value with `=` between them, such as web=../web-operator"),
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Play a scenario and write its report
    Run(Run),
    /// Check scenarios without playing them
    Check(Check),
    /// Make a scenario of a bundle, juju status, juju show-unit, terraform show -json, or a folder of them
    Import(Import),
    /// Answer a question about a deployment as it is: connections, requests, names, trust, order
    #[command(subcommand)]
    Ask(Ask),
    /// Explain why a connection fails at an instant, or what its trust is based on
    Why(Why),
    /// Forecast expiries, bursts of requests, queues, and how long each provider may be unavailable
    Forecast(Forecast),
    /// Find trust that no connection needs, and what an attacker could do with each key
    #[command(subcommand)]
    Audit(Audit),
    /// Play every way to make a change before an operator makes it
    #[command(subcommand)]
    Rehearse(Rehearse),
    /// Show what `juju status` would at an instant
    Status(Status),
    /// Show what `juju export-bundle` would at an instant
    ExportBundle(ExportBundle),
    /// Show what `juju show-unit` would at an instant
    ShowUnit(ShowUnit),
    /// Deploy, let time pass and ask, a line of JSON each way: for tests and other programs
    Interact(Interact),
    /// Record the hooks of units: what each one read, and what it wrote
    Record(Record),
    /// Write what every connection would present and trust at an instant, for openssl or curl
    Export(Export),
    /// Judge certificate files as each TLS stack would
    Judge(Judge),
    /// List the charms that are known, or what is known of one
    Charms(Charms),
    /// Charms by their own code: make what runs it, compare it with what is known of the charm
    #[command(subcommand)]
    Charm(Charm),
    /// Print the page of a code such as TS0401, or list all codes
    Explain(Explain),
    /// Print the JSON Schema of scenario files
    Schema(Schema),
    /// Print a completion script for a shell
    Completion(Completion),
}

/// Play a scenario and write its report
#[derive(Debug, Args)]
pub struct Run {
    /// Scenario files
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// Stop here: a duration from the start such as 91d, or an RFC 3339 instant
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Write the report into this folder instead of reports/<name>
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// Play with so many seeds, that of the scenario and those that follow it, for how often each outage comes; the
    /// tables are those of the first
    #[arg(long, value_name = "NUMBER", default_value = "8")]
    pub seeds: NonZeroU32,
    /// How many changes to try as remedies, each by playing the run again, and half as many more for each of the first
    /// four causes that have none then; 0 tries none
    #[arg(long, value_name = "COUNT", default_value_t = 8)]
    pub remedies: usize,
    /// How many times as much as the run itself may be played to find remedies, counted in events; what takes no time
    /// anyhow is not bounded by it
    #[arg(long, value_name = "TIMES", default_value = "10")]
    pub remedies_time: NonZeroU32,
    /// Exit with 1 where the answer rests on anything that is assumed or not simulated
    #[arg(long)]
    pub strict: bool,
    /// How the summary is printed
    #[arg(long, value_name = "FORMAT", default_value = "tabular")]
    pub format: Format,
    /// How the scenario is played
    #[command(flatten)]
    pub play: Play,
}

/// Check scenarios without playing them
#[derive(Debug, Args)]
pub struct Check {
    /// Scenario files
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// Exit with 1 where an answer would rest on anything that is assumed or not simulated
    #[arg(long)]
    pub strict: bool,
    /// Check as if this charm were played by the code in this folder or packed charm; nothing is run; may be given several
    /// times
    #[arg(long = "charm", value_name = "NAME=PATH")]
    pub charms: Vec<Named<PathBuf>>,
}

/// Make a scenario of a bundle, juju status, juju show-unit, terraform show -json, or a folder of them
#[derive(Debug, Args)]
#[command(after_help = "\
Files are told apart by their content. What several of them say of one model is put
together, and where they differ, a warning says which is taken. Every command that takes
a scenario takes such a file or folder too.")]
pub struct Import {
    /// Files, or folders of one model each
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Write into this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How long the scenario is played
    #[arg(long, value_name = "DURATION", default_value = "400d")]
    pub duration: String,
    /// How its connections are written
    #[arg(long, value_name = "FORM", default_value = "derived")]
    pub connections: ConnectionsForm,
}

/// How the connections of a scenario that is imported are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ConnectionsForm {
    /// Derived from the relations at each run, with the reasons as comments
    #[default]
    Derived,
    /// Each as an entry with its reasons, to be kept, changed or deleted
    Written,
}

/// Explain why a connection fails at an instant, or what its trust is based on
#[derive(Debug, Args)]
#[command(after_help = "\
The first line names the cause. A client or a server is model.app/0, model.app for all of its
units, or the name of a client. The exit code is 0 whether the connection holds or not.")]
pub struct Why {
    /// Scenario file, or the folder that `trustsim run` wrote of it; it is played again
    pub scenario: PathBuf,
    /// The side that opens the connection
    pub client: String,
    /// The side that accepts it
    pub server: String,
    /// A duration from the start such as 91d, or an RFC 3339 instant; the end without it
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// How the answer is printed
    #[arg(long, value_name = "FORMAT", default_value = "tabular")]
    pub format: Format,
    /// How the scenario is played
    #[command(flatten)]
    pub play: Play,
}

/// Forecast expiries, bursts of requests, queues, and how long each provider may be unavailable
#[derive(Debug, Args)]
pub struct Forecast {
    /// Scenario file, or the folder that `trustsim run` wrote of it
    pub scenario: PathBuf,
    /// How many of the shortest outages to prove, each by playing it; 0 proves none
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    pub proofs: usize,
    /// How the answer is printed
    #[arg(long, value_name = "FORMAT", default_value = "tabular")]
    pub format: Format,
    /// Write every row into CSV files in this folder
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// How the scenario is played
    #[command(flatten)]
    pub play: Play,
}

/// Questions about a deployment as it is
#[derive(Debug, Subcommand)]
pub enum Ask {
    /// Which TLS edges follow from the relations: who dials, under which name, and why
    Edges(AskEdges),
    /// Every request that a CA will be asked to sign: names, key, life, how often, and whether it is refused
    Requests(AskRequests),
    /// The name that each connection dials beside the names of the certificate that it meets
    Names(AskAtRest),
    /// Which CAs each client trusts, over which relation each came, and what is missing for its connections
    Trust(AskAtRest),
    /// In which order to make the relations of TLS, so that nothing is dialled over TLS before it is trusted
    Order(AskOrder),
}

/// Which TLS edges follow from the relations: who dials, under which name, and why
#[derive(Debug, Args)]
pub struct AskEdges {
    /// Scenario, or a bundle, juju status, terraform show -json, or a folder of them
    pub scenario: PathBuf,
    /// Read this variant of the scenario, one of its `variants`
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// Read it as if this charm were played by the code in this folder or packed charm; nothing is run; may be given
    /// several times
    #[arg(long = "charm", value_name = "NAME=PATH")]
    pub charms: Vec<Named<PathBuf>>,
    /// How it is printed
    #[command(flatten)]
    pub answer: AskAnswer,
}

/// Every request that a CA will be asked to sign: names, key, life, how often, and whether it is refused
#[derive(Debug, Args)]
#[command(after_help = "\
The deployment is played, with what the scenario does to it, and its requests are read off. Renewals
are the same request sent again. With -o the CSRs are written too. Keys are RSA with 2048 bits, as the
charm libraries make them, unless the scenario names another kind with `keys`.")]
pub struct AskRequests {
    /// Scenario, or a bundle, juju status, terraform show -json, or a folder of them
    pub scenario: PathBuf,
    /// As if this application, as model.app, were asked to sign what the others are asked for
    #[arg(long, value_name = "APPLICATION")]
    pub ca: Option<String>,
    /// Play until here: a duration from the start such as 91d, or an RFC 3339 instant
    #[arg(long, value_name = "TIME", default_value = "365d")]
    pub until: String,
    /// How it is printed
    #[command(flatten)]
    pub answer: AskAnswer,
    /// How the scenario is played
    #[command(flatten)]
    pub play: Play,
}

/// In which order to make the relations of TLS, so that nothing is dialled over TLS before it is trusted
#[derive(Debug, Args)]
#[command(after_help = "\
The deployment is given as it is to be, with its relations for certificates and CAs. The order is played
on the same deployment without them, and so are the opposite order and all at once.")]
pub struct AskOrder {
    /// Scenario, or a bundle, juju status, terraform show -json, or a folder of them
    pub scenario: PathBuf,
    /// In which order to refresh charms whose libraries for certificates change, in place of that of relations
    #[arg(long)]
    pub refresh: bool,
    /// How it is printed
    #[command(flatten)]
    pub answer: AskAnswer,
    /// How the scenario is played
    #[command(flatten)]
    pub play: Play,
}

/// Options of questions about a deployment at an instant.
#[derive(Debug, Args)]
#[command(after_help = "\
The deployment is played until everything is at rest, at the latest for thirty days.")]
pub struct AskAtRest {
    /// Scenario, or a bundle, juju status, terraform show -json, or a folder of them
    pub scenario: PathBuf,
    /// Play until here instead: a duration from the start such as 91d, or an RFC 3339 instant
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// How it is printed
    #[command(flatten)]
    pub answer: AskAnswer,
    /// How the scenario is played
    #[command(flatten)]
    pub play: Play,
}

/// How the answer to a question is printed.
#[derive(Debug, Args)]
pub struct AskAnswer {
    /// How the answer is printed
    #[arg(long, value_name = "FORMAT", default_value = "tabular")]
    pub format: AskFormat,
    /// Write every table as a CSV file into this folder; of requests the CSRs too
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
}

/// How the answer to a question is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AskFormat {
    /// Tables for people
    #[default]
    Tabular,
    /// JSON
    Json,
    /// YAML
    Yaml,
    /// CSV of the table with the name of the question; -o writes the others too
    Csv,
}

/// Audits.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// CAs and sources of CAs that no connection needs, and those that every connection needs
    Trust(AuditOptions),
    /// What an attacker could do with each key, by handshakes with forged certificates
    BlastRadius {
        /// A duration from the start such as 91d, or an RFC 3339 instant; the end without it
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// Options of every audit.
        #[command(flatten)]
        options: AuditOptions,
    },
}

/// Options of every audit.
#[derive(Debug, Args)]
pub struct AuditOptions {
    /// Scenario file, or the folder that `trustsim run` wrote of it
    pub scenario: PathBuf,
    /// How the answer is printed
    #[arg(long, value_name = "FORMAT", default_value = "tabular")]
    pub format: Format,
    /// Write every row into CSV files in this folder
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
    /// How the scenario is played
    #[command(flatten)]
    pub play: Play,
}

/// What can be rehearsed
#[derive(Debug, Subcommand)]
pub enum Rehearse {
    /// Rotate a CA: which playbooks lose nothing, with which pauses, and their timetables
    Rotation(RehearseRotation),
}

/// Rotate a CA: which playbooks lose nothing, with which pauses, and their timetables
#[derive(Debug, Args)]
#[command(after_help = "\
Every playbook that fits the CA is played in forks of one world, and the shortest pauses with which
no connection fails with any of the seeds are solved for; one second less was played too, and fails.
Pauses are right for this scenario's timings and these seeds: leave a margin. The exit code is 1 where
no playbook is safe.")]
pub struct RehearseRotation {
    /// Scenario file; its faults from the beginning of the rotation on are left out
    pub scenario: PathBuf,
    /// The application whose CA is rotated, as model.app
    #[arg(long, value_name = "APPLICATION")]
    pub ca: String,
    /// When it begins: a duration from the start such as 30d, or an RFC 3339 instant; without it a
    /// day after the start, or two, four, ... if the deployment has not settled by then
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// The longest pause that is tried
    #[arg(long, value_name = "DURATION", default_value = "100d")]
    pub longest: String,
    /// Play with this seed instead of the scenario's
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Play with so many seeds: that one and those that follow it
    #[arg(long, value_name = "NUMBER", default_value = "3")]
    pub seeds: NonZeroU32,
    /// Charms that are played by their own code
    #[command(flatten)]
    pub code: OwnCode,
    /// How the answer is printed
    #[arg(long, value_name = "FORMAT", default_value = "tabular")]
    pub format: Format,
}

/// Show what `juju status` would at an instant
#[derive(Debug, Args)]
pub struct Status {
    /// Scenario file, or the folder that `trustsim run` wrote of it
    pub scenario: PathBuf,
    /// A duration from the start such as 91d, or an RFC 3339 instant; the end without it
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Only this model; may be given several times
    #[arg(short, long, value_name = "MODEL")]
    pub model: Vec<String>,
    /// How the answer is printed
    #[arg(long, value_name = "FORMAT", default_value = "tabular")]
    pub format: Format,
    /// Write into this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How the scenario is played until then
    #[command(flatten)]
    pub play: Play,
}

/// Show what `juju export-bundle` would at an instant
#[derive(Debug, Args)]
pub struct ExportBundle {
    /// Scenario file, or the folder that `trustsim run` wrote of it
    pub scenario: PathBuf,
    /// A duration from the start such as 91d, or an RFC 3339 instant; the end without it
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// The model, where there are several
    #[arg(short, long, value_name = "MODEL")]
    pub model: Option<String>,
    /// Write into this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How the scenario is played until then
    #[command(flatten)]
    pub play: Play,
}

/// Show what `juju show-unit` would at an instant
#[derive(Debug, Args)]
pub struct ShowUnit {
    /// Scenario file, or the folder that `trustsim run` wrote of it
    pub scenario: PathBuf,
    /// Units, as model.app/0, or app/0 of the model given with -m
    #[arg(value_name = "UNIT")]
    pub units: Vec<String>,
    /// A duration from the start such as 91d, or an RFC 3339 instant; the end without it
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Model of the units that are given without one
    #[arg(short, long, value_name = "MODEL")]
    pub model: Option<String>,
    /// How the answer is printed
    #[arg(long, value_name = "FORMAT", default_value = "yaml")]
    pub format: DataFormat,
    /// Write into this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How the scenario is played until then
    #[command(flatten)]
    pub play: Play,
}

/// Deploy, let time pass and ask, a line of JSON each way: for tests and other programs
#[derive(Debug, Args)]
#[command(after_help = "\
Each line of standard input is a request, such as {\"deploy\": {\"model\": \"prod\", \"charm\": \"vault-k8s\"}}
or {\"advance\": {\"by\": \"89d\"}}; each gets one line, {\"ok\": ...} or {\"error\": ...}. No file is written. The
code of a charm is run where a request names its folder.")]
pub struct Interact {
    /// Go on with this session: the answer to `{"scenario": {}}` of an earlier one
    pub session: Option<PathBuf>,
    /// Run the code of every charm of which that session has a `source`
    #[arg(long)]
    pub run_charms: bool,
    /// Keep in this folder how charms that are played by their own code answered, for later sessions
    #[arg(long, value_name = "FOLDER")]
    pub keep_answers: Option<PathBuf>,
}

/// Record the hooks of units: what each one read, and what it wrote
#[derive(Debug, Args)]
#[command(after_help = "\
A hook's databags, secrets, configuration and clock before it ran, and its databags, secrets and
status after: all that a charm's code would read and write, so that the same hook can be run with
the real code under ops[testing]. Hooks that would do nothing are left out;
--every-hook records them too.")]
pub struct Record {
    /// Scenario file, or the folder that `trustsim run` wrote of it
    pub scenario: PathBuf,
    /// Units, as model.app/0, or app/0 of the model given with -m; every unit without any
    #[arg(value_name = "UNIT")]
    pub units: Vec<String>,
    /// Record from here on: a duration from the start such as 91d, or an RFC 3339 instant
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Record until here; the end without it
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Model of the units that are given without one
    #[arg(short, long, value_name = "MODEL")]
    pub model: Option<String>,
    /// How the answer is printed
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    pub format: DataFormat,
    /// Write into this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How the scenario is played
    #[command(flatten)]
    pub play: Play,
}

/// Write what every connection would present and trust at an instant, for openssl or curl
#[derive(Debug, Args)]
pub struct Export {
    /// Scenario file, or the folder that `trustsim run` wrote of it
    pub scenario: PathBuf,
    /// A duration from the start such as 91d, or an RFC 3339 instant; the end without it
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Write into this folder, one folder a connection
    #[arg(short, long, value_name = "FOLDER")]
    pub output: PathBuf,
    /// How the scenario is played until then
    #[command(flatten)]
    pub play: Play,
}

/// Judge certificate files as each TLS stack would
#[derive(Debug, Args)]
#[command(after_help = "\
With --client-roots the server asks for a certificate, and judges what --client-chain holds, or
that there is none. The exit code is 0 whatever the stacks say.")]
pub struct Judge {
    /// What the server presents, its own certificate first, in PEM
    #[arg(long, value_name = "FILE")]
    pub chain: PathBuf,
    /// What the client trusts, in PEM
    #[arg(long, value_name = "FILE")]
    pub roots: PathBuf,
    /// What the client presents, its own certificate first, in PEM
    #[arg(long, value_name = "FILE", requires = "client_roots")]
    pub client_chain: Option<PathBuf>,
    /// What the server trusts for clients, in PEM
    #[arg(long, value_name = "FILE")]
    pub client_roots: Option<PathBuf>,
    /// Revocation lists that both sides have loaded, in PEM; Go and Java do not look at them
    #[arg(long, value_name = "FILE")]
    pub crl: Option<PathBuf>,
    /// The name or address that the client asks for
    #[arg(long, value_name = "HOST")]
    pub name: String,
    /// Both sides' clock, as an RFC 3339 instant
    #[arg(long, value_name = "TIME")]
    pub at: String,
    /// One stack, or all of them
    #[arg(long, value_name = "STACK", default_value = "all")]
    pub validator: String,
    /// How the answer is printed
    #[arg(long, value_name = "FORMAT", default_value = "tabular")]
    pub format: Format,
}

/// List the charms that are known, or what is known of one
///
/// A charm that is known is played as its code was read at a commit. Where a scenario pins a revision or a channel of
/// another generation, that one is played.
#[derive(Debug, Args)]
pub struct Charms {
    /// A charm by its name on Charmhub
    pub name: Option<String>,
}

/// Charms by their own code.
#[derive(Debug, Subcommand)]
pub enum Charm {
    /// Make the virtual environment in which a charm's code is run
    Prepare(CharmPrepare),
    /// Play the same trials with what trustsim knows of a charm and with the charm's own code, and tell where they differ
    Compare(CharmCompare),
}

/// Play the same trials with what trustsim knows of a charm and with the charm's own code, and tell where they differ
#[derive(Debug, Args)]
#[command(after_help = "\
The code at PATH is run on this machine. The exit code is 0 where both do the same in every trial that applies to the
charm, 1 where they differ in one, and 2 where none differs but one could not be played.")]
pub struct CharmCompare {
    /// The charm, as the catalogue names it
    pub name: String,
    /// Folder of its source, or a packed charm
    pub path: PathBuf,
    /// Folder of its code before, from which it is refreshed in one trial
    #[arg(long, value_name = "PATH")]
    pub previous: Option<PathBuf>,
    /// A scenario whose `charms` describes the charm, to be compared in place of the catalogue
    #[arg(long, value_name = "FILE")]
    pub described: Option<PathBuf>,
    /// A scenario whose `charms` declares `answers` for the charm's code: commands, requests and files that it needs
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// The Python that runs the code; without it the one that was prepared for it
    #[arg(long, value_name = "PROGRAM")]
    pub python: Option<PathBuf>,
    /// An option of the charm that changes nothing of its TLS, with a value that is not its default: it is set where
    /// config-changed has to run
    #[arg(long, value_name = "NAME=VALUE")]
    pub option: Option<Named<String>>,
    /// Only this trial; may be given several times
    #[arg(long = "trial", value_name = "TRIAL")]
    pub trials: Vec<String>,
    /// The commit of the code, which is told with the answer
    #[arg(long, value_name = "COMMIT")]
    pub commit: Option<String>,
    /// Keep in this folder how the code answered, for later
    #[arg(long, value_name = "FOLDER")]
    pub keep_answers: Option<PathBuf>,
    /// How the answer is printed
    #[arg(long, value_name = "FORMAT", default_value = "tabular")]
    pub format: Format,
}

/// Make the virtual environment in which a charm's code is run
#[derive(Debug, Args)]
#[command(after_help = "\
What the charm needs is read off its uv.lock, poetry.lock, requirements.txt or pyproject.toml, the first of them that
is there, and off PYDEPS of the libraries in lib/charms. ops, ops-scenario and time-machine are installed in the
versions that trustsim is made for. Each charm has an environment of its own in $XDG_CACHE_HOME/trustsim/venvs, or
~/.cache/trustsim/venvs, where `source` and --charm find it until one of these files changes. Packages come from where
pip is configured to take them from, and are installed as pip does it, which may run their code.")]
pub struct CharmPrepare {
    /// Folder of the charm, or a packed charm
    pub path: PathBuf,
    /// The Python that it is made with
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    pub python: PathBuf,
    /// Make it in this folder instead; it is found by itself where that is .venv or venv in the charm's folder, and else
    /// is named by `python` of the charm
    #[arg(long, value_name = "FOLDER")]
    pub into: Option<PathBuf>,
}

/// Print the page of a code such as TS0401, or list all codes
#[derive(Debug, Args)]
pub struct Explain {
    /// A code such as TS0401, or an error's name such as unknown-issuer
    pub code: Option<String>,
}

/// Print the JSON Schema of scenario files
#[derive(Debug, Args)]
pub struct Schema {
    /// Write into this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Print a completion script for a shell
#[derive(Debug, Args)]
pub struct Completion {
    /// The shell
    pub shell: clap_complete::Shell,
}
