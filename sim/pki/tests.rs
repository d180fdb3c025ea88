//! Tests of the room as a whole.

use super::*;
use crate::kernel::{Span, Stream, Streams, Time};

fn stream(subject: &str) -> Stream {
    Streams::new(7).stream("test", subject)
}

fn terms(stream: &mut Stream, days: u64) -> Terms {
    Terms {
        serial: SerialNumber::random(stream),
        now: Time::parse("2026-01-01T00:00:00.75Z").unwrap(),
        validity: Span::from_secs(days * 86_400),
    }
}

#[test]
fn a_request_becomes_a_certificate() {
    for algorithm in KeyAlgorithm::ALL {
        let mut stream = stream(algorithm.name());
        let ca_key = KeyPair::generate(algorithm, &mut stream);
        let ca_name = RequestAttributes::with_common_name("ca").unique(&mut stream);
        let ca_terms = terms(&mut stream, 365);
        let ca = issuers::charmlibs::generate_self_signed_ca(&ca_name, &ca_key, &ca_terms).unwrap();
        let key = KeyPair::generate(algorithm, &mut stream);
        let mut wanted = RequestAttributes::with_common_name("web").unique(&mut stream);
        wanted.sans_dns = vec!["web.example".into()];
        wanted.sans_ip = vec!["10.0.0.1".parse().unwrap(), "fe80::1".parse().unwrap()];
        wanted.sans_oid = vec!["1.2.3.4".into()];
        let request = CertificateRequest::new(&wanted, &key).unwrap();
        let read = CertificateRequest::from_der(request.der()).unwrap();
        assert_eq!(read.attributes(), &wanted);
        assert_eq!(read.public_key(), key.public_key());
        let leaf_terms = terms(&mut stream, 90);
        let leaf = issuers::charmlibs::generate(&read, &ca, &ca_key, &leaf_terms, false).unwrap();
        assert_eq!(Certificate::from_pem(leaf.pem()), Ok(leaf.clone()));
        assert_eq!(leaf.key_algorithm(), algorithm.name());
        assert!(leaf.verify_issued_by(&ca) && ca.verify_issued_by(&ca));
        assert!(!leaf.verify_issued_by(&leaf));
        assert_eq!(leaf.serial(), leaf_terms.serial.to_string());
    }
}
