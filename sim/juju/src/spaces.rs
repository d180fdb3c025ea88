//! Spaces: the addresses that a machine has in each, and which of them a binding gives.
//!
//! For example, `etcd` is bound to `oam` and its endpoint `db` to `data`: `network-get db` tells the address in `data`, the
//! databags of `db` have it, and those of every other endpoint the one in `oam`. An endpoint that is bound to `alpha`, which
//! is every endpoint where nothing is said, has the private address of the unit (juju/juju 3.6
//! `apiserver/facades/agent/uniter/networkinfoiaas.go`, `NetworksForRelation`).

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use crate::{ApplicationId, MachineId, ModelId, Topology, UnitId};

/// The space that every model has, and that endpoints are in which are bound to no other.
pub const ALPHA: &str = "alpha";

/// The prefix of the subnet that is made up for a space without one.
const INVENTED_PREFIX: u8 = 16;
/// How many machines a space without a subnet has room for.
pub const INVENTED_ROOM: u64 = (1 << (32 - INVENTED_PREFIX)) - 3;

/// A subnet, such as `10.0.0.0/24` or `fd00:1::/64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subnet {
    network: IpAddr,
    prefix: u8,
}

/// A text that is no subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotASubnet;

impl fmt::Display for NotASubnet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a subnet is written as 10.0.0.0/24 or fd00:1::/64, and its address has no bit beyond its prefix")
    }
}

impl FromStr for Subnet {
    type Err = NotASubnet;

    fn from_str(text: &str) -> Result<Self, NotASubnet> {
        let (network, prefix) = text.split_once('/').ok_or(NotASubnet)?;
        let network: IpAddr = network.parse().map_err(|_| NotASubnet)?;
        let prefix: u8 = prefix.parse().map_err(|_| NotASubnet)?;
        let found = Self { network, prefix };
        let is_sound = prefix <= found.bits() && bits_of(network) & found.host_mask() == 0;
        is_sound.then_some(found).ok_or(NotASubnet)
    }
}

impl Subnet {
    const fn bits(self) -> u8 {
        match self.network {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        }
    }

    /// The bits that tell its machines apart.
    fn host_mask(self) -> u128 {
        match u32::from(self.bits() - self.prefix) {
            128 => u128::MAX,
            free => (1 << free) - 1,
        }
    }

    /// How many machines can have an address in it: the first address is the network's, the second the router's, and the
    /// last of IPv4 the broadcast address. More than 2^63 are not counted.
    pub fn room(self) -> u64 {
        let free = u32::from(self.bits() - self.prefix).min(63);
        // The smallest have room for none.
        (1_u64 << free).saturating_sub(3)
    }

    /// The address of so many after the first.
    ///
    /// # Panics
    ///
    /// Where the subnet has no such address: a scenario is checked for the room of its subnets.
    fn host(self, number: u64) -> IpAddr {
        assert!(
            u128::from(number) <= self.host_mask(),
            "{}/{} has room for the machines that are put into it",
            self.network,
            self.prefix
        );
        // The bits of the network are none of those of the number.
        match self.network {
            IpAddr::V4(first) => {
                let number =
                    u32::try_from(number).expect("it has no bit beyond those of its subnet");
                Ipv4Addr::from(u32::from(first) | number).into()
            }
            IpAddr::V6(first) => Ipv6Addr::from(u128::from(first) | u128::from(number)).into(),
        }
    }
}

/// The bits of an address as a number.
fn bits_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// A space of a model.
#[derive(Clone, Debug, Default)]
pub struct Space {
    /// Its subnets; one that no other space has, where none is known.
    pub subnets: Vec<Subnet>,
    /// Which of all spaces without subnets it is.
    pub(crate) number: usize,
    /// The last address that was handed out in each subnet, counted from that of the network.
    pub(crate) last: Vec<u64>,
    /// Addresses that a machine is known to have.
    pub(crate) taken: BTreeSet<IpAddr>,
}

impl Space {
    /// The addresses of the next machine, one in each subnet.
    fn next_addresses(&mut self) -> Vec<IpAddr> {
        let invented = || {
            let text = [64 + self.number / 256 % 64, self.number % 256];
            let [second, third] = text.map(|part| u8::try_from(part).expect("it is below 256"));
            Ipv4Addr::new(100, second, third, 0)
        };
        let subnets = match self.subnets.as_slice() {
            [] => vec![Subnet {
                network: invented().into(),
                prefix: INVENTED_PREFIX,
            }],
            known => known.to_vec(),
        };
        // The first is the router's.
        self.last.resize(subnets.len(), 1);
        let taken = &self.taken;
        let lasts = self.last.iter_mut();
        let found = subnets.iter().zip(lasts).map(|(subnet, last)| {
            loop {
                *last += 1;
                let address = subnet.host(*last);
                if !taken.contains(&address) {
                    return address;
                }
            }
        });
        found.collect()
    }
}

