//! Makes a unit ready for its engine: inputs resolved, fingerprinted.
use crate::{
    prepared::{NotReady, Prepared},
    recorded::Recorded,
};
use std::collections::{BTreeMap, HashMap};
use strata_core::{
    digest::{Digest, Hasher},
    engine::{Task, Tool, Verb},
    secret::SecretStore,
    spec::UnitSpec,
    tree::rooted,
    value::{OutputRef, SecretRef, Term},
};
use strata_ops::{
    compose::Composition,
    scope::{self, Outputs as _},
};

/// What is needed besides the composition.
pub struct Facts<'a> {
    /// What was applied.
    pub recorded: &'a Recorded,
    /// Programs by engine.
    pub tools: &'a HashMap<String, Tool>,
    /// Tells whether a secret changed.
    pub secrets: &'a dyn SecretStore,
}

/// What tells whether a unit changed, before the rest of its task is made.
pub(crate) struct Fingerprinted {
    /// Its fingerprint.
    pub fingerprint: Digest,
    /// Its specification.
    pub spec: UnitSpec,
    inputs: BTreeMap<String, Term>,
    parts: BTreeMap<String, Digest>,
    tool: Tool,
}

/// The unit, if everything it is given is known.
pub fn prepare(c: &Composition, unit: usize, facts: &Facts<'_>) -> Result<Prepared, NotReady> {
    fingerprint(c, unit, facts).map(|known| complete(c, unit, facts, known))
}

/// Resolves and fingerprints a unit.
pub(crate) fn fingerprint(
    c: &Composition,
    unit: usize,
    facts: &Facts<'_>,
) -> Result<Fingerprinted, NotReady> {
    let u = &c.units[unit];
    let v = c.variant(u);
    let resolved =
        scope::resolve(c, unit, facts.recorded).map_err(|d| NotReady::Invalid(d.message))?;
    let mut open: Vec<OutputRef> = Vec::new();
    let late = [
        &resolved.inputs,
        &resolved.spec.options,
        &resolved.spec.env,
        &resolved.spec.files,
    ];
    let cluster = resolved.spec.cluster.iter();
    for term in late.into_iter().flat_map(BTreeMap::values).chain(cluster) {
        open.extend(term.holes().into_iter().cloned());
    }
    let mut state: BTreeMap<String, Term> = BTreeMap::new();
    for edge in &u.state {
        let address = &c.units[edge.unit as usize].address;
        let known = facts.recorded.outputs(address);
        let mut read = edge.outputs.clone();
        if edge.all {
            read.extend(known.iter().flat_map(|k| k.keys().cloned()));
        }
        if known.is_none() {
            open.push(output_of(address, ""));
        }
        for name in read {
            match known.as_ref().and_then(|k| k.get(&name)) {
                Some(term) => drop(state.insert(format!("{address}#{name}"), term.clone())),
                None => open.push(output_of(address, &name)),
            }
        }
    }
    if !open.is_empty() {
        open.sort();
        open.dedup();
        return Err(NotReady::Open(open));
    }
    let tool = facts
        .tools
        .get(&v.component.engine)
        .cloned()
        .unwrap_or_default();
    let mut revision = |s: &SecretRef| match s.store.as_str() {
        "output" => facts
            .recorded
            .revision(s)
            .ok_or_else(|| format!("the sensitive output `{}` is not recorded", s.key)),
        _ => facts.secrets.revision(s).map_err(|e| e.to_string()),
    };
    let mut parts = parts(
        &resolved.spec,
        &resolved.inputs,
        &v.closure.digest,
        &tool,
        &mut revision,
    )
    .map_err(NotReady::Invalid)?;
    if !state.is_empty() {
        let mut h = Hasher::new();
        for (name, term) in &state {
            h.part(name.as_bytes());
            hash_term(&mut h, term, &mut revision).map_err(NotReady::Invalid)?;
        }
        parts.insert("state that it reads".to_owned(), h.finish());
    }
    let fingerprint = {
        let mut h = Hasher::new();
        for (name, digest) in &parts {
            h.part(name.as_bytes()).part(digest.bytes());
        }
        h.finish()
    };
    Ok(Fingerprinted {
        fingerprint,
        spec: resolved.spec,
        inputs: resolved.inputs,
        parts,
        tool,
    })
}

fn output_of(unit: &strata_core::name::Address, name: &str) -> OutputRef {
    OutputRef {
        unit: unit.clone(),
        path: (!name.is_empty())
            .then(|| name.to_owned())
            .into_iter()
            .collect(),
    }
}

/// Makes the whole task of a unit.
pub(crate) fn complete(
    c: &Composition,
    unit: usize,
    facts: &Facts<'_>,
    known: Fingerprinted,
) -> Prepared {
    let u = &c.units[unit];
    let v = c.variant(u);
    let Fingerprinted {
        fingerprint,
        spec,
        inputs,
        parts,
        tool,
    } = known;
    let recorded = recorded_outputs(c, unit, facts.recorded);
    let task = Task {
        verb: Verb::Plan,
        platform: c.loaded.platform.id.clone(),
        unit: u.address.clone(),
        spec,
        inputs,
        tool,
        saved: None,
        interrupted: None,
        recorded,
        verifier: 0,
        facts: v.interface.facts.clone(),
    };
    let engine = c.engine(u);
    Prepared {
        layer: c.layer(u).to_owned(),
        fingerprint,
        parts,
        files: v.closure.files.clone(),
        tree: c.loaded.tree.clone(),
        files_digest: v.closure.digest,
        verify_in: c.verifier_folders(unit),
        suite: v.suite.clone(),
        identities: engine.identities(&task, &v.interface),
        claims: engine.claims(&task),
        needs: u
            .deps
            .iter()
            .map(|d| c.units[d.unit as usize].address.clone())
            .collect(),
        protect: v.component.protect.clone(),
        passthrough: strata_ops::variables::passed(c, unit, &task.spec),
        task,
    }
}

