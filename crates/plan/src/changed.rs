//! Which units a change of files touches, and why: two compositions compared unit by unit, nothing guessed from paths.
use crate::prepare::outline_parts;
use std::collections::BTreeMap;
use strata_core::{digest::Digest, name::Address, tree::rooted};
use strata_ops::{compose::Composition, scope};

/// A unit that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// Its position in the composition of today.
    pub unit: usize,
    /// Files that changed, came or went, and parts of its description.
    pub why: Vec<String>,
}

/// Units of `new` that are not the same in `old`, in order, and units of `old` that are gone.
pub fn touched(old: &Composition, new: &Composition) -> (Vec<Touched>, Vec<Address>) {
    let mut out = Vec::new();
    for (unit, u) in new.units.iter().enumerate() {
        let Some(before) = old.position(&u.address) else {
            let why = vec!["it is new".to_owned()];
            out.push(Touched { unit, why });
            continue;
        };
        let mut why = files(old, before, new, unit);
        let (was, is) = (described(old, before), described(new, unit));
        let differs = |name: &&String| was.get(*name) != is.get(*name);
        why.extend(
            is.keys()
                .chain(was.keys().filter(|k| !is.contains_key(*k)))
                .filter(differs)
                .cloned(),
        );
        if !why.is_empty() {
            out.push(Touched { unit, why });
        }
    }
    let gone = old.units.iter().map(|u| &u.address);
    let gone = gone
        .filter(|a| new.position(a).is_none())
        .cloned()
        .collect();
    (out, gone)
}

/// Files that differ.
fn files(old: &Composition, before: usize, new: &Composition, unit: usize) -> Vec<String> {
    let (was, is) = (
        old.variant(&old.units[before]),
        new.variant(&new.units[unit]),
    );
    if was.closure.digest == is.closure.digest {
        return Vec::new();
    }
    let digests = |c: &Composition, files: &[std::sync::Arc<str>]| {
        let known = files.iter().filter_map(|p| {
            let f = c.loaded.tree.file(p)?;
            Some((rooted(p).1.to_owned(), (f.digest, f.executable)))
        });
        known.collect::<BTreeMap<String, (Digest, bool)>>()
    };
    let (was, is) = (
        digests(old, &was.closure.files),
        digests(new, &is.closure.files),
    );
    let changed = is
        .iter()
        .filter(|(p, d)| was.get(*p) != Some(*d))
        .map(|(p, _)| p.clone());
    let gone = was.keys().filter(|p| !is.contains_key(*p)).cloned();
    changed.chain(gone).collect()
}

/// What the files say of a unit besides its tool's own files, by name.
fn described(c: &Composition, unit: usize) -> BTreeMap<String, Digest> {
    let u = &c.units[unit];
    let component = &c.variant(u).component;
    let mut parts = outline_parts(c, unit);
    parts.remove("files");
    let verify = scope::resolve(c, unit, &scope::NoOutputs).map(|r| r.spec.verify);
    parts.insert("verify".to_owned(), Digest::of_json(&verify.ok()));
    parts.insert("observe".to_owned(), Digest::of_json(&component.observe));
    parts
}
