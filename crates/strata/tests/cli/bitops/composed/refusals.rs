//! What cannot be taken, each with a message that names what is meant.
use super::{CONFIG, catalog, entry, item, one};

#[test]
fn two_repos_with_one_file_are_an_error_until_it_is_ours() {
    let (s, _) = one(
        &[
            ("eks/ansible/bitops.config.yaml", "ansible: {}\n"),
            (
                "eks/ansible/playbook.yaml",
                "- hosts: localhost\n  tasks: []\n",
            ),
        ],
        &item("other", "vms", ""),
    );
    let other = catalog(&s, "other");
    other.write("vms/ansible/bitops.config.yaml", "ansible: {}\n");
    other.write("vms/ansible/playbook.yaml", "- hosts: all\n  tasks: []\n");
    other.commit("1.0");
    s.ends(0, &["import", "lock"]);
    s.ends(3, &["check"])
        .says("bitops::conflict")
        .says("`eks` of https://github.com/bitops-operations-repos/base at 1.0")
        .says("`vms` of https://github.com/bitops-operations-repos/other at 1.0")
        .says("ansible/playbook.yaml")
        .says("exclude: [PATH]");
    // each way out works
    let without = entry("base", "eks", "  exclude: [ansible/playbook.yaml]\n");
    s.write(
        "prod/bitops.config.yaml",
        &(without + &item("other", "vms", "")),
    );
    s.ends(0, &["check"]);
    let both = entry("base", "eks", "") + &item("other", "vms", "");
    s.write("prod/bitops.config.yaml", &both);
    s.ends(3, &["check"]);
    s.write(
        "prod/ansible/playbook.yaml",
        "- hosts: localhost\n  tasks: []\n",
    );
    s.ends(0, &["check"]);
}

/// What `import lock` says of one entry, and that it writes nothing.
fn refused(code: i32, entry: &str, says: &[&str]) {
    let (s, _) = one(
        &[
            ("eks/terraform/bitops.config.yaml", CONFIG),
            ("eks/terraform/main.tf", ""),
        ],
        "",
    );
    s.write("prod/bitops.config.yaml", entry);
    let done = s.ends(code, &["import", "lock"]);
    for text in says {
        done.says(text);
    }
    done.says("prod/bitops.config.yaml:");
    assert!(!s.root().join("strata.lock").exists());
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let base = |more: &str| entry("base", "eks", more);
    refused(
        3,
        &entry("base", "ekss", ""),
        &[
            "import::environment",
            "has no environment `ekss`",
            "did you mean `eks`?",
        ],
    );
    refused(3, &entry("base", "other", ""), &["it has: eks"]);
    refused(
        10,
        &base("").replace("1.0", "9.9"),
        &["has no tag, branch or commit `9.9`", "it has: 1.0"],
    );
    refused(
        10,
        &entry("nowhere", "eks", ""),
        &["https://github.com/bitops-operations-repos/nowhere cannot be read"],
    );
}

#[test]
fn what_must_not_be_is_refused_before_anything_is_fetched() {
    let base = entry("base", "eks", "");
    for env in ["'../etc'", "/etc", "a/b", "'eks/../../x'"] {
        refused(3, &base.replace("eks", env), &["import::environment"]);
    }
    refused(
        3,
        &base.replace("  version: 1.0\n", ""),
        &["import::version", "add `version:`"],
    );
    refused(
        3,
        &base.replace("  environment: eks\n", ""),
        &["import::environment"],
    );
    refused(3, &base.replace("https://", "ext::"), &["import::repo"]);
    refused(
        3,
        "default-environments: {repo: x}\n",
        &["bitops::wrong-kind"],
    );
    refused(
        3,
        &(base.clone() + &item("base", "eks", "")),
        &["import::alias", "`as: NAME`"],
    );
    refused(
        3,
        &(base.clone() + "  colour: red\n"),
        &["file::unknown-key"],
    );
    let below = format!("{base}bitops:\n  {}", base.replace('\n', "\n  "));
    refused(3, &below, &["bitops::wrong-kind", "stands in two places"]);
    let (s, _) = one(&[], "");
    s.write(
        "prod/bitops.config.yaml",
        &base.replace("https://", "https://me:hunter2@"),
    );
    for command in [&["import", "lock"][..], &["check"], &["plan", "prod"]] {
        s.ends(3, command)
            .says("import::credentials")
            .never_says("hunter2");
    }
}

