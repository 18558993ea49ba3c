//! Edges that no file of the repo spells: a tool that reads the state of another unit by itself.
use super::{Composition, Dep};
use crate::{decode::Problems, scope::identity_task};
use std::collections::HashMap;
use strata_core::{
    diagnostic::{Diagnostic, nearest, suggest},
    interface::StateRead,
    value::Value,
};

/// One unit reads the state of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateEdge {
    /// Position of the other one.
    pub unit: u32,
    /// The outputs that it takes.
    pub outputs: Vec<String>,
    /// Does it take more than is written out?
    pub all: bool,
}

/// Finds whose state every unit reads, and what is wrong with that.
pub(super) fn connect(c: &mut Composition, problems: &mut Problems) {
    if c.variants
        .iter()
        .all(|v| v.interface.state_reads.is_empty())
    {
        return;
    }
    let mut owners: HashMap<String, u32> = HashMap::new();
    for (i, unit) in c.units.iter().enumerate() {
        let identities = c
            .engine(unit)
            .identities(&identity_task(c, i), &c.variant(unit).interface);
        owners.extend(identities.into_iter().map(|id| (id, i as u32)));
    }
    for i in 0..c.units.len() {
        let mut edges = Vec::new();
        for read in &c.variant(&c.units[i]).interface.state_reads {
            let Some(identity) = of_unit(c, i, read) else {
                continue;
            };
            match owners.get(&identity) {
                Some(unit) if *unit as usize != i => {
                    outputs(c, *unit, read, problems);
                    edges.push(StateEdge {
                        unit: *unit,
                        outputs: read.outputs.keys().cloned().collect(),
                        all: read.all,
                    });
                }
                // its own state, or one of another platform
                Some(_) => {}
                None => unknown(&identity, read, &owners, problems),
            }
        }
        let unit = &mut c.units[i];
        for edge in &edges {
            unit.deps.retain(|d| d.unit != edge.unit);
            unit.deps.push(Dep {
                unit: edge.unit,
                data: true,
            });
        }
        unit.deps.sort_unstable();
        unit.deps.dedup();
        unit.state = edges;
    }
}

/// The identity that a unit reads, with what is known of that unit filled in.
fn of_unit(c: &Composition, unit: usize, read: &StateRead) -> Option<String> {
    let mut identity = read.identity.clone()?;
    if identity.contains(StateRead::WORKSPACE) {
        let task = identity_task(c, unit);
        let workspace = task.spec.string("workspace");
        let workspace = workspace.unwrap_or_else(|| "default".to_owned());
        identity = identity.replace(StateRead::WORKSPACE, &workspace);
    }
    let v = c.variant(&c.units[unit]);
    for (name, input) in &v.interface.inputs {
        let mark = StateRead::input(name);
        if !identity.contains(&mark) {
            continue;
        }
        let given = match v.component.inputs.get(name) {
            Some(field) => crate::scope::eval_late(c, unit, field).ok()?.plain()?,
            None => input.default.clone()?,
        };
        identity = identity.replace(&mark, &Value::scalar_text(&given)?);
    }
    (!identity.contains('\u{1}')).then_some(identity)
}

/// Outputs that the other unit does not have.
fn outputs(c: &Composition, of: u32, read: &StateRead, problems: &mut Problems) {
    let v = c.variant(&c.units[of as usize]);
    for (output, at) in &read.outputs {
        if c.has_output(of, None, output) {
            continue;
        }
        let names = c.output_names(of, None);
        problems.push(
            Diagnostic::error(
                "state::unknown-output",
                format!("`{}` has no output `{output}`", v.component.name),
            )
            .at(at.clone())
            .related(v.component.at.clone(), "its state is read")
            .help(suggest(output, names.iter().copied()).unwrap_or_else(|| {
                if names.is_empty() {
                    "it has none".to_owned()
                } else {
                    format!("its outputs are: {}", names.join(", "))
                }
            })),
        );
    }
}

/// A state that no unit has is another platform's, unless it looks like a slip.
fn unknown(
    identity: &str,
    read: &StateRead,
    owners: &HashMap<String, u32>,
    problems: &mut Problems,
) {
    let known = owners
        .keys()
        .map(String::as_str)
        .filter(|k| !k.contains(" unit="));
    if let Some(near) = nearest(identity, known).filter(|near| slips(identity, near)) {
        let bare = |text: &str| text.trim_start_matches("terraform-state:").to_owned();
        problems.push(
            Diagnostic::warning(
                "state::unknown",
                format!("no unit here has the state {}", bare(identity)),
            )
            .at(read.at.clone())
            .help(format!("did you mean {}?", bare(near))),
        );
    }
}

/// Long identities are alike by nature: only a letter or two may differ.
fn slips(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let digits = |s: &[char]| s.iter().any(char::is_ascii_digit);
    let (short, long) = (a.len().min(b.len()), a.len().max(b.len()));
    // `net-1` and `net-2` are two states and no slip
    long - (same + tail).min(short) <= 2
        && !digits(&a[same.min(a.len())..a.len().saturating_sub(tail).max(same)])
}
