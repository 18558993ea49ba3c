//! Which outputs a unit is given, behind names, instances and contracts.
use super::{Composition, Target, Unit, Use};
use strata_syntax::expr::{Root, Step};

/// The longest way from contract to contract.
const MOST_CONTRACTS: usize = 16;

impl Composition {
    /// The outputs that a unit is given: of which unit, and which; `None` for all of it.
    pub fn given(&self, unit: usize) -> Vec<(usize, Option<String>)> {
        let u = &self.units[unit];
        let mut out = Vec::new();
        for used in self.variant(u).uses.iter().filter(|u| u.key != "provides") {
            self.given_by(u, used, MOST_CONTRACTS, &mut out);
        }
        out
    }

    /// Units whose outputs a contract that is taken is made of, but for the one that provides it.
    pub(super) fn behind_contract(&self, unit: &Unit, used: &Use) -> Vec<u32> {
        let Some(Target {
            contract: Some(_),
            named,
        }) = self.target_named(unit, used)
        else {
            return Vec::new();
        };
        let mut given = Vec::new();
        self.given_by(unit, used, MOST_CONTRACTS, &mut given);
        let others = given.into_iter().map(|(unit, _)| unit as u32);
        others.filter(|i| !named.units().contains(i)).collect()
    }

    /// Does what a contract is made of lead back to where it begins?
    pub(crate) fn needs_itself(&self, unit: &Unit, used: &Use) -> bool {
        let mut seen: Vec<(u32, String, Option<String>)> = Vec::new();
        let mut open: Vec<(Unit, Use)> = vec![(unit.clone(), used.clone())];
        while let Some((unit, one)) = open.pop() {
            let Some((target, units)) = self.target_of(&unit, &one) else {
                continue;
            };
            let Some(contract) = target.contract else {
                continue;
            };
            for provider in units {
                let output = asked(&one);
                let step = (provider, contract.clone(), output.clone());
                if seen.contains(&step) {
                    continue;
                }
                seen.push(step);
                let of = &self.units[provider as usize];
                let fields = self.variant(of).component.provides.get(&contract);
                let fields = fields.into_iter().flat_map(|(_, f)| f.iter());
                let fields = fields.filter(|(name, _)| output.as_ref().is_none_or(|o| o == *name));
                let uses = fields.flat_map(|(_, f)| f.references(super::variant::MAPPED));
                for (reference, at) in uses {
                    if at == used.at {
                        return true;
                    }
                    let key = "provides";
                    open.push((of.clone(), Use { reference, at, key }));
                }
            }
        }
        false
    }

    fn given_by(
        &self,
        unit: &Unit,
        used: &Use,
        depth: usize,
        out: &mut Vec<(usize, Option<String>)>,
    ) {
        let Some((target, units)) = self.target_of(unit, used) else {
            return;
        };
        let output = asked(used);
        for upstream in units {
            match &target.contract {
                Some(contract) if depth > 0 => {
                    let asked = (contract.as_str(), output.as_deref());
                    self.behind(upstream as usize, asked, depth - 1, out);
                }
                Some(_) => {}
                None => out.push((upstream as usize, output.clone())),
            }
        }
    }

    /// What an output of a contract is made of: outputs of who provides it, and those that it takes of others.
    fn behind(
        &self,
        provider: usize,
        (contract, output): (&str, Option<&str>),
        depth: usize,
        out: &mut Vec<(usize, Option<String>)>,
    ) {
        let unit = &self.units[provider];
        let Some((_, fields)) = self.variant(unit).component.provides.get(contract) else {
            return;
        };
        let asked = fields
            .iter()
            .filter(|(name, _)| output.is_none_or(|o| o == *name));
        for (reference, at) in asked.flat_map(|(_, field)| field.references(super::variant::PLAIN))
        {
            if matches!(&reference.root, Root::Name(n) if n == "self") {
                out.extend(named(reference.steps.first()).map(|n| (provider, Some(n))));
                continue;
            }
            let key = "provides";
            self.given_by(unit, &Use { reference, at, key }, depth, out);
        }
    }
}

/// The output that a reference names.
fn asked(used: &Use) -> Option<String> {
    let mut steps = used.reference.steps.iter();
    let outputs = |s: &Step| matches!(s, Step::Field(f) | Step::Key(f) if f == "outputs");
    let found = steps.any(outputs);
    found.then(|| named(steps.next())).flatten()
}

fn named(step: Option<&Step>) -> Option<String> {
    match step {
        Some(Step::Field(name) | Step::Key(name)) => Some(name.clone()),
        _ => None,
    }
}
