//! The git repository around a folder, from its own files: no git is started.
use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};
use strata_core::tree::Repository;

/// Nobody's configuration is larger.
const LARGEST: u64 = 1 << 20;

/// The repository around a folder, looked for once.
#[derive(Debug, Default)]
pub struct Around(OnceLock<Repository>);

impl Around {
    /// Of a folder, always the same.
    pub fn of(&self, root: &Path) -> Repository {
        self.0.get_or_init(|| around(root)).clone()
    }
}

/// The repository that a folder lies in; empty when there is none.
fn around(root: &Path) -> Repository {
    let Some(top) = root.ancestors().find(|d| d.join(".git").exists()) else {
        return Repository::default();
    };
    let Some((own, shared)) = folders(top) else {
        return Repository::default();
    };
    let head = text(&own.join("HEAD")).unwrap_or_default();
    let branch = head.trim().strip_prefix("ref: refs/heads/");
    let config = text(&shared.join("config")).unwrap_or_default();
    let folder = root.strip_prefix(top).unwrap_or_else(|_| Path::new(""));
    Repository {
        urls: urls(&config),
        branch: branch.map(str::to_owned),
        folder: folder.to_string_lossy().into_owned(),
    }
}

/// Where git keeps what belongs to this checkout, and what belongs to all checkouts of the repository.
fn folders(top: &Path) -> Option<(PathBuf, PathBuf)> {
    let git = top.join(".git");
    if git.is_dir() {
        return Some((git.clone(), git));
    }
    // a worktree or a submodule: a file that says where
    let said = text(&git)?;
    let own = top.join(said.trim().strip_prefix("gitdir:")?.trim());
    let shared = match text(&own.join("commondir")) {
        Some(shared) => own.join(shared.trim()),
        None => own.clone(),
    };
    Some((own, shared))
}

fn text(path: &Path) -> Option<String> {
    let small = fs::metadata(path).ok()?.len() <= LARGEST;
    small.then(|| fs::read_to_string(path).ok()).flatten()
}

/// The URLs of all remotes. A path on this machine is left out: nothing that is deployed is fetched from there.
fn urls(config: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut remote = false;
    for line in config.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let name = section.split([' ', ']', '"', '.']).next();
            remote = name.is_some_and(|n| n.eq_ignore_ascii_case("remote"));
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| remote) else {
            continue;
        };
        let value = value.trim().trim_matches('"');
        let distant = match value.split_once("://") {
            Some((scheme, _)) => scheme != "file",
            None => value
                .split_once(':')
                .is_some_and(|(host, _)| !host.contains('/')),
        };
        let url = without_user(value);
        if key.trim().eq_ignore_ascii_case("url") && distant && !found.contains(&url) {
            found.push(url);
        }
    }
    found
}

/// A URL without user and password, which may be a secret. The user of an SSH address is none.
fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "[core]\n\turl = no\n[remote \"origin\"]\n\turl = https://user:secret@git.example/org/fleet.git\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n[branch \"main\"]\n\tremote = origin\n[remote \"up\"]\n\tURL = git@git.example:org/fleet.git\n[remote \"disk\"]\n\turl = /srv/git/fleet.git\n";

    #[test]
    fn a_folder_in_a_repository_knows_its_remotes_and_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let git = dir.path().join(".git");
        fs::create_dir_all(dir.path().join("ops/dev")).unwrap();
        assert_eq!(around(&dir.path().join("ops")), Repository::default());
        fs::create_dir(&git).unwrap();
        fs::write(git.join("HEAD"), "ref: refs/heads/live/eu\n").unwrap();
        fs::write(git.join("config"), CONFIG).unwrap();
        let found = around(&dir.path().join("ops/dev"));
        assert_eq!(
            found.urls,
            [
                "https://git.example/org/fleet.git",
                "git@git.example:org/fleet.git"
            ]
        );
        assert_eq!(found.branch.as_deref(), Some("live/eu"));
        assert_eq!(found.folder, "ops/dev");
        assert_eq!(around(dir.path()).folder, "");
    }

    #[test]
    fn a_worktree_has_the_remotes_of_its_repository_and_its_own_branch() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("main/.git/worktrees/w");
        fs::create_dir_all(&own).unwrap();
        fs::create_dir(dir.path().join("w")).unwrap();
        fs::write(dir.path().join("main/.git/config"), CONFIG).unwrap();
        fs::write(own.join("commondir"), "../..\n").unwrap();
        fs::write(own.join("HEAD"), "ref: refs/heads/next\n").unwrap();
        fs::write(
            dir.path().join("w/.git"),
            format!("gitdir: {}\n", own.display()),
        )
        .unwrap();
        let found = around(&dir.path().join("w"));
        assert_eq!(
            (found.urls.len(), found.branch.as_deref()),
            (2, Some("next"))
        );
        // a commit that is checked out without a branch
        fs::write(own.join("HEAD"), "0123456789abcdef\n").unwrap();
        assert_eq!(around(&dir.path().join("w")).branch, None);
    }
}
