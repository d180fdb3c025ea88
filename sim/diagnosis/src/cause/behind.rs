//! A side that has not moved on to the CA that the other one trusts.

use super::trail::holder;
use super::{Cause, Detective, Hint, PATIENCE, short};
use crate::case::Case;
use crate::describe::certificate_name;
use crate::expectations::application_of;
use trustsim_kernel::Time;
use trustsim_world::{CertificateRecord, Seq};

impl<'a> Detective<'_, 'a> {
    /// The presenter should have a certificate of a CA that the judge trusts: whoever gives it
    /// certificates now has one there.
    pub(super) fn behind(&self, case: &Case<'a>) -> Option<Cause> {
        let (leaf, trusted) = (case.leaf?, case.trusted?);
        let who = case.presenter;
        let whom = application_of(who);
        self.application(who)?;
        let signer = self.giver_of(leaf)?;
        let mut givers = self.providers(whom, case.at);
        let moved = !givers.contains(&signer);
        if !moved {
            givers.retain(|giver| *giver == signer);
        }
        let is_ready = |giver: &&String| {
            let own = self.trail.issued_to(giver).into_iter();
            let mut own = own
                .filter(|(_, entry, record)| entry.time <= case.at && record.certificate.is_ca());
            own.any(|(_, _, record)| trusted.contains(&record.certificate))
        };
        let giver = givers.iter().find(is_ready);
        let failing = self.fails(who, self.deployment.start, case.at);
        if let Some(failing) = failing.filter(|_| moved || giver.is_some()) {
            return Some(self.fails_on(failing, case, &signer, moved));
        }
        let giver = giver?;
        let born = self.issued_at(leaf);
        let accepted = self.accepted(case, giver, born);
        let (seq, record) = accepted?;
        let issued = self.trail.entry(seq).map_or(born, |entry| entry.time);
        if !moved && case.at.since(issued) < PATIENCE {
            return None;
        }
        match moved {
            true => Some(self.kept(case, (&signer, giver), (seq, record, issued))),
            false => Some(self.not_loaded(who, (seq, record), case.at)),
        }
    }

    /// Its hook fails, so that it does nothing else and keeps what it has.
    fn fails_on(&self, mut failing: Cause, case: &Case<'a>, signer: &str, moved: bool) -> Cause {
        let who = case.presenter;
        let old = match moved {
            true => format!("a certificate of {signer}"),
            false => format!("a certificate of the old CA of {signer}"),
        };
        failing.line.push_str(&format!(
            "; {who} runs nothing else and still presents {old}"
        ));
        match self.removed(signer, application_of(who), case.at) {
            Some((at, by)) if moved => failing.after(at, by),
            _ => failing,
        }
    }

    /// The newest certificate by `giver` of the presenter's that the judge would accept.
    fn accepted(
        &self,
        case: &Case<'a>,
        giver: &str,
        born: Time,
    ) -> Option<(Seq, &'a CertificateRecord)> {
        let who = case.presenter;
        let trusted = case.trusted?;
        let names = [who, application_of(who)];
        let mut found = None;
        for name in names {
            for (seq, entry, record) in self.trail.issued_to(name) {
                let issuers = self.facts.issuers(record);
                let fits = entry.time > born
                    && entry.time <= case.at
                    && self.giver_of(record).as_deref() == Some(giver)
                    && issuers
                        .iter()
                        .any(|issuer| trusted.contains(&issuer.certificate));
                if fits && found.is_none_or(|(known, _)| known < seq) {
                    found = Some((seq, record));
                }
            }
        }
        found
    }

    /// It was given another certificate by another provider, and went on with the one it had.
    fn kept(
        &self,
        case: &Case<'a>,
        (signer, giver): (&str, &str),
        (seq, record, issued): (Seq, &CertificateRecord, Time),
    ) -> Cause {
        let who = case.presenter;
        let removed = self.removed(signer, application_of(who), case.at);
        let after = match &removed {
            Some((_, by)) => format!(" after {by}"),
            None => String::new(),
        };
        let once = self.profiles(who).any(|profile| profile.installs_once);
        let on_its_way = case.at.since(issued) < PATIENCE;
        let why = match once {
            true => "and its charm installs the first certificate only",
            false if on_its_way => "which it has not installed yet",
            false => "and its workload was not given it or did not read it",
        };
        let line = format!(
            "{who} kept the certificate of {signer}{after}: {giver} issued another one at {}, \
             {why}",
            short(issued)
        );
        let name = certificate_name(&record.certificate);
        let cause = Cause::new("kept", line, Some(seq))
            .passing(on_its_way && !once)
            .after(issued, format!("{name} is issued for {}", holder(record)));
        match removed {
            Some((at, by)) => cause.after(at, by),
            None => cause,
        }
    }

    /// Whom the presenter had certificates from before, that the judge trusts, and since when it has
    /// others.
    pub(super) fn changed_hands(&self, case: &Case<'a>, signer: &str) -> Option<(String, Time)> {
        let trusted = case.trusted?;
        let since = self.issued_at(case.leaf?);
        let who = case.presenter;
        let names = [who, application_of(who)].into_iter();
        let mut before = names.flat_map(|name| self.trail.issued_to(name));
        let before = before.find_map(|(_, entry, record)| {
            let issuers = self.facts.issuers(record);
            let known = |issuer: &&CertificateRecord| trusted.contains(&issuer.certificate);
            let giver = self.giver_of(record)?;
            let fits = entry.time < since && giver != signer && issuers.iter().any(known);
            fits.then_some(giver)
        })?;
        Some((before, since))
    }

    /// When the relation in which one gave the other certificates was removed, and by what.
    pub(super) fn removed(&self, giver: &str, whom: &str, at: Time) -> Option<(Time, String)> {
        let last = self.trail.last_before(at);
        let side = |name: &str| crate::carrier::side(self.deployment, name);
        let mut facts = self
            .facts
            .relations(&["tls-certificates"], last)
            .into_iter();
        let fact = facts.rfind(|fact| {
            !fact.there && side(&fact.provider) == giver && side(&fact.requirer) == whom
        })?;
        let entry = self.trail.entry(fact.seq)?;
        let by = entry.cause.and_then(|cause| self.action_behind(cause));
        let by = by.map_or_else(
            || format!("their relation was removed at {}", short(entry.time)),
            |action| action.line,
        );
        Some((entry.time, by))
    }

    /// What the judge trusts in place of the presenter's CA, since it has its own certificates from
    /// somebody else: two that were moved apart.
    pub(super) fn moved_apart(&self, case: &Case<'a>, signer: &str) -> Option<(String, Hint)> {
        let judge = application_of(case.judge);
        self.application(judge)?;
        let givers = self.providers(judge, case.at);
        let giver = givers.first().filter(|giver| *giver != signer)?;
        let presenter = application_of(case.presenter);
        if presenter == judge {
            let unit = case.presenter;
            let line = format!(
                "{judge} has its certificates from {giver} now, and {unit} presents one of {signer}"
            );
            return Some((line, Hint::None));
        }
        let line =
            format!("{judge} has its certificates from {giver}, and {presenter} from {signer}");
        let hint = Hint::Apart {
            who: presenter.to_owned(),
            from: signer.to_owned(),
            to: giver.clone(),
        };
        Some((line, hint))
    }
}
