//! What rules see of a composition. Facts that units share are made once.
use std::collections::{BTreeMap, HashMap};
use strata_core::{interface::Interface, spec::UnitSpec, store::Applied, value::Term};
use strata_ops::{
    compose::Composition,
    field::{Field, FieldMap},
    scope::{self, NoOutputs, Outputs},
};
use strata_policy::{
    Document,
    input::{Component, Declares, Environment, Instance, Layer, Own, Platform, masked, shown},
};

/// Facts about a composition, as documents.
pub struct Facts<'a> {
    c: &'a Composition,
    platform: Document,
    environments: Vec<Option<Document>>,
    components: HashMap<u32, Document>,
}

type Shown = BTreeMap<String, serde_json::Value>;

impl<'a> Facts<'a> {
    /// About this composition.
    pub fn new(c: &'a Composition) -> Self {
        Self {
            c,
            platform: Document::of(&platform(c)),
            environments: vec![None; c.envs.len()],
            components: HashMap::new(),
        }
    }
    /// The platform.
    pub fn platform(&self) -> Document {
        self.platform.clone()
    }
    /// An environment by position.
    pub fn environment(&mut self, env: u32) -> Document {
        let e = &self.c.envs[env as usize];
        self.environments[env as usize]
            .get_or_insert_with(|| {
                Document::of(&Environment {
                    name: e.name.to_string(),
                    shared: e.shared,
                    uses: e.uses.iter().map(|(n, _)| n.clone()).collect(),
                    values: all(e.values.iter()),
                    flavors: e.chosen.clone(),
                })
            })
            .clone()
    }
    /// A unit by position, with what `outputs` has recorded.
    pub fn unit(&mut self, position: usize, outputs: &dyn Outputs) -> Document {
        let own = own(self.c, position, outputs);
        self.component(self.c.units[position].variant).merged(&own)
    }
    /// A unit as it was applied: as its component stands in the files, where it still does, with what it was given then.
    pub fn applied(&mut self, applied: &Applied, interface: Option<&Interface>) -> Document {
        let task = &applied.task;
        let sensitive = match interface {
            Some(interface) => sensitive(interface),
            // nobody knows which may be seen
            None => task.inputs.keys().cloned().collect(),
        };
        let given = Document::of(&Given::of(&task.spec, &task.inputs, &sensitive));
        if let Some(position) = self.c.position(&task.unit) {
            return self.unit(position, &NoOutputs).merged(&given);
        }
        let gone = Document::of(&gone(self.c, applied));
        gone.merged(&Document::of(&own_gone(applied)))
            .merged(&given)
    }
    /// An environment by name, also one that the files do not have any more.
    pub fn environment_named(&mut self, name: &str) -> Document {
        match self.c.env_named(name) {
            Some(position) => self.environment(position as u32),
            None => Document::of(&Environment {
                name: name.to_owned(),
                shared: false,
                uses: Vec::new(),
                values: Shown::new(),
                flavors: BTreeMap::new(),
            }),
        }
    }
    fn component(&mut self, variant: u32) -> Document {
        let c = self.c;
        self.components
            .entry(variant)
            .or_insert_with(|| Document::of(&component(c, variant)))
            .clone()
    }
}

fn all<'t>(terms: impl Iterator<Item = (&'t String, &'t Term)>) -> Shown {
    terms.map(|(k, t)| (k.clone(), shown(t))).collect()
}

fn platform(c: &Composition) -> Platform {
    let p = &c.loaded.platform;
    Platform {
        name: p.name.clone(),
        id: p.id.clone(),
        layers: p
            .layers
            .iter()
            .enumerate()
            .map(|(i, l)| Layer::of(&l.layer, i))
            .collect(),
        environments: c
            .environments()
            .iter()
            .map(|e| e.name.to_string())
            .collect(),
    }
}

/// Facts that engines note and that are neither large nor able to hold a secret.
const FACTS: &[&str] = &[
    "backend",
    "cloud",
    "cloud-workspace",
    "providers",
    "template",
];

fn component(c: &Composition, variant: u32) -> Component {
    let v = &c.variants[variant as usize];
    let d = &v.component;
    let facts = v.interface.facts.iter();
    Component {
        name: d.name.clone(),
        layer: Layer::of(&c.loaded.platform.layers[d.layer].layer, d.layer),
        engine: d.engine.clone(),
        folder: d.folder.clone(),
        file: d.at.file.to_string(),
        provides: d.provides.keys().cloned().collect(),
        declares: declares(&v.interface, d),
        facts: facts
            .filter(|(k, _)| FACTS.contains(&k.as_str()))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect(),
        protect: d.protect.clone(),
        timeout: d.timeout.clone(),
        retries: d.retries,
        suspended: d.suspend,
        reads: d.reads.iter().map(|(path, _)| path.clone()).collect(),
    }
}

