//! From a name and the steps after it to units, or what is wrong with it.
use super::{Composition, Target, Unit, Use};
use crate::{document::platform::unknown_layer, scope::Statics};
use std::slice::Iter;
use strata_core::{
    diagnostic::{Diagnostic, nearest, suggest},
    name::RESERVED,
    span::Location,
    value::Term,
};
use strata_syntax::expr::{Root, Step};

pub(super) type Found = Result<Vec<u32>, Box<Diagnostic>>;

/// Is it said elsewhere why a name stands for nothing? So for a component that could not be described, for one of an
/// environment that could not be read, and for a contract whose flavors are wrong.
pub(super) fn excused(c: &Composition, unit: &Unit, env: Option<&str>, name: &str) -> bool {
    let unread = |env: &str| {
        c.env_named(env).is_none()
            && c.loaded.environments.contains_key(env)
            && !env.starts_with('_')
    };
    let unread_env = match env {
        Some(env) => unread(env),
        None => c.env(unit).uses.iter().any(|(used, _)| unread(used)),
    };
    let provided = || {
        let mut provided = c.variants.iter().flat_map(|v| v.component.provides.keys());
        provided.any(|p| !c.loaded.contracts.contains_key(p)) || !c.broken.is_empty()
    };
    let known = || c.loaded.contracts.contains_key(name);
    // an import that is not there was said
    let here = unit.env as usize;
    let lost = |alias: &str| {
        let wished = |env: usize| {
            let files = c.loaded_of(env).environments.values();
            let mut all = files.flat_map(|f| &f.imports);
            c.import(env, alias).is_none() && all.any(|w| w.alias == alias)
        };
        wished(here) || wished(c.home(unit))
    };
    if lost(name) || env.is_some_and(lost) {
        return true;
    }
    unread_env || c.broken.contains(name) || known() && provided()
}

/// The units that a reference of a unit names.
pub(super) fn resolve(c: &Composition, unit: &Unit, u: &Use) -> Found {
    let wrong = |code: &str, message: String, help: String| {
        let problem = Diagnostic::error(code, message).at(u.at.clone());
        Err(Box::new(problem.help(help)))
    };
    let env = c.scope_of(unit.env as usize, &u.at.file);
    let steps = &u.reference.steps;
    let taken;
    let (env, target, name) = match &u.reference.root {
        Root::Name(name) if name == "self" => {
            if u.key == "verify" || u.key == "options" {
                return Ok(Vec::new());
            }
            return wrong(
                "reference::self",
                format!("`self` has no outputs yet when `{}` is read", u.key),
                "`self` can be used in `provides` and `verify`".to_owned(),
            );
        }
        Root::Name(name) if RESERVED.contains(&name.as_str()) => return Ok(Vec::new()),
        Root::Name(name) => {
            let (inner, inside, steps) = c.through(env, name, steps);
            taken = steps;
            match steps {
                0 => (env, c.lookup(env, name), name.as_str()),
                _ => (inner, c.lookup_here(inner, inside), inside),
            }
        }
        Root::Env { env: other, .. } if c.envs[env].within.is_some() => {
            return wrong(
                "reference::unknown-environment",
                format!("an import has one environment, and `{other}` is another"),
                "what it needs from elsewhere it is given by `values`, a contract or `components:` of who imports it"
                    .to_owned(),
            );
        }
        Root::Env { env: other, name } => match c.env_named(other) {
            Some(position) => {
                let (inner, inside, steps) = c.through(position, name, steps);
                taken = steps;
                (inner, c.lookup_here(inner, inside), inside)
            }
            None => return Err(Box::new(unknown_environment(c, other, &u.at))),
        },
    };
    let Some(target) = target else {
        if let Some(import) = c.import(env, name) {
            let names: Vec<&str> = c.envs[import].names.keys().map(AsRef::as_ref).collect();
            return wrong(
                "reference::no-outputs",
                format!("`{name}` is an import, not a value"),
                format!(
                    "write `{name}.{}.outputs.NAME`",
                    names.first().unwrap_or(&"COMPONENT")
                ),
            );
        }
        return Err(Box::new(unknown_name(c, unit, env, name, &u.at)));
    };
    let mut steps = steps[taken..].iter();
    let (units, written) = instances_of(c, unit, u, name, &target, &mut steps)?;
    match steps.next() {
        Some(Step::Field(f) | Step::Key(f)) if f == "outputs" => {}
        None => {
            return wrong(
                "reference::no-outputs",
                format!("`{written}` is a component, not a value"),
                format!("write `{written}.outputs.NAME`"),
            );
        }
        Some(Step::Field(f)) => {
            return wrong(
                "reference::no-outputs",
                format!("`{written}` has no `{f}`"),
                match nearest(f, ["outputs"]) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("write `{written}.outputs.{f}`"),
                },
            );
        }
        Some(Step::Key(_) | Step::Index(_)) if target.named.keyed => {
            return wrong(
                "reference::no-outputs",
                format!("`{written}` is one instance, and has outputs"),
                format!("write `{written}.outputs…`"),
            );
        }
        Some(Step::Key(_) | Step::Index(_)) => {
            return wrong(
                "reference::no-instances",
                format!("`{name}` has no instances"),
                format!("write `{name}.outputs…`"),
            );
        }
    }
    if let (Some(first), Some(Step::Field(output) | Step::Key(output))) =
        (units.first(), steps.next())
    {
        let contract = target.contract.as_deref();
        if !c.has_output(*first, contract, output) {
            let names = c.output_names(*first, contract);
            let at = c.variant(&c.units[*first as usize]).component.at.clone();
            let problem = Diagnostic::error(
                "reference::unknown-output",
                format!("`{name}` has no output `{output}`"),
            );
            let help = suggest(output, names.iter().copied()).unwrap_or_else(|| {
                if names.is_empty() {
                    format!("declare it in the component: `outputs: {{{output}: string}}`")
                } else {
                    format!("its outputs are: {}", names.join(", "))
                }
            });
            return Err(Box::new(
                problem
                    .at(u.at.clone())
                    .related(at, format!("`{name}` is described here"))
                    .help(help),
            ));
        }
    }
    Ok(units)
}

