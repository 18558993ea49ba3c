//! What comes from another repository and would act beyond it: states in a stranger's place, scripts.
use crate::{
    compose::{Composition, Environment, Within, is_mounted},
    decode::Problems,
    scope::identity_task,
};
use std::collections::BTreeMap;
use strata_core::{diagnostic::Diagnostic, value::Term};

/// Adds what an import may not do without being allowed.
pub fn check(c: &Composition, problems: &mut Problems) {
    let mut scripts: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for (i, unit) in c.units.iter().enumerate() {
        let e = c.env(unit);
        let Some(within) = e.within.as_ref().filter(|_| e.is_foreign()) else {
            continue;
        };
        backend(c, i, e, within, problems);
        if !within.hooks && brings_scripts(c, i) {
            let name = unit.address.local();
            scripts.entry(unit.env).or_default().push(name);
        }
    }
    for (env, units) in scripts {
        let Some(within) = &c.envs[env as usize].within else {
            continue;
        };
        let more = match units.len() {
            1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        problems.push(
            Diagnostic::error(
                "import::hooks",
                format!(
                    "`{}` runs scripts of another repository: `{}`{more}",
                    within.shown(),
                    units[0]
                ),
            )
            .at(within.at.clone())
            .help("read them, then write `hooks: allow` in the import, or leave them out with `exclude:`"),
        );
    }
}

/// Does a unit run programs that its repository brings?
pub fn brings_scripts(c: &Composition, unit: usize) -> bool {
    let component = &c.variant(&c.units[unit]).component;
    let command = |f: &crate::field::Field| {
        is_mounted(&f.at.file) && matches!(f.outline(), Term::Map(m) if m.contains_key("command"))
    };
    component.engine == "script"
        || !component.observe.is_empty()
        || component.verify.iter().any(command)
}

/// A root of another repository that says where its state is would write ours there.
fn backend(c: &Composition, i: usize, e: &Environment, within: &Within, problems: &mut Problems) {
    let unit = &c.units[i];
    let v = c.variant(unit);
    let facts = &v.interface.facts;
    let wrong = |what: String| {
        let address = &unit.address;
        Diagnostic::error(
            "import::backend",
            format!("the state of {address} would be where another repository says: {what}"),
        )
        .at(within.at.clone())
        .related(v.component.at.clone(), "the component is here")
        .help(format!(
            "say where it is: `components: {{{}/{}: {{terraform: {{backend: …}}}}}}` in `{}`, or `backend:` in `strata.yaml`",
            within.path, v.component.name, e.name
        ))
    };
    if facts.contains_key("cloud") {
        problems.push(
            wrong("a `cloud` block".to_owned()).help(
                "a `cloud` block cannot be overridden: leave the component out with `exclude:`",
            ),
        );
        return;
    }
    let Some(kind) = facts.get("backend") else {
        return;
    };
    let options = identity_task(c, i).spec.options;
    let ours = match options.get("backend") {
        Some(Term::Map(kinds)) => kinds.get(kind),
        _ => None,
    };
    let Some(Term::Map(ours)) = ours else {
        problems.push(wrong(format!("a `backend \"{kind}\"` block")));
        return;
    };
    // each setting that it makes has to be ours
    let theirs: BTreeMap<String, String> = facts
        .get("backend-settings")
        .and_then(|t| serde_json::from_str(t).ok())
        .unwrap_or_default();
    let open: Vec<&str> = theirs
        .keys()
        .filter(|k| !ours.contains_key(*k))
        .map(String::as_str)
        .collect();
    if !open.is_empty() {
        let list = open.join("`, `");
        problems.push(wrong(format!("`{list}` of its `backend \"{kind}\"` block")));
    }
}
