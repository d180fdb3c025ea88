//! Databag texts, held against what the real library's models write and accept.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use trustsim_juju::{Bag, Value};
use trustsim_kernel::{Span, Streams, Time};
use trustsim_pki::{
    Certificate, CertificateRequest, KeyAlgorithm, KeyPair, RequestAttributes, SerialNumber, Terms,
    issuers,
};

fn bag(key: &str, text: &str) -> Bag {
    [(key, Value::from(text))].into_iter().collect()
}

struct Made {
    ca: Certificate,
    request: CertificateRequest,
    leaf: Certificate,
}

fn made(seed: u64) -> Made {
    let mut stream = Streams::new(seed).stream("test", "interfaces");
    let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
    let mut terms = || Terms {
        serial: SerialNumber::random(&mut stream),
        now: Time::from_seconds(1_767_225_600),
        validity: Span::from_secs(86_400),
    };
    let (root, below) = (terms(), terms());
    let name = RequestAttributes::with_common_name("ca");
    let ca = issuers::charmlibs::generate_self_signed_ca(&name, &key, &root).unwrap();
    let request =
        CertificateRequest::new(&RequestAttributes::with_common_name("web"), &key).unwrap();
    let leaf = issuers::charmlibs::generate(&request, &ca, &key, &below, false).unwrap();
    Made { ca, request, leaf }
}

/// `_ProviderApplicationData.dump`: fields in the order of the model, defaults left out.
#[test]
fn an_answer_is_written_as_pydantic_dumps_it() {
    let Made { ca, request, leaf } = made(1);
    let chain = vec![leaf.clone(), ca.clone()];
    let entry = CertificateEntry::new(ca.clone(), request.clone(), leaf.clone(), Some(chain), None);
    let pem = |text: &str| text.replace('\n', "\\n");
    let (ca, request, leaf) = (pem(ca.pem()), pem(request.pem()), pem(leaf.pem()));
    let plain = format!(
        "{{\"ca\": \"{ca}\", \"certificate_signing_request\": \"{request}\", \
         \"certificate\": \"{leaf}\", \"chain\": [\"{leaf}\", \"{ca}\"]}}"
    );
    let revoked = format!("{}, \"revoked\": true}}", &plain[..plain.len() - 1]);
    let list = CertificateList::new(vec![Arc::new(entry.as_revoked()), Arc::new(entry)]);
    let value = list.into_value().unwrap();
    assert_eq!(value.text(), format!("[{revoked}, {plain}]"));
    assert!(
        CertificateList::default().into_value().is_none(),
        "an empty list is the default"
    );
}

/// What `_RequirerData.load` says of these texts: `ca` has no default, so it must be there.
#[test]
fn requests_are_valid_or_the_whole_bag_is_not() {
    let pem = made(1).request.pem().replace('\n', "\\n");
    let one = |rest: &str| format!("[{{\"certificate_signing_request\": \"{pem}\"{rest}}}]");
    for (text, count) in [
        (one(", \"ca\": false"), 1),
        (one(", \"ca\": null, \"unknown\": [1]"), 1),
        (one(", \"ca\": \"yes\""), 1),
        (one(", \"ca\": 2"), 0),
        (one(""), 0),
        ("{}".to_owned(), 0),
        ("[".to_owned(), 0),
        ("null".to_owned(), 0),
        ("[]".to_owned(), 0),
    ] {
        let list = read_requests(&bag(REQUESTS, &text)).unwrap();
        assert_eq!(list.entries.len(), count, "{text}");
        assert_eq!(list.error.is_none(), count == 1 || text == "[]", "{text}");
    }
    let spoilt = one(", \"ca\": false").replace("BEGIN CERTIFICATE REQUEST", "BEGIN X");
    let error = read_requests(&bag(REQUESTS, &spoilt)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "uncaught exception: TLSCertificatesError: Could not load CSR"
    );
}

#[test]
fn any_bad_key_blanks_a_providers_bag() {
    let Made { ca, request, leaf } = made(1);
    let entry = CertificateEntry::new(ca, request, leaf, None, None);
    let good = CertificateList::new(vec![Arc::new(entry)])
        .into_value()
        .unwrap();
    for (key, text) in [
        (
            REQUEST_ERRORS,
            "[{\"certificate_signing_request\": \"x\", \"error\": {}}]",
        ),
        (
            REQUEST_ERRORS,
            "[{\"csr\": \"x\", \"error\": {\"code\": \"x\", \"name\": \"\", \"message\": \"\"}}]",
        ),
        (CAPABILITIES, "{\"supports_ip_sans\": \"perhaps\"}"),
        (CAPABILITIES, "[]"),
        (CAPABILITIES, "{"),
    ] {
        let whole = [(CERTIFICATES, good.clone()), (key, Value::from(text))];
        let read = read_provider(&whole.into_iter().collect()).unwrap();
        assert!(read.is_none(), "{key} {text}");
    }
    let whole = [(CERTIFICATES, good), ("unknown", Value::from("{"))];
    let read = read_provider(&whole.into_iter().collect()).unwrap();
    assert_eq!(read.unwrap().certificates.entries().len(), 1);
}

