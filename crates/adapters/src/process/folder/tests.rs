//! The work folder of one unit, and one that several share.
use super::*;
use std::os::unix::fs::{MetadataExt, symlink};
use strata_core::tree::MemoryTree;

const FOLDER: &str = "layers/net";

fn fill(dir: &Path, tree: &MemoryTree, keep: &[(&str, &str)]) -> (WorkFolder, Vec<String>) {
    let keep: Vec<Keep> = keep
        .iter()
        .map(|(path, key)| Keep {
            path: (*path).into(),
            key: Digest::of(key.as_bytes()),
        })
        .collect();
    let files: Vec<Arc<str>> = tree.files().iter().map(|f| f.path.clone()).collect();
    let mut work = WorkFolder::new(dir.join("w"), dir.join("w.keys"), None, FOLDER, &keep).unwrap();
    let kept = work.fill(tree, &files, FOLDER, &[]).unwrap();
    (work, kept.into_iter().collect())
}
fn all(dir: &Path) -> Vec<String> {
    fn go(dir: &Path, root: &Path, out: &mut Vec<String>) {
        for e in fs::read_dir(dir).unwrap() {
            let e = e.unwrap();
            if e.file_type().unwrap().is_dir() {
                go(&e.path(), root, out);
            } else {
                let path = e.path();
                out.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    let mut out = Vec::new();
    go(dir, dir, &mut out);
    out.sort();
    out
}

#[test]
fn it_holds_copies_of_the_files_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let work = dir.path().join("w");
    let tree = MemoryTree::new([("layers/net/main.tf", "x"), ("shared/up.sh", "#!/bin/sh\n")]);
    fill(dir.path(), &tree, &[]);
    assert_eq!(all(&work), ["layers/net/main.tf", "shared/up.sh"]);
    let meta = fs::symlink_metadata(work.join("shared/up.sh")).unwrap();
    assert!(meta.is_file() && meta.nlink() == 1 && meta.mode() & 0o777 == 0o755);
    let inode = |path: &str| fs::metadata(work.join(path)).unwrap().ino();
    let before = inode("layers/net/main.tf");

    // a tool leaves things behind, edits, and puts links where files were
    fs::create_dir_all(work.join("junk/deep")).unwrap();
    fs::write(work.join("junk/deep/f"), "x").unwrap();
    fs::write(work.join("layers/net/.terraform.lock"), "x").unwrap();
    fs::write(work.join("shared/up.sh"), "#!/bin/no\n").unwrap();
    symlink("/etc", work.join("layers/etc")).unwrap();
    fill(dir.path(), &tree, &[]);
    assert_eq!(all(&work), ["layers/net/main.tf", "shared/up.sh"]);
    assert_eq!(
        fs::read_to_string(work.join("shared/up.sh")).unwrap(),
        "#!/bin/sh\n"
    );
    assert_eq!(
        before,
        inode("layers/net/main.tf"),
        "what is right is left alone"
    );
}

#[test]
fn a_link_in_the_place_of_a_folder_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let outside = dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("main.tf"), "the user's own").unwrap();
    let tree = MemoryTree::new([("layers/net/main.tf", "x")]);
    fill(dir.path(), &tree, &[]);
    let net = dir.path().join("w/layers/net");
    fs::remove_dir_all(&net).unwrap();
    symlink(&outside, &net).unwrap();
    fill(dir.path(), &tree, &[]);
    assert_eq!(
        fs::read_to_string(outside.join("main.tf")).unwrap(),
        "the user's own"
    );
    assert!(fs::symlink_metadata(&net).unwrap().is_dir());
}

#[test]
fn a_folder_is_kept_while_its_key_is_equal() {
    let dir = tempfile::tempdir().unwrap();
    let tree = MemoryTree::new([("layers/net/main.tf", "x")]);
    let inside = dir.path().join("w/layers/net/.terraform/f");
    let make = || {
        fs::create_dir_all(inside.parent().unwrap()).unwrap();
        fs::write(&inside, "x").unwrap();
    };
    let (mut work, kept) = fill(dir.path(), &tree, &[(".terraform", "1")]);
    assert!(kept.is_empty());
    make();
    // a tool that failed may have left half of it
    drop(fill(dir.path(), &tree, &[(".terraform", "1")]));
    assert!(!inside.exists());
    make();
    work.settle().unwrap();
    let (_, kept) = fill(dir.path(), &tree, &[(".terraform", "1")]);
    assert_eq!(kept, ["layers/net/.terraform"]);
    assert!(inside.exists());
    let (_, kept) = fill(dir.path(), &tree, &[(".terraform", "2")]);
    assert!(kept.is_empty() && !inside.exists());
}