/// The units of a component, or the one of a key, and how that is written.
fn instances_of(
    c: &Composition,
    unit: &Unit,
    u: &Use,
    name: &str,
    target: &Target,
    steps: &mut Iter<'_, Step>,
) -> Result<(Vec<u32>, String), Box<Diagnostic>> {
    let units: Vec<u32> = target.named.units().collect();
    if !target.named.keyed {
        return Ok((units, name.to_owned()));
    }
    let key = match steps.next() {
        Some(Step::Key(key)) => Some(key.clone()),
        Some(Step::Index(ast)) => {
            let env = c.scope_of(unit.env as usize, &u.at.file);
            let scope = Statics::new(c, env, unit.each.as_ref());
            match strata_syntax::expr::eval_ast(ast, &scope) {
                Ok(Term::String(key)) => Some(key),
                Ok(Term::Number(n)) => Some(n.0),
                // not known from the files: any of them
                _ => Some("*".to_owned()),
            }
        }
        _ => None,
    };
    let own = |i: &u32| c.units[*i as usize].each.as_ref().map(|e| e.key.as_ref());
    let keys: Vec<&str> = units.iter().filter_map(own).collect();
    let Some(key) = key else {
        let one = match (&unit.each, keys.first()) {
            (None, Some(key)) => format!("{name}[\"{key}\"]"),
            _ => format!("{name}[each.key]"),
        };
        return Err(Box::new(
            Diagnostic::error("reference::instances", format!("`{name}` has instances"))
                .at(u.at.clone())
                .help(format!(
                    "write `{one}.outputs…` for one, or `{name}[\"*\"].outputs…` for a map of all"
                )),
        ));
    };
    let written = format!("{name}[\"{key}\"]");
    if key == "*" {
        return Ok((units, written));
    }
    let Some(one) = c.instance(&target.named, &key) else {
        return Err(Box::new(
            Diagnostic::error(
                "reference::unknown-instance",
                format!("`{name}` has no instance `{key}`"),
            )
            .at(u.at.clone())
            .help(
                suggest(&key, keys.iter().copied())
                    .unwrap_or_else(|| format!("its instances are: {}", keys.join(", "))),
            ),
        ));
    };
    Ok((vec![one], written))
}

fn unknown_environment(c: &Composition, name: &str, at: &Location) -> Diagnostic {
    let names: Vec<&str> = c.environments().iter().map(|e| e.name.as_ref()).collect();
    Diagnostic::error(
        "reference::unknown-environment",
        format!("there is no environment `{name}`"),
    )
    .at(at.clone())
    .help(
        suggest(name, names.iter().copied())
            .unwrap_or_else(|| format!("environments are: {}", names.join(", "))),
    )
}

