//! Reads fields of a YAML map against a closed list of keys. Nothing is thrown: problems are gathered.
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    span::Location,
};
use strata_syntax::node::{Kind, Map, Node};

pub use strata_core::duration::duration;

/// The fields of one map.
pub struct Fields<'a> {
    map: Option<&'a Map>,
    what: &'a str,
}

/// Where problems go.
pub type Problems = Vec<Diagnostic>;

impl<'a> Fields<'a> {
    /// Of a node that must be a map with no other keys than these. A missing or null node has no fields.
    pub fn of(
        node: Option<&'a Node>,
        what: &'a str,
        keys: &[&str],
        problems: &mut Problems,
    ) -> Self {
        let Some(node) = node.filter(|n| !n.is_null()) else {
            return Self { map: None, what };
        };
        let Kind::Map(map) = &node.kind else {
            let known = format!("its keys are: {}", keys.join(", "));
            let problem = expected(node, what, "a map of keys and values");
            problems.push(if keys.len() > 8 {
                problem
            } else {
                problem.help(known)
            });
            return Self { map: None, what };
        };
        for entry in &map.entries {
            if !keys.contains(&entry.key.as_str()) {
                problems.push(
                    Diagnostic::error(
                        "file::unknown-key",
                        format!("{what} has no key `{}`", entry.key),
                    )
                    .at(Location::new(entry.value.origin.clone(), entry.key_span))
                    .help(
                        suggest(&entry.key, keys.iter().copied())
                            .unwrap_or_else(|| format!("its keys are: {}", keys.join(", "))),
                    ),
                );
            }
        }
        Self {
            map: Some(map),
            what,
        }
    }
    /// A field that is there and not null.
    pub fn get(&self, key: &str) -> Option<&'a Node> {
        self.map.and_then(|m| m.get(key)).filter(|n| !n.is_null())
    }
    /// A text.
    pub fn text(&self, key: &str, problems: &mut Problems) -> Option<String> {
        let node = self.get(key)?;
        self.literal(key, node, "a text", problems)
    }
    /// A text without an expression in it.
    fn literal(
        &self,
        key: &str,
        node: &Node,
        want: &str,
        problems: &mut Problems,
    ) -> Option<String> {
        let text = text(node);
        let what = || format!("`{key}` of {}", self.what);
        match &text {
            None => problems.push(expected(node, &what(), want)),
            Some(text) if text.contains("${{") => {
                let message = format!("no expression can stand in {}", what());
                problems.push(
                    Diagnostic::error("expression::not-here", message)
                        .at(node.location())
                        .help("write the value itself"),
                );
                return None;
            }
            Some(_) => {}
        }
        text
    }
    /// True or false.
    pub fn flag(&self, key: &str, problems: &mut Problems) -> Option<bool> {
        let node = self.get(key)?;
        match text(node).as_deref() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => {
                problems.push(expected(
                    node,
                    &format!("`{key}` of {}", self.what),
                    "`true` or `false`",
                ));
                None
            }
        }
    }
    /// A list of texts; a single text is a list of one.
    pub fn texts(&self, key: &str, problems: &mut Problems) -> Option<Vec<(String, Location)>> {
        let node = self.get(key)?;
        let mut out = Vec::new();
        match &node.kind {
            Kind::List(items) => {
                for item in items {
                    let text = self.literal(key, item, "a text", problems);
                    out.extend(text.map(|t| (t, item.location())));
                }
            }
            _ => {
                let text = self.literal(key, node, "a list of texts", problems);
                out.extend(text.map(|t| (t, node.location())));
            }
        }
        Some(out)
    }
    /// The entries of a map.
    pub fn entries(
        &self,
        key: &str,
        problems: &mut Problems,
    ) -> Vec<(&'a str, Location, &'a Node)> {
        let Some(node) = self.get(key) else {
            return Vec::new();
        };
        entries(node, &format!("`{key}` of {}", self.what), problems)
    }
    /// The items of a list.
    pub fn items(&self, key: &str, problems: &mut Problems) -> &'a [Node] {
        let Some(node) = self.get(key) else {
            return &[];
        };
        if let Kind::List(items) = &node.kind {
            items
        } else {
            problems.push(expected(
                node,
                &format!("`{key}` of {}", self.what),
                "a list",
            ));
            &[]
        }
    }
}

/// The entries of a node that must be a map.
pub fn entries<'a>(
    node: &'a Node,
    what: &str,
    problems: &mut Problems,
) -> Vec<(&'a str, Location, &'a Node)> {
    match &node.kind {
        Kind::Map(map) => map
            .entries
            .iter()
            .map(|e| {
                (
                    e.key.as_str(),
                    Location::new(e.value.origin.clone(), e.key_span),
                    &e.value,
                )
            })
            .collect(),
        _ if node.is_null() => Vec::new(),
        _ => {
            problems.push(expected(node, what, "a map of keys and values"));
            Vec::new()
        }
    }
}

/// The text of a scalar as it is written, whatever YAML would make of it (`1.10`, `no`).
pub fn text(node: &Node) -> Option<String> {
    if node.is_null() {
        None
    } else {
        node.as_str().map(str::to_owned)
    }
}

/// "X must be Y", at its place.
pub fn expected(node: &Node, what: &str, want: &str) -> Diagnostic {
    Diagnostic::error("file::wrong-kind", format!("{what} must be {want}")).at(node.location())
}
