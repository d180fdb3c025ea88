//! The PKI mount `charm-pki` (`PKIManager`, `vault-package/vault/vault_managers.py`): under a CA
//! certificate from `tls-certificates-pki`, or with a root of its own where that relation is not
//! there. Only the Juju leader drives it, through its own unit's API.

use super::config::Engine;
use super::{Guard, PKI, Vault, config, process};
use crate::issuing::{self, SigningCa, by_relation, note_ca};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::notes::RefusalKind;
use trustsim_interfaces::tls_certificates::{
    Answer, ErrorCode, Outstanding, Request, RequestError,
};
use trustsim_interfaces::{pem, serial_number};
use trustsim_juju::{HookError, SecretOwner, Value};
use trustsim_kernel::{Span, Time};
use trustsim_pki::issuers::vault::{self, Refusal, SignError};
use trustsim_pki::{Certificate, Terms};

/// `PKIManager.SELF_SIGNED_CA_SECRET_LABEL`.
const ROOT_SECRET: &str = "vault-pki-self-signed-ca";
/// The issuer that this unit imported last.
const IMPORTED: &str = "vault/raft/charm-pki/issuer.pem";
/// The common name of the issuer that was imported first, for which the role was made.
const FIRST_NAME: &str = "vault/raft/charm-pki/first-common-name";

/// `calculate_certificates_ttl`: half of the CA's *whole* life, in whole seconds.
fn half_life(ca: &Certificate) -> Span {
    Span::from_secs(ca.not_after().since(ca.not_before()).as_secs() / 2)
}

fn request(unit: &UnitContext<'_>) -> Option<Request> {
    let is_valid = config::is_list(unit, "pki_allowed_domains");
    config::ca_request(unit, Engine::Pki).filter(|_| is_valid)
}

fn has_parent(unit: &UnitContext<'_>) -> bool {
    !unit.relations(PKI).is_empty()
}

/// What the charm thinks of the intermediate's remaining life, in the version that looks at it.
fn renewal_due(ca: &Certificate) -> Time {
    ca.not_after() - half_life(ca)
}

impl Vault {
    /// `_configure_pki_secrets_engine`.
    pub(super) fn configure_pki(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let Some(request) = request(unit).filter(|_| unit.is_leader()) else {
            return Ok(());
        };
        if has_parent(unit) {
            self.configure_external(unit, request)
        } else if self.pki_bugs.needs_parent {
            Ok(())
        } else {
            self.configure_own_root(unit, &request)
        }
    }

    /// `_configure_external_ca`: imports certificate and key, but not the CAs above them.
    fn configure_external(
        &self,
        unit: &mut UnitContext<'_>,
        request: Request,
    ) -> Result<(), HookError> {
        let requests = [request];
        let asks = self.asks(&requests, false);
        let Some(assigned) = self.pki_parent.assigned(unit, &asks, &requests[0])? else {
            return Ok(());
        };
        let ca = &assigned.entry.certificate;
        if unit.files().get(IMPORTED).map(Value::text) != Some(ca.pem()) {
            unit.push_file(IMPORTED, pem::chain_value(std::slice::from_ref(ca)));
            if self.remembers_first() && !unit.files().contains_key(FIRST_NAME) {
                let name = ca.subject_common_name();
                let name = name.expect("the charm requests its CA under a common name");
                unit.push_file(FIRST_NAME, Value::from(name));
            }
            return Ok(());
        }
        // `intermediate_ca_exceeds_role_ttl` compares the whole life with half of it: never due.
        let is_due = match self.guard {
            Guard::RemainingValidity => unit.has_passed(renewal_due(ca)),
            Guard::FirstIssuer => !is_first_named(unit, &requests[0]),
            Guard::WholeValidity | Guard::FixedRole => false,
        };
        if is_due {
            let request = &assigned.entry.request;
            self.pki_parent.renew_certificate(unit, &asks, request)?;
        }
        Ok(())
    }

    const fn remembers_first(&self) -> bool {
        matches!(self.guard, Guard::FirstIssuer | Guard::FixedRole)
    }

