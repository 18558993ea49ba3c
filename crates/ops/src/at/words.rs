//! Things in words, for people.
use super::{thing::Thing, view::View};

impl View<'_> {
    /// What a thing is, in a few words.
    pub fn what(&self, thing: &Thing) -> String {
        let unit = |i: u32| self.c.units[i as usize].address.clone();
        match thing {
            Thing::Environment(env) => format!("environment `{}`", self.c.envs[*env].name),
            Thing::Component {
                name,
                named,
                contract,
            } => {
                let component = named.units().next().map(|i| {
                    let u = &self.c.units[i as usize];
                    let v = self.c.variant(u);
                    (
                        v.component.name.clone(),
                        v.component.engine.clone(),
                        self.c.layer(u),
                    )
                });
                match (component, contract) {
                    (Some((name, engine, layer)), Some(contract)) => {
                        format!("contract `{contract}`, here `{name}` ({engine}, layer {layer})")
                    }
                    (Some((name, engine, layer)), None) => {
                        format!("component `{name}` ({engine}, layer {layer})")
                    }
                    (None, _) => format!("component `{name}` without instances"),
                }
            }
            Thing::Instance(of) if of.all => "all instances".to_owned(),
            Thing::Instance(of) => format!("unit `{}`", unit(of.unit)),
            Thing::Outputs(of) => match &of.contract {
                Some(contract) => format!("outputs of the contract `{contract}`"),
                None => format!("outputs of `{}`", unit(of.unit)),
            },
            Thing::Output(of, name) => match (&of.contract, of.all) {
                (Some(contract), _) => {
                    format!(
                        "output `{name}` of the contract `{contract}`, here of `{}`",
                        unit(of.unit)
                    )
                }
                (None, true) => format!(
                    "output `{name}` of every instance of `{}`",
                    unit(of.unit).name
                ),
                (None, false) => format!("output `{name}` of `{}`", unit(of.unit)),
            },
            Thing::Scope(word) => scope(word).to_owned(),
            Thing::Value(name) => match self.env {
                Some(env) => format!("value `{name}` of `{}`", self.c.envs[env].name),
                None => format!("value `{name}`"),
            },
            Thing::Flavor(contract) => format!("the component that provides `{contract}`"),
            Thing::Part(of, _) => (*of).to_owned(),
        }
    }
}

/// What a name of the language stands for.
fn scope(word: &str) -> &'static str {
    match word {
        "values" => "values of the environment",
        "env" => "the environment; `env(\"NAME\")` is another one",
        "secret" => "`secret(\"env:NAME\")`: a secret, read late",
        "each" => "the instance: `each.key`, `each.value`",
        "self" => "outputs of this unit",
        "unit" => "this unit",
        "flavors" => "the component that provides each contract",
        "platform" => "the platform",
        _ => "a word of expressions",
    }
}
