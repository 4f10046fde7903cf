//! What a tenant who owns everything inside the container can reach: the door, and nothing else.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vivier_core::agent::{DOOR_PORT, GATEWAY_PORT};
use vivier_core::runtime::{Runtime, Stage};

use crate::support::{Bench, docker, inside, run};

/// Tries `tries` (`tcp host port` or `udp host port`) from inside, all at once; gives `open`, `refused`, `closed` or a datagram's fate.
const TRY: &str = r#"
const net = require("net"), dgram = require("dgram");
const tcp = (host, port) => new Promise((done) => {
  const socket = net.connect({ host, port: Number(port) }); const end = (word) => { socket.destroy(); done(word); };
  socket.setTimeout(1500, () => end("closed")); socket.on("connect", () => end("open"));
  socket.on("error", (error) => end(error.code === "ECONNREFUSED" ? "refused" : "closed"));
});
const udp = (host, port) => new Promise((done) => {
  const socket = dgram.createSocket(host.includes(":") ? "udp6" : "udp4"); const end = (word) => { try { socket.close(); } catch {} done(word); };
  socket.on("error", () => end("closed")); socket.on("message", () => end("open")); setTimeout(() => end("closed"), 800);
  socket.send("x", Number(port), host, (error) => { if (error) end("closed"); });
});
Promise.all(process.env.TRIES.split(",").map((each) => { const [kind, host, port] = each.split(" "); return (kind === "tcp" ? tcp : udp)(host, port); }))
  .then((words) => console.log(words.join(",")));
"#;

pub fn attempts(id: vivier_core::id::DeploymentId, tries: &[String]) -> Vec<String> {
    let env = format!("TRIES={}", tries.join(","));
    let words = docker(&["exec", "--env", &env, &format!("vivier-{id}"), "/usr/local/bin/node", "-e", TRY]);
    words.split(',').map(str::to_owned).collect()
}

/// Something that listens on every address of the host, and counts who came.
fn listener(address: SocketAddr) -> (u16, Arc<AtomicUsize>) {
    let socket = TcpListener::bind(address).expect("a listener");
    let (port, count) = (socket.local_addr().expect("an address").port(), Arc::new(AtomicUsize::new(0)));
    let counted = count.clone();
    std::thread::spawn(move || {
        for stream in socket.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut stream = stream;
            let _ = stream.write_all(b"hello");
            let _ = stream.read(&mut [0; 8]);
        }
    });
    (port, count)
}

