//! The lock and its commands, as for `imports:` of a native platform.
use super::{CONFIG, catalog, entry, item, one};
use crate::imports::remote::Repo;
use std::fs;

const FILES: &[(&str, &str)] = &[
    ("eks/terraform/bitops.config.yaml", CONFIG),
    ("eks/terraform/main.tf", "output \"v\" { value = 1 }\n"),
    ("more/ansible/bitops.config.yaml", "ansible: {}\n"),
    (
        "more/ansible/playbook.yaml",
        "- hosts: localhost\n  tasks: []\n",
    ),
];

#[test]
fn lock_and_cache_are_enough_and_a_vendored_tree_needs_none() {
    let (s, base) = one(FILES, &item("base", "more", ""));
    s.ends(10, &["import", "lock", "--offline"])
        .says("--offline");
    s.ends(0, &["import", "lock"]).says("2 locked anew");
    let lock = fs::read_to_string(s.root().join("strata.lock")).expect("the lock");
    assert!(lock.contains("environment: \"eks\"") && lock.contains("environment: \"more\""));
    s.ends(0, &["import", "lock"]).says("nothing changed");
    s.ends(0, &["import", "verify"]);
    // the repository is gone, the cache is enough
    let away = s.beside("away");
    fs::rename(base.dir(), &away).expect("moved");
    s.ends(0, &["check", "--offline"]);
    s.ends(0, &["import", "verify", "--offline"]);
    s.ends(0, &["import", "vendor"]).says("vendor/strata/base-");
    fs::remove_dir_all(s.beside("home/.cache")).expect("the cache");
    s.ends(0, &["check", "--offline"]);
    // a vendored tree is no environment of ours
    s.ends(0, &["graph", "prod"]).never_says("vendor/");
    s.ends(2, &["plan", "vendor"]);
    // and nobody edits it
    let vendored = fs::read_dir(s.root().join("vendor/strata")).expect("a folder");
    let folder = vendored.last().expect("one").expect("readable").path();
    fs::write(folder.join("eks/terraform/main.tf"), "# mine\n").expect("written");
    s.ends(3, &["check", "--offline"]).says("import::digest");
    fs::remove_dir_all(s.root().join("vendor")).expect("removed");
    s.ends(3, &["check", "--offline"])
        .says("import::unavailable")
        .says("is not in the cache");
}

#[test]
fn newer_versions_are_named_and_taken_when_they_are_asked_for() {
    let (s, base) = one(FILES, &item("base", "more", ""));
    s.ends(0, &["import", "lock"]);
    base.write("eks/terraform/main.tf", "output \"v\" { value = 2 }\n");
    base.commit("1.1");
    s.ends(0, &["import", "outdated"])
        .says("prod/eks")
        .says("1.1");
    s.edit(
        "prod/bitops.config.yaml",
        "environment: eks\n  version: 1.0",
        "environment: eks\n  version: 1.1",
    );
    s.ends(3, &["check"]).says("is not in `strata.lock`");
    s.ends(0, &["import", "lock"])
        .says("1 locked anew, 1 taken away");
    s.ends(0, &["check"]);
    // a tag that moves is refused until somebody asks
    base.write("eks/terraform/main.tf", "output \"v\" { value = 3 }\n");
    base.commit_only();
    base.git(&["tag", "-f", "1.1"]);
    s.ends(5, &["import", "verify"]).says("moved");
    s.ends(5, &["import", "lock"]).says("moved");
    s.ends(0, &["check"]);
    s.ends(0, &["import", "update", "prod/eks"]).says(", was ");
    s.ends(0, &["import", "verify"]);
    s.ends(2, &["import", "update", "nothing"])
        .says("imports are: prod/eks, prod/more");
    // what is no longer taken is no longer locked
    s.write("prod/bitops.config.yaml", &entry("base", "more", ""));
    s.ends(0, &["import", "lock"]).says("1 taken away");
    drop(catalog(&s, "unused"));
}

#[test]
fn a_new_version_is_compared_with_a_revision_of_our_repo() {
    let (s, base) = one(FILES, &item("base", "more", ""));
    s.ends(0, &["import", "lock"]);
    let own = Repo::new(&s.root());
    fs::write(s.root().join(".gitignore"), ".strata/\n").expect("written");
    own.commit_only();
    s.ends(0, &["diff", "prod", "--against", "HEAD"])
        .says("is the same as");
    base.write("eks/terraform/main.tf", "output \"v\" { value = 2 }\n");
    base.write("_modules/new.tf", "# new\n");
    base.commit("1.1");
    let newer = entry("base", "eks", "").replace("1.0", "1.1") + &item("base", "more", "");
    s.write("prod/bitops.config.yaml", &newer);
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["diff", "prod", "--against", "HEAD"])
        .says("~ terraform")
        .never_says("ansible");
    s.ends(0, &["plan", "prod", "--changed-since", "HEAD"])
        .says("changed since HEAD: prod/terraform")
        .never_says("changed since HEAD: prod/ansible");
}
