//! Playbooks and roles as people lay them out.
use super::*;
use strata_core::{tree::MemoryTree, ty::Type};

const SPECS: &str = "argument_specs:
  main:
    options:
      port: {type: int, required: true, description: Where it listens.}
      names: {type: list, elements: str, default: [a]}
      level: {choices: [low, high]}
      users:
        type: list
        elements: dict
        options: {name: {required: true}, groups: {type: list, elements: str}}
      token: {no_log: true}
      raw: {type: raw}
";
const TASKS: &str = "- name: configure
  ansible.builtin.template: {src: app.conf.j2, dest: /etc/app.conf}
- copy: src=motd dest=/etc/motd
- copy: {src: /abs, dest: /x}
- copy: {src: far, dest: /x, remote_src: true}
- template: {src: '{{ item }}.j2', dest: /x}
- include_tasks: install.yml
- ansible.builtin.set_stats: {data: {endpoint: '{{ url }}', fixed: 1}}
- set_stats: {data: {secret: '{{ s }}'}}
  no_log: true
";

fn repo<'a>(more: &[(&'a str, &'a str)]) -> MemoryTree {
    let mut files = std::collections::BTreeMap::from([
        (
            "site.yml",
            "- import_playbook: web.yml\n- ansible.builtin.import_playbook: company.base.setup\n- import_playbook: '{{ x }}.yml'\n",
        ),
        (
            "web.yml",
            "- hosts: web\n  vars: {env: dev}\n  vars_files: [vars/common.yml, ['vars/none.yml', vars/common.yml], 'vars/{{ env }}.yml']\n  vars_prompt: [{name: password, prompt: Password}, {name: user, private: false, default: root}]\n  roles:\n  - common\n  - role: app\n  - geerlingguy.docker\n  handlers:\n  - {name: restart, service: {name: app}}\n",
        ),
        ("vars/common.yml", "domain: example.com\n"),
        ("group_vars/all/main.yml", "size: 1.10\n"),
        ("group_vars/web.yml", "workers: 4\n"),
        (
            "host_vars/web-1.yml",
            "rack: a\nkey: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  61\n",
        ),
        ("roles/common/tasks/main.yml", "- ping:\n"),
        ("roles/common/defaults/main/a.yml", "deep: true\n"),
        ("roles/app/meta/argument_specs.yml", SPECS),
        (
            "roles/app/meta/main.yml",
            "dependencies: [{role: common}]\n",
        ),
        ("roles/app/tasks/main.yml", TASKS),
        (
            "roles/app/tasks/install.yml",
            "- include_tasks: sub/more.yml\n  when: x\n",
        ),
        (
            "roles/app/tasks/sub/more.yml",
            "- include_tasks: ../install.yml\n",
        ),
        ("roles/app/templates/app.conf.j2", ""),
        ("roles/app/files/motd", ""),
    ]);
    files.extend(more.iter().copied());
    MemoryTree::new(files)
}
fn found(tree: &MemoryTree) -> Vec<String> {
    problems(tree, &read(tree, ""))
        .into_iter()
        .map(|p| {
            let at = p.at.clone().unwrap();
            let text = tree.text(&at.file).unwrap();
            let part = &text[at.span.start as usize..at.span.end as usize];
            let code = p.code.trim_start_matches("ansible::");
            let mark = if p.is_error() { "" } else { "?" };
            format!("{code}{mark} {part}: {}", p.help.unwrap_or_default())
        })
        .collect()
}

#[test]
fn a_repository_says_what_it_takes_and_gives() {
    let tree = repo(&[]);
    assert_eq!(recognise(&tree, ""), Some("site.yml"));
    let facts = read(&tree, "");
    let shown: Vec<String> = facts
        .inputs
        .iter()
        .map(|(n, i)| format!("{n}{} {}", if i.sensitive { "*" } else { "" }, i.ty))
        .collect();
    assert_eq!(
        shown,
        [
            "deep unknown",
            "domain unknown",
            "env unknown",
            "key* unknown",
            "level string",
            "names list(string)",
            "password* unknown",
            "port number",
            "rack unknown",
            "raw unknown",
            "size unknown",
            "token* string",
            "user unknown",
            "users list(object({groups = optional(list(string)), name = string}))",
            "workers unknown"
        ]
    );
    assert_eq!(facts.inputs["workers"].default, None, "of some hosts only");
    assert!(facts.inputs["size"].default.is_some());
    assert_eq!(facts.choices["level"].len(), 2);
    let outputs: Vec<String> = facts
        .outputs
        .iter()
        .map(|(n, o)| format!("{n}{}", if o.sensitive { "*" } else { "" }))
        .collect();
    assert_eq!(outputs, ["endpoint", "fixed", "secret*"]);
    assert!(
        facts.open_outputs && !facts.specified,
        "a collection and a role are not here"
    );
    assert!(
        facts.inputs.values().all(|i| i.optional),
        "a computed file may set any"
    );
    assert_eq!(found(&tree), Vec::<String>::new());
}

