//! URLs that applications publish in their databags: where and how their clients really dial them.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// A URL that an application publishes on one of its endpoints, less its path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublishedUrl {
    /// Whether it is `https`, else `http`.
    pub is_tls: bool,
    /// The host: a DNS name in lower case, or an IP address without brackets.
    pub host: String,
    /// The port, where it is not that of the scheme.
    pub port: Option<u16>,
}

/// Why a text is no such URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPublishedUrl {
    /// It has no scheme, or another one.
    Scheme,
    /// What comes after the scheme is no host.
    Host,
    /// What comes after the host is no port.
    Port,
}

impl fmt::Display for NoPublishedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "it begins neither with `http://` nor with `https://`",
            Self::Host => "it names no host",
            Self::Port => "its port is no number up to 65535",
        })
    }
}

impl Error for NoPublishedUrl {}

impl FromStr for PublishedUrl {
    type Err = NoPublishedUrl;

    fn from_str(text: &str) -> Result<Self, NoPublishedUrl> {
        let (is_tls, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(NoPublishedUrl::Scheme),
        };
        let end = rest.find(['/', '?', '#']);
        let authority = end.map_or(rest, |end| &rest[..end]);
        let (host, port) = split_port(authority)?;
        let host = host.trim_end_matches('.');
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-._:".contains(letter);
        if host.is_empty() || !host.chars().all(is_part) {
            return Err(NoPublishedUrl::Host);
        }
        Ok(Self {
            is_tls,
            host: host.to_ascii_lowercase(),
            port,
        })
    }
}

/// `host`, `host:port`, `[address]` or `[address]:port`.
fn split_port(authority: &str) -> Result<(&str, Option<u16>), NoPublishedUrl> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or(NoPublishedUrl::Host)?;
            match rest.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if rest.is_empty() => (host, None),
                None => return Err(NoPublishedUrl::Port),
            }
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = port.map(|port| port.parse().map_err(|_| NoPublishedUrl::Port));
    Ok((host, port.transpose()?))
}

impl fmt::Display for PublishedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]", self.host)?,
            false => write!(f, "{scheme}://{}", self.host)?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_again_is_the_same_less_its_path() {
        for (text, again) in [
            ("http://192.168.88.12/prom-loki-0", "http://192.168.88.12"),
            ("https://Web-0.web-endpoints.m.svc.cluster.local.:9090", ""),
            ("https://[fd00::1]:3100/x?y", "https://[fd00::1]:3100"),
            ("https://[fd00::1]", "https://[fd00::1]"),
        ] {
            let url: PublishedUrl = text.parse().expect("a URL");
            match again {
                "" => assert_eq!(
                    url.to_string(),
                    "https://web-0.web-endpoints.m.svc.cluster.local:9090"
                ),
                again => assert_eq!(url.to_string(), again),
            }
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for (text, why) in [
            ("postgresql://h:1", NoPublishedUrl::Scheme),
            ("loki-0:3100", NoPublishedUrl::Scheme),
            ("http://", NoPublishedUrl::Host),
            ("https://user:secret@h", NoPublishedUrl::Port),
            ("https://user@h", NoPublishedUrl::Host),
            ("https://h:70000", NoPublishedUrl::Port),
            ("https://[fd00::1", NoPublishedUrl::Host),
        ] {
            assert_eq!(text.parse::<PublishedUrl>(), Err(why), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_url_is_read_as_it_was_written(text in "https?://[a-z0-9.:\\[\\]/@-]{0,20}") {
            if let Ok(url) = text.parse::<PublishedUrl>() {
                prop_assert_eq!(url.to_string().parse(), Ok(url));
            }
        }
    }
}
