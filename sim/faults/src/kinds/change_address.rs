//! Another address of a machine or pod.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use trustsim_errors::{Code, Diagnostic};
use trustsim_kernel::Span;
use trustsim_model::{Action, Deployment, UnitAction};
use trustsim_yaml::{Text, record};

use crate::Fault;
use crate::draw::{Draw, Drawn};
use crate::kind::{Effect, FaultKind};
use crate::site::Site;
use crate::write::target_key;

record! {
    /// Whose machines or pods get another address.
    pub(crate) struct ChangeAddressFile {
        /// `model.app`: of every unit.
        app: Text = "app",
        /// `model.app/0`.
        unit: Text = "unit",
        /// `model.app`: of its load balancer, which it has by `load-balancer`.
        load_balancer: Text = "load-balancer",
        /// The address, IPv4 or IPv6, of one unit or a load balancer; without it one that no unit ever had.
        to: Text = "to",
    }
}

pub(crate) struct ChangeAddress;

impl FaultKind for ChangeAddress {
    type Shape = ChangeAddressFile;
    const KEY: &'static str = "change-address";
    const ABOUT: &'static str = "Machines or pods get another address.";
    const EFFECT: &'static str = "clients that dial a machine dial its other address at once, and meet the certificate that \
        is served; who dials a pod by its DNS name finds it as before. The controller learns of a \
        machine when it next asks the cloud (every 15 min) or when an agent there connects, as after \
        `kill-unit`. Then every unit on it runs `config-changed`, which brings `ingress-address`, `private-address` and \
        `egress-subnets` of its databags up to date, and charms ask for another certificate or do not. \
        Processes go on, and are taken to listen at the other address too. Of a pod, and of a \
        load balancer of the charm's own, Juju tells no unit: its next hook finds the address, for which reverse DNS has \
        no name";
    const SOURCE: &'static str = "juju/juju 3.6 `internal/worker/instancepoller/worker.go`, \
        `internal/worker/machiner/machiner.go`, `internal/worker/uniter/remotestate/watcher.go` (`WatchAddressesHash`), \
        `apiserver/facades/agent/uniter/uniter.go` (`WatchUnitAddressesHash`)";
    const DRAWN_ON: Range<u64> = 20..21;

    fn resolve(shape: &ChangeAddressFile, site: &mut Site<'_>) -> Option<Effect> {
        if let Some(text) = &shape.load_balancer {
            return load_balancer(shape, text, site);
        }
        let target = site.target(shape.app.as_ref(), shape.unit.as_ref(), shape.place)?;
        let to = match &shape.to {
            None => None,
            Some(text) if target.unit.is_none() => {
                let message = "units of an application do not share one address";
                let wrong = Diagnostic::error(Code::Fault, text.place, message);
                return site.report(wrong.help("name one of them with `unit: model.app/0`"));
            }
            Some(text) => Some(parse_address(text, site)?),
        };
        Some(Action::Unit(UnitAction::ChangeAddress { target, to }).into())
    }

    fn write(fault: &Fault, deployment: &Deployment) -> Option<Vec<String>> {
        let (whose, to) = match fault.action {
            Action::Unit(UnitAction::ChangeAddress { target, to }) => {
                (target_key(target, deployment), to)
            }
            Action::Unit(UnitAction::ChangeLoadBalancer { application, to }) => {
                let address = deployment.application_address(application);
                (format!("load-balancer: {address}"), Some(to))
            }
            _ => return None,
        };
        let to = to.map(|to| format!("to: \"{to}\""));
        Some(std::iter::once(whose).chain(to).collect())
    }

    /// A machine or a pod keeps the address that it gets, which heals once its charm has asked for that. A load balancer,
    /// of which Juju tells no unit, gets back the one that it had.
    fn draw(draw: &mut Draw<'_>, _lasts: Span) -> Option<Drawn> {
        let target = draw.target()?;
        let application = target.application;
        let Some(found) = &draw.deployment.applications[application].load_balancer else {
            let change = UnitAction::ChangeAddress { target, to: None };
            return Some(Fault::from(Action::Unit(change)).into());
        };
        let before = found.address;
        let host = u8::try_from(draw.below(254) + 1).expect("it is below 255");
        let to = IpAddr::from(Ipv4Addr::new(198, 51, 100, host));
        let change = |to| {
            Fault::from(Action::Unit(UnitAction::ChangeLoadBalancer {
                application,
                to,
            }))
        };
        (to != before).then(|| Drawn {
            fault: change(to),
            after: Some(change(before)),
        })
    }
}

/// The load balancer that an application has gets another address.
fn load_balancer(shape: &ChangeAddressFile, text: &Text, site: &mut Site<'_>) -> Option<Effect> {
    let application = site.names.application(text)?;
    if shape.app.is_some() || shape.unit.is_some() {
        let message = "name one of `app`, `unit` and `load-balancer`";
        return site.error(Code::OneOf, shape.place, message);
    }
    if site.deployment().applications[application]
        .load_balancer
        .is_none()
    {
        let message = format!("`{}` has no load balancer", text.value);
        let wrong = Diagnostic::error(Code::Fault, text.place, message);
        return site
            .report(wrong.help("give the application one with `load-balancer: {address: ...}`"));
    }
    let Some(to) = &shape.to else {
        let message = "say with `to` which address the load balancer gets";
        return site.error(Code::MissingKey, shape.place, message);
    };
    let to = parse_address(to, site)?;
    Some(Action::Unit(UnitAction::ChangeLoadBalancer { application, to }).into())
}

/// An address that a machine can have.
fn parse_address(text: &Text, site: &mut Site<'_>) -> Option<IpAddr> {
    let Ok(address) = text.value.parse::<IpAddr>() else {
        let message = format!("`{}` is no IPv4 or IPv6 address", text.value);
        return site.error(Code::BadValue, text.place, message);
    };
    if address.is_loopback() || address.is_unspecified() || address.is_multicast() {
        let message = format!("no machine is reached at `{address}`");
        return site.error(Code::BadValue, text.place, message);
    }
    Some(address)
}
