//! The lane without I/O: bytes are carried from one side to the other by hand.

use rustls::{ClientConnection, ConnectionCommon, Error, ServerConnection, SideData};

use super::{Ended, Prepared};

pub(super) fn run(prepared: &Prepared) -> Ended {
    let client = ClientConnection::new(prepared.client.clone(), prepared.name.clone());
    let server = ServerConnection::new(prepared.server.clone());
    match (client, server) {
        (Ok(mut client), Ok(mut server)) => pump(&mut client, &mut server, |_| {}),
        (client, server) => Ended {
            client: client.map(drop),
            server: server.map(drop),
        },
    }
}

/// Carries bytes to and fro until neither side has any to send. A side that has failed still
/// sends its alert. `listen` hears every byte.
pub(crate) fn pump(
    client: &mut ClientConnection,
    server: &mut ServerConnection,
    mut listen: impl FnMut(&[u8]),
) -> Ended {
    let mut ended = Ended {
        client: Ok(()),
        server: Ok(()),
    };
    let mut bytes = Vec::with_capacity(4096);
    loop {
        let to_server = carry(client, server, &mut bytes, &mut ended.server);
        listen(&bytes);
        let to_client = carry(server, client, &mut bytes, &mut ended.client);
        listen(&bytes);
        if !to_server && !to_client {
            break;
        }
    }
    if ended.client.is_ok() && client.is_handshaking() {
        ended.client = Err(unfinished());
    }
    if ended.server.is_ok() && server.is_handshaking() {
        ended.server = Err(unfinished());
    }
    ended
}

/// Carries what `from` has to send into `to`; `result` keeps the first error of `to`. Says
/// whether there was anything.
fn carry<F: SideData, T: SideData>(
    from: &mut ConnectionCommon<F>,
    to: &mut ConnectionCommon<T>,
    bytes: &mut Vec<u8>,
    result: &mut Result<(), Error>,
) -> bool {
    bytes.clear();
    while from.wants_write() {
        from.write_tls(bytes)
            .expect("a vector takes every byte that is written to it");
    }
    let mut rest = bytes.as_slice();
    while !rest.is_empty() && result.is_ok() {
        *result = match to.read_tls(&mut rest) {
            Ok(_) => to.process_new_packets().map(drop),
            Err(error) => Err(Error::General(error.to_string())),
        };
    }
    !bytes.is_empty()
}

fn unfinished() -> Error {
    Error::General("the handshake came to a standstill".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::make::{Pair, case, pair, start, stream, trust};
    use crate::with_stream;
    use trustsim_pki::KeyAlgorithm;
    use trustsim_validators::Validator;

    fn transcript(algorithm: KeyAlgorithm, subject: &str) -> Vec<u8> {
        let Pair { root, leaf } = pair(algorithm);
        let trust = trust([&root]);
        let case = case(leaf.identity(&[]), trust, Validator::OpenSsl, start());
        let prepared = Prepared::new(&case).unwrap();
        with_stream(stream(subject), || {
            let name = prepared.name.clone();
            let mut client = ClientConnection::new(prepared.client.clone(), name).unwrap();
            let mut server = ServerConnection::new(prepared.server.clone()).unwrap();
            let mut heard = Vec::new();
            let ended = pump(&mut client, &mut server, |bytes| {
                heard.extend_from_slice(bytes);
            });
            assert!(ended.client.is_ok() && ended.server.is_ok());
            heard
        })
    }

    #[test]
    fn the_same_stream_gives_the_same_bytes() {
        for algorithm in [
            KeyAlgorithm::EcdsaP256,
            KeyAlgorithm::Ed25519,
            KeyAlgorithm::Rsa2048,
        ] {
            let first = transcript(algorithm, "first");
            assert_eq!(first, transcript(algorithm, "first"), "{algorithm:?}");
            assert_ne!(first, transcript(algorithm, "second"), "{algorithm:?}");
        }
    }
}
