use super::*;
use std::sync::Arc;
use strata_core::{need::Variable, tree::MemoryTree};

fn demand(ways: &[&[&str]], elsewhere: &[&str]) -> Demand {
    let ways: Vec<Vec<String>> = ways
        .iter()
        .map(|w| w.iter().map(|k| (*k).to_owned()).collect())
        .collect();
    let variables = ways.iter().flatten();
    Demand {
        need: Need {
            by: "provider".into(),
            variables: variables
                .map(|k| (k.clone(), Variable::default()))
                .collect(),
            ways,
            elsewhere: elsewhere.iter().map(|e| (*e).to_owned()).collect(),
            source: String::new(),
        },
        used: BTreeSet::new(),
        remote: BTreeSet::new(),
    }
}

fn table(demand: Demand) -> Table {
    let ways = demand.need.ways.len();
    let count = |k: &str| {
        demand
            .need
            .ways
            .iter()
            .filter(|w| w.iter().any(|x| x == k))
            .count()
    };
    let rows = demand.need.variables.keys().map(|key| Row {
        id: RowKey {
            category: Category::Env,
            key: key.clone(),
            of: None,
        },
        sensitive: false,
        description: String::new(),
        required: if count(key) == ways {
            Required::Yes
        } else {
            Required::OneOf
        },
        used: BTreeSet::new(),
        demands: vec![0],
        sources: BTreeSet::new(),
    });
    Table {
        rows: rows.collect(),
        demands: vec![demand],
        ..Table::default()
    }
}

struct Here<'a> {
    set: &'a [&'a str],
}

impl World for Here<'_> {
    fn is_set(&self, key: &str) -> bool {
        self.set.contains(&key)
    }
    fn has_file(&self, path: &str) -> bool {
        path == "there"
    }
}

fn said(table: &Table, set: &[&str]) -> Vec<String> {
    let here = Here { set };
    let judged = judge(table, &here);
    let line = |(row, j): (&Row, &Judged)| {
        let missing = if j.missing { " !" } else { "" };
        format!("{} {}{missing}", row.id.key, j.state.said())
    };
    table.rows.iter().zip(&judged).map(line).collect()
}

#[test]
fn one_way_serves_for_all() {
    let t = table(demand(&[&["TOKEN"], &["KEY", "MAIL"]], &[]));
    assert_eq!(
        said(&t, &["TOKEN"]),
        [
            "KEY satisfied by TOKEN",
            "MAIL satisfied by TOKEN",
            "TOKEN set, passed on"
        ]
    );
    let both = said(&t, &["KEY", "MAIL"]);
    assert_eq!(both[2], "TOKEN satisfied by KEY and MAIL");
    assert_eq!(
        said(&t, &[]),
        ["KEY not set !", "MAIL not set !", "TOKEN not set !"]
    );
    // who has begun one way is told what it lacks, and nothing else
    assert_eq!(
        said(&t, &["KEY"]),
        ["KEY set, passed on", "MAIL not set !", "TOKEN not set"]
    );
}

#[test]
fn another_way_than_variables_may_serve_unless_one_was_begun() {
    let t = table(demand(&[&["ID", "SECRET"]], &["login"]));
    assert_eq!(said(&t, &[]), ["ID not set", "SECRET not set"]);
    assert_eq!(said(&t, &["ID"]), ["ID set, passed on", "SECRET not set !"]);
}

fn composed(files: &[(&str, &str)], envs: &[&str]) -> Table {
    let tree = Arc::new(MemoryTree::new(files.iter().copied()));
    let (c, _) = crate::read(tree, &[]);
    let envs: Vec<String> = envs.iter().map(|e| (*e).to_owned()).collect();
    gather(&c, &envs)
}

#[test]
fn what_strata_yaml_passes_on_and_settings_are_listed() {
    let t = composed(
        &[
            (
                "strata.yaml",
                "platform: p\nid: p\nlayers: [a]\npassthrough: [MY_TOKEN, EDITOR]\n",
            ),
            ("environments/dev.yaml", "values: {}\n"),
        ],
        &["dev"],
    );
    let rows: Vec<(&str, &str, bool)> = t
        .rows
        .iter()
        .map(|r| (r.id.category.word(), r.id.key.as_str(), r.sensitive))
        .collect();
    assert_eq!(
        rows,
        [
            ("passthrough", "EDITOR", false),
            ("passthrough", "MY_TOKEN", true),
            ("strata", "STRATA_KEY_FILE", false),
        ]
    );
}