/// The message for a name that stands for nothing in an environment.
fn unknown_name(c: &Composition, unit: &Unit, env: usize, name: &str, at: &Location) -> Diagnostic {
    let here = &c.envs[env];
    let problem = |message: String| Diagnostic::error("reference::unknown", message).at(at.clone());
    let missing = problem(format!("there is no `{name}` in `{}`", here.name));
    if let Some(source) = c.loaded_of(env).components.get(name) {
        let has = |e: &&super::Environment| e.names.contains_key(name);
        let others: Vec<&str> = c
            .environments()
            .iter()
            .filter(has)
            .map(|e| e.name.as_ref())
            .collect();
        let help = match others.as_slice() {
            [] => {
                "no environment has it: look at its `enabled` and `environments`, and at `flavors`"
                    .to_owned()
            }
            [first, ..] => format!(
                "it is in `{}`: write `env(\"{first}\").{name}…`, or add `uses: [{first}]` to the environment",
                others.join("`, `")
            ),
        };
        return missing
            .related(source.at.clone(), "the component is here")
            .help(help);
    }
    if c.loaded.contracts.contains_key(name) {
        return problem(format!(
            "no component of `{}` provides the contract `{name}`",
            here.name
        ))
        .help(format!("add `provides: {{{name}: …}}` to one"));
    }
    let own = |n: &&str| env != unit.env as usize || *n != unit.address.name.as_ref();
    let mut names: Vec<&str> = here.names.keys().map(AsRef::as_ref).filter(own).collect();
    names.extend(here.chosen.keys().map(String::as_str));
    names.extend(here.imports.keys().map(String::as_str));
    names.sort_unstable();
    let known = |p: &str| names.contains(&p) || RESERVED.contains(&p) || p.parse::<u64>().is_ok();
    if name.contains('-') && name.split('-').all(known) {
        return missing.help("to subtract, put spaces around `-`");
    }
    let list = (!names.is_empty() && names.len() <= 10)
        .then(|| format!("`{}` has: {}", here.name, names.join(", ")));
    let all = names.iter().copied().chain(RESERVED.iter().copied());
    missing.help_opt(suggest(name, all).or(list))
}

/// The units of an entry of `after`: `name`, `env/name` or `layer:name`.
pub(super) fn after(c: &Composition, unit: &Unit, name: &str, at: &Location) -> Found {
    let env = c.scope_of(unit.env as usize, &at.file);
    if let Some(layer) = name.strip_prefix("layer:") {
        let platform = &c.loaded_of(env).platform;
        let layers = &platform.layers;
        let position = platform.layer(layer);
        let Some(position) = position.and_then(|l| super::guests::layer(c, env, l)) else {
            return Err(Box::new(unknown_layer(layer, at.clone(), layers)));
        };
        // of its own layer, all others
        let wanted = |u: &Unit| {
            (u.env as usize == env || c.envs[env].within.is_none() && c.home(u) == env)
                && c.variant(u).component.layer == position
                && u.address != unit.address
        };
        return Ok((0..c.units.len() as u32)
            .filter(|i| wanted(&c.units[*i as usize]))
            .collect());
    }
    if let Some(units) = of_import(c, env, name) {
        return Ok(units);
    }
    let (env, target, name) = match name.split_once('/') {
        // a component that this environment brings may have a name of several parts
        Some(_) if c.envs[env].names.contains_key(name) => (env, c.lookup_here(env, name), name),
        Some((other, name)) => match c.env_named(other) {
            Some(position) => (position, c.lookup_here(position, name), name),
            None => return Err(Box::new(unknown_environment(c, other, at))),
        },
        None => (env, c.lookup(env, name), name),
    };
    match target {
        Some(target) => Ok(target.named.units().collect()),
        None => Err(Box::new(unknown_name(c, unit, env, name, at))),
    }
}

/// The units of an import, or of one component of it: `obs`, `obs/grafana`.
fn of_import(c: &Composition, env: usize, name: &str) -> Option<Vec<u32>> {
    let (first, rest) = match name.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (name, None),
    };
    let inner = c.import(env, first)?;
    match rest {
        Some(rest) => of_import(c, inner, rest).or_else(|| {
            let target = c.lookup_here(inner, rest)?;
            Some(target.named.units().collect())
        }),
        None => {
            let inside = |mut e: usize| loop {
                if e == inner {
                    return true;
                }
                match &c.envs[e].within {
                    Some(within) => e = within.parent,
                    None => return false,
                }
            };
            let all = c.units.iter().enumerate();
            Some(
                all.filter(|(_, u)| inside(u.env as usize))
                    .map(|(i, _)| i as u32)
                    .collect(),
            )
        }
    }
}
