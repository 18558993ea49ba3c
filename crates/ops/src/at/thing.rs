//! What the words of an expression stand for, one after the other, seen from a unit.
use super::view::View;
use crate::{
    compose::{Named, Target},
    field::type_of,
};
use strata_core::{name::RESERVED, ty::Type, value::Term};
use strata_syntax::expr::{Word, WordForm};

/// Something that words of an expression stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thing {
    /// `env("NAME")`
    Environment(usize),
    /// A component of an environment, by its own name or by that of a contract.
    Component {
        /// As it is written.
        name: String,
        /// Its units.
        named: Named,
        /// When the name is that of a contract.
        contract: Option<String>,
    },
    /// One instance of a component, or `["*"]`: all.
    Instance(Outputs),
    /// `.outputs`
    Outputs(Outputs),
    /// One of the outputs.
    Output(Outputs, String),
    /// A name of the language: `values`, `each`, `platform` and their like.
    Scope(&'static str),
    /// `values.NAME`
    Value(String),
    /// `flavors.CONTRACT`
    Flavor(String),
    /// Any other part, by what it is a part of and its type.
    Part(&'static str, Type),
}

/// Whose outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// Position of the unit, the first one of several.
    pub unit: u32,
    /// Through which contract.
    pub contract: Option<String>,
    /// A map with those of every instance?
    pub all: bool,
}

/// A part of a thing.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Is it written in brackets?
    pub key: bool,
    /// What it is.
    pub thing: Thing,
}

impl<'a> View<'a> {
    /// What a chain of words stands for.
    pub fn resolve(&self, words: &[Word]) -> Option<Thing> {
        let (first, rest) = words.split_first()?;
        let mut thing = match first.form {
            WordForm::Name => self.name(&first.text)?,
            WordForm::Environment => Thing::Environment(self.c.env_named(&first.text)?),
            _ => return None,
        };
        for word in rest {
            thing = self.step(&thing, word)?;
        }
        Some(thing)
    }

    /// What a name stands for.
    pub fn name(&self, name: &str) -> Option<Thing> {
        if let Some(word) = RESERVED.iter().find(|r| **r == name) {
            return Some(Thing::Scope(word));
        }
        let target = self.c.lookup(self.env?, name)?;
        Some(component(name, target))
    }

    fn step(&self, thing: &Thing, word: &Word) -> Option<Thing> {
        let keyed = matches!(word.form, WordForm::Key);
        match (thing, word.form) {
            // which instance is not known here: all of one component have the same outputs
            (
                Thing::Component {
                    named, contract, ..
                },
                WordForm::Index,
            ) if named.keyed => {
                let unit = named.units().next()?;
                let contract = contract.clone();
                Some(Thing::Instance(Outputs {
                    unit,
                    contract,
                    all: false,
                }))
            }
            (thing, WordForm::Index) => match self.ty(thing)? {
                Type::List(inner) | Type::Map(inner) => Some(Thing::Part("an item", *inner)),
                _ => Some(Thing::Part("an item", Type::Any)),
            },
            (_, WordForm::Field | WordForm::Key) => {
                let mut parts = self.parts(thing).into_iter();
                parts
                    .find(|p| p.name == word.text && (keyed || !p.key))
                    .map(|p| p.thing)
            }
            _ => None,
        }
    }

    /// Every name that an expression can begin with here.
    pub fn names(&self) -> Vec<Part> {
        let mut out: Vec<Part> = Vec::new();
        let mut add = |name: &str, thing: Thing| {
            if out.iter().all(|p| p.name != name) {
                out.push(Part {
                    name: name.to_owned(),
                    key: false,
                    thing,
                });
            }
        };
        if let Some(env) = self.env {
            let used = self.c.envs[env].uses.iter();
            let used = used.filter_map(|(name, _)| self.c.env_named(name));
            for e in std::iter::once(env).chain(used) {
                for part in self.components(e) {
                    add(&part.name, part.thing);
                }
            }
        }
        for word in RESERVED
            .iter()
            .filter(|w| !matches!(**w, "secret" | "file"))
        {
            let there = match *word {
                "each" => self.unit().is_none_or(|u| u.each.is_some()),
                _ => true,
            };
            if there {
                add(word, Thing::Scope(word));
            }
        }
        out
    }

    /// Components and contracts of an environment, by name.
    fn components(&self, env: usize) -> Vec<Part> {
        let e = &self.c.envs[env];
        let own = e.names.keys().map(AsRef::as_ref);
        let mut names: Vec<&str> = own.chain(e.chosen.keys().map(String::as_str)).collect();
        names.sort_unstable();
        names.dedup();
        let part = |name: &str| {
            Some(Part {
                name: name.to_owned(),
                key: false,
                thing: component(name, self.c.lookup_here(env, name)?),
            })
        };
        names.into_iter().filter_map(part).collect()
    }

