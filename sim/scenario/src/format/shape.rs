//! A scenario as written: every key, with its place. What it means is found out later.

use trustsim_charms::{CharmDeclaration, DeclaredDuration, IssuerDeclaration};
use trustsim_faults::FaultFile;
use trustsim_yaml::{Entry, FromNode, Map, Node, Reader, Spanned, Text, Value, record};

use super::bundle::ModelFile;
use super::connections::ConnectionsFile;

record! {
    /// A rehearsal: a deployment, what happens to it, and what should come out.
    #[schemars(title = "trustsim scenario")]
    pub struct ScenarioFile {
        /// Name of the scenario; its report folder is called so. The file's name without it.
        name: Text = "name",
        /// The question this scenario answers.
        about: Text = "about",
        /// Seed of everything random (1). The same seed gives the same bytes.
        seed: u64 = "seed",
        /// First instant, RFC 3339 (2026-01-01T00:00:00Z).
        start: Text = "start",
        /// How long it is played (90d).
        duration: Spanned<DeclaredDuration> = "duration",
        /// An outage shorter than this, or in which no attempt failed, is counted and breaks nothing (1m; `0s`: every
        /// outage breaks).
        tolerate: DeclaredDuration = "tolerate",
        #[schemars(extend("enum" = ["ecdsa-p256", "ed25519", "rsa-2048", null]))]
        /// Key algorithm of every certificate: `ecdsa-p256` (the default), `ed25519`, `rsa-2048`.
        keys: Text = "keys",
        /// Hook durations and latencies; all of them are assumptions.
        timings: TimingsFile = "timings",
        /// Controllers, by name. Without it there is one.
        controllers: Map<ControllerFile> = "controllers",
        /// Models, by name: a Juju bundle each, inline or from a file.
        #[schemars(required)]
        models: Map<ModelNode> = "models" [Required],
        /// Charms that the catalogue does not know, or knows otherwise, by Charmhub name.
        charms: Map<CharmNode> = "charms",
        /// Clients outside Juju, by name.
        clients: Map<ClientFile> = "clients",
        /// The public ACME server that lego orders from.
        acme: AcmeFile = "acme",
        /// People who answer what applications wait for, by name.
        operators: Map<OperatorFile> = "operators",
        /// Which clients connect to which servers: a list; `derived` for those that follow from the relations; or
        /// `derived: true` with some left out (`except`) and others added (`add`).
        connections: ConnectionsFile = "connections",
        /// What happens, each at its time.
        faults: Vec<FaultFile> = "faults",
        /// What should come out.
        expect: Vec<ExpectFile> = "expect",
        /// The same with something else, by name: keys of this file that are laid over it, mapping
        /// by mapping; lists are replaced, null takes a key away. `--variant NAME` plays one.
        variants: Map<VariantNode> = "variants",
    }
}

/// A model, kept as a tree: bundles are merged before they are read.
#[derive(Clone, Debug, Default)]
pub struct ModelNode(pub Node);

impl FromNode for ModelNode {
    /// A text alone is the file of its bundle: `m: bundle.yaml` is `m: {from: bundle.yaml}`.
    fn from_node(node: &Node, _: &mut Reader) -> Option<Self> {
        let Value::Scalar(_) = node.value else {
            return Some(Self(node.clone()));
        };
        let from = Entry {
            key: Spanned {
                value: "from".to_owned(),
                place: node.place,
            },
            value: node.clone(),
        };
        Some(Self(Node {
            place: node.place,
            value: Value::Map(vec![from]),
        }))
    }
}

impl schemars::JsonSchema for ModelNode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Model".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let whole = generator.subschema_for::<ModelFile>();
        schemars::json_schema!({
            "anyOf": [whole, { "type": "string", "description": "The file of a bundle." }],
        })
    }
}

/// A charm, kept as a tree: it may be laid over the charm's own file before it is read.
#[derive(Clone, Debug, Default)]
pub struct CharmNode(pub Node);

impl FromNode for CharmNode {
    fn from_node(node: &Node, _: &mut Reader) -> Option<Self> {
        Some(Self(node.clone()))
    }
}

impl schemars::JsonSchema for CharmNode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        CharmDeclaration::schema_name()
    }

    /// One definition with what faults say of a charm.
    fn schema_id() -> std::borrow::Cow<'static, str> {
        CharmDeclaration::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        CharmDeclaration::json_schema(generator)
    }
}

/// A variant, kept as a tree: it is laid over the file before that is read.
#[derive(Clone, Debug, Default)]
pub struct VariantNode(pub Node);

