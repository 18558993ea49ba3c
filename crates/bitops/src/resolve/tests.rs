//! Which value counts, and how it is handed on: from the rules of BitOps' `parser.py`, `schema.py` and `cli.py`.
use super::*;
use crate::schema::{Schema, builtin};
use strata_syntax::yaml;

fn node(text: &str) -> Node {
    yaml::parse(&"bitops.config.yaml".into(), text)
        .0
        .expect("YAML")
}

/// The values of a tool under a configuration and variables, and how many problems there were.
fn of(schema: &Schema, config: &str, variables: &[(&str, &str)]) -> (Values, Vec<Diagnostic>) {
    let settings = Settings {
        variables: variables
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
        only: None,
    };
    let mut problems = Vec::new();
    let at = Location::file("bitops.config.yaml");
    let found = values(schema, Some(&node(config)), &at, &settings, &mut problems);
    (found, problems)
}

#[test]
fn a_variable_beats_the_file_and_the_file_the_default() {
    let terraform = builtin("terraform").expect("a schema");
    let (v, _) = of(&terraform, "{}", &[]);
    assert_eq!(v.text("cli.stack-action").as_deref(), Some("plan"));
    assert_eq!(
        v.get("cli.stack-action").expect("it").origin,
        Origin::Default
    );
    let (v, _) = of(&terraform, "cli: {stack-action: apply}", &[]);
    assert_eq!(v.text("cli.stack-action").as_deref(), Some("apply"));
    let variable = ("BITOPS_TERRAFORM_STACK_ACTION", "destroy");
    let (v, _) = of(&terraform, "cli: {stack-action: apply}", &[variable]);
    assert_eq!(v.text("cli.stack-action").as_deref(), Some("destroy"));
    assert_eq!(
        v.get("cli.stack-action").expect("it").origin,
        Origin::Variable(variable.0.to_owned())
    );
    // an empty variable says nothing
    let (v, _) = of(
        &terraform,
        "cli: {stack-action: apply}",
        &[(variable.0, "")],
    );
    assert_eq!(v.text("cli.stack-action").as_deref(), Some("apply"));
}

#[test]
fn words_of_the_command_line_follow_the_schema() {
    let ansible = builtin("ansible").expect("a schema");
    let (v, problems) = of(
        &ansible,
        "cli: {tags: a b, dryrun: true, forks: 5, force-handlers: false}",
        &[],
    );
    assert!(problems.is_empty());
    // in the schema's order; a key without a parameter is a bare word, a flag that is off is none
    assert_eq!(
        v.words(),
        ["--forks=5", "--tags=a b", "playbook.yaml", "--check"]
    );
    let (v, problems) = of(&ansible, "{}", &[("BITOPS_ANSIBLE_DRYRUN", "maybe")]);
    assert_eq!(
        (v.words(), problems.len()),
        (vec!["playbook.yaml".to_owned()], 1)
    );
}

#[test]
fn each_value_is_exported_twice_and_lists_are_joined() {
    let helm = builtin("helm").expect("a schema");
    let (v, _) = of(&helm, "cli: {namespace: web, set: [a=1, b=2]}", &[]);
    let exports = v.exports();
    assert_eq!(exports["NAMESPACE"], "web");
    assert_eq!(exports["BITOPS_NAMESPACE"], "web");
    assert_eq!(exports["HELM_SET_FLAG"], "a=1 b=2");
    assert_eq!(exports["DEFAULT_DIR_FLAG"], "true");
    assert!(
        !exports.contains_key("HELM_UNINSTALL"),
        "what has no value has no variable"
    );
}

#[test]
fn numbers_and_versions_keep_their_text() {
    let text = "duty: {properties: {cli: {properties: {version: {type: string, parameter: v, default: 1.10}}}}}";
    let schema = Schema::read(&node(text), &mut Vec::new()).expect("a schema");
    assert_eq!(of(&schema, "{}", &[]).0.words(), ["--v=1.10"]);
    assert_eq!(
        of(&schema, "cli: {version: 2.20}", &[]).0.words(),
        ["--v=2.20"]
    );
}

#[test]
fn words_of_schemas_are_no_keys_and_types_are_found_by_their_parts() {
    let text = "duty:\n  properties:\n    cli:\n      properties:\n        default: {type: string}\n        many: {type: List}\n        on: {type: boolean}\n        odd: {type: float}\n";
    let mut problems = Vec::new();
    let schema = Schema::read(&node(text), &mut problems).expect("a schema");
    let kinds: Vec<_> = schema.leaves.iter().map(|l| (l.key(), l.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("cli.many".to_owned(), Kind::List),
            ("cli.on".to_owned(), Kind::Flag)
        ]
    );
    assert_eq!(problems.len(), 2);
}

#[test]
fn nothing_a_user_writes_makes_it_fall_over() {
    for tool in [
        "terraform",
        "ansible",
        "helm",
        "cloudformation",
        "azure",
        "gcp",
    ] {
        let schema = builtin(tool).expect("a schema");
        for config in [
            "cli",
            "[1]",
            "cli: [1]",
            "cli: {targets: {a: 1}}",
            "options: {k8s: [1]}",
            "~",
            "cli: ~",
        ] {
            let _ = of(&schema, config, &[]);
        }
    }
}
