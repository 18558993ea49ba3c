//! What stands still, what can be planned with its tool now, what is deferred: decided from facts alone.
use crate::{
    foresee::Foreseen,
    graph, others,
    prepare::{Facts, complete, fingerprint, outline},
    prepared::{NotReady, Prepared},
};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::{
    digest::Digest,
    engine::{Artifact, Verb},
    name::Address,
    plan::{Basis, Body, Plan, Step},
    proposal::{Action, Envelope, Fidelity, Proposal},
    spec::UnitSpec,
    store::unsettled,
    value::OutputRef,
};
use strata_ops::compose::Composition;

/// Version of the form of a plan.
pub const FORMAT: u32 = 1;

/// How a unit stands before its tool is asked.
pub enum Standing {
    /// As it was last applied; `false`: but not verified.
    Unchanged(Digest, bool),
    /// All inputs are known: its tool can plan. With the names of the parts that changed.
    Known(Box<Prepared>, Vec<String>),
    /// Its inputs come from units that this plan changes.
    Deferred(Vec<OutputRef>),
    /// The same, and something can be said of it already.
    Foreseen(Foreseen),
    /// Kept as it is because the files say so.
    Suspended,
    /// Its tool misses something that these units may make, which this plan changes; what it misses.
    Waits(Vec<OutputRef>, String),
    /// It cannot be planned.
    Blocked(String),
}

/// A unit with its standing.
pub struct Item {
    /// Position in the composition.
    pub unit: usize,
    /// How it stands.
    pub standing: Standing,
    /// Positions of selected units that it waits for.
    pub needs: Vec<usize>,
}

/// What is asked for besides a selection.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Units to apply again though nothing changed.
    pub again: BTreeSet<Address>,
    /// Now, in milliseconds since 1970: for hand-offs that expire.
    pub now: u64,
}

/// Decides for every selected unit, in the order of the graph.
pub fn schedule(
    c: &Composition,
    selected: &[bool],
    wishes: &Wishes,
    facts: &Facts<'_>,
) -> Vec<Item> {
    let mut pending = vec![false; c.units.len()];
    let mut out = Vec::new();
    for unit in graph::order(c) {
        if !selected[unit] {
            continue;
        }
        let deps = &c.units[unit].deps;
        let standing = stand(c, unit, &pending, selected, wishes, facts);
        pending[unit] = matches!(
            standing,
            Standing::Known(..) | Standing::Deferred(_) | Standing::Blocked(_)
        );
        let needs = deps
            .iter()
            .map(|d| d.unit as usize)
            .filter(|d| selected[*d])
            .collect();
        out.push(Item {
            unit,
            standing,
            needs,
        });
    }
    out
}

fn stand(
    c: &Composition,
    unit: usize,
    pending: &[bool],
    selected: &[bool],
    wishes: &Wishes,
    facts: &Facts<'_>,
) -> Standing {
    let u = &c.units[unit];
    let v = c.variant(u);
    let row = facts.recorded.row(&u.address);
    if v.component.suspend {
        return Standing::Suspended;
    }
    let open: Vec<OutputRef> = u
        .deps
        .iter()
        .filter(|d| d.data && pending[d.unit as usize])
        .map(|d| OutputRef {
            unit: c.units[d.unit as usize].address.clone(),
            path: Vec::new(),
        })
        .collect();
    if !open.is_empty() {
        return Standing::Deferred(open);
    }
    match fingerprint(c, unit, facts) {
        Err(NotReady::Open(open)) => {
            let missing: BTreeSet<String> = open.iter().map(|o| o.unit.to_string()).collect();
            let never = open.iter().any(|o| facts.recorded.row(&o.unit).is_none());
            let list = missing.into_iter().collect::<Vec<_>>().join(", ");
            let foreign = open
                .iter()
                .find(|o| c.position(&o.unit).is_some_and(|p| !selected[p]));
            Standing::Blocked(match (never, foreign) {
                (true, Some(o)) => {
                    format!(
                        "needs {list}, which was never applied; add `{}` to this command, or apply it first",
                        o.unit.env
                    )
                }
                (true, None) => format!("needs {list}, which was never applied"),
                (false, _) => format!(
                    "needs outputs that the last apply of {list} did not give; apply it again with `--replace {list}`"
                ),
            })
        }
        Err(NotReady::Invalid(why)) => Standing::Blocked(why),
        Ok(known) => {
            let current = row.filter(|r| r.fingerprint == known.fingerprint);
            let expired = row.is_some_and(|r| expired(&known.spec, r.at, wishes.now));
            if let Some(r) = current
                && !wishes.again.contains(&u.address)
                && !expired
            {
                let verified = v.component.verify.is_empty() || r.verified != Some(false);
                return Standing::Unchanged(known.fingerprint, verified);
            }
            let unsettled = row.is_some_and(|r| r.fingerprint == unsettled());
            let why = [
                (expired, "expired"),
                (unsettled, "its last apply failed half way"),
            ];
            let changed = why
                .iter()
                .filter(|(so, _)| *so)
                .map(|(_, why)| (*why).to_owned())
                .collect();
            Standing::Known(Box::new(complete(c, unit, facts, known)), changed)
        }
    }
}