    /// `_ensure_self_signed_ca_in_vault`: a new root only where there is none or the common name
    /// is another; that it ends is not looked at.
    fn configure_own_root(
        &self,
        unit: &mut UnitContext<'_>,
        request: &Request,
    ) -> Result<(), HookError> {
        let attributes = &request.attributes;
        if own_root(unit).is_some_and(|root| is_named(&root, request)) {
            return Ok(());
        }
        let key = self.keys.authority(unit);
        let terms = Terms {
            serial: serial_number(unit),
            now: unit.now(),
            validity: config::self_signed_ca_validity(unit),
        };
        let limit = process::max_lease_ttl(unit);
        let root = vault::generate_root(attributes, &key, &terms, limit)
            .map_err(|error| issuing::value_error(&error))?;
        assert_eq!(
            root.subject_common_name(),
            attributes.common_name.as_deref(),
            "a root that was just made has the configured name, or each hook would make another"
        );
        note_ca(unit, &root, Some(&root));
        let content = [
            ("certificate".to_owned(), pem::chain_value(&[root])),
            ("privatekey".to_owned(), pem::key_value(&key)),
        ];
        let owner = SecretOwner::Application(unit.application_id());
        match unit.secret(owner, ROOT_SECRET) {
            Some(secret) => unit.set_secret_content(secret.id, content.into())?,
            None => {
                unit.add_secret(owner, ROOT_SECRET, content.into(), None)?;
            }
        }
        Ok(())
    }

    /// The CA that signs, as the leader knows it.
    pub(super) fn issuer(&self, unit: &UnitContext<'_>) -> Result<Option<SigningCa>, HookError> {
        let Some(request) = request(unit) else {
            return Ok(None);
        };
        if !has_parent(unit) {
            let has_root = !self.pki_bugs.needs_parent;
            return Ok(has_root.then(|| own_root(unit)).flatten());
        }
        let requests = [request];
        let asks = self.asks(&requests, false);
        let assigned = self.pki_parent.assigned(unit, &asks, &requests[0])?;
        Ok(assigned.map(|assigned| SigningCa {
            certificate: assigned.entry.certificate.clone(),
            key: assigned.key,
        }))
    }

    /// `_sync_vault_pki`: signs whatever waits, and says what was refused.
    pub(super) fn sync_pki(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if !unit.is_leader() {
            return Ok(());
        }
        let Some(issuer) = self.issuer(unit)? else {
            return Ok(());
        };
        let requests = self.provider.outstanding(unit)?;
        for asked in by_relation(&requests) {
            let mut answers = Vec::new();
            for asked in asked {
                match self.sign(unit, &issuer, asked)? {
                    Ok(answer) => answers.push(answer),
                    Err(_) if self.pki_bugs.silent_refusals => {}
                    Err(refusal) => {
                        let error = to_error(unit, &refusal);
                        let request = &asked.request;
                        self.provider.set_error(
                            unit,
                            asked.relation,
                            request,
                            error,
                            kind(&refusal),
                        )?;
                    }
                }
            }
            let relation = asked[0].relation;
            self.provider.set_certificates(unit, relation, answers)?;
        }
        Ok(())
    }

    /// `_generate_pki_certificate_for_requirer`: `ca` is the CA that signs, and the chain the leaf and
    /// it; what is above was never imported (canonical/vault-k8s-operator#664).
    fn sign(
        &self,
        unit: &mut UnitContext<'_>,
        issuer: &SigningCa,
        asked: &Outstanding,
    ) -> Result<Result<Answer, Refusal>, HookError> {
        let validity = self.leaf_validity(unit, issuer);
        let role = role(unit, validity);
        let ca = &issuer.certificate;
        // Nothing is drawn for what is refused, which update-status may try again in vain.
        // A name is refused whatever the time: the clock is looked at where the names are allowed, so that what is
        // tried in vain for years need not be played.
        let wanted = asked.request.attributes();
        let by_name = role.refuses_name(wanted);
        let refusal = by_name.or_else(|| role.refuses(wanted, unit.now() + validity, ca));
        if let Some(refusal) = refusal {
            return Ok(Err(refusal));
        }
        let terms = Terms {
            serial: serial_number(unit),
            now: unit.now(),
            validity,
        };
        let certificate = match vault::sign(&asked.request, ca, &issuer.key, &terms, &role) {
            Ok(certificate) => certificate,
            Err(SignError::Refused(refusal)) => return Ok(Err(refusal)),
            Err(SignError::Pki(error)) => return Err(issuing::value_error(&error)),
        };
        assert!(
            certificate.not_after() <= ca.not_after(),
            "the mount refuses what would outlive its CA: {}",
            certificate.subject()
        );
        let mut answer = issuing::note_and_answer(unit, asked, certificate, ca);
        if self.pki_bugs.chain_without_leaf {
            answer.chain.remove(0);
        }
        Ok(Ok(answer))
    }

