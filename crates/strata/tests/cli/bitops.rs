//! Whole repos of BitOps (`tests/bitops/*.repo`), run from end to end with real Terraform and Ansible. Helm's cluster
//! and AWS cannot be had here: scripts that write down what they were asked stand in for `helm` and `aws`.
//!
//! What each test expects follows from BitOps' own pages and source, not from what strata printed.
use crate::sandbox::{Done, Sandbox, ansible_here, terraform_here};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

/// A repo by name.
fn repo(name: &str) -> Sandbox {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/bitops")
        .join(format!("{name}.repo"));
    let text = fs::read_to_string(path).expect("the repo");
    let sandbox = Sandbox::empty();
    let mut file: Option<(String, String)> = None;
    let write = |file: Option<(String, String)>| {
        if let Some((path, text)) = file {
            sandbox.write(&path, &text);
        }
    };
    for line in text.split_inclusive('\n') {
        let mark = line.trim_end();
        match mark.strip_prefix("-- ").and_then(|l| l.strip_suffix(" --")) {
            Some(path) => write(file.replace((path.to_owned(), String::new()))),
            None => {
                if let Some((_, body)) = &mut file {
                    body.push_str(line);
                }
            }
        }
    }
    write(file);
    sandbox
}

/// With programs that stand in for real ones.
fn with_programs(sandbox: Sandbox, programs: &[(&str, &str)]) -> Sandbox {
    let bin = sandbox.beside("bin");
    fs::create_dir(&bin).expect("a folder for programs");
    for (name, text) in programs {
        let file = bin.join(name);
        fs::write(&file, text).expect("a program");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("its mode");
    }
    let path = format!(
        "{}:{}",
        bin.display(),
        std::env::var("PATH").expect("a PATH")
    );
    sandbox.with_path(path)
}

/// Writes down how it is called and knows no release; says a version.
const HELM: &str = r#"#!/bin/bash
case "$1" in
  version) echo v3.18.6 ;;
  status) [ -f "$WORLD/release-$2" ] && cat "$WORLD/release-$2" || { echo "Error: release: not found" >&2; exit 1; } ;;
  *) echo "helm $*" | sed "s#$ROOT_DIR/##g" >> "$LEDGER"; [ -n "$KUBECONFIG" ] && echo "  with ${KUBECONFIG#"$ROOT_DIR"/}" >> "$LEDGER"; true ;;
esac
"#;

/// Knows the stacks for which there is a file.
const AWS: &str = r#"#!/bin/bash
[ "$1" = --version ] && { echo aws-cli/2.15.0; exit; }
name=$(echo "$*" | sed -n 's/.*--stack-name \([^ ]*\).*/\1/p')
echo "aws $*" | sed "s#$ROOT_DIR/##g" >> "$LEDGER"
case "$2" in
  describe-stacks) [ -f "$WORLD/stack-$name" ] || { echo "An error occurred (ValidationError): Stack with id $name does not exist" >&2; exit 254; } ;;
  update-stack) [ -f "$WORLD/new" ] || { echo "An error occurred (ValidationError): No updates are to be performed." >&2; exit 254; } ;;
  create-stack) touch "$WORLD/stack-$name" ;;
  delete-stack) rm -f "$WORLD/stack-$name" ;;
esac
"#;

/// `strata bitops deploy` with variables of BitOps.
fn deploy(s: &Sandbox, code: i32, variables: &[(&str, &str)]) -> Done {
    let mut command = s.command(&["bitops", "deploy"]);
    command.envs(variables.iter().copied());
    let done = Done::of(&command.output().expect("strata starts"));
    assert_eq!(
        done.code, code,
        "--- output\n{}\n--- errors\n{}",
        done.out, done.err
    );
    done
}

