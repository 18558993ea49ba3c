//! `strata bitops deploy`: order, hooks, variables, exit codes.
use super::{AWS, HELM, deploy, of, repo, with_programs};
use crate::sandbox::{Done, ansible_here, terraform_here};
use std::fs;

#[test]
fn a_deploy_plans_where_nothing_else_is_said_and_heeds_bitops_variables() {
    if !terraform_here() {
        return;
    }
    let s = repo("terraform");
    deploy(&s, 0, &[of("production")]).says("Plan: 1 to add");
    assert_eq!(s.state("production/terraform"), "not applied");
    let apply = ("BITOPS_TERRAFORM_STACK_ACTION", "apply");
    deploy(&s, 0, &[of("production"), apply]).says("Resources: 1 added");
    assert_eq!(s.outputs("production/terraform")["word"], "hello");
    // every time all of it
    deploy(&s, 0, &[of("production"), apply]).says("Resources: 0 added");
    // what it applied is known to every other command
    s.ends(0, &["plan", "production"]).says("nothing to do");
    let destroy = ("BITOPS_TERRAFORM_STACK_ACTION", "destroy");
    deploy(&s, 0, &[of("production"), destroy]).says("1 destroyed");
    assert_eq!(s.state("production/terraform"), "not applied");
}

#[test]
fn a_deploy_destroys_what_another_machine_applied() {
    if !terraform_here() {
        return;
    }
    let s = repo("terraform-keys");
    let state = s.beside("world").join("state.tfstate");
    let path = format!("path={}", state.display());
    s.edit(
        "dev/terraform/bitops.config.yaml",
        "path=states/blue.tfstate",
        &path,
    );
    deploy(&s, 0, &[of("dev")]).says("Resources: 1 added");
    fs::remove_dir_all(s.root().join(".strata")).expect("a fresh checkout");
    deploy(
        &s,
        0,
        &[of("dev"), ("BITOPS_TERRAFORM_STACK_ACTION", "destroy")],
    )
    .says("2 destroyed");
}

#[test]
fn words_that_v1_took_from_its_environment_still_count_and_the_dangerous_pair_does_not() {
    if !terraform_here() {
        return;
    }
    let s = repo("terraform");
    let (apply, destroy) = (("TERRAFORM_APPLY", "true"), ("TERRAFORM_DESTROY", "true"));
    let action = ("BITOPS_TERRAFORM_STACK_ACTION", "apply");
    deploy(&s, 1, &[of("production"), action, destroy]).says("nothing was started");
    deploy(&s, 1, &[of("production"), apply, destroy]).says("nothing was started");
    deploy(&s, 0, &[of("production"), apply]).says("Resources: 1 added");
    deploy(&s, 0, &[of("production"), destroy]).says("1 destroyed");
    deploy(
        &s,
        1,
        &[of("production"), ("BITOPS_TERRAFORM_STACK_ACTION", "aply")],
    )
    .says("is no `stack-action`");
}

#[test]
fn an_inventory_goes_from_terraform_to_ansible_in_a_deploy() {
    if !terraform_here() || !ansible_here() {
        return;
    }
    let s = repo("inventory");
    deploy(&s, 0, &[of("production")]);
    assert_eq!(s.ledger(), ["server-1 hears hello"]);
    s.ends(0, &["status"]).never_says("not applied");
}

#[test]
fn every_file_of_the_hook_folders_runs_in_order() {
    if !ansible_here() {
        return;
    }
    let s = repo("hooks");
    let all = [
        "before 10-first",
        "before 2-second",
        "before README",
        "the playbook",
        "after done",
    ];
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.ledger(), all);
    let again = s.wrote(|| drop(deploy(&s, 0, &[of("dev")])));
    assert_eq!(again, all);
    // hooks run though the tool is skipped
    let skip = ("BITOPS_ANSIBLE_SKIP_DEPLOY", "true");
    let skipped = s.wrote(|| drop(deploy(&s, 0, &[of("dev"), skip])));
    assert_eq!(
        skipped,
        [
            "before 10-first",
            "before 2-second",
            "before README",
            "after done"
        ]
    );
    // a hook's own exit code ends the run
    s.write("dev/ansible/bitops.before-deploy.d/3", "exit 42\n");
    let failed = s.wrote(|| drop(deploy(&s, 42, &[of("dev")])));
    assert_eq!(failed, ["before 10-first", "before 2-second"]);
    s.ends(10, &["apply", "dev", "--yes"]).says("exit code 42");
}

