//! Which resolvers the node has.

use std::{
    fs, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

/// Where systemd-resolved says what its stub asks.
const BEHIND_THE_STUB: &str = "/run/systemd/resolve/resolv.conf";
/// Resolvers that are read at most; the C library reads three.
const RESOLVERS_LIMIT: usize = 8;
const PORT: u16 = 53;

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the resolver file {}: {source}", path.display())]
pub struct Error {
    path: PathBuf,
    source: io::Error,
}

/// The `nameserver` lines of a resolver file.
pub fn parse(text: &str) -> Vec<IpAddr> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let address = words.next().filter(|word| *word == "nameserver").and_then(|_| words.next())?;
            // A scope (`fe80::1%eth0`) cannot be followed: the address is not taken.
            address.parse().ok()
        })
        .take(RESOLVERS_LIMIT)
        .collect()
}

/// The resolvers of the file at `path` other than `own`. A local stub is replaced by those behind it, where
/// they are known: a stub may well ask us.
pub fn resolvers(path: &Path, own: &[SocketAddr]) -> Result<Vec<SocketAddr>, Error> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(source) => return Err(Error { path: path.to_owned(), source }),
    };
    let mut found = parse(&text);
    if !found.is_empty()
        && found.iter().all(IpAddr::is_loopback)
        && let Ok(text) = fs::read_to_string(BEHIND_THE_STUB)
    {
        let behind = parse(&text);
        if !behind.is_empty() {
            found = behind;
        }
    }
    let is_own = |address: &SocketAddr| {
        own.iter().any(|own| {
            own == address || (own.ip().is_unspecified() && own.port() == address.port() && address.ip().is_loopback())
        })
    };
    Ok(found.into_iter().map(|address| SocketAddr::new(address, PORT)).filter(|address| !is_own(address)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nameserver_lines_alone_count() {
        let text = "# nameserver 1.1.1.1\nsearch a b\nnameserver 10.0.0.1\n nameserver\tfd00::1 x\nnameserver bad\n";
        let expected: [IpAddr; 2] = ["10.0.0.1".parse().unwrap(), "fd00::1".parse().unwrap()];
        assert_eq!(parse(text), expected);
    }

    #[test]
    fn we_are_not_our_own_resolver() {
        let folder = std::env::temp_dir().join(format!("resolv-{}", std::process::id()));
        fs::write(&folder, "nameserver 10.0.0.1\nnameserver 10.0.0.2\n").unwrap();
        let own = [SocketAddr::from(([10, 0, 0, 1], 53))];
        assert_eq!(resolvers(&folder, &own).unwrap(), [SocketAddr::from(([10, 0, 0, 2], 53))]);
        fs::remove_file(&folder).unwrap();
        assert_eq!(resolvers(&folder, &own).unwrap(), []);
    }
}
