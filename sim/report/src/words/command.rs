//! The words for what an operator does: `juju` commands as they are typed, and phrases for what no
//! command does. [`typed`] gives the words of a command, [`CommandLine`] quotes them.

use trustsim_diagnosis::{Command, Fix, Obstacle};
use trustsim_kernel::format_duration;
use trustsim_model::{CommandLine, Instruction, setting};

/// What an operator types, word by word; `None` for what no command does.
pub fn typed(command: &Command) -> Option<CommandLine> {
    let typed = match command {
        Command::Juju(typed) => typed.clone(),
        Command::Refresh {
            command,
            force_units,
            ..
        } => command.clone().and_flag("--force-units", *force_units),
        Command::Deploy {
            model,
            charm,
            name,
            channel,
            units,
            options,
        } => {
            // One unit is what `juju deploy` makes without being told.
            let units = (*units > 1).then_some(units);
            let typed = juju(["deploy", "-m", model, charm, name])
                .and_option("--channel", channel.as_ref())
                .and_option("-n", units);
            let options = options.iter();
            options.fold(typed, |typed, (option, value)| {
                typed.and("--config").and_word(setting(option, value))
            })
        }
        Command::Offer {
            controller,
            model,
            application,
            endpoints,
            name,
        } => {
            let endpoints = endpoints.join(",");
            juju(["offer"])
                .and_option("-c", controller.as_ref())
                .and(format_args!("{model}.{application}:{endpoints}"))
                .and(name)
        }
        Command::Consume {
            model,
            controller,
            owner,
            offer_model,
            offer,
            alias,
        } => {
            let path = format!("{owner}/{offer_model}.{offer}");
            let url = match controller {
                Some(controller) => format!("{controller}:{path}"),
                None => path,
            };
            juju(["consume", "-m", model])
                .and(url)
                .and_all(alias.as_ref())
        }
        Command::Integrate { model, endpoints } => {
            juju(["integrate", "-m", model]).and_all(endpoints)
        }
        Command::ByHand(_) | Command::Answer { .. } | Command::UseLeader { .. } => return None,
    };
    Some(typed)
}

/// A command of Juju: what follows `juju`.
fn juju<W: Into<String>>(words: impl IntoIterator<Item = W>) -> CommandLine {
    CommandLine::new(["juju"]).and_all(words)
}

/// What an operator types or does, one line.
pub fn text(command: &Command) -> String {
    match (command, typed(command)) {
        // A comment is what an operator may type behind a command.
        (Command::Refresh { fixes, .. }, Some(typed)) => {
            let fixes: Vec<String> = fixes.iter().map(fix).collect();
            format!("{typed}  # to a version that {}", fixes.join(" and "))
        }
        (_, Some(typed)) => typed.to_string(),
        (_, None) => phrase(command),
    }
}

/// What no command does.
fn phrase(command: &Command) -> String {
    match command {
        Command::ByHand(phrase) => phrase.clone(),
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
        Command::Juju(_)
        | Command::Deploy { .. }
        | Command::Offer { .. }
        | Command::Consume { .. }
        | Command::Integrate { .. }
        | Command::Refresh { .. } => unreachable!("it is typed: {command:?}"),
    }
}

/// A command in backquotes, to be typed as it is; what people do otherwise, in words.
pub fn quoted(command: &Command) -> String {
    let text = text(command);
    match typed(command) {
        Some(_) => format!("`{text}`"),
        None => text,
    }
}

/// What is typed, in backquotes; what happens without a command, in words.
pub fn instruction(instruction: &Instruction) -> String {
    match instruction {
        Instruction::Typed(typed) => format!("`{typed}`"),
        Instruction::ByHand(phrase) => phrase.clone(),
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
            is_described,
        } => {
            let verb = if *provides { "provides" } else { "requires" };
            match is_described {
                true => {
                    format!(
                        "charm {charm} of {application} has no endpoint that {verb} {interface}"
                    )
                }
                false => format!(
                    "it is not known whether charm {charm} of {application} has an endpoint that {verb} {interface}"
                ),
            }
        }
        Obstacle::NotRead { sends, receives } => format!(
            "{sends} sends with version 0 of certificate_transfer what {receives} cannot read"
        ),
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
        Fix::KeepsKeyOfRequest => "keeps the key that it asked with",
        Fix::SendsNewRequests => "asks with another request each time",
        Fix::RenewsOnExpiry => "asks again when a certificate ends or has ended",
        Fix::RestartsForCa => "restarts its workload for a new CA",
        Fix::TakesEachCa => "takes each CA that comes with its certificate",
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
        Fix::AsksForAlternativeNames => "asks for its name as an alternative name too",
        Fix::AsksForNewAddress => "asks for the address that its machine comes back with",
        Fix::IssuesForNewNames => "issues anew for a unit that asks for other names",
        Fix::AsksForBindAddressToo => "asks for the address of each pod too",
        Fix::AsksForItsAddressToo => "asks for the address of its load balancer too",
        Fix::RestartsWhereReloadFails => "restarts its workload where a reload fails",
        Fix::GivesProcessItsCa => "gives its other process the CA of its certificates",
        Fix::RenewsCaOfProcess => "gives its other process each CA that comes",
        Fix::WritesKubeconfigFirst => "writes the CA to root's kubeconfig before it asks with it",
        Fix::PassesItsCaOn => "hands its clients the CA of its certificates",
        Fix::PassesCaToEachRelation => "hands its CA to those who are related later, too",
        Fix::SendsLeafFirst => "gives chains that begin with the certificate",
        Fix::HandlesRelationBroken => "does not raise in relation-broken",
        Fix::WaitsForName => "waits for its name before it asks",
        Fix::ForgetsWithRelation => "forgets with the relation what came over it",
        Fix::LoadsSharedOnEveryUnit => "loads on every unit what the leader shares",
    };
    text.to_owned()
}
