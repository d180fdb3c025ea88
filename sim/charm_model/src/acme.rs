//! A public ACME CA outside every deployment, as Let's Encrypt runs one: what it refuses, how long
//! an order takes, what its rate limits are, which intermediate signs.
//!
//! What it remembers of its callers (accounts, buckets, whether it is down) are values outside
//! Juju ([`UnitContext::outside`]), so that the world stays one value. Sources: letsencrypt/boulder
//! (`policy/pa.go`, `ratelimits/`), letsencrypt.org/docs/rate-limits, go-acme/lego v4.

mod limits;
mod names;

use std::sync::Arc;

pub use limits::{AcmeLimit, Counted as AcmeLimitScope, acme_limits};

use limits::{FAILURES, ORDERS, PER_DOMAIN, PER_SET};
pub use names::domains;
pub use names::refusal;
use names::{identifiers, set_of};
use rand::Rng;

use super::issuing::SigningCa;
use trustsim_interfaces::{KeySource, UnitContext};
use trustsim_juju::Value;
use trustsim_kernel::{Span, Streams, Time};
use trustsim_pki::issuers::lets_encrypt;
use trustsim_pki::{
    Certificate, CertificateRequest, PkiError, RequestAttributes, SerialNumber, Terms, issue,
    self_sign,
};

/// Whether the server can be reached; set while it cannot.
pub const DOWN: &str = "acme/down";
/// lego's default for how long it looks for its own record (`PropagationTimeout`).
const LEGO_TIMEOUT: Span = Span::from_secs(60);
const YEAR: Span = Span::from_secs(365 * 86_400);

/// What a scenario says of the server and of the DNS it looks into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcmeProfile {
    /// Domains whose records the DNS plugin may write; every public one where empty.
    pub zones: Vec<String>,
    /// From writing a record until everybody sees it.
    pub dns_propagation: Span,
    /// What an order takes beside that.
    pub order: Span,
}

impl Default for AcmeProfile {
    fn default() -> Self {
        Self {
            zones: Vec::new(),
            dns_propagation: Span::from_secs(30),
            order: Span::from_secs(10),
        }
    }
}

/// The server: its keys and certificates. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AcmeServer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    profile: AcmeProfile,
    root: SigningCa,
    /// Two for each year, of which either signs.
    intermediates: Vec<[SigningCa; 2]>,
    start: Time,
}

/// How control of a name is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// A DNS record; with the seconds that are waited before the server looks, else lego looks
    /// itself until it sees it.
    Dns(Option<u64>),
    /// A file on port 80; whether an ingress leads there.
    Http(bool),
}

/// One order.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// What the certificate is for.
    pub request: &'a CertificateRequest,
    /// The account's key, as a short text.
    pub account: &'a str,
    /// How control of the names is proven.
    pub challenge: Challenge,
}

/// `LEGOError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its code: `rateLimited`, `network_error`, ...
    pub code: &'static str,
    /// Whether the server said so; else lego itself.
    pub by_server: bool,
    /// What it says.
    pub detail: String,
    /// Whether an address is what was refused.
    pub is_ip: bool,
}

impl Refused {
    fn by_server(code: &'static str, detail: String) -> Self {
        Self {
            code,
            by_server: true,
            detail,
            is_ip: false,
        }
    }

    fn by_lego(code: &'static str, detail: String) -> Self {
        Self {
            by_server: false,
            ..Self::by_server(code, detail)
        }
    }
}

