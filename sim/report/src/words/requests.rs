//! The words for what CAs are asked to sign: what became of each request, and why nothing is asked.

use super::number::counted;
use trustsim_diagnosis::{
    AskedRequest, RefusedReason, RequestOutcome, Requests, SilentRelation, UnitStatus,
};
use trustsim_interfaces::notes::RequestContent;
use trustsim_kernel::format_duration;
use trustsim_model::{Deployment, Standing};
use trustsim_pki::KeyAlgorithm;

/// `signed`, `refused` or `waits`.
pub const fn outcome(outcome: RequestOutcome) -> &'static str {
    match outcome {
        RequestOutcome::Signed => "signed",
        RequestOutcome::Refused => "refused",
        RequestOutcome::Waits => "waits",
    }
}

/// `12 requests, sent 48 times: 10 signed, 1 refused, 1 waits`.
pub fn counts(found: &Requests) -> String {
    let count = |wanted: RequestOutcome| {
        let all = found.requests.iter();
        all.filter(|one| one.outcome == wanted).count()
    };
    format!(
        "{}, sent {}: {} signed, {} refused, {} without an answer",
        counted(found.requests.len() as u64, "request"),
        counted(found.sent() as u64, "time"),
        count(RequestOutcome::Signed),
        count(RequestOutcome::Refused),
        count(RequestOutcome::Waits),
    )
}

/// `CA` or `leaf`: what the certificate is asked to be.
pub const fn kind(is_ca: bool) -> &'static str {
    match is_ca {
        true => "CA",
        false => "leaf",
    }
}

/// The kind of key with its bits, such as `rsa-2048`; nothing where a provider makes it, and has made none.
///
/// Where nothing says which kind, a run is played with one that takes less time than that of the real libraries, which
/// is told here (canonical/charmlibs `PrivateKey.generate`).
pub fn key(request: &AskedRequest, deployment: &Deployment) -> Option<String> {
    let (played, maker) = match &request.content {
        RequestContent::Csr(csr) => {
            let name = csr.public_key().algorithm().name().to_owned();
            (name, &request.requirer)
        }
        RequestContent::Names(_) => (request.issued_key.clone()?, &request.provider),
    };
    let maker = deployment.application_at(&maker.application);
    let own = maker.and_then(|index| deployment.applications[index].keys);
    let unsaid = KeyAlgorithm::default();
    let is_unsaid = own.is_none() && deployment.keys == unsaid && played == unsaid.name();
    Some(match is_unsaid {
        true => KeyAlgorithm::Rsa2048.name().to_owned(),
        false => played,
    })
}

/// The alternative names, each with its kind as OpenSSL has it: `DNS:web.example.com`, `IP:10.0.0.1`, `RID:1.2.3`.
pub fn alternative_names(request: &AskedRequest) -> Vec<String> {
    let kind = |kind: &str, name: &dyn std::fmt::Display| format!("{kind}:{name}");
    match &request.content {
        RequestContent::Csr(csr) => {
            let wanted = csr.attributes();
            let dns = wanted.sans_dns.iter().map(|name| kind("DNS", name));
            let ip = wanted.sans_ip.iter().map(|name| kind("IP", name));
            let oid = wanted.sans_oid.iter().map(|name| kind("RID", name));
            let email = wanted.sans_email.iter().map(|name| kind("email", name));
            dns.chain(ip).chain(oid).chain(email).collect()
        }
        // The protocol does not tell them apart, and its providers do.
        RequestContent::Names(names) => names
            .iter()
            .map(|name| match name.parse::<std::net::IpAddr>() {
                Ok(address) => kind("IP", &address),
                Err(_) => kind("DNS", name),
            })
            .collect(),
    }
}

/// The subject without the random identifier, as OpenSSL writes it: `CN=web, O=Example`.
pub fn subject(request: &AskedRequest) -> String {
    let RequestContent::Csr(csr) = &request.content else {
        return format!("CN={}", request.common_name);
    };
    let wanted = csr.attributes();
    let parts = [
        ("CN", &wanted.common_name),
        ("O", &wanted.organization),
        ("OU", &wanted.organizational_unit),
        ("C", &wanted.country_name),
        ("ST", &wanted.state_or_province_name),
        ("L", &wanted.locality_name),
        ("emailAddress", &wanted.email_address),
    ];
    let given = parts.into_iter().filter_map(|(name, value)| {
        let value = value.as_deref().filter(|value| !value.is_empty())?;
        Some(format!("{name}={value}"))
    });
    given.collect::<Vec<_>>().join(", ")
}

/// The lives that were given, the shortest first.
pub fn lives(request: &AskedRequest) -> String {
    let lives: Vec<String> = request.lives.iter().copied().map(format_duration).collect();
    lives.join(", ")
}

/// Why it was refused, in the words of the charm or the server.
pub fn refusal(reason: &RefusedReason) -> String {
    match reason {
        RefusedReason::Request(refused) => refused.reason.clone(),
        RefusedReason::AcmeOrder(code, detail) => format!("{code}: {detail}"),
    }
}

/// Every reason why a request was refused; nothing where it never was.
pub fn refusals(request: &AskedRequest) -> String {
    let all: Vec<String> = request.refusals.iter().map(refusal).collect();
    all.join("; ")
}

/// Why nothing is asked over a relation, as far as it is known.
pub fn silence(relation: &SilentRelation) -> String {
    if relation.protocols_differ {
        return "its sides speak different protocols".to_owned();
    }
    if relation.standing == Standing::NotSimulated {
        return "not simulated: what would be asked is not known".to_owned();
    }
    match relation.statuses.is_empty() {
        true => "nothing was asked in this time".to_owned(),
        false => statuses(&relation.statuses),
    }
}

/// `m.vault/0: blocked: Vault is sealed`.
pub fn statuses(statuses: &[UnitStatus]) -> String {
    let said = statuses.iter().map(|one| {
        let (word, message) = (one.status.word.as_str(), &one.status.message);
        match message.is_empty() {
            true => format!("{} is {word}", one.unit),
            false => format!("{} is {word}: {message}", one.unit),
        }
    });
    said.collect::<Vec<_>>().join("; ")
}
