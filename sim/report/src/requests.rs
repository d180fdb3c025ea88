//! What CAs are asked to sign, as tables: `requests`, `silent_relations`, `played`; and the CSRs as files.

use std::collections::BTreeMap;

use super::data_table::{DataTable, Field};
use super::words::{requests as words, standing};
use trustsim_diagnosis::{AskedRequest, Requests, SilentRelation};
use trustsim_files::NamedFile;
use trustsim_interfaces::notes::RequestContent;
use trustsim_kernel::Time;
use trustsim_model::{Deployment, Manifest};

/// Every table. `requests` has a row for each request with its renewals, `silent_relations` one for each relation over
/// which nothing is asked.
pub fn requests(found: &Requests, manifest: &Manifest) -> Vec<DataTable> {
    vec![
        each_request(found, &manifest.deployment),
        silent(found),
        played(manifest, manifest.end()),
    ]
}

/// The CSR of each request, as it was sent first: `csr/m.web-0_certificates.csr`. In the legacy protocol there is none.
pub fn request_files(found: &Requests) -> Vec<NamedFile> {
    let names = file_names(found);
    let all = found.requests.iter().zip(names);
    all.filter_map(|(request, name)| match &request.content {
        RequestContent::Csr(csr) => Some((name?, format!("{}\n", csr.pem()).into_bytes())),
        RequestContent::Names(_) => None,
    })
    .collect()
}

/// The file of each request, in order. Further requests of one holder over one endpoint get `_2`, `_3`, ...
fn file_names(found: &Requests) -> Vec<Option<String>> {
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    let mut name = |request: &AskedRequest| {
        let RequestContent::Csr(_) = request.content else {
            return None;
        };
        let holder = request.holder.as_str().replace('/', "-");
        let name = format!("{holder}_{}", request.requirer.endpoint);
        let count = taken.entry(name.clone()).or_default();
        *count += 1;
        Some(match *count {
            1 => format!("csr/{name}.csr"),
            again => format!("csr/{name}_{again}.csr"),
        })
    };
    found.requests.iter().map(&mut name).collect()
}

fn each_request(found: &Requests, deployment: &Deployment) -> DataTable {
    let all = found.requests.iter().zip(file_names(found));
    DataTable {
        name: "requests",
        header: &[
            "provider",
            "provider_endpoint",
            "requirer",
            "requirer_endpoint",
            "holder",
            "is_ca",
            "subject",
            "common_name",
            "alternative_names",
            "extensions",
            "key",
            "is_csr",
            "times_sent",
            "first_at",
            "last_at",
            "shortest_life_s",
            "longest_life_s",
            "issuers",
            "outcome",
            "refused_because",
            "provider_says",
            "standing",
            "file",
        ],
        rows: all
            .map(|(request, file)| row(request, file, deployment))
            .collect(),
    }
}

fn row(request: &AskedRequest, file: Option<String>, deployment: &Deployment) -> Vec<Field> {
    let (provider, requirer) = (&request.provider, &request.requirer);
    let said = |text: String| match text.is_empty() {
        true => Field::Nothing,
        false => Field::Text(text),
    };
    let issuers: Vec<&str> = request.issuers.iter().map(String::as_str).collect();
    let times = u64::try_from(request.asked.len()).expect("a count of entries");
    vec![
        Field::text(provider.application.as_str()),
        Field::text(&*provider.endpoint),
        Field::text(requirer.application.as_str()),
        Field::text(&*requirer.endpoint),
        Field::text(request.holder.as_str()),
        Field::Flag(request.is_ca),
        Field::text(words::subject(request)),
        said(request.common_name.clone()),
        said(words::alternative_names(request).join(" ")),
        said(extensions(request)),
        Field::optional(words::key(request, deployment), Field::text),
        Field::Flag(matches!(request.content, RequestContent::Csr(_))),
        Field::Count(times),
        Field::optional(request.asked.first().copied(), Field::time),
        Field::optional(request.asked.last().copied(), Field::time),
        Field::optional(request.lives.first().copied(), Field::seconds),
        Field::optional(request.lives.last().copied(), Field::seconds),
        said(issuers.join("; ")),
        Field::text(words::outcome(request.outcome)),
        said(words::refusals(request)),
        said(words::statuses(&request.statuses)),
        Field::text(standing::word(request.standing)),
        Field::optional(file, Field::text),
    ]
}

/// Object identifiers of the extensions that are asked for beside the alternative names.
fn extensions(request: &AskedRequest) -> String {
    let RequestContent::Csr(csr) = &request.content else {
        return String::new();
    };
    let all = csr.attributes().additional_extensions.iter();
    let all = all.map(|extension| {
        let arcs: Vec<String> = extension.oid.iter().map(u64::to_string).collect();
        arcs.join(".")
    });
    all.collect::<Vec<_>>().join(" ")
}

fn silent(found: &Requests) -> DataTable {
    let row = |one: &SilentRelation| {
        vec![
            Field::text(one.provider.application.as_str()),
            Field::text(&*one.provider.endpoint),
            Field::text(one.requirer.application.as_str()),
            Field::text(&*one.requirer.endpoint),
            Field::text(words::silence(one)),
            Field::text(standing::word(one.standing)),
        ]
    };
    DataTable {
        name: "silent_relations",
        header: &[
            "provider",
            "provider_endpoint",
            "requirer",
            "requirer_endpoint",
            "why",
            "standing",
        ],
        rows: found.silent.iter().map(row).collect(),
    }
}

/// How far it was played.
pub(super) fn played(manifest: &Manifest, until: Time) -> DataTable {
    DataTable {
        name: "played",
        header: &["from", "until", "settled_at", "seed", "ended_early"],
        rows: vec![vec![
            Field::time(manifest.start),
            Field::time(until),
            Field::optional(manifest.settled_at, Field::time),
            Field::Count(manifest.seed),
            Field::Flag(manifest.endless.is_some()),
        ]],
    }
}
