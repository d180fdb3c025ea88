//! The words for what an operator does: `juju` commands as they are typed, and phrases for what no
//! command does.

use std::fmt::Display;

use trustsim_diagnosis::{Command, Fix, Obstacle};
use trustsim_kernel::format_duration;
use trustsim_model::setting;

/// What an operator types or does, one line.
pub fn text(command: &Command) -> String {
    match command {
        Command::Juju(text) | Command::ByHand(text) => text.clone(),
        Command::Deploy {
            model,
            charm,
            name,
            channel,
            units,
            options,
        } => {
            let typed = format!("juju deploy -m {model} {charm} {name}");
            let channel = optional(" --channel ", channel.as_ref(), "");
            format!("{typed}{channel}{}", units_and_options(*units, options))
        }
        Command::Offer {
            controller,
            model,
            application,
            endpoints,
            name,
        } => {
            let at = optional("-c ", controller.as_ref(), " ");
            let endpoints = endpoints.join(",");
            format!("juju offer {at}{model}.{application}:{endpoints} {name}")
        }
        Command::Consume {
            model,
            controller,
            owner,
            offer_model,
            offer,
            alias,
        } => {
            let at = optional("", controller.as_ref(), ":");
            let alias = optional(" ", alias.as_ref(), "");
            format!("juju consume -m {model} {at}{owner}/{offer_model}.{offer}{alias}")
        }
        Command::Integrate {
            model,
            endpoints: [left, right],
        } => format!("juju integrate -m {model} {left} {right}"),
        // A comment is what an operator may type behind a command.
        Command::Refresh {
            command,
            force_units,
            fixes,
        } => {
            let force = if *force_units { " --force-units" } else { "" };
            let fixes: Vec<String> = fixes.iter().map(fix).collect();
            format!(
                "{command}{force}  # to a version that {}",
                fixes.join(" and ")
            )
        }
        Command::Answer {
            operator,
            applications,
            within,
        } => format!(
            "{operator} answers what {} waits for within {}",
            applications.join(", "),
            format_duration(*within)
        ),
        Command::UseLeader {
            operator,
            application,
            unit,
        } => {
            format!("{operator} runs actions on {application}/leader, not on {application}/{unit}")
        }
    }
}

/// What follows `juju deploy` where several units are wanted, or options are set.
fn units_and_options(units: u32, options: &[(String, String)]) -> String {
    // One unit is what `juju deploy` makes without being told.
    let units = optional(" -n ", (units > 1).then_some(units), "");
    let options = options.iter();
    let options: String = options
        .map(|(option, value)| format!(" --config {}", setting(option, value)))
        .collect();
    format!("{units}{options}")
}

/// A value between two texts; nothing where there is none.
fn optional(before: &str, value: Option<impl Display>, behind: &str) -> String {
    value.map_or_else(String::new, |value| format!("{before}{value}{behind}"))
}

/// A command in backquotes, to be typed as it is; what people do otherwise, in words.
pub fn quoted(command: &Command) -> String {
    let text = text(command);
    match command.is_typed() {
        true => format!("`{text}`"),
        false => text,
    }
}

/// Why no command makes a change, one clause.
pub fn obstacle(obstacle: &Obstacle) -> String {
    match obstacle {
        Obstacle::NoEndpoint {
            charm,
            application,
            provides,
            interface,
        } => {
            let verb = if *provides { "provides" } else { "requires" };
            format!("charm {charm} of {application} has no endpoint that {verb} {interface}")
        }
        Obstacle::UsesLeader => "the operator uses the leader already".to_owned(),
        Obstacle::NotUndoable => "only others than operators can undo it".to_owned(),
        Obstacle::NoLaterVersion => "no later version is known".to_owned(),
        Obstacle::NotRelated => "they are not related directly".to_owned(),
        Obstacle::OtherModel => "the other provider is in another model".to_owned(),
        Obstacle::ProvidesNoCertificates => {
            "the other application provides no certificates".to_owned()
        }
    }
}

/// What a version does, to follow "a version that".
fn fix(fix: &Fix) -> String {
    let text = match fix {
        Fix::DoesNotFail(Some(hook)) => return format!("does not fail in {hook}"),
        Fix::DoesNotFail(None) => "does not fail in any hook",
        Fix::Implementation(effect) => effect,
        Fix::KeepsChainOrder => "leaves a chain in its order",
        Fix::PutsCertificateFirst => "puts the certificate before its chain",
        Fix::InstallsEveryCertificate => "installs every certificate that it is given",
        Fix::RestoresCertificates => "writes its files again when its container starts",
        Fix::RestartsForCertificate => "restarts its workload for a new certificate",
        Fix::WritesKeyWithCertificate => "writes a new key together with its certificate",
        Fix::SendsNewRequests => "asks with another request each time",
        Fix::RenewsOnExpiry => "asks again when a certificate ends or has ended",
        Fix::RestartsForCa => "restarts its workload for a new CA",
        Fix::ReadsCaFromEvent => "takes CAs from the library's event",
        Fix::KeepsEachCa => "keeps each CA in a file of its own",
        Fix::RestoresCas => "writes CAs again when its container starts",
        Fix::SpeaksTransferVersion1 => "speaks version 1 of certificate_transfer",
        Fix::WritesBothTransferVersions => "writes for both versions of certificate_transfer",
        Fix::ReadsApplicationRequests => "reads the requests of applications too",
        Fix::KeepsOneKey => "keeps one key for its application",
        Fix::MakesOwnRoot => "makes a root of its own where no CA above it is related",
        Fix::TellsRefusals => "tells a requirer that its request was refused",
        Fix::SignsForHalfOfCa => "signs for half of its CA's life",
        Fix::RenewsOwnCertificate => "makes its own certificate anew for other names",
        Fix::SendsLeafFirst => "gives chains that begin with the certificate",
        Fix::HandlesRelationBroken => "does not raise in relation-broken",
        Fix::WaitsForName => "waits for its name before it asks",
        Fix::ForgetsWithRelation => "forgets with the relation what came over it",
        Fix::LoadsSharedOnEveryUnit => "loads on every unit what the leader shares",
    };
    text.to_owned()
}
