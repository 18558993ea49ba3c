//! Tags that have to be signed: real keys of ssh and of GnuPG.
use super::{Repo, catalog, importing};
use crate::sandbox::Sandbox;
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

/// A tool with its home in the sandbox; false when it is not here.
fn tool(s: &Sandbox, program: &str, args: &[&str]) -> bool {
    let done = Command::new(program)
        .args(args)
        .env("HOME", s.beside("home"))
        .env_remove("GNUPGHOME")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .stdout(Stdio::null())
        .status();
    match done {
        Ok(status) => {
            assert!(status.success(), "{program} {args:?}");
            true
        }
        Err(e) => {
            eprintln!("skipped, at least in part: `{program}`: {e}");
            false
        }
    }
}

fn git(s: &Sandbox, repo: &Repo, args: &[&str]) {
    let dir = repo.dir().display().to_string();
    let own = ["-C", &dir, "-c", "user.name=a", "-c", "user.email=a@b"];
    assert!(tool(s, "git", &[&own[..], args].concat()));
}

/// A key of ssh; gives its path.
fn key(s: &Sandbox, name: &str) -> Option<String> {
    let path = s.beside(name).display().to_string();
    tool(
        s,
        "ssh-keygen",
        &["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", &path],
    )
    .then_some(path)
}

fn sign(s: &Sandbox, repo: &Repo, key: &str, tag: &str) {
    let signing = format!("user.signingkey={key}");
    git(
        s,
        repo,
        &[
            "-c",
            "gpg.format=ssh",
            "-c",
            &signing,
            "tag",
            "-f",
            "-s",
            "-m",
            "x",
            tag,
        ],
    );
}

/// Whom git knows.
fn knows(s: &Sandbox, key: &str) {
    let public = fs::read_to_string(format!("{key}.pub")).unwrap();
    let signers = s.beside("signers");
    fs::write(&signers, format!("maker@example.org {public}")).unwrap();
    fs::write(
        s.beside("home/.gitconfig"),
        format!(
            "[gpg \"ssh\"]\n\tallowedSignersFile = {}\n",
            signers.display()
        ),
    )
    .unwrap();
}

fn lock(s: &Sandbox) -> String {
    fs::read_to_string(s.root().join("strata.lock")).unwrap_or_default()
}

#[test]
fn an_import_may_have_to_be_signed() {
    let s = Sandbox::new(&[]);
    let repo = catalog(&s, "obs");
    let (Some(ours), Some(other)) = (key(&s, "ours"), key(&s, "other")) else {
        return;
    };
    let want = |version: &str, signed: &str| {
        let text = importing("../obs", "").replace("1.2.0", version);
        s.write(
            "environments/dev.yaml",
            &text.replace("  as: obs\n", &format!("  as: obs\n{signed}")),
        );
    };
    let refused = |why: &str| {
        let before = lock(&s);
        s.ends(5, &["import", "lock"])
            .says("is not accepted")
            .says(why);
        assert_eq!(lock(&s), before);
    };
    // locked first, asked for later: what was locked stays, and counts no more
    want("1.2.0", "");
    s.ends(0, &["import", "lock"]);
    want("1.2.0", "  signed: true\n");
    s.ends(3, &["check"])
        .says("in `strata.lock` without a signature");
    refused("it has no signature");
    git(&s, &repo, &["tag", "-a", "-m", "x", "1.3.0"]);
    want("1.3.0", "  signed: true\n");
    refused("it has no signature");
    sign(&s, &repo, &ours, "1.4.0");
    want("1.4.0", "  signed: true\n");
    refused("");
    knows(&s, &other);
    refused("");
    knows(&s, &ours);
    s.ends(0, &["import", "lock"])
        .says("signed by maker@example.org SHA256:");
    assert!(
        lock(&s).contains("  signed: \"maker@example.org SHA256:"),
        "{}",
        lock(&s)
    );
    s.ends(0, &["check"]);
    s.ends(0, &["import", "verify"]);
    // a good signature of another version
    git(
        &s,
        &repo,
        &["update-ref", "refs/tags/1.5.0", "refs/tags/1.4.0"],
    );
    want("1.5.0", "  signed: true\n");
    refused("its object is of another tag or commit");
    want("main", "  signed: true\n");
    refused("only tags are signed");
    // a key of somebody else moves the tag
    repo.write("layers/base/prom/more", "x");
    repo.commit_only();
    sign(&s, &repo, &other, "1.4.0");
    want("1.4.0", "  signed: true\n");
    s.ends(5, &["import", "lock"]).says("moved");
    s.ends(5, &["import", "update"]).says("is not accepted");
}

#[test]
fn a_component_may_have_to_be_signed() {
    let s = Sandbox::new(&[(
        "layers/base/voice/component.yaml",
        "source: ../parts//say\nversion: 1.0.0\nhooks: allow\nsigned: true\ninputs: {word: x}\n",
    )]);
    let repo = Repo::new(&s.beside("parts"));
    repo.write(
        "say/component.yaml",
        "engine: script\noutputs: {said: string}\nscript: {apply: [./say.sh]}\n",
    );
    repo.write("say/say.sh", crate::sandbox::SAY);
    repo.commit_only();
    let home = s.beside("home/.gnupg");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    let made = tool(
        &s,
        "gpg",
        &[
            "--batch",
            "--quiet",
            "--passphrase",
            "",
            "--quick-generate-key",
            "maker@example.org",
            "ed25519",
            "sign",
            "never",
        ],
    );
    if !made {
        return;
    }
    git(
        &s,
        &repo,
        &[
            "-c",
            "user.signingkey=maker@example.org",
            "tag",
            "-s",
            "-m",
            "x",
            "1.0.0",
        ],
    );
    tool(&s, "gpgconf", &["--kill", "all"]);
    s.ends(0, &["import", "lock"]).says("signed by ");
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/voice")["said"], "x");
    // whoever does not have the key
    forget(&home);
    fs::remove_file(s.root().join("strata.lock")).unwrap();
    s.ends(5, &["import", "lock"])
        .says("somebody whom git does not know")
        .says("gpg --import");
    tool(&s, "gpgconf", &["--kill", "all"]);
    s.write(
        "layers/base/voice/component.yaml",
        "source: modules/x\nsigned: true\n",
    );
    s.ends(3, &["check"]).says("import::signature");
}

fn forget(home: &Path) {
    fs::remove_dir_all(home).unwrap();
    fs::create_dir(home).unwrap();
    fs::set_permissions(home, fs::Permissions::from_mode(0o700)).unwrap();
}
