//! One look at a folder, and what a second one believes of the first.
use super::*;
use std::{
    fs,
    os::unix::fs::{MetadataExt, symlink},
    time::Duration,
};

fn look(root: &Path, cache: &Path) -> DirectoryTree {
    DirectoryTree::open(root, Some(cache)).unwrap()
}
fn names(tree: &DirectoryTree) -> Vec<&str> {
    tree.files().iter().map(|f| f.path.as_ref()).collect()
}
/// Dates a file back so that it has settled. Its ctime stays, so tests wait for that.
fn settle() {
    std::thread::sleep(Duration::from_millis(120));
}

#[test]
fn files_are_sorted_and_folders_of_programs_are_skipped() {
    let dir = tempfile::tempdir().unwrap();
    for path in [
        "b/x",
        "a",
        "b-c/y",
        ".git/config",
        "b/.terraform/z",
        "b/target/o",
        ".hidden",
    ] {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "text").unwrap();
    }
    let tree = DirectoryTree::open(dir.path(), None).unwrap();
    assert_eq!(names(&tree), [".hidden", "a", "b-c/y", "b/x"]);
    assert!(tree.problems().is_empty());
    assert_eq!(&*tree.read("b/x").unwrap(), b"text");
    assert!(matches!(tree.read("b/none"), Err(TreeError::Missing(_))));
}

#[test]
fn a_second_look_reads_only_what_changed() {
    let dir = tempfile::tempdir().unwrap();
    let (root, cache) = (dir.path().join("r"), dir.path().join("cache"));
    fs::create_dir(&root).unwrap();
    for i in 0..20 {
        fs::write(root.join(format!("f{i}")), format!("{i}")).unwrap();
    }
    settle();
    assert_eq!(look(&root, &cache).files_read(), 20);
    let written = fs::metadata(&cache).unwrap().mtime_nsec();
    assert_eq!(look(&root, &cache).files_read(), 0);
    assert_eq!(
        written,
        fs::metadata(&cache).unwrap().mtime_nsec(),
        "nothing changed, nothing written"
    );
    fs::write(root.join("f7"), "X").unwrap();
    let tree = look(&root, &cache);
    assert_eq!(tree.files_read(), 1);
    assert_eq!(tree.file("f7").unwrap().digest, Digest::of(b"X"));
    fs::remove_file(root.join("f3")).unwrap();
    assert_eq!(look(&root, &cache).files().len(), 19);
}

#[test]
fn a_change_of_equal_size_in_the_same_tick_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let (root, cache) = (dir.path().join("r"), dir.path().join("cache"));
    fs::create_dir(&root).unwrap();
    for round in 0..200 {
        let (one, two) = (format!("a{round:04}"), format!("b{round:04}"));
        fs::write(root.join("f"), &one).unwrap();
        assert_eq!(
            look(&root, &cache).file("f").unwrap().digest,
            Digest::of(one.as_bytes())
        );
        fs::write(root.join("f"), &two).unwrap();
        assert_eq!(
            look(&root, &cache).file("f").unwrap().digest,
            Digest::of(two.as_bytes())
        );
    }
}

#[test]
fn a_damaged_cache_is_no_cache() {
    let dir = tempfile::tempdir().unwrap();
    let (root, cache) = (dir.path().join("r"), dir.path().join("cache"));
    fs::create_dir(&root).unwrap();
    fs::write(root.join("f"), "x").unwrap();
    settle();
    look(&root, &cache);
    let good = fs::read(&cache).unwrap();
    for cut in [0, 10, good.len() / 2, good.len() - 1] {
        fs::write(&cache, &good[..cut]).unwrap();
        assert_eq!(look(&root, &cache).files_read(), 1);
    }
    let mut bad = good.clone();
    bad[60] ^= 1;
    fs::write(&cache, bad).unwrap();
    assert_eq!(look(&root, &cache).files_read(), 1);
}

