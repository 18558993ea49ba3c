//! The documents that rules see as `input`, and what stands in them for secrets and for what is not known yet.
mod shown;

pub use shown::{masked, shown};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use shown::{list, output, value, values};
use std::collections::BTreeMap;
use strata_core::{
    interface::Interface,
    layer::Layer as CoreLayer,
    plan::{Basis, Step as PlanStep},
    proposal::{Action, Fidelity, Proposal},
};

/// The JSON Schema of all three kinds of `input`.
pub fn schema() -> Json {
    schemars::schema_for!(Whole).to_value()
}

/// `input` for rules. `kind` says which moment it is.
#[derive(JsonSchema)]
#[schemars(title = "policy input", tag = "kind", rename_all = "lowercase")]
#[allow(dead_code, reason = "the whole of it exists only as JSON")]
enum Whole {
    /// A unit as the files compose it: at `check` for every unit, at `plan` and `apply` for those that change.
    Composition {
        /// The unit.
        unit: Unit,
        /// Its environment.
        environment: Environment,
        /// The platform.
        platform: Platform,
    },
    /// The same with what a plan would do to it.
    Plan {
        /// The unit.
        unit: Unit,
        /// Its environment.
        environment: Environment,
        /// The platform.
        platform: Platform,
        /// What would be done.
        step: Step,
    },
    /// Everything at once, for packages under `platform`.
    Platform {
        /// All units.
        units: Vec<Unit>,
        /// All environments by name.
        environments: BTreeMap<String, Environment>,
        /// The platform.
        platform: Platform,
    },
}

/// A unit: a component in an environment.
#[derive(JsonSchema)]
#[allow(
    dead_code,
    reason = "written in two parts, of which many units share the first"
)]
struct Unit {
    #[schemars(flatten)]
    component: Component,
    #[schemars(flatten)]
    own: Own,
}

/// What all units of a component share.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its layer.
    pub layer: Layer,
    /// Its engine.
    pub engine: String,
    /// Its folder.
    pub folder: String,
    /// The file that describes it best.
    pub file: String,
    /// Contracts that it provides.
    pub provides: Vec<String>,
    /// What its tool declares.
    pub declares: Declares,
    /// What its engine read from its files, such as the backend.
    pub facts: BTreeMap<String, String>,
    /// `destroy`, `replace`.
    pub protect: Vec<String>,
    /// Time limits in milliseconds by verb.
    pub timeout: BTreeMap<String, u64>,
    /// How often a transient failure is tried again.
    pub retries: u32,
    /// Is it kept as it is?
    pub suspended: bool,
    /// Other files that it reads, as written.
    pub reads: Vec<String>,
}

/// What is a unit's own.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Own {
    /// `ENV/NAME`, or `ENV/NAME["key"]`.
    pub address: String,
    /// Its environment's name.
    pub environment: String,
    /// Which instance it is, of a component that has some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<Instance>,
    /// What its tool is given.
    #[schemars(schema_with = "values")]
    pub inputs: BTreeMap<String, Json>,
    /// Process variables.
    #[schemars(schema_with = "values")]
    pub env: BTreeMap<String, Json>,
    /// Variables that hold the path of a private file, with its content.
    #[schemars(schema_with = "values")]
    pub files: BTreeMap<String, Json>,
    /// Options of its engine.
    #[schemars(schema_with = "values")]
    pub options: BTreeMap<String, Json>,
    /// Its verifiers.
    #[schemars(schema_with = "list")]
    pub verify: Vec<Json>,
    /// Units that it waits for.
    pub needs: Vec<String>,
    /// Those of them whose outputs it uses.
    pub uses: Vec<String>,
}

/// An instance of a component.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Instance {
    /// Its key.
    pub key: String,
    /// Its value.
    #[schemars(schema_with = "value")]
    pub value: Json,
}

/// A layer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// How many layers are below it.
    pub position: usize,
    /// Its number, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What lives and dies together with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<String>,
    /// How often it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_of_change: Option<String>,
    /// Where the truth about it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_of_truth: Option<String>,
}

