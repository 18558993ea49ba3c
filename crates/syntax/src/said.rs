//! Texts that tools' files say, with their places, and the files that they name.
//!
//! Tools template their files before they read them. A text with a template in it says nothing before that.
use crate::node::{Entry, Kind, Node};
use strata_core::{
    diagnostic::{self, Diagnostic},
    span::{Location, Span},
    tree::{Tree, TreeFile, join},
};

/// A text and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub at: Location,
}

impl Said {
    /// The text of a scalar that is not null.
    pub fn of(node: &Node) -> Option<Self> {
        let text = node.as_str().filter(|_| !node.is_null())?;
        Some(Self {
            text: text.to_owned(),
            at: node.location(),
        })
    }
    /// The text under a key of a map.
    pub fn under(node: &Node, key: &str) -> Option<Self> {
        Self::of(node.get(key)?)
    }
    /// A key of a map.
    pub fn key(entry: &Entry) -> Self {
        Self {
            text: entry.key.clone(),
            at: place(entry),
        }
    }
    /// Does it say all of it: no template, no substitution, not encrypted?
    pub fn is_literal(&self) -> bool {
        is_literal(&self.text)
    }
}

/// Does a text say all of it: no template (`{{`, `{%`), no substitution (`${`, `$(`), not encrypted?
pub fn is_literal(text: &str) -> bool {
    !["{{", "{%", "${", "$(", "ENC[", "\n"]
        .iter()
        .any(|mark| text.contains(mark))
}

/// Where the key of an entry stands.
pub fn place(entry: &Entry) -> Location {
    Location::new(entry.value.origin.clone(), entry.key_span)
}

/// The items of a list, none when it is missing or no list.
pub fn items(node: Option<&Node>) -> &[Node] {
    node.and_then(Node::as_list).unwrap_or_default()
}

/// The entries of a map, none when it is missing or no map.
pub fn entries(node: Option<&Node>) -> &[Entry] {
    node.and_then(Node::as_map).map_or(&[], |map| &map.entries)
}

/// A text, or every text of a list.
pub fn texts(node: Option<&Node>) -> Vec<Said> {
    match node.map(|n| &n.kind) {
        Some(Kind::List(items)) => items.iter().filter_map(Said::of).collect(),
        _ => node.and_then(Said::of).into_iter().collect(),
    }
}

/// The place of a part of a scalar's text: exact on one line without escapes, else the scalar's.
pub(crate) fn part(node: &Node, start: usize, end: usize) -> Location {
    let (Some(text), width) = (node.as_str(), node.span.end - node.span.start) else {
        return node.location();
    };
    let quotes = match width as usize - text.len().min(width as usize) {
        0 if text.len() == width as usize => 0,
        2 => 1,
        _ => return node.location(),
    };
    let span = Span::new(start as u32, end as u32).offset(node.span.start + quotes);
    Location::new(node.origin.clone(), span)
}

/// The folder that a file lies in.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The name of a file without its folder.
pub fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// A path in a folder.
pub fn within(folder: &str, name: &str) -> String {
    if folder.is_empty() || folder == "." {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// Is there a file at a path, or any file below it?
pub fn exists(tree: &dyn Tree, path: &str) -> bool {
    path.is_empty() || tree.file(path).is_some() || !tree.below(path).is_empty()
}

/// Files of a folder itself, with their names.
pub fn direct<'a>(tree: &'a dyn Tree, folder: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let skip = if folder.is_empty() || folder == "." {
        0
    } else {
        folder.len() + 1
    };
    tree.below(folder).iter().filter_map(move |f| {
        let path = f.path.as_ref();
        let name = path.get(skip..)?;
        (!name.contains('/')).then_some((path, name))
    })
}

/// Has a file the name of a YAML file?
pub fn is_yaml(file: &TreeFile) -> bool {
    file.path.ends_with(".yaml") || file.path.ends_with(".yml")
}

/// What a path that is not there may have meant: the closest name in the deepest of its folders that exists, written
/// as `written` was.
pub fn near(tree: &dyn Tree, path: &str, written: &str) -> Option<String> {
    let mut folder = parent(path);
    let mut rest = name(path);
    while !exists(tree, folder) {
        rest = &path[parent(folder).len() + usize::from(folder.contains('/'))..];
        folder = parent(folder);
    }
    let (slip, below) = rest.split_once('/').unwrap_or((rest, ""));
    let skip = if folder.is_empty() {
        0
    } else {
        folder.len() + 1
    };
    let mut names: Vec<&str> = tree
        .below(folder)
        .iter()
        .filter_map(|f| f.path.get(skip..)?.split('/').next())
        .collect();
    names.dedup();
    let other = diagnostic::nearest(slip, names)?;
    // the way it was written, with the slip put right
    let trimmed = written.trim_end_matches('/');
    let head = trimmed.strip_suffix(rest)?;
    let fixed = match below {
        "" => format!("{head}{other}"),
        below => format!("{head}{other}/{below}"),
    };
    let there = within(folder, other);
    let whole = match below {
        "" => there,
        below => format!("{there}/{below}"),
    };
    exists(tree, &whole).then(|| format!("did you mean `{fixed}`?"))
}

/// A path as it is written in a folder; `None` when it leaves the root or is not literal.
pub(crate) fn resolve(folder: &str, written: &str) -> Option<String> {
    join(folder, written).filter(|_| is_literal(written))
}

/// A file that a reader cannot read though the tool may: what it says is unknown.
pub(crate) fn unreadable(code: &str, path: &str) -> Diagnostic {
    Diagnostic::warning(
        code,
        "this file could not be read; what it declares is unknown",
    )
    .at(Location::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::tree::MemoryTree;

    #[test]
    fn a_path_with_a_slip_is_put_right_as_it_was_written() {
        let tree = MemoryTree::new([("apps/base/podinfo/release.yaml", ""), ("infra/x.yaml", "")]);
        for (path, written, fixed) in [
            (
                "apps/base/podinf/release.yaml",
                "../base/podinf/release.yaml",
                Some("../base/podinfo/release.yaml"),
            ),
            ("aps/base", "./aps/base/", Some("./apps/base")),
            ("apps/bse", "bse", Some("base")),
            ("nothing/like/it", "nothing/like/it", None),
        ] {
            let fixed = fixed.map(|f| format!("did you mean `{f}`?"));
            assert_eq!(near(&tree, path, written), fixed, "{path}");
        }
    }
}
