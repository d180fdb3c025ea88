//! The lane through tokio: tokio-rustls at both ends of an in-memory pipe.

use std::io;

use rustls::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{Prepared, Results};

/// More than a flight of either side.
const PIPE_BYTES: usize = 1 << 20;

pub(super) fn run(prepared: &Prepared) -> Results {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime without drivers needs nothing from the system");
    let (near, far) = tokio::io::duplex(PIPE_BYTES);
    let (client, server) =
        runtime.block_on(async { tokio::join!(client(prepared, near), server(prepared, far)) });
    Results {
        client: client.map_err(tls_error),
        server: server.map_err(tls_error),
    }
}

/// Connects and reads to the end: in TLS 1.3 a refused client learns of it only then.
async fn client(prepared: &Prepared, pipe: DuplexStream) -> io::Result<()> {
    let connector = TlsConnector::from(prepared.client.clone());
    let mut stream = connector.connect(prepared.name.clone(), pipe).await?;
    stream.read_to_end(&mut Vec::new()).await?;
    Ok(())
}

async fn server(prepared: &Prepared, pipe: DuplexStream) -> io::Result<()> {
    let acceptor = TlsAcceptor::from(prepared.server.clone());
    let mut stream = acceptor.accept(pipe).await?;
    stream.shutdown().await
}

/// The rustls error inside an I/O error.
fn tls_error(error: io::Error) -> Error {
    let text = error.to_string();
    error
        .into_inner()
        .and_then(|inner| inner.downcast::<Error>().ok())
        .map_or(Error::General(text), |error| *error)
}
