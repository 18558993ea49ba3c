//! The inventory of a playbook, from `ansible.inventory`.
use std::collections::BTreeMap;
use strata_core::{engine::Task, value::Term};

/// The inventory as Ansible's YAML plugin reads it; `None` when the component names a file or nothing.
pub fn of(task: &Task) -> Option<Term> {
    match task.spec.options.get("inventory") {
        Some(Term::Map(groups)) => Some(Term::Map(
            groups
                .iter()
                .map(|(name, term)| (name.clone(), group(term)))
                .collect(),
        )),
        _ => None,
    }
}

/// Is a pattern the name of a group of the inventory? It may be empty on purpose.
pub fn is_group(task: &Task, pattern: &str) -> bool {
    matches!(task.spec.options.get("inventory"), Some(Term::Map(groups)) if groups.contains_key(pattern))
}

/// A group; a bare list stands for its hosts.
fn group(term: &Term) -> Term {
    match term {
        Term::Map(parts) => Term::Map(
            parts
                .iter()
                .map(|(key, part)| {
                    (
                        key.clone(),
                        if key == "hosts" {
                            hosts(part)
                        } else {
                            part.clone()
                        },
                    )
                })
                .collect(),
        ),
        Term::List(_) => Term::Map(BTreeMap::from([("hosts".to_owned(), hosts(term))])),
        other => other.clone(),
    }
}

/// Hosts by name; a list has names only, a text in the place of variables is an address.
fn hosts(term: &Term) -> Term {
    match term {
        Term::Map(hosts) => Term::Map(
            hosts
                .iter()
                .map(|(name, vars)| (name.clone(), host(vars)))
                .collect(),
        ),
        Term::List(names) => {
            let name = |term: &Term| term.plain()?.scalar_text();
            Term::Map(
                names
                    .iter()
                    .filter_map(name)
                    .map(|name| (name, Term::Map(BTreeMap::new())))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

fn host(vars: &Term) -> Term {
    match vars {
        Term::Map(_) => vars.clone(),
        Term::Null => Term::Map(BTreeMap::new()),
        address => Term::Map(BTreeMap::from([(
            "ansible_host".to_owned(),
            address.clone(),
        )])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::value::Value;

    #[test]
    fn addresses_and_names_become_hosts() {
        let term = |json: &str| Term::from(serde_json::from_str::<Value>(json).unwrap());
        let made = |json: &str| group(&term(json)).plain().unwrap().to_json().to_string();
        assert_eq!(
            made(r#"{"hosts": {"a": "10.0.0.1"}}"#),
            r#"{"hosts":{"a":{"ansible_host":"10.0.0.1"}}}"#
        );
        assert_eq!(made(r#"["a", "b"]"#), r#"{"hosts":{"a":{},"b":{}}}"#);
        let whole = r#"{"hosts":{"a":{"x":1}},"vars":{"ansible_user":"root"}}"#;
        assert_eq!(made(whole), whole);
    }
}
