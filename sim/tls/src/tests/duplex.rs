//! The same handshake through another driver of rustls: tokio-rustls at both ends of an in-memory
//! pipe, on a current-thread runtime. What it ends with must be what bytes carried by hand end with.
//!
//! `tests/suite/` uses this file too.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::rustls::Error;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use trustsim_kernel::Stream;
use trustsim_tls::{Case, Ended, Prepared, with_stream};
use trustsim_validators::Verdict;

/// More than a flight of either side.
const PIPE_BYTES: usize = 1 << 20;

/// Performs one handshake as [`trustsim_tls::handshake`] does, through tokio.
pub(crate) fn handshake_through_tokio(case: &Case, stream: Stream) -> Verdict {
    match Prepared::new(case) {
        Ok(prepared) => prepared.conclude(&with_stream(stream, || run(&prepared))),
        Err(verdict) => *verdict,
    }
}

fn run(prepared: &Prepared) -> Ended {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime without drivers needs nothing from the system");
    let (near, far) = tokio::io::duplex(PIPE_BYTES);
    let (client, server) =
        runtime.block_on(async { tokio::join!(client(prepared, near), server(prepared, far)) });
    Ended {
        client: client.map_err(tls_error),
        server: server.map_err(tls_error),
    }
}

/// Connects and reads to the end: in TLS 1.3 a refused client learns of it only then.
async fn client(prepared: &Prepared, pipe: DuplexStream) -> io::Result<()> {
    let connector = TlsConnector::from(prepared.client_config());
    let mut stream = connector.connect(prepared.name().clone(), pipe).await?;
    stream.read_to_end(&mut Vec::new()).await?;
    Ok(())
}

async fn server(prepared: &Prepared, pipe: DuplexStream) -> io::Result<()> {
    let acceptor = TlsAcceptor::from(prepared.server_config());
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
