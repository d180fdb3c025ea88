//! `tls-constraints`: canonical/tls-constraints-operator `src/charm.py` at e071954, with the library
//! it vendors, `tls_certificates_interface.v3` patch 26, on both sides.
//!
//! Noteworthy: requests come from unit databags only, so a requirer that asks for its application
//! (mode `app`) is never answered; what a filter denies is not refused, it just waits;
//! `allowed-organization` is read under another name and never applies; filters that are set later
//! deny renewals.
//!
//! Left out: the library's secrets. They expire in the last third of a life, which the charm does
//! not observe, and at the end of it, when the requirer has long asked again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regex::Regex;

use super::{Authority, Charm, Implementation};
use super::{OptionFault, Options};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::notes::{Note, RefusalKind, RefusedRequest};
use trustsim_interfaces::tls_certificates::{
    Answer, CertificateEntry, Outstanding, Provider, REQUESTS, RequestEntry, RequestList,
    read_provider, read_requests,
};
use trustsim_juju::{Hook, HookError, RelationId, Status, Value};
use trustsim_pki::{CertificateRequest, RequestAttributes};

const DOWNSTREAM: &str = "certificates-downstream";
const UPSTREAM: &str = "certificates-upstream";

pub(super) static IMPLEMENTATIONS: [Implementation; 1] = [Implementation {
    behaviour: "tls-constraints",
    build: |_| Arc::new(TlsConstraints::default()),
    option_faults,
    authority: Authority::Relay { endpoint: UPSTREAM },
    ..Implementation::NONE
}];

/// The charm.
#[derive(Clone, Debug)]
struct TlsConstraints {
    downstream: Provider,
}

impl Default for TlsConstraints {
    fn default() -> Self {
        Self {
            downstream: Provider::new(DOWNSTREAM),
        }
    }
}

/// The regular expressions that are set, by what they are for.
#[derive(Debug, Default)]
struct Filters {
    dns: Option<Regex>,
    ips: Option<Regex>,
    oids: Option<Regex>,
    common_name: Option<Regex>,
    email: Option<Regex>,
    country: Option<Regex>,
    first_requester: bool,
    one_request: bool,
}

impl Charm for TlsConstraints {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let endpoint = hook.relation().and_then(|id| unit.own_endpoint(id));
        match hook {
            Hook::UpdateStatus => self.configure(unit)?,
            Hook::RelationJoined { .. } if endpoint == Some(DOWNSTREAM) => self.configure(unit)?,
            // Without a unit it is the other application's databag, which the library ignores.
            Hook::RelationChanged {
                relation,
                unit: Some(_),
            } if endpoint == Some(DOWNSTREAM) && unit.is_leader() => {
                self.on_requests(*relation, unit)?;
            }
            Hook::RelationChanged { .. }
                if endpoint == Some(UPSTREAM) && !self.news(unit)?.is_empty() =>
            {
                self.configure(unit)?;
            }
            _ => {}
        }
        if unit.relations(UPSTREAM).is_empty() {
            let message = "Need a relation to a TLS certificates provider";
            unit.set_status(Status::Blocked, message);
        } else {
            unit.set_status(Status::Active, "");
        }
        Ok(())
    }
}

/// An option that does not allow a request.
struct Denial {
    option: &'static str,
    /// Its value that allows everything.
    allows: &'static str,
}

impl Denial {
    const fn of_limit(option: &'static str) -> Self {
        Self {
            option,
            allows: "false",
        }
    }
}

