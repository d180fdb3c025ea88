//! The folder that juju-crashdump writes, and its archive (juju/juju-crashdump 5b1386a, `jujucrashdump/crashdump.py` and
//! `jujucrashdump/addons.py`).

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{contents, from_disk, notes};
use crate::common::deployed;
use trustsim::world::{Options, Simulation};

const DEPLOYED: &str = "
name: dump
duration: 1d
models:
  prod:
    machines: {'0': {}, '3': {}}
    applications:
      easyrsa: {charm: easyrsa, num_units: 1, to: 3}
      etcd: {charm: etcd, num_units: 2, to: [0, 'lxd:3']}
      telegraf: {charm: telegraf}
    relations: [['easyrsa:client', 'etcd:certificates'], ['telegraf:juju-info', 'etcd:juju-info']]
charms:
  telegraf: {subordinate: true, requires: {juju-info: {interface: juju-info, scope: container}}}
";

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("a folder");
    fs::write(path, text).expect("written");
}

/// What `collect` leaves in its folder: the files of the model at the top, those of each machine under its id
/// (`retrieve_single_unit_tarball`: `/baremetal` is added to one that is no container), and a link for each unit and
/// address. The addons' files lie where the archive of the machine had them.
fn crashdump(root: &Path) {
    let deployment = std::sync::Arc::new(deployed(DEPLOYED));
    let mut simulation = Simulation::new(std::sync::Arc::clone(&deployment), Options::default());
    simulation.run_until(deployment.start + trustsim::kernel::Span::from_secs(3_600));
    let yaml = |value: &serde_json::Value| value.to_string();
    let status = simulation.status("prod").expect("a model");
    write(&root.join("juju_status.yaml"), &yaml(&status));
    let controller = "model: {name: controller, type: iaas, controller: lxd, version: 3.6.0}\n\
                      machines: {\"0\": {juju-status: {current: started}}}\napplications: {}\n";
    for (name, text) in [
        ("juju_status_controller.yaml", controller),
        (
            "juju_status.txt",
            "Model  Controller  Cloud/Region\nprod   lxd         localhost/localhost\n",
        ),
        (
            "debug_log.txt",
            "unit-etcd-0: 10:00:00 INFO juju.worker.uniter awaiting error resolution\n",
        ),
        (
            "model_config.yaml",
            "agent-metadata-url:\n  Value: \"\"\n  Source: default\nlogging-config:\n  Value: <root>=INFO\n  Source: model\n",
        ),
        ("storage.yaml", "{}\n"),
        (
            "storage_pools.yaml",
            "loop:\n  provider: loop\nrootfs:\n  provider: rootfs\n",
        ),
    ] {
        write(&root.join(name), text);
    }
    for (unit, machine) in [
        ("etcd/0", "0/baremetal"),
        ("etcd/1", "3/lxd/0"),
        ("easyrsa/0", "3/baremetal"),
    ] {
        let shown = simulation.show_unit("prod", unit).expect("a unit");
        let folder = root.join(machine);
        let name = unit.replace('/', "_");
        write(&folder.join("juju-show-unit").join(&name), &yaml(&shown));
        write(
            &folder.join(format!("var/log/juju/unit-{}.log", unit.replace('/', "-"))),
            "INFO juju.cmd running jujud\n",
        );
        // `echo $(juju export-bundle)` makes one line of it, which is no YAML any more.
        write(
            &folder.join("juju-export-bundle/bundle.yaml"),
            "applications: etcd: charm: etcd channel: latest/stable num_units: 2 relations: - - easyrsa:client - etcd:certificates\n",
        );
        symlink(machine, root.join(&name)).expect("a link");
    }
    symlink("0/baremetal", root.join("10.101.0.1")).expect("a link");
}

#[test]
fn what_juju_crashdump_leaves_is_the_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("d2a4c8f0-7c2a-4c53-9f0b-4d6b3a1c2e77");
    crashdump(&root);
    let made = from_disk(&[folder.path().to_owned()]);
    let imported = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
    let expected = contents(&deployed(DEPLOYED));
    let found = contents(&imported.loaded.deployment);
    assert_eq!(found, expected, "{}\n{}", imported.text, notes(&made));
    let told = notes(&made);
    assert!(!told.contains("TS0116"), "no contradiction is told: {told}");
}

/// `tar -pacf juju-crashdump-UUID.tar.xz *`
#[test]
fn an_archive_is_to_be_unpacked_first() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in [
        ("juju-crashdump-1.tar.xz", &b"\xfd7zXZ\0\0\x04\xe6\xd6"[..]),
        ("juju-crashdump-1.tar.gz", &b"\x1f\x8b\x08\0\0\0\0\0"[..]),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        let told = notes(&from_disk(&[path]));
        assert!(told.contains("is a compressed archive"), "{told}");
        assert!(told.contains("tar -xf"), "{told}");
    }
}

/// hashicorp/terraform `internal/plans/planfile/writer.go`: a zip that begins with `tfplan`.
#[test]
fn a_plan_as_terraform_stores_it_is_to_be_printed_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("out");
    let bytes =
        b"PK\x03\x04\x14\0\x08\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x06\0\0\0tfplan\x01\x02\xff";
    fs::write(&path, bytes).expect("written");
    // By itself, alone in a folder, and beside what can be read.
    for given in [path, folder.path().to_owned()] {
        let told = notes(&from_disk(&[given]));
        assert!(told.contains("error[TS0114]"), "{told}");
        assert!(told.contains("is a plan as Terraform stores it"), "{told}");
        assert!(told.contains("terraform show -json"), "{told}");
    }
    let bundle = "applications: {a: {charm: a}}\n";
    fs::write(folder.path().join("bundle.yaml"), bundle).expect("written");
    let told = notes(&from_disk(&[folder.path().to_owned()]));
    assert!(
        told.contains("is a plan as Terraform stores it: it is left out"),
        "{told}"
    );
}
