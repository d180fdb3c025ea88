//! `easyrsa`: charmed-kubernetes/layer-easyrsa `src/reactive/easyrsa.py` at 3cb8d83 over
//! OpenVPN/easy-rsa 3.0, the legacy protocol's simplest provider.
//!
//! Noteworthy: the CA's own key lies in leader settings; client certificates are kept by
//! common name, so that every `system:kube-apiserver` is one and the same; nothing is renewed, and
//! what is revoked stays valid, since no revocation list leaves the unit; a unit that takes over
//! has the CA but no index, starts to count serial numbers from the beginning again, and issues
//! everything anew; the unit that led before goes on answering beside it.
//!
//! Left out: the actions that back up and restore the `pki` folder, and series upgrades.

mod pki;

use std::sync::Arc;

use super::leader_settings::{LeaderSettings, note_key};
use super::{Authority, Bugs, Charm, Implementation};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::tls_certificates_legacy::{LegacyRequest, LegacyRequestKind, Provider};
use trustsim_interfaces::{KeySource, pem};
use trustsim_juju::{Hook, HookError, Status, Value};
use trustsim_pki::Certificate;

const ENDPOINT: &str = "client";
const CA: &str = "certificate_authority";
const CA_KEY: &str = "certificate_authority_key";
const CA_SERIAL: &str = "certificate_authority_serial";
const CLIENT: &str = "client_certificate";
const CLIENT_KEY: &str = "client_key";
/// `easyrsa.certificate.authority.available`.
const AVAILABLE: &str = "unitdata/flag/easyrsa.certificate.authority.available";
/// `easyrsa.global-client-cert.created`.
const CREATED: &str = "unitdata/flag/easyrsa.global-client-cert.created";

/// The release of `EasyRSA` in the charm's resource, the last number of `3.0.N`; the charm takes
/// 3.0.1 to 3.0.9 (charmed-kubernetes/layer-easyrsa `src/metadata.yaml` at 3cb8d83).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct EasyRsaVersion(u8);

pub(super) static IMPLEMENTATIONS: [Implementation; 9] = [
    release::<1>("3.0.1"),
    release::<2>("3.0.2"),
    release::<3>("3.0.3"),
    release::<4>("3.0.4"),
    release::<5>("3.0.5"),
    release::<6>("3.0.6"),
    release::<7>("3.0.7"),
    release::<8>("3.0.8"),
    release::<9>("3.0.9"),
];

const fn release<const RELEASE: u8>(version: &'static str) -> Implementation {
    Implementation {
        behaviour: "easyrsa",
        writes_files: true,
        version: Some(version),
        build: |setup| {
            let endpoint = setup.metadata.endpoint(ENDPOINT);
            let bugs = endpoint.map_or_else(Bugs::default, |endpoint| endpoint.bugs);
            Arc::new(EasyRsa::new(
                EasyRsaVersion(RELEASE),
                bugs,
                setup.keys.clone(),
            ))
        },
        bugs: &[(ENDPOINT, "keeps-issued")],
        authority: Authority::OwnRoot,
        ..Implementation::NONE
    }
}

/// The charm. Cheap to clone.
#[derive(Clone, Debug)]
struct EasyRsa(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    version: EasyRsaVersion,
    bugs: Bugs,
    keys: KeySource,
    provider: Provider,
    settings: LeaderSettings,
}

impl Charm for EasyRsa {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if matches!(hook, Hook::Stop | Hook::Remove) {
            return Ok(());
        }
        // Every handler whose flags are set runs in every hook, whatever the hook is.
        let leads = unit.is_leader();
        if leads && !is_set(unit, AVAILABLE) {
            self.create_certificate_authority(unit)?;
        }
        if !is_set(unit, AVAILABLE) {
            return Ok(());
        }
        let joined = self.0.provider.is_joined(unit);
        let message = match joined {
            true => "Certificate Authority connected.",
            false => "Certificate Authority ready.",
        };
        unit.set_status(Status::Active, message);
        if !joined {
            return Ok(());
        }
        if leads {
            let ca = self.0.settings.get(unit, CA);
            self.0.provider.set_for_all(unit, "ca", ca.as_ref())?;
            self.publish_global_client(unit)?;
        }
        // Not only the leader: a unit that led once still answers.
        for asked in self.0.provider.new_requests(unit)? {
            self.answer(&asked, unit)?;
        }
        Ok(())
    }

    // The CA, which people copy off the unit.
    fn ca_certificates(&self, unit: &UnitContext<'_>) -> Vec<Certificate> {
        pem::loadable(self.0.settings.get(unit, CA).as_ref())
    }
}

