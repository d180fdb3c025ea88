//! The deployment of one row: a provider, an application that gets certificates from it, and one that
//! has to trust it, wired as a trust pattern says.

/// The four trust patterns of `scenarios/internal.yaml`, `api.yaml`, `intermediate.yaml` and
/// `cross-model.yaml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pattern {
    /// Units of `api` trust each other through the CA on their certificates relation.
    Internal,
    /// `web` trusts `api` through the CA that it gets by transfer.
    Api,
    /// The provider is under a root; `web` has the root.
    Intermediate,
    /// The provider is in one model, `api` and `web` are in another.
    CrossModel,
}

impl Pattern {
    pub(crate) const ALL: [Self; 4] = [
        Self::Internal,
        Self::Api,
        Self::Intermediate,
        Self::CrossModel,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Api => "API",
            Self::Intermediate => "intermediate",
            Self::CrossModel => "cross-model",
        }
    }
}

/// What a row's deployment is made of; texts are YAML.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    /// Whether it runs on machines; else in Kubernetes.
    pub(crate) machines: bool,
    /// The provider's application.
    pub(crate) ca: &'static str,
    /// The endpoint over which it issues.
    pub(crate) issues: &'static str,
    /// The application above it.
    pub(crate) root: Option<&'static str>,
    /// Relations between the providers: who asks, who is asked.
    pub(crate) asks: &'static [[&'static str; 2]],
    /// Where `web` gets a CA from: `application:endpoint`.
    pub(crate) sends: Option<&'static str>,
    /// Whether `web` asks for certificates itself, to get their CA.
    pub(crate) web_asks: bool,
    /// Whether `api` and `web` speak the legacy protocol.
    pub(crate) legacy: bool,
    /// More keys of the endpoint of `api`, `mode: app` for one.
    pub(crate) api: &'static str,
    /// The name that is asked for; without it what Juju calls the unit.
    pub(crate) name: &'static str,
    /// Whether workloads have the public roots.
    pub(crate) system_roots: bool,
    /// The clients' TLS stack.
    pub(crate) validator: &'static str,
    /// Lines of `applications` and `relations` of the provider's model.
    pub(crate) more: (&'static str, &'static str),
    /// The `operators` section.
    pub(crate) operators: &'static str,
    /// The `faults` section.
    pub(crate) faults: &'static str,
}

/// self-signed-certificates and nothing besides.
pub(crate) const SCENE: Scene = Scene {
    machines: false,
    ca: "charm: self-signed-certificates",
    issues: "certificates",
    root: None,
    asks: &[],
    sends: None,
    web_asks: false,
    legacy: false,
    api: "",
    name: "",
    system_roots: true,
    validator: "openssl",
    more: ("", ""),
    operators: "",
    faults: "",
};

impl Scene {
    /// The scenario.
    pub(crate) fn text(&self, pattern: Pattern) -> String {
        let across = pattern == Pattern::CrossModel;
        let mut wired = vec![("api:certificates", format!("ca:{}", self.issues), "pki")];
        if let Some(sends) = self.sends {
            wired.push(("web:receive-ca-cert", sends.to_owned(), "given"));
        }
        if self.web_asks {
            wired.push(("web:certificates", format!("ca:{}", self.issues), "pki"));
        }
        let mut relations = self.more.1.to_owned();
        for [below, above] in self.asks {
            relations += &format!("      - [{below}, {above}]\n");
        }
        let (mut offers, mut consumed) = (Vec::new(), String::new());
        for (own, other, offer) in wired {
            if across {
                consumed += &format!("      - [{own}, {offer}]\n");
                let (app, endpoint) = other.split_once(':').expect("an endpoint");
                let text = format!("{offer}: {{endpoints: [{endpoint}]}}");
                offers.push((app.to_owned(), text));
            } else {
                relations += &format!("      - [{own}, {other}]\n");
            }
        }
        offers.dedup();
        let kind = if self.machines {
            ""
        } else {
            "    bundle: kubernetes\n"
        };
        let mut text = format!("duration: 12d\nmodels:\n  owner:\n{kind}    applications:\n");
        text += &self.application("ca", self.ca, 1, &offers);
        if let Some(root) = self.root {
            text += &self.application("root", root, 1, &offers);
        }
        text += self.more.0;
        let named = match self.name {
            "" => String::new(),
            name => format!(", options: {{name: {name}}}"),
        };
        let api = self.application("api", &format!("charm: api{named}"), 2, &[]);
        let both = api + &self.application("web", "charm: web", 1, &[]);
        if across {
            text += &list("    relations:\n", &relations);
            let saas = "{pki: {url: admin/owner.pki}, given: {url: admin/owner.given}}";
            let saas = match offers.iter().any(|(_, offer)| offer.starts_with("given")) {
                true => saas,
                false => "{pki: {url: admin/owner.pki}}",
            };
            text += &format!("  consumer:\n{kind}    saas: {saas}\n    applications:\n{both}");
            text += &list("    relations:\n", &consumed);
        } else {
            text += &both;
            text += &list("    relations:\n", &relations);
        }
        text + &self.charms() + self.operators + &self.connections(pattern) + self.faults
    }

    /// One line under `applications`.
    fn application(
        &self,
        name: &str,
        body: &str,
        units: u32,
        offers: &[(String, String)],
    ) -> String {
        let own = offers.iter().filter(|(app, _)| app == name);
        let own: Vec<&str> = own.map(|(_, offer)| offer.as_str()).collect();
        let offers = match own.as_slice() {
            [] => String::new(),
            own => format!(", offers: {{{}}}", own.join(", ")),
        };
        let scale = if self.machines { "num_units" } else { "scale" };
        format!("      {name}: {{{body}, {scale}: {units}{offers}}}\n")
    }

    fn charms(&self) -> String {
        let protocol = if self.legacy {
            ", protocol: legacy"
        } else {
            ""
        };
        let named = if self.name.is_empty() {
            ""
        } else {
            ", name-option: name"
        };
        let (roots, more) = (self.system_roots, self.api);
        format!(
            "charms:
  api:
    system-roots: {roots}
    options: {{name: {{type: string}}}}
    requires: {{certificates: {{interface: tls-certificates{named}{protocol}{more}}}}}
  web:
    system-roots: {roots}
    requires: {{certificates: {{interface: tls-certificates{protocol}}}, receive-ca-cert: {{interface: certificate_transfer}}}}
"
        )
    }

    fn connections(&self, pattern: Pattern) -> String {
        let name = match self.name {
            "" => String::new(),
            name => format!(", name: {name}"),
        };
        let model = match pattern {
            Pattern::CrossModel => "consumer",
            _ => "owner",
        };
        let from = match pattern {
            Pattern::Internal => "api",
            _ => "web",
        };
        let validator = self.validator;
        format!(
            "connections: [{{from: {model}.{from}, to: {model}.api{name}, every: 1m, validator: {validator}}}]\n"
        )
    }
}

fn list(key: &str, lines: &str) -> String {
    if lines.is_empty() {
        String::new()
    } else {
        format!("{key}{lines}")
    }
}
