//! A CA that is not trusted: which relation would have carried it, and why it did not.

use super::{Cause, Detective, short};
use crate::carrier::Carrier;
use crate::case::Case;
use crate::expectations::application_of;
use crate::facts::address;
use trustsim_world::{Entry, Kind, Seq};

/// Where a CA is that had not come far enough yet.
const ON_ITS_WAY: [&str; 3] = ["not-sent", "not-heard", "hook-running"];

/// What keeps a CA away that came, and will not come again by itself.
const FOR_EVER: [&str; 4] = [
    "one-at-random",
    "versions-differ",
    "written-over",
    "read-at-start",
];

impl<'a> Detective<'_, 'a> {
    pub(super) fn untrusted(
        &self,
        case: &Case<'a>,
        carrier: Option<&Carrier>,
        root: Option<Seq>,
    ) -> Option<Cause> {
        if let Some(cause) = self.behind(case) {
            return Some(cause);
        }
        let Some(carrier) = carrier else {
            return self.without_carrier(case);
        };
        let signer = case.signer()?;
        match carrier {
            Carrier::Missing { removed, .. } => Some(self.no_relation(&signer, case, *removed)),
            Carrier::Given { client, listed, .. } => {
                Some(self.not_given(client, *listed, &signer, case, root))
            }
            Carrier::Relation {
                interface,
                provider,
                requirer,
            } => {
                let relation = (interface.as_str(), provider.as_str(), requirer.as_str());
                Some(self.late(relation, &signer, case, root))
            }
        }
    }

    /// The root is trusted, or nobody here signed what was presented.
    fn without_carrier(&self, case: &Case<'a>) -> Option<Cause> {
        let leaf = case.leaf?;
        let who = case.presenter;
        if case.issuers.is_empty() {
            let line = format!(
                "{who} presents a certificate by {}, whom nothing in the deployment knows",
                leaf.certificate.issuer()
            );
            return Some(Cause::new("foreign-issuer", line, None));
        }
        if let Some(cause) = self.anchored_below(case) {
            return Some(cause);
        }
        case.trusts_any_issuer().then(|| {
            let missing = case.issuers.first().map(|issuer| issuer.certificate.subject());
            let line = format!(
                "{who} presents its certificate without {}, so that no path leads to what {} trusts",
                missing.unwrap_or_default(),
                case.judge
            );
            Cause::new("missing-intermediate", line, None)
        })
    }

    /// All that is trusted of the chain is an intermediate, and the judging stack wants a root.
    fn anchored_below(&self, case: &Case<'a>) -> Option<Cause> {
        let trusted = case.trusted?;
        let of_chain =
            |issuer: &&&trustsim_world::CertificateRecord| trusted.contains(&issuer.certificate);
        let mut known = case.issuers.iter().filter(of_chain);
        let first = known.next()?;
        let is_below =
            |issuer: &trustsim_world::CertificateRecord| !issuer.certificate.is_self_issued();
        (is_below(first) && known.all(|issuer| is_below(issuer))).then(|| {
            let line = format!(
                "{} trusts {}, which is no root, and {} does not take an intermediate as an anchor",
                case.judge,
                first
                    .certificate
                    .subject_common_name()
                    .unwrap_or_else(|| first.certificate.subject()),
                case.connection.validator
            );
            Cause::new("intermediate-anchor", line, None)
        })
    }

    fn no_relation(&self, signer: &str, case: &Case<'a>, removed: Option<Seq>) -> Cause {
        let judge = application_of(case.judge);
        let gone = removed.and_then(|seq| self.trail.entry(seq).map(|entry| (seq, entry)));
        // Two that never had one CA were not moved apart.
        let were_together = removed.is_some() || self.changed_hands(case, signer).is_some();
        let apart = self.moved_apart(case, signer).filter(|_| were_together);
        let (apart, hint) = apart.map_or_else(Default::default, |(apart, hint)| {
            (format!(": {apart}"), hint)
        });
        let Some((seq, entry)) = gone else {
            let line = format!("no relation carries the CA of {signer} to {judge}{apart}");
            return Cause::new("no-transfer", line, None).about(hint);
        };
        let action = entry.cause.and_then(|cause| self.done_to(cause));
        let by = action.map_or_else(String::new, |action| format!(" by {}", action.line));
        let line = format!(
            "the relation that carried the CA of {signer} to {judge} was removed at {}{by}{apart}",
            short(entry.time)
        );
        Cause::new("transfer-removed", line, Some(seq)).about(hint)
    }

    /// A client outside Juju has what it was given.
    fn not_given(
        &self,
        client: &str,
        listed: bool,
        signer: &str,
        case: &Case<'a>,
        root: Option<Seq>,
    ) -> Cause {
        let made = self.ca_made(case);
        let line = match (listed, made) {
            (false, _) => {
                let never = format!("client {client} was never given the CA of {signer}");
                match self.changed_hands(case, signer) {
                    Some((before, since)) => format!(
                        "{never}, from which {} has its certificate since {} in place of {before}",
                        case.presenter,
                        short(since)
                    ),
                    None => never,
                }
            }
            (true, Some((_, entry))) if self.is_later(entry) => {
                let why = self.why_made(entry, root);
                format!(
                    "{signer} has a new CA since {}{why}, and client {client} still has the one \
                     that it was given before",
                    short(entry.time)
                )
            }
            (true, _) => match self.newer_ca(signer, case) {
                // It fetched the new CA, and the server still has a certificate of the old one.
                Some((_, entry)) => format!(
                    "{signer} has a new CA since {}{}: client {client} has fetched it, and {} \
                     still presents a certificate of the old one",
                    short(entry.time),
                    self.why_made(entry, root),
                    case.presenter
                ),
                None => format!("client {client} does not have the CA of {signer}"),
            },
        };
        Cause::new("not-given", line, made.map(|(seq, _)| seq))
    }

    /// The judge has moved on to a newer CA, and the presenter has not.
    fn dropped(
        &self,
        (seq, entry): (Seq, &'a Entry),
        requirer: &str,
        signer: &str,
        case: &Case<'a>,
        root: Option<Seq>,
    ) -> Cause {
        let judge = case.judge;
        // The judge has moved on and the presenter has not.
        let why = self.why_made(entry, root);
        let line = format!(
            "{signer} has a new CA since {}{why}: {judge} trusts it in place of the old one, \
             of which {} still presents a certificate",
            short(entry.time),
            case.presenter
        );
        let over = self.not_kept(requirer, signer, case);
        let line = match over.filter(|(_, kind)| *kind == "written-over") {
            Some((over, _)) => format!("{over}; {line}"),
            None => line,
        };
        let step = format!("{signer} makes a new CA");
        Cause::new("old-ca-dropped", line, Some(seq)).after(entry.time, step)
    }

    /// A relation carries the CA, and had not done so yet, or not any more.
    fn late(
        &self,
        (interface, provider, requirer): (&str, &str, &str),
        signer: &str,
        case: &Case<'a>,
        root: Option<Seq>,
    ) -> Cause {
        let judge = case.judge;
        let relation = format!("{interface} relation {provider} - {requirer}");
        let made = self.ca_made(case);
        let since = made.map_or(self.deployment.start, |(_, entry)| entry.time);
        let newer = self.newer_ca(signer, case);
        if let Some(newer) = newer {
            return self.dropped(newer, requirer, signer, case, root);
        }
        let lost = case.issuers.first().and_then(|issuer| {
            let ca = (&issuer.certificate, signer);
            self.lost_trust(judge, ca, case.at)
        });
        if let Some(lost) = lost {
            return lost;
        }
        if interface == "tls-certificates"
            && let Some(mut cause) = self.never_given(judge, case.at)
        {
            cause.line = format!(
                "{judge} gets the CA of {signer} only beside a certificate of its own, and has none: {}",
                cause.line
            );
            return cause;
        }
        let (why, kind, held) = match interface {
            "tls-certificates" => (
                format!("{judge} gets the CA only beside its own next certificate"),
                "ca-with-certificate",
                None,
            ),
            _ => self.why_late((provider, requirer), signer, case, since),
        };
        let later = made.filter(|(_, entry)| self.is_later(entry));
        let lacks = match later {
            Some((_, entry)) => format!(
                "{judge} does not have the CA that {signer} made at {}{}",
                short(entry.time),
                self.why_made(entry, root)
            ),
            None => format!("{judge} does not have the CA of {signer}"),
        };
        let on_the_way = match later {
            Some((_, entry)) => format!(
                "{signer} has a new CA since {}{}: {} presents a certificate of it before {judge} \
                 trusts it",
                short(entry.time),
                self.why_made(entry, root),
                case.presenter
            ),
            None => lacks.clone(),
        };
        let line = match &held {
            Some(held) => format!("{}: {on_the_way}", held.line),
            None if FOR_EVER.contains(&kind) => format!("{why}; so {lacks}"),
            None => format!("{on_the_way}; {why}"),
        };
        let seq = held.as_ref().and_then(|held| held.seq);
        let seq = seq.or_else(|| made.map(|(seq, _)| seq));
        let is_passing = held.is_none() && ON_ITS_WAY.contains(&kind);
        let kind = held.map_or(kind, |held| held.kind);
        let mut cause = Cause::new(kind, line, seq).passing(is_passing);
        if let Some((_, entry)) = later {
            cause = cause.after(entry.time, format!("{signer} makes a new CA"));
        }
        cause.after(case.at, format!("the {relation} is there, but {why}"))
    }

    /// The entry in which the CA that signed the leaf was made.
    fn ca_made(&self, case: &Case<'a>) -> Option<(Seq, &'a Entry)> {
        let issuer = case.issuers.first()?;
        let owner = super::trail::holder(issuer);
        let all = self.trail.issued_to(&owner).into_iter();
        let mut own = all.filter(|(_, _, record)| record.certificate == issuer.certificate);
        own.next().map(|(seq, entry, _)| (seq, entry))
    }

    /// A CA that the signer made after the one that signed the leaf.
    fn newer_ca(&self, signer: &str, case: &Case<'a>) -> Option<(Seq, &'a Entry)> {
        let (made, _) = self.ca_made(case)?;
        let all = self.trail.issued_to(signer).into_iter();
        let mut later = all.filter(|(seq, entry, record)| {
            *seq > made && entry.time <= case.at && record.certificate.is_ca()
        });
        later.next_back().map(|(seq, entry, _)| (seq, entry))
    }

    /// Whether a CA came in the course of the run, and not with the deployment.
    fn is_later(&self, entry: &Entry) -> bool {
        let settled = self.trail.settled().unwrap_or(self.deployment.start);
        entry.time > settled
    }

    /// What led to a new CA: the action nearest to it, or the secret that expired.
    fn why_made(&self, entry: &'a Entry, root: Option<Seq>) -> String {
        let mut next = entry.cause;
        while let Some(seq) = next {
            let Some(cause) = self.trail.entry(seq) else {
                break;
            };
            match &cause.kind {
                Kind::Action(_) => {
                    let done = self.done_to(seq);
                    return done.map_or_else(String::new, |done| format!(", after {}", done.line));
                }
                Kind::Secret { change, label } => {
                    let who = address(&cause.subject);
                    return format!(", when secret {} of {who} {change}", brief(label));
                }
                _ => next = cause.cause.filter(|cause| *cause < seq),
            }
        }
        let done = root.and_then(|root| self.done_to(root));
        done.map_or_else(String::new, |done| format!(", after {}", done.line))
    }
}

/// Labels end in digests; their beginning says what they are.
fn brief(label: &str) -> &str {
    match label.char_indices().nth(40) {
        Some((cut, _)) => &label[..cut],
        None => label,
    }
}
