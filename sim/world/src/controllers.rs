//! Controllers' own TLS: agents and other controllers reach them with the CA they were given.

use super::deployed::{Deployed, controller_index};
use super::handshakes::Handshakes;
use trustsim_juju::{ConnectionError, LinkId, UnitId};
use trustsim_kernel::{Seq, Streams, Time};
use trustsim_model::{ControllerIndex, Deployment, TiVec};
use trustsim_pki::issuers::controller;
use trustsim_pki::{CertificateRequest, KeyPair, RequestAttributes, SerialNumber, Terms};
use trustsim_tls::{Case, ClientSide, Identity, ServerSide};
use trustsim_validators::{TrustStore, Validator};

/// The name every agent asks for (juju/juju 3.6 `api/apiclient.go`).
const SERVER_NAME: &str = "juju-apiserver";

/// Why no certificate of a controller can fail to be made.
const WRITABLE: &str = "the names in a controller's certificates are Juju's own and can be written";

/// The TLS side of every controller.
#[derive(Clone, Debug)]
pub(super) struct Controllers(TiVec<ControllerIndex, ControllerSide>);

/// What a controller presents, and the CA that was handed out at bootstrap.
#[derive(Clone, Debug)]
struct ControllerSide {
    parts: (Identity, TrustStore),
    /// What set its clock wrong, while it is.
    skewed_by: Option<Seq>,
}

impl Controllers {
    /// `juju bootstrap` of each: a CA and the API server's certificate, ten years each, made at the start
    /// of the run.
    pub(super) fn bootstrap(deployment: &Deployment, streams: &Streams) -> Self {
        let sides = deployment
            .controllers
            .iter()
            .map(|controller| ControllerSide {
                parts: make(&controller.name, streams, deployment),
                skewed_by: None,
            });
        Self(sides.collect())
    }

    /// The clock of a controller is off by so much from now on, by `entry`.
    pub(super) fn skew(&mut self, controller: ControllerIndex, skew_ns: i64, entry: Seq) {
        self.0[controller].skewed_by = (skew_ns != 0).then_some(entry);
    }

    /// What set the clock of a controller wrong, while it is.
    pub(super) fn skewed_by(&self, controller: ControllerIndex) -> Option<Seq> {
        self.0[controller].skewed_by
    }

    /// Whether a unit's agent can connect to its controller now: a handshake at the unit's own
    /// clock, against the CA it was provisioned with. Agents are Go; of the validators there are,
    /// OpenSSL's rules for this chain are the same.
    pub(super) fn judge_agent(
        &self,
        unit: UnitId,
        now: Time,
        deployed: &Deployed,
        handshakes: &mut Handshakes,
    ) -> Result<(), ConnectionError> {
        let juju = deployed.juju();
        let found = juju.unit(unit);
        let model = juju.application(found.application).model;
        let controller = controller_index(juju.model(model).controller);
        let clock = now.skewed_by(found.skew_ns);
        let subject = format!("{}/{}", juju.model(model).name, found.name);
        self.dial(controller, clock, now, &subject, handshakes)
    }

    /// Whether the consumer's controller can connect to the offering one: against the CA that it
    /// pinned when the offer was consumed.
    pub(super) fn judge_link(
        &self,
        link: LinkId,
        now: Time,
        deployed: &Deployed,
        handshakes: &mut Handshakes,
    ) -> Result<(), ConnectionError> {
        let juju = deployed.juju();
        let found = juju.link(link);
        let (to, from) = (controller_index(found.to), controller_index(found.from));
        let clock = now.skewed_by(juju.controller(found.from).skew_ns);
        let subject = format!("controller {from:?} to {to:?}");
        self.dial(to, clock, now, &subject, handshakes)
    }

    fn dial(
        &self,
        server: ControllerIndex,
        clock: Time,
        now: Time,
        subject: &str,
        handshakes: &mut Handshakes,
    ) -> Result<(), ConnectionError> {
        let (identity, trust) = self.0[server].parts.clone();
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
        let verdict = handshakes.judge(&case, "dial", subject).verdict;
        if verdict.is_ok() {
            Ok(())
        } else {
            Err(ConnectionError::Tls(verdict.rustls.as_str().into()))
        }
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
