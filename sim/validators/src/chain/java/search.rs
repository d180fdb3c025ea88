//! A path that is searched for (`SunCertPathBuilder`, `ForwardBuilder`): from the leaf upwards
//! through what the peer sent, whatever its order, to an anchor.

use super::super::Question;
use super::super::facts::Facts;
use super::validate::{
    PathLength, check_critical, check_key_usage, check_name_constraints, check_signature,
    date_error,
};
use super::{Failure, check_anchor, messages};

/// CA certificates that are not self-issued on a path, the anchor left out: the default of `PKIXBuilderParameters`, which
/// `PKIXValidator` leaves as it is (`ForwardBuilder.getMatchingCACerts`).
const PATH_LENGTH_MAX: u32 = 5;

/// How many certificates are tried before the search is given up. Java has no such number, but takes ten certificates
/// from a peer and no more (`jdk.tls.maxCertificateChainLength`), among which a search is never longer; `judge` looks at
/// more of them.
const TRIES_MAX: u32 = 100_000;

/// Searches; any reason not to find a path is one message.
pub(super) fn find_path<'a>(
    chain: &'a [Facts],
    question: &Question<'_>,
) -> Result<(), Failure<'a>> {
    let leaf = &chain[0];
    let mut search = Search {
        chain,
        question,
        tries: 0,
    };
    let is_candidate = date_error(leaf, question.clock).is_none() && check_critical(leaf).is_ok();
    let anchor = is_candidate
        .then(|| search.find_above(&mut vec![leaf], 0))
        .flatten();
    match anchor {
        Some(anchor) => check_anchor(anchor, leaf, "building"),
        None => Err(Failure::new(messages::NO_PATH, &[], leaf)),
    }
}

struct Search<'a, 'q> {
    chain: &'a [Facts],
    question: &'q Question<'q>,
    tries: u32,
}

impl<'a, 'q> Search<'a, 'q> {
    /// The anchor of the first good path that continues `path`, which has `issuers` CA
    /// certificates that are not self-issued.
    fn find_above(&mut self, path: &mut Vec<&'a Facts>, issuers: u32) -> Option<&'q Facts> {
        let &top = path.last().expect("a path begins with the leaf");
        let anchors = self.question.trust.with_subject(&top.issuer.canonical);
        for anchor in anchors {
            if !path.iter().any(|one| is_repeated(one, anchor)) && is_sound(path, anchor) {
                return Some(anchor);
            }
        }
        if issuers >= PATH_LENGTH_MAX {
            return None;
        }
        for candidate in self.chain {
            self.tries += 1;
            if self.tries > TRIES_MAX {
                return None;
            }
            if !self.may_follow(candidate, path, issuers) {
                continue;
            }
            // Two self-issued certificates in a row end this branch.
            if top.is_self_issued() && candidate.is_self_issued() {
                return None;
            }
            path.push(candidate);
            let found = self.find_above(path, issuers + u32::from(!candidate.is_self_issued()));
            if found.is_some() {
                return found;
            }
            path.pop();
        }
        None
    }

    fn may_follow(&self, candidate: &Facts, path: &[&Facts], issuers: u32) -> bool {
        let top = path.last().expect("a path begins with the leaf");
        candidate.subject.canonical == top.issuer.canonical
            && !path.iter().any(|one| is_repeated(one, candidate))
            && candidate.is_ca()
            && candidate
                .path_length()
                .is_none_or(|allowed| allowed >= issuers)
            && date_error(candidate, self.question.clock).is_none()
            && check_critical(candidate).is_ok()
            && check_key_usage(candidate).is_ok()
    }
}

/// The final verification: signatures and constraints from the anchor downwards.
fn is_sound(path: &[&Facts], anchor: &Facts) -> bool {
    let mut length = PathLength::of(path.len());
    path.iter().enumerate().rev().all(|(index, certificate)| {
        let issuer = path.get(index + 1).map_or(anchor, |one| *one);
        let is_leaf = index == 0;
        check_signature(certificate, issuer).is_ok()
            && (is_leaf || length.pass(certificate).is_ok())
            && check_name_constraints(certificate, &path[index + 1..], is_leaf).is_ok()
    })
}

/// `SunCertPathBuilder.repeated`: by subject, key and alternative names.
fn is_repeated(one: &Facts, other: &Facts) -> bool {
    one.der == other.der
        || (one.subject.canonical == other.subject.canonical
            && one.raw_key == other.raw_key
            && one.raw_subject_names == other.raw_subject_names)
}
