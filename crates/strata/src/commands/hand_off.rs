//! `strata hand-off`: what people owe, and how they hand it back.
use super::{planning, run};
use crate::{
    args::{Global, HandOff},
    context::Context,
    problem::Problem,
    view::time,
};
use serde_json::json;
use std::{collections::BTreeMap, io::Read as _, path::Path, sync::Arc};
use strata_core::{
    diagnostic::suggest,
    engine::{Act, Finding, Got, Verb},
    event::{Event, Gate},
    exit,
    name::Address,
    spec::OutputSpec,
    store::{Applied, AppliedChange, Request, Store, StoreError},
    ty::Type,
    value::{Number, Output, Term, Value},
};
use strata_ops::{compose::Composition, field::coerce};
use strata_run::driver::Workbench as _;

/// Runs it.
pub fn run(global: &Global, what: HandOff) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    match what {
        HandOff::List { env } => list(&cx, &env),
        HandOff::Done {
            unit,
            output,
            output_from,
            evidence,
            by,
        } => done(&cx, &unit, &output, &output_from, evidence.as_deref(), by),
    }
}

fn list(cx: &Context, env: &[String]) -> Result<u8, Problem> {
    let c = cx.composed()?;
    let envs: Vec<String> = if env.is_empty() {
        c.environments()
            .iter()
            .map(|e| e.name.to_string())
            .collect()
    } else {
        cx.envs(&c, env, false)?
    };
    let rows = if cx.has_store() {
        cx.store()?.applied_rows(None)?
    } else {
        Vec::new()
    };
    let mut all = Vec::new();
    for u in &c.units {
        let v = c.variant(u);
        if v.component.engine != "hand-off" || !envs.iter().any(|e| e == u.address.env.as_ref()) {
            continue;
        }
        let task =
            strata_ops::scope::identity_task(&c, c.position(&u.address).expect("its own address"));
        let word = |k: &str| task.spec.string(k).unwrap_or_default();
        let at = rows.iter().find(|r| r.unit == u.address).map(|r| r.at);
        let limit = strata_ops::decode::duration(&word("expires"));
        let expired = at
            .zip(limit)
            .is_some_and(|(at, l)| planning::now() > at + l);
        let state = match at {
            None => "owed",
            Some(_) if expired => "expired",
            Some(_) => "done",
        };
        let wants: Vec<String> = v.component.outputs.keys().cloned().collect();
        all.push((
            u.address.clone(),
            state,
            word("owner"),
            word("lead-time"),
            word("ask"),
            wants,
            at,
        ));
    }
    if cx.json() {
        let list: Vec<_> = all
            .iter()
            .map(|(unit, state, owner, lead, ask, wants, at)| {
                json!({"unit": unit, "state": state, "owner": owner, "lead_time": lead, "ask": ask, "outputs": wants, "done": at.map(time::rfc3339)})
            })
            .collect();
        println!(
            "{}",
            serde_json::to_string_pretty(&list).expect("plain data")
        );
        return Ok(exit::DONE);
    }
    if all.is_empty() {
        println!("this platform has no hand-offs");
    }
    for (unit, state, owner, lead, ask, wants, at) in &all {
        println!(
            "{state:<8} {unit}   {owner}   {}",
            at.map_or_else(|| format!("takes {lead}"), time::ago)
        );
        if *state != "done" {
            println!("         {ask}");
            let outputs: Vec<String> = wants.iter().map(|w| format!("--output {w}=…")).collect();
            println!("         strata hand-off done {unit} {}", outputs.join(" "));
        }
    }
    Ok(exit::DONE)
}

