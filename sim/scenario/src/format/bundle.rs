//! A model as written: a Juju bundle with a few keys of our own.
//!
//! The keys are those of juju/charm v12, `bundledata.go`. Keys that do not affect a simulation are accepted and
//! ignored, so that an exported bundle can be pasted; their documentation says so.
//!
//! A line of `record!` is `FIELD: TYPE = "YAML KEY" [FLAGS]`; every field becomes an `Option`. A required key has
//! `[Required]` for the reader and `#[schemars(required)]` for the schema. A key of our own, which a bundle file of
//! Juju does not have, has `[Extension]`.

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
        /// Its owner. Default: `admin`.
        owner: Text = "owner" [Extension],
        /// Model configuration.
        config: ModelConfigFile = "config" [Extension],
        /// Whether this was read off a deployment, as `trustsim import` writes it: endpoints that the catalogue lacks are
        /// believed, and offers of models that are not given leave out their relations.
        deployed: bool = "deployed" [Extension],
        /// `kubernetes` for a Kubernetes model. Default: a model on machines.
        kind: Text = "bundle",
        /// Applications, by name.
        applications: Map<ApplicationFile> = "applications",
        /// Relations: pairs of `app:endpoint` or `app`.
        relations: Vec<Node> = "relations",
        /// Offers of other models that this one consumes, by the name they have here.
        saas: Map<SaasFile> = "saas",
        /// Machines, by number. Of a model that was read off a deployment each may have `addresses`: those that it has in
        /// each space. Of its `constraints` the spaces take effect that it is put into.
        machines: Map<Node> = "machines",
        /// Spaces, each with its subnets (`juju add-space`), IPv4 or IPv6. A machine has an address in each subnet of a
        /// space that an endpoint of its units is bound to; a space without subnets has one that is made up.
        spaces: Map<Vec<Text>> = "spaces" [Extension],
        /// Default base.
        default_base: Node = "default-base",
        /// Default series.
        series: Node = "series",
        /// Accepted and ignored. In Juju: what the bundle is.
        description: Node = "description",
        /// Accepted and ignored. In Juju: tags.
        tags: Node = "tags",
        /// Accepted and ignored. In Juju: name of the bundle.
        name: Node = "name",
        /// Accepted and ignored. In Juju: home of the bundle.
        website: Node = "website",
        /// Accepted and ignored. In Juju: where its bugs go.
        issues: Node = "issues",
        /// Accepted and ignored. In Juju: where its source is.
        source: Node = "source",
        /// Accepted and ignored. In Juju: where its documentation is.
        docs: Node = "docs",
        /// Accepted and ignored. In Juju: anchors for YAML aliases.
        variables: Node = "variables",
        /// Accepted and ignored. In Juju: `bundle`.
        bundle_type: Node = "type",
    }
}

record! {
    /// Model configuration.
    pub struct ModelConfigFile {
        /// How often a unit runs update-status. Default: `5m`.
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
        /// What the cluster puts in front of its service: on Kubernetes, of an ingress.
        load_balancer: LoadBalancerFile = "load-balancer" [Extension],
        /// How many units. Default: 0 on machines, 1 on Kubernetes.
        num_units: Spanned<u32> = "num_units",
        /// The same as `num_units`; both together are an error.
        scale: Spanned<u32> = "scale",
        /// Where units go: `0`, `lxd:0`, `app`, `app/0`, `new`.
        to: Node = "to",
        /// Options of the charm.
        options: Map<Node> = "options",
        /// Offers of its endpoints, by name.
        offers: Map<OfferFile> = "offers",
        /// URLs that its units publish in their databags, by the endpoint, as `trustsim import` finds them in `juju
        /// show-unit`. Whether clients dial it over TLS, and under which name, is derived from them.
        published: Map<Vec<Text>> = "published" [Extension],
        /// Base.
        base: Node = "base",
        /// Series.
        series: Node = "series",
        /// Accepted and ignored. In Juju: annotations.
        annotations: Node = "annotations",
        /// Constraints, as `juju deploy` takes them. `spaces=oam,^dmz` puts each machine that is made for a unit into `oam`,
        /// and no endpoint may be bound to `dmz`; the others say nothing of addresses or certificates and take no effect.
        constraints: Text = "constraints",
        /// Accepted and ignored. In Juju: whether it may use the cloud's credentials.
        trust: Node = "trust",
        /// Accepted and ignored. In Juju: whether its ports are open to everyone.
        expose: Node = "expose",
        /// Accepted and ignored. In Juju: endpoints that are open to everyone.
        exposed_endpoints: Node = "exposed-endpoints",
        /// Accepted and ignored. In Juju: resources.
        resources: Node = "resources",
        /// Accepted and ignored. In Juju: storage.
        storage: Node = "storage",
        /// Accepted and ignored. In Juju: devices.
        devices: Node = "devices",
        /// The space of each endpoint, under the empty name that of all others (`alpha`). On Kubernetes accepted with a
        /// note, and ignored.
        bindings: Node = "bindings",
        /// Accepted and ignored. In Juju: node selector on Kubernetes.
        placement: Node = "placement",
        /// Accepted and ignored. In Juju: plan.
        plan: Node = "plan",
    }
}

record! {
    /// A load balancer in front of the service of an application.
    pub struct LoadBalancerFile {
        /// Its address, IPv4 or IPv6, which clients dial that are told no name.
        #[schemars(required)]
        address: Text = "address" [Required],
        /// The name that reverse DNS has for the address.
        reverse_dns: Text = "reverse-dns",
    }
}

record! {
    /// An offer of endpoints of one application.
    pub struct OfferFile {
        /// Which endpoints.
        #[schemars(required, length(min = 1))]
        endpoints: Vec<Text> = "endpoints" [Required],
        /// Accepted and ignored. In Juju: who may use it.
        acl: Node = "acl",
    }
}

record! {
    /// A consumed offer.
    pub struct SaasFile {
        /// `[controller:][user/]model.offer`. Only the consumers of a model's own offers have none, which `juju
        /// export-bundle` names `remote-...`.
        url: Text = "url",
    }
}