/// A component that the files do not have any more.
fn gone(c: &Composition, applied: &Applied) -> Component {
    let layers = &c.loaded.platform.layers;
    let position = c.loaded.platform.layer(&applied.layer).unwrap_or_default();
    let mut layer = layers.get(position).map_or_else(
        || Layer::of(&strata_core::layer::Layer::default(), position),
        |l| Layer::of(&l.layer, position),
    );
    layer.name.clone_from(&applied.layer);
    let task = &applied.task;
    Component {
        name: task.unit.name.to_string(),
        layer,
        engine: task.spec.engine.clone(),
        folder: task.spec.folder.clone(),
        file: String::new(),
        provides: Vec::new(),
        declares: Declares::of(&Interface::default()),
        facts: BTreeMap::new(),
        protect: applied.protect.clone(),
        timeout: BTreeMap::new(),
        retries: 0,
        suspended: false,
        reads: Vec::new(),
    }
}

fn own_gone(applied: &Applied) -> Own {
    let unit = &applied.task.unit;
    Own {
        address: unit.to_string(),
        environment: unit.env.to_string(),
        instance: unit.key.as_ref().map(|key| Instance {
            key: key.to_string(),
            value: serde_json::Value::Null,
        }),
        inputs: Shown::new(),
        env: Shown::new(),
        files: Shown::new(),
        options: Shown::new(),
        verify: Vec::new(),
        needs: applied.needs.iter().map(ToString::to_string).collect(),
        uses: Vec::new(),
    }
}

/// What the tool declares, and outputs that the component adds.
fn declares(interface: &Interface, d: &strata_ops::document::component::Component) -> Declares {
    let mut interface = interface.clone();
    for (name, (_, o)) in &d.outputs {
        let output = interface.outputs.entry(name.clone()).or_default();
        output.ty = o.ty.clone();
        output.sensitive |= o.sensitive;
    }
    Declares::of(&interface)
}

fn own(c: &Composition, position: usize, outputs: &dyn Outputs) -> Document {
    let u = &c.units[position];
    let v = c.variant(u);
    // what does not resolve is an error of its own; rules still see what can be told
    let (spec, inputs) = match scope::resolve(c, position, outputs) {
        Ok(r) => (r.spec, r.inputs),
        Err(_) => {
            let d = &v.component;
            let spec = UnitSpec {
                options: outline(&d.options),
                env: outline(&d.env),
                files: outline(&d.files),
                verify: d.verify.iter().map(Field::outline).collect(),
                ..UnitSpec::default()
            };
            (spec, outline(&d.inputs))
        }
    };
    let name = |unit: u32| c.units[unit as usize].address.to_string();
    let given = Given::of(&spec, &inputs, &sensitive(&v.interface));
    Document::of(&Own {
        address: u.address.to_string(),
        environment: u.address.env.to_string(),
        instance: u.each.as_ref().map(|e| Instance {
            key: e.key.to_string(),
            value: shown(&e.value),
        }),
        inputs: given.inputs,
        env: given.env,
        files: given.files,
        options: given.options,
        verify: spec.verify.iter().map(shown).collect(),
        needs: u.deps.iter().map(|d| name(d.unit)).collect(),
        uses: u
            .deps
            .iter()
            .filter(|d| d.data)
            .map(|d| name(d.unit))
            .collect(),
    })
}

fn outline(fields: &FieldMap) -> BTreeMap<String, Term> {
    fields
        .iter()
        .map(|(k, f)| (k.clone(), f.outline()))
        .collect()
}

/// Names of inputs that a tool declares sensitive.
pub fn sensitive(interface: &Interface) -> Vec<String> {
    let inputs = interface.inputs.iter();
    inputs
        .filter(|(_, i)| i.sensitive)
        .map(|(k, _)| k.clone())
        .collect()
}

/// What a unit is given, as rules see it.
#[derive(serde::Serialize)]
pub struct Given {
    inputs: Shown,
    env: Shown,
    files: Shown,
    options: Shown,
}

impl Given {
    /// From a specification and inputs; `sensitive` names inputs that are hidden whatever they are.
    pub fn of(spec: &UnitSpec, inputs: &BTreeMap<String, Term>, sensitive: &[String]) -> Self {
        let input = |(k, t): (&String, &Term)| {
            let hidden = sensitive.contains(k);
            (k.clone(), if hidden { masked(t) } else { shown(t) })
        };
        Self {
            inputs: inputs.iter().map(input).collect(),
            env: all(spec.env.iter()),
            files: all(spec.files.iter()),
            options: all(spec.options.iter()),
        }
    }
}
