//! An API server that goes away in the middle.
use crate::ground::{COMPONENT, Ground, config, text};
use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// Passes connections on to a server, until it is cut; then nobody answers until it is mended.
struct Wire {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    cut: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Wire {
    fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let shared = Arc::new(Shared::default());
        let ours = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if ours.cut.load(Ordering::SeqCst) {
                    drop(client);
                    continue;
                }
                let Ok(server) = TcpStream::connect(server) else {
                    continue;
                };
                let mut open = ours.open.lock().unwrap();
                open.extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
                drop(open);
                let (a, b) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || copy(client, server));
                thread::spawn(move || copy(b, a));
            }
        });
        Self { port, shared }
    }
    /// It goes away.
    fn cut(&self) {
        self.shared.cut.store(true, Ordering::SeqCst);
        for stream in self.shared.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
    /// It is back.
    fn mend(&self) {
        self.shared.cut.store(false, Ordering::SeqCst);
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 1024];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        // slow enough that there is a middle
        thread::sleep(Duration::from_millis(2));
        if to.write_all(&buffer[..n]).is_err() {
            return;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// How many objects there are.
const MANY: usize = 120;

fn many() -> String {
    let all: Vec<String> = (0..MANY)
        .map(|i| config(&format!("c{i}"), &"x".repeat(400)))
        .collect();
    all.join("---\n")
}

/// A platform whose way to the cluster can be cut.
fn ground(name: &str, wait: &str) -> Option<(Ground, Wire)> {
    let component = COMPONENT.replace("60s", wait);
    let files: &[(&str, &str)] = &[
        ("layers/top/web/component.yaml", &component),
        ("layers/top/web/a.yaml", &many()),
    ];
    let g = Ground::with_space(name, files)?;
    let kubeconfig = text(&g.platform.root().join("kubeconfig"));
    let mut json: serde_json::Value =
        serde_json::from_str(&kubeconfig).expect("a kubeconfig in JSON");
    let cluster = &mut json["clusters"][0]["cluster"];
    let server = cluster["server"]
        .as_str()
        .and_then(|s| s.strip_prefix("https://"))
        .expect("a server");
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

/// Begins an apply and cuts the way when it is in the middle.
fn cut_in_the_middle(g: &Ground, wire: &Wire) -> std::process::Child {
    let child = g.platform.start(&["apply", "dev", "--yes"]);
    while count(g) == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    wire.cut();
    let there = count(g);
    assert!(there < MANY, "it was cut in the middle: {there}");
    child
}

#[test]
fn a_server_that_comes_back_is_waited_for() {
    let Some((g, wire)) = ground("again", "120s") else {
        return;
    };
    let child = cut_in_the_middle(&g, &wire);
    thread::sleep(Duration::from_secs(2));
    wire.mend();
    let done = crate::sandbox::Done::of(&child.wait_with_output().unwrap());
    assert_eq!(done.code, 0, "{}", done.all());
    assert_eq!(count(&g), MANY);
}

#[test]
fn a_server_that_stays_away_fails_the_run_and_the_next_goes_on() {
    let Some((g, wire)) = ground("away", "1s") else {
        return;
    };
    let child = cut_in_the_middle(&g, &wire);
    let done = crate::sandbox::Done::of(&child.wait_with_output().unwrap());
    assert_eq!(done.code, 10, "{}", done.all());
    done.says("the cluster does not answer");
    wire.mend();
    g.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(count(&g), MANY);
    g.ends(0, &["drift", "dev"]);
    // one that never comes back leaves nothing to destroy
    wire.cut();
    g.ends(10, &["destroy", "dev", "--yes"])
        .says("if it is gone for good, so is what was in it: `strata forget dev/web`");
    wire.mend();
    g.ends(0, &["destroy", "dev", "--yes"]);
    assert_eq!(count(&g), 0);
}

#[test]
fn a_run_that_is_killed_in_the_middle_is_resumed() {
    let Some((g, _wire)) = ground("killed", "60s") else {
        return;
    };
    let mut child = g.platform.start(&["apply", "dev", "--yes"]);
    while count(&g) == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    g.ends(0, &["resume"]);
    assert_eq!(count(&g), MANY);
    g.ends(0, &["apply", "dev", "--yes"]).says("nothing to do");
}
