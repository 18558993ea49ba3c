//! Who signed a tag: git asks GnuPG or ssh, and the user's own settings say whom it knows.
//!
//! A tag object names itself: one that was signed under another name says nothing about this version.
use super::{ImportCache, ImportError, Reference, mirror, remote::Remote};
use strata_core::repo::{Reach, Repo};

impl ImportCache {
    /// Who signed the tag of a version, which has to be this commit.
    pub fn signer(&self, repo: &Repo, version: &str, commit: &str) -> Result<String, ImportError> {
        let refuse = |why: &str| ImportError::Signature {
            repo: repo.to_string(),
            version: version.to_owned(),
            why: why.to_owned(),
        };
        if let Reach::Registry { .. } = repo.reach() {
            return Err(refuse("only tags of git can be checked for a signature"));
        }
        let found = self.resolve(repo, version)?;
        let (Reference::Tag, Some(reference)) = (found.kind, found.reference) else {
            return Err(refuse("only tags are signed, and it is none"));
        };
        if found.commit != commit {
            return Err(refuse("it is another commit now"));
        }
        let (bare, lock) = self.locked(repo)?;
        let remote = Remote::new(repo, &self.root);
        mirror(&remote, &bare, &lock)?;
        let here = reference.replacen("refs/tags/", "refs/strata/signed/", 1);
        let fetch = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--depth=1",
            "--",
            remote.url(),
            &format!("+{reference}:{here}"),
        ];
        remote.asked(&bare, Some(lock.file()), fetch)?;
        let text = |args: &[&str]| -> Result<String, ImportError> {
            let out = remote.asked(&bare, None, args)?;
            Ok(String::from_utf8_lossy(&out).into_owned())
        };
        if text(&["cat-file", "-t", &here])?.trim() != "tag" {
            return Err(refuse("it has no signature"));
        }
        let object = text(&["cat-file", "tag", &here])?;
        let own = reference.trim_start_matches("refs/tags/");
        if header(&object, "tag") != Some(own) || header(&object, "object") != Some(commit) {
            return Err(refuse("its object is of another tag or commit"));
        }
        let done = remote.git(&bare, None, ["verify-tag", "--raw", &here])?;
        let said = String::from_utf8_lossy(&done.stderr).into_owned()
            + &String::from_utf8_lossy(&done.stdout);
        if !done.status.success() {
            return Err(refuse(&why(&said)));
        }
        who(&said).ok_or_else(|| refuse("git does not say who signed it"))
    }
}

/// A line of a tag before its message.
fn header<'t>(object: &'t str, key: &str) -> Option<&'t str> {
    let mut lines = object.lines().take_while(|l| !l.is_empty());
    lines.find_map(|l| l.strip_prefix(key)?.strip_prefix(' '))
}

/// The key or the name of the signer, as GnuPG and ssh say it.
fn who(said: &str) -> Option<String> {
    let gpg = |line: &str| {
        let rest = line.strip_prefix("[GNUPG:] VALIDSIG ")?;
        let words: Vec<&str> = rest.split(' ').collect();
        // the primary key stands last
        words.last().map(|key| (*key).to_owned())
    };
    let ssh = |line: &str| {
        let rest = line.strip_prefix("Good \"git\" signature for ")?;
        let (name, key) = rest.split_once(" with ")?;
        let key = key.rsplit(' ').next().unwrap_or(key);
        Some(format!("{name} {key}"))
    };
    said.lines().find_map(|l| gpg(l).or_else(|| ssh(l)))
}

/// Why a signature is not accepted, in few words.
fn why(said: &str) -> String {
    let status = |word: &str| {
        said.lines()
            .any(|l| l.starts_with(&format!("[GNUPG:] {word}")))
    };
    if status("BADSIG") {
        return "its signature is of another text".to_owned();
    }
    for word in ["EXPKEYSIG", "REVKEYSIG", "EXPSIG"] {
        if status(word) {
            return "its signature or its key is expired or revoked".to_owned();
        }
    }
    if status("NO_PUBKEY") || said.contains("No principal matched") {
        return "it is signed by somebody whom git does not know".to_owned();
    }
    let plain = said
        .lines()
        .find(|l| !l.starts_with("[GNUPG:]") && !l.trim().is_empty());
    match plain.map(|l| l.trim_start_matches("error: ")) {
        Some(line) if line.contains("no signature found") => "it has no signature".to_owned(),
        Some(line) => line.to_owned(),
        None => "it has no signature".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_itself_and_its_commit_before_its_message() {
        let object = "object aa\ntype commit\ntag 1.0\ntagger x\n\ntag 2.0\nobject bb\n";
        assert_eq!(header(object, "tag"), Some("1.0"));
        assert_eq!(header(object, "object"), Some("aa"));
        assert_eq!(header("\ntag 2.0\n", "tag"), None);
    }
}
