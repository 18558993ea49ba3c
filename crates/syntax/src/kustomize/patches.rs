//! What the patches of a kustomization change, by kind and name, as far as their files say it; and patches of things that
//! are not there.
use super::{KustomizeFacts, Patch, Target, read as read_all};
use crate::{
    kubernetes::{self, Object},
    node::{Node, Origin},
    said::{Said, is_literal, items, resolve},
};
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    span::Location,
    tree::Tree,
};

/// Fields after which nobody can tell the names of resources from their files.
const RENAMING: [&str; 4] = ["replacements", "vars", "transformers", "generators"];

/// The patches of a kustomization that name what they change in full.
pub(super) fn read(tree: &dyn Tree, folder: &str, node: &Node) -> Vec<Patch> {
    let mut out = Vec::new();
    for item in items(node.get("patches")) {
        match item.get("target") {
            Some(target) => out.extend(selected(target)),
            None => patch(tree, folder, item, &mut out),
        }
    }
    for item in items(node.get("patchesJson6902")) {
        out.extend(item.get("target").and_then(selected));
    }
    for item in items(node.get("patchesStrategicMerge")) {
        if let Some(said) = Said::of(item) {
            merged(tree, folder, &said, &mut out);
        }
    }
    // a patch that may change names leaves none of them certain
    let renames = |item: &Node| item.get("options").is_some();
    if items(node.get("patches")).iter().any(renames) {
        out.clear();
    }
    out
}

/// What a selector names: both kind and name are expressions that have to match in full.
fn selected(target: &Node) -> Option<Patch> {
    if ["labelSelector", "annotationSelector"]
        .iter()
        .any(|key| target.get(key).is_some())
    {
        return None;
    }
    let name = Said::under(target, "name").filter(|n| plain(&n.text))?;
    let kind = Said::under(target, "kind");
    if kind.as_ref().is_some_and(|k| !plain(&k.text)) {
        return None;
    }
    Some(Patch {
        kind: kind.map(|k| k.text),
        name: name.text,
        strict: false,
        at: name.at,
    })
}

/// Is it a name, and no expression of several?
fn plain(text: &str) -> bool {
    is_literal(text)
        && !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':'))
}

fn patch(tree: &dyn Tree, folder: &str, item: &Node, out: &mut Vec<Patch>) {
    if let Some(said) = Said::under(item, "path") {
        merged(tree, folder, &said, out);
    } else if let Some(said) = Said::under(item, "patch") {
        inline(&said, out);
    }
}

/// A patch that looks like what it changes: a file, or in line.
fn merged(tree: &dyn Tree, folder: &str, said: &Said, out: &mut Vec<Patch>) {
    if said.text.contains('\n') || said.text.contains(": ") {
        inline(said, out);
        return;
    }
    let path = resolve(folder, &said.text).filter(|p| tree.file(p).is_some());
    let objects = path.and_then(|p| kubernetes::objects(tree, &p));
    let objects = objects.unwrap_or_default();
    out.extend(objects.iter().filter_map(|o| named(o, &said.at)));
}

fn inline(said: &Said, out: &mut Vec<Patch>) {
    let origin: Origin = said.at.file.clone();
    let (documents, problems) = crate::yaml::documents(&origin, &said.text);
    if problems.is_empty() {
        let objects = documents.iter().filter_map(Object::of);
        out.extend(objects.filter_map(|o| named(&o, &said.at)));
    }
}

fn named(object: &Object, at: &Location) -> Option<Patch> {
    Some(Patch {
        kind: Some(object.kind.clone()).filter(|k| plain(k))?.into(),
        name: object.literal_name()?.to_owned(),
        strict: true,
        at: at.clone(),
    })
}

/// Patches of a kustomization that find nothing, where all that it takes in is here.
pub(super) fn lost(tree: &dyn Tree, facts: &KustomizeFacts, out: &mut Vec<Diagnostic>) {
    for k in &facts.kustomizations {
        // what a component changes is in others
        if k.patches.is_empty() || k.component || k.several {
            continue;
        }
        let own;
        let whole = if k.folder == facts.folder {
            facts
        } else {
            own = read_all(tree, &k.folder);
            &own
        };
        if !is_whole(whole) {
            continue;
        }
        for patch in &k.patches {
            if !finds(whole, patch) {
                out.push(problem(whole, patch));
            }
        }
    }
}

/// Is every resource here, under a name that can be told?
fn is_whole(facts: &KustomizeFacts) -> bool {
    let certain = |k: &super::Kustomization| {
        let taken = ["resources", "bases", "components"];
        let mut names = k.names.iter().filter(|n| taken.contains(&n.field));
        let there = names.all(|n| matches!(n.target, Target::File(_) | Target::Kustomization(_)));
        let renamed = |f: &Said| RENAMING.contains(&f.text.as_str());
        there && !k.several && !k.fields.iter().any(renamed)
    };
    let named = |f: &super::Found| f.object.literal_name().is_some();
    !facts.open
        && facts.cycles.is_empty()
        && facts.unread.is_empty()
        && facts.kustomizations.iter().all(certain)
        && facts.objects.iter().all(named)
}

fn finds(facts: &KustomizeFacts, patch: &Patch) -> bool {
    // generated ones have names of their own
    let made = match patch.kind.as_deref() {
        Some("ConfigMap") => &["configMapGenerator"][..],
        Some("Secret") => &["secretGenerator"],
        Some(_) => &[],
        None => &["configMapGenerator", "secretGenerator"],
    };
    let makes = |k: &super::Kustomization| k.fields.iter().any(|f| made.contains(&f.text.as_str()));
    facts.kustomizations.iter().any(makes)
        || facts.objects.iter().any(|found| {
            let kind = patch.kind.as_ref().is_none_or(|k| *k == found.object.kind);
            let name = found.object.literal_name().unwrap_or_default();
            kind && (name == patch.name || (found.renamed && patch.name.contains(name)))
        })
}

fn problem(facts: &KustomizeFacts, patch: &Patch) -> Diagnostic {
    let what = patch.kind.as_deref().unwrap_or("resource");
    let message = format!(
        "this patch changes the {what} `{}`, which the kustomization does not have",
        patch.name
    );
    let fits = |o: &Object| patch.kind.as_ref().is_none_or(|k| *k == o.kind);
    let same = facts.objects.iter().map(|f| &f.object).filter(|o| fits(o));
    let near = suggest(&patch.name, same.filter_map(Object::literal_name));
    let code = "kustomize::patch-target";
    let problem = if patch.strict {
        Diagnostic::error(code, message)
    } else {
        Diagnostic::warning(code, message)
    };
    problem.at(patch.at.clone()).help_opt(near)
}
