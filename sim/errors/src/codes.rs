//! Every code a scenario's mistakes and lints can have. The doc comment of a code is the page
//! that `trustsim explain CODE` prints.

use std::fmt;

macro_rules! codes {
    ($($(#[doc = $page:literal])+ $name:ident = $text:literal,)+) => {
        /// Codes of what can be wrong with a scenario: `TS01xx` the file, `TS02xx` the topology,
        /// `TS03xx` trust, `TS054x` rotations.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($(#[doc = $page])+ $name,)+
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// `TS0101`.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// The page that explains it, in Markdown.
            pub const fn page(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($page, "\n"),+),)+
                }
            }
        }
    };
}

codes! {
    /// # A file cannot be read
    ///
    /// The scenario, or a file it names (`from:`, `overlays:`, `roots:`, `include-file://`),
    /// is not there or may not be read. Paths in a file are relative to that file.
    FileNotRead = "TS0101",
    /// # A file is too large
    ///
    /// Files are read up to 16 MiB. A scenario of ten thousand units is under 1 MiB; a larger
    /// file is most likely not the one that was meant.
    FileTooLarge = "TS0102",
    /// # A file is not text
    ///
    /// Scenarios and bundles are UTF-8 text, and so is the metadata of charms. A text in another encoding cannot be
    /// read, nor can an archive in place of a scenario.
    FileNotText = "TS0103",
    /// # A file is empty
    ///
    /// There is nothing in it but white space and comments. A scenario needs at least `models`.
    FileEmpty = "TS0104",
    /// # Not YAML
    ///
    /// The text breaks the rules of YAML: a bracket that is not closed, a tab used to indent, a
    /// colon in a plain text. The caret shows where the parser gave up; the mistake is there or
    /// shortly before.
    Syntax = "TS0105",
    /// # YAML beyond all bounds
    ///
    /// Nesting is limited to 48 levels, and so is what anchors and aliases may grow into, so
    /// that a small file cannot fill the memory.
    Limits = "TS0106",
    /// # An unknown key
    ///
    /// Nothing in a scenario is silently ignored, so a key that is not read is an error: it is
    /// misspelt, or is at the wrong level. In a bundle file that `from:` or `overlays:`
    /// names it is a warning, as `juju deploy` treats it.
    UnknownKey = "TS0107",
    /// # A key is there twice
    ///
    /// Two applications with one name, or one key given twice: only one could be used.
    DuplicateKey = "TS0108",
    /// # The wrong type
    ///
    /// A list where a text belongs, a text where a number belongs, and the like.
    WrongType = "TS0109",
    /// # A key is missing
    ///
    /// Something cannot be done without it, such as an application without a `charm`.
    MissingKey = "TS0110",
    /// # A value makes no sense
    ///
    /// The type is right but not the value: a duration such as `90y`, an instant that is no RFC
    /// 3339, a word that is none of the allowed ones.
    BadValue = "TS0111",
    /// # One document, one kind
    ///
    /// A scenario is one YAML document; several documents are for bundle files. A fault and an
    /// expectation have exactly one kind each: `rotate-ca`, `no-failures` and so on.
    OneOf = "TS0112",
    /// # Overlay keys in a base bundle
    ///
    /// `offers` and `exposed-endpoints` belong in an overlay, that is in a later document of the
    /// bundle file or in an `--overlay` file; `juju deploy` refuses them in the first document.
    /// Inline models take them anywhere.
    OverlayOnly = "TS0113",
    /// # Another kind of file
    ///
    /// A model of a scenario is a bundle: what `juju status`, `juju show-unit` or Terraform print belongs into no
    /// `from:`. `trustsim import FILE` makes a scenario of it, and every command takes such a file in place of a
    /// scenario. What cannot be imported is refused with what it was taken for: Terraform's own language, of which only
    /// Terraform knows the values (`terraform show -json` prints them), a template that was not rendered, Terraform's
    /// state file as it is stored, or a text in which nothing was recognised.
    OtherFile = "TS0114",
    /// # A packed charm that cannot be read
    ///
    /// `charm: ./NAME.charm` names what `charmcraft pack` writes: a zip archive with `metadata.yaml` at its root, and
    /// `config.yaml` and `actions.yaml` where the charm has them. Nothing else of it is read. The file is no zip
    /// archive, is damaged, has no metadata, or has metadata of more than 1 MiB or that is no text.
    PackedCharm = "TS0115",
    /// # Two inputs say different things
    ///
    /// Of what is imported, two files say different things of one model: another charm, revision, channel or number of
    /// units, or one has a relation that the other lacks. What was observed counts more than what was planned: `juju
    /// status` first, then `juju show-unit`, a bundle, Terraform. The label of each place says what is there.
    Contradiction = "TS0116",
    /// # Left out of an import, or taken for granted
    ///
    /// Something of the input is not in the scenario that is made of it, or had to be assumed: an application of which
    /// no file says which charm it has, an endpoint that no file names, an option that the charm does not have. The
    /// message says what, and the help how to supply it.
    LeftOut = "TS0117",
    /// # A format of Terraform that is not known
    ///
    /// `terraform show -json` says its `format_version`; a new major version may mean something else by the same keys.
    /// Known are the versions 0.x and 1.x.
    FormatVersion = "TS0118",
    /// # A scenario that runs code of this machine
    ///
    /// The scenario has a charm with `source`, so playing it runs the Python code in that folder. A scenario may come from
    /// anywhere, and the bounds within which the code runs are no wall against code that means harm. So it is run only
    /// where the command line says so: `--run-charms` allows all code that the scenario names, and `--charm NAME=PATH`
    /// allows the code that it names itself. `trustsim check` and `trustsim ask edges` run nothing and ask for neither.
    RunsCode = "TS0119",

    /// # No such model
    ///
    /// An address, an offer or a fault names a model that is not among `models`.
    UnknownModel = "TS0201",
    /// # No such application
    ///
    /// An address, a relation or a fault names an application that is neither deployed nor
    /// consumed (`saas`) in that model, or a client that is not among `clients`.
    UnknownApplication = "TS0202",
    /// # No such endpoint
    ///
    /// The charm has no endpoint of that name. The catalogue describes a recent revision; a charm
    /// whose endpoints differ can be declared under `charms`.
    UnknownEndpoint = "TS0203",
    /// # No relation fits
    ///
    /// Juju relates a provider to a requirer of the same interface. Here no pair of endpoints
    /// has the same interface and opposite roles; Juju says `no relations found`.
    NoRelation = "TS0204",
    /// # Several relations fit
    ///
    /// Without endpoint names more than one pair of endpoints would fit, and Juju does not
    /// choose. Write `app:endpoint`.
    AmbiguousRelation = "TS0205",
    /// # Too many relations
    ///
    /// The charm limits how many relations the endpoint takes (`limit`), and Juju enforces it.
    RelationLimit = "TS0206",
    /// # The same thing twice
    ///
    /// A relation that is there twice, or one name for two things of which Juju wants it
    /// once: an application and a SAAS, a client and a model.
    Duplicate = "TS0207",
    /// # A relation with itself
    ///
    /// Both sides are the same application. Units of one application find each other through
    /// their peer relation, which needs no entry.
    RelationWithItself = "TS0208",
    /// # A relation that cannot be
    ///
    /// A `scope: container` endpoint reaches only units on the same machine: one side must be a
    /// subordinate, and it cannot cross models. Two consumed offers cannot be related either.
    ImpossibleRelation = "TS0209",
    /// # No such offer
    ///
    /// A SAAS names an offer by `[controller:][user/]model.offer`; that model must offer it, under
    /// `applications.APP.offers`.
    UnknownOffer = "TS0210",
    /// # A placement that cannot be
    ///
    /// `to` takes `MACHINE`, `new`, `APP`, `APP/N`, each also as `lxd:...`; machines are under
    /// `machines`, and there may be no more placements than units.
    Placement = "TS0211",
    /// # Units that cannot be
    ///
    /// `num_units` and `scale` are the same thing, a subordinate has none of its own, and on
    /// machines an application without either has no unit at all, as in Juju.
    Units = "TS0212",
    /// # No such option
    ///
    /// The charm has no option of that name, so Juju refuses to set it. Options come and go with
    /// revisions of a charm: where others than the one that is deployed have it, the help says which.
    /// It is a warning where nothing says which revision is deployed, or that one was not compared.
    UnknownOption = "TS0213",
    /// # An option of the wrong type
    ///
    /// Juju takes only a text for a `string` option: quote numbers and booleans. Lists and
    /// mappings are no option values at all.
    OptionType = "TS0214",
    /// # A name that Juju refuses
    ///
    /// Applications are named with lower-case letters, digits and single hyphens, beginning with
    /// a letter, and no part may be all digits. Offers, consumed offers and charms of Charmhub have the same rule. Models
    /// and controllers may begin with a digit; a model of Kubernetes is a namespace there, whose name has 63 letters at
    /// most. Endpoints may have underscores. Users have two letters at least, and may
    /// have upper-case ones, dots and a domain (`bob@corp`). Nothing has a name with a control character, a line break or
    /// another letter that is not seen.
    BadName = "TS0215",
    /// # No such unit
    ///
    /// Units are counted from 0, and the application does not have that many.
    UnknownUnit = "TS0216",
    /// # No such controller
    ///
    /// `controllers` lists the controllers; without it there is one, and no model names any.
    UnknownController = "TS0217",
    /// # A charm without a description
    ///
    /// It is neither in the catalogue nor declared under `charms`, and has no files of its own beside the scenario. Its
    /// endpoints are those that relations name, with the interface of the other side, or, where that is not known either,
    /// with the one that endpoints of that name usually have (`certificates`, `receive-ca-cert`). Where one of them
    /// requires certificates or CAs, a generic consumer plays it, which is an assumption. A connection that needs anything
    /// else of it is not simulated: it neither holds nor fails. Declare the charm to have its
    /// certificates played.
    UnknownCharm = "TS0218",
    /// # A charm that is not played yet
    ///
    /// The catalogue knows its endpoints but not yet what it does: a provider of certificates
    /// issues none. Until it is played, declare a provider with a given chain (`charms.NAME.issuer`).
    CharmNotPlayed = "TS0219",
    /// # A fault that cannot strike
    ///
    /// The charm has no action that rotates its CA, the relation to remove is not there, the one
    /// to add is there already, or the time lies after the end.
    Fault = "TS0220",
    /// # Nothing to expect of
    ///
    /// No connection goes from there to there, so the expectation would hold whatever happens.
    Expectation = "TS0221",
    /// # An address that cannot be read
    ///
    /// Addresses are written as Juju writes them: `model.app`, `model.app/0`, `model.app:endpoint`;
    /// without the model where there is only one. Clients are named as they are.
    BadAddress = "TS0222",
    /// # Nothing to answer
    ///
    /// An operator looks after an application whose charm does everything by itself, so there is
    /// nothing for them to do. Charms that wait for people are those whose certificates are
    /// approved or signed by hand.
    NothingToAnswer = "TS0223",
    /// # No operator answers
    ///
    /// This charm waits for people: a certificate that they sign, a request that they
    /// approve, a Vault that they unseal. No entry under `operators` looks after it, so it waits for ever.
    NobodyAnswers = "TS0224",
    /// # A consumer of an offer that is in another model
    ///
    /// `juju export-bundle` writes the consumers of a model's offers among its `saas`, as `remote-` and a number,
    /// without a URL. The bundle does not say which application it is, so its relations are left out. Give the
    /// consuming model too, with the offer under its `saas`: the relation is described there.
    RemoteConsumer = "TS0225",
    /// # A track that is not known
    ///
    /// A channel is `track/risk`, such as `1/stable`. Of the charms in the catalogue it is known which tracks were
    /// published and what they bring (`trustsim charms NAME`). From another track the newest revision is played, which
    /// is an assumption. A version such as `1.0` may be a track that came or went; any other word is most likely a
    /// typing error, and this warning says so.
    UnknownTrack = "TS0226",
    /// # Not a channel
    ///
    /// Juju reads a channel as `track/risk`, `track` or `risk`, with an optional branch after it. The risk is `stable`,
    /// `candidate`, `beta` or `edge`.
    BadChannel = "TS0227",
    /// # A key without an effect
    ///
    /// What the scenario says of a charm would change nothing: the charm's own code is played and decides it, the
    /// interface or the library of the endpoint has no such thing, or it does something only together with another key.
    /// A key that is accepted and ignored would promise a run that is never played. A note with this code says what of
    /// a bundle is not simulated.
    UnreadKey = "TS0228",
    /// # Files of a charm that do not agree
    ///
    /// A charm's `charmcraft.yaml`, `metadata.yaml`, `config.yaml` and `actions.yaml` are read together. Two of them
    /// say different things of the same endpoint or option; charmcraft refuses to pack such a charm. Or the scenario
    /// describes under `charms` a charm whose path it gives too: then the files of that path are not read, unless
    /// `charms.NAME.from` names them.
    FilesOfCharm = "TS0229",
    /// # An exception that excepts nothing
    ///
    /// No connection is derived from there to there, so leaving it out changes nothing: a name is most likely not the
    /// one that was meant, or a relation has gone. `trustsim ask edges` lists what is derived.
    ExceptsNothing = "TS0230",

    /// # An offer of a model that is not given
    ///
    /// A model that describes a deployment (`deployed: true`) consumes an offer of a model that is not among `models`.
    /// Its relations are left out. Which certificates and CAs would come through it is not known, so that every
    /// connection that rests on them is not simulated.
    ModelNotGiven = "TS0231",

    /// # A connection to what has no TLS server
    ///
    /// The units of this charm have nothing that would shake hands: no server at all, as those of
    /// tls-certificates-requirer and tls-constraints, which have no workload, or one that speaks without TLS, whatever
    /// certificates the charm asks for. cos-registration-server-k8s asks for certificates of its devices and serves
    /// `http`. Every attempt would fail, and nothing about certificates could help.
    ///
    /// Connect to the application that serves. Where another revision of the charm does, say so: `server: tls` under
    /// `charms.NAME`.
    NoServer = "TS0232",

    /// # Plain, though it could be TLS
    ///
    /// These applications are dialled without TLS because they have no certificate, and their charms have an endpoint
    /// over which they would get one. Nothing fails by it; what goes there can be read and changed on its way.
    ///
    /// `trustsim ask edges` tells each edge with the endpoint. Before they are integrated with a CA those who dial them
    /// have to trust it: add the relations to the deployment, and `trustsim ask order` tells in which order to make
    /// them.
    PlainEdge = "TS0233",

    /// # Nothing makes the client trust the server
    ///
    /// The client of this connection has no way to the CA that issues the server's certificate:
    /// no `certificate_transfer` relation with it, no certificate of its own from it, and no
    /// entry under `trusts`. The handshake will fail with `unknown-issuer`, unless a fault adds
    /// the relation in time.
    MissingTransfer = "TS0301",
    /// # A CA that lives too short
    ///
    /// self-signed-certificates refuses to issue anything unless `root-ca-validity` is at least
    /// twice `certificate-validity`; it goes into blocked and stays there.
    ShortRoot = "TS0302",
    /// # A server without a certificate
    ///
    /// The server of this connection has no relation with a provider of certificates (or not on
    /// the endpoint that the address names), so there is nothing to shake hands with.
    NoCertificate = "TS0303",
    /// # Two protocols under one name
    ///
    /// One side of this relation speaks `tls-certificates` version 1, the other the protocol of
    /// the reactive charms (easyrsa, charm-vault, Charmed Kubernetes, OpenStack). Juju integrates
    /// them, since the interface has the same name, and then nothing happens: each side waits and
    /// ignores what the other writes. No hook fails and no status says so.
    ///
    /// Use a provider of the requirer's own protocol, or put tls-certificates-adaptor between them.
    ProtocolsDiffer = "TS0304",

    /// # Libraries that do not understand each other
    ///
    /// Juju makes this relation, since both sides have the interface, but the libraries that the
    /// two charms carry do not read what the other writes: a requirer with version 1 of
    /// `certificate_transfer` finds nothing in what version 0 sends, and a provider with version 3
    /// of `tls-certificates` hears units only, never an application. No hook fails.
    ///
    /// Use a revision of the older charm with a later library.
    LibrariesDiffer = "TS0305",

    /// # A provider that cannot issue this
    ///
    /// The provider will refuse, or answer with something that the requirer does not take. lego
    /// orders from a public CA, which issues for public names only: no address, no name inside a
    /// cluster or network, none without a dot, none that is reserved (`example.com`). It answers a
    /// request for a CA certificate with a leaf, which the requirer ignores. Requests that are
    /// refused are ordered again at every hook, until the CA's rate limits refuse all others too.
    /// tls-constraints carries an old library that reads the databags of units only, so a requirer that
    /// asks for its application (mode `app`, such as traefik-k8s) waits for ever. vault-k8s answers a
    /// request for a CA certificate with a leaf too, so it cannot sign for another Vault.
    CannotIssue = "TS0306",

    /// # A Vault that never starts
    ///
    /// On Kubernetes the Vault charm starts its server only once it has made a self-signed CA for
    /// itself, and it makes one only while `tls-certificates-access` is not related
    /// (canonical/vault-k8s-operator 619be7dc5, `k8s/src/charm.py`, `_configure`). Related from the
    /// start, it waits for ever. Leave the relation out at first and add it with an `integrate`
    /// fault once the server runs.
    VaultNeverStarts = "TS0307",

    /// # A provider that cannot be an intermediate
    ///
    /// Its charm has no endpoint over which it would ask another CA for a CA certificate, so it can
    /// only be a root. easyrsa and self-signed-certificates make their CA themselves;
    /// manual-tls-certificates and notary-k8s have none, since people sign for them, with whatever CA
    /// they have (`signs-with`, whose `chain` may be as long as it likes); lego's is the public one.
    ///
    /// Of the charms that are played, vault-k8s and vault (`tls-certificates-pki`) ask a provider
    /// above them, and charm-vault by hand (`get-csr` and `upload-signed-csr`).
    NotAnIntermediate = "TS0310",
    /// # The wrong CA is sent
    ///
    /// Vault's `send-ca-cert` and Notary's `send-access-ca-certificate` send the CA of the server's
    /// own API, which is self-signed unless another provider gives it. The certificates that they
    /// hand out come from another CA, so a side that receives the first does not trust the second
    /// (canonical/vault-k8s-operator `vault_managers.py`, `send_ca_cert`; canonical/notary-k8s-operator
    /// `src/charm.py`).
    ///
    /// Take the CA from whatever signs for the provider.
    AnotherCa = "TS0311",
    /// # Only an intermediate is trusted
    ///
    /// The provider is an intermediate CA, and what it hands out as `ca` is itself, never the root
    /// (vault-k8s: canonical/vault-k8s-operator#664; lego: the CA that signed). OpenSSL wants a root at
    /// the end of a chain unless it is told otherwise (`X509_V_FLAG_PARTIAL_CHAIN`), and so does
    /// Python before 3.13. curl, Go, Java and rustls take any certificate of their store.
    ///
    /// Give the client the root, from the provider above.
    OnlyIntermediate = "TS0312",
    /// # An option with which a provider does nothing
    ///
    /// The charm goes into blocked, or its hook fails, and it issues nothing: Vault without
    /// `pki_ca_common_name` or with a `pki_allowed_domains` that is no list, lego without its e-mail
    /// address or its plugin, tls-constraints with a filter that is no regular expression,
    /// self-signed-certificates with a validity that it cannot read. What the unit's status will say
    /// is beside it.
    ImpossibleOption = "TS0313",
    /// # No certificate where one is expected
    ///
    /// The option takes PEM certificates and holds something else. manual-tls-certificates goes into
    /// blocked and sends nothing of it (`trusted-certificate-bundle`), and so does lego
    /// (`acme-ca-certificates`).
    NotPem = "TS0314",
    /// # A name that Vault refuses
    ///
    /// The role of Vault's PKI mount lets `pki_allowed_domains` through, or `pki_ca_common_name`
    /// where that is not set, and by default neither names below it nor addresses
    /// (`pki_allow_subdomains`, `pki_allow_ip_sans`). What an application asks for without an option
    /// that says so is its name inside the cluster, or its address. A refused request is answered with
    /// an error that most charms only log, and tried again at every update-status
    /// (canonical/vault-k8s-operator#601).
    RoleRefuses = "TS0315",
    /// # charm-vault without a database
    ///
    /// charm-vault before its track 1.8 keeps everything in a database, and does nothing before it
    /// is related to one (openstack/charm-vault `src/reactive/vault_handlers.py`).
    NoDatabase = "TS0316",
    /// # An action failed
    ///
    /// Told in a report: the charm refused what an action was given, and nothing changed.
    /// manual-tls-certificates takes neither a certificate of another key than the request's, nor a
    /// chain that does not go from the leaf up (`Action input is not valid.`), nor a request that
    /// was never made; charm-vault takes a signed CA only for the key of its last `get-csr`. `juju
    /// run` prints the message and ends with an error.
    ActionFailed = "TS0317",
    /// # A request was refused
    ///
    /// Told in a report: a provider answered a request for a certificate with an error, or with
    /// nothing. In version 1 of `tls-certificates` the error is in `request_errors` of the
    /// provider's databag, and most charms do not look at it; the legacy protocol has no errors at
    /// all. Vault refuses names outside its role and whatever would outlive its CA, lego whatever its
    /// ACME server refuses.
    RequestRefused = "TS0318",
    /// # A hook failed
    ///
    /// Told in a report: a charm raised, the unit is in error, and its agent runs the same hook again
    /// until it succeeds, with a growing pause (5 s up to 5 minutes). Meanwhile the unit runs no other
    /// hook. What comes from another charm and cannot be parsed ends like this in many charms, and so
    /// does a second provider of certificates for charms that ask for the only one.
    ///
    /// `juju debug-log --include UNIT` has the traceback, `juju resolve` runs the hook at once.
    HookFailed = "TS0319",
    /// # A Vault without a CA above it
    ///
    /// Before its track 2.0 the charm of Vault has no PKI without the relation `tls-certificates-pki`
    /// (canonical/vault-k8s-operator before #977): what asks over `vault-pki` gets no answer. On the
    /// track 1.18 its status says so, on those before it says nothing.
    NoParent = "TS0320",
    /// # A client that speaks without TLS to a server with it
    ///
    /// The client's charm configures it so whatever the server does, or for as long as it has no certificate of its own:
    /// nothing that it sends arrives, and no CA changes that. grafana-k8s writes the address of Tempo without `insecure`,
    /// which Grafana takes as true (canonical/grafana-k8s-operator 382e463, `src/grafana_config.py`; grafana/grafana
    /// 0aff354, `pkg/infra/tracing/tracing_config.go`); prometheus-k8s sends traces over TLS only with a certificate of its
    /// own (canonical/prometheus-k8s-operator 432c227, `_tracing_config`). Such a connection is not played.
    SpeaksWithoutTls = "TS0321",
    /// # A variant that is not there
    ///
    /// `--variant NAME` plays what is under `variants.NAME` laid over the scenario; the file has
    /// no variant of that name.
    UnknownVariant = "TS0350",
    /// # A step that this CA cannot do
    ///
    /// A rotation in steps is played with what the CA at hand offers. A declared provider, whose key
    /// the operator holds, does every step. A real charm makes a new CA and signs with it at once:
    /// it has `switch-issuer` (its action, or options) and nothing that prepares, cross-signs or
    /// takes back. Where another provider takes over (`to:`), relations are what changes, so the
    /// model of every requirer must be able to reach it: offer it and consume the offer there.
    RotationStep = "TS0540",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// The page of a code such as `TS0101`, in Markdown; `None` where it is none of a scenario's.
pub fn explain(code: &str) -> Option<&'static str> {
    Code::ALL
        .iter()
        .find(|known| known.text().eq_ignore_ascii_case(code.trim()))
        .map(|known| known.page())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_unique() {
        let texts: Vec<&str> = Code::ALL.iter().map(|code| code.text()).collect();
        assert!(texts.windows(2).all(|pair| pair[0] < pair[1]), "{texts:?}");
    }

    #[test]
    fn every_code_has_a_page_with_a_title() {
        for code in Code::ALL {
            let page = explain(code.text()).expect("a page");
            assert!(page.trim_start().starts_with("# "), "{code}");
            assert!(page.lines().count() > 2, "{code}");
        }
        assert!(explain("ts0101").is_some());
        assert!(explain("TS9999").is_none());
    }
}
