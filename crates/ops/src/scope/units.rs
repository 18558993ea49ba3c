//! Units as expressions see them: instances, and outputs that are recorded or still open.
use super::{Late, Outputs, missing};
use crate::compose::{Composition, Target};
use std::collections::BTreeMap;
use strata_core::{
    ty::Type,
    value::{OutputRef, Term},
};
use strata_syntax::expr::{Item, Object};

/// The longest way from contract to contract.
const MOST_CONTRACTS: u8 = 16;

/// What a name stands for.
pub(super) fn item<'a>(
    c: &'a Composition,
    target: Target,
    outputs: &'a dyn Outputs,
    depth: u8,
) -> Item<'a> {
    Item::Object(if target.named.keyed {
        Box::new(Instances {
            c,
            target,
            outputs,
            depth,
        })
    } else {
        Box::new(OneUnit {
            c,
            unit: target.named.first as usize,
            contract: target.contract,
            outputs,
            depth,
        })
    })
}

/// An import: its components by name.
pub(super) struct Import<'a> {
    pub(super) c: &'a Composition,
    pub(super) env: usize,
    pub(super) outputs: &'a dyn Outputs,
    pub(super) depth: u8,
}

impl Object for Import<'_> {
    fn get(&self, key: &str) -> Result<Item<'_>, String> {
        let Self {
            c,
            env,
            outputs,
            depth,
        } = *self;
        if let Some(env) = c.import(env, key) {
            return Ok(Item::Object(Box::new(Import {
                c,
                env,
                outputs,
                depth,
            })));
        }
        match c.lookup_here(env, key) {
            Some(target) => Ok(item(c, target, outputs, depth)),
            None => {
                let mut names: Vec<&str> = c.envs[env].names.keys().map(AsRef::as_ref).collect();
                names.sort_unstable();
                Err(missing("the import", key, names.into_iter()))
            }
        }
    }
}

/// A component with instances: `name["key"]`, `name["*"]`.
pub(super) struct Instances<'a> {
    pub(super) c: &'a Composition,
    pub(super) target: Target,
    pub(super) outputs: &'a dyn Outputs,
    pub(super) depth: u8,
}

impl Object for Instances<'_> {
    fn get(&self, key: &str) -> Result<Item<'_>, String> {
        if key == "*" {
            return Ok(Item::Object(Box::new(AllInstances(self))));
        }
        match self.c.instance(&self.target.named, key) {
            Some(unit) => Ok(Item::Object(Box::new(OneUnit {
                c: self.c,
                unit: unit as usize,
                contract: self.target.contract.clone(),
                outputs: self.outputs,
                depth: self.depth,
            }))),
            None => Err(format!("there is no instance `{key}`")),
        }
    }
}

struct AllInstances<'a>(&'a Instances<'a>);

impl Object for AllInstances<'_> {
    fn get(&self, key: &str) -> Result<Item<'_>, String> {
        if key == "outputs" {
            Ok(Item::Object(Box::new(AllOutputs(self.0))))
        } else {
            Err("write `.outputs`".to_owned())
        }
    }
}

struct AllOutputs<'a>(&'a Instances<'a>);

impl Object for AllOutputs<'_> {
    fn get(&self, output: &str) -> Result<Item<'_>, String> {
        let i = self.0;
        let mut map = BTreeMap::new();
        for unit in i.target.named.units() {
            let key = i.c.units[unit as usize]
                .each
                .as_ref()
                .map(|e| e.key.to_string())
                .unwrap_or_default();
            let one = UnitOutputs {
                c: i.c,
                unit: unit as usize,
                contract: i.target.contract.as_deref(),
                outputs: i.outputs,
                depth: i.depth,
            };
            map.insert(key, one.term(output)?);
        }
        Ok(Item::Term(Term::Map(map)))
    }
}

/// One unit: `name.outputs`.
pub(super) struct OneUnit<'a> {
    pub(super) c: &'a Composition,
    pub(super) unit: usize,
    pub(super) contract: Option<String>,
    pub(super) outputs: &'a dyn Outputs,
    pub(super) depth: u8,
}

impl Object for OneUnit<'_> {
    fn get(&self, key: &str) -> Result<Item<'_>, String> {
        if key == "outputs" {
            return Ok(Item::Object(Box::new(UnitOutputs {
                c: self.c,
                unit: self.unit,
                contract: self.contract.as_deref(),
                outputs: self.outputs,
                depth: self.depth,
            })));
        }
        Err(format!("write `.outputs.{key}`"))
    }
}

/// The outputs of a unit, or of a contract that it provides.
pub(super) struct UnitOutputs<'a> {
    pub(super) c: &'a Composition,
    pub(super) unit: usize,
    pub(super) contract: Option<&'a str>,
    pub(super) outputs: &'a dyn Outputs,
    pub(super) depth: u8,
}

impl UnitOutputs<'_> {
    fn term(&self, output: &str) -> Result<Term, String> {
        let unit = &self.c.units[self.unit];
        let v = self.c.variant(unit);
        if let Some(contract) = self.contract {
            let field = v
                .component
                .provides
                .get(contract)
                .and_then(|(_, f)| f.get(output));
            let Some(field) = field else {
                return Err(missing(
                    contract,
                    output,
                    self.c
                        .output_names(self.unit as u32, self.contract)
                        .into_iter(),
                ));
            };
            if self.depth >= MOST_CONTRACTS {
                // said where it stands
                return Ok(crate::field::unknown());
            }
            let mut scope = Late::new(self.c, self.unit, self.outputs);
            scope.depth = self.depth + 1;
            return field.eval(&scope).map_err(|d| d.message);
        }
        let hole = || {
            let ty = v
                .component
                .outputs
                .get(output)
                .map(|(_, o)| o.ty.clone())
                .or_else(|| v.interface.outputs.get(output).map(|o| o.ty.clone()))
                .unwrap_or(Type::Any);
            Term::Hole {
                ty,
                filled_by: OutputRef {
                    unit: unit.address.clone(),
                    path: vec![output.to_owned()],
                },
            }
        };
        match self.outputs.outputs(&unit.address) {
            Some(recorded) => Ok(recorded.get(output).cloned().unwrap_or_else(hole)),
            None => Ok(hole()),
        }
    }
}

impl Object for UnitOutputs<'_> {
    fn get(&self, output: &str) -> Result<Item<'_>, String> {
        self.term(output).map(Item::Term)
    }
    /// The whole object: every output that is declared.
    fn whole(&self) -> Option<Term> {
        let names = self.c.output_names(self.unit as u32, self.contract);
        names
            .into_iter()
            .map(|n| Some((n.to_owned(), self.term(n).ok()?)))
            .collect::<Option<BTreeMap<_, _>>>()
            .map(Term::Map)
    }
}