#[tokio::test]
async fn from_inside_only_the_door_is_reachable() {
    let bench = Bench::new();
    let (one, other) = (bench.spec(), bench.spec());
    for spec in [&one, &other] {
        bench.runtime.apply(spec, Stage::Workload).await.expect("applies");
        bench.until_started(spec.deployment).await;
    }
    let (everywhere, came) = listener("0.0.0.0:0".parse().expect("an address"));
    let (everywhere6, came6) = listener("[::]:0".parse().expect("an address"));
    let (_, at_the_door) = listener(one.subnet.door_socket());
    let udp = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    udp.set_nonblocking(true).expect("set");
    let udp_port = udp.local_addr().expect("an address").port();
    let host = UdpSocket::bind("0.0.0.0:0")
        .and_then(|s| s.connect("192.0.2.1:9").and_then(|()| s.local_addr()))
        .map_or(IpAddr::V4(Ipv4Addr::new(172, 17, 0, 1)), |a| a.ip());

    let own = one.subnet.gateway();
    let tries = vec![
        format!("tcp {own} {everywhere}"),
        format!("tcp {own} {everywhere6}"),
        format!("tcp {own} {}", DOOR_PORT + 1),
        format!("tcp {} {everywhere}", other.subnet.gateway()),
        format!("tcp {} {DOOR_PORT}", other.subnet.gateway()),
        format!("tcp {} {GATEWAY_PORT}", other.subnet.agent()),
        format!("tcp 172.17.0.1 {everywhere}"),
        format!("tcp {host} {everywhere}"),
        "tcp 169.254.169.254 80".to_owned(),
        "tcp 192.0.2.1 443".to_owned(),
        format!("udp {own} {udp_port}"),
        format!("udp {own} 53"),
        format!("udp {host} {udp_port}"),
        "udp 192.0.2.1 53".to_owned(),
        format!("tcp fe80::1%eth0 {everywhere6}"),
        format!("udp ff02::1%eth0 {udp_port}"),
    ];
    let found = attempts(one.deployment, &tries);
    assert_eq!(found, vec!["closed"; tries.len()], "{tries:#?}");
    assert_eq!((came.load(Ordering::SeqCst), came6.load(Ordering::SeqCst)), (0, 0), "a packet came through");
    assert!(udp.recv_from(&mut [0; 16]).is_err(), "a datagram came through");

    let found = attempts(one.deployment, &[format!("tcp {own} {DOOR_PORT}"), format!("tcp {} {DOOR_PORT}", other.subnet.gateway())]);
    assert_eq!(found, ["open", "closed"]);
    assert_eq!(at_the_door.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn from_inside_there_is_no_engine_no_name_service_and_no_ping() {
    let bench = Bench::new();
    let spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    bench.until_started(spec.deployment).await;
    let script = r#"
      const fs = require("fs"), dns = require("dns").promises;
      const gone = (path) => !fs.existsSync(path);
      const denied = (work) => { try { work(); return false; } catch { return true; } };
      (async () => {
        const lookup = await Promise.race([dns.resolve4("example.com").then(() => "answered", () => "nothing"), new Promise((d) => setTimeout(d, 8000, "nothing"))]);
        console.log(JSON.stringify({
          sockets: ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock"].every(gone), lookup,
          root: denied(() => fs.writeFileSync("/etc/x", "")), config: denied(() => fs.writeFileSync("/etc/openclaw/openclaw.json", "{}")),
          secrets: denied(() => fs.writeFileSync("/run/openclaw/secrets.json", "{}")), shadow: denied(() => fs.readFileSync("/etc/shadow")),
          environ: fs.readFileSync("/proc/1/environ", "utf8").includes("the-secret"), kcore: denied(() => fs.readFileSync("/proc/sysrq-trigger")),
          ipv6: Object.values(require("os").networkInterfaces()).flat().filter((a) => a.family === "IPv6" && !a.internal).length,
        }));
      })();"#;
    let found: serde_json::Value = serde_json::from_str(&inside(spec.deployment, script)).expect("an answer");
    let wanted = serde_json::json!({ "sockets": true, "lookup": "nothing", "root": true, "config": true, "secrets": true, "shadow": true, "environ": false, "kcore": true, "ipv6": 0 });
    assert_eq!(found, wanted);
    // ICMP: an unprivileged ping socket, where the kernel has them; the host must not answer.
    let perl = format!(
        "use Socket; socket(my $s, AF_INET, SOCK_DGRAM, 1) or do {{ print 'nothing'; exit }}; \
         send($s, pack('C2n3', 8, 0, 0, 1, 1) . 'x', 0, sockaddr_in(0, inet_aton('{}'))) or do {{ print 'nothing'; exit }}; \
         my $r=''; vec($r, fileno($s), 1)=1; my $n = select($r, undef, undef, 1); print $n ? (defined recv($s, my $b, 99, 0) ? 'answered' : 'nothing') : 'nothing';",
        spec.subnet.gateway()
    );
    assert_eq!(docker(&["exec", &format!("vivier-{}", spec.deployment), "/usr/bin/perl", "-e", &perl]), "nothing");
}

#[tokio::test]
async fn the_kernel_refuses_the_calls_that_an_agent_has_no_use_for() {
    let bench = Bench::new();
    let spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    bench.until_started(spec.deployment).await;
    // Numbers of x86_64. EPERM is 1, ENOSYS 38.
    let calls = [
        ("io_uring_setup", "425, 1, 0", 38),
        ("socket AF_VSOCK", "41, 40, 1, 0", 1),
        ("socket AF_ALG", "41, 38, 5, 0", 1),
        ("socket AF_PACKET", "41, 17, 3, 0", 1),
        ("unshare user", "272, 0x10000000", 1),
        ("clone3", "435, 0, 0", 38),
        ("bpf", "321, 0, 0, 0", 1),
        ("keyctl", "250, 0, 0", 1),
        ("add_key", "248, 0, 0, 0, 0, 0", 1),
        ("userfaultfd", "323, 0", 1),
        ("perf_event_open", "298, 0, 0, 0, 0, 0", 1),
        ("ptrace", "101, 0, 0, 0, 0", 1),
        ("process_vm_readv", "310, 1, 0, 0, 0, 0, 0", 1),
        ("mount", "165, 0, 0, 0, 0, 0", 1),
        ("open_by_handle_at", "304, 0, 0, 0", 1),
        ("kexec_load", "246, 0, 0, 0, 0", 1),
        ("personality READ_IMPLIES_EXEC", "135, 0x0400000", 1),
    ];
    let script: String = calls.iter().map(|(_, call, _)| format!("my $r = syscall({call}); print $r < 0 ? $!+0 : 'allowed', ',';")).collect();
    let found = docker(&["exec", &format!("vivier-{}", spec.deployment), "/usr/bin/perl", "-e", &script]);
    let wanted: String = calls.iter().map(|(_, _, errno)| format!("{errno},")).collect();
    assert_eq!(found, wanted, "{calls:#?}");
}

#[tokio::test]
async fn rules_that_someone_flushed_are_missed_at_once_and_put_back() {
    let bench = Bench::new();
    let spec = bench.spec();
    bench.runtime.apply(&spec, Stage::Workload).await.expect("applies");
    bench.until_started(spec.deployment).await;
    assert!(bench.runtime.prove(&spec).await.expect("a proof").holds());
    run("nft", &["delete", "table", "inet", bench.runtime.firewall().table()]);
    let proof = bench.runtime.prove(&spec).await.expect("a proof");
    let failed: Vec<&str> = proof.checks.iter().filter(|check| !check.holds).map(|check| check.name.as_str()).collect();
    assert!(failed.contains(&"firewall") && failed.iter().any(|name| name.starts_with("isolation: own bridge")), "{failed:?}");
    assert_eq!(bench.until(spec.deployment, "missed", |look| look.network.is_none()).await.network, None);
    bench.runtime.mend().await.expect("mends");
    assert_eq!(bench.until(spec.deployment, "back", |look| look.network.is_some()).await.network, Some(spec.subnet));
    assert!(bench.runtime.prove(&spec).await.expect("a proof").holds());
    // One rule too many is noticed as well.
    run("nft", &["insert", "rule", "inet", bench.runtime.firewall().table(), "agent", "accept"]);
    assert!(!bench.runtime.prove(&spec).await.expect("a proof").holds());
    bench.runtime.mend().await.expect("mends");
    assert!(bench.runtime.prove(&spec).await.expect("a proof").holds());
}
