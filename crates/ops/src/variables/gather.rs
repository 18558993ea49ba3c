//! Goes through the units and asks what each needs from outside.
use super::{Category, Demand, Needless, Required, Row, RowKey, Table, Used};
use crate::{
    check::EXTERNAL,
    compose::{Composition, Unit, Variant},
    field::{Field, FieldMap},
    scope::{NoOutputs, eval_late, resolve},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
use strata_core::{
    digest::Digest,
    need::{Need, Needs},
    span::Location,
    spec::UnitSpec,
    value::{SecretRef, Term},
};

/// Settings of strata itself: name and meaning.
const SETTINGS: &[(&str, &str)] = &[(
    "STRATA_KEY_FILE",
    "Path of the key that seals sensitive outputs and plans; without it, a key in `.strata`",
)];

/// The table of these environments.
pub fn gather(c: &Composition, envs: &[String]) -> Table {
    let mut g = Gatherer {
        c,
        asked: HashMap::new(),
        demands: BTreeMap::new(),
        rows: BTreeMap::new(),
        table: Table::default(),
    };
    for (i, unit) in c.units.iter().enumerate() {
        if envs.iter().any(|e| *e == *unit.address.env) {
            g.unit(i, unit);
        }
    }
    g.finish()
}

/// A row while it is gathered: what is said of it, the better first.
#[derive(Default)]
struct Draft {
    sensitive: bool,
    said: BTreeSet<(u8, String)>,
    required: Option<Required>,
    used: BTreeSet<Used>,
    demands: BTreeSet<usize>,
    sources: BTreeSet<String>,
}

struct Gatherer<'a> {
    c: &'a Composition,
    /// What engines answered, by variant and options.
    asked: HashMap<(u32, Digest), Arc<Needs>>,
    /// Who has a need; those that may run in a remote workspace apart, with the workspaces.
    demands: BTreeMap<(Need, bool), (BTreeSet<Used>, BTreeSet<String>)>,
    rows: BTreeMap<RowKey, Draft>,
    table: Table,
}

