//! `interfaces.yaml` as it is written: every key that it may have.

// `record!` names it.
use schemars as _;
use trustsim_yaml::{Spanned, Text, record};

record! {
    /// The whole file.
    pub(crate) struct TableFile {
        /// One row for each kind of relation.
        interfaces: Vec<RowFile> = "interfaces" [Required],
        /// Connections among the units of one application.
        units: Vec<UnitsFile> = "units" [Required],
        /// Connections of charms to the workloads of their own units.
        workloads: Vec<WorkloadFile> = "workloads" [Required],
        /// At which ports charms listen.
        listeners: Vec<ListenerFile> = "listeners" [Required],
        /// What clients find in catalogues of services.
        catalogues: Vec<CatalogueFile> = "catalogues" [Required],
    }
}

record! {
    /// A kind of relation.
    pub(crate) struct RowFile {
        /// Its number.
        row: u32 = "row" [Required],
        /// Names of interfaces.
        interfaces: Vec<Text> = "interfaces" [Required],
        /// Charms of both sides, between which alone this is so, beside what the row of the interface says.
        between: BetweenFile = "between",
        /// `requirer`, `provider`, `both` or `none`.
        dials: Text = "dials" [Required],
        /// When it is TLS; needed where a side dials.
        transport: Text = "transport",
        /// What is dialled (`fqdn`).
        dialled: Text = "dialled",
        /// What is dialled of a listener on Kubernetes.
        dialled_k8s: Text = "dialled-k8s",
        /// What is checked (`verified`).
        checks: Text = "checks",
        /// The port; that of the listener's charm without it.
        port: Spanned<u32> = "port",
        /// Options of the listener that name it.
        named_by: Vec<String> = "named-by",
        /// Options of a listener with `hacluster` that have its address.
        clustered_by: Vec<String> = "clustered-by",
        /// Whether the client shows a certificate.
        mutual: bool = "mutual",
        /// The endpoint of the client over which what it shows and trusts there came.
        shows: String = "shows",
        /// Whether the listener is met as its own units meet it, where that is known of its charm.
        as_units: bool = "as-units",
        /// Whether clients get the URL of the provider's ingress.
        ingress: bool = "ingress",
        /// Endpoints of the provider whose ingress alone is given to clients.
        ingress_endpoints: Vec<String> = "ingress-endpoints",
        /// Whether of these endpoints the first that is related is the only one.
        ingress_in_order: bool = "ingress-in-order",
        /// How clients call the provider as an ingress.
        called: CalledFile = "called",
        /// Endpoints of the requirer, the first related of which alone brings clients from outside.
        outside_endpoints: Vec<String> = "outside-endpoints",
        /// An option of the provider, `true` for the URL of its ingress to be given to clients.
        ingress_option: IngressOptionFile = "ingress-option",
        /// Interfaces by which the side that does not dial is told of servers, whose URLs it hands on to be dialled.
        hands_on: Vec<String> = "hands-on",
        /// Whether the requirer gets a URL over it.
        gives_url: bool = "gives-url",
        /// Whether clients outside dial the provider.
        front: bool = "front",
        /// Whether the CA travels in the databag.
        ca_in_databag: bool = "ca-in-databag",
        /// Whether requirers dial each other.
        requirers_too: bool = "requirers-too",
        /// Whether requirers check each other under the name of the first of them.
        called_as_first: bool = "called-as-first",
        /// Endpoints at which it is TLS.
        tls_endpoints: Vec<String> = "tls-endpoints",
        /// Endpoints at which the charm dials.
        charm_endpoints: Vec<String> = "charm-endpoints",
        /// Endpoints at which it is plain.
        plain_endpoints: Vec<PlainEndpointFile> = "plain-endpoints",
        /// An option that decides.
        option: OptionFile = "option",
        /// Charms that do otherwise.
        exceptions: Vec<ExceptionFile> = "exceptions",
        /// Whether it was not read in code.
        assumed: bool = "assumed",
        /// What else has to be said.
        note: String = "note",
        /// Repository, file and lines.
        source: Text = "source" [Required],
    }
}

