//! Git itself, asked about another repository: which commit a version is, and the objects of one commit.
//!
//! The user's ssh agent, credential helper and proxy work, because it is the user's git. What a repository could make
//! it do is switched off: hooks, submodules, transports that run programs, questions at the terminal. A token for a
//! pipeline is taken from `STRATA_GIT_TOKEN_HOST` and handed over in the environment, to that host alone, and is taken
//! out of everything that git says.
use super::ImportError;
use base64::Engine as _;
use std::{
    ffi::OsStr,
    fs::File,
    path::Path,
    process::{Command, Output, Stdio},
};
use strata_core::repo::{Reach, Repo};

/// Settings of every call.
const SETTINGS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "protocol.ext.allow=never",
    "protocol.file.allow=always",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "http.lowSpeedLimit=100",
    "http.lowSpeedTime=60",
    "gc.auto=0",
    "maintenance.auto=false",
    "credential.interactive=false",
    "transfer.fsckObjects=false",
];

/// Variables of git that would make it look elsewhere.
const ELSEWHERE: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_ASKPASS",
    "GIT_EXTERNAL_DIFF",
    "GIT_TRACE",
    "GIT_TRACE_CURL",
    "GIT_TRACE_PACKET",
    "GIT_CURL_VERBOSE",
];

/// A repository that git can be asked about.
pub(super) struct Remote<'a> {
    repo: &'a Repo,
    /// What git is given.
    url: String,
    /// What must not be shown.
    secrets: Vec<String>,
    variables: Vec<(String, String)>,
}

/// The variable that holds the token of a host: `STRATA_GIT_TOKEN_GITHUB_COM`.
pub(super) fn token_variable(host: &str) -> String {
    let word = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    let name: String = host.chars().map(word).collect();
    format!("STRATA_GIT_TOKEN_{name}")
}

