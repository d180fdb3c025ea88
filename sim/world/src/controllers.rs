//! Controllers' own TLS: agents and other controllers reach them with the CA they were given.

use super::deployed::controller_index;
use super::simulation::World;
use trustsim_juju::{ConnectionError, LinkId, UnitId};
use trustsim_kernel::{Seq, Streams, Time};
use trustsim_model::{ControllerIndex, Deployment};
use trustsim_pki::issuers::controller;
use trustsim_pki::{CertificateRequest, KeyPair, RequestAttributes, SerialNumber, Terms};
use trustsim_tls::{Case, ClientSide, Identity, ServerSide};
use trustsim_validators::{TrustStore, Validator};

/// The name every agent asks for (juju/juju 3.6 `api/apiclient.go`).
const SERVER_NAME: &str = "juju-apiserver";

/// Why no certificate of a controller can fail to be made.
const WRITABLE: &str = "the names in a controller's certificates are Juju's own and can be written";

/// What a controller presents, and the CA that was handed out at bootstrap.
#[derive(Clone, Debug)]
pub(super) struct ControllerSide {
    parts: (Identity, TrustStore),
    /// What set its clock wrong, while it is.
    skewed_by: Option<Seq>,
}

impl ControllerSide {
    /// `juju bootstrap`: a CA and the API server's certificate, ten years each, made at the start
    /// of the run.
    pub(super) fn bootstrap(name: &str, streams: &Streams, deployment: &Deployment) -> Self {
        Self {
            parts: make(name, streams, deployment),
            skewed_by: None,
        }
    }

    /// Its clock is off by so much from now on, by `entry`.
    pub(super) fn skew(&mut self, skew_ns: i64, entry: Seq) {
        self.skewed_by = (skew_ns != 0).then_some(entry);
    }

    /// What set its clock wrong, while it is.
    pub(super) fn skewed_by(&self) -> Option<Seq> {
        self.skewed_by
    }
}

fn make(name: &str, streams: &Streams, deployment: &Deployment) -> (Identity, TrustStore) {
    let mut stream = streams.stream("controller", name);
    let now = deployment.start;
    let ca_key = KeyPair::generate(deployment.keys, &mut stream);
    let key = KeyPair::generate(deployment.keys, &mut stream);
    let validity = controller::default_validity(now);
    let terms = Terms {
        serial: SerialNumber::random_160(&mut stream),
        now,
        validity,
    };
    let attributes = controller::ca_attributes();
    let ca = controller::generate_ca(&attributes, &ca_key, &terms, &mut stream);
    let ca = ca.expect(WRITABLE);
    let names = controller::CONTROLLER_DNS_NAMES.map(str::to_owned).to_vec();
    let asked = RequestAttributes {
        sans_dns: names,
        ..controller::leaf_attributes("controller")
    };
    let request = CertificateRequest::new(&asked, &key).expect(WRITABLE);
    let terms = Terms {
        serial: SerialNumber::random_160(&mut stream),
        now,
        validity,
    };
    let leaf = controller::generate_leaf(&request, &ca, &ca_key, &terms, &mut stream);
    let leaf = leaf.expect(WRITABLE);
    let identity = Identity::new([leaf, ca.clone()], key);
    (identity, TrustStore::from_iter([ca]))
}

impl World {
    /// Whether a unit's agent can connect to its controller now: a handshake at the unit's own
    /// clock, against the CA it was provisioned with. Agents are Go; of the validators there are,
    /// OpenSSL's rules for this chain are the same.
    pub(super) fn judge_agent(&mut self, unit: UnitId, now: Time) -> Result<(), ConnectionError> {
        let found = self.juju.unit(unit);
        let model = self.juju.application(found.application).model;
        let controller = controller_index(self.juju.model(model).controller);
        let clock = now.skewed_by(found.skew_ns);
        let subject = format!("{}/{}", self.juju.model(model).name, found.name);
        self.dial(controller, clock, now, &subject)
    }

    /// Whether the consumer's controller can connect to the offering one: against the CA that it
    /// pinned when the offer was consumed.
    pub(super) fn judge_link(&mut self, link: LinkId, now: Time) -> Result<(), ConnectionError> {
        let found = self.juju.link(link);
        let (to, from) = (controller_index(found.to), controller_index(found.from));
        let clock = now.skewed_by(self.juju.controller(found.from).skew_ns);
        self.dial(to, clock, now, &format!("controller {from:?} to {to:?}"))
    }

    fn dial(
        &mut self,
        server: ControllerIndex,
        clock: Time,
        now: Time,
        subject: &str,
    ) -> Result<(), ConnectionError> {
        let (identity, trust) = self.controllers[server].parts.clone();
        let case = Case {
            client: ClientSide {
                trust,
                identity: None,
                validator: Validator::OpenSsl,
                clock,
            },
            server: ServerSide {
                identity,
                client_trust: None,
                validator: Validator::OpenSsl,
                clock: now,
            },
            server_name: SERVER_NAME.to_owned(),
        };
        let streams = self.streams.clone();
        let (verdict, performed) = self.cache.judge(&case, || streams.stream("dial", subject));
        self.performed += u64::from(performed);
        if verdict.is_ok() {
            Ok(())
        } else {
            Err(ConnectionError::Tls(verdict.rustls.as_str().into()))
        }
    }
}
