//! Clients outside Juju.

use super::addresses::Addresses;
use super::folder::Folder;
use super::inventory::Inventory;
use super::values;
use crate::format::ClientFile;
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_kernel::Span;
use trustsim_model::{ApplicationIndex, ClientSpec};
use trustsim_pki::Certificate;
use trustsim_validators::Validator;
use trustsim_yaml::{Map, Spanned, Text};

/// Adds every client. What a later one names may be an earlier one.
pub(super) fn clients(
    clients: Option<&Map<ClientFile>>,
    folder: Folder<'_>,
    inventory: &mut Inventory,
    out: &mut Diagnostics,
) {
    for (name, file) in clients.into_iter().flat_map(Map::iter) {
        let client = client(name, file, folder, inventory, out);
        inventory.add_client(client);
    }
}

fn client(
    name: &Spanned<String>,
    file: &ClientFile,
    folder: Folder<'_>,
    inventory: &Inventory,
    out: &mut Diagnostics,
) -> ClientSpec {
    check_name(name, inventory, out);
    // `system` is the public roots.
    let is_system = |text: &&Text| text.value == "system";
    let trusts = file.trusts.iter().flatten();
    let named = trusts.clone().filter(|text| !is_system(text));
    let mut addresses = Addresses::new(inventory, out);
    let named: Vec<ApplicationIndex> = named.filter_map(|text| addresses.authority(text)).collect();
    let roots = file.roots.iter().flatten();
    let roots_pem = roots.filter_map(|path| roots_of(path, folder, out));
    ClientSpec {
        name: name.value.clone(),
        trusts: named,
        trusts_system: trusts.clone().any(|text| is_system(&text)),
        roots_pem: roots_pem.collect(),
        refresh: refresh(file, out),
        validator: validator(file, out),
    }
}

fn check_name(name: &Spanned<String>, inventory: &Inventory, out: &mut Diagnostics) {
    if name.value.is_empty() || name.value.contains(['.', '/', ':', ' ']) {
        let message = format!("`{}` is not a valid client name", name.value);
        let help = "leave out dots, slashes, colons and spaces: those are for addresses";
        out.push(Diagnostic::error(Code::BadName, name.place, message).help(help));
    }
    let models = &inventory.deployment().models;
    if models.len() == 1
        && let Some(model) = models.first_key()
        && let Some(application) = inventory.application(model, &name.value)
    {
        let message = format!("`{}` is both a client and an application", name.value);
        let place = inventory.place_of(application);
        let diagnostic = Diagnostic::error(Code::Duplicate, name.place, message);
        out.push(diagnostic.also(place, "the application"));
    }
}

/// The roots in a file, which are read to see that they are some.
fn roots_of(path: &Text, folder: Folder<'_>, out: &mut Diagnostics) -> Option<String> {
    let text = folder.text(path, out)?;
    let wrong = match Certificate::chain_from_pem(&text) {
        Ok(roots) if !roots.is_empty() => return Some(text),
        Ok(_) => format!("`{}` holds no PEM certificate", path.value),
        Err(error) => format!("`{}` cannot be read: {error}", path.value),
    };
    out.push(Diagnostic::error(Code::BadValue, path.place, wrong));
    None
}

fn refresh(file: &ClientFile, out: &mut Diagnostics) -> Option<Span> {
    let refresh = file.refresh.as_ref()?;
    if refresh.value.0.is_zero() {
        let message = "a client cannot fetch again without any time between";
        out.push(Diagnostic::error(Code::BadValue, refresh.place, message));
    }
    Some(refresh.value.0)
}

/// The client's stack: OpenSSL where none is named, and where there is none of that name.
fn validator(file: &ClientFile, out: &mut Diagnostics) -> Validator {
    let text = file.validator.as_ref();
    let named = text.and_then(|text| values::validator(text, out));
    named.unwrap_or_default()
}