/// The order in which Juju tells addresses: public ones first, then those of the cloud, IPv4 before IPv6
/// (juju/juju 3.6 `core/network/address.go`, `sortOrder` and `addressesPreferringIPv4Slice`).
pub fn sort_addresses(addresses: &mut [IpAddr]) {
    addresses.sort_by_key(|address| {
        let scope = match address {
            IpAddr::V4(one) if one.is_loopback() => 0x80,
            IpAddr::V4(one) if one.is_link_local() => 0xA0,
            IpAddr::V6(one) if one.is_loopback() => 0x80,
            IpAddr::V6(one) if one.is_unicast_link_local() => 0xA0,
            one if is_of_cloud(*one) => 0x20,
            IpAddr::V4(_) | IpAddr::V6(_) => 0x00,
        };
        (scope + u8::from(address.is_ipv6()), address.to_string())
    });
}

/// Whether an address is one of the cloud: no public one, and none of the machine's own.
fn is_of_cloud(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(one) => one.is_private() || is_shared(one),
        IpAddr::V6(one) => one.is_unique_local(),
    }
}

/// The range for carriers (RFC 6598), from which spaces without a subnet have theirs.
const fn is_shared(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    first == 100 && second & 0xC0 == 64
}

impl Topology {
    /// The space of an endpoint: the one that it is bound to, else that of its application.
    pub fn space_of(&self, application: ApplicationId, endpoint: &str) -> &str {
        let bindings = &self.application(application).bindings;
        let bound = bindings.get(endpoint).or_else(|| bindings.get(""));
        bound.map_or(ALPHA, |space| space)
    }

    /// The addresses of a unit that `network-get` tells for an endpoint, the first of which is its bind address. There is one
    /// at least.
    pub fn binding_addresses(&self, unit: UnitId, endpoint: &str) -> Vec<&str> {
        let found = self.unit(unit);
        let space = self.space_of(found.application, endpoint);
        let machine = found.machine.map(|machine| self.machine(machine));
        let in_space = machine.and_then(|machine| machine.spaces.get(space));
        match in_space {
            Some(addresses) => addresses.iter().map(|address| &**address).collect(),
            None => vec![&*found.address.value],
        }
    }

    /// The first of [`Topology::binding_addresses`].
    pub fn binding_address(&self, unit: UnitId, endpoint: &str) -> &str {
        self.binding_addresses(unit, endpoint)[0]
    }

    /// Where a unit is reached that is dialled by its address for an endpoint. Of a machine that moved its controller may
    /// have yet to learn of it.
    pub fn reached_for(&self, unit: UnitId, endpoint: &str) -> &str {
        let known = self.binding_address(unit, endpoint);
        match known == &*self.unit(unit).address.value {
            true => self.reached_at(unit),
            false => known,
        }
    }

    /// Every address of the machine of a unit, its private one first; of a pod its own.
    pub fn all_addresses(&self, unit: UnitId) -> Vec<&str> {
        let found = self.unit(unit);
        let mut all = vec![&*found.address.value];
        let machine = found.machine.map(|machine| self.machine(machine));
        let spaces = machine
            .into_iter()
            .flat_map(|machine| machine.spaces.values());
        for address in spaces.flatten() {
            if !all.contains(&&**address) {
                all.push(address);
            }
        }
        all
    }

    /// Puts a machine into the spaces of an application that gets a unit on it. The private address of a machine that has
    /// none in `alpha` is in the space to which its first application is bound.
    pub(crate) fn enter_spaces(&mut self, machine: MachineId, application: ApplicationId) {
        let model = self.machine(machine).model;
        let bindings = &self.application(application).bindings;
        let main: Arc<str> = self.space_of(application, "").into();
        let mut wanted: BTreeSet<Arc<str>> = bindings.values().cloned().collect();
        let has_subnets = self.alpha_has_subnets(model);
        if !has_subnets {
            wanted.remove(ALPHA);
        } else if &*main == ALPHA {
            wanted.insert(ALPHA.into());
        }
        let is_first = self.machine(machine).units.is_empty();
        for space in wanted {
            self.enter_space(machine, space);
        }
        let found = self.machine(machine);
        if let Some(addresses) = found.spaces.get(&main).filter(|_| is_first) {
            let address = Arc::clone(&addresses[0]);
            self.machine_mut(machine).address = address;
        }
    }

