//! What the text of a `charm:` names: a path, a name of Charmhub, a URL of the old store; and what a
//! `base:` names.

use trustsim_model::CharmStore;

/// The path of a local charm: `./x`, `/x`, `local:x`, `x.charm`.
pub(super) fn local_path(charm: &str) -> Option<String> {
    if let Some(path) = charm.strip_prefix("local:") {
        return Some(path.to_owned());
    }
    let is_path = charm.starts_with('.') || charm.starts_with('/') || charm.ends_with(".charm");
    is_path.then(|| charm.to_owned())
}

/// `alertmanager-k8s` of `../alertmanager-k8s_ubuntu-20.04-amd64.charm`.
pub(super) fn local_name(path: &str) -> String {
    let last = path
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path);
    let stem = last.strip_suffix(".charm").unwrap_or(last);
    let stem = stem.split('_').next().unwrap_or(stem);
    without_revision(stem).to_owned()
}

/// `easyrsa` of `ch:easyrsa` and of `cs:~containers/bionic/easyrsa-253`.
pub(super) fn charmhub_name(charm: &str) -> String {
    if let Some(store) = charm.strip_prefix("cs:") {
        let last = store.rsplit('/').next().unwrap_or(store);
        return without_revision(last).to_owned();
    }
    charm.strip_prefix("ch:").unwrap_or(charm).to_owned()
}

/// `ubuntu` of `ubuntu` and of `amd64/jammy/ubuntu-18`, a URL without its schema (juju/charm `url.go`).
pub(super) fn name_in_url(charm: &str) -> &str {
    without_revision(charm.rsplit('/').next().unwrap_or(charm))
}

/// Where a `charm:` comes from; of the old store, with its revision there: 431 of `cs:~containers/etcd-431`.
pub(super) fn store_of(charm: &str) -> CharmStore {
    if local_path(charm).is_some() {
        return CharmStore::Local;
    }
    let Some(store) = charm.strip_prefix("cs:") else {
        return CharmStore::Charmhub;
    };
    let last = store.rsplit_once('-').map(|(_, last)| last);
    // What follows the last hyphen is the revision where it is a number, and a part of the name where it is not.
    let revision = last.and_then(|last| last.parse().ok());
    CharmStore::Old { revision }
}

/// `bionic` of `~containers/bionic/easyrsa-253`.
pub(super) fn url_series(store: &str) -> Option<&str> {
    let (path, _) = store.rsplit_once('/')?;
    path.rsplit('/')
        .next()
        .filter(|part| !part.starts_with('~'))
}

/// `jammy` of `jammy`, `22.04` and `ubuntu@22.04/stable`.
pub(super) fn series_name(base: &str) -> &str {
    let release = base.strip_prefix("ubuntu@").unwrap_or(base);
    match release.split('/').next().unwrap_or(release) {
        "16.04" => "xenial",
        "18.04" => "bionic",
        "20.04" => "focal",
        "22.04" => "jammy",
        "24.04" => "noble",
        other => other,
    }
}

fn without_revision(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((stem, revision))
            if !revision.is_empty() && revision.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            stem
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charm_names_are_read_from_every_way_to_write_them() {
        for (charm, name) in [
            ("ch:wordpress", "wordpress"),
            ("cs:~containers/easyrsa-253", "easyrsa"),
            ("traefik-k8s", "traefik-k8s"),
        ] {
            assert_eq!(charmhub_name(charm), name);
        }
        let old = |revision| CharmStore::Old { revision };
        for (charm, store) in [
            ("etcd", CharmStore::Charmhub),
            ("ch:etcd-431", CharmStore::Charmhub),
            ("./etcd_amd64.charm", CharmStore::Local),
            ("local:jammy/etcd-3", CharmStore::Local),
            ("cs:~containers/etcd-431", old(Some(431))),
            ("cs:kubeapi-load-balancer", old(None)),
        ] {
            assert_eq!(store_of(charm), store, "{charm}");
        }
        for (charm, name) in [
            (
                "./alertmanager-k8s_ubuntu-20.04-amd64.charm",
                "alertmanager-k8s",
            ),
            ("../charm", "charm"),
            ("local:easyrsa-3", "easyrsa"),
        ] {
            assert_eq!(local_name(&local_path(charm).expect("local")), name);
        }
        assert_eq!(local_path("traefik-k8s"), None);
    }
}
