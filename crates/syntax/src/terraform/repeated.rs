//! Blocks that one module has twice, in one file or in two: resources, data, and settings that stand once.
use super::{facts::FileFacts, folder::Twice};
use crate::node::Origin;
use strata_core::span::{Location, Span};

/// A block: what it is, its name, its file, its place.
type Seen<'a> = (&'static str, String, &'a Origin, Span);

/// What these files declare more than once. Files that override others are not among them.
pub(super) fn blocks(files: &[(Origin, FileFacts)]) -> Vec<Twice> {
    let mut seen: Vec<Seen<'_>> = Vec::new();
    for (file, facts) in files {
        for r in &facts.resources {
            let what = if r.ephemeral {
                "ephemeral resource"
            } else {
                "resource"
            };
            seen.push((what, r.address.clone(), file, r.at));
        }
        for d in facts.data.iter().filter(|d| !d.name.is_empty()) {
            seen.push(("data source", format!("{}.{}", d.kind, d.name), file, d.at));
        }
        for (word, at) in &facts.single {
            seen.push(("block", word.clone(), file, *at));
        }
    }
    // what stands first stays first
    seen.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let mut out = Vec::new();
    let mut first = 0;
    for i in 1..seen.len() {
        let (what, name, file, at) = &seen[i];
        if (seen[first].0, &seen[first].1) != (*what, name) {
            first = i;
            continue;
        }
        out.push(Twice {
            what,
            name: name.clone(),
            first: Location::new(seen[first].2.clone(), seen[first].3),
            again: Location::new((*file).clone(), *at),
        });
    }
    out
}