record! {
    /// Charms of both sides.
    pub(crate) struct BetweenFile {
        /// Charmhub names.
        providers: Vec<String> = "providers" [Required],
        /// Charmhub names.
        requirers: Vec<String> = "requirers" [Required],
    }
}

record! {
    /// How an ingress is called.
    pub(crate) struct CalledFile {
        /// What of it is dialled.
        dialled: Text = "dialled" [Required],
        /// Options of it that name it.
        named_by: Vec<String> = "named-by",
        /// Options of it with its address, where it is related to `hacluster`.
        clustered_by: Vec<String> = "clustered-by",
    }
}

record! {
    /// An option that decides on the URL of an ingress.
    pub(crate) struct IngressOptionFile {
        /// Its name.
        name: String = "name" [Required],
        /// Endpoints of the provider at which it does.
        endpoints: Vec<String> = "endpoints" [Required],
    }
}

record! {
    /// An option that decides.
    pub(crate) struct OptionFile {
        /// Its name.
        name: String = "name" [Required],
        /// Values with which it is TLS.
        tls: Vec<String> = "tls" [Required],
    }
}

record! {
    /// An endpoint at which it is plain.
    pub(crate) struct PlainEndpointFile {
        /// Its name.
        endpoint: String = "endpoint" [Required],
        /// The option of the listener with which it is TLS.
        unless: String = "unless" [Required],
        /// Repository, file and lines.
        source: Text = "source" [Required],
    }
}

record! {
    /// Charms that do otherwise.
    pub(crate) struct ExceptionFile {
        /// Charmhub names.
        charms: Vec<String> = "charms" [Required],
        /// Their revisions (`155` or `155..236`); all where none is listed.
        revisions: Vec<Text> = "revisions",
        /// Whether the scenario has to name the revision.
        pinned: bool = "pinned",
        /// `dialer` or `listener`.
        side: Text = "side" [Required],
        /// What is on the other side.
        across: AcrossFile = "across",
        /// Whether it is so only while the listener has no ingress whose URL it would give.
        without_ingress: bool = "without-ingress",
        /// Whether nothing is dialled.
        dials_nothing: bool = "dials-nothing",
        /// Endpoints of that side; all where none is listed.
        endpoints: Vec<String> = "endpoints",
        /// When the dialer speaks TLS, if the listener does: `always`, `own-certificate` or `never`.
        speaks: Text = "speaks",
        /// The process of the dialer's units that opens the connection.
        process: String = "process",
        /// When it is TLS.
        transport: Text = "transport",
        /// What is dialled.
        dialled: Text = "dialled",
        /// What is checked.
        checks: Text = "checks",
        /// The port.
        port: Spanned<u32> = "port",
        /// Whether clients get the URL of the ingress.
        ingress: bool = "ingress",
        /// Endpoints of the provider whose ingress alone is given to clients.
        ingress_endpoints: Vec<String> = "ingress-endpoints",
        /// What has to be said of it.
        note: String = "note",
        /// Repository, file and lines.
        source: Text = "source" [Required],
    }
}

record! {
    /// What is on the other side of a relation.
    pub(crate) struct AcrossFile {
        /// Charmhub names.
        charms: Vec<String> = "charms" [Required],
        /// Their revisions; all where none is listed.
        revisions: Vec<Text> = "revisions",
    }
}

record! {
    /// Connections among the units of one application.
    pub(crate) struct UnitsFile {
        /// Charmhub names.
        charms: Vec<String> = "charms" [Required],
        /// What it is played as where it is another charm of the name.
        not_as: Vec<String> = "not-as",
        /// When it is TLS.
        transport: Text = "transport" [Required],
        /// What is dialled (`fqdn`).
        dialled: Text = "dialled",
        /// What is dialled on Kubernetes.
        dialled_k8s: Text = "dialled-k8s",
        /// The port, where that is not the one for clients.
        port: Spanned<u32> = "port",
        /// What is checked (`verified`).
        checks: Text = "checks",
        /// Whether both show a certificate.
        mutual: bool = "mutual",
        /// The endpoint of the client over which what it shows and trusts there came.
        shows: String = "shows",
        /// Whether it was not read in code.
        assumed: bool = "assumed",
        /// Repository, file and lines.
        source: Text = "source" [Required],
    }
}

