//! The files of one folder as one module, overrides merged in.
use super::{
    facts::{
        CallFact, FileFacts, LocalFact, OutputFact, ProviderFact, RequirementFact, SettingsFact,
        VariableFact,
    },
    files, repeated,
};
use crate::node::Origin;
use std::collections::BTreeMap;
use strata_core::{
    span::{Location, Span},
    tree::Tree,
};

/// Something with its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct In<T> {
    pub file: Origin,
    pub fact: T,
}

impl<T> In<T> {
    pub(super) fn at(&self, span: Span) -> Location {
        Location::new(self.file.clone(), span)
    }
}

/// Declared twice: what, its name, where first, where again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Twice {
    pub what: &'static str,
    pub name: String,
    pub first: Location,
    pub again: Location,
}

/// One folder as a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Folder {
    pub path: String,
    /// What is left of the files' facts when the declarations are taken out.
    pub files: Vec<(Origin, FileFacts)>,
    pub variables: BTreeMap<String, In<VariableFact>>,
    pub outputs: BTreeMap<String, In<OutputFact>>,
    pub locals: BTreeMap<String, In<LocalFact>>,
    pub calls: BTreeMap<String, In<CallFact>>,
    pub providers: Vec<In<ProviderFact>>,
    pub requirements: BTreeMap<String, In<RequirementFact>>,
    pub backend: Option<In<SettingsFact>>,
    pub cloud: Option<In<SettingsFact>>,
    pub twice: Vec<Twice>,
    /// Terraform reads other files than OpenTofu.
    pub two_programs: bool,
    /// Files override others: what stands in those may not count.
    pub overridden: bool,
    /// Some of it could not be read, or means another thing to another program.
    pub incomplete: bool,
}

impl Folder {
    /// Reads a folder; nothing of it is followed.
    pub(super) fn read(tree: &dyn Tree, path: &str) -> Self {
        let mut folder = Self {
            path: path.to_owned(),
            ..Self::default()
        };
        let (found, others) = files::of_module(tree, path);
        let of_tofu = |file: &&str| file.ends_with(".tofu") || file.ends_with(".tofu.json");
        let tofu = found.iter().filter(|(file, _)| of_tofu(file)).count();
        folder.two_programs = tofu > 0 && (tofu < found.len() || !others.is_empty());
        for other in others {
            // which of two files counts depends on the program that runs it
            let tofu = files::of_tofu(other);
            let same = names(&files::facts(tree, other)) == names(&files::facts(tree, &tofu));
            folder.incomplete |= !same;
        }
        let mut plain = 0;
        for (file, over) in found {
            let facts = files::facts(tree, file);
            folder.add(Origin::from(file), facts, over);
            plain += usize::from(!over);
        }
        // files that override stand last, and say again what others say
        if !folder.two_programs {
            let again = repeated::blocks(&folder.files[..plain]);
            folder.twice.extend(again);
        }
        folder
    }

    fn add(&mut self, file: Origin, mut facts: FileFacts, over: bool) {
        self.incomplete |= !facts.problems.is_empty();
        self.overridden |= over;
        for fact in std::mem::take(&mut facts.variables) {
            let (name, at) = (fact.name.clone(), fact.at);
            declare(
                &mut self.variables,
                &mut self.twice,
                ("variable", name, at, over),
                In {
                    file: file.clone(),
                    fact,
                },
                |f| f.at,
                merge_variable,
            );
        }
        for fact in std::mem::take(&mut facts.outputs) {
            let (name, at) = (fact.name.clone(), fact.at);
            declare(
                &mut self.outputs,
                &mut self.twice,
                ("output", name, at, over),
                In {
                    file: file.clone(),
                    fact,
                },
                |f| f.at,
                merge_output,
            );
        }
        for fact in std::mem::take(&mut facts.locals) {
            let (name, at) = (fact.name.clone(), fact.at);
            declare(
                &mut self.locals,
                &mut self.twice,
                ("local value", name, at, over),
                In {
                    file: file.clone(),
                    fact,
                },
                |f| f.at,
                |below, above| below.value = above.value,
            );
        }
        for fact in std::mem::take(&mut facts.calls) {
            let (name, at) = (fact.name.clone(), fact.at);
            declare(
                &mut self.calls,
                &mut self.twice,
                ("module", name, at, over),
                In {
                    file: file.clone(),
                    fact,
                },
                |f| f.at,
                merge_call,
            );
        }
        for fact in std::mem::take(&mut facts.providers) {
            self.provider(
                In {
                    file: file.clone(),
                    fact,
                },
                over,
            );
        }
        for fact in std::mem::take(&mut facts.requirements)
            .into_iter()
            .flatten()
        {
            self.require(
                In {
                    file: file.clone(),
                    fact,
                },
                over,
            );
        }
        if let Some(fact) = facts.backend.take() {
            // an override of the one takes the place of the other too
            self.cloud = self.cloud.take().filter(|_| !over);
            self.backend = Some(In {
                file: file.clone(),
                fact,
            });
        }
        if let Some(fact) = facts.cloud.take() {
            self.backend = self.backend.take().filter(|_| !over);
            self.cloud = Some(In {
                file: file.clone(),
                fact,
            });
        }
        self.files.push((file, facts));
    }