impl Gatherer<'_> {
    fn unit(&mut self, i: usize, unit: &Unit) {
        let c = self.c;
        let v = c.variant(unit);
        let spec = resolve(c, i, &NoOutputs).map_or_else(
            |_| UnitSpec {
                engine: v.component.engine.clone(),
                folder: v.component.folder.clone(),
                ..UnitSpec::default()
            },
            |r| r.spec,
        );
        let needs = self.asked(unit, v, &spec);
        self.needs(unit, v, &needs);
        self.secrets(i, unit, v);
        self.backend_secrets(unit, v, &spec);
        self.externals(i, unit, v, needs.remote.as_deref());
    }

    fn asked(&mut self, unit: &Unit, v: &Variant, spec: &UnitSpec) -> Arc<Needs> {
        let c = self.c;
        let key = (unit.variant, Digest::of_json(&spec.options));
        self.asked
            .entry(key)
            .or_insert_with(|| {
                let inputs: Vec<String> = v.component.inputs.keys().cloned().collect();
                let tree = c.loaded.tree.as_ref();
                Arc::new(c.engine(unit).needs(tree, spec, &inputs))
            })
            .clone()
    }

    /// What plug-ins read, but for what the component's own `env` and `files` say.
    fn needs(&mut self, unit: &Unit, v: &Variant, needs: &Needs) {
        let own = |key: &str| -> Option<(&'static str, &Field)> {
            let env = v.component.env.get(key).map(|f| ("`env`", f));
            env.or_else(|| v.component.files.get(key).map(|f| ("`files`", f)))
        };
        for (need, at) in &needs.needs {
            for key in need.variables.keys() {
                if let Some((with, field)) = own(key) {
                    let needless = Needless {
                        key: key.clone(),
                        by: need.by.clone(),
                        with: format!("{with} of the component"),
                        at: Some(field.at.clone()),
                    };
                    self.needless(needless, unit);
                }
            }
            let Some(need) = need.clone().without(&|key| own(key).is_some()) else {
                continue;
            };
            // what leads to the workspace is needed here
            let leads = need.by.starts_with("block") || need.by.starts_with("backend");
            let remote = needs.remote.clone().filter(|_| !leads);
            let used = Used {
                by: need.by.clone(),
                unit: unit.address.clone(),
                at: at.clone(),
            };
            let (users, places) = self.demands.entry((need, remote.is_some())).or_default();
            users.insert(used);
            places.extend(remote);
        }
        for r in &needs.replaced {
            let needless = Needless {
                key: r.key.clone(),
                by: r.by.clone(),
                with: format!("`{}`", r.with),
                at: r.at.clone(),
            };
            self.needless(needless, unit);
        }
        for (what, at) in &needs.unknown {
            let place = (unit.address.clone(), at.clone());
            let places = self.table.unknown.entry(what.clone()).or_default();
            places.insert(place);
        }
    }

    fn needless(&mut self, needless: Needless, unit: &Unit) {
        let units = self.table.needless.entry(needless).or_default();
        units.insert(unit.address.clone());
    }

    /// Secrets that the fields of a unit name.
    fn secrets(&mut self, i: usize, unit: &Unit, v: &Variant) {
        let component = &v.component;
        let maps: [(&str, &FieldMap); 4] = [
            ("input", &component.inputs),
            ("variable", &component.env),
            ("file", &component.files),
            ("option", &component.options),
        ];
        for (kind, fields) in maps {
            for (name, field) in fields {
                let Ok(term) = eval_late(self.c, i, field) else {
                    continue;
                };
                let declared = (kind == "input")
                    .then(|| v.interface.inputs.get(name)?.description.clone())
                    .flatten();
                self.in_term(&term, unit, kind, name, declared.as_deref(), &field.at);
            }
        }
        let verify = component.verify.iter().map(|f| ("list", "verify", f));
        let cluster = component.cluster.iter().map(|f| ("key", "cluster", f));
        for (kind, name, field) in verify.chain(cluster) {
            if let Ok(term) = eval_late(self.c, i, field) {
                self.in_term(&term, unit, kind, name, None, &field.at);
            }
        }
    }

    /// Secrets in the backend that `strata.yaml` gives to roots without one.
    fn backend_secrets(&mut self, unit: &Unit, v: &Variant, spec: &UnitSpec) {
        let default = self.c.loaded.platform.backend.as_ref();
        if let (Some(node), false, Some(term)) = (
            default,
            v.component.options.contains_key("backend"),
            spec.options.get("backend"),
        ) {
            let at = node.location();
            self.in_term(term, unit, "option", "backend", None, &at);
        }
    }

    fn in_term(
        &mut self,
        term: &Term,
        unit: &Unit,
        kind: &str,
        name: &str,
        declared: Option<&str>,
        at: &Location,
    ) {
        let mut found = Vec::new();
        secrets_of(term, &mut found);
        for secret in found {
            let key = match secret.store.as_str() {
                "env" => secret.key.clone(),
                "file" | "generate" => format!("{}:{}", secret.store, secret.key),
                // an output is not from outside
                _ => continue,
            };
            let row = self.row(Category::Secret, key, None);
            row.sensitive = true;
            row.required = Some(Required::Yes);
            row.said.insert(match declared {
                Some(said) => (0, line(said)),
                None => (1, format!("The {kind} `{name}` of `{}`", unit.address.name)),
            });
            row.used.insert(Used {
                by: format!("{kind} `{name}`"),
                unit: unit.address.clone(),
                at: Some(at.clone()),
            });
        }
    }

    /// Inputs that are set in the tool's own remote workspace.
    fn externals(&mut self, i: usize, unit: &Unit, v: &Variant, remote: Option<&str>) {
        for (name, field) in &v.component.inputs {
            let term = eval_late(self.c, i, field);
            if !matches!(&term, Ok(Term::String(text)) if text == EXTERNAL) {
                continue;
            }
            let component = &unit.address.name;
            let of = match remote {
                Some(remote) => format!("{remote} of `{component}`"),
                None => format!("`{}`", unit.address),
            };
            let declared = v.interface.inputs.get(name);
            let said = declared.and_then(|d| d.description.as_deref()).map(line);
            let row = self.row(Category::Terraform, name.clone(), Some(of));
            row.sensitive |= declared.is_some_and(|d| d.sensitive);
            row.required = Some(match declared {
                Some(d) if d.optional => Required::Optional,
                _ => Required::Yes,
            });
            row.said
                .insert((0, said.unwrap_or_else(|| format!("The variable `{name}`"))));
            row.used.insert(Used {
                by: format!("input `{name}`"),
                unit: unit.address.clone(),
                at: Some(field.at.clone()),
            });
        }
    }

    fn row(&mut self, category: Category, key: String, of: Option<String>) -> &mut Draft {
        let id = RowKey { category, key, of };
        self.rows.entry(id).or_default()
    }

    fn finish(mut self) -> Table {
        for (n, ((need, _), (used, remote))) in
            std::mem::take(&mut self.demands).into_iter().enumerate()
        {
            let demand = Demand { need, used, remote };
            let (need, used) = (&demand.need, &demand.used);
            for (key, variable) in &need.variables {
                let here = need.ways.iter().filter(|w| w.contains(key)).count();
                let required = match here {
                    0 => Required::Optional,
                    n if n == need.ways.len() && !demand.has_elsewhere() => Required::Yes,
                    _ => Required::OneOf,
                };
                let row = self.row(Category::Env, key.clone(), None);
                row.sensitive |= variable.sensitive;
                row.said.insert((0, variable.about.clone()));
                row.required = row.required.max(Some(required));
                row.used.extend(used.iter().cloned());
                row.demands.insert(n);
                row.sources.insert(need.source.clone());
            }
            self.table.demands.push(demand);
        }
        let platform = &self.c.loaded.platform;
        // a star stands for whatever is there: nobody needs it
        for key in platform.passthrough.iter().filter(|key| *key != "*") {
            let id = RowKey {
                category: Category::Env,
                key: key.clone(),
                of: None,
            };
            if self.rows.contains_key(&id) {
                continue;
            }
            let row = self.row(Category::Passthrough, key.clone(), None);
            row.sensitive = strata_core::secret::is_telling(key);
            row.said
                .insert((0, "Handed to every tool by `passthrough`".to_owned()));
        }
        for (key, about) in SETTINGS {
            let row = self.row(Category::Strata, (*key).to_owned(), None);
            row.said.insert((0, (*about).to_owned()));
        }
        let rows = std::mem::take(&mut self.rows);
        self.table.rows = rows
            .into_iter()
            .map(|(id, draft)| row_of(id, draft))
            .collect();
        self.table
    }
}

fn row_of(id: RowKey, draft: Draft) -> Row {
    let best = draft.said.first().map_or(0, |(rank, _)| *rank);
    let said: Vec<&str> = draft
        .said
        .iter()
        .filter(|(rank, _)| *rank == best)
        .map(|(_, text)| text.as_str())
        .collect();
    Row {
        description: said.join("; "),
        sensitive: draft.sensitive,
        required: draft.required.unwrap_or(Required::Optional),
        used: draft.used,
        demands: draft.demands.into_iter().collect(),
        sources: draft.sources,
        id,
    }
}

/// A description in one line, without the full stop.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").trim_end_matches('.').to_owned()
}

fn secrets_of<'t>(term: &'t Term, out: &mut Vec<&'t SecretRef>) {
    match term {
        Term::Secret(s) => out.push(s),
        Term::Predicted { value, .. } => secrets_of(value, out),
        Term::List(l) | Term::Text(l) => l.iter().for_each(|t| secrets_of(t, out)),
        Term::Map(m) => m.values().for_each(|t| secrets_of(t, out)),
        _ => {}
    }
}