impl AcmeServer {
    /// Makes the root and the intermediates of a run that begins at `start`.
    ///
    /// # Errors
    ///
    /// [`PkiError`] where a name cannot be written.
    pub fn new(
        profile: AcmeProfile,
        keys: &KeySource,
        streams: &Streams,
        start: Time,
        duration: Span,
    ) -> Result<Self, PkiError> {
        let mut of_keys = streams.stream("acme-key", "");
        let mut serials = streams.stream("acme-serial", "");
        let mut terms = |from: Time, validity: Span| Terms {
            serial: SerialNumber::random_136(1, &mut serials),
            now: from,
            validity,
        };
        let named = |name: &str| RequestAttributes {
            organization: Some("Public ACME CA".to_owned()),
            country_name: Some("US".to_owned()),
            ..RequestAttributes::with_common_name(name)
        };
        // ISRG Root X1 began in 2015 and lives twenty years.
        let began = start - YEAR * 10;
        let key = keys.authority_from(&mut of_keys);
        let root_terms = terms(began, YEAR * 20);
        let root = SigningCa {
            certificate: self_sign(
                &named("Public Root X1"),
                &key,
                &root_terms,
                &lets_encrypt::ROOT,
            )?,
            key,
        };
        let mut intermediates = Vec::new();
        let years = duration.as_secs() / YEAR.as_secs() + 1;
        let years = u32::try_from(years).expect("a run lasts at most some hundred years");
        for year in 0..years {
            // Each signs for about a year and lives three.
            let from = start + YEAR * year - Span::from_secs(30 * 86_400);
            let mut sign = |number: u32| -> Result<SigningCa, PkiError> {
                let key = keys.authority_from(&mut of_keys);
                let name = named(&format!("E{}", 7 + 2 * year + number));
                let request = CertificateRequest::new(&name, &key)?;
                let terms = terms(from, YEAR * 3);
                let template = lets_encrypt::intermediate(start + YEAR * year, "x1");
                let certificate = issue(&request, &root.certificate, &root.key, &terms, &template)?;
                assert_eq!(
                    certificate.issuer_der(),
                    root.certificate.subject_der(),
                    "an intermediate of the public CA is under its root"
                );
                Ok(SigningCa { certificate, key })
            };
            intermediates.push([sign(0)?, sign(1)?]);
        }
        Ok(Self(Arc::new(Inner {
            profile,
            root,
            intermediates,
            start,
        })))
    }

    /// The root, which is in every system's trust store.
    pub fn root(&self) -> &Certificate {
        &self.0.root.certificate
    }

    /// One order from beginning to end, in the hook: it takes its time. The certificate and the
    /// intermediate that signed it.
    pub fn order(
        &self,
        order: Order<'_>,
        unit: &mut UnitContext<'_>,
    ) -> Result<(Certificate, Certificate), Refused> {
        unit.spend(self.0.profile.order);
        if unit.outside(DOWN).is_some() {
            let detail = "get directory: dial tcp: connect: connection refused";
            return Err(Refused::by_lego("network_error", detail.to_owned()));
        }
        let names = identifiers(order.request)?;
        self.check_limits(order.account, &names, unit)?;
        self.authorize(&order, &names, unit)?;
        self.sign(order.request, &names, unit)
    }

    fn check_limits(
        &self,
        account: &str,
        names: &[String],
        unit: &mut UnitContext<'_>,
    ) -> Result<(), Refused> {
        let now = unit.now_after_spent();
        if let Some(wait) = ORDERS.wait(unit, account, now) {
            let what = "new orders (300) from this account in the last 3h0m0s";
            return Err(ORDERS.refusal(what, wait));
        }
        for name in names {
            if let Some(wait) = FAILURES.wait(unit, &format!("{account}/{name}"), now) {
                let what = format!("failed authorizations (5) for {name:?} in the last 1h0m0s");
                return Err(FAILURES.refusal(&what, wait));
            }
        }
        let set = set_of(names);
        // A renewal does not count against its domain.
        let is_renewal = unit.outside(&issued_key(&set)).is_some();
        for domain in domains(names).into_iter().filter(|_| !is_renewal) {
            if let Some(wait) = PER_DOMAIN.wait(unit, &domain, now) {
                let what =
                    format!("certificates (50) already issued for {domain:?} in the last 168h0m0s");
                return Err(PER_DOMAIN.refusal(&what, wait));
            }
        }
        if let Some(wait) = PER_SET.wait(unit, &set, now) {
            let what = "certificates (5) already issued for this exact set of identifiers in the last 168h0m0s";
            return Err(PER_SET.refusal(what, wait));
        }
        ORDERS.take(unit, account, now);
        Ok(())
    }

