//! The words for certificates: what one is called, and what kind it is of.

use trustsim_model::CertificateKind;
use trustsim_pki::Certificate;

/// `CN=web (serial 1a2b3c4d..)`: a serial is cut to what tells certificates apart by eye.
pub fn name(certificate: &Certificate) -> String {
    let serial = short_serial(certificate.serial());
    format!("{} (serial {serial})", certificate.subject())
}

/// The first eight digits of a serial.
pub fn short_serial(serial: &str) -> String {
    match serial.char_indices().nth(8) {
        Some((cut, _)) => format!("{}..", &serial[..cut]),
        None => serial.to_owned(),
    }
}

/// `root`, `intermediate` or `leaf`.
pub const fn kind(kind: CertificateKind) -> &'static str {
    match kind {
        CertificateKind::Root | CertificateKind::OwnRoot => "root",
        CertificateKind::Intermediate => "intermediate",
        CertificateKind::Leaf => "leaf",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_cut_only_when_long() {
        assert_eq!(short_serial("0a1b"), "0a1b");
        assert_eq!(short_serial("0a1b2c3d"), "0a1b2c3d");
        assert_eq!(short_serial("0a1b2c3d4e"), "0a1b2c3d..");
    }
}