impl TlsConstraints {
    /// The library's `_on_relation_changed`: the charm configures for each new request, then for
    /// each certificate whose request is gone, which is removed.
    fn on_requests(
        &self,
        relation: RelationId,
        unit: &mut UnitContext<'_>,
    ) -> Result<(), HookError> {
        let mut outstanding = self.outstanding(unit)?;
        outstanding.retain(|asked| asked.relation == relation);
        if !outstanding.is_empty() {
            self.configure(unit)?;
        }
        // The charm logs what it denies, and the requirer learns nothing.
        for asked in outstanding {
            if let Some(Denial { option, allows }) = self.denied_by(&asked, unit)? {
                unit.note(Note::CertificateRefused {
                    refused: RefusedRequest {
                        common_name: asked.request.attributes().common_name.clone(),
                        kind: RefusalKind::Filtered { option, allows },
                        reason: format!("its option {option} does not allow it"),
                    },
                    request: Some(asked.request),
                });
            }
        }
        for _ in self.unsolicited(unit)? {
            self.configure(unit)?;
            // `remove_certificate`.
            self.downstream.on_hook(
                &Hook::RelationChanged {
                    relation,
                    unit: None,
                },
                unit,
            )?;
        }
        Ok(())
    }

    /// `_configure`.
    fn configure(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let Some(upstream) = unit.relations(UPSTREAM).first().copied() else {
            return Ok(());
        };
        for asked in self.outstanding(unit)? {
            if self.denied_by(&asked, unit)?.is_none() {
                forward(upstream, &asked, unit)?;
            }
        }
        for gone in self.unsolicited(unit)? {
            withdraw(upstream, &gone.request, unit)?;
        }
        self.relay(unit)
    }

    /// `_sync_available_certificates`.
    fn relay(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let mut answers: BTreeMap<RelationId, Vec<Answer>> = BTreeMap::new();
        for (relation, entry) in self.assigned(unit)? {
            answers.entry(relation).or_default().push(Answer {
                request: entry.request.clone(),
                certificate: entry.certificate.clone(),
                ca: entry.ca.clone(),
                chain: entry.chain.iter().flatten().cloned().collect(),
            });
        }
        for (relation, answers) in answers {
            self.downstream.set_certificates(unit, relation, answers)?;
        }
        Ok(())
    }

    /// `get_requirer_csrs`: what units ask for.
    fn requests(&self, unit: &UnitContext<'_>) -> Result<Vec<Outstanding>, HookError> {
        let mut requests = self.downstream.requests(unit)?;
        requests.retain(|asked| asked.unit.is_some());
        Ok(requests)
    }

    fn outstanding(&self, unit: &UnitContext<'_>) -> Result<Vec<Outstanding>, HookError> {
        let mut outstanding = self.downstream.outstanding(unit)?;
        outstanding.retain(|asked| asked.unit.is_some());
        Ok(outstanding)
    }

    /// `get_unsolicited_certificates`; a unit that does not lead sees none.
    fn unsolicited(&self, unit: &UnitContext<'_>) -> Result<Vec<Arc<CertificateEntry>>, HookError> {
        let requests = self.requests(unit)?;
        let asked: BTreeSet<&str> = requests.iter().map(|asked| asked.request.pem()).collect();
        let mut issued = self.downstream.issued(unit)?;
        issued.retain(|entry| !asked.contains(entry.request.pem()));
        Ok(issued)
    }

    /// What came from above, with the relation that asked for it (`_get_relation_id_for_csr`:
    /// only where exactly one did).
    fn assigned(
        &self,
        unit: &UnitContext<'_>,
    ) -> Result<Vec<(RelationId, Arc<CertificateEntry>)>, HookError> {
        let Some(upstream) = unit.relations(UPSTREAM).first().copied() else {
            return Ok(Vec::new());
        };
        let Some(data) = read_provider(&unit.remote_application_data(upstream)?)? else {
            return Ok(Vec::new());
        };
        let requests = self.requests(unit)?;
        let mut found = Vec::new();
        for own in &forwarded(upstream, unit)?.entries {
            let Some(entry) = data.certificates.answers(&own.request).next() else {
                continue;
            };
            let asking = requests.iter().filter(|asked| asked.request == own.request);
            let relations: BTreeSet<RelationId> = asking.map(|asked| asked.relation).collect();
            if let (1, Some(relation)) = (relations.len(), relations.first()) {
                found.push((*relation, Arc::clone(entry)));
            }
        }
        Ok(found)
    }

