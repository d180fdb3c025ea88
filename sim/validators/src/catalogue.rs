//! The certificate errors, `TS04xx`: one item each, whose doc comment is the page that
//! `trustsim explain` prints.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use thiserror::Error;

use super::page;

/// Declares the errors; each doc comment is kept as text too.
macro_rules! catalogue {
    ($($(#[doc = $line:literal])+ $name:ident = $code:literal, $kebab:literal;)+) => {
        /// Why a handshake failed: a code, a kebab-case name, and a page.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorKind {
            $($(#[doc = $line])+ $name,)+
        }

        impl ErrorKind {
            /// All of them, by code.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The code, `TS0401`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The name, `unknown-issuer`.
            pub const fn kebab(self) -> &'static str {
                match self { $(Self::$name => $kebab,)+ }
            }

            const fn raw_page(self) -> &'static str {
                match self { $(Self::$name => concat!($($line, "\n"),+),)+ }
            }
        }
    };
}

catalogue! {
    /// The certificate's issuer is not trusted.
    ///
    /// ## What it means
    /// No chain leads from the presented certificate to a root in the trust store. OpenSSL tells
    /// apart where it got stuck: 20 no trusted CA issued the last certificate, 19 the peer sent
    /// a root that is not trusted, 18 the certificate is its own issuer.
    ///
    /// ## Why it happens in a Juju deployment
    /// The client never received the CA (no `receive-ca-cert` or `certificate_transfer` relation,
    /// or it was made with the wrong application), received it but did not restart, or the CA was
    /// rotated and the new one has not arrived. OpenSSL also says so where a CA kept its name but
    /// changed its key: it goes by key identifier, and rustls says `bad-signature` instead.
    ///
    /// ## What to do
    /// Relate the client to the application that issued the certificate, for example
    /// `juju integrate client:receive-ca-cert ca:send-ca-cert`, across models through an offer.
    UnknownIssuer = "TS0401", "unknown-issuer";

    /// A certificate of the chain has expired.
    ///
    /// ## What it means
    /// The judge's clock is past `notAfter` of the leaf, of an intermediate or, for OpenSSL, Go
    /// and Python, of the root in its own store. rustls and Java do not look at a root's dates.
    ///
    /// ## Why it happens in a Juju deployment
    /// The requirer did not renew in time (a request that never changed, a provider that was down
    /// or sealed, a hook in error), renewed but did not reload the workload, or an old CA outlived
    /// its term in the stores of clients that never got its successor.
    ///
    /// ## What to do
    /// Renew the certificate that the message names: `juju run app/leader
    /// renew-certificate` where the charm has such an action, else remove and add the
    /// `certificates` relation; then see why the renewal did not happen by itself. A process that
    /// goes on without a certificate that is there is restarted: in a pod with
    /// `juju ssh --container CONTAINER UNIT /charm/bin/pebble restart SERVICE`, where
    /// `/charm/bin/pebble services` lists the services, on a machine with
    /// `juju ssh UNIT sudo systemctl restart SERVICE`.
    Expired = "TS0402", "expired";

    /// A certificate of the chain is not valid yet.
    ///
    /// ## What it means
    /// The judge's clock is before `notBefore`. rustls sends the alert `certificate_expired` for
    /// it, OpenSSL `bad_certificate`.
    ///
    /// ## Why it happens in a Juju deployment
    /// The charms' libraries set `notBefore` to the instant of issuing, without backdating: a
    /// client whose clock is behind the issuer's by some seconds refuses a fresh certificate for
    /// exactly as long.
    ///
    /// ## What to do
    /// Synchronise the clocks of both machines (`chronyc tracking`); the failure ends by itself
    /// once the slower clock has caught up.
    NotValidYet = "TS0403", "not-valid-yet";

    /// A signature in the chain or in the handshake does not fit the key.
    ///
    /// ## What it means
    /// An issuer of the right name was found, but its key did not make the signature. The alert is
    /// `decrypt_error`.
    ///
    /// ## Why it happens in a Juju deployment
    /// Nearly always a CA that was rotated and kept its name: the client still holds the old one.
    /// The libraries before the unique identifier in CA subjects did so at every rotation, and
    /// models that deploy the same CA charm with its default name collide in one store. A really
    /// corrupted or forged certificate is the rare case.
    ///
    /// ## What to do
    /// Give the client the current CA before the server uses certificates from it; give every CA
    /// its own `ca-common-name`.
    BadSignature = "TS0404", "bad-signature";

    /// The certificate is for other names.
    ///
    /// ## What it means
    /// The name or address that the client asked for is not among the subject alternative names.
    /// rustls and Go want it there; OpenSSL and Java fall back to the common name where there is
    /// no DNS name at all, never for addresses.
    ///
    /// ## Why it happens in a Juju deployment
    /// A unit was rescheduled and has a new address, a client uses the service name while the
    /// charm asked for the unit's, a front end changed `external_hostname`, or the charm asked for
    /// a common name only.
    ///
    /// ## What to do
    /// Add the name to what the charm requests (often an option such as `external_hostname` or
    /// `san`), or let the client use a name that is in the certificate.
    NotValidForName = "TS0405", "not-valid-for-name";

    /// The certificate is not for this use.
    ///
    /// ## What it means
    /// Its extended key usage, or for OpenSSL also its key usage or that of an issuer, does not
    /// allow what it is used for: server or client authentication.
    ///
    /// ## Why it happens in a Juju deployment
    /// A provider's role or template issues for one use only, for example a PKI role with
    /// `client_flag` off, and peers use one certificate on both sides of a mutual TLS connection.
    ///
    /// ## What to do
    /// Have the issuer allow both uses, or leave the extension out, as the charms' own library
    /// does.
    InvalidPurpose = "TS0406", "invalid-purpose";

    /// A CA certificate was presented as a server's or client's own.
    ///
    /// ## What it means
    /// The leaf says `CA:TRUE`. webpki refuses it even where it is trusted; OpenSSL takes it.
    ///
    /// ## Why it happens in a Juju deployment
    /// A charm serves its self-signed CA certificate directly, or writes the CA file where the
    /// certificate belongs.
    ///
    /// ## What to do
    /// Issue a leaf from that CA and serve the leaf.
    CaUsedAsLeaf = "TS0407", "ca-used-as-leaf";

    /// A certificate that may not issue did.
    ///
    /// ## What it means
    /// An issuer in the chain is no CA by its basic constraints, or its key usage does not include
    /// signing certificates. rustls does not look at this for roots.
    ///
    /// ## Why it happens in a Juju deployment
    /// An intermediate was requested without `is_ca`, or the provider ignored it; or a leaf was
    /// put into a trust store and used as an issuer.
    ///
    /// ## What to do
    /// Request the intermediate again from a provider that issues CA certificates.
    InvalidCa = "TS0408", "invalid-ca";

    /// A CA issued below more intermediates than it may.
    ///
    /// ## What it means
    /// The path length constraint of a CA in the chain is exceeded. rustls does not look at the
    /// root's.
    ///
    /// ## Why it happens in a Juju deployment
    /// An application that is itself an intermediate signs for another intermediate, while its
    /// parent gave it path length 0.
    ///
    /// ## What to do
    /// Let the second intermediate request its certificate from the first one's parent.
    PathLengthExceeded = "TS0409", "path-length-exceeded";

    /// A name lies outside what its issuer may certify.
    ///
    /// ## What it means
    /// A CA in the chain carries name constraints, and a name in a certificate below violates
    /// them. Java does not apply those of the root.
    ///
    /// ## Why it happens in a Juju deployment
    /// A company CA gave the deployment an intermediate for one domain, and a charm asks for its
    /// `svc.cluster.local` or address names too.
    ///
    /// ## What to do
    /// Have the constraint widened, or use another CA for the names inside.
    NameConstraintViolation = "TS0410", "name-constraint-violation";

    /// A certificate has a critical extension that the judge does not know.
    ///
    /// ## What it means
    /// RFC 5280 asks to refuse such a certificate. Which extensions are known differs: OpenSSL
    /// refuses critical key identifiers, webpki refuses critical policies.
    ///
    /// ## Why it happens in a Juju deployment
    /// A certificate that was issued outside and handed over with `manual-tls-certificates`.
    ///
    /// ## What to do
    /// Have it issued again without the extension, or with the extension not critical.
    UnhandledCriticalExtension = "TS0411", "unhandled-critical-extension";

    /// The store holds an intermediate, but not its root.
    ///
    /// ## What it means
    /// OpenSSL's default wants a self-signed root at the end of the chain (error 2, `unable to get
    /// issuer certificate`). curl and Python since 3.13 allow partial chains and accept; so do
    /// rustls, Go and Java.
    ///
    /// ## Why it happens in a Juju deployment
    /// An intermediate provider transfers its own CA certificate, not its parent's, to clients
    /// that use OpenSSL's defaults.
    ///
    /// ## What to do
    /// Transfer the root too: relate the client to the application at the top.
    PartialChain = "TS0412", "partial-chain";

    /// A key in the chain is too short.
    ///
    /// ## What it means
    /// OpenSSL at security level 2, the default of Debian and Ubuntu, wants 112 bits of security:
    /// RSA keys of 2048 bits.
    ///
    /// ## Why it happens in a Juju deployment
    /// An old key was handed over with `manual-tls-certificates`, or an old CA was imported.
    ///
    /// ## What to do
    /// Issue it again with a longer key.
    WeakKey = "TS0413", "weak-key";

    /// A signature uses an algorithm that the judge does not accept.
    ///
    /// ## What it means
    /// SHA-1 or MD5 for OpenSSL at security level 2; for rustls, whatever its provider lacks.
    ///
    /// ## Why it happens in a Juju deployment
    /// A certificate that was issued outside, by an old authority.
    ///
    /// ## What to do
    /// Have it issued again with SHA-256.
    UnsupportedSignature = "TS0414", "unsupported-signature";

    /// The judge gave up among too many possible issuers.
    ///
    /// ## What it means
    /// webpki checks at most 100 signatures for one chain, and it does not look at key identifiers:
    /// a store with more roots of one name than that may fail before the right one is tried.
    /// OpenSSL goes by key identifier and does not mind.
    ///
    /// ## Why it happens in a Juju deployment
    /// CAs that keep their name were rotated again and again, and `certificate_transfer` only ever
    /// adds: every old root stays in every receiver.
    ///
    /// ## What to do
    /// Remove and add the transfer relation to drop the old roots, and give each CA its own name.
    TooManyCandidates = "TS0415", "too-many-candidates";

    /// Something that was presented is no certificate.
    ///
    /// ## What it means
    /// The bytes do not parse as X.509.
    ///
    /// ## Why it happens in a Juju deployment
    /// A file was cut short, or a provider put something else into the `certificate` field.
    ///
    /// ## What to do
    /// Look at what the provider wrote: `juju show-unit app/0`.
    BadEncoding = "TS0416", "bad-encoding";

    /// The chain has more certificates than the judge follows.
    ///
    /// ## What it means
    /// webpki follows six intermediates, OpenSSL a hundred.
    ///
    /// ## Why it happens in a Juju deployment
    /// Intermediate providers are stacked on each other.
    ///
    /// ## What to do
    /// Let them request from one parent instead of from each other.
    ChainTooLong = "TS0417", "chain-too-long";

    /// The server wants a client certificate, and the client has none.
    ///
    /// ## What it means
    /// Mutual TLS is required. In TLS 1.3 the client sees it only after its own handshake seemed
    /// to be done: alert `certificate_required`.
    ///
    /// ## Why it happens in a Juju deployment
    /// The client's charm has no certificate yet, or never requested one for client use.
    ///
    /// ## What to do
    /// Relate the client to a certificate provider that the server trusts.
    NoClientCertificate = "TS0418", "no-client-certificate";

    /// The private key does not belong to the certificate.
    ///
    /// ## What it means
    /// The side cannot load its own identity; a real server would not start.
    ///
    /// ## Why it happens in a Juju deployment
    /// The key was rotated while the certificate for the old one was still served, or two units
    /// share a certificate but not the key.
    ///
    /// ## What to do
    /// Have the certificate requested again with the key that is in use.
    KeyMismatch = "TS0419", "key-mismatch";

    /// The certificate has been revoked.
    ///
    /// ## What it means
    /// A revocation list that the judge loaded names the certificate's serial number.
    ///
    /// ## Why it happens in a Juju deployment
    /// An operator revoked it at the authority. `revoked` in a databag is something else: the
    /// provider only withdraws the certificate, and a side that still serves it is not refused.
    ///
    /// ## What to do
    /// Request a new certificate.
    Revoked = "TS0420", "revoked";

    /// Whether the certificate is revoked cannot be known.
    ///
    /// ## What it means
    /// Revocation lists are loaded, but none covers this issuer, or the issuer may not sign lists.
    ///
    /// ## Why it happens in a Juju deployment
    /// The charms' own CAs issue no lists and lack the usage to sign them.
    ///
    /// ## What to do
    /// Load the list of every authority, or switch the check off for this client.
    UnknownRevocationStatus = "TS0421", "unknown-revocation-status";

    /// The revocation list is out of date.
    ///
    /// ## What it means
    /// It is past its `nextUpdate`, and the judge insists on a current one.
    ///
    /// ## Why it happens in a Juju deployment
    /// Nothing renews the list, or its delivery stopped.
    ///
    /// ## What to do
    /// Publish and deliver a new list.
    RevocationListExpired = "TS0422", "revocation-list-expired";

    /// The server has no certificate to present.
    ///
    /// ## What it means
    /// No chain was ever written for it, or its charm deleted what it had: some do while a renewal is not answered
    /// (`reconciles`), others when the relation goes.
    ///
    /// ## Why it happens in a Juju deployment
    /// The request is still waiting: the provider is not ready, sealed, or not related.
    ///
    /// ## What to do
    /// See what the provider waits for: `juju status`.
    NoCertificate = "TS0423", "no-certificate";

    /// The client asks for something that cannot be a server's name.
    ///
    /// ## What it means
    /// It is neither a DNS name nor an IP address.
    ///
    /// ## Why it happens in a Juju deployment
    /// There is a URL, a port or an empty option where a host name belongs.
    ///
    /// ## What to do
    /// Correct the client's option.
    InvalidServerName = "TS0424", "invalid-server-name";

    /// A certificate breaks a rule of RFC 5280 that strict judges enforce.
    ///
    /// ## What it means
    /// OpenSSL with `X509_V_FLAG_X509_STRICT`, Python's default since 3.13, found a certificate
    /// without key identifiers, with basic constraints that are not critical, or the like.
    ///
    /// ## Why it happens in a Juju deployment
    /// A home-made CA; the charms' own certificates pass.
    ///
    /// ## What to do
    /// Issue it again with the extension that the message names.
    ProfileViolation = "TS0425", "profile-violation";

    /// There is no answer.
    ///
    /// ## What it means
    /// The connection is refused before any TLS: the server's process is not listening.
    ///
    /// ## Why it happens in a Juju deployment
    /// The workload is being restarted, which many charms do whenever a certificate or a trusted
    /// CA changes; its process is down; its pod was killed or is being replaced; its machine
    /// restarts.
    ///
    /// ## What to do
    /// Where it is a restart, nothing, as long as clients try again; else spread restarts over the
    /// units of the application. Where the process or its pod is gone, find out why it went.
    Unreachable = "TS0426", "unreachable";

    /// A revocation list cannot be relied on.
    ///
    /// ## What it means
    /// The list of the certificate's issuer is loaded, but its signature does not fit the issuer's
    /// key, its `thisUpdate` is in the future, or it has a critical extension. rustls does not look
    /// at `thisUpdate`, and sends the alert `handshake_failure`.
    ///
    /// ## Why it happens in a Juju deployment
    /// The authority was replaced by one of the same name, and the list is still the old one's, or
    /// the judge's clock is behind the authority's.
    ///
    /// ## What to do
    /// Load the list that the present authority signs.
    RevocationListInvalid = "TS0427", "revocation-list-invalid";

    /// The server does not speak TLS.
    ///
    /// ## What it means
    /// What came back is no TLS record, such as an HTTP answer in the clear.
    ///
    /// ## Why it happens in a Juju deployment
    /// The server has no certificate yet and listens in plain text, or it was configured without
    /// TLS while the client was told `https`.
    ///
    /// ## What to do
    /// Relate the server to a certificate provider, and wait until it has its certificate.
    PlaintextPeer = "TS0428", "plaintext-peer";

    /// The peer closed the connection in the middle of the handshake.
    ///
    /// ## What it means
    /// The connection was accepted and then closed without an alert.
    ///
    /// ## Why it happens in a Juju deployment
    /// A proxy in front has no server behind it, a unit was killed, or a workload is being
    /// restarted.
    ///
    /// ## What to do
    /// See whether the server's unit is up: `juju status`.
    ClosedByPeer = "TS0429", "closed-by-peer";

    /// The two sides have no TLS version in common.
    ///
    /// ## What it means
    /// The server answers with the alert `protocol_version`.
    ///
    /// ## Why it happens in a Juju deployment
    /// An old client meets a server that was told to speak TLS 1.3 only.
    ///
    /// ## What to do
    /// Let the server allow TLS 1.2, or update the client.
    NoCommonVersion = "TS0430", "no-common-version";

    /// The two sides have no cipher suite or key exchange in common.
    ///
    /// ## What it means
    /// The server answers with the alert `handshake_failure`.
    ///
    /// ## Why it happens in a Juju deployment
    /// One side is restricted to suites, or to curves, that the other lacks.
    ///
    /// ## What to do
    /// Take the restriction back on one side.
    NoCommonParameters = "TS0431", "no-common-parameters";

    /// The two sides have no application protocol in common.
    ///
    /// ## What it means
    /// Both named protocols (ALPN), and none is the same. rustls and Go refuse with the alert
    /// `no_application_protocol`; OpenSSL goes on without one unless the server's program refuses.
    ///
    /// ## Why it happens in a Juju deployment
    /// A client that speaks only HTTP/2 meets a server that speaks only HTTP/1.1.
    ///
    /// ## What to do
    /// Allow both protocols on one side.
    NoCommonProtocol = "TS0432", "no-common-protocol";

    /// The server has certificates, but none for the name asked for.
    ///
    /// ## What it means
    /// It chooses by the name in the client's hello (SNI). rustls sends the alert `access_denied`,
    /// servers over OpenSSL that refuse send `unrecognized_name`.
    ///
    /// ## Why it happens in a Juju deployment
    /// A proxy has certificates for its routes only, and the client uses another name or an
    /// address.
    ///
    /// ## What to do
    /// Use a name that the proxy has a route and a certificate for.
    NoCertificateForName = "TS0433", "no-certificate-for-name";

    /// The client's charm has stopped the client, which opens no connection.
    ///
    /// ## What it means
    /// Its process is down for as long as the charm waits for a certificate of its own: nothing that it would send arrives.
    ///
    /// ## Why it happens in a Juju deployment
    /// opentelemetry-collector and opentelemetry-collector-k8s stop the collector while `receive-server-cert` is related and
    /// has no certificate, which is so from a renewal's request until its answer: seconds, or as long as people take.
    ///
    /// ## What to do
    /// See what the provider waits for: `juju status`.
    ClientStopped = "TS0434", "client-stopped";

    /// The handshake failed for a reason that has no page of its own.
    ///
    /// ## What it means
    /// The rustls error says what happened.
    ///
    /// ## Why it happens in a Juju deployment
    /// Rarely: none of the charms' certificates lead here.
    ///
    /// ## What to do
    /// Look the rustls error up in its documentation.
    Other = "TS0499", "other";
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kebab())
    }
}