#[test]
fn the_key_may_stand_below_bitops_too() {
    let (s, _) = one(
        &[
            ("eks/terraform/bitops.config.yaml", CONFIG),
            ("eks/terraform/main.tf", ""),
        ],
        "",
    );
    let base = entry("base", "eks", "").replace('\n', "\n  ");
    s.write("prod/bitops.config.yaml", &format!("bitops:\n  {base}"));
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["check"]);
}

#[test]
fn a_circle_is_said_with_its_chain() {
    let (s, base) = one(&[("eks/bitops.config.yaml", &entry("mid", "b", ""))], "");
    let mid = catalog(&s, "mid");
    mid.write(
        "b/bitops.config.yaml",
        "default-environments: [{environment: c}]\n",
    );
    mid.write("c/bitops.config.yaml", &entry("base", "eks", ""));
    mid.commit("1.0");
    let (one, two) = (
        "github.com/bitops-operations-repos/base eks",
        "github.com/bitops-operations-repos/mid",
    );
    s.ends(3, &["import", "lock"])
        .says("import::cycle")
        .says(&format!("{one} → "))
        .says(&format!("{two} b → "))
        .says(&format!("{two} c → "))
        .says("eks.b@1.0:c/bitops.config.yaml:");
    drop(base);
}

#[test]
fn one_environment_at_two_commits_is_refused() {
    let mid = |name: &str, version: &str| {
        let inner = entry("base", "eks", "").replace("1.0", version);
        (format!("{name}/bitops.config.yaml"), inner)
    };
    let (s, base) = one(&[("eks/terraform/bitops.config.yaml", CONFIG)], "");
    base.write("eks/terraform/main.tf", "");
    base.commit("2.0");
    let other = catalog(&s, "other");
    for (path, text) in [mid("a", "1.0"), mid("b", "2.0")] {
        other.write(&path, &text);
    }
    other.commit("1.0");
    let both = entry("other", "a", "") + &item("other", "b", "");
    s.write("prod/bitops.config.yaml", &both);
    s.ends(3, &["import", "lock"])
        .says("import::two-commits")
        .says("as `a.eks`")
        .says("as `b.eks`");
    // what is listed here counts
    let near = both + &item("base", "eks", "").replace("1.0", "2.0");
    s.write("prod/bitops.config.yaml", &near);
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["check"]);
}

#[test]
fn blocks_that_clash_are_named_with_both_origins_and_a_path_that_can_be_left_out() {
    let block = "provider \"aws\" {}\n";
    let (s, base) = one(
        &[
            ("eks/terraform/bitops.config.yaml", CONFIG),
            ("eks/terraform/main.tf", block),
            ("istio/terraform/bitops.config.yaml", CONFIG),
            (
                "istio/terraform/main.tf",
                &format!("{block}variable \"mesh\" {{ default = 1 }}\n"),
            ),
            ("istio/terraform/outputs.tf", "output \"x\" { value = 1 }\n"),
        ],
        &item("base", "istio", ""),
    );
    s.ends(0, &["import", "lock"]);
    s.ends(3, &["check"])
        .says("`terraform/main.tf` of `eks` of https://github.com/bitops-operations-repos/base at 1.0 and of `istio` of")
        .says("`provider \"aws\"` stands in `terraform/main.tf` too")
        .says("exclude: [PATH]");
    let without = item("base", "istio", "  exclude: [terraform/main.tf]\n");
    s.write(
        "prod/bitops.config.yaml",
        &(entry("base", "eks", "") + &without),
    );
    s.ends(0, &["check"]);
    drop(base);
}