/// Is this host the machine itself?
pub(super) fn own(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

/// An ssh that asks nothing: a question about a password or a host would hang a run. What the user set stays, and
/// counts more; a client that is not OpenSSH has no such option.
fn silent(
    variable: &dyn Fn(&str) -> Option<String>,
    configured: impl Fn() -> Option<String>,
) -> Option<(String, String)> {
    const NAME: &str = "GIT_SSH_COMMAND";
    let said = |name: &str| variable(name).filter(|v| !v.trim().is_empty());
    let command = match said(NAME).or_else(configured) {
        Some(command) => command,
        None if said("GIT_SSH").is_some() => return None,
        None => "ssh".to_owned(),
    };
    let openssh = match said("GIT_SSH_VARIANT") {
        Some(variant) => variant == "ssh",
        None => {
            let program = command.split_whitespace().next().unwrap_or_default();
            program.rsplit('/').next() == Some("ssh")
        }
    };
    openssh.then(|| (NAME.to_owned(), format!("{command} -o BatchMode=yes")))
}

/// What the user's git is set to start.
fn configured() -> Option<String> {
    let mut git = Command::new("git");
    git.args(["config", "--get", "core.sshCommand"])
        .current_dir("/")
        .env_remove("GIT_DIR")
        .stdin(Stdio::null());
    let done = git.output().ok().filter(|d| d.status.success())?;
    let said = String::from_utf8(done.stdout).ok()?.trim().to_owned();
    (!said.is_empty()).then_some(said)
}

impl<'a> Remote<'a> {
    /// A repository; relative folders begin at `root`.
    pub fn new(repo: &'a Repo, root: &Path) -> Self {
        let url = match repo.reach() {
            Reach::Folder(path) => root.join(path).to_string_lossy().into_owned(),
            _ => repo.text().to_owned(),
        };
        let mut remote = Self {
            repo,
            url,
            secrets: Vec::new(),
            variables: Vec::new(),
        };
        if let Reach::Web { secure, host } = repo.reach()
            && (*secure || own(host))
            && let Ok(token) = std::env::var(token_variable(host))
            && !token.trim().is_empty()
        {
            remote.authorize(*secure, host, token.trim());
        }
        if *repo.reach() == Reach::Ssh {
            let variable = |name: &str| std::env::var(name).ok();
            remote.variables.extend(silent(&variable, configured));
        }
        remote
    }

    fn authorize(&mut self, secure: bool, host: &str, token: &str) {
        let scheme = if secure { "https" } else { "http" };
        let basic =
            base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{token}"));
        let from = std::env::var("GIT_CONFIG_COUNT").ok();
        let first: usize = from.and_then(|n| n.parse().ok()).unwrap_or(0);
        let settings = [
            (
                format!("http.{scheme}://{host}/.extraHeader"),
                format!("Authorization: Basic {basic}"),
            ),
            // a header goes wherever the server sends us
            ("http.followRedirects".to_owned(), "false".to_owned()),
        ];
        for (i, (key, value)) in settings.into_iter().enumerate() {
            let n = first + i;
            self.variables.push((format!("GIT_CONFIG_KEY_{n}"), key));
            self.variables
                .push((format!("GIT_CONFIG_VALUE_{n}"), value));
        }
        let count = (first + 2).to_string();
        self.variables.push(("GIT_CONFIG_COUNT".to_owned(), count));
        self.secrets.extend([token.to_owned(), basic]);
    }

    /// What git is given as the repository.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Git in a folder; `lock` stays held as long as it lives, also when this program is killed.
    pub fn git<S: AsRef<OsStr>>(
        &self,
        folder: &Path,
        lock: Option<&File>,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Output, ImportError> {
        let mut command = Command::new("git");
        command.arg("-C").arg(folder);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        for name in ELSEWHERE {
            command.env_remove(name);
        }
        command
            .args(args)
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_LFS_SKIP_SMUDGE", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GCM_INTERACTIVE", "never")
            .env("SSH_ASKPASS_REQUIRE", "never")
            .env("LC_ALL", "C")
            .envs(self.variables.iter().map(|(k, v)| (k, v)))
            .stdin(match lock.map(File::try_clone) {
                Some(Ok(lock)) => Stdio::from(lock),
                _ => Stdio::null(),
            });
        command
            .output()
            .map_err(|e| ImportError::Git(e.to_string()))
    }

    /// The same, where an end other than a good one is an error of the repository.
    pub fn asked<S: AsRef<OsStr>>(
        &self,
        folder: &Path,
        lock: Option<&File>,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Vec<u8>, ImportError> {
        let done = self.git(folder, lock, args)?;
        if done.status.success() {
            return Ok(done.stdout);
        }
        Err(ImportError::Unreachable {
            repo: self.repo.to_string(),
            why: self.said(&done.stderr),
        })
    }

    /// What git said, in few lines and without secrets.
    pub fn said(&self, bytes: &[u8]) -> String {
        let mut text = String::from_utf8_lossy(bytes).into_owned();
        for secret in &self.secrets {
            text = text.replace(secret, "***");
        }
        let worth = |l: &&str| {
            !l.trim().is_empty() && !l.starts_with("hint:") && !l.starts_with("warning:")
        };
        let lines: Vec<&str> = text.lines().filter(worth).take(4).collect();
        let joined = lines.join("; ");
        let said = joined
            .trim_start_matches("fatal: ")
            .trim_start_matches("ERROR: ");
        if said.is_empty() {
            "git ended without a word".to_owned()
        } else {
            said.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_asks_nothing_and_stays_what_it_was_set_to() {
        let with = |set: &[(&str, &str)], config: Option<&str>| {
            let variable = |name: &str| {
                let found = set.iter().find(|(n, _)| *n == name);
                found.map(|(_, v)| (*v).to_owned())
            };
            silent(&variable, || config.map(str::to_owned)).map(|(_, command)| command)
        };
        let quiet = |command: &str| Some(format!("{command} -o BatchMode=yes"));
        assert_eq!(with(&[], None), quiet("ssh"));
        assert_eq!(with(&[], Some("ssh -i k")), quiet("ssh -i k"));
        let own = ("GIT_SSH_COMMAND", "/usr/bin/ssh -p 2");
        assert_eq!(with(&[own], Some("other")), quiet(own.1));
        assert_eq!(with(&[], Some("plink")), None);
        assert_eq!(with(&[("GIT_SSH", "/opt/plink")], None), None);
        let mine = [("GIT_SSH_COMMAND", "./mine"), ("GIT_SSH_VARIANT", "ssh")];
        assert_eq!(with(&mine, None), quiet("./mine"));
    }

    #[test]
    fn a_token_is_for_one_host_and_never_shown() {
        assert_eq!(
            token_variable("git.example.com:8443"),
            "STRATA_GIT_TOKEN_GIT_EXAMPLE_COM_8443"
        );
        assert!(own("127.0.0.1:99") && own("localhost") && !own("localhost.example"));
        let repo = Repo::parse("https://h.example/a").unwrap();
        let mut remote = Remote::new(&repo, Path::new("/"));
        remote.authorize(true, "h.example", "s3cret");
        let header = &remote.variables[1].1;
        let said = remote.said(format!("fatal: {header} s3cret\nhint: x\n").as_bytes());
        assert_eq!(said, "Authorization: Basic *** ***");
        assert_eq!(remote.variables[0].1, "http.https://h.example/.extraHeader");
    }
}
