//! A distinguished name as `X500Principal.toString` prints it (`sun.security.x509.X500Name`).

use super::super::name::Name;

/// The name, last attribute first.
pub(super) fn text(name: &Name) -> String {
    let relatives = name.attributes.iter().rev().map(|attributes| {
        let pairs = attributes
            .iter()
            .map(|(id, value)| format!("{}={}", keyword(id), quoted(value)));
        pairs.collect::<Vec<_>>().join(" + ")
    });
    relatives.collect::<Vec<_>>().join(", ")
}

/// `AVAKeyword`.
fn keyword(id: &str) -> String {
    match id {
        "2.5.4.3" => "CN",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "T",
        "2.5.4.4" => "SURNAME",
        "2.5.4.42" => "GIVENNAME",
        "2.5.4.43" => "INITIALS",
        "2.5.4.44" => "GENERATION",
        "2.5.4.46" => "DNQUALIFIER",
        "2.5.4.5" => "SERIALNUMBER",
        "1.2.840.113549.1.9.1" => "EMAILADDRESS",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        id => return format!("OID.{id}"),
    }
    .to_owned()
}

/// Quoted where it holds a character that RFC 1779 reserves, or spaces at an end or in a row.
fn quoted(value: &str) -> String {
    let is_special = value.contains([',', '+', '=', '\n', '<', '>', '#', ';', '\\', '"'])
        || value.starts_with(' ')
        || value.ends_with(' ')
        || value.contains("  ");
    if !is_special {
        return value.to_owned();
    }
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn special_characters_are_quoted() {
        assert_eq!(quoted("plain name"), "plain name");
        assert_eq!(quoted("Model, Inc."), "\"Model, Inc.\"");
    }
}