    /// The parts of something, as far as they are known.
    pub fn parts(&self, thing: &Thing) -> Vec<Part> {
        let part = |name: &str, thing: Thing| Part {
            name: name.to_owned(),
            key: false,
            thing,
        };
        let texts = |of: &'static str, names: &[&str]| -> Vec<Part> {
            let one = |n: &&str| part(n, Thing::Part(of, Type::String));
            names.iter().map(one).collect()
        };
        match thing {
            Thing::Environment(env) => self.components(*env),
            Thing::Component {
                named, contract, ..
            } => self.of_component(named, contract.as_ref()),
            Thing::Instance(of) => vec![part("outputs", Thing::Outputs(of.clone()))],
            Thing::Outputs(of) => self
                .output_names(of)
                .into_iter()
                .map(|n| part(n, Thing::Output(of.clone(), n.to_owned())))
                .collect(),
            Thing::Scope("values") => {
                let values = self.env.map(|e| self.c.envs[e].values.keys());
                let values = values.into_iter().flatten();
                values.map(|v| part(v, Thing::Value(v.clone()))).collect()
            }
            Thing::Scope("flavors") => {
                let chosen = self.env.map(|e| self.c.envs[e].chosen.keys());
                let chosen = chosen.into_iter().flatten();
                chosen.map(|f| part(f, Thing::Flavor(f.clone()))).collect()
            }
            Thing::Scope("self") => match self.unit {
                Some(unit) => {
                    let of = Outputs {
                        unit: unit as u32,
                        contract: None,
                        all: false,
                    };
                    self.parts(&Thing::Outputs(of))
                }
                None => Vec::new(),
            },
            Thing::Scope("each") => {
                let each = self.unit().and_then(|u| u.each.as_ref());
                let value = each.map_or(Type::Any, |e| type_of(&e.value));
                let key = Thing::Part("key of the instance", Type::String);
                let value = Thing::Part("value of the instance", value);
                vec![part("key", key), part("value", value)]
            }
            Thing::Scope("env") => texts("of the environment", &["name"]),
            Thing::Scope("platform") => texts("of the platform", &["name", "id"]),
            Thing::Scope("unit") => texts("of the unit", &["name", "env", "key", "layer"]),
            other => match self.ty(other) {
                Some(Type::Object(fields)) => fields
                    .into_iter()
                    .map(|(name, field)| part(&name, Thing::Part("a field", field.ty)))
                    .collect(),
                _ => Vec::new(),
            },
        }
    }

    fn of_component(&self, named: &Named, contract: Option<&String>) -> Vec<Part> {
        let outputs = |unit: u32, all: bool| Outputs {
            unit,
            contract: contract.cloned(),
            all,
        };
        let Some(first) = named.units().next() else {
            return Vec::new();
        };
        if !named.keyed {
            return vec![Part {
                name: "outputs".to_owned(),
                key: false,
                thing: Thing::Outputs(outputs(first, false)),
            }];
        }
        let one = |i: u32| {
            let each = self.c.units[i as usize].each.as_ref()?;
            Some(Part {
                name: each.key.to_string(),
                key: true,
                thing: Thing::Instance(outputs(i, false)),
            })
        };
        let mut parts: Vec<Part> = named.units().filter_map(one).collect();
        parts.push(Part {
            name: "*".to_owned(),
            key: true,
            thing: Thing::Instance(outputs(first, true)),
        });
        parts
    }

    fn output_names(&self, of: &Outputs) -> Vec<&'a str> {
        let mut names = self.c.output_names(of.unit, of.contract.as_deref());
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The type of something that is a value.
    pub fn ty(&self, thing: &Thing) -> Option<Type> {
        match thing {
            Thing::Output(of, name) => {
                let ty = self.output_type(of, name);
                Some(if of.all { Type::Map(Box::new(ty)) } else { ty })
            }
            Thing::Value(name) => self.value(name).map(type_of),
            Thing::Flavor(_) => Some(Type::String),
            Thing::Part(_, ty) => Some(ty.clone()),
            _ => None,
        }
    }

    fn output_type(&self, of: &Outputs, name: &str) -> Type {
        if let Some(contract) = &of.contract {
            let promised = self.c.loaded.contracts.get(contract);
            let output = promised.and_then(|p| p.outputs.get(name));
            return output.map(|o| o.ty.clone()).unwrap_or_default();
        }
        let v = self.c.variant(&self.c.units[of.unit as usize]);
        let own = v.component.outputs.get(name).map(|(_, o)| &o.ty);
        let declared = v.interface.outputs.get(name).map(|o| &o.ty);
        match (own, declared) {
            (None | Some(Type::Any), Some(ty)) => ty.clone(),
            (Some(ty), _) => ty.clone(),
            _ => Type::Any,
        }
    }

    /// Is an output kept secret?
    pub fn is_sensitive(&self, thing: &Thing) -> bool {
        let Thing::Output(of, name) = thing else {
            return false;
        };
        if let Some(contract) = &of.contract {
            let promised = self.c.loaded.contracts.get(contract);
            if promised
                .and_then(|p| p.outputs.get(name))
                .is_some_and(|o| o.sensitive)
            {
                return true;
            }
        }
        let v = self.c.variant(&self.c.units[of.unit as usize]);
        v.component
            .outputs
            .get(name)
            .is_some_and(|(_, o)| o.sensitive)
            || v.interface.outputs.get(name).is_some_and(|o| o.sensitive)
    }

    /// A value of the environment.
    pub fn value(&self, name: &str) -> Option<&'a Term> {
        self.c.envs[self.env?].values.get(name)
    }
}

fn component(name: &str, target: Target) -> Thing {
    Thing::Component {
        name: name.to_owned(),
        named: target.named,
        contract: target.contract,
    }
}
