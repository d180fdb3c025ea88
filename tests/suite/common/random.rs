//! Small random deployments, as scenario texts: one model, a few authorities, servers, consumers
//! and clients of every stack. The same seed gives the same text.

use trustsim::validators::Validator;

/// A scenario text and the addresses in it.
pub(crate) struct RandomDeployment {
    text: String,
    /// `m.ca0`, ...: each with an authority.
    pub(crate) authorities: Vec<String>,
    /// `m.web0`, ...: each with a certificate.
    pub(crate) servers: Vec<String>,
    /// `m.reader0`, ...: each with a trust store.
    pub(crate) consumers: Vec<String>,
    /// Names of clients outside.
    pub(crate) clients: Vec<String>,
}

/// SplitMix64 (Steele, Lea, Flood 2014): enough for drawing texts.
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap_or(0)
    }

    pub(crate) fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

const CHARMS: &str = "
  chain-ca:
    issuer:
      chain:
        - {common-name: root, validity: 400d}
        - {common-name: middle, validity: 300d}
      leaf-validity: 10d
    provides:
      certificates: {interface: tls-certificates}
      send-ca-cert: {interface: certificate_transfer}
  web:
    requires: {certificates: {interface: tls-certificates, mode: unit}}
  reader:
    requires: {receive-ca-cert: {interface: certificate_transfer}}
";

impl RandomDeployment {
    /// The deployment of this seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut draw = Draw(seed);
        let [mut apps, mut relations, mut clients, mut connections] =
            [(); 4].map(|()| String::new());
        let mut drawn = Self {
            text: String::new(),
            authorities: Vec::new(),
            servers: Vec::new(),
            consumers: Vec::new(),
            clients: Vec::new(),
        };
        let authorities = 1 + draw.below(3);
        for index in 0..authorities {
            let charm = draw.of(&["self-signed-certificates", "chain-ca"]);
            apps += &format!("      ca{index}: {{charm: {charm}}}\n");
            drawn.authorities.push(format!("m.ca{index}"));
        }
        for index in 0..1 + draw.below(2) {
            let (ca, scale) = (draw.below(authorities), 1 + draw.below(2));
            apps += &format!("      web{index}: {{charm: web, scale: {scale}}}\n");
            relations += &format!("      - [web{index}:certificates, ca{ca}:certificates]\n");
            drawn.servers.push(format!("m.web{index}"));
        }
        for index in 0..1 + draw.below(2) {
            apps += &format!("      reader{index}: {{charm: reader}}\n");
            for ca in 0..authorities {
                if draw.below(3) > 0 {
                    relations +=
                        &format!("      - [reader{index}:receive-ca-cert, ca{ca}:send-ca-cert]\n");
                }
            }
            drawn.consumers.push(format!("m.reader{index}"));
        }
        for index in 0..1 + draw.below(2) {
            let trusts: Vec<&str> = drawn
                .authorities
                .iter()
                .filter(|_| draw.below(3) > 0)
                .map(String::as_str)
                .collect();
            clients += &format!(
                "  client{index}: {{trusts: [{}], refresh: 3d}}\n",
                trusts.join(", ")
            );
            drawn.clients.push(format!("client{index}"));
        }
        let from = drawn.consumers.iter().chain(&drawn.clients);
        for from in from {
            for to in &drawn.servers {
                let validator = draw.of(&Validator::ALL);
                connections += &format!(
                    "  - {{from: {from}, to: {to}, every: 30s, validator: {validator}}}\n"
                );
            }
        }
        drawn.text = format!(
            "name: random\nseed: {seed}\nstart: START\nduration: 12d\nmodels:\n  m:\n    \
             bundle: kubernetes\n    applications:\n{apps}    relations:\n{relations}charms:{CHARMS}\
             clients:\n{clients}connections:\n{connections}faults:\nFAULTS"
        );
        drawn
    }

    /// The scenario that begins at `start`, with these lines under `faults:`.
    pub(crate) fn text(&self, start: &str, faults: &str) -> String {
        self.text.replace("START", start).replace("FAULTS", faults)
    }
}