#[test]
fn saying_nothing_is_not_having_said_nothing() {
    let open = Capabilities::default();
    assert_eq!(open.to_value().text(), "{}");
    let read = |text: &str| {
        read_provider(&bag(CAPABILITIES, text))
            .unwrap()
            .unwrap()
            .capabilities
    };
    assert_eq!(read("{}"), Some(open));
    assert_eq!(read("null"), None);
    assert_eq!(
        read_provider(&Bag::default())
            .unwrap()
            .unwrap()
            .capabilities,
        None
    );
}

#[test]
fn refusals_are_written_with_what_they_say() {
    let mut error = RequestError::new(ErrorCode::DomainNotAllowed, "no");
    error.provider = Some("vault-pki".to_owned());
    let list = ErrorList {
        entries: vec![ErrorEntry {
            request: "x".to_owned(),
            error,
        }],
        fault: None,
    };
    let value = list.into_value().unwrap();
    assert_eq!(
        value.text(),
        "[{\"csr\": \"x\", \"error\": {\"code\": 102, \"name\": \"DOMAIN_NOT_ALLOWED\", \
         \"message\": \"no\", \"provider\": \"vault-pki\"}}]"
    );
    let read = read_provider(&bag(REQUEST_ERRORS, value.text()))
        .unwrap()
        .unwrap();
    assert_eq!(read.errors.entries[0].error.code, 102);
}

#[test]
fn answers_are_found_by_their_request_in_the_order_of_the_list() {
    let made: Vec<Made> = (1..6).map(made).collect();
    let entry = |at: usize, revoked| {
        let Made { ca, request, leaf } = &made[at];
        let entry = CertificateEntry::new(ca.clone(), request.clone(), leaf.clone(), None, revoked);
        Arc::new(entry)
    };
    let order = [3, 1, 4, 1, 2];
    let list = CertificateList::new(order.iter().map(|at| entry(*at, Some(*at == 4))).collect());
    assert_eq!(list.positions(&made[1].request), [1, 3]);
    assert_eq!(list.positions(&made[4].request), [2]);
    assert!(list.positions(&made[0].request).is_empty());
    assert!(
        list.answers(&made[4].request)
            .all(|entry| entry.is_revoked())
    );
}

#[test]
fn labels_are_those_of_the_library() {
    let library = Library::Current;
    assert_eq!(
        library.key_label(Side::App, 3, "certificates"),
        "afd8c2bccf834997afce12c2706d2ede-private-key-app-certificates"
    );
    assert_eq!(
        library.certificate_label(Side::App, 3, "certificates", "ab"),
        "afd8c2bccf834997afce12c2706d2ede-certificate-certificates-ab"
    );
    assert_eq!(
        Library::V4Patch30.certificate_label(Side::Unit, 3, "certificates", "ab"),
        "afd8c2bccf834997afce12c2706d2ede-certificate-3-ab"
    );
}

proptest! {
    #[test]
    fn no_text_panics_the_readers(text in ".*") {
        let _ = read_requests(&bag(REQUESTS, &text));
        for key in [CERTIFICATES, REQUEST_ERRORS, CAPABILITIES] {
            let _ = read_provider(&bag(key, &text));
        }
    }

    /// What one provider writes, every requirer finds.
    #[test]
    fn an_index_finds_what_a_search_finds(order in prop::collection::vec(0_usize..4, 0..12)) {
        let made: Vec<Made> = (1..5).map(made).collect();
        let entries = order.iter().map(|at| {
            let Made { ca, request, leaf } = &made[*at];
            Arc::new(CertificateEntry::new(ca.clone(), request.clone(), leaf.clone(), None, None))
        });
        let list = CertificateList::new(entries.collect());
        for (at, made) in made.iter().enumerate() {
            let found: Vec<u32> = list.positions(&made.request).to_vec();
            let searched = (0_u32..).zip(&order).filter(|(_, other)| **other == at);
            prop_assert_eq!(found, searched.map(|(place, _)| place).collect::<Vec<_>>());
        }
    }
}