fn done(
    cx: &Context,
    unit: &str,
    output: &[String],
    output_from: &[String],
    evidence: Option<&Path>,
    by: Option<String>,
) -> Result<u8, Problem> {
    let c = cx.composed()?;
    let unit: Address = unit
        .parse()
        .map_err(|e: strata_core::name::NotAnAddress| Problem::usage(e.to_string()))?;
    let position = c
        .position(&unit)
        .ok_or_else(|| Problem::usage(format!("there is no unit {unit}")))?;
    let declared = &c.variant(&c.units[position]).component;
    if declared.engine != "hand-off" {
        return Err(Problem::usage(format!(
            "{unit} is not a hand-off; engine `{}` does it",
            declared.engine
        )));
    }
    let specs: BTreeMap<&str, &OutputSpec> = declared
        .outputs
        .iter()
        .map(|(k, (_, o))| (k.as_str(), o))
        .collect();
    let outputs = given(&unit, &specs, output, output_from)?;
    let by = by
        .or_else(|| std::env::var("USER").ok())
        .unwrap_or_else(|| "somebody".to_owned());
    let store = cx.store()?;
    let evidence = match evidence {
        Some(file) => Some(store.put_file(file, true)?),
        None => None,
    };
    let envs = [unit.env.to_string()];
    let mut leases = match run::take(store.as_ref(), &envs, "hand-off") {
        Ok(leases) => leases,
        Err(p) => {
            // a run holds the lease: it takes the answer from its inbox
            if store.holder(&unit.env)?.is_none() {
                return Err(p);
            }
            let request = Request::Answer {
                unit: unit.clone(),
                gate: Gate::HandOff,
                yes: true,
                by,
                outputs,
                evidence,
            };
            store.ask(&unit.env, &request)?;
            eprintln!("handed to the run that is going on");
            return Ok(exit::DONE);
        }
    };
    let result = record(
        cx,
        &c,
        position,
        &store,
        leases.get_mut(unit.env.as_ref()).expect("just taken"),
        outputs,
        &by,
    );
    run::release(store.as_ref(), &leases);
    result?;
    if evidence.is_some() {
        eprintln!("the evidence is kept in the store");
    }
    eprintln!("recorded {unit}; go on with: strata resume, or strata apply");
    Ok(exit::DONE)
}

/// Writes the answer into the journal of the run that waits for it, if one does.
fn record(
    cx: &Context,
    c: &Composition,
    position: usize,
    store: &Arc<dyn Store>,
    lease: &mut strata_core::store::Lease,
    outputs: BTreeMap<String, Output>,
    by: &str,
) -> Result<(), Problem> {
    let unit = &c.units[position].address;
    let mut selected = vec![false; c.units.len()];
    selected[position] = true;
    let bench = planning::bench(cx, c, &selected, store)?;
    let mut prepared = bench
        .prepare(unit)
        .map_err(|e| Problem::new(exit::FAILED, format!("{unit}: {e}")))?;
    prepared.task.verb = Verb::Apply;
    let engine = cx.engine("hand-off");
    let (state, _) = engine.begin(&prepared.task, &Got::Open { kept: vec![] });
    let got = Got::Answered {
        values: outputs,
        by: by.to_owned(),
    };
    let (_, act) = engine
        .next(&prepared.task, &state, &got)
        .map_err(|e| Problem::new(exit::ERROR, e.to_string()))?;
    let outputs = match act {
        Act::Finish(f) => match *f {
            Finding::Applied { outputs } => outputs,
            Finding::Failed(f) => return Err(Problem::usage(f.summary)),
            _ => {
                return Err(Problem::new(
                    exit::ERROR,
                    "the hand-off was not settled by its answer",
                ));
            }
        },
        _ => {
            return Err(Problem::new(
                exit::ERROR,
                "the hand-off was not settled by its answer",
            ));
        }
    };
    let (tree, packed) = bench.pack(&prepared).ok().map(AppliedChange::tree).unzip();
    let fingerprint = prepared.fingerprint;
    let applied = Applied {
        unit: unit.clone(),
        layer: prepared.layer.clone(),
        fingerprint,
        parts: prepared.parts.clone(),
        verified: (!prepared.task.spec.verify.is_empty()).then_some(false),
        outputs,
        task: prepared.task,
        tree,
        needs: prepared.needs,
        identities: prepared.identities,
        protect: prepared.protect,
        at: planning::now(),
    };
    let waits = store
        .runs(Some(&unit.env), 1)?
        .into_iter()
        .find(|r| r.state == "waiting");
    let held = match &waits {
        Some(r) => store.events(&unit.env, Some(&r.run), 0)?.iter().any(
            |e| matches!(&e.event, Event::Held { unit: u, gate: Gate::HandOff, .. } if u == unit),
        ),
        None => false,
    };
    let digest = strata_core::digest::Digest::of_json(
        &applied
            .outputs
            .iter()
            .filter(|(_, o)| !o.sensitive)
            .collect::<Vec<_>>(),
    );
    let events = if held {
        vec![
            Event::Answered {
                unit: unit.clone(),
                gate: Gate::HandOff,
                yes: true,
                by: by.to_owned(),
            },
            Event::Applied {
                unit: unit.clone(),
                fingerprint,
                outputs: digest,
            },
            Event::Verified {
                unit: unit.clone(),
                ok: true,
                reports: vec![],
            },
        ]
    } else {
        vec![]
    };
    let run = waits
        .filter(|_| held)
        .map_or_else(|| "hand-off".to_owned(), |r| r.run);
    let changes: Vec<AppliedChange> = packed
        .into_iter()
        .chain([AppliedChange::Put(Box::new(applied))])
        .collect();
    store
        .append(lease, &run, &events, &changes, true)
        .map_err(|e: StoreError| e.into())
}

