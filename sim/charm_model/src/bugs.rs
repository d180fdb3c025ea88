//! Mistakes that revisions of real charms had, and what they lacked, each under the name that a
//! declaration gives with `bugs`; without it a charm is played as it is today.

use super::declaration::one_of;
use trustsim_yaml::{Reader, Spanned};

/// The mistakes that an endpoint of a charm is played with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bugs {
    /// `root-first`: the provider gives chains that begin with the root
    /// (canonical/self-signed-certificates-operator before revision 309 of 1/edge, told in
    /// canonical/opensearch-operator#641).
    pub root_first: bool,
    /// `broken-raises`: relation-broken of `tls-certificates` raises, every time it is tried
    /// (canonical/traefik-k8s-operator#313, #330).
    pub broken_raises: bool,
    /// `empty-name-raises`: a request is made before its name is known, which raises
    /// (canonical/kafka-operator#545).
    pub empty_name_raises: bool,
    /// `keeps-when-broken`: relation-broken leaves what the charm had in place
    /// (canonical/traefik-k8s-operator#340). With version 3 of the library.
    pub keeps_when_broken: bool,
    /// `unknown-alias-raises`: relation-broken of `certificate_transfer` deletes an alias from the
    /// trust store that was never put there, which raises (canonical/kafka-operator#563).
    pub unknown_alias_raises: bool,
    /// `shared-not-applied`: a unit that does not lead writes what the leader shares and goes on
    /// with what it has loaded (canonical/mongodb-operator#106).
    pub shared_not_applied: bool,
    /// `needs-parent`: Vault has no PKI without the relation `tls-certificates-pki`
    /// (canonical/vault-k8s-operator before #977).
    pub needs_parent: bool,
    /// `silent-refusals`: Vault tells no requirer that its request was refused
    /// (canonical/vault-k8s-operator before #890).
    pub silent_refusals: bool,
    /// `chain-without-leaf`: Vault sends the chain above a certificate without the certificate
    /// (canonical/vault-k8s-operator before #822).
    pub chain_without_leaf: bool,
    /// `default-lease`: Vault signs for `default_lease_ttl`, not for half of its CA's life
    /// (canonical/vault-k8s-operator before #506).
    pub default_lease: bool,
    /// `keeps-own-certificate`: Vault keeps the self-signed certificate of its API when the names
    /// change that it is for (canonical/vault-k8s-operator before #868).
    pub keeps_own_certificate: bool,
    /// `ingress-address-only`: the certificate of Vault's API is for the address of the service that is in front of its
    /// pods, and not for those of the pods (canonical/vault-k8s-operator before #1016, told in #928 and #948).
    pub ingress_address_only: bool,
    /// `no-alternative-names`: the name is asked for as the common name alone
    /// (canonical/gateway-api-integrator-operator at its revisions 129 to 158, `_get_certificate_requests`).
    pub no_alternative_names: bool,
    /// `start-takes-address`: `start` notes the address that the unit has then, so that the `config-changed` that a new
    /// address brings after a restart of the machine finds none that changed, and asks for nothing
    /// (canonical/postgresql-operator at its revision 1047, `_on_start` and `_update_member_ip`, told in #1528).
    pub start_takes_address: bool,
    /// `keeps-issued`: EasyRSA hands out what it issued to a unit, whatever names the unit asks for later
    /// (charmed-kubernetes/layer-easyrsa before 7105b8b, told in charmed-kubernetes/bundle#425).
    pub keeps_issued: bool,
    /// `reload-only`: a certificate is taken in use by the API of the node alone, which the charm does not reach where
    /// the one in use is for another address (canonical/opensearch-operator before #394).
    pub reload_only: bool,
    /// `reverse-dns-only`: an ingress without a name of its own asks for the name that reverse DNS has for its load
    /// balancer, and not for the address, which is what it tells its clients (canonical/traefik-k8s-operator before #446,
    /// told in canonical/loki-k8s-operator#344).
    pub reverse_dns_only: bool,
    /// `word-as-ca`: the word `enabled` is handed to clients in place of the CA (canonical/kafka-operator#300).
    pub word_as_ca: bool,
    /// `earlier-relations-only`: the CA is handed to those who were related when it came, and to no later
    /// ones (canonical/k8s-operator#950).
    pub earlier_relations_only: bool,
    /// `stale-root-kubeconfig`: root's kubeconfig gets another CA only after a request with it
    /// (charmed-kubernetes/charm-kubernetes-control-plane before #354).
    pub stale_root_kubeconfig: bool,
}

