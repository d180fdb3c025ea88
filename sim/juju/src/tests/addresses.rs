//! Another address of a machine or pod: when its controller learns of it, and what its units run for it
//! (`internal/worker/instancepoller/worker.go`, `internal/worker/machiner/machiner.go`,
//! `internal/worker/uniter/remotestate/watcher.go`, `WatchAddressesHash`).

use super::stage::{Stage, seconds};
use crate::*;

/// `b` on a machine of its own, and two applications on another, the first of which is related to it.
fn machines() -> (Stage, MachineId, [UnitId; 3], RelationId) {
    let mut stage = Stage::new();
    let model = stage.model("m", false);
    let a = stage.app(model, "a", &["provides db"]);
    let c = stage.app(model, "c", &["peers cluster"]);
    let b = stage.app(model, "b", &["requires db"]);
    let relation = stage.relate((a, "db"), (b, "db"));
    let [machine, other] = ["0", "1"].map(|id| stage.juju.operator().add_machine(model, id));
    let units = [
        stage.unit_on(a, Some(machine)),
        stage.unit_on(c, Some(machine)),
        stage.unit_on(b, Some(other)),
    ];
    stage.settle();
    (stage, machine, units, relation)
}

fn move_to(stage: &mut Stage, unit: UnitId, to: &str) -> Vec<UnitId> {
    stage.call(|juju, host| juju.operator().change_address(unit, Some(to), None, host))
}

fn ingress(stage: &Stage, relation: RelationId, unit: UnitId) -> String {
    let member = &stage.juju.relation(relation).ends[0].units[&unit];
    let found = member.bag.value.get("ingress-address");
    found.expect("Juju wrote it").text().to_owned()
}

/// `LongPoll`: within a quarter of an hour the controller has asked the cloud, and all units of the machine run
/// `config-changed`, which brings their databags up to date.
#[test]
fn units_of_a_machine_learn_its_address_when_the_cloud_is_asked() {
    let (mut stage, machine, [a, c, b], relation) = machines();
    let before = stage.juju.unit(a).address.value.clone();
    assert_eq!(move_to(&mut stage, a, "10.9.9.9"), [a, c]);
    assert_eq!(stage.juju.reached_at(a), "10.9.9.9");
    assert_eq!(stage.juju.reached_at(c), "10.9.9.9");
    assert_eq!(stage.juju.unit(a).address.value, before);
    assert_eq!(ingress(&stage, relation, a), &*before);
    stage.run_for(seconds(15 * 60 + 60));
    assert_eq!(stage.hooks(a), ["config-changed"]);
    assert_eq!(stage.hooks(c), ["config-changed"]);
    assert_eq!(stage.hooks(b), ["db-relation-changed a/0"]);
    assert_eq!(ingress(&stage, relation, a), "10.9.9.9");
    assert_eq!(&*stage.juju.machine(machine).address, "10.9.9.9");
    assert_ne!(stage.juju.reached_at(b), "10.9.9.9");
}

/// `SetUp`: the agent of a machine tells its controller where it is when it connects, so that `start` after a reboot
/// finds the address that `config-changed` comes for.
#[test]
fn a_machine_that_restarts_tells_its_address_before_its_units_start() {
    let (mut stage, _, [a, ..], _) = machines();
    move_to(&mut stage, a, "10.9.9.9");
    stage.call(|juju, host| juju.uniter().kill_unit(a, None, None, host));
    stage.run_for(seconds(120));
    assert_eq!(stage.hooks(a), ["start", "config-changed"]);
    assert_eq!(&*stage.juju.unit(a).address.value, "10.9.9.9");
}

/// A controller that is down asks no cloud; agents tell it when it is back.
#[test]
fn a_controller_that_is_down_learns_of_an_address_when_it_is_back() {
    let (mut stage, machine, [a, ..], _) = machines();
    let model = stage.juju.machine(machine).model;
    let controller = NetworkPath::Controller(stage.juju.model(model).controller);
    let down = Disruption::Down;
    stage.call(|juju, host| juju.connections().disrupt(controller, down, None, host));
    move_to(&mut stage, a, "10.9.9.9");
    stage.run_for(seconds(3_600));
    assert_ne!(&*stage.juju.unit(a).address.value, "10.9.9.9");
    stage.call(|juju, host| juju.connections().restore(controller, down, host));
    stage.run_for(seconds(600));
    assert_eq!(&*stage.juju.unit(a).address.value, "10.9.9.9");
}

/// `WatchUnitAddressesHash` of a Kubernetes model watches the service: a pod has its address at once and runs no hook for
/// it. Its DNS name leads there.
#[test]
fn a_pod_has_its_address_at_once_and_is_not_told() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &["peers cluster"]);
    let unit = stage.unit(a);
    stage.settle();
    let name = stage.juju.dialled_name(unit);
    let moved = stage.call(|juju, host| juju.operator().change_address(unit, None, None, host));
    assert_eq!(moved, [unit]);
    assert_eq!(
        stage.juju.reached_at(unit),
        &*stage.juju.unit(unit).address.value
    );
    assert_eq!(stage.juju.dialled_name(unit), name);
    stage.run_for(seconds(1_000));
    assert_eq!(stage.hooks(unit), Vec::<&str>::new());
}

/// The same address again is none.
#[test]
fn an_address_that_stays_is_no_change() {
    let (mut stage, _, [a, ..], _) = machines();
    let same = stage.juju.reached_at(a).to_owned();
    assert_eq!(move_to(&mut stage, a, &same), []);
    move_to(&mut stage, a, "10.9.9.9");
    assert_eq!(move_to(&mut stage, a, "10.9.9.9"), []);
}

/// In the databags that `juju show-unit` prints of a real deployment (canonical/jhack
/// `jhack/tests/utils/test_show_relation/mocks`, `k8s_prometheus0` and `k8s_full_status`), both units of prometheus have
/// the address of their application's service in all three keys; their own, at which they listen, is another.
#[test]
fn pods_tell_the_address_of_their_service() {
    let mut stage = Stage::new();
    let model = stage.model("m", true);
    let a = stage.app(model, "a", &["provides db"]);
    let b = stage.app(model, "b", &["requires db"]);
    let relation = stage.relate((a, "db"), (b, "db"));
    let units = [stage.unit(a), stage.unit(a)];
    let other = stage.unit(b);
    stage.settle();
    let service = stage.juju.ingress_address(units[0], "").to_owned();
    for unit in units {
        assert_eq!(stage.juju.ingress_address(unit, ""), service);
        assert_ne!(stage.juju.reached_at(unit), service);
        let bag = &stage.juju.relation(relation).ends[0].units[&unit].bag.value;
        let told = |key: &str| bag.get(key).map(Value::text);
        assert_eq!(told("ingress-address"), Some(&*service));
        assert_eq!(told("private-address"), Some(&*service));
        assert_eq!(told("egress-subnets"), Some(&*format!("{service}/32")));
    }
    assert_ne!(stage.juju.ingress_address(other, ""), service);
}