impl EasyRsa {
    /// The charm with this release of `EasyRSA`.
    fn new(version: EasyRsaVersion, bugs: Bugs, keys: KeySource) -> Self {
        Self(Arc::new(Inner {
            version,
            bugs,
            keys,
            provider: Provider::new(ENDPOINT),
            settings: LeaderSettings::default(),
        }))
    }

    /// `create_certificate_authority`: the one in leader settings, or a new one.
    fn create_certificate_authority(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let setting = |key| self.0.settings.get(unit, key);
        let known = [setting(CA), setting(CA_KEY), setting(CA_SERIAL)];
        if let [Some(ca), Some(key), Some(serial)] = known {
            pki::recover(unit, ca, key, serial);
        } else {
            let (ca, key, serial) = pki::build_ca(unit, &self.0.keys)?;
            self.0.settings.set(unit, CA, Some(ca.clone()))?;
            self.0.settings.set(unit, CA_KEY, Some(key))?;
            self.0.settings.set(unit, CA_SERIAL, Some(serial))?;
            let application = unit.application_name();
            note_key(unit, CA_KEY, application, &ca);
        }
        unit.set_status(Status::Active, "Certificate Authority available");
        set(unit, AVAILABLE);
        Ok(())
    }

    /// `create_global_client_cert` and `publish_global_client_cert`.
    fn publish_global_client(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let settings = &self.0.settings;
        let known = |unit: &UnitContext<'_>| {
            Some((settings.get(unit, CLIENT)?, settings.get(unit, CLIENT_KEY)?))
        };
        if !is_set(unit, CREATED) {
            if known(unit).is_none() {
                let made = self.client(unit, "client", None)?;
                settings.set(unit, CLIENT, Some(stripped(&made.certificate)))?;
                settings.set(unit, CLIENT_KEY, Some(stripped(&made.key)))?;
                let application = unit.application_name();
                note_key(unit, CLIENT_KEY, application, &made.certificate);
            }
            set(unit, CREATED);
        }
        match known(unit) {
            Some((certificate, key)) => self.0.provider.set_client_cert(unit, &certificate, &key),
            None => Ok(()),
        }
    }

    /// `create_server_cert`, `create_client_cert`; requests of other kinds are not handled.
    fn answer(&self, asked: &LegacyRequest, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let made = match asked.kind {
            LegacyRequestKind::Server => {
                let inner = &self.0;
                let kept = inner.bugs.keeps_issued.then(|| pki::kept(unit, asked));
                match kept.flatten() {
                    Some(made) => made,
                    None => pki::server(unit, inner.version, &inner.keys, asked)?,
                }
            }
            LegacyRequestKind::Client => self.client(unit, &asked.common_name, Some(asked))?,
            LegacyRequestKind::Application | LegacyRequestKind::Intermediate => return Ok(()),
        };
        self.0
            .provider
            .publish(unit, asked, &made.certificate, &made.key)
    }

    fn client(
        &self,
        unit: &mut UnitContext<'_>,
        name: &str,
        asked: Option<&LegacyRequest>,
    ) -> Result<pki::Made, HookError> {
        pki::client(unit, self.0.version, &self.0.keys, name, asked)
    }
}

/// As `leader-set` keeps it: without the last line's end.
fn stripped(value: &Value) -> Value {
    let text = value.text().trim_end();
    match value.remembered::<pem::ParsedChain>() {
        Some(chain) => Value::with_parsed(text, chain),
        None => Value::from(text),
    }
}

fn is_set(unit: &UnitContext<'_>, flag: &str) -> bool {
    unit.files().contains_key(flag)
}

fn set(unit: &mut UnitContext<'_>, flag: &str) {
    unit.push_file(flag, Value::from("set"));
}
