//! Values of environments that nothing reads.
use crate::{compose::Composition, decode::Problems, field::Field};
use std::collections::HashSet;
use strata_core::diagnostic::{Diagnostic, nearest, suggest};
use strata_syntax::{
    expr::each_field_of,
    node::{Map, Node},
};

/// Names that are read.
#[derive(Default)]
struct Used {
    names: HashSet<String>,
    /// Somebody reads them all, or one that only a run tells.
    all: bool,
}

/// Warns of values that no expression in any file uses.
pub fn check(c: &Composition, problems: &mut Problems) {
    // policies see all of them, and what could not be read may use any
    let unread = c.loaded.environments.values().any(|e| e.unreadable);
    if !c.loaded.tree.below("policy").is_empty() || unread || !c.broken.is_empty() {
        return;
    }
    let mut used = Used::default();
    for v in &c.variants {
        let component = &v.component;
        let fields = component.late_fields().map(|(_, f)| f);
        let promised = component.provides.values().flat_map(|(_, f)| f.values());
        let own = component.instances.iter().chain(&component.enabled);
        fields
            .chain(promised)
            .chain(own)
            .for_each(|f| used.field(f));
    }
    let platform = &c.loaded.platform;
    let layers = platform.layers.iter().filter_map(|l| l.instances.as_ref());
    layers.chain(&platform.backend).for_each(|n| used.node(n));
    let files = || c.loaded.environments.values();
    let values = || files().filter_map(|f| f.node.as_ref()?.get("values"));
    values().for_each(|n| used.node(n));
    for wish in files().flat_map(|f| &f.imports) {
        wish.values.iter().for_each(|n| used.node(n));
    }
    if used.all {
        return;
    }
    // a name that is used and nowhere said is an error where it stands, and says what was meant
    let defined: HashSet<&str> = values()
        .flat_map(|n| n.as_map().into_iter().flat_map(Map::keys))
        .collect();
    let lost = used
        .names
        .iter()
        .map(String::as_str)
        .filter(|n| !defined.contains(n));
    let meant: HashSet<&str> = lost
        .filter_map(|n| {
            let minuend = n.match_indices('-').map(|(i, _)| &n[..i]);
            let mut minuend = minuend.filter_map(|m| defined.get(m).copied());
            minuend
                .next()
                .or_else(|| nearest(n, defined.iter().copied()))
        })
        .collect();
    for node in values() {
        for name in node.as_map().into_iter().flat_map(Map::keys) {
            let read = used.names.contains(name) || meant.contains(name);
            if read || node.get(name).is_some_and(Node::is_null) {
                continue;
            }
            problems.push(
                Diagnostic::warning("value::unused", format!("nothing uses the value `{name}`"))
                    .at_opt(node.key_location(name))
                    .help(
                        suggest(name, used.names.iter().map(String::as_str)).map_or_else(
                            || {
                                format!(
                                    "take it away, or write `${{{{ values.{name} }}}}` where it is meant"
                                )
                            },
                            |s| format!("{s} Otherwise take it away"),
                        ),
                    ),
            );
        }
    }
}

impl Used {
    fn field(&mut self, field: &Field) {
        field.each_template(&mut |t| {
            each_field_of(t, "values", &mut |name| match name {
                Some(name) if self.names.contains(name) => {}
                Some(name) => drop(self.names.insert(name.to_owned())),
                None => self.all = true,
            });
        });
    }
    fn node(&mut self, node: &Node) {
        self.field(&Field::parse(node, &mut Vec::new()));
    }
}
