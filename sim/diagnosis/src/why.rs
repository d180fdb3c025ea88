//! One connection at one instant: why it fails, or that it holds and what it rests on.

use thiserror::Error;

use super::ca_route::{CaRelation, CaRoute, OwnedCa, PassingRelation, ca_route, handing};
use super::case::Case;
use super::explanation::{Explainer, Explanation};
use super::outages::{Outage, outages};
use super::parts::part_at;
use trustsim_kernel::Time;
use trustsim_model::{
    Address, Deployment, Journal, Manifest, Party, Reason, Seq, Standing, Standings,
};
use trustsim_pki::Certificate;

/// The state of one connection at an instant.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Index into [`Manifest::connections`].
    pub connection: u32,
    /// The instant asked about.
    pub at: Time,
    /// The handshake whose verdict holds then.
    pub seq: Seq,
    /// When that handshake was.
    pub judged_at: Time,
    /// The outage that the instant lies in; `None` where the connection holds.
    pub outage: Option<Outage>,
    /// Why it fails; `None` where it holds.
    pub explanation: Option<Explanation>,
    /// What it rests on; `None` where it fails.
    pub rests: Option<Rests>,
}

/// What a connection that holds rests on.
#[derive(Clone, Debug)]
pub struct Rests {
    /// What the server presents: the leaf first, the root last.
    pub presented: Vec<Certificate>,
    /// The application whose CA signed the leaf, where the journal knows it.
    pub signer: Option<Address>,
    /// Which of those the client trusts.
    pub anchor: Option<Certificate>,
    /// How the client came to trust it.
    pub source: Source,
    /// When the first of them ends, the server's renewal left aside.
    pub until: Option<Time>,
}

/// How a CA came to be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Over relations: each alone would do.
    Relations(Vec<CaRelation>),
    /// A server handed it the CA of its certificates.
    PassedOn(PassingRelation),
    /// It is the CA that this application's charm has for its own units.
    OwnUnits(Address),
    /// A client outside Juju was given it.
    Given,
    /// The journal does not say.
    Unknown,
}

/// Why there is no answer.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum WhyError {
    /// There is no such connection.
    #[error("no connection from `{client}` to `{server}` is watched")]
    NoConnection {
        /// The client as it was given.
        client: String,
        /// The server as it was given.
        server: String,
        /// The connections there are.
        known: Vec<String>,
    },
    /// The scenario has such a connection, and what it needs is not simulated.
    #[error("the connection from `{client}` to `{server}` is not simulated")]
    NotSimulated {
        /// The client as it was given.
        client: String,
        /// The server as it was given.
        server: String,
        /// What is missing.
        reasons: Vec<Reason>,
    },
    /// Connections are watched from when the deployment has settled.
    #[error("connections are not watched before {from}")]
    NotYet {
        /// The first instant at which one is.
        from: Time,
    },
}

/// The state of every connection from `client` to `server` at `at`. Each is `model.app/0`,
/// `model.app` for all of its units, or the name of a client outside Juju.
///
/// # Errors
///
/// [`WhyError`] where there is no such connection, or none yet.
pub fn why(
    deployment: &Deployment,
    manifest: &Manifest,
    journal: &Journal,
    client: &str,
    server: &str,
    at: Time,
) -> Result<Vec<Answer>, WhyError> {
    let means = |given: &str, known: &Address| *known == *given || known.application() == given;
    let wanted: Vec<usize> = (0..manifest.connections.len())
        .filter(|&index| {
            let connection = &manifest.connections[index];
            means(client, &connection.client) && means(server, &connection.server)
        })
        .collect();
    if wanted.is_empty() {
        if let Some(reasons) = not_simulated(deployment, client, server) {
            return Err(WhyError::NotSimulated {
                client: client.to_owned(),
                server: server.to_owned(),
                reasons,
            });
        }
        return Err(WhyError::NoConnection {
            client: client.to_owned(),
            server: server.to_owned(),
            known: known(manifest),
        });
    }
    let explainer = Explainer::new(deployment, manifest, journal);
    let outages = outages(manifest, journal);
    let answers: Vec<Answer> = wanted
        .iter()
        .filter_map(|&index| {
            let connection =
                u32::try_from(index).expect("a manifest has fewer than 2^32 connections");
            answer(&explainer, &outages, connection, at)
        })
        .collect();
    if answers.is_empty() {
        let firsts = manifest.connections.iter();
        let from = firsts
            .filter_map(|connection| connection.first_attempt)
            .min();
        return Err(WhyError::NotYet {
            from: from.unwrap_or(manifest.start + manifest.duration),
        });
    }
    Ok(answers)
}