/// The outputs as they were typed, checked against what is declared.
fn given(
    unit: &Address,
    specs: &BTreeMap<&str, &OutputSpec>,
    output: &[String],
    output_from: &[String],
) -> Result<BTreeMap<String, Output>, Problem> {
    let mut out = BTreeMap::new();
    let mut put = |pair: &str, from_file: bool| -> Result<(), Problem> {
        let (name, text) = pair
            .split_once('=')
            .ok_or_else(|| Problem::usage(format!("`{pair}` is not NAME=VALUE")))?;
        let spec = specs.get(name).ok_or_else(|| {
            Problem::usage(format!("{unit} has no output `{name}`")).hint(
                suggest(name, specs.keys().copied()).unwrap_or_else(|| {
                    format!(
                        "it hands back: {}",
                        specs.keys().copied().collect::<Vec<_>>().join(", ")
                    )
                }),
            )
        })?;
        if spec.sensitive && !from_file {
            return Err(Problem::new(
                exit::DENIED,
                format!("`{name}` is sensitive and would stay in the shell's history"),
            )
            .hint(format!(
                "strata hand-off done {unit} --output-from {name}=- < FILE"
            )));
        }
        let text = if from_file {
            read(text)?
        } else {
            text.to_owned()
        };
        let value = typed(name, &text, &spec.ty)?;
        out.insert(
            name.to_owned(),
            Output {
                value,
                sensitive: spec.sensitive,
                ty: Some(spec.ty.clone()),
            },
        );
        Ok(())
    };
    for pair in output {
        put(pair, false)?;
    }
    for pair in output_from {
        put(pair, true)?;
    }
    let missing: Vec<&str> = specs
        .keys()
        .filter(|k| !out.contains_key(**k))
        .copied()
        .collect();
    if !missing.is_empty() {
        return Err(Problem::usage(format!(
            "{unit} also hands back: {}",
            missing.join(", ")
        )));
    }
    Ok(out)
}

fn read(file: &str) -> Result<String, Problem> {
    let mut text = String::new();
    if file == "-" {
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|e| Problem::io("read standard input", &e))?;
    } else {
        text =
            std::fs::read_to_string(file).map_err(|e| Problem::io(format!("read `{file}`"), &e))?;
    }
    Ok(text.strip_suffix('\n').map(str::to_owned).unwrap_or(text))
}

fn typed(name: &str, text: &str, ty: &Type) -> Result<Value, Problem> {
    let bad = || Problem::usage(format!("`{name}` is a {ty}, and `{text}` is not"));
    let value = match ty {
        Type::String | Type::Any => return Ok(Value::String(text.to_owned())),
        Type::Number => match coerce(Term::String(text.to_owned()), ty) {
            Term::Number(Number(n)) => Value::Number(Number(n)),
            _ => return Err(bad()),
        },
        Type::Bool => Value::Bool(text.parse().map_err(|_| bad())?),
        _ => Value::from_json(serde_json::from_str(text).map_err(|_| bad())?),
    };
    if strata_ops::field::type_of(&value.clone().into()).fits(ty) {
        Ok(value)
    } else {
        Err(bad())
    }
}