impl Layer {
    /// From the layer at a position.
    pub fn of(layer: &CoreLayer, position: usize) -> Self {
        Self {
            name: layer.name.clone(),
            position,
            number: layer.number.clone(),
            owner: layer.owner.clone(),
            lifecycle: layer.lifecycle.clone(),
            rate_of_change: layer.rate_of_change.clone(),
            source_of_truth: layer.source_of_truth.clone(),
        }
    }
}

/// What a component's tool declares.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Declares {
    /// Inputs by name.
    pub inputs: BTreeMap<String, DeclaredInput>,
    /// Outputs by name.
    pub outputs: BTreeMap<String, DeclaredOutput>,
}

/// A declared input.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DeclaredInput {
    /// Its type.
    pub r#type: String,
    /// Has it a default?
    pub optional: bool,
    /// Is it declared sensitive?
    pub sensitive: bool,
}

/// A declared output.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DeclaredOutput {
    /// Its type.
    pub r#type: String,
    /// Is it kept encrypted?
    pub sensitive: bool,
}

impl Declares {
    /// From an interface.
    pub fn of(interface: &Interface) -> Self {
        let inputs = interface.inputs.iter().map(|(name, i)| {
            let declared = DeclaredInput {
                r#type: i.ty.to_string(),
                optional: i.optional,
                sensitive: i.sensitive,
            };
            (name.clone(), declared)
        });
        let outputs = interface.outputs.iter().map(|(name, o)| {
            let declared = DeclaredOutput {
                r#type: o.ty.to_string(),
                sensitive: o.sensitive,
            };
            (name.clone(), declared)
        });
        Self {
            inputs: inputs.collect(),
            outputs: outputs.collect(),
        }
    }
}

/// An environment.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Are only components in it that name it?
    pub shared: bool,
    /// Environments where names are looked up that are not found in it.
    pub uses: Vec<String>,
    /// Its values.
    #[schemars(schema_with = "values")]
    pub values: BTreeMap<String, Json>,
    /// Contract to component.
    pub flavors: BTreeMap<String, String>,
}

/// The platform.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Platform {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Its layers, lowest first.
    pub layers: Vec<Layer>,
    /// Names of its environments.
    pub environments: Vec<String>,
}

/// What a plan would do to a unit.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Step {
    /// `apply` or `destroy`.
    pub verb: String,
    /// `exact`, `assumed`, `conditional`, `deferred` or `unverified`.
    pub basis: String,
    /// Why it runs, in a few words.
    pub reason: String,
    /// `exact`, `advisory` or `opaque`: how far the changes can be believed. Missing where there is no proposal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub fidelity: Option<Fidelity>,
    /// The worst action among the changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub worst: Option<Action>,
    /// What would happen to each object.
    pub changes: Vec<Change>,
    /// Outputs that a deferred unit waits for.
    pub open: Vec<String>,
}

/// What would happen to one object.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Change {
    /// The object, in the words of its tool.
    pub object: String,
    /// `none`, `read`, `create`, `update`, `replace`, `delete`, `run` or `wait`.
    #[schemars(with = "String")]
    pub action: Action,
}

impl Step {
    /// From a step of a plan.
    pub fn of(step: &PlanStep) -> Self {
        let open = match &step.basis {
            Basis::Deferred { open } => open.iter().map(output).collect(),
            _ => Vec::new(),
        };
        Self {
            open,
            ..Self::proposed(
                step.verb.name(),
                step.basis.word(),
                &step.reason,
                step.basis.proposal(),
            )
        }
    }
    /// From what a tool proposes.
    pub fn proposed(verb: &str, basis: &str, reason: &str, proposal: Option<&Proposal>) -> Self {
        Self {
            verb: verb.to_owned(),
            basis: basis.to_owned(),
            reason: reason.to_owned(),
            fidelity: proposal.map(|p| p.fidelity),
            worst: proposal.map(Proposal::worst),
            changes: proposal.map_or_else(Vec::new, |p| {
                p.changes
                    .iter()
                    .map(|c| Change {
                        object: c.object.clone(),
                        action: c.action,
                    })
                    .collect()
            }),
            open: Vec::new(),
        }
    }
}
