use super::*;
use crate::source::DirectoryTree;
use std::fs;

fn git(dir: &Path, args: &[&str]) {
    let done = Git(dir.to_owned())
        .command(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "a")
        .env("GIT_AUTHOR_EMAIL", "a@b")
        .env("GIT_COMMITTER_NAME", "a")
        .env("GIT_COMMITTER_EMAIL", "a@b")
        .output()
        .expect("git is there");
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn a_revision_has_the_files_that_it_had() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("ops");
    fs::create_dir_all(root.join("a")).unwrap();
    git(dir.path(), &["init", "-q"]);
    fs::write(dir.path().join("outside"), "x").unwrap();
    fs::write(root.join(".gitignore"), "local\n").unwrap();
    fs::write(root.join("local"), "6").unwrap();
    for (path, text) in [
        ("a/same", "1"),
        ("a/edited", "2"),
        ("gone", "3"),
        ("staged", "4"),
    ] {
        fs::write(root.join(path), text).unwrap();
    }
    std::os::unix::fs::symlink("a/edited", root.join("link")).unwrap();
    git(dir.path(), &["add", "."]);
    git(dir.path(), &["commit", "-qm", "one"]);
    fs::write(root.join("a/edited"), "22").unwrap();
    fs::write(root.join("new"), "5").unwrap();
    fs::write(root.join("staged"), "44").unwrap();
    git(&root, &["add", "staged"]);
    fs::remove_file(root.join("gone")).unwrap();

    let today: Arc<dyn Tree> = Arc::new(DirectoryTree::open(&root, None).unwrap());
    let old = RevisionTree::open(&root, "HEAD", today.clone()).unwrap();
    let texts: Vec<(String, String)> = old
        .files()
        .iter()
        .map(|f| (f.path.to_string(), old.text(&f.path).unwrap()))
        .collect();
    let expected = [
        (".gitignore", "local\n"),
        ("a/edited", "2"),
        ("a/same", "1"),
        ("gone", "3"),
        ("link", "2"),
        ("local", "6"),
        ("staged", "4"),
    ];
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(p, t)| ((*p).to_owned(), (*t).to_owned()))
        .collect();
    assert_eq!(texts, expected);
    for f in old.files() {
        assert_eq!(
            f.digest,
            Digest::of(&old.read(&f.path).unwrap()),
            "{}",
            f.path
        );
    }
}

#[test]
fn what_is_no_revision_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let today: Arc<dyn Tree> = Arc::new(DirectoryTree::open(dir.path(), None).unwrap());
    let open = |r: &str| {
        RevisionTree::open(dir.path(), r, today.clone())
            .err()
            .map(|e| e.to_string())
            .unwrap_or_default()
    };
    assert!(
        open("main").contains("not a git repository"),
        "{}",
        open("main")
    );
    git(dir.path(), &["init", "-q"]);
    for revision in ["none", "--output=x", "a b"] {
        assert!(
            open(revision).contains("there is no revision"),
            "{}",
            open(revision)
        );
    }
}