record! {
    /// A charm that dials the workload beside it.
    pub(crate) struct WorkloadFile {
        /// Charmhub names.
        charms: Vec<String> = "charms" [Required],
        /// What it is played as where it is another charm of the name.
        not_as: Vec<String> = "not-as",
        /// What the process is called that dials. The charm's entry in the catalogue lists one of this name, with what it
        /// trusts, unless it is `unplayed`.
        process: String = "process" [Required],
        /// When it is TLS.
        transport: Text = "transport" [Required],
        /// What is dialled.
        dialled: Text = "dialled" [Required],
        /// What is dialled on Kubernetes.
        dialled_k8s: Text = "dialled-k8s",
        /// What is checked (`verified`).
        checks: Text = "checks",
        /// Whether it shows a certificate.
        mutual: bool = "mutual",
        /// Whether the catalogue does not say what the process trusts.
        unplayed: bool = "unplayed",
        /// Whether it dials in actions alone.
        in_actions: bool = "in-actions",
        /// The first and the last revision that dials the URL of its ingress where it has one.
        by_ingress: Vec<u64> = "by-ingress",
        /// Repository, file and lines.
        source: Text = "source" [Required],
    }
}

record! {
    /// At which port charms listen.
    pub(crate) struct ListenerFile {
        /// Charmhub names.
        charms: Vec<String> = "charms" [Required],
        /// What it is played as where it is another charm of the name.
        not_as: Vec<String> = "not-as",
        /// Interfaces; any where none is listed.
        interfaces: Vec<String> = "interfaces",
        /// Endpoints of either side; any where none is listed.
        endpoints: Vec<String> = "endpoints",
        /// The port with TLS, and without it where no other is said.
        port: Spanned<u32> = "port" [Required],
        /// The port without TLS.
        plain_port: Spanned<u32> = "plain-port",
        /// The option that has the port.
        option: String = "option",
        /// Repository, file and lines.
        source: Text = "source" [Required],
    }
}

record! {
    /// A catalogue of services.
    pub(crate) struct CatalogueFile {
        /// What it is called.
        name: String = "name" [Required],
        /// Interfaces whose provider keeps it.
        interfaces: Vec<String> = "interfaces" [Required],
        /// Interfaces over which the requirer tells the provider of it.
        told_over: Vec<String> = "told-over",
        /// When what is found there is TLS.
        transport: Text = "transport" [Required],
        /// What of it is dialled.
        dialled: Text = "dialled" [Required],
        /// What is checked (`verified`).
        checks: Text = "checks",
        /// Options of a service that name its public endpoint.
        named_by: Vec<String> = "named-by",
        /// Options of a service that name its internal endpoint.
        named_internally_by: Vec<String> = "named-internally-by",
        /// Options of a service with `hacluster` that have its address.
        clustered_by: Vec<String> = "clustered-by",
        /// Who finds what.
        lookups: Vec<LookupFile> = "lookups" [Required],
    }
}

record! {
    /// What some charms look up.
    pub(crate) struct LookupFile {
        /// Charmhub names.
        charms: Vec<String> = "charms" [Required],
        /// The charms whose services they dial.
        finds: Vec<String> = "finds" [Required],
        /// Endpoints of theirs that have to be related.
        with: Vec<String> = "with",
        /// Whether they dial internal endpoints.
        internal: bool = "internal",
        /// The option by which they do.
        internal_by: String = "internal-by",
        /// Whether the CA comes to them in a databag.
        ca_in_databag: bool = "ca-in-databag",
        /// Repository, file and lines.
        source: Text = "source" [Required],
    }
}
