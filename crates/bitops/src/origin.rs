//! Whose word a value of a merged file is: the layers of the file are read again, the highest one that says it counts.
//!
//! It follows the rules of [`crate::merge`]: maps deeply, variable files by attribute, parameters of CloudFormation by
//! their key. Of a file that only one layer gives there is nothing to find out.
use crate::{first, layout::CONFIG, merge::Piece};
use hcl_edit::structure::Body;
use std::{collections::BTreeMap, sync::Arc};
use strata_core::{tree::Tree, value::Value};
use strata_syntax::{
    node::{Kind, Node},
    yaml,
};

/// A value of a file: its key, with dots, as it is written, and the layer that says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<'a> {
    /// The key.
    pub key: String,
    /// The value as text; of a list or another composed value in one line.
    pub value: String,
    /// Whose word it is.
    pub by: &'a Piece,
    /// Whose words it takes the place of, highest first.
    pub over: Vec<&'a Piece>,
}

/// The highest layer of a YAML file that says a key.
pub fn of_key<'a>(tree: &dyn Tree, pieces: &'a [Piece], key: &[&str]) -> Option<&'a Piece> {
    let says = |piece: &&Piece| {
        let node = node(tree, piece);
        let found = node
            .as_ref()
            .and_then(|n| key.iter().try_fold(n, |n, k| n.get(k)));
        found.is_some()
    };
    pieces.iter().rev().find(says)
}

/// Every value of a file of several layers, sorted by key. None when it is of a kind that is not merged.
pub fn values<'a>(tree: &dyn Tree, pieces: &'a [Piece]) -> Option<Vec<Said<'a>>> {
    let mut out: BTreeMap<String, Said<'a>> = BTreeMap::new();
    for piece in pieces {
        let leaves = leaves(tree, piece)?;
        // a value takes the place of a map, and a map that of a value
        let inside = |above: &str, below: &str| {
            below
                .strip_prefix(above)
                .is_some_and(|rest| rest.starts_with('.'))
        };
        for (key, value) in leaves {
            let mut over = Vec::new();
            out.retain(|known, said| {
                let goes = *known == key || inside(&key, known) || inside(known, &key);
                if goes {
                    over.push(said.by);
                    over.append(&mut said.over);
                }
                !goes
            });
            over.retain(|p| *p != piece);
            let said = Said {
                key: key.clone(),
                value,
                by: piece,
                over,
            };
            out.insert(key, said);
        }
    }
    Some(out.into_values().collect())
}

fn node(tree: &dyn Tree, piece: &Piece) -> Option<Node> {
    let text = tree.text(&piece.path).ok()?;
    let origin: Arc<str> = piece.path.as_str().into();
    let (node, _) = yaml::parse(&origin, &text);
    let mut node = node?;
    if piece.path.ends_with(CONFIG)
        && let Kind::Map(map) = &mut node.kind
    {
        for entry in &mut map.entries {
            entry.value = first::modern(&entry.key, &entry.value, &mut Vec::new());
        }
    }
    Some(node)
}

fn leaves(tree: &dyn Tree, piece: &Piece) -> Option<Vec<(String, String)>> {
    let name = piece.path.rsplit('/').next().unwrap_or_default();
    let text = || tree.text(&piece.path).ok();
    let mut out = Vec::new();
    if name.ends_with(".tfvars") {
        let body: Body = text()?.parse().ok()?;
        for attribute in body.attributes() {
            let value = attribute.value.to_string().trim().to_owned();
            out.push((attribute.key.as_str().to_owned(), value));
        }
    } else if name.ends_with(".json") {
        let json: serde_json::Value = serde_json::from_str(&text()?).ok()?;
        match Value::from_json(json) {
            Value::List(items) => {
                for item in items {
                    let Value::Map(parameter) = &item else {
                        return None;
                    };
                    let text = |key: &str| parameter.get(key).and_then(Value::as_str);
                    let key = text("ParameterKey")?.to_owned();
                    let value = text("ParameterValue")
                        .map_or_else(|| item.to_json().to_string(), str::to_owned);
                    out.push((key, value));
                }
            }
            value => value_leaves("", &value, &mut out),
        }
    } else if name.ends_with(".yaml") || name.ends_with(".yml") {
        value_leaves("", &node(tree, piece)?.to_value(), &mut out);
    } else {
        return None;
    }
    Some(out)
}

fn value_leaves(above: &str, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Map(map) if !map.is_empty() || above.is_empty() => {
            for (key, value) in map {
                let key = if above.is_empty() {
                    key.clone()
                } else {
                    format!("{above}.{key}")
                };
                value_leaves(&key, value, out);
            }
        }
        value => out.push((above.to_owned(), value.to_json().to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::tree::MemoryTree;

    fn pieces(paths: &[&str]) -> Vec<Piece> {
        let piece = |path: &&str| Piece {
            layer: path.split('/').next().unwrap_or_default().to_owned(),
            path: (*path).to_owned(),
        };
        paths.iter().map(piece).collect()
    }

    fn said(tree: &MemoryTree, paths: &[&str]) -> Vec<String> {
        let pieces = pieces(paths);
        let all = values(tree, &pieces).expect("a kind that is merged");
        all.iter()
            .map(|s| {
                let over: Vec<&str> = s.over.iter().map(|p| p.layer.as_str()).collect();
                format!("{}={} {} over {over:?}", s.key, s.value, s.by.layer)
            })
            .collect()
    }

    #[test]
    fn the_highest_layer_that_says_a_key_counts() {
        let tree = MemoryTree::new([
            (
                "a/v.yaml",
                "image: {tag: '1', name: web}\nports: [1]\nall: {x: 1}\n",
            ),
            ("b/v.yaml", "image: {tag: '2'}\nports: [2]\nall: none\n"),
        ]);
        let expected = [
            "all=\"none\" b over [\"a\"]",
            "image.name=\"web\" a over []",
            "image.tag=\"2\" b over [\"a\"]",
            "ports=[2] b over [\"a\"]",
        ];
        assert_eq!(said(&tree, &["a/v.yaml", "b/v.yaml"]), expected);
    }

    #[test]
    fn variables_and_parameters_are_told_by_their_names() {
        let tree = MemoryTree::new([
            ("a/x.tfvars", "a = 1\nb = \"x\"\n"),
            ("b/x.tfvars", "a = 2\n"),
            (
                "a/p.json",
                r#"[{"ParameterKey": "A", "ParameterValue": "1"}]"#,
            ),
            (
                "b/p.json",
                r#"[{"ParameterKey": "A", "ParameterValue": "2"}]"#,
            ),
        ]);
        assert_eq!(
            said(&tree, &["a/x.tfvars", "b/x.tfvars"]),
            ["a=2 b over [\"a\"]", "b=\"x\" a over []"]
        );
        assert_eq!(
            said(&tree, &["a/p.json", "b/p.json"]),
            ["A=2 b over [\"a\"]"]
        );
        assert!(values(&tree, &pieces(&["a/main.tf"])).is_none());
    }
}
