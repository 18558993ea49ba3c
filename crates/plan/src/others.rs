//! What of a plan is of other repositories, for who approves it. It judges nothing: that was done before.
use std::collections::{BTreeMap, BTreeSet};
use strata_core::plan::Plan;
use strata_ops::{compose::Composition, imports::Brought};

/// What a plan says of it.
pub(crate) fn notes(c: &Composition, plan: &Plan) -> Vec<String> {
    let mut out = units(c, plan);
    out.extend(brought(c, plan));
    out
}

/// What of a plan comes from other repositories, and whose scripts will run: so that nobody approves unseen code.
fn units(c: &Composition, plan: &Plan) -> Vec<String> {
    let mut of: BTreeMap<u32, (usize, Vec<String>)> = BTreeMap::new();
    for step in plan.pending() {
        let Some(i) = c.position(&step.unit) else {
            continue;
        };
        let unit = &c.units[i];
        if !c.env(unit).is_foreign() {
            continue;
        }
        let (units, scripts) = of.entry(unit.env).or_default();
        *units += 1;
        if strata_ops::check::brings_scripts(c, i) {
            scripts.push(step.unit.to_string());
        }
    }
    let mut out = Vec::new();
    for (env, (units, scripts)) in of {
        let e = &c.envs[env as usize];
        let Some((within, pin)) = e.within.as_ref().and_then(|w| Some((w, w.pin.as_ref()?))) else {
            continue;
        };
        let s = if units == 1 { "" } else { "s" };
        let runs = if scripts.is_empty() {
            String::new()
        } else {
            format!("; its scripts run in {}", scripts.join(", "))
        };
        out.push(format!(
            "{}/{}: {units} unit{s} from {} at {} ({}){runs}",
            e.name,
            within.path,
            pin.repo,
            pin.version,
            pin.short()
        ));
    }
    out
}

/// The same of files of other repositories that lie in units of ours.
fn brought(c: &Composition, plan: &Plan) -> Vec<String> {
    let pending: BTreeSet<String> = plan.pending().map(|s| s.unit.to_string()).collect();
    let of_pending = c.brought.iter().filter(|b| pending.contains(&b.unit));
    lines(of_pending)
}

/// Whose files lie in units of ours, a line for each import, with the scripts among them.
pub fn lines<'a>(all: impl IntoIterator<Item = &'a Brought>) -> Vec<String> {
    let mut of: BTreeMap<(&str, String), (Vec<&str>, Vec<String>)> = BTreeMap::new();
    for b in all {
        let whose = format!("{} at {} ({})", b.pin.repo, b.pin.version, b.pin.short());
        let (units, scripts) = of.entry((&b.import, whose)).or_default();
        units.push(&b.unit);
        let new = |s: &&String| !scripts.contains(s);
        let new: Vec<String> = b.scripts.iter().filter(new).cloned().collect();
        scripts.extend(new);
    }
    let line = |((import, whose), (units, scripts)): ((&str, String), (Vec<&str>, Vec<String>))| {
        let runs = if scripts.is_empty() {
            String::new()
        } else {
            format!("; its scripts run: {}", scripts.join(", "))
        };
        format!("{import}: files in {} from {whose}{runs}", units.join(", "))
    };
    of.into_iter().map(line).collect()
}