/// What is missing for a connection of the scenario from `client` to `server`; `None` where it has no such
/// connection, or it is simulated.
fn not_simulated(deployment: &Deployment, client: &str, server: &str) -> Option<Vec<Reason>> {
    let address = |party: Party| match deployment.application_of(party) {
        Some(application) => deployment.application_address(application),
        None => Address::outside(deployment.party_name(party)),
    };
    // Of a connection that is not simulated no units are known, and any may be given.
    let means = |given: &str, application: &Address| {
        let rest = given.strip_prefix(application.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let standings = Standings::of(deployment);
    let mut lines = deployment.connections.iter_enumerated();
    lines.find_map(|(index, spec)| {
        let is_meant = means(client, &address(spec.from))
            && means(server, &deployment.application_address(spec.to));
        let basis = standings.of_connection(index);
        (is_meant && basis.standing == Standing::NotSimulated).then(|| {
            let reasons = basis.reasons.into_iter();
            let missing = |reason: &Reason| reason.gap.standing() == Standing::NotSimulated;
            reasons.filter(missing).collect()
        })
    })
}

fn known(manifest: &Manifest) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for connection in &manifest.connections {
        let (client, server) = (
            connection.client.application(),
            connection.server.application(),
        );
        let pair = format!("{client} {server}");
        if !known.contains(&pair) {
            known.push(pair);
        }
    }
    known
}

fn answer(
    explainer: &Explainer<'_>,
    outages: &[Outage],
    connection: u32,
    at: Time,
) -> Option<Answer> {
    let (seq, judged_at, record) = explainer.in_force(connection, at)?;
    let outage = outages.iter().find(|outage| {
        outage.connection == connection
            && outage.from <= at
            && outage.until.is_none_or(|until| at < until)
    });
    let (explanation, rests) = match record.verdict.is_ok() {
        true if record.verdict.without_tls => (None, None),
        true => {
            let case = explainer.case(connection, seq, at);
            (None, Some(rests(explainer, &case, seq)))
        }
        false => {
            let explanation = match outage {
                // What was to blame is what every report says of that instant; the rest is as it was just then.
                Some(outage) => {
                    let now = explainer.explain_at(connection, seq, at);
                    let parts = explainer.explain(outage).parts;
                    let told = &part_at(&parts, at).explanation;
                    match now.cause.what == told.cause.what {
                        true => now,
                        false => told.clone(),
                    }
                }
                None => explainer.explain_at(connection, seq, at),
            };
            (Some(explanation), None)
        }
    };
    Some(Answer {
        connection,
        at,
        seq,
        judged_at,
        outage: outage.cloned(),
        explanation,
        rests,
    })
}

fn rests(explainer: &Explainer<'_>, case: &Case<'_>, seq: Seq) -> Rests {
    let records = case.leaf.into_iter().chain(case.issuers.iter().copied());
    let presented: Vec<Certificate> = records.map(|record| record.certificate.clone()).collect();
    let trusted = case.roots();
    let anchor = presented.iter().find(|each| trusted.contains(each));
    let owner = case
        .issuers
        .iter()
        .find(|issuer| Some(&issuer.certificate) == anchor);
    let owner = owner.map(|issuer| issuer.owner());
    let handed = || {
        let ends = [case.presenter, case.judge];
        let handing = handing(explainer.deployment, &explainer.facts, ends, seq);
        handing.map_or(Source::Unknown, Source::PassedOn)
    };
    let source = match owner {
        Some(owner) => source(explainer, &owner, case, seq),
        None if anchor.is_some() => handed(),
        None => Source::Unknown,
    };
    Rests {
        signer: case.signer(),
        until: presented.iter().map(Certificate::not_after).min(),
        anchor: anchor.cloned(),
        presented,
        source,
    }
}

fn source(explainer: &Explainer<'_>, owner: &Address, case: &Case<'_>, seq: Seq) -> Source {
    let found = ca_route(
        explainer.deployment,
        &explainer.facts,
        &explainer.clients,
        OwnedCa {
            owner,
            is_own_root: case.is_of_own_root(),
        },
        case.judge,
        seq,
    );
    match found {
        CaRoute::Relation { .. } => Source::Relations(super::ca_route::all_relations(
            explainer.deployment,
            &explainer.facts,
            owner,
            case.judge,
            seq,
        )),
        CaRoute::PassedOn(relation) => Source::PassedOn(relation),
        CaRoute::AmongUnits { application } => Source::OwnUnits(application),
        CaRoute::OutsideClient {
            is_trusted_by_scenario: true,
            ..
        } => Source::Given,
        _ => Source::Unknown,
    }
}
