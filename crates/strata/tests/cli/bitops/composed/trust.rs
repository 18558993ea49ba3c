//! What files of other repos may do: scripts and states.
use super::{CONFIG, entry, one};
use crate::sandbox::terraform_here;

#[test]
fn hooks_of_another_repo_run_only_when_they_are_allowed() {
    let hook = "eks/terraform/bitops.before-deploy.d/tell.sh";
    let (s, _) = one(
        &[
            ("eks/terraform/bitops.config.yaml", CONFIG),
            ("eks/terraform/main.tf", "output \"a\" { value = 1 }\n"),
            (hook, "#!/bin/bash\necho theirs >> \"$LEDGER\"\n"),
        ],
        "",
    );
    s.ends(0, &["import", "lock"]);
    s.ends(3, &["check"])
        .says("import::hooks")
        .says("prod/terraform/bitops.before-deploy.d/tell.sh");
    s.ends(3, &["plan", "prod"]);
    assert!(s.ledger().is_empty());
    s.write(
        "prod/bitops.config.yaml",
        &entry("base", "eks", "  exclude: ['*/bitops.before-deploy.d']\n"),
    );
    s.ends(0, &["check"]);
    s.write(
        "prod/bitops.config.yaml",
        &entry("base", "eks", "  hooks: allow\n"),
    );
    s.ends(0, &["check"]);
    if !terraform_here() {
        return;
    }
    s.ends(0, &["plan", "prod"])
        .says("its scripts run: prod/terraform/bitops.before-deploy.d/tell.sh");
    // what runs before the tool runs for its plan too
    assert_eq!(s.ledger(), ["theirs"]);
    s.ends(0, &["apply", "prod", "--yes"]);
    assert!(s.ledger().len() > 1);
}

#[test]
fn a_backend_of_another_repo_needs_one_of_ours() {
    let (s, base) = one(
        &[
            ("eks/terraform/bitops.config.yaml", CONFIG),
            (
                "eks/terraform/main.tf",
                "terraform {\n  backend \"s3\" {\n    bucket = \"theirs\"\n    key = \"k\"\n  }\n}\nresource \"terraform_data\" \"x\" {}\n",
            ),
        ],
        "",
    );
    s.ends(0, &["import", "lock"]);
    s.ends(3, &["check"])
        .says("import::backend")
        .says("backend_override.tf");
    // what their own configuration says is no word of ours
    base.write(
        "eks/terraform/bitops.config.yaml",
        "terraform:\n  cli: {stack-action: apply, backend-config: [bucket=a, key=b]}\n",
    );
    base.commit("1.1");
    let theirs = entry("base", "eks", "").replace("1.0", "1.1");
    s.write("prod/bitops.config.yaml", &theirs);
    s.write("prod/terraform/bitops.config.yaml", CONFIG);
    s.ends(0, &["import", "lock"]);
    s.ends(3, &["check"])
        .says("would be where another repository says: `backend-config` of")
        .says("a `backend` block of");
    let ours = |keys: &str| format!("terraform:\n  cli: {{backend-config: [{keys}]}}\n");
    s.write("prod/terraform/bitops.config.yaml", &ours("bucket=ours"));
    s.ends(3, &["check"]).says("import::backend");
    s.write(
        "prod/terraform/bitops.config.yaml",
        &ours("bucket=ours, key=k"),
    );
    s.ends(0, &["check"]);
    s.write("prod/terraform/bitops.config.yaml", &ours(""));
    s.ends(3, &["check"])
        .says("a `backend` block of")
        .never_says("`backend-config` of");
    let state = s.beside("ours.tfstate");
    s.write(
        "prod/terraform/backend_override.tf",
        &format!(
            "terraform {{\n  backend \"local\" {{\n    path = \"{}\"\n  }}\n}}\n",
            state.display()
        ),
    );
    s.ends(0, &["check"]);
    if !terraform_here() {
        return;
    }
    s.ends(0, &["apply", "prod", "--yes"]);
    assert!(state.is_file(), "the state is where we say");
}

#[test]
fn masks_of_an_entry_are_never_dropped() {
    if !terraform_here() {
        return;
    }
    let masks = |text: &str| {
        format!("bitops:\n  logging:\n    masks:\n    - {{search: {text}, replace: '***'}}\n")
    };
    let (s, _) = one(
        &[
            ("eks/bitops.config.yaml", &masks("their-secret")),
            ("eks/terraform/bitops.config.yaml", CONFIG),
            ("eks/terraform/main.tf", "output \"a\" { value = 1 }\n"),
        ],
        "",
    );
    s.write(
        "prod/bitops.config.yaml",
        &(entry("base", "eks", "") + &masks("our-secret")),
    );
    s.write(
        "prod/terraform/bitops.before-deploy.d/tell.sh",
        "echo \"a their-secret and our-secret\"\n",
    );
    s.ends(0, &["import", "lock"]);
    crate::bitops::deploy(&s, 0, &[crate::bitops::of("prod")])
        .says("a *** and ***")
        .never_says("-secret");
}
