//! Whole repos as they are read: addresses, order, what looks at what; and repos that make no sense.
use super::*;
use strata_core::tree::MemoryTree;

fn tree(files: &[(&str, &str)]) -> Arc<dyn Tree> {
    Arc::new(MemoryTree::new(files.iter().copied()))
}

fn reading(files: &[(&str, &str)]) -> Reading {
    read(&tree(files), &Settings::default())
}

#[test]
fn a_repo_is_recognised_by_its_environments_and_never_beside_a_native_platform() {
    let config = "dev/terraform/bitops.config.yaml";
    assert!(layout::recognise(tree(&[(config, "")]).as_ref()));
    assert!(layout::recognise(
        tree(&[("dev/bitops.config.yaml", "")]).as_ref()
    ));
    for none in [
        &[(config, ""), ("strata.yaml", "")][..],
        &[("_default/terraform/bitops.config.yaml", "")],
        &[("bitops.config.yaml", "")],
        &[("dev/terraform/main.tf", "")],
    ] {
        assert!(!layout::recognise(tree(none).as_ref()), "{none:?}");
    }
}

#[test]
fn deployments_have_the_files_order_and_addresses_that_can_be_spelled() {
    let list = "bitops: {deployments: {terraform/: {plugin: terraform}, ./ansible/01.web: {plugin: ansible}}}";
    let r = reading(&[
        ("dev/bitops.config.yaml", list),
        ("dev/terraform/bitops.config.yaml", ""),
        ("dev/ansible/01.web/bitops.config.yaml", ""),
        (
            "dev/ansible/01.web/inventory.sh",
            "cat ../../terraform/inventory",
        ),
    ]);
    assert!(r.problems.is_empty(), "{:?}", r.problems);
    let d = &r.environments[0].deployments;
    let names: Vec<(&str, &str)> = d
        .iter()
        .map(|d| (d.key.as_str(), d.name.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("terraform", "terraform"),
            ("ansible/01.web", "ansible/_01_web")
        ]
    );
    assert_eq!(d[1].looks_at, ["terraform"]);
}

#[test]
fn charts_are_deployments_but_not_the_defaults_nor_hooks() {
    let chart = "helm: {cli: {namespace: n}}";
    let r = reading(&[
        ("dev/helm/b/bitops.config.yaml", chart),
        ("dev/helm/a/bitops.config.yaml", chart),
        ("dev/helm/_default/values.yaml", "x: 1"),
        ("dev/helm/bitops.before-deploy.d/x.sh", ""),
    ]);
    let names: Vec<&str> = r.environments[0]
        .deployments
        .iter()
        .map(|d| d.name.as_str())
        .collect();
    assert_eq!(names, ["helm/a", "helm/b"]);
}

#[test]
fn what_is_written_in_native_words_is_no_expression() {
    let files = [
        (
            "dev/ansible/bitops.config.yaml",
            "ansible: {cli: {extra-vars: 'a=${{ b }}'}}",
        ),
        ("dev/ansible/playbook.yaml", "- hosts: all"),
    ];
    let r = reading(&files);
    let native = native::files(&r, "p", None, &Settings::default());
    let text = &native["environments/dev.yaml"];
    assert!(text.contains("--extra-vars=a=$${{ b }}"), "{text}");
}

#[test]
fn nothing_that_lies_in_a_repo_makes_it_fall_over() {
    let bodies = [
        "",
        "~",
        "[]",
        "[1, {a: 2}]",
        "bitops",
        "bitops: [1]",
        "a: &a {b: *a}",
        "\t",
        "bitops: {deployments: [a]}",
        "bitops: {deployments: {a: b, '': {plugin: x}, /: {plugin: helm}, ../..: {plugin: helm}}}",
        "bitops: {deployments: {helm: {plugin: helm}, helm/a: {plugin: helm}, terraform: {plugin: [1]}}}",
        "bitops: {logging: {masks: {a: 1}}}",
        "default-environments: [1, {repo: a}]\nbitops: {default-environments: x}",
        "default-environments: [{environment: dev}, {environment: other}, {environment: _default, as: b, exclude: ['*', '']}]",
        "bitops: {default-environments: [{environment: other, as: dev, exclude: [helm/*]}], logging: 1}",
        "helm: {cli: [1], options: {k8s: x}, plugins: ~}",
        "terraform: {cli: {targets: {a: b}}, options: {command: {a: 1}}}",
    ];
    for one in bodies {
        for two in bodies {
            let files = [
                ("dev/bitops.config.yaml", one),
                ("dev/helm/a/bitops.config.yaml", two),
                ("dev/terraform/bitops.config.yaml", two),
                ("_default/terraform/bitops.config.yaml", one),
                ("_default/bitops.config.yaml", two),
                ("other/helm/a/Chart.yaml", one),
                ("other/helm/a/values-versions.yaml", one),
                ("other/terraform/bitops.config.yaml", two),
                ("_default/helm/a/values.yaml", two),
                ("plugins/x/bitops.schema.yaml", two),
                ("plugins/x/plugin.config.yaml", one),
            ];
            let tree = tree(&files);
            if let Some((platform, reading)) = platform(&tree, &Settings::default()) {
                assert!(platform.file("strata.yaml").is_some());
                assert!(reading.environments.len() <= 2);
            }
        }
    }
}
