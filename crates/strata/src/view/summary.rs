//! What a run came to: what changed, what was skipped and why, time by layer, the slowest path.
use crate::{context::Context, view::time};
use std::collections::{BTreeMap, HashMap};
use strata_core::{event::Gate, name::Address, store::RunRecord};
use strata_run::{
    driver::Outcome,
    simulate::{Task, makespan, slowest_path},
    status::Status,
};

/// Prints it to standard error; as one JSON object on standard output where JSON is wanted.
///
/// `order`: names of the layers, from the bottom; those that are not among them stand as they ended.
pub fn print(
    cx: &Context,
    outcome: &Outcome,
    record: &RunRecord,
    parallelism: usize,
    order: &[String],
) {
    let machine = &outcome.machine;
    let took: HashMap<&Address, u64> = outcome
        .timings
        .iter()
        .map(|t| (&t.unit, t.to - t.from))
        .collect();
    let steps = &machine.plan().body.steps;
    let tasks: Vec<Task> = steps
        .iter()
        .enumerate()
        .map(|(i, s)| Task {
            duration: took.get(&s.unit).copied().unwrap_or(0),
            needs: machine.needs(i).to_vec(),
        })
        .collect();
    let best = makespan(&tasks, parallelism.max(1));
    let mut layers: Vec<(&str, u64, u64, u64)> = Vec::new();
    for t in &outcome.timings {
        let Some(step) = machine.position(&t.unit).map(|i| &steps[i]) else {
            continue;
        };
        match layers.iter_mut().find(|l| l.0 == step.layer) {
            Some(l) => {
                l.1 += t.to - t.from;
                l.2 = l.2.min(t.from);
                l.3 = l.3.max(t.to);
            }
            None => layers.push((&step.layer, t.to - t.from, t.from, t.to)),
        }
    }
    layers.sort_by_key(|l| order.iter().position(|name| name == l.0));
    let slow: Vec<&Address> = slowest_path(&tasks)
        .into_iter()
        .filter(|i| tasks[*i].duration > 0)
        .map(|i| &steps[i].unit)
        .collect();
    if cx.json() {
        let layers: BTreeMap<&str, _> = layers
            .iter()
            .map(|(l, work, from, to)| {
                (
                    *l,
                    serde_json::json!({"work_ms": work, "from_ms": from, "to_ms": to}),
                )
            })
            .collect();
        let all = serde_json::json!({
            "run": record.run, "state": record.state, "elapsed_ms": outcome.elapsed, "best_ms": best,
            "layers": layers, "slowest_path": slow,
            "units": outcome.timings.iter().map(|t| serde_json::json!({"unit": t.unit, "from_ms": t.from, "to_ms": t.to})).collect::<Vec<_>>(),
        });
        println!("{}", serde_json::json!({ "summary": all }));
        return;
    }
    let bold = |t: &str| {
        if cx.color {
            format!("\x1b[1m{t}\x1b[0m")
        } else {
            t.to_owned()
        }
    };
    eprintln!();
    let count = |f: &dyn Fn(usize) -> bool| (0..steps.len()).filter(|i| f(*i)).count();
    let changed =
        count(&|i| machine.steps()[i].changed && machine.steps()[i].status == Status::Done);
    let still =
        count(&|i| !machine.steps()[i].changed && machine.steps()[i].status == Status::Done);
    let words = ["exact", "conditional", "assumed", "deferred"].map(|word| {
        let n = count(&|i| steps[i].basis.word() == word);
        (n > 0 || word == "exact").then(|| format!("{n} {word}"))
    });
    let words: Vec<String> = words.into_iter().flatten().collect();
    eprintln!(
        "{} in {}: {changed} changed, {still} unchanged ({})   run {}",
        bold(&record.state),
        time::duration(outcome.elapsed),
        words.join(", "),
        record.run
    );
    for (i, s) in machine.steps().iter().enumerate() {
        let unit = &steps[i].unit;
        let why = s.failure.as_deref().unwrap_or_default();
        match &s.status {
            Status::Failed { .. } if s.changed => {
                eprintln!("  applied, not verified: {unit}: {why}");
            }
            Status::Failed { .. } => eprintln!("  failed: {unit}: {why}"),
            Status::Cancelled => eprintln!("  skipped: {unit}: {why}"),
            Status::Held {
                gate: Gate::HandOff,
            } => {
                eprintln!(
                    "  waiting for people: {unit} (strata hand-off list; strata hand-off done {unit} …)"
                );
            }
            Status::Held {
                gate: Gate::Beyond { .. },
            } => {
                let p = s
                    .proposal
                    .as_ref()
                    .map(super::plan::counts)
                    .unwrap_or_default();
                eprintln!(
                    "  held: {unit} would go beyond what was approved: {p} (strata resume --approve '{unit}')"
                );
            }
            Status::Held {
                gate: Gate::Unsure { .. },
            } => {
                eprintln!(
                    "  held: nobody knows whether {unit} ran; look, then strata resume --approve '{unit}'"
                );
            }
            Status::Pending if !machine.settled() => eprintln!("  not begun: {unit}"),
            _ => {}
        }
    }
    if layers.len() > 1 {
        eprintln!("  time by layer:");
        for (layer, work, from, to) in &layers {
            eprintln!(
                "    {layer:<22} {:>8}  ({} of work)",
                time::duration(to - from),
                time::duration(*work)
            );
        }
    }
    if slow.len() > 1 {
        let names: Vec<String> = slow
            .iter()
            .map(|u| format!("{u} {}", time::duration(took[*u])))
            .collect();
        eprintln!("  slowest path: {}", names.join(" → "));
        let over = outcome.elapsed.saturating_sub(best) * 100 / best.max(1);
        eprintln!(
            "  best possible with {parallelism} at once: {} (this run: +{over} %)",
            time::duration(best)
        );
    }
}