#[test]
fn a_path_that_leads_out_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let tree = MemoryTree::new([("../x", "x")]);
    let mut work = WorkFolder::new(
        dir.path().join("w"),
        dir.path().join("k"),
        None,
        FOLDER,
        &[],
    )
    .unwrap();
    let filled = work.fill(&tree, &["../x".into()], FOLDER, &[]);
    assert!(matches!(filled, Err(ExecutorError::Outside(_))));
    let keep = [Keep {
        path: "../../..".into(),
        key: Digest::of(b""),
    }];
    assert!(
        WorkFolder::new(
            dir.path().join("w"),
            dir.path().join("k"),
            None,
            FOLDER,
            &keep
        )
        .is_err()
    );
}

/// A session of a unit in a folder that others use too.
fn share(
    dir: &Path,
    unit: &str,
    tree: &MemoryTree,
    made: &[&str],
    keep: &[(&str, &str)],
) -> WorkFolder {
    let keep: Vec<Keep> = keep
        .iter()
        .map(|(path, key)| Keep {
            path: (*path).into(),
            key: Digest::of(key.as_bytes()),
        })
        .collect();
    let files: Vec<Arc<str>> = tree.files().iter().map(|f| f.path.clone()).collect();
    let made: Vec<String> = made.iter().map(|m| (*m).to_owned()).collect();
    let (keys, listing) = (
        dir.join(format!("{unit}.keys")),
        dir.join(format!("{unit}.files")),
    );
    let mut work = WorkFolder::new(dir.join("w"), keys, Some(listing), FOLDER, &keep).unwrap();
    work.fill(tree, &files, FOLDER, &made).unwrap();
    work
}

#[test]
fn in_a_shared_folder_files_are_renewed_and_what_tools_wrote_stays() {
    let dir = tempfile::tempdir().unwrap();
    let work = dir.path().join("w");
    let first = MemoryTree::new([("dev/a/x", "1"), ("dev/b/y", "2")]);
    share(dir.path(), "a", &first, &["dev/a/made.json"], &[]);
    fs::write(work.join("dev/a/made.json"), "{}").unwrap();
    fs::write(work.join("dev/a/ENV_FILE"), "wrote").unwrap();
    fs::write(work.join("dev/b/y"), "edited").unwrap();
    share(dir.path(), "b", &first, &[], &[]);
    assert_eq!(fs::read_to_string(work.join("dev/b/y")).unwrap(), "2");
    assert_eq!(
        fs::read_to_string(work.join("dev/a/ENV_FILE")).unwrap(),
        "wrote"
    );
    assert!(
        work.join("dev/a/made.json").exists(),
        "made for the other unit"
    );
    // gone from the platform, and no longer made
    let second = MemoryTree::new([("dev/b/y", "2")]);
    share(dir.path(), "a", &second, &[], &[]);
    assert_eq!(all(&work), ["dev/a/ENV_FILE", "dev/b/y"]);
}

#[test]
fn in_a_shared_folder_what_is_kept_under_another_key_goes() {
    let dir = tempfile::tempdir().unwrap();
    let tree = MemoryTree::new([("layers/net/main.tf", "x")]);
    let mut work = share(dir.path(), "a", &tree, &[], &[(".terraform", "1")]);
    let inside = dir.path().join("w/layers/net/.terraform/f");
    fs::create_dir_all(inside.parent().unwrap()).unwrap();
    fs::write(&inside, "x").unwrap();
    work.settle().unwrap();
    share(dir.path(), "a", &tree, &[], &[(".terraform", "1")]);
    assert!(inside.exists());
    share(dir.path(), "a", &tree, &[], &[(".terraform", "2")]);
    assert!(!inside.exists());
}

#[test]
fn in_a_shared_folder_no_link_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let outside = dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("x"), "the user's own").unwrap();
    let tree = MemoryTree::new([("dev/a/x", "1")]);
    share(dir.path(), "a", &tree, &[], &[]);
    let a = dir.path().join("w/dev/a");
    fs::remove_dir_all(&a).unwrap();
    symlink(&outside, &a).unwrap();
    share(dir.path(), "a", &MemoryTree::default(), &[], &[]);
    share(dir.path(), "a", &tree, &[], &[]);
    assert_eq!(
        fs::read_to_string(outside.join("x")).unwrap(),
        "the user's own"
    );
    assert!(fs::symlink_metadata(&a).unwrap().is_dir());
}
