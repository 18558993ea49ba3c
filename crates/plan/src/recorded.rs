//! What was applied last, as expressions see it: sensitive outputs by name only.
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};
use strata_core::{
    name::Address,
    store::AppliedRow,
    value::{SecretRef, Term, Value},
};
use strata_ops::scope::Outputs;

/// Rows of the store, with outputs read when somebody asks.
#[derive(Default)]
pub struct Recorded {
    rows: HashMap<Address, AppliedRow>,
    read: Mutex<HashMap<Address, Arc<Read>>>,
    /// What plans foretell of outputs.
    foretold: HashMap<Address, BTreeMap<String, Term>>,
}

#[derive(Default)]
struct Read {
    terms: Arc<BTreeMap<String, Term>>,
    sensitive: BTreeMap<String, String>,
}

impl Recorded {
    /// From rows.
    pub fn new(rows: Vec<AppliedRow>) -> Self {
        Self {
            rows: rows.into_iter().map(|r| (r.unit.clone(), r)).collect(),
            read: Mutex::default(),
            foretold: HashMap::new(),
        }
    }
    /// A plan foretells outputs: until [`Self::forget_foretold`], expressions see them over what was recorded.
    pub fn foretell(&mut self, unit: Address, outputs: BTreeMap<String, Term>) {
        self.foretold.insert(unit, outputs);
    }
    /// Does a plan foretell this output?
    pub fn is_foretold(&self, unit: &Address, output: &str) -> bool {
        self.foretold
            .get(unit)
            .is_some_and(|o| o.contains_key(output))
    }
    /// Only what was recorded counts from here on.
    pub fn forget_foretold(&mut self) {
        self.foretold.clear();
    }
    /// The row of a unit.
    pub fn row(&self, unit: &Address) -> Option<&AppliedRow> {
        self.rows.get(unit)
    }
    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = &AppliedRow> {
        self.rows.values()
    }
    /// Something was applied: consumers see it from here on.
    pub fn put(&mut self, row: AppliedRow) {
        self.read
            .lock()
            .expect("no panic while reading")
            .remove(&row.unit);
        self.rows.insert(row.unit.clone(), row);
    }
    /// Its verifiers said something.
    pub fn verified(&mut self, unit: &Address, ok: bool) {
        if let Some(row) = self.rows.get_mut(unit) {
            row.verified = Some(ok);
        }
    }
    /// It is gone.
    pub fn remove(&mut self, unit: &Address) {
        self.rows.remove(unit);
        self.read
            .lock()
            .expect("no panic while reading")
            .remove(unit);
    }
    /// What changes when a sensitive output changes.
    pub fn revision(&self, secret: &SecretRef) -> Option<String> {
        let (unit, output) = secret.key.rsplit_once('#')?;
        let unit: Address = unit.parse().ok()?;
        self.load(&unit)?.sensitive.get(output).cloned()
    }

    fn load(&self, unit: &Address) -> Option<Arc<Read>> {
        let row = self.rows.get(unit)?;
        let mut cache = self.read.lock().expect("no panic while reading");
        if let Some(read) = cache.get(unit) {
            return Some(read.clone());
        }
        let read = Arc::new(read_outputs(unit, &row.outputs));
        cache.insert(unit.clone(), read.clone());
        Some(read)
    }
}

fn secret(unit: &Address, output: &str) -> Term {
    Term::Secret(SecretRef {
        store: "output".to_owned(),
        key: format!("{unit}#{output}"),
        path: Vec::new(),
    })
}

fn read_outputs(unit: &Address, json: &str) -> Read {
    let Ok(serde_json::Value::Object(map)) = serde_json::from_str(json) else {
        return Read::default();
    };
    let mut terms = BTreeMap::new();
    let mut sensitive = BTreeMap::new();
    for (name, mut entry) in map {
        if let Some(digest) = entry.get("sensitive").and_then(|d| d.as_str()) {
            sensitive.insert(name.clone(), digest.to_owned());
            terms.insert(name.clone(), secret(unit, &name));
        } else if let Some(value) = entry.get_mut("value") {
            terms.insert(name, Value::from_json(value.take()).into());
        }
    }
    Read {
        terms: Arc::new(terms),
        sensitive,
    }
}

impl Outputs for Recorded {
    fn outputs(&self, unit: &Address) -> Option<Arc<BTreeMap<String, Term>>> {
        let recorded = self.load(unit).map(|r| r.terms.clone());
        match self.foretold.get(unit) {
            None => recorded,
            Some(foretold) => {
                let mut all = recorded.map(|r| (*r).clone()).unwrap_or_default();
                all.extend(foretold.clone());
                Some(Arc::new(all))
            }
        }
    }
}
