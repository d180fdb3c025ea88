//! What people do to charm-vault: openstack/charm-vault `src/actions/actions.py` at 5a0c525.

use std::collections::BTreeMap;
use trustsim_interfaces::notes::Note;

use super::{
    ACCESS, CA_READY, CharmVault, PAUSED, REISSUE, REISSUE_GLOBAL, ROOT_CA, SEALED, pki, set,
};
use crate::action_error::ActionError;
use trustsim_interfaces::UnitContext;
use trustsim_juju::{HookError, Value};
use trustsim_pki::Certificate;

type Parameters = BTreeMap<String, String>;

impl CharmVault {
    pub(super) fn act(
        &self,
        name: &str,
        parameters: &Parameters,
        unit: &mut UnitContext<'_>,
    ) -> Result<(), HookError> {
        match name {
            // Run anywhere: the flags wait until this unit leads.
            "reissue-certificates" => reissue(unit),
            "get-root-ca" => {
                let ca = self.0.settings.get(unit, ROOT_CA);
                unit.note(Note::action_result(ca.as_ref().map_or("None", Value::text)));
            }
            "pause" => set(unit, PAUSED),
            // Whatever stops the process seals it.
            "restart" => set(unit, SEALED),
            "resume" => {
                unit.remove_file(PAUSED);
                set(unit, SEALED);
            }
            "authorize-charm" => self.authorize(unit)?,
            "generate-root-ca"
            | "upload-signed-csr"
            | "get-csr"
            | "regenerate-intermediate-ca"
            | "disable-pki"
                if !unit.is_leader() =>
            {
                fail(unit, "Please run action on lead unit");
            }
            "generate-root-ca" => self.generate_root(parameters, unit)?,
            "get-csr" | "regenerate-intermediate-ca" => {
                self.request_intermediate(parameters, unit)?
            }
            "upload-signed-csr" => self.upload(parameters, unit)?,
            "disable-pki" => {
                pki::disable(unit)?;
                unit.remove_file(CA_READY);
                self.0.settings.set(unit, ROOT_CA, None)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// `authorize-charm`, with what people do before it: initialise and unseal.
    fn authorize(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        unit.remove_file(SEALED);
        if unit.is_leader() {
            let access = Some(Value::from("role"));
            self.0.settings.set(unit, ACCESS, access)?;
        } else if self.0.settings.get(unit, ACCESS).is_none() {
            fail(unit, "Please run action on lead unit");
        }
        Ok(())
    }

    /// Whether nothing prevents it; what does is said.
    fn is_ready(&self, unit: &mut UnitContext<'_>) -> bool {
        let is_ready = self.obstacle(unit).is_none();
        if !is_ready {
            fail(unit, "VaultNotReady");
        }
        is_ready
    }

    fn generate_root(
        &self,
        parameters: &Parameters,
        unit: &mut UnitContext<'_>,
    ) -> Result<(), HookError> {
        if !self.is_ready(unit) {
            return Ok(());
        }
        if pki::has_authority(unit) {
            fail(unit, "PKI CA already configured");
            return Ok(());
        }
        let given = |name: &str| parameters.get(name).map(String::as_str);
        let ttl = pki::hours(given("ttl"), 87_599);
        let max_ttl = pki::hours(given("max-ttl"), 8760);
        let root = pki::generate_root(unit, &self.0.keys, ttl, max_ttl)?;
        self.0.settings.set(unit, ROOT_CA, Some(root.clone()))?;
        unit.note(Note::action_result(root.text()));
        set(unit, CA_READY);
        reissue(unit);
        Ok(())
    }

    /// `regenerate-intermediate-ca`: from now until the signed request comes back there is no CA.
    fn request_intermediate(
        &self,
        parameters: &Parameters,
        unit: &mut UnitContext<'_>,
    ) -> Result<(), HookError> {
        if !self.is_ready(unit) {
            return Ok(());
        }
        let force = parameters
            .get("force")
            .is_some_and(|force| force.eq_ignore_ascii_case("true"));
        if pki::has_authority(unit) && !force {
            fail(
                unit,
                "This action will invalidate this intermediate CA chain until the signed csr is \
                 uploaded. During this time no new certificate requests will be processed. If you \
                 are sure you want to go ahead with this then please run the action with force=True",
            );
            return Ok(());
        }
        let name = parameters.get("common-name").map(String::as_str);
        let request = pki::request_intermediate(unit, &self.0.keys, name)?;
        unit.remove_file(CA_READY);
        self.0.settings.set(unit, ROOT_CA, None)?;
        unit.note(Note::action_result(request.text()));
        Ok(())
    }

    /// `upload-signed-csr`: `pem` and `root-ca` are base64 of PEM. Without `root-ca`, requirers are
    /// given no CA at all.
    fn upload(&self, parameters: &Parameters, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let text = |name: &str| parameters.get(name).and_then(|text| decode(text));
        let Some(signed) = text("pem") else {
            fail(unit, "binascii.Error: Incorrect padding");
            return Ok(());
        };
        let root = text("root-ca");
        if let Some(root) = &root {
            // `leader-set` drops the last line's end.
            let root = Value::from(root.trim_end());
            self.0.settings.set(unit, ROOT_CA, Some(root))?;
        }
        let root = root.and_then(|root| Certificate::from_pem(&root).ok());
        let max_ttl = parameters.get("max-ttl").map(String::as_str);
        let max_ttl = pki::hours(max_ttl, 8760);
        match pki::set_signed_intermediate(unit, &signed, root.as_ref(), max_ttl) {
            Ok(()) => {
                set(unit, CA_READY);
                reissue(unit);
            }
            Err(ActionError::Failed(message)) => fail(unit, message),
            Err(ActionError::Raised(error)) => return Err(error),
        }
        Ok(())
    }
}

fn reissue(unit: &mut UnitContext<'_>) {
    set(unit, REISSUE);
    set(unit, REISSUE_GLOBAL);
}

fn fail(unit: &mut UnitContext<'_>, message: &str) {
    unit.note(Note::action_failed(message));
}

/// Base64 as people paste it, with or without line ends.
fn decode(text: &str) -> Option<String> {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    let letters = text.bytes().filter(|letter| !letter.is_ascii_whitespace());
    for letter in letters.take_while(|letter| *letter != b'=') {
        held = held << 6 | u32::from(value(letter)?);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xFF) as u8);
        }
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::decode;

    /// RFC 4648, section 10.
    #[test]
    fn base64_is_read_with_line_ends() {
        assert_eq!(decode("Zm9v\nYmFy").as_deref(), Some("foobar"));
        assert_eq!(decode("Zg==").as_deref(), Some("f"));
        assert_eq!(decode("%"), None);
        assert_eq!(decode(""), None);
    }
}