/// A name that no certificate error has.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a certificate error")]
pub struct UnknownErrorKind(pub String);

impl FromStr for ErrorKind {
    type Err = UnknownErrorKind;

    /// Reads the kebab-case name.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.iter().copied();
        all.find(|kind| kind.kebab() == name)
            .ok_or_else(|| UnknownErrorKind(name.to_owned()))
    }
}

impl ErrorKind {
    /// Whether the chain that was presented led to nothing that the judge trusts: to no root, to
    /// another key of the root's name, or not all the way to a root.
    pub const fn lacks_trust(self) -> bool {
        matches!(
            self,
            Self::UnknownIssuer | Self::BadSignature | Self::PartialChain
        )
    }

    /// Whether a side fails with it before any handshake, because it cannot load its own
    /// certificate and key.
    pub const fn prevents_loading(self) -> bool {
        matches!(self, Self::KeyMismatch | Self::BadEncoding)
    }
}

/// The page of a `TS04xx` code, in Markdown: its first line is `TS0401: unknown-issuer`.
pub fn explain(code: &str) -> Option<&'static str> {
    static PAGES: LazyLock<Vec<String>> =
        LazyLock::new(|| ErrorKind::ALL.iter().map(|&kind| page(kind)).collect());
    let index = ErrorKind::ALL
        .iter()
        .position(|kind| kind.code().eq_ignore_ascii_case(code))?;
    PAGES.get(index).map(String::as_str)
}