    fn provider(&mut self, new: In<ProviderFact>, over: bool) {
        let same = |p: &&mut In<ProviderFact>| {
            (&p.fact.name, &p.fact.alias) == (&new.fact.name, &new.fact.alias)
        };
        match self.providers.iter_mut().find(same) {
            Some(below) if over => {
                let arguments = &mut below.fact.arguments;
                arguments.retain(|a| new.fact.arguments.iter().all(|n| n.name != a.name));
                arguments.extend(new.fact.arguments);
                below.fact.sources.extend(new.fact.sources);
                below.fact.version = new.fact.version.or(below.fact.version.take());
            }
            Some(first) => {
                let (name, alias) = (&new.fact.name, new.fact.alias.as_ref());
                self.twice.push(Twice {
                    what: "provider",
                    name: alias.map_or_else(|| name.clone(), |alias| format!("{name}.{alias}")),
                    first: first.at(first.fact.at),
                    again: new.at(new.fact.at),
                });
            }
            None => self.providers.push(new),
        }
    }

    fn require(&mut self, new: In<RequirementFact>, over: bool) {
        let name = new.fact.name.clone();
        match self.requirements.get(&name) {
            Some(first) if !over => self.twice.push(Twice {
                what: "required provider",
                name,
                first: first.at(first.fact.at),
                again: new.at(new.fact.at),
            }),
            _ => drop(self.requirements.insert(name, new)),
        }
    }

    /// Does a loop somewhere give this name (`var`, `module`, …) to something of its own?
    pub(super) fn hides(file: &FileFacts, root: &str) -> bool {
        file.references.hidden.iter().any(|h| h == root)
    }
}

/// The names that a file declares and uses.
fn names(facts: &FileFacts) -> Vec<(u8, &str)> {
    let used = &facts.references;
    let mut out: Vec<(u8, &str)> = Vec::new();
    out.extend(facts.variables.iter().map(|f| (0, f.name.as_str())));
    out.extend(facts.outputs.iter().map(|f| (1, f.name.as_str())));
    out.extend(facts.locals.iter().map(|f| (2, f.name.as_str())));
    out.extend(facts.calls.iter().map(|f| (3, f.name.as_str())));
    out.extend(used.variables.iter().map(|(name, _)| (4, name.as_str())));
    out.extend(used.locals.iter().map(|(name, _)| (5, name.as_str())));
    out.extend(used.modules.iter().map(|m| (6, m.call.as_str())));
    out.sort_unstable();
    out.dedup();
    out
}

fn declare<T>(
    all: &mut BTreeMap<String, In<T>>,
    twice: &mut Vec<Twice>,
    (what, name, at, over): (&'static str, String, Span, bool),
    new: In<T>,
    place: fn(&T) -> Span,
    merge: fn(&mut T, T),
) {
    match all.get_mut(&name) {
        Some(below) if over => merge(&mut below.fact, new.fact),
        Some(first) => twice.push(Twice {
            what,
            name,
            first: first.at(place(&first.fact)),
            again: new.at(at),
        }),
        None => drop(all.insert(name, new)),
    }
}

fn merge_variable(below: &mut VariableFact, above: VariableFact) {
    // their places are those of the file that is overridden, so nothing is said of them
    below.ty = above.ty.or(below.ty.take());
    below.default = above.default.or(below.default.take());
    below.sensitive = above.sensitive.or(below.sensitive);
    below.nullable = above.nullable.or(below.nullable);
    below.ephemeral = above.ephemeral.or(below.ephemeral);
    below.description = above.description.or(below.description.take());
    if !above.validations.is_empty() {
        below.validations = above.validations;
    }
}

fn merge_output(below: &mut OutputFact, above: OutputFact) {
    below.value = above.value.or(below.value.take());
    below.sensitive = above.sensitive.or(below.sensitive);
    below.ephemeral = above.ephemeral.or(below.ephemeral);
    below.description = above.description.or(below.description.take());
}

fn merge_call(below: &mut CallFact, above: CallFact) {
    below.source = above.source.or(below.source.take());
    below.version = above.version.or(below.version.take());
    below.many |= above.many;
    below
        .arguments
        .retain(|a| above.arguments.iter().all(|n| n.name != a.name));
    below.arguments.extend(above.arguments);
    if !above.providers.is_empty() {
        below.providers = above.providers;
    }
    below.incomplete |= above.incomplete;
}
