//! `EasyRSA` itself: the `pki` folder of a unit and the commands that write it
//! (OpenVPN/easy-rsa `easyrsa3/easyrsa`, tags v3.0.1 to v3.0.9).

use serde_json::json;
use trustsim_interfaces::notes::Note;

use super::EasyRsaVersion;
use crate::issuing::{note_ca, note_legacy, value_error};
use crate::names::attributes;
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::tls_certificates_legacy::LegacyRequest;
use trustsim_interfaces::{KeySource, json, pem, serial_number};
use trustsim_juju::{HookError, Value};
use trustsim_kernel::Span;
use trustsim_pki::{
    Certificate, CertificateRequest, KeyPair, RequestAttributes, SerialNumber, Template, Terms,
    issue, issuers, self_sign,
};

const CA_FILE: &str = "pki/ca.crt";
const CA_KEY_FILE: &str = "pki/private/ca.key";
const SERIAL_FILE: &str = "pki/serial";
const DAY: Span = Span::from_secs(86_400);
/// `EASYRSA_CA_EXPIRE`, the same in every release.
const CA_DAYS: u32 = 3650;

/// A certificate and its key, as the files are read.
pub(super) struct Made {
    pub certificate: Value,
    pub key: Value,
}

impl EasyRsaVersion {
    /// `EASYRSA_CERT_EXPIRE`: ten years at first, 1080 days from 3.0.5, 825 from 3.0.7.
    const fn leaf_days(self) -> u32 {
        match self.0 {
            0..=4 => 3650,
            5 | 6 => 1080,
            _ => 825,
        }
    }

    /// Whether serial numbers are drawn (`EASYRSA_RAND_SN`, from 3.0.5) and not counted.
    const fn draws_serials(self) -> bool {
        self.0 >= 5
    }
}

/// `build-ca nopass` under the unit's ingress address: CA, key and the first serial number, as
/// leader settings keep them.
pub(super) fn build_ca(
    unit: &mut UnitContext<'_>,
    keys: &KeySource,
) -> Result<(Value, Value, Value), HookError> {
    let key = keys.authority(unit);
    let name = RequestAttributes::with_common_name(unit.address());
    let terms = Terms {
        serial: serial_number(unit),
        now: unit.now(),
        validity: DAY * CA_DAYS,
    };
    let ca = self_sign(&name, &key, &terms, &issuers::easyrsa::CA)
        .map_err(|error| value_error(&error))?;
    note_ca(unit, &ca, Some(&ca));
    let (ca, key) = (pem::chain_value(&[ca]), pem::key_value(&key));
    let serial = Value::from("01");
    recover(unit, ca.clone(), key.clone(), serial.clone());
    Ok((ca, key, serial))
}

/// Writes the CA of the leader settings into an empty `pki` folder. The serial number is that of
/// the day the CA was made.
pub(super) fn recover(unit: &mut UnitContext<'_>, ca: Value, key: Value, serial: Value) {
    unit.push_file(CA_FILE, ca);
    unit.push_file(CA_KEY_FILE, key);
    unit.push_file(SERIAL_FILE, serial);
}

/// `create_server_certificate` before 7105b8b: a unit has one file for its server, named by its `certificate_name`, and
/// what lies there is given out whatever is asked for.
pub(super) fn kept(unit: &mut UnitContext<'_>, asked: &LegacyRequest) -> Option<Made> {
    let path = format!("unitdata/certificate_name.{}", asked.unit_key);
    let first = unit.files().get(path.as_str()).cloned();
    match first {
        Some(name) => issued(unit, name.text()),
        None => {
            unit.push_file(&path, Value::from(asked.common_name.as_str()));
            None
        }
    }
}

/// `create_server_certificate`: made anew when the names change; what it replaces is revoked,
/// which no unit learns.
pub(super) fn server(
    unit: &mut UnitContext<'_>,
    version: EasyRsaVersion,
    keys: &KeySource,
    asked: &LegacyRequest,
) -> Result<Made, HookError> {
    let name = &asked.common_name;
    let wanted = json!({ "cn": name, "name": name, "sans": sans_text(&asked.sans) });
    let wanted = Value::from(json::dumps(&wanted, true));
    let memory = format!("unitdata/reactive.data_changed.server_cert.{name}");
    let changed = unit.push_file(&memory, wanted);
    if let Some(made) = issued(unit, name) {
        if !changed {
            return Ok(made);
        }
        unit.note(Note::CertificateRevoked {
            common_name: name.clone(),
        });
    }
    let mut names = vec![name.clone()];
    names.extend(asked.sans.iter().cloned());
    let mut subject = attributes(&names, name);
    // The common name is among the alternative names only where it was asked for.
    if !asked.sans.contains(name) {
        subject.sans_dns.retain(|other| other != name);
        subject.sans_ip.retain(|other| other.to_string() != *name);
    }
    let template = &issuers::easyrsa::SERVER;
    build(unit, version, keys, name, subject, template, Some(asked))
}

