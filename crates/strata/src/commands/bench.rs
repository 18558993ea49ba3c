//! What a run needs to know about units: over a composition, or over what was applied.
use crate::{context::Context, problem::Problem};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
use strata_adapters::blobtree;
use strata_core::{
    digest::Digest,
    engine::{DynEngine, Task, Tool},
    interface::Interface,
    name::Address,
    need::Passed,
    secret::SecretStore,
    store::{Applied, AppliedRow, Store},
    tree::{MemoryTree, Tree},
    value::{SecretRef, Term},
};
use strata_ops::{
    compose::Composition,
    variables::{read_by_plugins, with},
};
use strata_plan::{
    prepare::{Facts, prepare},
    prepared::{NotReady, Prepared},
    recorded::Recorded,
};
use strata_run::driver::Workbench;

/// Units of a composition, with what was applied.
pub struct FilesBench<'a> {
    /// The composition.
    pub c: &'a Composition,
    /// What was applied.
    pub recorded: Recorded,
    /// Programs by engine.
    pub tools: HashMap<String, Tool>,
    /// Secrets.
    pub secrets: Arc<dyn SecretStore>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// Units to apply though nothing changed.
    pub again: BTreeSet<Address>,
    /// Packed files by their digest: instances of a component share them.
    pub packed: std::sync::Mutex<HashMap<Digest, Arc<Vec<u8>>>>,
}

impl FilesBench<'_> {
    /// The facts that planning asks for.
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            recorded: &self.recorded,
            tools: &self.tools,
            secrets: self.secrets.as_ref(),
        }
    }
}

impl Workbench for FilesBench<'_> {
    fn prepare(&self, unit: &Address) -> Result<Prepared, NotReady> {
        let position = self
            .c
            .position(unit)
            .ok_or_else(|| NotReady::Invalid(format!("{unit} is no longer in the files")))?;
        prepare(self.c, position, &self.facts())
    }
    fn applied(&mut self, applied: &Applied) {
        self.again.remove(&applied.unit);
        let outputs =
            strata_store::recorded_outputs(&applied.outputs, &|bytes| self.store.keyed(bytes));
        self.recorded.put(AppliedRow {
            unit: applied.unit.clone(),
            fingerprint: applied.fingerprint,
            outputs_digest: strata_store::outputs_digest(&outputs),
            outputs: outputs.into(),
            verified: applied.verified,
            at: applied.at,
        });
    }
    fn removed(&mut self, unit: &Address) {
        self.recorded.remove(unit);
    }
    fn current(&self, unit: &Address) -> Option<Digest> {
        if self.again.contains(unit) {
            return None;
        }
        self.recorded.row(unit).map(|r| r.fingerprint)
    }
    fn verified(&self, unit: &Address) -> Option<bool> {
        self.recorded.row(unit).and_then(|r| r.verified)
    }
    fn pack(&self, prepared: &Prepared) -> Result<Vec<u8>, String> {
        let mut cache = self.packed.lock().expect("no panic while packing");
        if let Some(bytes) = cache.get(&prepared.files_digest) {
            return Ok(bytes.to_vec());
        }
        let bytes =
            blobtree::pack(prepared.tree.as_ref(), &prepared.files).map_err(|e| e.to_string())?;
        cache.insert(prepared.files_digest, Arc::new(bytes.clone()));
        Ok(bytes)
    }
}

/// Units as they were applied, whatever the files say today.
pub struct AppliedBench {
    /// By address.
    pub all: BTreeMap<Address, Applied>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// Variables that pass through to every tool.
    pub passthrough: Vec<String>,
    engines: Vec<Arc<dyn DynEngine>>,
}

impl AppliedBench {
    /// Everything that is applied.
    pub fn load(cx: &Context, store: &Arc<dyn Store>) -> Result<Self, Problem> {
        let mut all = BTreeMap::new();
        for row in store.applied_rows(None)? {
            if let Some(applied) = store.applied(&row.unit)? {
                all.insert(row.unit, applied);
            }
        }
        Ok(Self {
            all,
            store: store.clone(),
            // what is wrong with the files does not keep anybody from destroying
            passthrough: cx
                .compose()
                .map(|(c, _)| c.loaded.platform.passthrough.clone())
                .unwrap_or_default(),
            engines: cx.engines.clone(),
        })
    }
    /// What the tool of a unit declared when it was applied; `None` when that cannot be told any more.
    pub fn interface(&self, unit: &Address) -> Option<Interface> {
        let ready = self.ready(unit).ok()?;
        let spec = &ready.task.spec;
        let engine = self.engines.iter().find(|e| e.name() == spec.engine)?;
        Some(engine.interface(ready.tree.as_ref(), spec).0)
    }
    /// What plug-ins of its tool read, as it was applied.
    fn passed(&self, task: &Task, tree: &dyn Tree) -> Vec<Passed> {
        let mut engines = self.engines.iter();
        let engine = engines.find(|e| e.name() == task.spec.engine);
        let inputs: Vec<String> = task.inputs.keys().cloned().collect();
        let known = engine.map(|e| read_by_plugins(e.as_ref(), tree, &task.spec, &inputs));
        with(&self.passthrough, known.unwrap_or_default())
    }
    /// A unit as it was applied, ready for its engine.
    pub fn ready(&self, unit: &Address) -> Result<Prepared, String> {
        let applied = self
            .all
            .get(unit)
            .ok_or_else(|| format!("{unit} was never applied"))?;
        let tree: Arc<dyn Tree> = match &applied.tree {
            Some(blob) => {
                let bytes = self.store.blob(blob).map_err(|e| e.to_string())?;
                Arc::new(blobtree::BlobTree::open(&bytes).map_err(|e| e.to_string())?)
            }
            None => Arc::new(MemoryTree::default()),
        };
        let files = tree.files().iter().map(|f| f.path.clone()).collect();
        let mut task: Task = applied.task.clone();
        task.recorded = recorded_terms(applied);
        Ok(Prepared {
            layer: applied.layer.clone(),
            fingerprint: applied.fingerprint,
            parts: applied.parts.clone(),
            files,
            files_digest: applied.fingerprint,
            verify_in: Vec::new(),
            suite: Vec::new(),
            identities: applied.identities.clone(),
            claims: Vec::new(),
            needs: applied.needs.clone(),
            protect: applied.protect.clone(),
            passthrough: self.passed(&task, tree.as_ref()),
            tree,
            task,
        })
    }
}

/// Outputs as terms: sensitive ones by name only.
pub fn recorded_terms(applied: &Applied) -> BTreeMap<String, Term> {
    applied
        .outputs
        .iter()
        .map(|(name, o)| {
            let term = if o.sensitive {
                let key = format!("{}#{name}", applied.unit);
                Term::Secret(SecretRef {
                    store: "output".to_owned(),
                    key,
                    path: Vec::new(),
                })
            } else {
                o.value.clone().into()
            };
            (name.clone(), term)
        })
        .collect()
}

impl Workbench for AppliedBench {
    fn prepare(&self, unit: &Address) -> Result<Prepared, NotReady> {
        self.ready(unit).map_err(NotReady::Invalid)
    }
    fn applied(&mut self, applied: &Applied) {
        self.all.insert(applied.unit.clone(), applied.clone());
    }
    fn removed(&mut self, unit: &Address) {
        self.all.remove(unit);
    }
    fn current(&self, _: &Address) -> Option<Digest> {
        None
    }
    fn verified(&self, _: &Address) -> Option<bool> {
        None
    }
    fn pack(&self, _: &Prepared) -> Result<Vec<u8>, String> {
        Err("nothing is applied in a destroy".to_owned())
    }
}
