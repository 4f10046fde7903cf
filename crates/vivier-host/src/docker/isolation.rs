//! Tries, from inside a container's network, to reach what it must not: a thread of ours enters the network namespace and
//! connects. Nothing of the container's runs in it, and the container is not asked.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use nix::sched::{CloneFlags, setns};
use vivier_core::agent::GATEWAY_PORT;

/// How long one connection may take. The host's kernel answers a SYN on its own bridge in microseconds, whoever listens.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long a gateway may take to say whether it has started.
const PROBE: Duration = Duration::from_secs(1);

/// What came of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Connected, or turned away by the host itself because nobody listens: packets pass.
    Open,
    /// Rejected or dropped on the way, or no way at all.
    Closed,
}

impl Reach {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "reachable",
            Self::Closed => "unreachable",
        }
    }
}

/// Tries each address from inside the network namespace of `pid`.
///
/// # Errors
/// When the process is gone, or its namespace cannot be entered.
pub fn try_each(pid: i64, addresses: Vec<SocketAddr>) -> io::Result<Vec<Reach>> {
    let namespace = File::open(format!("/proc/{pid}/ns/net"))?;
    // A thread of its own that ends afterwards: the namespace belongs to the thread.
    let thread = std::thread::Builder::new().name("isolation".to_owned()).spawn(move || -> io::Result<Vec<Reach>> {
        setns(&namespace, CloneFlags::CLONE_NEWNET)?;
        // All at once, in threads that are born in the namespace: one that is dropped without an answer (the kernel limits how
        // many ICMP errors it sends) then delays nobody else.
        Ok(std::thread::scope(|scope| {
            let tries: Vec<_> = addresses.into_iter().map(|address| scope.spawn(move || connect(address))).collect();
            tries.into_iter().map(|each| each.join().unwrap_or(Reach::Open)).collect()
        }))
    })?;
    thread.join().unwrap_or_else(|_panic| Err(io::Error::other("the probe's thread ended badly")))
}

/// Asks the gateway in the network namespace of `pid`, over its own loopback, whether it has started: a container without a network
/// can be asked in no other way.
///
/// # Errors
/// When the process is gone, or its namespace cannot be entered.
pub fn started(pid: i64) -> io::Result<bool> {
    let namespace = File::open(format!("/proc/{pid}/ns/net"))?;
    let thread = std::thread::Builder::new().name("rehearsal".to_owned()).spawn(move || -> io::Result<bool> {
        setns(&namespace, CloneFlags::CLONE_NEWNET)?;
        // A gateway that does not answer yet is no error.
        Ok(ask(SocketAddr::from((Ipv4Addr::LOCALHOST, GATEWAY_PORT))).unwrap_or(false))
    })?;
    thread.join().unwrap_or_else(|_panic| Err(io::Error::other("the probe's thread ended badly")))
}

fn ask(gateway: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&gateway, PATIENCE)?;
    stream.set_read_timeout(Some(PROBE))?;
    stream.set_write_timeout(Some(PROBE))?;
    stream.write_all(format!("GET /startupz HTTP/1.1\r\nHost: {gateway}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    Ok(head.ends_with(b" 200"))
}

fn connect(address: SocketAddr) -> Reach {
    match TcpStream::connect_timeout(&address, PATIENCE) {
        Ok(_) => Reach::Open,
        // An RST: the packet arrived. Our firewall answers with ICMP, never with an RST.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Reach::Open,
        Err(_) => Reach::Closed,
    }
}

/// The host's own addresses that a container might find: the one it uses towards the world, and Docker's default bridge.
pub fn addresses_of_host() -> Vec<IpAddr> {
    let mut found = vec![IpAddr::V4(Ipv4Addr::new(172, 17, 0, 1))];
    // No packet is sent: connecting a UDP socket only asks the routing table. 192.0.2.1 is TEST-NET-1.
    let towards = std::net::UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    });
    found.extend(towards.ok().map(|address| address.ip()));
    found
}