    /// Every name is proven, one after the other.
    fn authorize(
        &self,
        order: &Order<'_>,
        names: &[String],
        unit: &mut UnitContext<'_>,
    ) -> Result<(), Refused> {
        let profile = &self.0.profile;
        for name in names {
            let base = name.strip_prefix("*.").unwrap_or(name);
            match order.challenge {
                Challenge::Dns(_) if !profile.covers(base) => {
                    let detail = format!("could not find the zone for _acme-challenge.{base}.");
                    return Err(Refused::by_lego("dns_provider", detail));
                }
                Challenge::Dns(None) if profile.dns_propagation > LEGO_TIMEOUT => {
                    unit.spend(LEGO_TIMEOUT);
                    let detail = format!("propagation: time limit exceeded for {base}");
                    return Err(Refused::by_lego("propagation", detail));
                }
                Challenge::Dns(None) => unit.spend(profile.dns_propagation),
                Challenge::Dns(Some(seconds)) => {
                    let waited = Span::from_secs(seconds);
                    unit.spend(waited);
                    if waited < profile.dns_propagation {
                        let detail = format!("No TXT record found at _acme-challenge.{base}");
                        return Err(failed("unauthorized", detail, order.account, name, unit));
                    }
                }
                Challenge::Http(_) if name != base => {
                    let detail = "no HTTP-01 challenge for a wildcard".to_owned();
                    return Err(Refused::by_lego("challenge", detail));
                }
                Challenge::Http(false) => {
                    let detail = format!(
                        "{base}: Fetching http://{base}/.well-known/acme-challenge/: Connection refused"
                    );
                    return Err(failed("connection", detail, order.account, name, unit));
                }
                Challenge::Http(true) => {}
            }
        }
        Ok(())
    }

    fn sign(
        &self,
        request: &CertificateRequest,
        names: &[String],
        unit: &mut UnitContext<'_>,
    ) -> Result<(Certificate, Certificate), Refused> {
        let now = unit.now_after_spent();
        let set = set_of(names);
        let is_renewal = unit.outside(&issued_key(&set)).is_some();
        for domain in domains(names).into_iter().filter(|_| !is_renewal) {
            PER_DOMAIN.take(unit, &domain, now);
        }
        PER_SET.take(unit, &set, now);
        unit.set_outside(&issued_key(&set), Some(Value::from("")));
        let year = now.since(self.0.start).as_secs() / YEAR.as_secs();
        let intermediates = &self.0.intermediates;
        // An order that takes its time can end some minutes after the run.
        let pair = intermediates.get(year as usize).or(intermediates.last());
        let pair = pair.expect("the public CA has intermediates from the start of the run");
        let issuer = &pair[usize::from(unit.stream("acme-intermediate").next_u64() & 1 == 1)];
        let signs = issuer.certificate.not_before()..=issuer.certificate.not_after();
        assert!(
            signs.contains(&now),
            "the public CA signs with an intermediate that is valid at {now}"
        );
        let serial = lets_encrypt::serial_number(&mut unit.stream("serial-number"));
        let (ca, key) = (&issuer.certificate, &issuer.key);
        let signed = lets_encrypt::sign(request, ca, key, serial, now);
        let certificate =
            signed.map_err(|error| Refused::by_server("badCSR", error.to_string()))?;
        Ok((certificate, issuer.certificate.clone()))
    }
}

impl AcmeProfile {
    /// Whether the DNS plugin may write records of this name.
    fn covers(&self, name: &str) -> bool {
        let within = |zone: &String| {
            let above = name.strip_suffix(zone.as_str());
            above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
        };
        self.zones.is_empty() || self.zones.iter().any(within)
    }
}

/// An authorization that the server could not validate: it counts.
fn failed(
    code: &'static str,
    detail: String,
    account: &str,
    name: &str,
    unit: &mut UnitContext<'_>,
) -> Refused {
    let now = unit.now_after_spent();
    FAILURES.take(unit, &format!("{account}/{name}"), now);
    Refused::by_server(code, detail)
}

fn issued_key(set: &str) -> String {
    format!("acme/issued/{set}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_covers_what_is_below_it() {
        let profile = AcmeProfile {
            zones: vec!["shop.dev".to_owned()],
            ..AcmeProfile::default()
        };
        assert!(profile.covers("shop.dev") && profile.covers("a.shop.dev"));
        assert!(!profile.covers("workshop.dev"));
    }
}