fn recorded_outputs(c: &Composition, unit: usize, recorded: &Recorded) -> BTreeMap<String, Term> {
    use strata_ops::scope::Outputs;
    recorded
        .outputs(&c.units[unit].address)
        .map(|m| (*m).clone())
        .unwrap_or_default()
}

/// Tells what changes when a secret changes.
type Revision<'a> = &'a mut dyn FnMut(&SecretRef) -> Result<String, String>;

/// The named parts of a fingerprint.
pub fn parts(
    spec: &UnitSpec,
    inputs: &BTreeMap<String, Term>,
    files: &Digest,
    tool: &Tool,
    revision: Revision<'_>,
) -> Result<BTreeMap<String, Digest>, String> {
    let mut of = |terms: &[(&str, &BTreeMap<String, Term>)], texts: &[&str]| {
        let mut h = Hasher::new();
        for t in texts {
            h.part(t.as_bytes());
        }
        for (name, map) in terms {
            h.part(name.as_bytes());
            for (k, t) in *map {
                h.part(k.as_bytes());
                hash_term(&mut h, t, revision)?;
            }
        }
        Ok::<_, String>(h.finish())
    };
    let mut parts = BTreeMap::new();
    parts.insert("files".to_owned(), *files);
    parts.insert("inputs".to_owned(), of(&[("inputs", inputs)], &[])?);
    let outputs: Vec<String> = spec
        .outputs
        .iter()
        .map(|(k, o)| format!("{k}={o:?}"))
        .collect();
    let mut texts: Vec<&str> = vec![&spec.engine, rooted(&spec.folder).1];
    texts.extend(outputs.iter().map(String::as_str));
    parts.insert(
        "settings".to_owned(),
        of(
            &[
                ("options", &spec.options),
                ("env", &spec.env),
                ("files", &spec.files),
            ],
            &texts,
        )?,
    );
    parts.insert("tool".to_owned(), of(&[], &[&tool.version])?);
    // who may enter is no part of what is applied; where it is applied is, and at one address may be another cluster than
    // before: that has another CA
    if let Some(Term::Map(cluster)) = &spec.cluster {
        let place = ["endpoint", "ca", "context"].into_iter();
        let place: BTreeMap<String, Term> = place
            .filter_map(|key| Some((key.to_owned(), cluster.get(key)?.clone())))
            .filter(|(_, term)| !term.is_secret())
            .collect();
        if !place.is_empty() {
            parts.insert("cluster".to_owned(), of(&[("cluster", &place)], &[])?);
        }
    }
    Ok(parts)
}

fn hash_term(h: &mut Hasher, term: &Term, revision: Revision<'_>) -> Result<(), String> {
    match term {
        Term::Null => drop(h.part(b"0")),
        Term::Bool(b) => drop(h.part(if *b { b"true" } else { b"false" })),
        Term::Number(n) => drop(h.part(b"n").part(n.0.as_bytes())),
        Term::String(s) => drop(h.part(b"s").part(s.as_bytes())),
        Term::List(l) | Term::Text(l) => {
            h.part(if matches!(term, Term::Text(_)) {
                b"t"
            } else {
                b"l"
            });
            h.part(&(l.len() as u64).to_le_bytes());
            for t in l {
                hash_term(h, t, revision)?;
            }
        }
        Term::Map(m) => {
            h.part(b"m").part(&(m.len() as u64).to_le_bytes());
            for (k, t) in m {
                h.part(k.as_bytes());
                hash_term(h, t, revision)?;
            }
        }
        Term::Secret(s) => {
            let revision = revision(s)?;
            h.part(b"x")
                .part(s.store.as_bytes())
                .part(s.key.as_bytes())
                .part(revision.as_bytes());
            for p in &s.path {
                h.part(p.as_bytes());
            }
        }
        Term::Predicted { value, .. } => hash_term(h, value, revision)?,
        // only a specification that is approved with its holes is hashed with them
        Term::Hole { filled_by, .. } => {
            h.part(b"h").part(filled_by.unit.to_string().as_bytes());
            for p in &filled_by.path {
                h.part(p.as_bytes());
            }
        }
    }
    Ok(())
}

/// Digest of a unit's files and of its specification with a hole for every output of another unit: what is approved
/// of a unit that cannot be planned yet.
pub fn outline(c: &Composition, unit: usize) -> Digest {
    Digest::of_json(&outline_parts(c, unit))
}

/// The named parts of that.
pub fn outline_parts(c: &Composition, unit: usize) -> BTreeMap<String, Digest> {
    let v = c.variant(&c.units[unit]);
    let files = v.closure.digest;
    // secrets by name: their values belong to the fingerprint
    let mut by_name = |s: &SecretRef| Ok(s.key.clone());
    scope::resolve(c, unit, &scope::NoOutputs)
        .ok()
        .and_then(|r| parts(&r.spec, &r.inputs, &files, &Tool::default(), &mut by_name).ok())
        .unwrap_or_else(|| BTreeMap::from([("files".to_owned(), files)]))
}
