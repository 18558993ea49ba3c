//! Where exactly something stands: the key of a value, and what lies inside of one. Looked up in the file again, since
//! it is asked only of what is wrong.
use crate::compose::Composition;
use strata_core::span::Location;
use strata_syntax::{
    kept,
    node::{Kind, Node},
};

/// The key before a value; the value itself where it has none.
pub(super) fn key_of(c: &Composition, value: &Location) -> Location {
    let key = |root: &Node| find(root, &mut |node| node.location() == *value).and_then(|f| f.key);
    looked_up(c, value, key).unwrap_or_else(|| value.clone())
}

/// What lies at a path such as `a.b[2]` inside of a value; the value itself where nothing does.
pub(super) fn inside(c: &Composition, value: &Location, path: &str) -> Location {
    looked_up(c, value, |root| {
        let at = find(root, &mut |node| node.location() == *value)?.node;
        Some(walk(at, path)?.location())
    })
    .unwrap_or_else(|| value.clone())
}

/// The key of a field of the map at a path inside of a value.
pub(super) fn key_inside(c: &Composition, value: &Location, path: &str, key: &str) -> Location {
    looked_up(c, value, |root| {
        let at = find(root, &mut |node| node.location() == *value)?.node;
        walk(at, path)?.key_location(key)
    })
    .unwrap_or_else(|| value.clone())
}

fn looked_up<T>(
    c: &Composition,
    value: &Location,
    look: impl FnOnce(&Node) -> Option<T>,
) -> Option<T> {
    let (root, _) = kept::yaml(c.loaded.tree.as_ref(), &value.file).ok()?;
    look(&root?)
}

/// A node with the place of the key before it.
struct Found<'a> {
    node: &'a Node,
    key: Option<Location>,
}

/// Depth first, as deep as a file is nested.
fn find<'a>(root: &'a Node, wanted: &mut dyn FnMut(&Node) -> bool) -> Option<Found<'a>> {
    if wanted(root) {
        return Some(Found {
            node: root,
            key: None,
        });
    }
    match &root.kind {
        Kind::Scalar(_) => None,
        Kind::List(items) => items.iter().find_map(|item| find(item, wanted)),
        Kind::Map(map) => map.entries.iter().find_map(|entry| {
            let mut found = find(&entry.value, wanted)?;
            if std::ptr::eq(found.node, &raw const entry.value) {
                found.key = root.key_location(&entry.key);
            }
            Some(found)
        }),
    }
}

fn walk<'a>(node: &'a Node, path: &str) -> Option<&'a Node> {
    if path.is_empty() {
        return Some(node);
    }
    if let Some(rest) = path.strip_prefix('[') {
        let (index, rest) = rest.split_once(']')?;
        return walk(node.as_list()?.get(index.parse::<usize>().ok()?)?, rest);
    }
    let path = path.strip_prefix('.').unwrap_or(path);
    node.as_map()?.entries.iter().find_map(|entry| {
        let rest = path.strip_prefix(entry.key.as_str())?;
        let ends = rest.is_empty() || rest.starts_with(['.', '[']);
        ends.then(|| walk(&entry.value, rest)).flatten()
    })
}
