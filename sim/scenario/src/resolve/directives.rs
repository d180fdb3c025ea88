//! Where a unit is to go, as `to` says it (juju/charm `ParsePlacement`).

use trustsim_model::ApplicationIndex;

/// One entry of `to`. Applications are names in it as it is written, and then what they are called by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive<A> {
    pub container: Option<String>,
    pub target: Target<A>,
}

/// What a unit is placed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target<A> {
    New,
    Machine(String),
    Unit(A, Option<u32>),
}

impl Directive<String> {
    /// The same with its application looked up; `None` where there is none of that name.
    pub(super) fn find(
        self,
        application: impl Fn(&str) -> Option<ApplicationIndex>,
    ) -> Option<Directive<ApplicationIndex>> {
        let target = match self.target {
            Target::New => Target::New,
            Target::Machine(id) => Target::Machine(id),
            Target::Unit(name, number) => Target::Unit(application(&name)?, number),
        };
        Some(Directive {
            container: self.container,
            target,
        })
    }
}

/// `(lxd|kvm:)?(machine|app(/N)?|new)`.
pub(super) fn parse_directive(text: &str) -> Option<Directive<String>> {
    let (container, target) = match text.split_once(':') {
        Some((container @ ("lxd" | "kvm" | "lxc"), target)) => (Some(container.to_owned()), target),
        Some(_) => return None,
        // `lxd` alone is a container on a new machine.
        None if text == "lxd" || text == "kvm" => (Some(text.to_owned()), "new"),
        None => (None, text),
    };
    let target = match target.split_once('/') {
        _ if target == "new" => Target::New,
        Some((application, number)) => {
            Target::Unit(application.to_owned(), Some(number.parse().ok()?))
        }
        None if target.is_empty() => return None,
        None if target.bytes().all(|byte| byte.is_ascii_digit()) => {
            Target::Machine(target.to_owned())
        }
        None => Target::Unit(target.to_owned(), None),
    };
    Some(Directive { container, target })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_read() {
        let read = |text: &str| {
            parse_directive(text).map(|directive| (directive.container, directive.target))
        };
        let lxd = || Some("lxd".to_owned());
        assert_eq!(read("0"), Some((None, Target::Machine("0".to_owned()))));
        assert_eq!(
            read("lxd:3"),
            Some((lxd(), Target::Machine("3".to_owned())))
        );
        assert_eq!(read("new"), Some((None, Target::New)));
        assert_eq!(read("lxd:new"), Some((lxd(), Target::New)));
        assert_eq!(
            read("etcd"),
            Some((None, Target::Unit("etcd".to_owned(), None)))
        );
        assert_eq!(
            read("lxd:etcd/2"),
            Some((lxd(), Target::Unit("etcd".to_owned(), Some(2))))
        );
        assert_eq!(read("vm:0"), None);
        assert_eq!(read("etcd/x"), None);
        assert_eq!(read(""), None);
    }
}
