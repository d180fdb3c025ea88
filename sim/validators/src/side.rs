//! Which side of a connection judges or is judged.

/// One of the two sides of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Who opens the connection.
    Client,
    /// Who accepts it.
    Server,
}
