//! Writes PKIs with what trustsim says of them, for `tests/conformance/check_stacks.py`, which asks
//! the real stacks about the same files.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::cross::{RandomPki, draw_at};
use super::faults::{faults, judged_at};
use super::make::*;
use crate::{Validator, judge_client, judge_server};
use trustsim_kernel::Time;
use trustsim_pki::{Certificate, KeyPair};

/// Reads `target/conformance/stacks/order.json` (`{"now": seconds since 1970, "random": count}`) and
/// writes one folder a PKI beside it, with `verdicts.json` over all.
#[test]
#[ignore = "tests/conformance/run asks for it"]
fn pkis_with_verdicts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/conformance/stacks");
    let order: Value =
        serde_json::from_str(&fs::read_to_string(folder.join("order.json")).unwrap()).unwrap();
    let now = Time::from_seconds(order["now"].as_u64().unwrap());
    let random = u32::try_from(order["random"].as_u64().unwrap()).unwrap();
    let mut verdicts = Vec::new();
    let base = Time::from_seconds(now.as_seconds() - 10 * DAY.as_secs());
    for fault in faults(base) {
        let drawn = RandomPki {
            chain: fault.chain,
            roots: fault.roots,
            name: fault.name,
            at: judged_at(base),
        };
        verdicts.push(write(&folder, fault.id, &drawn, &fault.key));
    }
    for seed in 0..random {
        // The day within the PKI's life at which it is judged is now.
        let day = u64::from(seed * 7 % 120);
        let born = now.as_seconds() - day * DAY.as_secs() - 3600;
        let shift = born as i64 - start().as_seconds() as i64;
        let (drawn, key) = draw_at(10_000 + seed, now, shift);
        verdicts.push(write(&folder, &format!("random-{seed}"), &drawn, &key));
    }
    let text = serde_json::to_string_pretty(&verdicts).unwrap();
    fs::write(folder.join("verdicts.json"), text).unwrap();
}

fn write(folder: &Path, id: &str, drawn: &RandomPki, key: &KeyPair) -> Value {
    let folder = folder.join(id);
    fs::create_dir_all(&folder).unwrap();
    let pems = |certificates: &mut dyn Iterator<Item = &Certificate>| -> String {
        certificates
            .map(|one| one.pem().to_owned() + "\n")
            .collect()
    };
    fs::write(folder.join("chain.pem"), pems(&mut drawn.chain.iter())).unwrap();
    fs::write(folder.join("roots.pem"), pems(&mut drawn.roots.roots())).unwrap();
    fs::write(folder.join("key.pem"), key.to_pkcs8_pem()).unwrap();
    let (mut as_server, mut as_client) = (Map::new(), Map::new());
    for validator in Validator::ALL {
        let verdicts = [
            judge_server(&drawn.chain, &drawn.roots, drawn.name, drawn.at, validator),
            judge_client(&drawn.chain, &drawn.roots, drawn.at, validator),
        ];
        for (verdict, into) in verdicts.iter().zip([&mut as_server, &mut as_client]) {
            let said = json!({
                "outcome": if verdict.is_ok() { "ok" } else { "failed" },
                "openssl": verdict.openssl_code,
                "alert": verdict.alert,
                "text": verdict.said_by(validator, drawn.at),
            });
            into.insert(validator.name().to_owned(), said);
        }
    }
    let subjects = drawn.roots.roots().map(Certificate::subject_der);
    let distinct: std::collections::BTreeSet<_> = subjects.collect();
    json!({
        "id": id,
        "roots_share_names": distinct.len() < drawn.roots.len(),
        "name": drawn.name,
        "at": drawn.at.as_seconds(),
        "server": as_server,
        "client": as_client,
    })
}
