//! What comes from another repository and would act beyond it: states in a stranger's place, scripts.
use crate::{
    compose::{Composition, Environment, is_mounted},
    decode::Problems,
    imports::{Brought, Origin},
    scope::identity_task,
};
use std::collections::BTreeMap;
use strata_core::{diagnostic::Diagnostic, span::Location, tree::join, value::Term};

/// Adds what an import may not do without being allowed.
pub fn check(c: &Composition, problems: &mut Problems) {
    let mut scripts: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for (i, unit) in c.units.iter().enumerate() {
        let e = c.env(unit);
        let v = c.variant(unit);
        if let Some((origin, pin)) = Origin::foreign(v.origin.as_ref()) {
            let name = called(e, &v.component.name);
            backend(c, i, e, (&origin.at, &name), problems);
            if !origin.hooks && brings_scripts(c, i) {
                let message = format!(
                    "`{name}` runs scripts of another repository: {} at {}",
                    origin.shown(),
                    pin.version
                );
                problems.push(
                    Diagnostic::error("import::hooks", message)
                        .at(origin.at.clone())
                        .help("read them, then write `hooks: allow` beside `source`"),
                );
            }
            if !e.is_foreign() || origin.hooks && e.within.as_ref().is_some_and(|w| w.hooks) {
                continue;
            }
        }
        let Some(within) = e.within.as_ref().filter(|_| e.is_foreign()) else {
            continue;
        };
        if v.origin.is_none() {
            let name = called(e, &v.component.name);
            backend(c, i, e, (&within.at, &name), problems);
        }
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
    let variant = c.variant(&c.units[unit]);
    let component = &variant.component;
    // a command in a folder that comes from elsewhere is one of its files, whoever names it
    let theirs = Origin::foreign(variant.origin.as_ref()).is_some();
    let command = |f: &crate::field::Field| {
        // a contract's own runs in the contract's folder
        let theirs = theirs && c.contract_at(unit, &f.at.file).is_none();
        (theirs || is_mounted(&f.at.file))
            && matches!(f.outline(), Term::Map(m) if m.contains_key("command"))
    };
    component.engine == "script"
        || !component.observe.is_empty()
        || component.verify.iter().any(command)
}

/// Components whose files a catalog has, unit by unit: what a plan says of them.
pub fn brought(c: &Composition) -> Vec<Brought> {
    let of = |(i, unit): (usize, &crate::compose::Unit)| {
        let v = c.variant(unit);
        let (_, pin) = Origin::foreign(v.origin.as_ref())?;
        Some(Brought {
            unit: unit.address.to_string(),
            import: called(c.env(unit), &v.component.name),
            pin: pin.clone(),
            scripts: scripts(c, i),
        })
    };
    c.units.iter().enumerate().filter_map(of).collect()
}

/// A component as the environment at the beginning knows it: `vpc`, `obs/vpc`.
fn called(e: &Environment, component: &str) -> String {
    match &e.within {
        Some(within) => format!("{}/{component}", within.path),
        None => component.to_owned(),
    }
}

/// The programs of a unit's repository that it runs: files where its commands name some, else the commands' first words.
fn scripts(c: &Composition, unit: usize) -> Vec<String> {
    let v = c.variant(&c.units[unit]);
    let component = &v.component;
    let base = c.base_of(&c.units[unit]);
    let own = || component.folder.clone();
    let mut commands = vec![(own(), component.observe.clone())];
    if component.engine == "script" {
        let options = component.options.values();
        commands.extend(options.map(|f| (own(), words(&f.outline()))));
    }
    for (verifier, folder) in component.verify.iter().zip(c.verifier_folders(unit)) {
        if let Term::Map(map) = verifier.outline() {
            commands.extend(map.get("command").map(|command| (folder, words(command))));
        }
    }
    let mut out: Vec<String> = Vec::new();
    for (folder, command) in commands {
        let files = command.iter().filter_map(|word| {
            let path = join(&folder, word)?;
            let known = v.closure.files.iter().chain(&v.suite).any(|f| **f == *path);
            known.then(|| path.strip_prefix(base.as_ref()).unwrap_or(&path).to_owned())
        });
        let before = out.len();
        out.extend(files);
        if out.len() == before {
            out.extend(command.into_iter().next());
        }
    }
    out.sort();
    out.dedup();
    out
}

/// The words of a command that are known before anything runs.
fn words(command: &Term) -> Vec<String> {
    let run = match command {
        Term::Map(keys) => keys.get("run"),
        other => Some(other),
    };
    let Some(Term::List(words)) = run else {
        return Vec::new();
    };
    let text = |t: &Term| match t {
        Term::String(s) => Some(s.clone()),
        _ => None,
    };
    words.iter().filter_map(text).collect()
}

/// A root of another repository that says where its state is would write ours there.
fn backend(
    c: &Composition,
    i: usize,
    e: &Environment,
    (at, name): (&Location, &str),
    problems: &mut Problems,
) {
    let unit = &c.units[i];
    let v = c.variant(unit);
    let facts = &v.interface.facts;
    let wrong = |what: String| {
        let address = &unit.address;
        Diagnostic::error(
            "import::backend",
            format!("the state of {address} would be where another repository says: {what}"),
        )
        .at(at.clone())
        .related(v.component.at.clone(), "the component is here")
        .help(format!(
            "say where it is: `components: {{{name}: {{terraform: {{backend: …}}}}}}` in `{}`, or `backend:` in `strata.yaml`",
            e.name
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