/// `create_client_certificate`: one for each name, once.
pub(super) fn client(
    unit: &mut UnitContext<'_>,
    version: EasyRsaVersion,
    keys: &KeySource,
    name: &str,
    asked: Option<&LegacyRequest>,
) -> Result<Made, HookError> {
    if let Some(made) = issued(unit, name) {
        return Ok(made);
    }
    let subject = RequestAttributes::with_common_name(name);
    let template = &issuers::easyrsa::CLIENT;
    build(unit, version, keys, name, subject, template, asked)
}

/// What lies in the folder under this name.
fn issued(unit: &UnitContext<'_>, name: &str) -> Option<Made> {
    let file = |path: String| unit.files().get(path.as_str()).cloned();
    Some(Made {
        certificate: file(certificate_path(name))?,
        key: file(key_path(name))?,
    })
}

/// `build-server-full`, `build-client-full`.
fn build(
    unit: &mut UnitContext<'_>,
    version: EasyRsaVersion,
    keys: &KeySource,
    name: &str,
    subject: RequestAttributes,
    template: &Template,
    asked: Option<&LegacyRequest>,
) -> Result<Made, HookError> {
    let (ca, ca_key) = authority(unit)?;
    let key = keys.leaf(unit);
    let terms = Terms {
        serial: next_serial(unit, version),
        now: unit.now(),
        validity: DAY * version.leaf_days(),
    };
    let request = CertificateRequest::new(&subject, &key).map_err(|error| value_error(&error))?;
    let certificate =
        issue(&request, &ca, &ca_key, &terms, template).map_err(|error| value_error(&error))?;
    note_legacy(unit, asked, &certificate, &ca);
    let made = Made {
        certificate: with_newline(&pem::chain_value(&[certificate])),
        key: Value::from(format!("{}\n", key.to_pkcs8_pem())),
    };
    unit.push_file(&certificate_path(name), made.certificate.clone());
    unit.push_file(&key_path(name), made.key.clone());
    Ok(made)
}

fn authority(unit: &UnitContext<'_>) -> Result<(Certificate, KeyPair), HookError> {
    let missing = || HookError::Charm("CalledProcessError: ./easyrsa: no CA".to_owned());
    let file = |path: &str| unit.files().get(path).ok_or_else(missing);
    let (chain, key) = (pem::chain(file(CA_FILE)?), pem::key(file(CA_KEY_FILE)?));
    let certificate = (*chain).as_ref().map_err(value_error)?.first().cloned();
    let certificate = certificate.ok_or_else(missing)?;
    let key = (*key).as_ref().map_err(value_error)?.clone();
    assert_eq!(
        certificate.spki_der(),
        key.spki_der(),
        "{}: the key beside `{}` is its own, also where both come from leader settings",
        unit.unit_name(),
        certificate.subject()
    );
    Ok((certificate, key))
}

/// The number in `pki/serial`, which then counts on; or one that is drawn.
fn next_serial(unit: &mut UnitContext<'_>, version: EasyRsaVersion) -> SerialNumber {
    if version.draws_serials() {
        return serial_number(unit);
    }
    let text = unit.files().get(SERIAL_FILE).map(Value::text);
    // `init-pki` begins with 01.
    let number = text.map_or(1, |text| {
        u64::from_str_radix(text, 16).expect("the number that was written last")
    });
    let next = format!("{:X}", number + 1);
    let padded = if next.len() % 2 == 1 { "0" } else { "" };
    unit.push_file(SERIAL_FILE, Value::from(format!("{padded}{next}")));
    SerialNumber::from(number)
}

/// `get_sans`.
fn sans_text(sans: &[String]) -> String {
    let kind = |name: &String| match name.parse::<std::net::IpAddr>() {
        Ok(_) => format!("IP:{name}"),
        Err(_) => format!("DNS:{name}"),
    };
    sans.iter().map(kind).collect::<Vec<_>>().join(",")
}

fn with_newline(chain: &Value) -> Value {
    let text = format!("{}\n", chain.text());
    match chain.remembered::<pem::ParsedChain>() {
        Some(parsed) => Value::with_parsed(text, parsed),
        None => Value::from(text),
    }
}

fn certificate_path(name: &str) -> String {
    format!("pki/issued/{name}.crt")
}

fn key_path(name: &str) -> String {
    format!("pki/private/{name}.key")
}
