//! Repositories of a test, and servers for them: git's daemon, and git's program for the web behind a small server.
use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// A repository with a work tree.
pub struct Repo(PathBuf);

impl Repo {
    /// A new one.
    pub fn new(dir: &Path) -> Self {
        fs::create_dir_all(dir).expect("a folder");
        let repo = Self(dir.to_owned());
        repo.git(&["init", "-q", "-b", "main"]);
        repo
    }
    /// One that is there.
    pub fn at(dir: &Path) -> Self {
        Self(dir.to_owned())
    }
    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.0
    }
    /// Writes a file; scripts are executable.
    pub fn write(&self, path: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let file = self.0.join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(&file, text).expect("a file");
        if path.ends_with(".sh") {
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("its mode");
        }
    }
    /// Commits everything.
    pub fn commit_only(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    }
    /// Commits everything and tags it.
    pub fn commit(&self, tag: &str) {
        self.commit_only();
        self.git(&["tag", tag]);
    }
    /// Git in it.
    pub fn git(&self, args: &[&str]) -> String {
        let done = Command::new("git")
            .arg("-C")
            .arg(&self.0)
            .args(["-c", "user.name=a", "-c", "user.email=a@b"])
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .expect("git is there");
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).expect("text")
    }
}

/// A server that ends with the test.
pub struct Server {
    pub port: u16,
    child: Option<Child>,
    packs: Arc<AtomicUsize>,
}

impl Server {
    /// A program that serves at a port, from when it answers there.
    pub fn of(child: Child, port: u16) -> Self {
        let server = Self {
            port,
            child: Some(child),
            packs: Arc::default(),
        };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "nobody answers at port {port}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }
    /// How often a pack was asked for.
    pub fn packs(&self) -> usize {
        self.packs.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A port that nobody serves.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Git's daemon for all repositories of a folder; none where git has none.
pub fn serve_git(base: &Path) -> Option<Server> {
    let port = free_port();
    // not `git daemon`: that would be a program that outlives the one that is ended here
    let program = program("git-daemon")?;
    let child = Command::new(program)
        .args(["--reuseaddr", "--export-all", "--listen=127.0.0.1"])
        .arg(format!("--port={port}"))
        .arg(format!("--base-path={}", base.display()))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    Some(Server::of(child, port))
}

fn program(name: &str) -> Option<PathBuf> {
    let out = Command::new("git").arg("--exec-path").output().ok()?;
    let path = PathBuf::from(String::from_utf8(out.stdout).ok()?.trim()).join(name);
    path.is_file().then_some(path)
}

/// `git http-backend` for all repositories of a folder; with a token only for who sends it.
pub fn serve_http(base: &Path, token: Option<&str>) -> Option<Server> {
    let backend = program("git-http-backend")?;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let packs: Arc<AtomicUsize> = Arc::default();
    let (base, counted) = (base.to_owned(), packs.clone());
    let token = token.map(str::to_owned);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (base, backend) = (base.clone(), backend.clone());
            let (counted, token) = (counted.clone(), token.clone());
            std::thread::spawn(move || {
                let _ = answer(stream, &base, &backend, token.as_deref(), &counted);
            });
        }
    });
    Some(Server {
        port,
        child: None,
        packs,
    })
}

fn answer(
    stream: TcpStream,
    base: &Path,
    backend: &Path,
    token: Option<&str>,
    packs: &AtomicUsize,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut out = stream;
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (method, target) = (
        words.next().unwrap_or_default().to_owned(),
        words.next().unwrap_or_default().to_owned(),
    );
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((k, v)) = line.trim().split_once(':') {
            headers.push((k.to_ascii_lowercase(), v.trim().to_owned()));
        }
    }
    let header = |name: &str| {
        headers
            .iter()
            .find(|(k, _)| k == name)
            .map(|(_, v)| v.clone())
            .unwrap_or_default()
    };
    if let Some(token) = token {
        let known = decoded(&header("authorization"));
        if known != format!("x-access-token:{token}") {
            let head = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            return out.write_all(head.as_bytes());
        }
    }
    let mut body = Vec::new();
    if header("transfer-encoding").contains("chunked") {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size)?;
            let n = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
            let mut chunk = vec![0; n + 2];
            reader.read_exact(&mut chunk)?;
            if n == 0 {
                break;
            }
            body.extend_from_slice(&chunk[..n]);
        }
    } else {
        body = vec![0; header("content-length").parse().unwrap_or(0)];
        reader.read_exact(&mut body)?;
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let plain = header("content-encoding").is_empty();
    if path.ends_with("git-upload-pack") && plain {
        let fetches = body.windows(13).any(|w| w == b"command=fetch");
        packs.fetch_add(usize::from(fetches), Ordering::SeqCst);
    }
    let mut child = Command::new(backend)
        .env("GIT_PROJECT_ROOT", base)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", method)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut stdin = child.stdin.take().expect("piped");
    let writing = std::thread::spawn(move || stdin.write_all(&body));
    let mut said = Vec::new();
    child.stdout.take().expect("piped").read_to_end(&mut said)?;
    let _ = writing.join();
    let _ = child.wait();
    let end = said
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .unwrap_or(said.len());
    let head = String::from_utf8_lossy(&said[..end]).into_owned();
    let content = said.get(end + 4..).unwrap_or_default();
    let status = head
        .lines()
        .find_map(|l| l.strip_prefix("Status: "))
        .unwrap_or("200 OK");
    let rest: String = head
        .lines()
        .filter(|l| !l.starts_with("Status: ") && !l.is_empty())
        .map(|l| format!("{l}\r\n"))
        .collect();
    write!(
        out,
        "HTTP/1.1 {status}\r\n{rest}Content-Length: {}\r\nConnection: close\r\n\r\n",
        content.len()
    )?;
    out.write_all(content)
}

/// What a header for Basic authentication holds.
fn decoded(header: &str) -> String {
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = header.strip_prefix("Basic ").unwrap_or_default();
    let mut bits = 0_u32;
    let mut count = 0;
    let mut out = Vec::new();
    for sign in text
        .bytes()
        .filter_map(|b| SIGNS.iter().position(|s| *s == b))
    {
        bits = (bits << 6) | u32::try_from(sign).unwrap_or(0);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
