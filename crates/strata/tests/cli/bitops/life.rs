//! The other commands in such a repo: check, plan, apply, destroy, adopt, resume, init.
use super::{deploy, of, repo};
use crate::sandbox::{Done, Sandbox, ansible_here, terraform_here};
use std::{fs, path::Path};

/// Every file below the repo but the state folder, with its content.
fn files(dir: &Path, root: &Path, out: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(dir)
        .expect("a folder")
        .map(|e| e.expect("an entry").path())
    {
        let path = entry
            .strip_prefix(root)
            .expect("below")
            .display()
            .to_string();
        if entry.is_dir() && path != ".strata" {
            files(&entry, root, out);
        } else if entry.is_file() {
            out.push((path, fs::read_to_string(&entry).expect("text")));
        }
    }
}

#[test]
fn the_smallest_repo_is_checked_planned_applied_and_destroyed() {
    if !terraform_here() {
        return;
    }
    let s = repo("terraform");
    s.ends(0, &["check"])
        .says("1 component, 1 environment, 1 unit: everything fits")
        .never_says("warning");
    // a real plan of terraform, though `stack-action` says nothing
    s.ends(0, &["plan", "production"])
        .says("terraform_data.it")
        .says("1 exact");
    s.ends(0, &["apply", "production", "--yes"]);
    assert_eq!(s.outputs("production/terraform")["word"], "hello");
    s.ends(0, &["apply", "production", "--yes"])
        .says("nothing to do");
    s.ends(0, &["drift", "production"]);
    s.ends(0, &["destroy", "production", "--yes"]);
    assert_eq!(s.state("production/terraform"), "not applied");
    // nothing is written into the repo but the state folder
    let mut there: Vec<_> = fs::read_dir(s.root())
        .expect("the repo")
        .map(|e| e.unwrap().file_name())
        .collect();
    there.sort();
    assert_eq!(there, [".strata", "production"]);
}

#[test]
fn an_inventory_goes_from_terraform_to_ansible() {
    if !terraform_here() || !ansible_here() {
        return;
    }
    let s = repo("inventory");
    s.ends(0, &["check"]).never_says("warning");
    // what ansible reads is not there yet
    s.ends(0, &["plan", "production"])
        .says("1 exact")
        .says("1 deferred");
    s.ends(0, &["apply", "production", "--yes"]);
    assert_eq!(s.ledger(), ["server-1 hears hello"]);
    s.ends(0, &["apply", "production", "--yes"])
        .says("nothing to do");
    // what terraform gives changes, so ansible runs again
    s.edit("production/terraform/main.tf", "\"hello\"", "\"bye\"");
    s.ends(0, &["apply", "production", "--yes"]);
    assert_eq!(s.ledger(), ["server-1 hears hello", "server-1 hears bye"]);
    s.ends(0, &["destroy", "production", "--yes"]);
}

#[test]
fn an_apply_does_not_obey_a_stack_action_that_destroys() {
    if !terraform_here() {
        return;
    }
    let s = repo("terraform");
    s.write(
        "production/terraform/bitops.config.yaml",
        "terraform: {cli: {stack-action: destroy}}\n",
    );
    let word = "an apply destroys nothing: run `strata destroy production --only terraform`";
    s.ends(10, &["plan", "production"]).says(word);
    s.ends(10, &["apply", "production", "--yes"]).says(word);
}

#[test]
fn the_root_is_found_from_inside_of_an_environment() {
    let s = repo("slashes");
    let inside = s.root().join("dev/terraform/app");
    let done = Done::of(
        &s.command(&["check"])
            .current_dir(inside)
            .output()
            .expect("strata starts"),
    );
    assert_eq!(done.code, 0, "{}", done.all());
    done.says("2 components, 1 environment, 2 units");
}

#[test]
fn defaults_lie_below_every_environment() {
    if !terraform_here() {
        return;
    }
    let s = repo("defaults");
    s.ends(0, &["check"])
        .says("BitOps never merged `_default` into `dev`, as its pages say; strata does")
        .says("2 environments, 2 units");
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/terraform")["common"], "small in a");
    s.ends(0, &["apply", "production", "--yes"]);
    // variables by attribute, configuration deeply, both files of terraform, the environment's own script
    assert_eq!(s.outputs("production/terraform")["common"], "large in a");
    assert_eq!(s.outputs("production/terraform")["own"], "production");
    assert_eq!(s.ledger().first().map(String::as_str), Some("common hook"));
    assert_eq!(
        s.ledger().last().map(String::as_str),
        Some("hook of production")
    );
    // what both say is an error that names both
    s.write("production/terraform/more.tf", "variable \"zone\" {}\n");
    s.ends(3, &["check"])
        .says("`production` and `_default` cannot be one")
        .says("`variable \"zone\"` stands in");
}

#[test]
fn init_writes_the_native_form_beside_it_and_the_same_units_go_on() {
    if !terraform_here() || !ansible_here() {
        return;
    }
    for (name, env) in [
        ("inventory", "production"),
        ("slashes", "dev"),
        ("env-file", "dev"),
    ] {
        let s = repo(name);
        s.ends(0, &["apply", env, "--yes"]);
        let mut before = Vec::new();
        files(&s.root(), &s.root(), &mut before);
        s.ends(0, &["init", "--from-bitops", "--dry-run"])
            .says("-- strata.yaml --");
        assert!(!s.root().join("strata.yaml").exists());
        s.ends(0, &["init", "--from-bitops", "--yes"]);
        let mut after = Vec::new();
        files(&s.root(), &s.root(), &mut after);
        assert!(
            before.iter().all(|f| after.contains(f)),
            "nothing is moved or changed"
        );
        s.ends(0, &["check"]).says("everything fits");
        s.ends(0, &["plan", env]).says("nothing to do");
        s.ends(2, &["init", "--from-bitops", "--yes"])
            .says("already");
    }
}

