//! A certificate that expired, or never was there: was another one asked for, was it answered, was
//! the answer loaded.

use super::trail::{holder, requested};
use super::{Cause, Detective, PATIENCE, short};
use crate::case::Case;
use crate::describe::{certificate_name, short_serial};
use crate::expectations::application_of;
use trustsim_charms::{EndpointProfile, KeyUse, Mode, Role};
use trustsim_kernel::Time;
use trustsim_world::{CertificateKind, CertificateRecord, Kind, Seq};

const CERTIFICATES: &str = "tls-certificates";

impl<'a> Detective<'_, 'a> {
    /// A certificate of the chain, or what is trusted, is over.
    pub(super) fn expired(&self, case: &Case<'a>) -> Option<Cause> {
        let chain = case.leaf.into_iter().chain(case.issuers.iter().copied());
        let mut over = chain.filter(|record| record.certificate.not_after() <= case.at);
        let Some(culprit) = over.next() else {
            return self.clock(case, true).or_else(|| self.trusted_over(case));
        };
        let name = certificate_name(&culprit.certificate);
        let end = culprit.certificate.not_after();
        let cause = match (self.signed_in_the_past(culprit, case), culprit.kind) {
            (Some(cause), _) => cause,
            (None, CertificateKind::Root) => self.root_over(culprit, case),
            (None, _) => self.not_renewed(culprit, case.presenter, case.at),
        };
        Some(cause.after(end, format!("{name} expires")))
    }

    /// What the judging side trusts is over, and nothing that was presented.
    fn trusted_over(&self, case: &Case<'a>) -> Option<Cause> {
        let mut trusted = case.trusted.unwrap_or_default().iter();
        let root = trusted.find(|root| root.not_after() <= case.at)?;
        let judge = case.judge;
        let clients = &self.deployment.clients;
        let whom = match clients.iter().any(|client| client.name == judge) {
            true => format!("client {judge}"),
            false => judge.to_owned(),
        };
        let end = short(root.not_after());
        let line = format!(
            "the root that {whom} trusts, {}, ended at {end}",
            certificate_name(root)
        );
        Some(Cause::new("anchor-over", line, None))
    }

    pub(super) fn not_valid_yet(&self, case: &Case<'a>) -> Option<Cause> {
        self.clock(case, false)
    }

    /// A side has nothing to present.
    pub(super) fn without_certificate(&self, case: &Case<'a>) -> Option<Cause> {
        let who = case.presenter;
        if let Some(cause) = self.deaf_to(who) {
            return Some(cause);
        }
        let requests = self.requests(who, None, self.deployment.start, case.at);
        let Some(last) = requests.last() else {
            return Some(self.not_asked(who, None, case.at));
        };
        let issued = self.newest(&[who, application_of(who)], None, last.1, case.at);
        match issued {
            Some((seq, record)) => Some(self.not_loaded(who, (seq, record), case.at)),
            None => Some(self.unanswered(who, *last, case.at)),
        }
    }

    /// Why a unit that asks for certificates has never been given one.
    pub(super) fn never_given(&self, who: &str, at: Time) -> Option<Cause> {
        let start = self.deployment.start;
        let Some(last) = self.requests(who, None, start, at).last().copied() else {
            return Some(self.not_asked(who, None, at));
        };
        let whose = [who, application_of(who)];
        match self.newest(&whose, None, start, at) {
            Some(_) if self.has_served(who, at) => None,
            Some(issued) => Some(self.not_loaded(who, issued, at)),
            None => Some(self.unanswered(who, last, at)),
        }
    }

    fn has_served(&self, who: &str, at: Time) -> bool {
        let own = self.trail.about(who, self.deployment.start, at);
        let mut served = own.into_iter();
        served.any(|(_, entry)| {
            matches!(
                &entry.kind,
                Kind::CertificateServed {
                    certificate: Some(_),
                    ..
                }
            )
        })
    }

    /// A leaf or an intermediate of `culprit`'s holder is over, and nothing took its place.
    fn not_renewed(&self, culprit: &'a CertificateRecord, who: &str, at: Time) -> Cause {
        let holder = holder(culprit);
        // What an application holds is presented by any of its units.
        let whom = match application_of(who) == holder {
            true => who,
            false => &holder,
        };
        let name = culprit.certificate.subject_common_name();
        let end = culprit.certificate.not_after();
        let born = self.issued_at(culprit);
        let newer = self.newest(&[&holder], name, after(born), at);
        let requests = self.requests(&holder, name, after(born), at);
        let Some(first) = requests.iter().find(|(_, time)| {
            newer.is_none_or(|(seq, _)| self.trail.entry(seq).is_some_and(|it| *time > it.time))
        }) else {
            return match newer {
                Some((seq, record)) => self.not_loaded(whom, (seq, record), at),
                None => self.not_asked(&holder, Some(culprit), end.min(at)),
            };
        };
        self.unanswered_by(self.asked_of(culprit, at), &holder, *first, at)
    }

    /// Who is asked for a certificate in place of this one: whoever gave it, where the relation is
    /// still there, else everybody who gives its holder certificates.
    pub(crate) fn asked_of(&self, record: &CertificateRecord, at: Time) -> Vec<String> {
        let whose = holder(record);
        let all = self.providers(application_of(&whose), at);
        match self.giver_of(record).filter(|giver| all.contains(giver)) {
            Some(giver) => vec![giver],
            None => all,
        }
    }

    /// A root is over: whoever made it has another one, or never made one.
    fn root_over(&self, culprit: &'a CertificateRecord, case: &Case<'a>) -> Cause {
        let owner = holder(culprit);
        let born = self.issued_at(culprit);
        let newer = self
            .trail
            .issued_to(&owner)
            .into_iter()
            .find(|(_, entry, record)| {
                record.kind == CertificateKind::Root && entry.time > born && entry.time <= case.at
            });
        let end = short(culprit.certificate.not_after());
        match newer {
            Some((seq, entry, _)) => Cause::new(
                "outlived-ca",
                format!(
                    "{} still presents a certificate of the CA of {owner} that ended at {end}: \
                     {owner} made another one at {}, and nobody asked for a certificate of it",
                    case.presenter,
                    short(entry.time)
                ),
                Some(seq),
            ),
            None => {
                let line = format!("{owner} never renewed its root, which ended at {end}");
                Cause::new("root-not-renewed", line, None)
            }
        }
    }

    /// Nobody asked.
    fn not_asked(&self, holder: &str, leaf: Option<&CertificateRecord>, at: Time) -> Cause {
        let whom = application_of(holder);
        let open = super::faults::in_force(self.deployment, at);
        let providers = self.providers(whom, at);
        if providers.is_empty() {
            let mut pairs = (0..self.deployment.applications.len()).filter_map(|provider| {
                let own = self.application(whom)?;
                super::faults::parts(self.deployment, &open, [own, provider])
            });
            if let Some(removed) = pairs.next_back() {
                return Cause::new(
                    "relation-removed",
                    self.sentence(removed),
                    self.seq_of(removed),
                );
            }
            if let Some(removed) = self.certificates_relation_gone(whom, at) {
                return removed;
            }
            let line = format!("no relation brings {holder} a certificate");
            return Cause::new("no-provider", line, None);
        }
        let since = leaf.map_or(self.deployment.start, |leaf| self.issued_at(leaf));
        if let Some(cause) = self.fails(holder, since, at) {
            return cause;
        }
        if let Some(mut cause) = self.is_down(whom, at) {
            let too_late = self
                .profiles(whom)
                .any(|profile| !profile.renews_on.expired);
            let too_late = match too_late && leaf.is_some() {
                true => ", and its charm does not ask for one when it has expired",
                false => "",
            };
            cause.line = format!(
                "{}: {holder} never asked for a new certificate{too_late}",
                cause.line
            );
            return cause;
        }
        let late = |own| self.strike_on(own, at, |strike| strike == super::faults::Strike::Late);
        if let Some(timed) = self.application(whom).and_then(late) {
            let line = format!(
                "{}: no secret expired, and {holder} never asked for a new certificate",
                self.sentence(timed)
            );
            return Cause::new("late", line, self.seq_of(timed));
        }
        if leaf.is_none()
            && let Some(cause) = self.stuck(whom, since, at)
        {
            return cause;
        }
        let line = match (leaf, self.says_why_never(whom)) {
            (Some(_), Some(why)) => format!("{holder} never asked for a new certificate: {why}"),
            (Some(leaf), None) => format!(
                "{holder} never asked for a new certificate in place of the one that ended at {}",
                short(leaf.certificate.not_after())
            ),
            (None, _) => format!("{holder} never asked for a certificate"),
        };
        Cause::new("not-asked", line, None)
    }

    /// Why a charm never asks again, by its profile.
    fn says_why_never(&self, whom: &str) -> Option<String> {
        let charm = &self.deployment.applications[self.application(whom)?].charm;
        let mut profiles = charm
            .endpoints
            .iter()
            .filter_map(|each| each.profile.as_ref());
        profiles.find_map(|profile| match profile {
            EndpointProfile::LegacyCertificates(_) => Some(
                "in the legacy protocol a certificate is issued once, and again only where its \
                 names change"
                    .to_owned(),
            ),
            EndpointProfile::Certificates(profile)
                if !profile.renews_on.expiring && !profile.renews_on.expired =>
            {
                Some(format!(
                    "charm {} does not listen for the end of one",
                    charm.name
                ))
            }
            EndpointProfile::Certificates(profile)
                if !profile.unique_requests && profile.key == KeyUse::Kept =>
            {
                Some(
                    "it sends the same request again, which its provider has answered already"
                        .to_owned(),
                )
            }
            _ => None,
        })
    }

    /// A request was sent, and no certificate came.
    fn unanswered(&self, holder: &str, request: (Seq, Time), at: Time) -> Cause {
        let providers = self.providers(application_of(holder), at);
        self.unanswered_by(providers, holder, request, at)
    }

    fn unanswered_by(
        &self,
        providers: Vec<String>,
        holder: &str,
        (seq, sent): (Seq, Time),
        at: Time,
    ) -> Cause {
        let entry = self.trail.entry(seq);
        let name = entry.and_then(requested);
        let name = name.unwrap_or_default().to_owned();
        let whom = application_of(holder);
        let asked = match &providers[..] {
            [] => "nobody".to_owned(),
            several => several.join(", "),
        };
        let step = format!("{holder} asks {asked} for {name}");
        let found = self.holdup(whom, &providers, (holder, &name), sent, at);
        let cause = found
            .or_else(|| self.unread(whom, &providers))
            .unwrap_or_else(|| {
                let line = format!(
                    "{asked} never answered the request of {holder} for {name}, sent at {}",
                    short(sent)
                );
                Cause::new("not-answered", line, Some(seq)).passing(at.since(sent) < PATIENCE)
            });
        cause.after(sent, step)
    }

    /// The provider's library reads the databags of units only, and an application asks.
    fn unread(&self, whom: &str, providers: &[String]) -> Option<Cause> {
        let own = self.application(whom)?;
        let charm = |index: usize| &self.deployment.applications[index].charm;
        let asks = charm(own)
            .endpoints
            .iter()
            .any(|endpoint| match &endpoint.profile {
                Some(EndpointProfile::Certificates(profile)) => profile.mode != Mode::Unit,
                _ => false,
            });
        let deaf = providers.iter().find(|provider| {
            let index = self.application(provider);
            index.is_some_and(|index| {
                let mut endpoints = charm(index).endpoints.iter();
                endpoints.any(|endpoint| {
                    let library = charm(index).certificates_library(&endpoint.name);
                    endpoint.role == Role::Provider
                        && library.is_some_and(|library| !library.has_application_requests())
                })
            })
        })?;
        asks.then(|| {
            let line = format!(
                "{deaf} reads the requests of units only, and {whom} asks as an application \
                 (TS0305)"
            );
            Cause::new("unread", line, None)
        })
    }

    /// A newer certificate was there, and the workload went on with the old one.
    pub(super) fn not_loaded(
        &self,
        who: &str,
        (seq, record): (Seq, &CertificateRecord),
        at: Time,
    ) -> Cause {
        let issued = self.trail.entry(seq).map_or(at, |entry| entry.time);
        let name = certificate_name(&record.certificate);
        let step = format!("{name} is issued for {who}");
        let whom = application_of(who);
        let found = self
            .fails(who, issued, at)
            .or_else(|| self.lost_certificate(who, at))
            .or_else(|| self.is_down(whom, at))
            .or_else(|| {
                let providers = self.providers(whom, at);
                self.cut_off(whom, &providers, at)
            });
        let found = found
            .or_else(|| self.not_the_leader(seq, issued))
            .or_else(|| self.between_phases(whom, at));
        let cause = found.unwrap_or_else(|| {
            let own = self.trail.about(who, issued, at);
            let heard = own.iter().any(|(_, entry)| match &entry.kind {
                Kind::HookCommitted { hook } => hook.is_relation_changed(),
                _ => false,
            });
            let why = match heard {
                true => {
                    "its charm heard of it, and its workload was not given it or did not read it"
                }
                false => "no hook of its charm heard of it",
            };
            let serial = short_serial(record.certificate.serial());
            let line = format!(
                "{who} goes on without the certificate that was issued for it at {} (serial \
                 {serial}): {why}",
                short(issued)
            );
            Cause::new("not-loaded", line, Some(seq)).passing(at.since(issued) < PATIENCE)
        });
        cause.after(issued, step)
    }

    /// A unit signed that does not lead: what it writes goes nowhere.
    fn not_the_leader(&self, seq: Seq, issued: Time) -> Option<Cause> {
        let entry = self.trail.entry(seq)?;
        let signer = crate::address(&entry.subject);
        let provider = application_of(&signer).to_owned();
        let before = self.trail.about(&provider, self.deployment.start, issued);
        let mut elected = before.iter().rev();
        let (_, leader) = elected.find(|(_, entry)| matches!(entry.kind, Kind::LeaderElected))?;
        let leader = crate::address(&leader.subject);
        // Who was told to hand it on: the unit on which somebody ran an action for it.
        let minute = issued + trustsim_kernel::Span::from_secs(60);
        let told = self.trail.about(&provider, issued, minute).into_iter();
        let mut told = told.filter_map(|(_, entry)| match &entry.kind {
            Kind::HookStarted { hook } if hook.is_action() => Some(crate::address(&entry.subject)),
            _ => None,
        });
        let signer = told.next().unwrap_or(signer);
        (leader != signer).then(|| {
            let line = format!(
                "{signer} was given the certificate, and does not lead {provider}: {leader} does, \
                 and nobody else can hand it on"
            );
            Cause::new("not-the-leader", line, Some(seq))
        })
    }

    /// The newest certificate that was issued to any of these, for this name where one is given.
    pub(super) fn newest(
        &self,
        holders: &[&str],
        name: Option<&str>,
        since: Time,
        until: Time,
    ) -> Option<(Seq, &'a CertificateRecord)> {
        let all = holders
            .iter()
            .flat_map(|holder| self.trail.issued_to(holder));
        let mut fits = all.filter(|(_, entry, record)| {
            let is_named = name.is_none() || record.certificate.subject_common_name() == name;
            entry.time >= since
                && entry.time <= until
                && is_named
                && record.kind != CertificateKind::Root
        });
        fits.next_back().map(|(seq, _, record)| (seq, record))
    }

    /// Requests of a unit or an application, for this name where one is given.
    pub(crate) fn requests(
        &self,
        of: &str,
        name: Option<&str>,
        since: Time,
        until: Time,
    ) -> Vec<(Seq, Time)> {
        // The leader asks for its application.
        let mut entries = self.trail.about(of, since, until);
        if entries.is_empty() || !of.contains('/') {
            entries = self.trail.about(application_of(of), since, until);
        }
        let asked = entries.into_iter().filter(|(_, entry)| {
            requested(entry).is_some_and(|said| name.is_none_or(|name| said == name))
        });
        asked.map(|(seq, entry)| (seq, entry.time)).collect()
    }

    pub(crate) fn issued_at(&self, wanted: &CertificateRecord) -> Time {
        let of = self.trail.issued_to(&holder(wanted));
        let mut of = of.into_iter();
        let found = of.find(|(_, _, record)| record.certificate == wanted.certificate);
        found.map_or(wanted.certificate.not_before(), |(_, entry, _)| entry.time)
    }

    /// `model.app` of those who give `whom` certificates at `at`.
    pub(crate) fn providers(&self, whom: &str, at: Time) -> Vec<String> {
        let last = self.trail.last_before(at);
        let facts = self.facts.relations(&[CERTIFICATES], last);
        let side = |name: &str| crate::carrier::side(self.deployment, name);
        let mut found: Vec<String> = Vec::new();
        for fact in facts.iter().filter(|fact| fact.there) {
            let provider = side(&fact.provider);
            if side(&fact.requirer) == whom && !found.contains(&provider) {
                found.push(provider);
            }
        }
        found
    }

    /// The last relation that brought `whom` certificates was removed, and none is there.
    pub(super) fn certificates_relation_gone(&self, whom: &str, at: Time) -> Option<Cause> {
        let last = self.trail.last_before(at);
        let facts = self.facts.relations(&[CERTIFICATES], last);
        let side = |name: &str| crate::carrier::side(self.deployment, name);
        let own = || facts.iter().filter(|fact| side(&fact.requirer) == whom);
        if own().any(|fact| fact.there) {
            return None;
        }
        let gone = own().max_by_key(|fact| fact.seq)?;
        let entry = self.trail.entry(gone.seq)?;
        let action = entry.cause.and_then(|cause| self.done_to(cause));
        let by = action.map_or_else(String::new, |action| format!(" by {}", action.line));
        let line = format!(
            "the relation that brought {whom} certificates from {} was removed at {}{by}",
            side(&gone.provider),
            short(entry.time)
        );
        Some(Cause::new("relation-removed", line, Some(gone.seq)))
    }

    /// Nothing comes over a relation whose sides do not understand each other.
    fn deaf_to(&self, who: &str) -> Option<Cause> {
        let [left, right] = self.deaf(application_of(who))?;
        let line = format!(
            "{left} and {right} speak different protocols (TS0304), so {who} gets no certificate"
        );
        Some(Cause::new("protocol-mismatch", line, None))
    }

    /// A relation of `whom` whose sides speak different protocols: `model.app:endpoint` twice.
    fn deaf(&self, whom: &str) -> Option<[String; 2]> {
        crate::carrier::deaf(self.deployment, whom)
    }
}

/// The first instant after one.
fn after(time: Time) -> Time {
    time + trustsim_kernel::Span::from_nanos(1)
}