#[test]
fn deployments_in_folders_of_folders_run_in_the_files_order() {
    if !terraform_here() {
        return;
    }
    let s = repo("slashes");
    s.ends(0, &["check"]);
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.ledger(), ["network", "app"]);
    assert_eq!(s.outputs("dev/terraform/app")["cidr"], "10.0.0.0/8");
    s.ends(0, &["plan", "dev", "--only", "terraform/app"])
        .says("nothing to do");
    // in reverse: what was applied last goes first
    let destroy = ("BITOPS_TERRAFORM_STACK_ACTION", "destroy");
    let done = deploy(&s, 0, &[of("dev"), destroy]);
    let place = |text: &str| done.out.find(text).expect(text);
    assert!(place("== terraform/app") < place("== terraform/network"));
}

#[test]
fn the_usual_order_counts_where_none_is_said() {
    if !terraform_here() || !ansible_here() {
        return;
    }
    let s = with_programs(repo("usual-order"), &[("helm", HELM), ("aws", AWS)]);
    s.ends(0, &["check"]);
    let first = |line: &String| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let order = |lines: Vec<String>| {
        let mut words: Vec<String> = lines
            .iter()
            .map(first)
            .filter(|w| !w.starts_with("aws sts"))
            .collect();
        words.dedup();
        words
    };
    let all = [
        "aws cloudformation",
        "terraform",
        "helm dependency",
        "helm upgrade",
        "ansible",
    ];
    assert_eq!(
        order(s.wrote(|| drop(s.ends(0, &["apply", "production", "--yes"])))),
        all
    );
    assert_eq!(
        order(s.wrote(|| drop(deploy(&s, 0, &[of("production")])))),
        {
            // terraform has nothing to do any more
            [
                "aws cloudformation",
                "helm dependency",
                "helm upgrade",
                "ansible",
            ]
        }
    );
    // the environment's own file says it otherwise
    assert_eq!(
        order(s.wrote(|| drop(deploy(&s, 0, &[of("dev")])))),
        ["ansible", "terraform"]
    );
}

#[test]
fn what_is_printed_is_masked() {
    let s = repo("masks");
    deploy(&s, 0, &[of("dev")])
        .says("the token=***** and fish")
        .never_says("abc123")
        .never_says("swordfish");
    // the other commands show lines of tools too, and keep logs of them
    s.ends(0, &["apply", "dev", "--yes"])
        .says("the token=***** and fish")
        .never_says("swordfish");
    let logs = std::process::Command::new("grep")
        .args(["-rlaE", "abc123|swordfish"])
        .arg(s.root().join(".strata/runs"))
        .output()
        .expect("grep is there");
    assert_eq!(String::from_utf8_lossy(&logs.stdout), "");
}

#[test]
fn a_failure_ends_the_run_unless_it_must_not() {
    if !ansible_here() {
        return;
    }
    let s = repo("fail-fast");
    // ansible-playbook ends with 2 when a task failed on a host
    assert!(s.wrote(|| drop(deploy(&s, 2, &[of("dev")]))).is_empty());
    // BitOps takes the text `false` for true; here it means what it says. The first failure's code is the run's.
    let on = ("BITOPS_FAST_FAIL", "false");
    let all = s.wrote(|| drop(deploy(&s, 2, &[of("dev"), on])));
    assert_eq!(all, ["after one", "two", "three"]);
    // an apply holds what comes after a failure
    assert!(
        s.wrote(|| drop(s.ends(10, &["apply", "dev", "--yes"])))
            .is_empty()
    );
}

#[test]
fn a_deploy_ends_with_bitops_exit_codes_before_anything_runs() {
    let s = repo("terraform");
    let none = Done::of(
        &s.command(&["bitops", "deploy"])
            .output()
            .expect("strata starts"),
    );
    assert_eq!(none.code, 1);
    none.says("set BITOPS_ENVIRONMENT");
    deploy(&s, 1, &[of("staging")]).says("environments are: production");
    deploy(
        &s,
        0,
        &[
            ("ENVIRONMENT", "production"),
            ("BITOPS_MODE", "validate_config"),
        ],
    )
    .says("of BitOps 1");
    assert!(
        !s.root().join(".strata/store.db").exists(),
        "nothing was started"
    );
    s.write(
        "production/bitops.config.yaml",
        "bitops: {deployments: {}}\n",
    );
    deploy(&s, 0, &[of("production")]);
    s.write(
        "production/bitops.config.yaml",
        "bitops: {deployments: {gone: {plugin: terraform}}}\n",
    );
    deploy(&s, 0, &[of("production")]).says("there is no folder `production/gone`");
    s.write("production/other/main.tf", "");
    s.write(
        "production/bitops.config.yaml",
        "bitops: {deployments: {other: {plugin: terraform}}}\n",
    );
    deploy(&s, 2, &[of("production")]).says("`production/other` has no `bitops.config.yaml`");
    s.write("production/helm/a/bitops.config.yaml", "helm: {}\n");
    s.write(
        "production/bitops.config.yaml",
        "bitops: {deployments: {helm: {plugin: helm}}}\n",
    );
    deploy(&s, 1, &[of("production")]).says("`helm.cli.namespace` has no value");
}
