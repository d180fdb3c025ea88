//! Serial numbers: 20 bytes from a stream, never from the key, since charms keep their key over
//! renewals and a number must not come twice from one issuer.

use std::fmt;

use rand::Rng;

use trustsim_kernel::Stream;

/// The serial number of a certificate, a positive integer of at most 160 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SerialNumber([u8; 20]);

impl SerialNumber {
    /// 159 random bits, as `x509.random_serial_number` of `cryptography` draws them; Vault's
    /// `certutil.GenerateSerialNumber` draws as many.
    pub fn random(stream: &mut Stream) -> Self {
        let mut bytes = [0; 20];
        stream.fill_bytes(&mut bytes);
        let mut carry = 0;
        for byte in &mut bytes {
            let low = *byte & 1;
            *byte = *byte >> 1 | carry << 7;
            carry = low;
        }
        Self(bytes)
    }

    /// 160 random bits, as juju/juju `internal/pki/certificate.go` draws them: half of these take
    /// 21 bytes in DER.
    pub fn random_160(stream: &mut Stream) -> Self {
        let mut bytes = [0; 20];
        stream.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// 136 random bits behind a byte that tells the CA's instances apart, as letsencrypt/boulder
    /// `ca/ca.go` `generateSerialNumber` draws them.
    pub fn random_136(prefix: u8, stream: &mut Stream) -> Self {
        let mut bytes = [0; 20];
        stream.fill_bytes(&mut bytes[3..]);
        bytes[2] = prefix;
        Self(bytes)
    }

    /// This number, most significant byte first.
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The 20 bytes, most significant first.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

/// A counting serial number, as `EasyRSA` and `openssl ca` give them.
impl From<u64> for SerialNumber {
    fn from(number: u64) -> Self {
        let mut bytes = [0; 20];
        bytes[12..].copy_from_slice(&number.to_be_bytes());
        Self(bytes)
    }
}

/// Lower hexadecimal without leading zero bytes, as [`Certificate::serial`] gives it.
///
/// [`Certificate::serial`]: super::Certificate::serial
impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&digits(&self.0))
    }
}

/// Lower hexadecimal of a big-endian integer: whole bytes, no leading zero bytes, `00` for zero.
pub(super) fn digits(bytes: &[u8]) -> String {
    match bytes.iter().position(|byte| *byte != 0) {
        Some(first) => hex::encode(&bytes[first..]),
        None => "00".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_kernel::Streams;

    #[test]
    fn a_random_number_has_159_bits() {
        let mut stream = Streams::new(1).stream("serial", "ca");
        for _ in 0..100 {
            assert_eq!(SerialNumber::random(&mut stream).0[0] & 0x80, 0);
        }
        let first = SerialNumber::random(&mut Streams::new(1).stream("serial", "ca"));
        assert_eq!(
            first,
            SerialNumber::random(&mut Streams::new(1).stream("serial", "ca"))
        );
    }

    #[test]
    fn numbers_print_without_leading_zero_bytes() {
        assert_eq!(SerialNumber::from(1).to_string(), "01");
        assert_eq!(SerialNumber::from(0).to_string(), "00");
        assert_eq!(SerialNumber::from(0x0123).to_string(), "0123");
    }
}