#[test]
fn a_link_to_a_file_inside_is_that_file_and_others_are_problems() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("r");
    fs::create_dir_all(root.join("d")).unwrap();
    fs::create_dir_all(root.join(".git")).unwrap();
    fs::write(root.join("d/real"), "real").unwrap();
    fs::write(root.join(".git/x"), "x").unwrap();
    fs::write(dir.path().join("outside"), "secret").unwrap();
    symlink("d/real", root.join("inside")).unwrap();
    for (target, name) in [
        ("d", "folder"),
        ("../outside", "out"),
        ("none", "dangling"),
        (".git/x", "git"),
        ("loop", "loop"),
    ] {
        symlink(target, root.join(name)).unwrap();
    }
    let tree = DirectoryTree::open(&root, None).unwrap();
    assert_eq!(names(&tree), ["d/real", "inside"]);
    assert_eq!(&*tree.read("inside").unwrap(), b"real");
    let mut wrong: Vec<&str> = tree
        .problems()
        .iter()
        .map(|p| p.at.as_ref().unwrap().file.as_ref())
        .collect();
    wrong.sort_unstable();
    assert_eq!(wrong, ["dangling", "folder", "git", "loop", "out"]);
}

#[test]
fn what_cannot_be_part_is_listed() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join(std::ffi::OsStr::from_bytes(b"bad\xff")),
        "x",
    )
    .unwrap();
    File::create(dir.path().join("huge"))
        .unwrap()
        .set_len(LARGEST)
        .unwrap();
    let tree = DirectoryTree::open(dir.path(), None).unwrap();
    assert!(tree.files().is_empty());
    assert_eq!(tree.problems().len(), 2);
    assert!(DirectoryTree::open(&dir.path().join("none"), None).is_err());
}

#[test]
fn a_file_that_changed_after_the_look_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("f"), "one").unwrap();
    let tree = DirectoryTree::open(dir.path(), None).unwrap();
    fs::write(dir.path().join("f"), "two").unwrap();
    assert!(matches!(tree.read("f"), Err(TreeError::Io(..))));
}

#[test]
fn what_comes_to_and_goes_from_a_known_folder_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let (root, cache) = (dir.path().join("r"), dir.path().join("cache"));
    fs::create_dir_all(root.join("a/b")).unwrap();
    for path in ["a/one", "a/b/two", "top"] {
        fs::write(root.join(path), path).unwrap();
    }
    settle();
    look(&root, &cache);
    settle();
    assert_eq!(names(&look(&root, &cache)), ["a/b/two", "a/one", "top"]);
    fs::write(root.join("a/b/new"), "new").unwrap();
    assert_eq!(
        names(&look(&root, &cache)),
        ["a/b/new", "a/b/two", "a/one", "top"]
    );
    fs::remove_file(root.join("a/one")).unwrap();
    fs::rename(root.join("a/b"), root.join("a/c")).unwrap();
    assert_eq!(names(&look(&root, &cache)), ["a/c/new", "a/c/two", "top"]);
    // a folder becomes a file, a file a link
    fs::remove_dir_all(root.join("a")).unwrap();
    fs::write(root.join("a"), "file").unwrap();
    fs::remove_file(root.join("top")).unwrap();
    symlink("a", root.join("top")).unwrap();
    let tree = look(&root, &cache);
    assert_eq!(names(&tree), ["a", "top"]);
    assert_eq!(tree.file("top").unwrap().digest, Digest::of(b"file"));
}

#[test]
fn a_name_that_is_not_text_is_said_at_every_look() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    let (root, cache) = (dir.path().join("r"), dir.path().join("cache"));
    fs::create_dir(&root).unwrap();
    fs::write(root.join(std::ffi::OsStr::from_bytes(b"bad\xff")), "x").unwrap();
    fs::write(root.join("good"), "x").unwrap();
    settle();
    for _ in 0..3 {
        let tree = look(&root, &cache);
        assert_eq!(tree.problems().len(), 1);
        assert_eq!(names(&tree), ["good"]);
    }
}
