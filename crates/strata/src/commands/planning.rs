//! Makes a plan: composes, decides what stands still, lets tools plan the rest.
mod ahead;
mod passed;

use super::{batch::Reader, bench::FilesBench};
use crate::{
    args::{How, Which},
    context::Context,
    policy::Gate,
    problem::Problem,
    tools, wire,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use strata_core::{
    engine::{Class, Finding, Verb},
    exit,
    name::Address,
    plan::Plan,
    proposal::{Action, Proposal},
    store::Store,
};
use strata_ops::compose::Composition;
use strata_plan::{
    makers::makers,
    prepared::Prepared,
    recorded::Recorded,
    schedule::{Item, Proposals, Standing, Wishes, assemble, orphans, schedule},
    select::{Selection, select},
};
use strata_run::pool::Work;

/// What a plan is made of, kept for the run that may follow.
pub struct Planned<'a> {
    /// The plan.
    pub plan: Plan,
    /// Units for the run.
    pub bench: FilesBench<'a>,
    /// Environments.
    pub envs: Vec<String>,
    /// Units that could not be planned, and why.
    pub failures: Vec<(Address, String)>,
    /// How many of those were planned, and are refused by their own protection.
    pub protected: usize,
    /// Policies, where there are some; they were asked about what is pending.
    pub gate: Option<Gate<'a>>,
}

/// Now, in milliseconds since 1970.
pub fn now() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0)
}

/// Opens what units need besides their files.
pub fn bench<'a>(
    cx: &Context,
    c: &'a Composition,
    selected: &[bool],
    store: &Arc<dyn Store>,
) -> Result<FilesBench<'a>, Problem> {
    Ok(FilesBench {
        c,
        recorded: Recorded::new(store.applied_rows(None)?),
        tools: tools::find(cx, c, selected, store.as_ref())?,
        secrets: wire::secrets(&cx.root, store),
        store: store.clone(),
        again: BTreeSet::new(),
        packed: std::sync::Mutex::default(),
    })
}

/// Makes a plan for environments. What policy denies of the files alone is not planned.
pub fn make<'a>(
    cx: &Context,
    c: &'a Composition,
    envs: Vec<String>,
    which: &Which,
    how: &How,
    refresh: bool,
) -> Result<Planned<'a>, Problem> {
    make_under(Gate::open(c), cx, c, envs, which, how, refresh)
}

/// Makes a plan under these policies.
pub fn make_under<'a>(
    mut gate: Option<Gate<'a>>,
    cx: &Context,
    c: &'a Composition,
    envs: Vec<String>,
    which: &Which,
    how: &How,
    refresh: bool,
) -> Result<Planned<'a>, Problem> {
    if let Some(gate) = &mut gate {
        // policies that cannot be read let nothing pass
        gate.answer(cx)?;
    }
    let selected = cx.selected(c, &envs, which)?;
    let store = cx.store()?;
    let mut bench = bench(cx, c, &selected, &store)?;
    for word in &how.replace {
        let again = Selection {
            envs: envs.clone(),
            only: vec![word.clone()],
            ..Selection::default()
        };
        let marks = select(c, &again).map_err(Problem::usage)?;
        bench.again.extend(
            (0..marks.len())
                .filter(|i| marks[*i])
                .map(|i| c.units[i].address.clone()),
        );
    }
    let mut reader = Reader::open(cx, &store, how.parallelism)?;
    let mut drifted: BTreeMap<Address, String> = BTreeMap::new();
    if refresh {
        let wishes = Wishes {
            again: bench.again.clone(),
            now: now(),
        };
        let items = schedule(c, &selected, &wishes, &bench.facts());
        drifted = look(&mut reader, c, &items, &bench)?;
        bench.again.extend(drifted.keys().cloned());
    }
    let wishes = Wishes {
        again: bench.again.clone(),
        now: now(),
    };
    let mut items = schedule(c, &selected, &wishes, &bench.facts());
    if let Some(gate) = &mut gate {
        let stands = |i: &&Item| {
            matches!(
                i.standing,
                Standing::Unchanged(_, true) | Standing::Suspended
            )
        };
        let pending: Vec<usize> = items
            .iter()
            .filter(|i| !stands(i))
            .map(|i| i.unit)
            .collect();
        if !pending.is_empty() {
            gate.compositions(pending);
            gate.whole();
            gate.answer(cx)?;
        }
    }
    let (mut proposals, failures, protected) =
        propose(&mut reader, c, &mut items, &mut bench, &drifted)?;
    ahead::look(&mut reader, c, &mut items, &mut bench, &mut proposals)?;
    bench.recorded.forget_foretold();
    let gone = orphans(c, &envs, &bench.facts());
    let mut plan = assemble(c, &envs, &items, proposals, &bench.facts(), gone);
    plan.notes.extend(passed::note(c, &plan, &bench.recorded));
    if let Some(gate) = &mut gate {
        gate.steps(&plan, &bench.recorded);
    }
    Ok(Planned {
        plan,
        bench,
        envs,
        failures,
        protected,
        gate,
    })
}

