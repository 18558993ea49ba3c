//! The rules by kind of file. What is expected follows from BitOps' page on mergers and from what each tool does.
use super::*;
use strata_core::tree::MemoryTree;

fn layer(name: &str, foreign: bool, files: &[(&str, &str)]) -> Layer {
    Layer {
        name: name.to_owned(),
        tree: Arc::new(MemoryTree::new(files.iter().copied())),
        folder: String::new(),
        foreign,
    }
}

/// An environment over its defaults.
fn over(lower: &[(&str, &str)], upper: &[(&str, &str)]) -> Composed {
    compose(&[layer("_default", false, lower), layer("dev", false, upper)])
        .expect("files in memory")
}

/// The layers of a file, lowest first.
fn layers<'a>(c: &'a Composed, path: &str) -> Vec<&'a str> {
    let origin = &c.files[path].origin;
    origin.iter().map(|p| p.layer.as_str()).collect()
}

fn text(c: &Composed, path: &str) -> String {
    let file = c
        .files
        .get(path)
        .unwrap_or_else(|| panic!("no {path} in {:?}", c.files.keys()));
    String::from_utf8(file.bytes.to_vec()).expect("text")
}

#[test]
fn what_only_one_layer_has_is_taken_and_leftovers_are_not() {
    let c = over(
        &[
            ("terraform/a.tf", "# a\n"),
            ("terraform/terraform.tfstate", "{}"),
            ("ansible/ENV_FILE", "x"),
        ],
        &[("terraform/b.tf", "# b\n"), ("terraform/.terraform/x", "x")],
    );
    assert_eq!(
        c.files.keys().collect::<Vec<_>>(),
        ["terraform/a.tf", "terraform/b.tf"]
    );
    assert_eq!(layers(&c, "terraform/a.tf"), ["_default"]);
    assert!(c.conflicts.is_empty() && c.replaced.is_empty());
}

#[test]
fn both_files_of_terraform_stay_under_two_names() {
    let c = over(
        &[("terraform/main.tf", "resource \"a\" \"x\" {}\n")],
        &[("terraform/main.tf", "resource \"a\" \"y\" {}\n")],
    );
    assert_eq!(text(&c, "terraform/main.tf"), "resource \"a\" \"x\" {}\n");
    assert_eq!(
        text(&c, "terraform/main.tf.dev.tf"),
        "resource \"a\" \"y\" {}\n"
    );
    assert!(c.conflicts.is_empty());
}

#[test]
fn no_file_of_terraform_takes_the_place_of_another() {
    let c = over(
        &[("main.tf", "# 1\n"), ("main.tf.dev.tf", "# 2\n")],
        &[("main.tf", "# 3\n")],
    );
    let mut texts: Vec<String> = c.files.keys().map(|p| text(&c, p)).collect();
    texts.sort();
    assert_eq!(texts, ["# 1\n", "# 2\n", "# 3\n"]);
    // what overrides goes on doing so
    let c = over(&[("a_override.tf", "# 1\n")], &[("a_override.tf", "# 2\n")]);
    assert!(
        c.files.keys().all(|p| is_override(p)),
        "{:?}",
        c.files.keys()
    );
}

#[test]
fn blocks_of_one_address_in_two_layers_do_not_fit() {
    let block = "variable \"region\" {}\n";
    let c = over(
        &[("terraform/main.tf", block)],
        &[("terraform/vars.tf", block)],
    );
    let [conflict] = c.conflicts.as_slice() else {
        panic!("one conflict: {:?}", c.conflicts)
    };
    assert_eq!(conflict.layers, ("_default".to_owned(), "dev".to_owned()));
    assert_eq!(
        conflict.why,
        "`variable \"region\"` stands in `terraform/main.tf` too"
    );
    // in two folders, or the very same file, it is nothing
    assert!(
        over(&[("a/main.tf", block)], &[("b/main.tf", block)])
            .conflicts
            .is_empty()
    );
    assert!(
        over(&[("a/main.tf", block)], &[("a/main.tf", block)])
            .conflicts
            .is_empty()
    );
}

#[test]
fn maps_are_merged_deeply_lists_are_replaced() {
    let c = over(
        &[(
            "helm/web/values.yaml",
            "image: {tag: '1.10', name: web}\nports: [1, 2]\n",
        )],
        &[(
            "helm/web/values.yaml",
            "image:\n  tag: '1.20'\nports: [3]\n",
        )],
    );
    let file = "image:\n  name: web\n  tag: \"1.20\"\nports:\n  - 3\n";
    assert_eq!(text(&c, "helm/web/values.yaml"), file);
    assert_eq!(layers(&c, "helm/web/values.yaml"), ["_default", "dev"]);
}

