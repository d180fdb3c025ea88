//! Which library a charm carries.

use super::Side;

/// The library's id at Charmhub, in the labels of its secrets.
pub const LIBID: &str = "afd8c2bccf834997afce12c2706d2ede";

/// Which library a charm carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Library {
    /// charmlibs-interfaces-tls-certificates 1.12.0.
    #[default]
    Current,
    /// Charmhub `tls_certificates_interface.v4`, patch 30, as canonical/traefik-k8s-operator
    /// (8ab4a7e) vendors it.
    V4Patch30,
    /// Charmhub `tls_certificates_interface.v4`, patch 27 (canonical/tls-certificates-interface
    /// 257bfe7): no safety net before expiry, and in APP mode each unit has a key of its own, so
    /// that a new leader asks anew (canonical/traefik-k8s-operator issue 709).
    V4Patch27,
    /// Charmhub `tls_certificates_interface.v3`, patch 27 (canonical/tls-certificates-interface
    /// 257bfe7): [`super::RequirerV3`]. As a provider it hears units only.
    V3,
}

impl Library {
    /// Every library with its name in catalogue and scenarios.
    pub const ALL: [(Self, &str); 4] = [
        (Self::Current, "tls-certificates"),
        (Self::V4Patch30, "tls-certificates-v4"),
        (Self::V4Patch27, "tls-certificates-v4.27"),
        (Self::V3, "tls-certificates-v3"),
    ];

    /// Its name in catalogue and scenarios.
    ///
    /// # Panics
    ///
    /// Never: [`Self::ALL`] has every library.
    pub fn name(self) -> &'static str {
        let mut all = Self::ALL.iter();
        let found = all.find(|(library, _)| *library == self);
        found.expect("every library has a name").1
    }

    /// Whether a new leader looks at the relation at once.
    pub const fn observes_leader_elected(self) -> bool {
        matches!(self, Self::Current)
    }

    /// Whether keys and certificates go with the relation.
    pub const fn cleans_up_on_broken(self) -> bool {
        matches!(self, Self::Current)
    }

    /// Whether `certificate_available` is emitted for a certificate that was known before.
    pub const fn emits_known_certificates(self) -> bool {
        matches!(self, Self::Current)
    }

    /// Whether `certificate_denied` exists.
    pub const fn knows_errors(self) -> bool {
        matches!(self, Self::Current)
    }

    /// Whether what nears its end is renewed in each pass (`_renew_expiring_certificates`).
    pub const fn has_safety_net(self) -> bool {
        matches!(self, Self::Current | Self::V4Patch30)
    }

    /// Whether an application may ask, in its application databag.
    pub const fn has_application_requests(self) -> bool {
        !matches!(self, Self::V3)
    }

    /// Who owns the secret of a private key: for an application's, before patch 28 of version 4,
    /// whichever unit runs the library, each with a key of its own.
    pub const fn key_owner(self, asked_by: Side) -> Side {
        match self {
            Self::Current | Self::V4Patch30 => asked_by,
            Self::V4Patch27 | Self::V3 => Side::Unit,
        }
    }

    /// Who owns the secret of a certificate that the application asked for.
    pub const fn certificate_owner(self, asked_by: Side) -> Side {
        match self {
            Self::Current => asked_by,
            Self::V4Patch30 | Self::V4Patch27 | Self::V3 => Side::Unit,
        }
    }

    /// Label of the secret that holds the private key.
    pub fn key_label(self, side: Side, unit_number: u32, endpoint: &str) -> String {
        match (side, self) {
            (Side::Unit, _) => format!("{LIBID}-private-key-{unit_number}-{endpoint}"),
            (Side::App, Self::Current) => format!("{LIBID}-private-key-app-{endpoint}"),
            (Side::App, _) => format!("{LIBID}-private-key-{endpoint}"),
        }
    }

    /// Label of the secret that holds the certificate of the request with this SHA-256.
    pub fn certificate_label(
        self,
        side: Side,
        unit_number: u32,
        endpoint: &str,
        request_sha256: &str,
    ) -> String {
        let prefix = match self {
            Self::Current => self.certificate_label_prefix(side, unit_number, endpoint),
            Self::V3 => format!("{LIBID}-"),
            Self::V4Patch30 | Self::V4Patch27 => match side {
                Side::Unit => format!("{LIBID}-certificate-{unit_number}-"),
                Side::App => format!("{LIBID}-certificate-"),
            },
        };
        format!("{prefix}{request_sha256}")
    }

    /// What the labels of all certificates of a relation begin with.
    pub fn certificate_label_prefix(self, side: Side, unit_number: u32, endpoint: &str) -> String {
        match side {
            Side::Unit => format!("{LIBID}-certificate-{unit_number}-{endpoint}-"),
            Side::App => format!("{LIBID}-certificate-{endpoint}-"),
        }
    }
}
