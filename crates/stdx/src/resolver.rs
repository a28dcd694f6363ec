//! Names of hosts: `/etc/hosts`, then the name servers of `/etc/resolv.conf`.
//!
//! The C library's resolver loads libraries at run time, which a static program has not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

const ANSWER_LIMIT: Duration = Duration::from_secs(5);
const DNS_PORT: u16 = 53;
const TYPE_A: u16 = 1;
const TYPE_AAAA: u16 = 28;
const CLASS_INTERNET: u16 = 1;
/// Header flags: the answer was cut off.
const TRUNCATED: u8 = 0x02;
const NAME_ERROR: u8 = 3;
/// More pointers than this in one name are a loop.
const POINTERS_MAX: usize = 32;

/// A connection to a port of a host, by name or address: to the first of its addresses that takes it.
///
/// # Errors
/// The name has no address, or none of them takes the connection: the last one's failure.
pub async fn connect(name: &str, port: u16) -> std::io::Result<TcpStream> {
    let addresses = addresses(name).await.map_err(std::io::Error::other)?;
    let mut failed = std::io::Error::other(format!("lookup {name}: no such host"));
    for address in addresses {
        match TcpStream::connect((address, port)).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// The addresses of a host, IPv4 first.
///
/// # Errors
/// In words: there is no such name, or no name server answers.
pub async fn addresses(name: &str) -> Result<Vec<IpAddr>, String> {
    if let Ok(address) = name.parse() {
        return Ok(vec![address]);
    }
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let listed = in_hosts(&hosts, name);
    if !listed.is_empty() {
        return Ok(listed);
    }
    if name == "localhost" {
        return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    let configuration = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let servers = name_servers(&configuration);
    let mut failed = format!("lookup {name}: no name server in /etc/resolv.conf");
    for server in servers {
        match tokio::try_join!(query(server, name, TYPE_A), query(server, name, TYPE_AAAA)) {
            Ok((mut first, second)) => {
                first.extend(second);
                return match first.is_empty() {
                    true => Err(format!("lookup {name}: no such host")),
                    false => Ok(first),
                };
            }
            Err(error) => failed = format!("lookup {name} on {server}: {error}"),
        }
    }
    Err(failed)
}

fn in_hosts(hosts: &str, name: &str) -> Vec<IpAddr> {
    let lines = hosts.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let address: IpAddr = words.next()?.parse().ok()?;
            words.any(|word| word.eq_ignore_ascii_case(name)).then_some(address)
        })
        .collect()
}

fn name_servers(configuration: &str) -> Vec<SocketAddr> {
    let lines = configuration.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    lines.filter_map(|rest| Some(SocketAddr::new(rest.trim().parse().ok()?, DNS_PORT))).collect()
}

async fn query(server: SocketAddr, name: &str, kind: u16) -> Result<Vec<IpAddr>, String> {
    let question = question(crate::random::u64() as u16, name, kind).ok_or("no name that DNS could have")?;
    let asked = tokio::time::timeout(ANSWER_LIMIT, exchange(server, &question)).await;
    let answer = asked.map_err(|_| "i/o timeout".to_owned())?.map_err(|error| error.to_string())?;
    records(&answer, kind)
}

async fn exchange(server: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut answer = vec![0; 4096];
    loop {
        let length = socket.recv(&mut answer).await?;
        // Others may guess; only an answer to this question counts.
        if length >= question.len() && answer[..2] == question[..2] && answer[12..question.len()] == question[12..] {
            answer.truncate(length);
            break;
        }
    }
    if answer[2] & TRUNCATED == 0 {
        return Ok(answer);
    }
    let mut stream = TcpStream::connect(server).await?;
    stream.write_all(&(question.len() as u16).to_be_bytes()).await?;
    stream.write_all(question).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

fn question(id: u16, name: &str, kind: u16) -> Option<Vec<u8>> {
    let mut bytes = id.to_be_bytes().to_vec();
    // Recursion desired; one question.
    bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..64).contains(length))?;
        bytes.push(length);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes.extend(kind.to_be_bytes());
    bytes.extend(CLASS_INTERNET.to_be_bytes());
    Some(bytes)
}

/// The addresses in an answer; aliases need no following, a recursive server answers with their targets.
fn records(answer: &[u8], kind: u16) -> Result<Vec<IpAddr>, String> {
    let malformed = || "a malformed answer".to_owned();
    let number = |at: usize| Some(u16::from_be_bytes(answer.get(at..at + 2)?.try_into().ok()?));
    let code = answer.get(3).ok_or_else(malformed)? & 0x0f;
    match code {
        0 | NAME_ERROR => {}
        code => return Err(format!("server misbehaving (code {code})")),
    }
    let questions = number(4).ok_or_else(malformed)?;
    let count = number(6).ok_or_else(malformed)?;
    let mut at = 12;
    for _ in 0..questions {
        at = after_name(answer, at).ok_or_else(malformed)? + 4;
    }
    let mut found = Vec::new();
    for _ in 0..count {
        at = after_name(answer, at).ok_or_else(malformed)?;
        let record_kind = number(at).ok_or_else(malformed)?;
        let length = usize::from(number(at + 8).ok_or_else(malformed)?);
        let data = answer.get(at + 10..at + 10 + length).ok_or_else(malformed)?;
        at += 10 + length;
        match (record_kind == kind, data.len()) {
            (true, 4) => found.extend(<[u8; 4]>::try_from(data).map(IpAddr::from)),
            (true, 16) => found.extend(<[u8; 16]>::try_from(data).map(IpAddr::from)),
            _ => {}
        }
    }
    Ok(found)
}

/// The position behind a name, which may end in a pointer.
fn after_name(message: &[u8], mut at: usize) -> Option<usize> {
    for _ in 0..POINTERS_MAX * 4 {
        match *message.get(at)? {
            0 => return Some(at + 1),
            length if length & 0xc0 == 0xc0 => return Some(at + 2),
            length => at += usize::from(length) + 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_behind_aliases() {
        let mut answer = question(7, "a.example", TYPE_A).unwrap();
        answer[7] = 2;
        // An alias, then the address of what it points to.
        answer.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 2, 0xc0, 12]);
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1]);
        assert_eq!(records(&answer, TYPE_A), Ok(vec![IpAddr::from([192, 0, 2, 1])]));
        answer.truncate(answer.len() - 1);
        assert!(records(&answer, TYPE_A).is_err());
        answer[3] = 2;
        assert_eq!(records(&answer, TYPE_A), Err("server misbehaving (code 2)".to_owned()));
    }

    #[test]
    fn files_of_the_host_are_read() {
        let hosts = "127.0.0.1 localhost # me\n192.0.2.7 registry.test Other.test\n";
        assert_eq!(in_hosts(hosts, "other.test"), [IpAddr::from([192, 0, 2, 7])]);
        assert!(in_hosts(hosts, "me").is_empty());
        assert_eq!(name_servers("search x\nnameserver 192.0.2.1\n"), ["192.0.2.1:53".parse().unwrap()]);
    }
}