#[test]
fn init_writes_the_native_form_of_nothing_else() {
    let s = Sandbox::new(&[]);
    s.ends(2, &["init", "--from-bitops", "--yes"]);
    let s = Sandbox::empty();
    s.write("main.tf", "");
    s.ends(2, &["init", "--from-bitops", "--yes"])
        .says("is no repo of BitOps");
    let s = repo("defaults");
    s.ends(3, &["init", "--from-bitops", "--yes"])
        .says("take files of `_default`");
    let s = repo("terraform");
    s.write("strata.lock", "");
    s.write("environments/production.yaml", "values: {}\n");
    s.ends(2, &["init", "--from-bitops", "--yes"])
        .says("nothing is overwritten");
}

#[test]
fn every_key_says_where_its_value_comes_from() {
    let s = repo("terraform-keys");
    let mut command = s.command(&["explain", "dev/terraform"]);
    command.env("BITOPS_TERRAFORM_WORKSPACE", "blue");
    let done = Done::of(&command.output().expect("strata starts"));
    assert_eq!(done.code, 0, "{}", done.all());
    done.says("cli.var-file = blue.tfvars\n    dev/terraform/bitops.config.yaml:3:15")
        .says("options.workspace = blue\n    the variable BITOPS_TERRAFORM_WORKSPACE");
    repo("terraform")
        .ends(0, &["explain", "production/terraform"])
        .says("cli.stack-action = plan\n    BitOps' default");
}

#[test]
fn what_bitops_has_deployed_is_taken_over() {
    if !terraform_here() {
        return;
    }
    let s = repo("terraform-keys");
    let path = format!("path={}", s.beside("world").join("state.tfstate").display());
    s.edit(
        "dev/terraform/bitops.config.yaml",
        "path=states/blue.tfstate",
        &path,
    );
    deploy(&s, 0, &[of("dev")]);
    fs::remove_dir_all(s.root().join(".strata")).expect("as if another program had done it");
    s.ends(0, &["adopt", "dev"]).says("1 taken over");
    s.ends(0, &["plan", "dev"]).says("nothing to do");
    assert_eq!(s.outputs("dev/terraform")["color"], "blue");
}

#[test]
fn a_run_that_was_killed_goes_on() {
    if !ansible_here() {
        return;
    }
    let s = repo("hooks");
    let wait = "echo begins >> \"$LEDGER\"; until [ -f \"$WORLD/go\" ]; do sleep 0.1; done; echo ends >> \"$LEDGER\"";
    s.edit(
        "dev/ansible/playbook.yaml",
        "echo \"the playbook\" >> \"$LEDGER\"",
        wait,
    );
    let mut run = s.start(&["apply", "dev", "--yes"]);
    s.await_line("begins");
    run.kill().expect("it runs");
    run.wait().expect("it ends");
    s.assert_no_process();
    fs::write(s.beside("world").join("go"), "").expect("a file");
    s.ends(5, &["apply", "dev", "--yes"]).says("strata resume");
    s.ends(0, &["resume"]);
    let before = [
        "before 10-first",
        "before 2-second",
        "before README",
        "begins",
    ];
    let expected: Vec<&str> = before
        .iter()
        .chain(&before)
        .chain(&["ends", "after done"])
        .copied()
        .collect();
    assert_eq!(s.ledger(), expected);
    assert_eq!(s.state("dev/ansible"), "applied");
}

#[test]
fn commands_that_write_native_files_leave_such_a_repo_alone() {
    let s = repo("terraform");
    s.ends(2, &["env", "new", "staging"])
        .says("staging/terraform/bitops.config.yaml");
    s.ends(0, &["init", "--dry-run"])
        .says("strata works in it as it is");
    assert_eq!(fs::read_dir(s.root()).expect("the repo").count(), 1);
}

#[test]
fn a_deployment_that_is_skipped_keeps_what_it_gave() {
    if !terraform_here() {
        return;
    }
    let s = repo("terraform");
    let secret = "variable \"secret\" { sensitive = true }\noutput \"secret\" {\n  value     = var.secret\n  sensitive = true\n}\n";
    s.write("production/terraform/secret.tf", secret);
    let apply = || {
        let mut command = s.command(&["apply", "production", "--yes"]);
        let done = Done::of(
            &command
                .env("TF_VAR_secret", "s3cr3t-word")
                .output()
                .expect("strata starts"),
        );
        assert_eq!(done.code, 0, "{}", done.all());
        done.never_says("s3cr3t-word");
    };
    apply();
    s.write(
        "production/terraform/bitops.config.yaml",
        "terraform: {options: {skip-deploy: true}}\n",
    );
    s.edit("production/terraform/main.tf", "\"hello\"", "\"other\"");
    apply();
    let outputs = s.outputs("production/terraform");
    assert_eq!(
        (&outputs["word"], &outputs["secret"]),
        (&"hello".into(), &"s3cr3t-word".into())
    );
    // only terraform's own state has it in clear
    let found = s.stored_with("s3cr3t-word");
    assert!(
        found
            .iter()
            .all(|p| p.to_string_lossy().contains("/state/")),
        "{found:?}"
    );
}
