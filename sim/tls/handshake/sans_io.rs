//! The lane without I/O: bytes are carried from one side to the other by hand.

use rustls::{ClientConnection, ConnectionCommon, Error, ServerConnection, SideData};

use super::{Prepared, Results};

pub(super) fn run(prepared: &Prepared) -> Results {
    let client = ClientConnection::new(prepared.client.clone(), prepared.name.clone());
    let server = ServerConnection::new(prepared.server.clone());
    match (client, server) {
        (Ok(mut client), Ok(mut server)) => pump(&mut client, &mut server),
        (client, server) => Results {
            client: client.map(drop),
            server: server.map(drop),
        },
    }
}

/// Carries bytes to and fro until neither side has any to send. A side that has failed still
/// sends its alert.
fn pump(client: &mut ClientConnection, server: &mut ServerConnection) -> Results {
    let mut results = Results {
        client: Ok(()),
        server: Ok(()),
    };
    let mut bytes = Vec::with_capacity(4096);
    loop {
        let to_server = carry(client, server, &mut bytes, &mut results.server);
        let to_client = carry(server, client, &mut bytes, &mut results.client);
        if !to_server && !to_client {
            break;
        }
    }
    if results.client.is_ok() && client.is_handshaking() {
        results.client = Err(unfinished());
    }
    if results.server.is_ok() && server.is_handshaking() {
        results.server = Err(unfinished());
    }
    results
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