/// Is the answer of a hand-off too old, or an image? What upstream of it changed no file here shows.
fn expired(spec: &UnitSpec, at: u64, now: u64) -> bool {
    let option = match spec.engine.as_str() {
        "hand-off" => "expires",
        "packer" => "rebuild-after",
        _ => return false,
    };
    spec.string(option)
        .and_then(|t| strata_ops::decode::duration(&t))
        .is_some_and(|limit| now > at.saturating_add(limit))
}

/// What the tools said of the units that could be planned.
#[derive(Default)]
pub struct Proposals {
    /// By unit: what it will do, and the tool's own plan.
    pub known: BTreeMap<Address, (Proposal, Option<Artifact>)>,
}

/// Puts schedule and proposals together.
pub fn assemble(
    c: &Composition,
    envs: &[String],
    items: &[Item],
    mut proposals: Proposals,
    facts: &Facts<'_>,
    orphans: Vec<Address>,
) -> Plan {
    let mut steps = Vec::with_capacity(items.len());
    let mut baseline = BTreeMap::new();
    let mut saved = BTreeMap::new();
    let chosen: BTreeSet<usize> = items.iter().map(|i| i.unit).collect();
    for item in items {
        let u = &c.units[item.unit];
        let v = c.variant(u);
        if let Some(row) = facts.recorded.row(&u.address) {
            baseline.insert(u.address.clone(), row.fingerprint);
        }
        for d in u
            .deps
            .iter()
            .map(|d| d.unit as usize)
            .filter(|d| !chosen.contains(d))
        {
            let other = &c.units[d].address;
            if let Some(row) = facts.recorded.row(other) {
                baseline.insert(other.clone(), row.outputs_digest);
            }
        }
        let existed = facts.recorded.row(&u.address).is_some();
        let (basis, reason) = match &item.standing {
            Standing::Suspended => continue,
            Standing::Unchanged(fingerprint, true) => (
                Basis::Unchanged {
                    fingerprint: *fingerprint,
                },
                String::new(),
            ),
            Standing::Unchanged(fingerprint, false) => (
                Basis::Unverified {
                    fingerprint: *fingerprint,
                },
                "not verified yet".to_owned(),
            ),
            Standing::Deferred(open) => {
                let from: Vec<String> = open.iter().map(|o| o.unit.to_string()).collect();
                (
                    Basis::Deferred { open: open.clone() },
                    format!("waits for outputs of {}", from.join(", ")),
                )
            }
            Standing::Waits(makers, why) => {
                let from: Vec<String> = makers.iter().map(|o| o.unit.to_string()).collect();
                let open = makers.clone();
                let why = why.lines().next().unwrap_or_default();
                (
                    Basis::Deferred { open },
                    format!("waits for {}: {why}", from.join(", ")),
                )
            }
            Standing::Blocked(why) => (Basis::Deferred { open: vec![] }, why.clone()),
            Standing::Foreseen(foreseen) => {
                // without a tool: as it was last applied
                let still = || Proposal {
                    fidelity: Fidelity::Exact,
                    changes: Vec::new(),
                };
                let known = proposals.known.remove(&u.address);
                let proposal = known.map_or_else(still, |(proposal, _)| proposal);
                foreseen_basis(foreseen, proposal)
            }
            Standing::Known(prepared, why) => {
                let (proposal, file) = proposals
                    .known
                    .remove(&u.address)
                    .unwrap_or_else(|| (Proposal::opaque(&v.component.engine), None));
                if let Some(file) = file {
                    saved.insert(u.address.clone(), file);
                }
                let reason = if !existed {
                    "new".to_owned()
                } else if why.is_empty() {
                    "changed".to_owned()
                } else {
                    why.join(", ")
                };
                (
                    Basis::Exact {
                        proposal,
                        fingerprint: prepared.fingerprint,
                    },
                    reason,
                )
            }
        };
        let content = match basis {
            Basis::Deferred { .. } | Basis::Assumed { .. } | Basis::Conditional { .. } => {
                outline(c, item.unit)
            }
            _ => v.closure.digest,
        };
        steps.push(Step {
            unit: u.address.clone(),
            layer: c.layer(u).to_owned(),
            engine: v.component.engine.clone(),
            verb: Verb::Apply,
            basis,
            envelope: envelope(c, item.unit),
            needs: item
                .needs
                .iter()
                .map(|n| c.units[*n].address.clone())
                .collect(),
            reason,
            content,
        });
    }
    let mut plan = Plan::new(Body {
        format: FORMAT,
        platform: c.loaded.platform.id.clone(),
        environments: envs.to_vec(),
        verb: Verb::Apply,
        steps,
        baseline,
    });
    plan.saved = saved;
    plan.orphans = orphans;
    plan.notes = others::notes(c, &plan);
    plan
}

