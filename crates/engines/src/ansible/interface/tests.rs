//! Playbooks and roles as people lay them out.
use super::*;
use strata_core::{tree::MemoryTree, ty::Type};

fn of(files: &[(&str, &str)]) -> Interface {
    let spec = UnitSpec {
        folder: "layers/web/app".into(),
        ..UnitSpec::default()
    };
    let (interface, problems) = read(&MemoryTree::new(files.iter().copied()), &spec);
    assert!(problems.is_empty(), "{problems:?}");
    interface
}

const SPECS: &str = "argument_specs:
  main:
    options:
      port: {type: int, required: true, description: Where it listens.}
      names: {type: list, elements: str, default: [a]}
      token: {no_log: true}
";

#[test]
fn arguments_of_roles_are_inputs_and_close_the_list() {
    let found = of(&[
        (
            "layers/web/app/site.yml",
            "- hosts: web\n  roles: [{role: ../../_roles/service}]\n",
        ),
        ("layers/_roles/service/meta/argument_specs.yml", SPECS),
        ("layers/_roles/service/tasks/main.yml", "[]\n"),
    ]);
    assert_eq!(found.inputs["port"].ty, Type::Number);
    assert!(!found.inputs["port"].optional && found.inputs["names"].optional);
    assert_eq!(found.inputs["names"].ty.to_string(), "list(string)");
    assert!(found.inputs["token"].sensitive);
    assert_eq!(found.reads, ["layers/_roles/service"]);
    assert!(!found.open_inputs, "every role says what it takes");
    assert_eq!(found.facts["playbook"], "site.yml");
}

#[test]
fn variables_of_plays_are_inputs_that_may_be_left_out() {
    let found = of(&[
        (
            "layers/web/app/site.yml",
            "- hosts: web\n  vars: {port: 80, url: 'http://{{ host }}'}\n  tasks:\n    - block:\n        - import_role: {name: ../../_roles/look}\n",
        ),
        ("layers/web/app/group_vars/all.yml", "size: 1.10\n"),
        ("layers/_roles/look/defaults/main.yml", "deep: true\n"),
        ("layers/web/app/ansible.cfg", "[defaults]\n"),
    ]);
    assert_eq!(
        found.inputs.keys().collect::<Vec<_>>(),
        ["deep", "port", "size", "url"]
    );
    assert!(found.inputs.values().all(|i| i.optional) && found.open_inputs);
    assert_eq!(found.inputs["url"].default, None, "a template is no value");
    assert_eq!(
        found.inputs["size"]
            .default
            .as_ref()
            .unwrap()
            .to_json()
            .to_string(),
        "1.10"
    );
    assert!(found.facts.contains_key("config"));
}

#[test]
fn a_playbook_that_is_not_there_is_an_error() {
    let options = std::collections::BTreeMap::from([(
        "destroy".to_owned(),
        strata_core::value::Term::String("rest.yml".into()),
    )]);
    let spec = UnitSpec {
        folder: "app".into(),
        options,
        ..UnitSpec::default()
    };
    let (_, problems) = read(&MemoryTree::new([("app/site.yml", "[]")]), &spec);
    assert_eq!(
        problems[0].message,
        "`ansible.destroy` names `rest.yml`, which `app` does not have"
    );
}