impl FromNode for VariantNode {
    fn from_node(node: &Node, reader: &mut Reader) -> Option<Self> {
        if !matches!(node.value, trustsim_yaml::Value::Map(_)) {
            reader.wrong_type(node, "a mapping");
        }
        Some(Self(node.clone()))
    }
}

impl schemars::JsonSchema for VariantNode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Variant".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Keys of the scenario that are laid over it.",
            "type": "object",
        })
    }
}

record! {
    /// A controller; it has nothing to set yet.
    pub struct ControllerFile {
    }
}

record! {
    /// Hook durations and latencies.
    pub struct TimingsFile {
        /// Shortest hook.
        hook_min: DeclaredDuration = "hook-min",
        /// Longest hook.
        hook_max: DeclaredDuration = "hook-max",
        /// From a change on a controller to the agent that watches it.
        watch_latency: DeclaredDuration = "watch-latency",
        /// From one controller or model to the other, for a cross-model relation.
        cross_model_latency: DeclaredDuration = "cross-model-latency",
        /// From deployment until a unit's agent runs, shortest.
        provision_min: DeclaredDuration = "provision-min",
        /// From deployment until a unit's agent runs, longest.
        provision_max: DeclaredDuration = "provision-max",
        /// How long a restarted workload does not answer.
        restart: DeclaredDuration = "restart",
        /// Connections are watched from when the deployment first settles, at the latest this
        /// long after the start.
        settle_max: DeclaredDuration = "settle-max",
    }
}

record! {
    /// A client outside Juju.
    pub struct ClientFile {
        /// Applications (`model.app`) whose CA it was given; `system` for the public roots.
        trusts: Vec<Text> = "trusts",
        /// PEM files with further roots it trusts, relative to this file.
        roots: Vec<Text> = "roots",
        /// How often it fetches those CAs again; without it, it keeps what it had when it began.
        refresh: Spanned<DeclaredDuration> = "refresh",
        /// Its TLS stack (`openssl`).
        validator: Text = "validator",
    }
}

record! {
    /// A person, or a team, that does what applications wait for: runs an action with a signed
    /// certificate, unseals. They notice a wait when the application's next hook ends.
    #[schemars(extend("oneOf" = [{"required": ["delay"]}, {"required": ["at"]}]))]
    pub struct OperatorFile {
        /// Applications (`model.app`) that they look after.
        #[schemars(required)]
        answers: Vec<Text> = "answers" [Required],
        /// How long after they notice they answer.
        delay: DelayFile = "delay",
        /// When they answer whatever waits then, from the start.
        at: Vec<Spanned<DeclaredDuration>> = "at",
        /// Number of the unit on which they run actions; the leader without it.
        unit: Spanned<u32> = "unit",
        /// Common names that they reject, where what they answer can be rejected.
        rejects: Vec<String> = "rejects",
        /// The CA outside Juju with which they sign.
        signs_with: IssuerDeclaration = "signs-with",
    }
}

record! {
    /// How long a person takes: always the same (`exactly`), evenly between two durations (`from`,
    /// `to`), or log-normal around a median (`median`, `sigma`), as the time people take is.
    pub struct DelayFile {
        /// Always this long.
        exactly: DeclaredDuration = "exactly",
        /// At least this long, with `to`.
        from: Spanned<DeclaredDuration> = "from",
        /// At most this long, with `from`.
        to: Spanned<DeclaredDuration> = "to",
        /// Half of all answers are quicker, with `sigma`.
        median: DeclaredDuration = "median",
        /// Standard deviation of the logarithm, from 0 to 3: with 1, two thirds of all answers come
        /// within 0.37 and 2.7 times the median.
        sigma: Spanned<f64> = "sigma",
    }
}