impl Bugs {
    const NAMES: [&'static str; 20] = [
        "root-first",
        "broken-raises",
        "empty-name-raises",
        "keeps-when-broken",
        "unknown-alias-raises",
        "shared-not-applied",
        "needs-parent",
        "silent-refusals",
        "chain-without-leaf",
        "default-lease",
        "keeps-own-certificate",
        "no-alternative-names",
        "start-takes-address",
        "keeps-issued",
        "reload-only",
        "reverse-dns-only",
        "word-as-ca",
        "earlier-relations-only",
        "stale-root-kubeconfig",
        "ingress-address-only",
    ];

    /// Those that are named; unknown names are noted.
    pub(super) fn named<'a>(
        names: impl IntoIterator<Item = &'a Spanned<String>>,
        reader: &mut Reader,
    ) -> Self {
        let mut bugs = Self::default();
        for name in names {
            match one_of(Some(name), &Self::NAMES, reader) {
                Some(0) => bugs.root_first = true,
                Some(1) => bugs.broken_raises = true,
                Some(2) => bugs.empty_name_raises = true,
                Some(3) => bugs.keeps_when_broken = true,
                Some(4) => bugs.unknown_alias_raises = true,
                Some(5) => bugs.shared_not_applied = true,
                Some(6) => bugs.needs_parent = true,
                Some(7) => bugs.silent_refusals = true,
                Some(8) => bugs.chain_without_leaf = true,
                Some(9) => bugs.default_lease = true,
                Some(10) => bugs.keeps_own_certificate = true,
                Some(11) => bugs.no_alternative_names = true,
                Some(12) => bugs.start_takes_address = true,
                Some(13) => bugs.keeps_issued = true,
                Some(14) => bugs.reload_only = true,
                Some(15) => bugs.reverse_dns_only = true,
                Some(16) => bugs.word_as_ca = true,
                Some(17) => bugs.earlier_relations_only = true,
                Some(18) => bugs.stale_root_kubeconfig = true,
                Some(19) => bugs.ingress_address_only = true,
                _ => {}
            }
        }
        bugs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_yaml::{Place, Unknown};

    fn named(names: &[&str]) -> (Bugs, Vec<String>) {
        let names = names.iter().map(|name| (*name).to_owned());
        let names: Vec<_> = names
            .map(|name| Spanned::new(name, Place::default()))
            .collect();
        let mut reader = Reader::new(Unknown::Refused, true);
        let bugs = Bugs::named(&names, &mut reader);
        let said = reader.mistakes.into_iter().map(|mistake| mistake.message);
        (bugs, said.collect())
    }

    #[test]
    fn each_name_is_one_mistake() {
        for name in Bugs::NAMES {
            let (bugs, said) = named(&[name]);
            assert!(said.is_empty(), "{said:?}");
            let text = format!("{bugs:?}");
            assert_eq!(text.matches("true").count(), 1, "{text}");
            assert!(
                text.contains(&format!("{}: true", name.replace('-', "_"))),
                "{text}"
            );
        }
        assert_eq!(named(&[]).0, Bugs::default());
    }

    #[test]
    fn an_unknown_name_is_refused() {
        let (bugs, said) = named(&["spins"]);
        assert_eq!(bugs, Bugs::default());
        assert_eq!(said.len(), 1);
        assert!(
            said[0].starts_with("`spins` is none of root-first"),
            "{said:?}"
        );
    }
}
