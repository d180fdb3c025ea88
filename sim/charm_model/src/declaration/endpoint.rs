//! What an endpoint's declaration says of how a consumer uses it.

use super::{EndpointDeclaration, OneOrMore, Text, one_of};
use crate::Reconciles;
use crate::metadata::{
    AddressOf, Apply, CertificatesProfile, ClientCertificate, EndpointProfile, KeyUse,
    LibraryProfile, Mode, PassingProfile, Reads, RenewsOn, Role, Serves, Store, TakingProfile,
    TrustProfile, Unnamed,
};
use trustsim_interfaces::{cert_handler, certificate_transfer, tls_certificates};
use trustsim_juju::HookName;
use trustsim_yaml::Reader;

const CERTIFICATES: &str = "tls-certificates";
const TRANSFER: &str = "certificate_transfer";

/// The hooks that a list names; one that is none is noted, with what else may stand there.
fn hooks(listed: &OneOrMore, reader: &mut Reader, or: &str) -> Vec<HookName> {
    let mut found = Vec::new();
    for word in &listed.0 {
        match word.value.parse::<HookName>() {
            Ok(hook) => found.push(hook),
            Err(unknown) => {
                let message = format!("{unknown}{or}");
                reader.bad_value(word.place, message, None);
            }
        }
    }
    found
}

impl EndpointDeclaration {
    /// How a generic consumer uses it: requirers of the two TLS interfaces do, and those who hand CAs on or take them
    /// over any other.
    pub(super) fn to_profile(
        &self,
        role: Role,
        interface: &str,
        reader: &mut Reader,
    ) -> Option<EndpointProfile> {
        // A wrong word has been reported; without one the charm does what `Apply` has as its default.
        let (given, always) = match self.apply.as_ref().filter(|word| word.value == "always") {
            Some(_) if (role, interface) == (Role::Requirer, TRANSFER) => (Apply::Restart, true),
            _ => {
                let given = apply(self.apply.as_ref(), reader);
                (given.unwrap_or_default(), false)
            }
        };
        let is_legacy = self
            .protocol
            .as_ref()
            .is_some_and(|word| word.value == "legacy");
        let certificates = self.to_certificates(given, reader);
        let trust = TrustProfile {
            restarts_always: always,
            ..self.to_trust(given, reader)
        };
        match (role, interface) {
            (Role::Requirer, CERTIFICATES) if is_legacy => {
                Some(EndpointProfile::LegacyCertificates(certificates))
            }
            (Role::Requirer, CERTIFICATES) => Some(EndpointProfile::Certificates(certificates)),
            (Role::Requirer, TRANSFER) => Some(EndpointProfile::ReceivesCa(trust)),
            (_, CERTIFICATES | TRANSFER) | (Role::Peer, _) => None,
            (Role::Requirer, _) => (self.trusts_ca == Some(true))
                .then(|| EndpointProfile::TakesCa(self.to_taking(given, reader))),
            (Role::Provider, _) => self.passes_ca.as_ref().map(|named| {
                let of = named.0.iter().map(|name| name.value.clone()).collect();
                EndpointProfile::PassesCa(PassingProfile { of })
            }),
        }
    }

    /// What it does with the certificate of a client, beside what else it is there for.
    pub(super) fn to_client_certificate(
        &self,
        role: Role,
        interface: &str,
        reader: &mut Reader,
    ) -> Option<ClientCertificate> {
        match (role, interface) {
            (_, CERTIFICATES | TRANSFER) | (Role::Peer, _) => None,
            (Role::Requirer, _) => {
                let own = self.hands_certificate.as_ref()?;
                Some(ClientCertificate::Handed(own.value.clone()))
            }
            (Role::Provider, _) => {
                apply(self.trusts_handed.as_ref(), reader).map(ClientCertificate::Trusted)
            }
        }
    }

    fn to_taking(&self, given: Apply, reader: &mut Reader) -> TakingProfile {
        let unsaid = TrustProfile::default();
        // A word that is neither was reported with those of `certificate_transfer`, but for `raw`.
        if let Some(reads) = self.reads.as_ref().filter(|reads| reads.value == "raw") {
            let message = "`raw` is of certificate_transfer: use `event` or `again`";
            reader.bad_value(reads.place, message, None);
        }
        TakingProfile {
            apply: given,
            in_each_hook: self
                .reads
                .as_ref()
                .is_some_and(|reads| reads.value == "again"),
            keeps_first_ca: self.keeps_first_ca == Some(true),
            restores: self.restores.unwrap_or(unsaid.restores),
        }
    }

    fn to_address_of(&self) -> AddressOf {
        match &self.address_of {
            None => AddressOf::Application,
            Some(text) if text.value == "every" => AddressOf::Every,
            Some(text) => AddressOf::Endpoint(text.value.clone()),
        }
    }

