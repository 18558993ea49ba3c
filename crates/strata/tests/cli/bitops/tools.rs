//! What each tool is asked, and with which keys.
use super::{AWS, HELM, deploy, of, repo, with_programs};
use crate::sandbox::{ansible_here, terraform_here};
use std::{fs, os::unix::fs::PermissionsExt as _};

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
fn a_kubeconfig_and_secret_values_come_from_variables() {
    let s = with_programs(repo("usual-order"), &[("helm", HELM), ("aws", AWS)]);
    s.write(
        "production/bitops.config.yaml",
        "bitops: {deployments: {helm: {plugin: helm}}}\n",
    );
    // "config" and "a: 1"
    let variables = [
        of("production"),
        ("KUBECONFIG_BASE64", "Y29uZmln"),
        ("HELM_SECRETS_BASE64", "YTogMQ=="),
    ];
    let wrote = s.wrote(|| drop(deploy(&s, 0, &variables)));
    assert!(
        wrote
            .iter()
            .all(|l| l.starts_with("helm") || l == "  with .kube/config"),
        "{wrote:?}"
    );
    let upgrade = wrote
        .iter()
        .find(|l| l.starts_with("helm upgrade"))
        .expect("an upgrade");
    assert!(
        upgrade.ends_with("-f production/helm/web/values.yaml -f values-secrets.yaml"),
        "{upgrade}"
    );
    let work = s.root().join(".strata/work/production/+bitops");
    for (path, text) in [
        (".kube/config", "config"),
        ("production/helm/web/values-secrets.yaml", "a: 1"),
    ] {
        let file = work.join(path);
        assert_eq!(fs::read_to_string(&file).expect("a file"), text);
        assert_eq!(
            fs::metadata(&file).expect("its mode").permissions().mode() & 0o077,
            0
        );
    }
}