#[test]
fn old_keys_are_put_in_new_words_before_two_layers_are_one() {
    let c = over(
        &[(
            "terraform/bitops.config.yaml",
            "terraform: {options: {command: plan, workspace: a}}\n",
        )],
        &[(
            "terraform/bitops.config.yaml",
            "terraform: {cli: {stack-action: apply}}\n",
        )],
    );
    let merged = text(&c, "terraform/bitops.config.yaml");
    assert!(
        merged.contains("stack-action: apply") && merged.contains("workspace: a"),
        "{merged}"
    );
    assert!(!merged.contains("command"), "{merged}");
}

#[test]
fn playbooks_templates_and_scripts_are_replaced() {
    let template = "AWSTemplateFormatVersion: '2010-09-09'\nA: 1\n";
    for (path, lower, upper) in [
        ("ansible/playbook.yaml", "- hosts: a\n", "- hosts: b\n"),
        (
            "cloudformation/template.yaml",
            template,
            "AWSTemplateFormatVersion: '2010-09-09'\nB: 2\n",
        ),
        ("cloudformation/other.yaml", "A: !Ref x\n", "B: !Ref y\n"),
        ("terraform/up.sh", "echo 1\n", "echo 2\n"),
        ("ansible/two.yaml", "a: 1\n---\nb: 1\n", "a: 2\n"),
    ] {
        let c = over(&[(path, lower)], &[(path, upper)]);
        assert_eq!(text(&c, path), upper);
        assert_eq!(
            c.replaced,
            [(path.to_owned(), "_default".to_owned(), "dev".to_owned())]
        );
    }
}

#[test]
fn variable_files_are_merged_by_attribute() {
    let c = over(
        &[("terraform/x.tfvars", "a = 1\nb = {\n  c = 2\n}\n")],
        &[("terraform/x.tfvars", "b = 3\nd = 4\n")],
    );
    let merged = text(&c, "terraform/x.tfvars");
    let attributes: hcl_edit::structure::Body = merged.parse().expect("a variable file");
    let names: Vec<&str> = attributes.attributes().map(|a| a.key.as_str()).collect();
    assert_eq!(names, ["a", "b", "d"], "{merged}");
    assert!(!merged.contains("c ="), "{merged}");
}

#[test]
fn parameters_are_merged_by_their_key_and_objects_deeply() {
    let parameter =
        |k: &str, v: &str| format!(r#"{{"ParameterKey": "{k}", "ParameterValue": "{v}"}}"#);
    let lower = format!("[{}, {}]", parameter("A", "1"), parameter("B", "1"));
    let upper = format!("[{}, {}]", parameter("B", "2"), parameter("C", "2"));
    let c = over(&[("c/p.json", &lower)], &[("c/p.json", &upper)]);
    let merged: Vec<BTreeMap<String, String>> =
        serde_json::from_str(&text(&c, "c/p.json")).expect("JSON");
    let pairs: Vec<(&str, &str)> = merged
        .iter()
        .map(|m| (&*m["ParameterKey"], &*m["ParameterValue"]))
        .collect();
    assert_eq!(pairs, [("A", "1"), ("B", "2"), ("C", "2")]);
    let c = over(
        &[("c/o.json", r#"{"a": {"b": 1, "c": 1}}"#)],
        &[("c/o.json", r#"{"a": {"c": 2}}"#)],
    );
    let merged: serde_json::Value = serde_json::from_str(&text(&c, "c/o.json")).expect("JSON");
    assert_eq!(merged, serde_json::json!({"a": {"b": 1, "c": 2}}));
}

#[test]
fn locks_are_united_unless_they_contradict() {
    let lock = |name: &str, version: &str| {
        format!("provider \"{name}\" {{\n  version = \"{version}\"\n}}\n")
    };
    let path = "terraform/.terraform.lock.hcl";
    let c = over(
        &[(path, &lock("x/a", "1.0"))],
        &[(path, &lock("x/b", "2.0"))],
    );
    assert!(c.conflicts.is_empty());
    assert!(text(&c, path).contains("x/a") && text(&c, path).contains("x/b"));
    let c = over(
        &[(path, &lock("x/a", "1.0"))],
        &[(path, &lock("x/a", "2.0"))],
    );
    assert_eq!(
        c.conflicts[0].why,
        "the provider x/a is locked at 1.0 and at 2.0"
    );
}

#[test]
fn two_other_repos_must_not_bring_one_file_unless_the_consumer_has_it_too() {
    let playbook = |hosts: &str| format!("- hosts: {hosts}\n");
    let path = "ansible/playbook.yaml";
    let (a, b, own) = (playbook("a"), playbook("b"), playbook("own"));
    let strangers = [
        layer("one", true, &[(path, &a)]),
        layer("two", true, &[(path, &b)]),
    ];
    let c = compose(&strangers).expect("files in memory");
    assert_eq!(c.conflicts.len(), 1);
    assert_eq!(c.conflicts[0].layers, ("one".to_owned(), "two".to_owned()));
    let with_own = [&strangers[..], &[layer("dev", false, &[(path, &own)])]].concat();
    let c = compose(&with_own).expect("files in memory");
    assert!(c.conflicts.is_empty());
    assert_eq!(text(&c, path), own);
}