    /// What came from above and was not relayed yet.
    fn news(&self, unit: &UnitContext<'_>) -> Result<Vec<CertificateRequest>, HookError> {
        let issued = self.downstream.issued(unit)?;
        let is_new = |entry: &CertificateEntry| {
            let mut known = issued.iter();
            !known.any(|other| {
                other.request == entry.request && other.certificate == entry.certificate
            })
        };
        let assigned = self.assigned(unit)?;
        let news = assigned.iter().filter(|(_, entry)| is_new(entry));
        Ok(news.map(|(_, entry)| entry.request.clone()).collect())
    }

    /// `_is_certificate_allowed`: the option that does not allow it, if one does not.
    fn denied_by(
        &self,
        asked: &Outstanding,
        unit: &UnitContext<'_>,
    ) -> Result<Option<Denial>, HookError> {
        let filters = Filters::read(unit)?;
        let requests = self.requests(unit)?;
        let same = requests
            .iter()
            .filter(|other| other.relation == asked.relation);
        if filters.one_request && same.count() > 1 {
            return Ok(Some(Denial::of_limit("limit-to-one-request")));
        }
        if filters.first_requester && is_taken(asked, &requests, unit)? {
            return Ok(Some(Denial::of_limit("limit-to-first-requester")));
        }
        Ok(filters.field_denied(asked.request.attributes()))
    }
}

/// `LimitToFirstRequester`: whether a name of it was forwarded for another relation. What was
/// forwarded and is asked for no more counts as another requirer's until it is withdrawn.
fn is_taken(
    asked: &Outstanding,
    requests: &[Outstanding],
    unit: &UnitContext<'_>,
) -> Result<bool, HookError> {
    let Some(upstream) = unit.relations(UPSTREAM).first().copied() else {
        return Ok(false);
    };
    let wanted = names(asked.request.attributes());
    // The last one that has a name keeps it.
    let mut holders: BTreeMap<String, Option<RelationId>> = BTreeMap::new();
    for own in &forwarded(upstream, unit)?.entries {
        let holder = requests
            .iter()
            .rev()
            .find(|other| other.request == own.request);
        for name in names(own.request.attributes()) {
            holders.insert(name, holder.map(|other| other.relation));
        }
    }
    let mut wanted = wanted.iter();
    Ok(wanted.any(|name| {
        let holder = holders.get(name);
        holder.is_some_and(|holder| *holder != Some(asked.relation))
    }))
}

/// Everything in a request that must be unique: names, addresses, object identifiers, subject.
fn names(attributes: &RequestAttributes) -> BTreeSet<String> {
    let addresses = attributes.sans_ip.iter().map(ToString::to_string);
    let names = attributes
        .sans_dns
        .iter()
        .chain(&attributes.sans_oid)
        .cloned();
    names
        .chain(addresses)
        .chain(attributes.common_name.clone())
        .collect()
}

impl Filters {
    /// `_get_csr_filters`. It looks for `allowed-organizations`, which is no option of the charm, so
    /// `allowed-organization` has no effect.
    fn read(unit: &UnitContext<'_>) -> Result<Self, HookError> {
        let is_set = |option: &str| unit.config(option) == Some("true");
        let pattern = |option: &str| pattern(unit, option).map_err(HookError::Charm);
        Ok(Self {
            dns: pattern("allowed-dns")?,
            ips: pattern("allowed-ips")?,
            oids: pattern("allowed-oids")?,
            common_name: pattern("allowed-common-name")?,
            email: pattern("allowed-email")?,
            country: pattern("allowed-country-code")?,
            first_requester: is_set("limit-to-first-requester"),
            one_request: is_set("limit-to-one-request"),
        })
    }