/// A doc comment's lines start with the space behind its slashes.
fn page(kind: ErrorKind) -> String {
    let mut page = format!("{}: {}\n\n", kind.code(), kind.kebab());
    for line in kind.raw_page().lines() {
        page.push_str(line.strip_prefix(' ').unwrap_or(line));
        page.push('\n');
    }
    page.push_str(&page::section(kind));
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_and_names_are_unique_and_in_order() {
        let codes: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
        assert!(codes.is_sorted());
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
        let names: BTreeSet<_> = ErrorKind::ALL.iter().map(|kind| kind.kebab()).collect();
        assert_eq!(names.len(), codes.len());
        for kind in ErrorKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(*kind));
        }
        let error = "no-such-error".parse::<ErrorKind>().unwrap_err();
        insta::assert_snapshot!(error, @"`no-such-error` is not a certificate error");
    }

    #[test]
    fn every_page_has_its_three_sections() {
        for kind in ErrorKind::ALL {
            let page = explain(kind.code()).unwrap();
            for section in [
                "## What it means\n",
                "## Why it happens in a Juju deployment\n",
                "## What to do\n",
                "## What each program prints\n",
            ] {
                assert!(page.contains(section), "{kind} lacks {section}");
            }
        }
    }

    #[test]
    fn a_page_reads_as_text() {
        insta::assert_snapshot!(explain("ts0412").unwrap());
        assert_eq!(explain("TS0400"), None);
    }
}