/// Asks the tools of unchanged units whether something differs.
fn look(
    reader: &mut Reader<'_>,
    c: &Composition,
    items: &[Item],
    bench: &FilesBench<'_>,
) -> Result<BTreeMap<Address, String>, Problem> {
    let mut work = Vec::new();
    for item in items
        .iter()
        .filter(|i| matches!(i.standing, Standing::Unchanged(..)))
    {
        use strata_run::driver::Workbench as _;
        if let Ok(prepared) = bench.prepare(&c.units[item.unit].address) {
            work.push((prepared, Work::Verb(Verb::Observe)));
        }
    }
    let mut out = BTreeMap::new();
    for (unit, finding) in reader.run(work)? {
        match finding {
            Finding::Observed { drift } if !drift.is_empty() => {
                let first = drift[0].detail.first().unwrap_or(&drift[0].object).clone();
                out.insert(unit, format!("drift: {first}"));
            }
            Finding::Failed(f) => {
                return Err(Problem::new(
                    exit::FAILED,
                    format!("cannot look at {unit}: {}", f.summary),
                ));
            }
            _ => {}
        }
    }
    Ok(out)
}

type Failures = Vec<(Address, String)>;

/// Lets the tools of units with known inputs plan.
fn propose(
    reader: &mut Reader<'_>,
    c: &Composition,
    items: &mut [Item],
    bench: &mut FilesBench<'_>,
    drifted: &BTreeMap<Address, String>,
) -> Result<(Proposals, Failures, usize), Problem> {
    let mut work = Vec::new();
    let mut failures = Failures::new();
    let mut refused = 0;
    for item in items.iter_mut() {
        let unit = &c.units[item.unit].address;
        match &mut item.standing {
            Standing::Known(prepared, why) => {
                *why = match (drifted.get(unit), bench.again.contains(unit)) {
                    (Some(drift), _) => vec![drift.clone()],
                    (None, true) => vec!["asked for with --replace".to_owned()],
                    (None, false) if why.is_empty() => {
                        changed_parts(bench.store.as_ref(), prepared)?
                    }
                    (None, false) => std::mem::take(why),
                };
                work.push((Prepared::clone(prepared), Work::Verb(Verb::Plan)));
            }
            Standing::Blocked(why) => failures.push((unit.clone(), why.clone())),
            _ => {}
        }
    }
    let mut proposals = Proposals::default();
    let mut absent = BTreeMap::new();
    for (unit, finding) in reader.run(work)? {
        match finding {
            Finding::Planned {
                proposal,
                saved,
                predicted,
            } => {
                ahead::foretell(&mut bench.recorded, &unit, predicted);
                if let Some(why) = protected(c, &unit, &proposal) {
                    failures.push((unit.clone(), why));
                    refused += 1;
                }
                proposals.known.insert(unit, (proposal, saved));
            }
            Finding::Failed(f) if f.class == Class::Absent => {
                absent.insert(unit, f.summary);
            }
            Finding::Failed(f) => failures.push((unit, f.summary)),
            _ => failures.push((unit, "its engine answered another question".to_owned())),
        }
    }
    // in the order of the graph: what waits may be waited for
    for at in 0..items.len() {
        let unit = &c.units[items[at].unit].address;
        let Some(why) = absent.get(unit) else {
            continue;
        };
        let makers = makers(c, items, &proposals, unit);
        if makers.is_empty() {
            failures.push((unit.clone(), why.clone()));
        } else {
            items[at].standing = Standing::Waits(makers, why.clone());
        }
    }
    Ok((proposals, failures, refused))
}

/// Why a proposal must not be applied to a protected unit.
pub(super) fn protected(c: &Composition, unit: &Address, proposal: &Proposal) -> Option<String> {
    let position = c.position(unit)?;
    let protect = &c.variant(&c.units[position]).component.protect;
    let change = proposal
        .changes
        .iter()
        .find(|change| matches!(change.action, Action::Replace | Action::Delete))?;
    protect.iter().any(|p| p == "replace").then(|| {
        format!(
            "it is protected against `replace`, and `{}` would be replaced or deleted; take `protect: [replace]` away to allow it",
            change.object
        )
    })
}

/// Which parts of a fingerprint differ from what was applied.
fn changed_parts(store: &dyn Store, prepared: &Prepared) -> Result<Vec<String>, Problem> {
    let Some(applied) = store.applied(&prepared.task.unit)? else {
        return Ok(Vec::new());
    };
    let mut out: Vec<String> = prepared
        .parts
        .iter()
        .filter(|(name, digest)| applied.parts.get(*name) != Some(digest))
        .map(|(name, _)| format!("{name} changed"))
        .collect();
    if let Some(i) = out.iter().position(|p| p == "inputs changed") {
        let before = &applied.task.inputs;
        let now = &prepared.task.inputs;
        let names: Vec<&str> = now
            .iter()
            .filter(|(k, v)| before.get(*k) != Some(v))
            .map(|(k, _)| k.as_str())
            .chain(
                before
                    .keys()
                    .filter(|k| !now.contains_key(*k))
                    .map(String::as_str),
            )
            .collect();
        if !names.is_empty() {
            out[i] = format!("inputs changed: {}", names.join(", "));
        }
    }
    Ok(out)
}