    /// `AllowedFields`: every alternative name must match; a field of the subject must be there
    /// too. The option that denies the request, if one does.
    fn field_denied(&self, attributes: &RequestAttributes) -> Option<Denial> {
        let all = |pattern: &Option<Regex>, values: &[String]| {
            let matches =
                |value: &String| pattern.as_ref().is_none_or(|regex| regex.is_match(value));
            values.iter().all(matches)
        };
        let field = |pattern: &Option<Regex>, value: &Option<String>| match (pattern, value) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(regex), Some(value)) => regex.is_match(value),
        };
        let addresses: Vec<String> = attributes.sans_ip.iter().map(ToString::to_string).collect();
        let checks = [
            ("allowed-dns", all(&self.dns, &attributes.sans_dns)),
            ("allowed-ips", all(&self.ips, &addresses)),
            ("allowed-oids", all(&self.oids, &attributes.sans_oid)),
            (
                "allowed-common-name",
                field(&self.common_name, &attributes.common_name),
            ),
            (
                "allowed-email",
                field(&self.email, &attributes.email_address),
            ),
            (
                "allowed-country-code",
                field(&self.country, &attributes.country_name),
            ),
        ];
        let mut checks = checks.into_iter();
        let allows = "";
        checks
            .find(|(_, allows)| !allows)
            .map(|(option, _)| Denial { option, allows })
    }
}

/// The regular expression of an option, or what Python raises about it.
fn pattern(options: &dyn Options, option: &str) -> Result<Option<Regex>, String> {
    let text = options.option(option).filter(|text| !text.is_empty());
    // `re.match` looks at the beginning only.
    let compiled = text.map(|text| Regex::new(&format!("^(?:{text})")));
    let raised = |_| format!("re.error: {option} is no regular expression");
    compiled.transpose().map_err(raised)
}

/// Filters that raise in every hook that looks at a request.
pub(super) fn option_faults(options: &dyn Options) -> Vec<OptionFault> {
    let filters = [
        "allowed-dns",
        "allowed-ips",
        "allowed-oids",
        "allowed-common-name",
        "allowed-email",
        "allowed-country-code",
    ];
    let faults = filters.into_iter().filter_map(|option| {
        let raised = pattern(options, option).err()?;
        Some(OptionFault::new(option, format!("hook failed: {raised}")))
    });
    faults.collect()
}

/// What this unit asks above.
fn forwarded(upstream: RelationId, unit: &UnitContext<'_>) -> Result<Arc<RequestList>, HookError> {
    read_requests(&unit.unit_data(upstream, unit.id())?)
}

/// `request_certificate_creation`.
fn forward(
    upstream: RelationId,
    asked: &Outstanding,
    unit: &mut UnitContext<'_>,
) -> Result<(), HookError> {
    let mut entries = forwarded(upstream, unit)?.entries.clone();
    if entries.iter().any(|own| own.request == asked.request) {
        return Ok(());
    }
    entries.push(RequestEntry {
        request: asked.request.clone(),
        ca: Some(asked.is_ca),
    });
    write(upstream, entries, unit)
}

/// `request_certificate_revocation`.
fn withdraw(
    upstream: RelationId,
    request: &CertificateRequest,
    unit: &mut UnitContext<'_>,
) -> Result<(), HookError> {
    let mut entries = forwarded(upstream, unit)?.entries.clone();
    let before = entries.len();
    entries.retain(|own| own.request != *request);
    if entries.len() == before {
        return Ok(());
    }
    write(upstream, entries, unit)
}

fn write(
    upstream: RelationId,
    entries: Vec<RequestEntry>,
    unit: &mut UnitContext<'_>,
) -> Result<(), HookError> {
    let value = RequestList::new(entries).into_value();
    // The charm writes an empty list, where a requirer's library would delete the key.
    let value = value.unwrap_or_else(|| Value::from("[]"));
    unit.set_unit_data(upstream, REQUESTS, Some(value))?;
    Ok(())
}
