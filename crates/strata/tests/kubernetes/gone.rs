//! An API server that goes away in the middle.
use crate::ground::{COMPONENT, Ground, config, text};
use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// Passes connections on to a server, until so many bytes were sent to it; then nobody answers until it is told to.
struct Wire {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    cut: AtomicBool,
    sent: AtomicU64,
    most: AtomicU64,
    open: Mutex<Vec<TcpStream>>,
}

impl Wire {
    fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let shared = Arc::new(Shared::default());
        shared.most.store(u64::MAX, Ordering::SeqCst);
        let ours = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if ours.cut.load(Ordering::SeqCst) {
                    drop(client);
                    continue;
                }
                let Ok(server) = TcpStream::connect(server) else { continue };
                let mut open = ours.open.lock().unwrap();
                open.extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
                drop(open);
                let (a, b) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let up = ours.clone();
                thread::spawn(move || copy(client, server, Some(&up)));
                thread::spawn(move || copy(b, a, None));
            }
        });
        Self { port, shared }
    }
    /// It goes away after so many more bytes.
    fn cut_after(&self, bytes: u64) {
        self.shared.sent.store(0, Ordering::SeqCst);
        self.shared.most.store(bytes, Ordering::SeqCst);
    }
    fn is_cut(&self) -> bool {
        self.shared.cut.load(Ordering::SeqCst)
    }
    /// It is back.
    fn mend(&self) {
        self.shared.most.store(u64::MAX, Ordering::SeqCst);
        self.shared.cut.store(false, Ordering::SeqCst);
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, counted: Option<&Shared>) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        if let Some(shared) = counted {
            let sent = shared.sent.fetch_add(n as u64, Ordering::SeqCst);
            if sent > shared.most.load(Ordering::SeqCst) {
                shared.cut.store(true, Ordering::SeqCst);
                for stream in shared.open.lock().unwrap().drain(..) {
                    let _ = stream.shutdown(Shutdown::Both);
                }
                return;
            }
        }
        if to.write_all(&buffer[..n]).is_err() {
            return;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

fn many() -> String {
    let all: Vec<String> = (0..120).map(|i| config(&format!("c{i}"), &"x".repeat(400))).collect();
    all.join("---\n")
}

/// A platform whose way to the cluster can be cut.
fn ground(name: &str, wait: &str) -> Option<(Ground, Wire)> {
    let component = COMPONENT.replace("60s", wait);
    let files: &[(&str, &str)] = &[("layers/top/web/component.yaml", &component), ("layers/top/web/a.yaml", &many())];
    let g = Ground::with_space(name, files)?;
    let kubeconfig = text(&g.platform.root().join("kubeconfig"));
    let mut json: serde_json::Value = serde_json::from_str(&kubeconfig).expect("a kubeconfig in JSON");
    let cluster = &mut json["clusters"][0]["cluster"];
    let server = cluster["server"].as_str().and_then(|s| s.strip_prefix("https://")).expect("a server");
    let address: SocketAddr = server.parse().expect("an address with a port");
    let wire = Wire::to(address);
    cluster["server"] = format!("https://127.0.0.1:{}", wire.port).into();
    cluster["tls-server-name"] = address.ip().to_string().into();
    g.give(&json.to_string());
    Some((g, wire))
}

fn count(g: &Ground) -> usize {
    let names = g.does(&["-n", &g.space, "get", "configmap", "-o", "name"]);
    names.lines().filter(|n| n.contains("/c")).count()
}

#[test]
fn a_server_that_comes_back_is_waited_for() {
    let Some((g, wire)) = ground("back", "120s") else { return };
    g.ends(0, &["plan", "dev", "--out", "saved"]);
    wire.cut_after(60_000);
    let child = g.platform.start(&["apply", "dev", "saved"]);
    while !wire.is_cut() {
        thread::sleep(Duration::from_millis(20));
    }
    thread::sleep(Duration::from_secs(2));
    wire.mend();
    let done = crate::sandbox::Done::of(&child.wait_with_output().unwrap());
    assert_eq!(done.code, 0, "{}", done.all());
    assert_eq!(count(&g), 120);
}

#[test]
fn a_server_that_stays_away_fails_the_run_and_resume_goes_on() {
    let Some((g, wire)) = ground("away", "1s") else { return };
    g.ends(0, &["plan", "dev", "--out", "saved"]);
    wire.cut_after(60_000);
    g.ends(10, &["apply", "dev", "saved"]).says("the cluster does not answer");
    let before = count(&g);
    assert!(before < 120, "it was cut in the middle: {before}");
    wire.mend();
    g.ends(0, &["resume"]);
    assert_eq!(count(&g), 120);
    g.ends(0, &["drift", "dev"]);
    g.ends(0, &["destroy", "dev", "--yes"]);
    assert_eq!(count(&g), 0);
}