    /// Whether machines have addresses in `alpha` beside their private one. That of a machine that is known tells nothing of
    /// the others.
    fn alpha_has_subnets(&self, model: ModelId) -> bool {
        let alpha = self.model(model).spaces.get(ALPHA);
        alpha.is_some_and(|alpha| !alpha.subnets.is_empty())
    }

    /// Puts a machine into a space, unless it is in it.
    fn enter_space(&mut self, machine: MachineId, space: Arc<str>) {
        let found = self.machine(machine);
        if found.spaces.contains_key(&space) {
            return;
        }
        let mut addresses = self.space_mut(found.model, &space).next_addresses();
        sort_addresses(&mut addresses);
        let texts = addresses.iter().map(|address| address.to_string().into());
        let texts: Vec<Arc<str>> = texts.collect();
        self.machine_mut(machine).spaces.insert(space, texts);
    }

    /// Puts a machine into the spaces that its constraints name, before it has units. Its private address is then the first
    /// of those of the cloud, whichever space that is in (juju/juju 3.6 `state/machine.go`, `setPrivateAddressOps`), as
    /// long as it has none in `alpha`.
    pub(crate) fn enter_constrained(&mut self, machine: MachineId, spaces: &BTreeSet<Arc<str>>) {
        let model = self.machine(machine).model;
        let has_subnets = self.alpha_has_subnets(model);
        for space in spaces {
            if &**space != ALPHA || has_subnets {
                self.enter_space(machine, Arc::clone(space));
            }
        }
        let found = self.machine(machine);
        if found.spaces.contains_key(ALPHA) {
            return;
        }
        let all = found.spaces.values().flatten();
        let mut all: Vec<IpAddr> = all
            .map(|address| {
                address
                    .parse()
                    .expect("a machine has addresses in its spaces")
            })
            .collect();
        sort_addresses(&mut all);
        let of_cloud = all.iter().find(|address| is_of_cloud(**address));
        if let Some(address) = of_cloud.or(all.first()) {
            self.machine_mut(machine).address = address.to_string().into();
        }
    }

    /// A space, which a binding may be the first to name.
    pub(crate) fn space_mut(&mut self, model: ModelId, name: &str) -> &mut Space {
        if !self.model(model).spaces.contains_key(name) {
            let number = self.models().map(|(_, model)| model.spaces.len()).sum();
            let space = Space {
                number,
                ..Space::default()
            };
            self.model_mut(model).spaces.insert(name.into(), space);
        }
        let space = self.model_mut(model).spaces.get_mut(name);
        space.expect("it was there or was just made")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_has_an_address_and_a_prefix() {
        for good in ["10.0.0.0/24", "fd00:1::/64", "0.0.0.0/0", "10.0.0.1/32"] {
            assert!(good.parse::<Subnet>().is_ok(), "{good}");
        }
        for bad in [
            "10.0.0.0",
            "10.0.0.1/24",
            "10.0.0.0/33",
            "fd00::1/64",
            "oam/24",
            "/",
        ] {
            assert_eq!(bad.parse::<Subnet>(), Err(NotASubnet), "{bad}");
        }
        let room = |text: &str| text.parse::<Subnet>().expect("a subnet").room();
        assert_eq!(room("10.0.0.0/24"), 253);
        assert_eq!(room("10.0.0.0/31"), 0);
    }

    /// juju/juju 3.6 `core/network/address.go`: a global address of IPv6 comes before an address of the cloud of IPv4.
    #[test]
    fn addresses_are_told_in_the_order_of_juju() {
        let mut addresses: Vec<IpAddr> = [
            "fd00::5",
            "10.0.0.9",
            "2001:db8::1",
            "10.0.0.10",
            "203.0.113.1",
        ]
        .map(|text| text.parse().expect("an address"))
        .to_vec();
        sort_addresses(&mut addresses);
        let texts: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
        assert_eq!(
            texts,
            [
                "203.0.113.1",
                "2001:db8::1",
                "10.0.0.10",
                "10.0.0.9",
                "fd00::5"
            ]
        );
    }
}