record! {
    /// A client and a server that talk over TLS.
    pub struct ConnectionFile {
        /// A client's name, `model.app` (each of its units) or `model.app/0`, the latter two also
        /// with `:endpoint` where what the client trusts and presents came over that endpoint.
        #[schemars(required)]
        from: Text = "from" [Required],
        /// The process of the client's units that connects, one of the `processes` of its charm; the workload without
        /// it. One that connects to its own application connects to the server of its own unit.
        process: Text = "process",
        /// `model.app` (each of its units), `model.app/0`, each also with `:endpoint` to say which
        /// certificate is served. The application of `from` again means its units among
        /// themselves.
        #[schemars(required)]
        to: Text = "to" [Required],
        /// Server name; without it what the server is really called.
        name: Text = "name",
        #[schemars(extend("enum" = ["bind-address", "ingress-address", null]))]
        /// The address of the unit that the client dials in place of a name, as `network-get` has it for the unit:
        /// `bind-address`, of a pod its own, or `ingress-address`, of a pod that of its application's service. On a
        /// machine both are its own.
        dials: Text = "dials",
        /// The endpoint of the server in whose space it is dialled, where the server is in several; without it that of the
        /// client's relation, or that for which the certificate is asked.
        binding: Text = "binding",
        /// Time between attempts (60s).
        every: Spanned<DeclaredDuration> = "every",
        /// TLS stack of the client; without it that of its workload, else `openssl`.
        validator: Text = "validator",
        /// Whether the server asks for a client certificate.
        mutual: bool = "mutual",
        /// How long a connection stays open before it is opened anew; without it, every attempt is
        /// a connection of its own.
        lives: Spanned<DeclaredDuration> = "lives",
        #[schemars(extend("enum" = ["tls12-id", "tls13-ticket", null]))]
        /// How the client takes up sessions: `tls12-id` or `tls13-ticket`; without it, it does not.
        resume: Text = "resume",
        /// How long sessions are kept; without it, as long as the stack keeps them by default.
        session_lifetime: Spanned<DeclaredDuration> = "session-lifetime",
        /// Whether both sides look certificates up in the revocation lists that are published.
        revocation: bool = "revocation",
        /// Whether no code that was read says so, or what the client outside trusts is not known: what rests on it is told
        /// as assumed. `trustsim import` writes it.
        assumed: bool = "assumed",
    }
}

record! {
    /// The public ACME server that lego orders from, and the DNS it looks into.
    pub struct AcmeFile {
        /// Domains whose records lego's DNS plugin may write; every public one without it.
        zones: Vec<String> = "zones",
        /// From writing a record until everybody sees it (30s).
        dns_propagation: DeclaredDuration = "dns-propagation",
        /// What an order takes beside that (10s).
        order: DeclaredDuration = "order",
    }
}

record! {
    /// One claim about the run.
    #[schemars(extend("oneOf" = [
        {"required": ["no-failures"]},
        {"required": ["fails"]},
        {"required": ["outage"]},
        {"required": ["hooks"]},
        {"required": ["certificates"]},
    ]))]
    pub struct ExpectFile {
        /// None of these connections ever fails.
        no_failures: SelectorFile = "no-failures",
        /// Each of these connections fails.
        fails: FailsFile = "fails",
        /// The lost time of each of these connections is within bounds.
        outage: OutageFile = "outage",
        /// Units of an application run, or fail, so many hooks.
        hooks: HooksFile = "hooks",
        /// So many certificates are signed.
        certificates: CertificatesFile = "certificates",
    }
}

record! {
    /// How many hooks units of an application run. Hooks that only time brings and that do nothing
    /// are not counted, unless every hook is played.
    pub struct HooksFile {
        /// The application, `model.app`.
        #[schemars(required)]
        app: Text = "app" [Required],
        /// Only hooks of this name, such as `certificates-relation-changed`.
        hook: Text = "hook",
        /// Those that failed instead of those that began.
        failed: bool = "failed",
        /// At least so many.
        at_least: u64 = "at-least",
        /// At most so many.
        at_most: u64 = "at-most",
    }
}

record! {
    /// How many certificates are signed.
    pub struct CertificatesFile {
        /// Only by this provider, `model.app`.
        from: Text = "from",
        /// Only for this application; a root is for the provider that makes it.
        to: Text = "to",
        /// At least so many.
        at_least: u64 = "at-least",
        /// At most so many.
        at_most: u64 = "at-most",
    }
}

record! {
    /// Which connections: all that match; empty means every one.
    pub struct SelectorFile {
        /// Only from this client or application.
        from: Text = "from",
        /// Only to this application.
        to: Text = "to",
    }
}

record! {
    /// Which connections fail, and how.
    pub struct FailsFile {
        /// Only from this client or application.
        from: Text = "from",
        /// Only to this application.
        to: Text = "to",
        /// The error, such as `unknown-issuer`.
        error: Text = "error",
    }
}

record! {
    /// Which connections are out of service, for how long in all, and how.
    pub struct OutageFile {
        /// Only from this client or application.
        from: Text = "from",
        /// Only to this application.
        to: Text = "to",
        /// At least this long.
        at_least: DeclaredDuration = "at-least",
        /// At most this long.
        at_most: DeclaredDuration = "at-most",
        /// Every outage has this error, such as `unknown-issuer`.
        error: Text = "error",
    }
}
