//! Where charts come from: a registry (Debian's docker-registry), and a folder over HTTP.
use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// A program that ends with its owner.
pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A registry on a port of its own, or `None` after saying that there is no such program. With a `login` only who is in
/// it enters: a line of htpasswd.
pub fn registry(dir: &Path, login: Option<&str>) -> Option<(Running, String)> {
    let known = Command::new("docker-registry").arg("--version").output();
    if known.is_err() {
        assert!(
            std::env::var_os("STRATA_REQUIRE_TOOLS").is_none(),
            "docker-registry is required"
        );
        eprintln!("skipped: there is no docker-registry");
        return None;
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = port.local_addr().unwrap().port();
    let config = dir.join("registry.yml");
    let auth = login.map_or(String::new(), |login| {
        let file = dir.join("htpasswd");
        fs::write(&file, login).unwrap();
        format!(
            "auth: {{htpasswd: {{realm: charts, path: {}}}}}\n",
            file.display()
        )
    });
    let text = format!(
        "{auth}version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n",
        dir.join("blobs").display()
    );
    fs::write(&config, text).unwrap();
    let mut command = Command::new("docker-registry");
    command
        .arg("serve")
        .arg(&config)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let running = Running(command.spawn().unwrap());
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        thread::sleep(Duration::from_millis(20));
    }
    Some((running, format!("127.0.0.1:{port}")))
}

/// Serves the files of a folder over HTTP, to who says this after `Authorization: Basic` when there is something.
pub fn folder(dir: PathBuf, login: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            serve(stream, &dir, login);
        }
    });
    format!("http://{address}")
}

fn serve(mut stream: TcpStream, dir: &Path, login: Option<&str>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let asked = lines.next().and_then(Result::ok).unwrap_or_default();
    let headers: Vec<String> = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    let path = asked.split(' ').nth(1).unwrap_or_default();
    let path = path.trim_start_matches('/');
    let entered = login.is_none_or(|login| {
        headers
            .iter()
            .any(|h| *h == format!("Authorization: Basic {login}"))
    });
    let found = fs::read(dir.join(path)).ok();
    let (status, body) = match found {
        _ if !entered => ("401 Unauthorized", Vec::new()),
        Some(body) => ("200 OK", body),
        None => ("404 Not Found", Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&body);
}