/// The environment as BitOps is told it.
fn of(env: &str) -> (&str, &str) {
    ("BITOPS_ENVIRONMENT", env)
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
fn hooks_hand_variables_to_terraform_and_see_bitops_variables() {
    if !terraform_here() {
        return;
    }
    let s = repo("env-file");
    s.ends(0, &["apply", "dev", "--yes"]);
    let account = "account-of-dev in blue";
    assert_eq!(s.outputs("dev/terraform")["account"], account);
    assert_eq!(
        s.ledger(),
        [
            "in terraform of dev",
            "workspace blue blue",
            "plugin terraform, fail fast true, default _default",
            "names of both generations",
            account,
        ]
    );
}

#[test]
fn keys_of_the_first_generation_are_read_and_said() {
    if !terraform_here() || !ansible_here() {
        return;
    }
    let s = repo("first-generation");
    s.ends(0, &["check"])
        .says("`options.command` is a key of BitOps 1, which BitOps 2 ignores; it is read as `cli.stack-action`")
        .says("it is read as `cli.targets`")
        .says("it is read as `cli.dryrun`")
        .says("`options.version` is a key of BitOps 1, and has no meaning any more");
    deploy(&s, 0, &[of("test")]).says("Resources: 1 added");
    // `--check` writes nothing
    assert!(s.ledger().is_empty());
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
fn charts_are_upgraded_or_installed_with_their_values() {
    let s = with_programs(repo("helm"), &[("helm", HELM), ("aws", AWS)]);
    s.ends(0, &["check"]).never_says("warning");
    s.ends(0, &["apply", "production", "--yes"]);
    assert_eq!(
        s.ledger(),
        [
            "before api",
            "aws eks update-kubeconfig --name main --kubeconfig .kube/config",
            "helm dependency update .",
            "  with .kube/config",
            "helm upgrade api . --install --cleanup-on-fail --create-namespace --namespace=api --timeout=500s --atomic \
             -f _default/helm/api/values.yaml -f _default/helm/api/values-files/a.yaml \
             -f production/helm/api/values.yaml -f production/helm/api/values-versions.yaml \
             --set image.tag=1.0 --set note=a b-c",
            "  with .kube/config",
            "helm dependency update .",
            "  with production/helm/web/kube.config",
            "helm upgrade web . --install --cleanup-on-fail --create-namespace --namespace=web --timeout=60s",
            "  with production/helm/web/kube.config",
            "after web, by the old name",
        ]
    );
    // an upgrade that was cut off is rolled back first
    fs::write(
        s.beside("world").join("release-web"),
        r#"{"info": {"status": "pending-upgrade"}}"#,
    )
    .unwrap();
    let only = ("BITOPS_ENVIRONMENT_HELM_SUBDIRECTORY", "web");
    let lines = s.wrote(|| drop(deploy(&s, 0, &[of("production"), only])));
    let helm: Vec<&str> = lines
        .iter()
        .filter(|l| l.starts_with("helm"))
        .map(|l| &l[5..13])
        .collect();
    assert_eq!(helm, ["dependen", "rollback", "upgrade "]);
    let gone = s.wrote(|| drop(s.ends(0, &["destroy", "production", "--yes"])));
    let gone: Vec<&String> = gone.iter().filter(|l| l.starts_with("helm")).collect();
    assert_eq!(
        gone,
        [
            "helm uninstall web --namespace=web --ignore-not-found",
            "helm uninstall api --namespace=api --ignore-not-found"
        ]
    );
}

#[test]
fn a_stack_is_created_updated_left_alone_and_deleted() {
    let s = with_programs(repo("cloudformation"), &[("aws", AWS)]);
    s.ends(0, &["check"]).never_says("warning");
    let what = "--template-body file://template.yaml --parameters file://parameters.json --capabilities CAPABILITY_IAM";
    let begin = [
        "aws sts get-caller-identity".to_owned(),
        "aws cloudformation validate-template --template-body file://template.yaml".to_owned(),
        "aws cloudformation describe-stacks --stack-name topics".to_owned(),
    ];
    let then = |more: &[String]| [&begin[..], more].concat();
    let create = [
        format!("aws cloudformation create-stack --stack-name topics {what}"),
        "aws cloudformation wait stack-create-complete --stack-name topics".to_owned(),
    ];
    assert_eq!(
        s.wrote(|| drop(s.ends(0, &["apply", "production", "--yes"]))),
        then(&create)
    );
    let update = format!("aws cloudformation update-stack --stack-name topics {what}");
    // "No updates" is a success
    assert_eq!(
        s.wrote(|| drop(deploy(&s, 0, &[of("production")]))),
        then(std::slice::from_ref(&update))
    );
    fs::write(s.beside("world").join("new"), "").unwrap();
    let waited = "aws cloudformation wait stack-update-complete --stack-name topics".to_owned();
    assert_eq!(
        s.wrote(|| drop(deploy(&s, 0, &[of("production")]))),
        then(&[update, waited])
    );
    let delete = ("BITOPS_CLOUDFORMATION_STACK_ACTION", "delete");
    assert_eq!(
        s.wrote(|| drop(deploy(&s, 0, &[of("production"), delete]))),
        [
            "aws sts get-caller-identity",
            "aws cloudformation delete-stack --stack-name topics",
            "aws cloudformation wait stack-delete-complete --stack-name topics",
        ]
    );
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
fn a_plugin_of_the_repo_gets_its_keys_by_its_own_schema() {
    let s = repo("plugin");
    s.ends(0, &["check"])
        .says("strata does as `options.page.at-night` says");
    let lines = [
        "does report: --stack-action",
        "people ada linus retries 3 at night false",
        "finds its files",
        "after, with roster.txt",
    ];
    let cli = "does report: report --roster=roster.txt --quiet";
    let expected = [&[cli], &lines[1..]].concat();
    assert_eq!(
        s.wrote(|| drop(s.ends(0, &["apply", "dev", "--yes"]))),
        expected
    );
    let page = ("BITOPS_DUTY_STACK_ACTION", "page");
    let people = ("BITOPS_DUTY_PEOPLE", "grace");
    let wrote = s.wrote(|| drop(deploy(&s, 0, &[of("dev"), page, people])));
    assert_eq!(wrote[0], "does page: page --roster=roster.txt --quiet");
    assert_eq!(wrote[1], "people grace retries 3 at night false");
}

#[test]
fn what_is_printed_is_masked() {
    let s = repo("masks");
    deploy(&s, 0, &[of("dev")])
        .says("the token=***** and fish")
        .never_says("abc123")
        .never_says("swordfish");
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
fn folders_that_are_no_environments_are_there_for_all() {
    if !terraform_here() {
        return;
    }
    let s = repo("shared-scripts");
    s.ends(0, &["check"])
        .says("1 environment")
        .never_says("warning");
    deploy(&s, 0, &[of("qa")]);
    assert_eq!(
        s.ledger(),
        [
            "announced by terraform: before",
            "announced by terraform: after"
        ]
    );
    assert_eq!(s.outputs("qa/terraform")["word"], "SHARED");
    s.ends(0, &["plan", "qa"]).says("nothing to do");
    // a script that its hooks call is part of what it is
    s.edit("_scripts/announce.sh", "announced", "said");
    s.ends(0, &["plan", "qa"]).says("files changed");
}

#[test]
fn keys_that_bitops_never_gave_to_terraform_work() {
    if !terraform_here() {
        return;
    }
    let s = repo("terraform-keys");
    s.ends(0, &["check"])
        .says("BitOps 2 never gave `var-file` to terraform; strata does")
        .says("BitOps 2 never gave `backend-config` to terraform; strata does");
    deploy(&s, 0, &[of("dev")]);
    // the target first, then the rest
    assert_eq!(s.ledger(), ["first", "second"]);
    assert_eq!(s.outputs("dev/terraform")["color"], "blue");
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