    fn to_certificates(&self, given: Apply, reader: &mut Reader) -> CertificatesProfile {
        let mode = match one_of(self.mode.as_ref(), &["unit", "app", "app-and-unit"], reader) {
            Some(1) => Mode::App,
            Some(2) => Mode::AppAndUnit,
            _ => Mode::Unit,
        };
        let key = match one_of(
            self.key.as_ref(),
            &["kept", "renewed", "renewed-early"],
            reader,
        ) {
            Some(1) => KeyUse::Renewed,
            Some(2) => KeyUse::RenewedEarly,
            _ => KeyUse::Kept,
        };
        let unsaid = CertificatesProfile::default();
        let handlers = cert_handler::Version::ALL;
        let names = handlers.map(|(_, name)| name);
        let handler = one_of(self.cert_handler.as_ref(), &names, reader);
        let cert_handler = handler.map(|index| handlers[index].0);
        let installs_once = cert_handler.map(cert_handler::Version::installs_once);
        CertificatesProfile {
            mode,
            name_option: self.name_option.as_ref().map(|text| text.value.clone()),
            extra_name_options: self.extra_name_options.iter().flatten().cloned().collect(),
            address_of: self.to_address_of(),
            fixed_name: self.fixed_name.as_ref().map(|text| text.value.clone()),
            common_name: self.common_name.as_ref().map(|text| text.value.clone()),
            unnamed: self.unnamed(reader),
            asks_with: texts(&self.asks_with),
            names_from: texts(&self.names_from),
            renewal_permille: self.renewal_permille(reader),
            apply: given,
            apply_ca: apply(self.apply_ca.as_ref(), reader),
            trusts_ca: self.trusts_ca.unwrap_or(unsaid.trusts_ca),
            delete_on_missing: self.delete_on_missing.unwrap_or(unsaid.delete_on_missing),
            delete_when_broken: self.delete_when_broken == Some(true),
            reconciles: self.to_reconciles(reader),
            restarts_at_first: self.restarts_at_first == Some(true),
            plain_without_certificate: self.plain_without_certificate == Some(true),
            restarts_for_names: self.restarts_for_names == Some(true),
            phased: self.phased == Some(true),
            own_ca: self.own_ca.map(|lasting| lasting.0),
            reconfigures: self
                .reconfigures
                .as_ref()
                .map(|words| hooks(words, reader, "")),
            stops_without: self.stops_without.clone(),
            listens: self.listens.unwrap_or(unsaid.listens),
            serves: self.to_serves(reader),
            key,
            unique_requests: self.unique_requests.unwrap_or(unsaid.unique_requests),
            keeps_old_ca: self.keeps_old_ca.unwrap_or(unsaid.keeps_old_ca),
            keeps_first_ca: self.keeps_first_ca.unwrap_or(unsaid.keeps_first_ca),
            restores: self.restores.unwrap_or(unsaid.restores),
            renews_on: self.renews_on(reader),
            notification: self.notification.map(|lasting| lasting.0),
            installs_once: installs_once
                .or(self.installs_once)
                .unwrap_or(unsaid.installs_once),
            cert_handler,
        }
    }

    fn to_serves(&self, reader: &mut Reader) -> Serves {
        let serves = [
            "chain",
            "leaf-first",
            "leaf-and-chain",
            "leaf",
            "built",
            "reversed",
            "without-leaf",
            "nothing",
        ];
        match one_of(self.serves.as_ref(), &serves, reader) {
            Some(1) => Serves::LeafFirst,
            Some(2) => Serves::LeafAndChain,
            Some(3) => Serves::Leaf,
            Some(4) => Serves::Built,
            Some(5) => Serves::Reversed,
            Some(6) => Serves::WithoutLeaf,
            Some(7) => Serves::Nothing,
            _ => Serves::Chain,
        }
    }

    fn to_reconciles(&self, reader: &mut Reader) -> Reconciles {
        let Some(words) = &self.reconciles else {
            return Reconciles::Never;
        };
        match words.0.as_slice() {
            [word] if word.value == "at-start" => return Reconciles::AtStart,
            [word] if word.value == "at-end" => return Reconciles::AtEnd,
            _ => {}
        }
        let or = "; or use `at-start` or `at-end`";
        Reconciles::In(hooks(words, reader, or))
    }

    fn unnamed(&self, reader: &mut Reader) -> Unnamed {
        let words = ["own-name", "load-balancer", "nothing"];
        match one_of(self.unnamed.as_ref(), &words, reader) {
            Some(1) => Unnamed::LoadBalancer,
            Some(2) => Unnamed::Nothing,
            _ => Unnamed::OwnName,
        }
    }

