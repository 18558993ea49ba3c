//! The bare repository for an address: made fit for use, one commit brought into it, the files of that commit. Which
//! git is started, and with what, [`super::remote`] says.
use super::{Files, Filled, ImportError, cache, filled, pack, remote::Remote};
use crate::{
    durable,
    lock::FileLock,
    source::{
        directory::SKIPPED,
        revision::{Git, Listed, records},
    },
};
use std::{fs, path::Path};
use strata_core::repo::Repo;

/// Makes the bare repository for an address, or makes one that is there fit for use.
pub(super) fn mirror(remote: &Remote<'_>, bare: &Path, lock: &FileLock) -> Result<(), ImportError> {
    if bare.join("HEAD").is_file() {
        // nobody else is at work here: what lies about is of one who was killed
        leftovers(bare);
        return Ok(());
    }
    durable::remove_all(bare).map_err(cache("remove", bare))?;
    let new = bare.with_extension("new");
    durable::remove_all(&new).map_err(cache("remove", &new))?;
    durable::folder(&new).map_err(cache("make", &new))?;
    // it holds the lock too: it may outlive us, and nobody may clear away what it is making
    let init = ["init", "--quiet", "--bare", "--template="];
    remote.asked(&new, Some(lock.file()), init)?;
    fs::rename(&new, bare).map_err(cache("make", bare))
}

/// Removes locks and half packs of a git that was killed.
fn leftovers(bare: &Path) {
    let stale = |p: &Path| {
        let name = p.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".lock") || name.starts_with("tmp_")
    };
    for folder in [
        bare.to_owned(),
        bare.join("objects/pack"),
        bare.join("objects"),
    ] {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if stale(&entry.path()) {
                let _ = durable::remove_all(&entry.path());
            }
        }
    }
}

fn there(remote: &Remote<'_>, bare: &Path, commit: &str) -> Result<bool, ImportError> {
    let named = format!("{commit}^{{tree}}");
    let done = remote.git(bare, None, ["cat-file", "-e", &named])?;
    Ok(done.status.success())
}

/// Brings the objects of one commit and no history: by its name, else by a reference that is it, else with all there is.
pub(super) fn bring(
    remote: &Remote<'_>,
    bare: &Path,
    lock: &FileLock,
    commit: &str,
    reference: Option<&str>,
) -> Result<(), ImportError> {
    if there(remote, bare, commit)? {
        return Ok(());
    }
    const SHALLOW: &[&str] = &[
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-write-fetch-head",
        "--depth=1",
    ];
    const ALL: &[&str] = &["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"];
    let everything = [
        "+refs/heads/*:refs/strata/heads/*",
        "+refs/tags/*:refs/strata/tags/*",
    ];
    let mut tries: Vec<(&[&str], Vec<&str>)> = vec![(SHALLOW, vec![commit])];
    tries.extend(reference.map(|r| (SHALLOW, vec![r])));
    tries.push((ALL, everything.to_vec()));
    let mut last = None;
    for (how, what) in tries {
        let args = how.iter().copied().chain(["--", remote.url()]).chain(what);
        match remote.asked(bare, Some(lock.file()), args) {
            Ok(_) if there(remote, bare, commit)? => return Ok(()),
            Ok(_) => {}
            Err(e) => last = Some(e),
        }
    }
    Err(last.unwrap_or_else(|| {
        ImportError::Content(format!("{} has no commit {commit}", remote.url()))
    }))
}

/// The files of a commit that is here, sorted by path.
pub(super) fn contents(bare: &Path, commit: &str, repo: &Repo) -> Result<Vec<Filled>, ImportError> {
    let refuse = |path: &str, why: &str| {
        ImportError::Content(format!(
            "{repo} at {} is refused: `{path}` {why}",
            &commit[..12]
        ))
    };
    let git = Git(bare.to_owned());
    let listed = git.run(["ls-tree", "-r", "-z", "--full-tree", commit])?;
    let mut wanted = Vec::new();
    for record in records(&listed) {
        let entry = Listed::read(record?)?;
        if !pack::sound(&entry.path) {
            return Err(refuse(&entry.path, "is no path inside of a repository"));
        }
        let skipped = |p: &str| SKIPPED.contains(&p);
        // submodules are other repositories: who wants one imports it
        if entry.mode != "160000" && !entry.path.split('/').any(skipped) {
            wanted.push(entry);
        }
    }
    let bytes = git.contents(&wanted)?;
    let mut files = Files::default();
    for (entry, bytes) in wanted.into_iter().zip(bytes) {
        if entry.mode == "120000" {
            let target = std::str::from_utf8(&bytes).ok().map(str::to_owned);
            files.links.push((entry.path, target));
        } else {
            let executable = entry.mode == "100755";
            files.plain.insert(entry.path, (executable, bytes));
        }
    }
    filled(files).map_err(|(path, why)| refuse(&path, why))
}