fn foreseen_basis(foreseen: &Foreseen, proposal: Proposal) -> (Basis, String) {
    let inputs = foreseen.inputs.clone();
    let names = named(&inputs);
    let [its, stays] = match names.as_slice() {
        [_] => ["its plan says", "stays as it is"],
        _ => ["their plans say", "stay as they are"],
    };
    let names = names.join(", ");
    if foreseen.foretold {
        let reason = format!("if {names} will be as {its}");
        (Basis::Conditional { proposal, inputs }, reason)
    } else {
        let reason = format!("if {names} {stays}");
        (Basis::Assumed { proposal, inputs }, reason)
    }
}

/// Outputs that something is built on; many of one unit in one word.
fn named(inputs: &[OutputRef]) -> Vec<String> {
    let mut of: BTreeMap<&Address, Vec<String>> = BTreeMap::new();
    for input in inputs {
        let name = format!("{}.{}", input.unit, input.path.join("."));
        of.entry(&input.unit).or_default().push(name);
    }
    of.into_iter()
        .flat_map(|(unit, names)| match names.len() {
            0..4 => names,
            _ => vec![format!("what {unit} gives")],
        })
        .collect()
}

/// An approval names every unit whose effect nobody can foretell; it covers new things, and what `gates.replan` says.
fn envelope(c: &Composition, unit: usize) -> Envelope {
    let u = &c.units[unit];
    let protected = c
        .variant(u)
        .component
        .protect
        .iter()
        .any(|p| p == "replace");
    let worst = c.env(u).replan;
    Envelope {
        worst: if protected {
            worst.min(Action::Update)
        } else {
            worst
        },
        opaque: true,
    }
}

/// Units that were applied in these environments and are no longer in the files.
pub fn orphans(c: &Composition, envs: &[String], facts: &Facts<'_>) -> Vec<Address> {
    let mut out: Vec<Address> = facts
        .recorded
        .rows()
        .filter(|r| envs.iter().any(|e| e == r.unit.env.as_ref()) && c.position(&r.unit).is_none())
        .map(|r| r.unit.clone())
        .collect();
    out.sort();
    out
}