    fn to_trust(&self, given: Apply, reader: &mut Reader) -> TrustProfile {
        let stores = ["relation", "bundle", "each", "last"];
        let store = match one_of(self.store.as_ref(), &stores, reader) {
            Some(1) => Store::Bundle,
            Some(2) => Store::Each,
            Some(3) => Store::Last,
            _ => Store::Relation,
        };
        let reads = match one_of(self.reads.as_ref(), &["event", "again", "raw"], reader) {
            Some(1) => Reads::Again,
            Some(2) => Reads::Raw,
            _ => Reads::Event,
        };
        let unsaid = TrustProfile::default();
        TrustProfile {
            apply: given,
            store,
            reads,
            reads_first: self.reads_first == Some(true),
            restarts_always: unsaid.restarts_always,
            keeps_removed: self.keeps_removed.unwrap_or(unsaid.keeps_removed),
            restores: self.restores.unwrap_or(unsaid.restores),
        }
    }

    fn renews_on(&self, reader: &mut Reader) -> RenewsOn {
        let Some(given) = &self.renews_on else {
            return RenewsOn::default();
        };
        let mut renews = RenewsOn {
            expiring: false,
            expired: false,
            revoked: false,
        };
        for word in &given.value {
            match one_of(Some(word), &["expiring", "expired", "revoked"], reader) {
                Some(0) => renews.expiring = true,
                Some(1) => renews.expired = true,
                Some(2) => renews.revoked = true,
                _ => {}
            }
        }
        renews
    }

    fn renewal_permille(&self, reader: &mut Reader) -> u32 {
        // charmlibs-interfaces-tls-certificates renews at 0.9 unless told otherwise, and refuses
        // shares outside (0.5, 1.0].
        let Some(renewal) = &self.renewal else {
            return 900;
        };
        if !(renewal.value > 0.5 && renewal.value <= 1.0) {
            let message = format!("`{}` is not above 0.5 and at most 1.0", renewal.value);
            reader.bad_value(renewal.place, message, None);
            return 900;
        }
        (renewal.value * 1000.0).round() as u32
    }

    /// The library it names, which must be one of its interface and able to do what is asked.
    pub(super) fn to_library(
        &self,
        interface: &str,
        reader: &mut Reader,
    ) -> Option<LibraryProfile> {
        let Self { library, .. } = self;
        let named = match (library, interface) {
            (None, _) => None,
            (Some(text), CERTIFICATES) => {
                let all = tls_certificates::Library::ALL;
                let found = one_of(Some(text), &all.map(|(_, name)| name), reader)?;
                Some(LibraryProfile::Certificates(all[found].0))
            }
            (Some(text), TRANSFER) => {
                let all = certificate_transfer::Library::ALL;
                let found = one_of(Some(text), &all.map(|(_, name)| name), reader)?;
                Some(LibraryProfile::Transfer(all[found].0))
            }
            (Some(text), _) => {
                let message = format!("no library is known for the interface `{interface}`");
                reader.bad_value(text.place, message, None);
                None
            }
        };
        self.check_library(named, reader);
        named
    }

    fn check_library(&self, named: Option<LibraryProfile>, reader: &mut Reader) {
        let is_v3 = named == Some(LibraryProfile::Certificates(tls_certificates::Library::V3));
        let word = |text: &Option<Text>| text.as_ref().map(|text| text.value.clone());
        if is_v3 {
            if let Some(mode) = self.mode.as_ref().filter(|mode| mode.value != "unit") {
                let message =
                    "version 3 of the library has no application requests: use `mode: unit`";
                reader.bad_value(mode.place, message, None);
            }
            return;
        }
        if let Some(handler) = &self.cert_handler {
            let message = "`cert_handler` is played on version 3 of the library: give `library: tls-certificates-v3`";
            reader.bad_value(handler.place, message, None);
        }
        if word(&self.key).is_some_and(|key| key.starts_with("renewed")) {
            let place = self.key.as_ref().map_or(self.place, |key| key.place);
            let message =
                "libraries since version 4 keep the key: give `library: tls-certificates-v3`";
            reader.bad_value(place, message, None);
        }
        if let Some(renews_on) = &self.renews_on {
            let message = "only version 3 of the library leaves renewing to the charm: give `library: tls-certificates-v3`";
            reader.bad_value(renews_on.place, message, None);
        }
    }
}

fn texts(written: &Option<Vec<Text>>) -> Vec<String> {
    let written = written.iter().flatten();
    written.map(|text| text.value.clone()).collect()
}

fn apply(word: Option<&Text>, reader: &mut Reader) -> Option<Apply> {
    match one_of(word, &["restart", "reload", "none"], reader)? {
        0 => Some(Apply::Restart),
        1 => Some(Apply::Reload),
        _ => Some(Apply::None),
    }
}
