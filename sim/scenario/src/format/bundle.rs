//! A model as written: a Juju bundle with a few keys of our own.
//!
//! The keys are those of juju/charm v12, `bundledata.go`. Those that mean nothing to a rehearsal
//! are known and left alone, so that an exported bundle can be pasted.

use trustsim_charms::DeclaredDuration;
use trustsim_yaml::{Map, Node, Spanned, Text, record};

record! {
    /// A model: a Juju bundle as Juju writes it, or `from:` a file with one.
    pub struct ModelFile {
        /// A bundle file to begin with, relative to this file.
        from: Text = "from" [Extension],
        /// Overlay files, applied in this order, as `juju deploy --overlay` does.
        overlays: Vec<Text> = "overlays" [Extension],
        /// The controller it lives on, one of `controllers`.
        controller: Text = "controller" [Extension],
        /// Its owner (`admin`).
        owner: Text = "owner" [Extension],
        /// Model configuration.
        config: ModelConfigFile = "config" [Extension],
        /// `kubernetes` for a Kubernetes model; machines without it.
        kind: Text = "bundle",
        /// Applications, by name.
        applications: Map<ApplicationFile> = "applications",
        /// Relations: pairs of `app:endpoint` or `app`.
        relations: Vec<Node> = "relations",
        /// Offers of other models that this one consumes, by the name they have here.
        saas: Map<SaasFile> = "saas",
        /// Machines, by number.
        machines: Map<Node> = "machines",
        /// Default base.
        default_base: Node = "default-base",
        /// Default series.
        series: Node = "series",
        /// What it is.
        description: Node = "description",
        /// Tags.
        tags: Node = "tags",
        /// Name of the bundle.
        name: Node = "name",
        /// Home of the bundle.
        website: Node = "website",
        /// Where its bugs go.
        issues: Node = "issues",
        /// Where its source is.
        source: Node = "source",
        /// Where its documentation is.
        docs: Node = "docs",
        /// Anchors for YAML aliases.
        variables: Node = "variables",
        /// `bundle`.
        bundle_type: Node = "type",
    }
}

record! {
    /// Model configuration.
    pub struct ModelConfigFile {
        /// How often a unit runs update-status (5m).
        update_status_hook_interval: Spanned<DeclaredDuration> = "update-status-hook-interval",
    }
}

record! {
    /// An application.
    pub struct ApplicationFile {
        /// Charmhub name, or a local path.
        charm: Text = "charm" [Required],
        /// Charmhub channel.
        channel: Text = "channel",
        /// Charm revision.
        revision: Spanned<u64> = "revision",
        /// Key algorithm of its certificates, where it differs from the scenario's.
        keys: Text = "keys" [Extension],
        /// How many units (none without it on machines, one on Kubernetes).
        num_units: Spanned<u32> = "num_units",
        /// The same as `num_units`.
        scale: Spanned<u32> = "scale",
        /// Where units go: `0`, `lxd:0`, `app`, `app/0`, `new`.
        to: Node = "to",
        /// Options of the charm.
        options: Map<Node> = "options",
        /// Offers of its endpoints, by name.
        offers: Map<OfferFile> = "offers",
        /// Base.
        base: Node = "base",
        /// Series.
        series: Node = "series",
        /// Annotations.
        annotations: Node = "annotations",
        /// Constraints.
        constraints: Node = "constraints",
        /// Whether it may use the cloud's credentials.
        trust: Node = "trust",
        /// Whether its ports are open to everyone.
        expose: Node = "expose",
        /// Endpoints that are open to everyone.
        exposed_endpoints: Node = "exposed-endpoints",
        /// Resources.
        resources: Node = "resources",
        /// Storage.
        storage: Node = "storage",
        /// Devices.
        devices: Node = "devices",
        /// Spaces of its endpoints.
        bindings: Node = "bindings",
        /// Node selector on Kubernetes.
        placement: Node = "placement",
        /// Plan.
        plan: Node = "plan",
    }
}

record! {
    /// An offer of endpoints of one application.
    pub struct OfferFile {
        /// Which endpoints.
        #[schemars(required, length(min = 1))]
        endpoints: Vec<Text> = "endpoints" [Required],
        /// Who may use it.
        acl: Node = "acl",
    }
}

record! {
    /// A consumed offer.
    pub struct SaasFile {
        /// `[controller:][user/]model.offer`.
        #[schemars(required)]
        url: Text = "url" [Required],
    }
}