#[test]
fn what_nothing_sets_must_be_given() {
    let site =
        "- hosts: web\n  vars_prompt: [{name: password}]\n  roles: [{role: app, token: x}]\n";
    let facts = read(&repo(&[("site.yml", site)]), "");
    let wanted = |facts: &AnsibleFacts| -> Vec<String> {
        let inputs = facts.inputs.iter().filter(|(_, i)| !i.optional);
        inputs.map(|(n, _)| n.clone()).collect()
    };
    assert_eq!(wanted(&facts), ["password", "port"]);
    assert_eq!(facts.inputs["port"].ty, Type::Number);
    assert!(!facts.specified, "a role does not say what it takes");
    for (path, text) in [
        ("group_vars/web.yml", "port: 1\npassword: x\n"),
        (
            "inventories/prod/hosts.ini",
            "[web]\nweb-1 port=1 password=x\n",
        ),
        (
            "inventories/prod/group_vars/web.yml",
            "{port: 1, password: 2}\n",
        ),
        ("roles/app/vars/main.yml", "{port: 1, password: 2}\n"),
        (
            "roles/common/tasks/main.yml",
            "- set_fact: {port: 1}\n- {command: x, register: password}\n",
        ),
        (
            "site.yml",
            "- hosts: web\n  vars: {port: 1}\n  roles: [app]\n",
        ),
        (
            "site.yml",
            "- hosts: web\n  tasks:\n  - include_role: {name: app}\n    vars: {port: 1}\n",
        ),
    ] {
        let mut more = vec![("site.yml", site)];
        more.push((path, text));
        assert_eq!(
            wanted(&read(&repo(&more), "")),
            Vec::<String>::new(),
            "{path}"
        );
    }
}

#[test]
fn what_is_named_and_not_there_is_said() {
    for (path, text, expected) in [
        (
            "site.yml",
            "- import_playbook: wbe.yml\n",
            &["missing-file wbe.yml: did you mean `web.yml`?"][..],
        ),
        (
            "site.yml",
            "- hosts: all\n  vars_files: vars/comon.yml\n  tasks: [{include_tasks: t.yml}, {import_tasks: '{{ x }}'}]\n",
            &[
                "missing-file vars/comon.yml: did you mean `vars/common.yml`?",
                "missing-file t.yml: it would usually be `t.yml`",
            ],
        ),
        (
            "site.yml",
            "- hosts: all\n  roles: [comon, other, a.b]\n",
            &["unknown-role? comon: did you mean `common`?"],
        ),
        (
            "roles/app/tasks/main.yml",
            "- template: {src: ap.conf.j2, dest: x}\n- copy: {src: modt, dest: x}\n- include_vars: x.yml\n  when: y\n- block: [{script: run.sh -x}]\n  rescue: [{template: {src: gone.j2}}]\n",
            &[
                "missing-file ap.conf.j2: did you mean `app.conf.j2`?",
                "missing-file? modt: did you mean `motd`?",
                "missing-file? x.yml: it would usually be `roles/app/vars/x.yml`",
                "missing-file? run.sh: it would usually be `roles/app/files/run.sh`",
                "missing-file? gone.j2: it would usually be `roles/app/templates/gone.j2`",
            ],
        ),
        (
            "roles/app/tasks/install.yml",
            "a: b: c\n",
            &["unreadable? : "],
        ),
    ] {
        let tree = repo(&[(path, text)]);
        let shown: Vec<String> = found(&tree)
            .into_iter()
            .map(|f| f.replace("run.sh -x:", "run.sh:"))
            .collect();
        assert_eq!(shown, expected, "{text}");
    }
}
