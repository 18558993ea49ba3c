//! A repository on this machine for controllers in pods.
use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command},
};

/// A repository that this machine serves over HTTP.
pub struct Repository {
    /// Where it is checked out.
    pub tree: PathBuf,
    bare: PathBuf,
    /// Where pods find it.
    pub url: String,
    server: Child,
    _folder: tempfile::TempDir,
}

impl Repository {
    /// With one file; `address` is where pods reach this machine.
    pub fn new(address: &str, path: &str, text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let bare = folder.path().join("app.git");
        let web = folder.path().join("web/cgi-bin");
        fs::create_dir_all(&web).expect("a folder");
        git(
            folder.path(),
            &["init", "-q", "--bare", "-b", "main", "app.git"],
        );
        git(folder.path(), &["clone", "-q", "app.git", "tree"]);
        let script = format!(
            "#!/bin/sh\nexport GIT_PROJECT_ROOT='{}' GIT_HTTP_EXPORT_ALL=1\nexec git http-backend\n",
            folder.path().display()
        );
        fs::write(web.join("git"), script).expect("a script");
        let mode = Command::new("chmod")
            .arg("755")
            .arg(web.join("git"))
            .status();
        assert!(mode.expect("chmod is there").success());
        let free = TcpListener::bind((address, 0)).expect("the cluster reaches this address");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let server = Command::new("busybox")
            .args(["httpd", "-f", "-p", &format!("{address}:{port}"), "-h"])
            .arg(folder.path().join("web"))
            .spawn()
            .expect("busybox is there");
        let repository = Self {
            tree: folder.path().join("tree"),
            bare,
            url: format!("http://{address}:{port}/cgi-bin/git/app.git"),
            server,
            _folder: folder,
        };
        repository.commit(path, text);
        repository
    }
    /// The repository itself, which has no work tree.
    pub fn path(&self) -> &Path {
        &self.bare
    }
    /// Commits and publishes; gives the commit.
    pub fn commit(&self, path: &str, text: &str) -> String {
        let file = self.tree.join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("a file");
        git(&self.tree, &["add", "."]);
        git(&self.tree, &["commit", "-q", "-m", "change"]);
        git(&self.tree, &["push", "-q", "origin", "HEAD:main"]);
        git(&self.tree, &["rev-parse", "HEAD"])
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Runs git, which has to work; gives what it said.
pub fn git(folder: &Path, args: &[&str]) -> String {
    let out = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
        .args(args)
        .output()
        .expect("git is there");
    let error = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "git {args:?}: {error}");
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}