    fn leaf_validity(&self, unit: &UnitContext<'_>, issuer: &SigningCa) -> Span {
        match self.pki_bugs.default_lease {
            true => process::default_lease_ttl(unit),
            false => half_life(&issuer.certificate),
        }
    }
}

/// Whether the issuer that was imported first is for the name that is configured.
fn is_first_named(unit: &UnitContext<'_>, request: &Request) -> bool {
    let first = unit.files().get(FIRST_NAME).map(Value::text);
    first.is_none() || first == request.attributes.common_name.as_deref()
}

fn is_named(root: &SigningCa, request: &Request) -> bool {
    let wanted = request.attributes.common_name.as_deref();
    root.certificate.subject_common_name() == wanted
}

/// `_get_self_signed_ca_from_secret`.
fn own_root(unit: &UnitContext<'_>) -> Option<SigningCa> {
    let owner = SecretOwner::Application(unit.application_id());
    let secret = unit.secret(owner, ROOT_SECRET)?;
    let root = SigningCa::from_secret_fields(&secret.content, "privatekey", "certificate");
    Some(root.expect("the charm reads the root that it wrote"))
}

fn role(unit: &UnitContext<'_>, max_ttl: Span) -> vault::Role {
    // Only revisions whose role stays as it was made remember for what.
    let made_for = unit.files().get(FIRST_NAME).map(Value::text);
    let configured = config::ca_common_name(unit);
    let common_name = made_for.or(configured.as_deref());
    config::role(unit, common_name, max_ttl)
}

/// Why Vault refuses a request.
const fn kind(refusal: &Refusal) -> RefusalKind {
    match refusal {
        Refusal::CommonName(_) | Refusal::AlternativeName(_) | Refusal::Email(_) => {
            RefusalKind::NameNotAllowed
        }
        Refusal::BeyondAuthority { .. } => RefusalKind::OutlivesCa,
        Refusal::Address => RefusalKind::Other,
    }
}

/// `_map_vault_pki_errors`: by what the text says. Vault says "subject alternate name", which the
/// charm does not look for, so a refused DNS name is `OTHER`. `reason` is how hvac prints it.
fn to_error(unit: &UnitContext<'_>, refusal: &Refusal) -> RequestError {
    let role = if unit.is_kubernetes() {
        "charm"
    } else {
        "charm-pki"
    };
    let path = format!("v1/charm-pki/sign/{role}");
    let reason = format!("{refusal}, on post {}/{path}", super::api_address(unit));
    let text = reason.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let (code, message) = if says(&["ip_san", "ip san", "ip subject alternative name"]) {
        let message = "Vault PKI role rejected the IP Subject Alternative Name.";
        (ErrorCode::IpNotAllowed, message)
    } else if says(&[
        "allowed_domain",
        "dns name",
        "common name",
        "subject alternative name",
    ]) {
        let message = "Vault PKI role rejected the requested DNS names.";
        (ErrorCode::DomainNotAllowed, message)
    } else {
        let message = "Vault PKI role rejected the certificate request.";
        (ErrorCode::Other, message)
    };
    let mut error = RequestError::new(code, message);
    error.reason = Some(reason);
    error.provider = Some("vault-pki".to_owned());
    error
}
