//! A session with a Kubernetes cluster, as engines use it: the private file with the request, the invocation, the answer.
//!
//! `strata_core::cluster` has the words and the crate `kubernetes` does what they say. Nothing of it is known here.
use crate::{
    declared,
    outcome::{failure, succeeded},
};
use std::collections::BTreeMap;
use strata_core::{
    cluster::{Answer, Ask, COMMAND, NOTE, Noted, Request, SAID},
    engine::{
        Arg, Channel, Class, Content, Effect, Exit, Failure, Finding, Generated, Got, ITSELF,
        Invocation, Millis, Place, Recovery, Task, Verb,
    },
    proposal::{Fidelity, Proposal},
    spec::{OutputFrom, OutputSpec},
    value::{Output, Term, Value},
};

/// Most bytes of an answer.
const MOST_SAID: u64 = 64 << 20;
/// How long to wait for objects when nothing is said.
pub const USUAL_WAIT: Millis = 600_000;
/// What a session needs to say why it gave up, before its time limit ends it.
const TO_SAY_WHY: Millis = 20_000;

/// A request with what is usual; change what is not.
pub fn request(task: &Task, ask: Ask) -> Request {
    Request {
        ask,
        platform: task.platform.clone(),
        unit: task.unit.to_string(),
        namespace: None,
        noted: noted(task),
        follow: task.spec.cluster_from_unit,
        wait: bounded(task, USUAL_WAIT),
        prune: true,
        force_conflicts: false,
        rollback: false,
        lookups: lookups(task),
        inventory: true,
        hand_over: false,
        by_another: false,
    }
}

/// Declared outputs that are parts of objects.
fn lookups(task: &Task) -> BTreeMap<String, String> {
    let of = |(name, output): (&String, &OutputSpec)| match &output.from {
        OutputFrom::Lookup(object, pointer) => Some((name.clone(), format!("{object}#{pointer}"))),
        _ => None,
    };
    task.spec.outputs.iter().filter_map(of).collect()
}

/// Declared outputs: what was looked up, what stands in files, and what is noted of the cluster.
pub fn outputs(
    task: &Task,
    answer: &Answer,
    got: &Got,
) -> Result<BTreeMap<String, Output>, Failure> {
    let mut values = declared::from_files(&task.spec, got)?;
    let looked_up = answer.values.iter();
    values.extend(looked_up.map(|(k, v)| (k.clone(), Value::from_json(v.clone()))));
    let mut outputs = declared::settle(&task.spec, values)?;
    outputs.extend(note(answer));
    Ok(outputs)
}

/// How long to wait, so that the time limit of the step does not end a session that could still say why.
pub fn bounded(task: &Task, wait: Millis) -> Millis {
    let limit = task.spec.limit(task.verb.name(), 3_600_000);
    wait.min(limit.saturating_sub(TO_SAY_WHY).max(limit / 2))
}

/// The private file with a request.
pub fn file(task: &Task, name: &str, request: &Request, with_inputs: bool) -> Generated {
    let none = BTreeMap::new();
    let inputs = if with_inputs { &task.inputs } else { &none };
    let content = request.term(task.spec.cluster.as_ref(), inputs, secrets(task));
    Generated {
        at: Place::private(name),
        content: Content::Json(content),
        mode: 0o600,
    }
}

/// The start of a session with the request in a private file, and the files that it reads or writes.
pub fn invocation(task: &Task, label: &str, request: &str, files: Vec<Place>) -> Invocation {
    let mut args = vec![Arg::from(COMMAND), Arg::Path(Place::private(request))];
    args.extend(files.into_iter().map(Arg::Path));
    let mut run = Invocation::new(label, ITSELF, args);
    run.stdout = Channel::Answer(MOST_SAID);
    if matches!(task.verb, Verb::Apply | Verb::Destroy) {
        // what is applied twice is applied once
        run.effect = Effect::Writes(Recovery::Rerun);
    }
    run
}

/// The answer of a session, or why there is none.
pub fn answer(what: &str, got: &Got) -> Result<Answer, Failure> {
    let answer = serde_json::from_slice::<Answer>(got.stdout());
    match answer {
        Ok(answer) => match answer.failure(got.tail()) {
            Some(failure) => Err(failure),
            None if succeeded(got) => Ok(answer),
            None => Err(failure(what, got)),
        },
        // killed with its API server half way: the same again is safe
        Err(_)
            if matches!(
                got,
                Got::Exit {
                    exit: Exit::Code(0),
                    ..
                }
            ) =>
        {
            Err(Failure {
                class: Class::Unknown,
                summary: format!("{what} gave no answer"),
                stale: false,
            })
        }
        Err(_) => Err(failure(what, got)),
    }
}

/// What a verb asks of a session that applies objects itself.
pub const fn ask(verb: Verb) -> Ask {
    match verb {
        Verb::Apply => Ask::Apply,
        Verb::Destroy => Ask::Destroy,
        Verb::Observe => Ask::Observe,
        Verb::Outputs => Ask::Outputs,
        _ => Ask::Plan,
    }
}

/// The start of such a session, with the files that hold the objects.
pub fn session(task: &Task, request: &str, files: Vec<Place>) -> Invocation {
    let mut run = invocation(task, task.verb.name(), request, files);
    if task.verb == Verb::Apply {
        run.collect = declared::collects(&task.spec);
    }
    run
}

/// What such a session found.
pub fn found(task: &Task, answer: Answer, got: &Got) -> Result<Finding, Failure> {
    Ok(match task.verb {
        Verb::Apply => Finding::Applied {
            outputs: outputs(task, &answer, got)?,
        },
        Verb::Destroy => Finding::Gone,
        Verb::Observe => Finding::Observed {
            drift: answer.changes,
        },
        _ => Finding::Planned {
            proposal: Proposal {
                fidelity: Fidelity::Exact,
                changes: answer.changes,
            },
            saved: None,
            predicted: BTreeMap::new(),
        },
    })
}

/// A line of a session as people see it: words of a failure come with the failure.
pub fn progress(line: &str) -> Option<String> {
    (!line.starts_with(SAID)).then(|| line.to_owned())
}

/// The unit's name as Kubernetes takes it, of at most so many characters.
pub fn name(task: &Task, longest: usize) -> String {
    let mut name = String::new();
    for c in task.unit.local().chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => name.push(c),
            _ if name.ends_with('-') => {}
            _ => name.push('-'),
        }
    }
    name.truncate(longest);
    name.trim_matches('-').to_owned()
}

/// What was noted of the cluster at the last apply.
pub fn noted(task: &Task) -> Option<Noted> {
    let note = task.recorded.get(NOTE)?.plain()?;
    serde_json::from_value(note.to_json()).ok()
}

/// The note of an answer, to be kept with the outputs.
pub fn note(answer: &Answer) -> Option<(String, Output)> {
    let noted = serde_json::to_value(answer.cluster.as_ref()?).ok()?;
    let output = Output {
        value: Value::from_json(noted),
        sensitive: false,
        ty: None,
    };
    Some((NOTE.to_owned(), output))
}

/// The secrets among what a unit is given.
fn secrets(task: &Task) -> Vec<Term> {
    fn go(term: &Term, out: &mut Vec<Term>) {
        match term {
            Term::Secret(_) => out.push(term.clone()),
            Term::Predicted { value, .. } => go(value, out),
            Term::List(l) | Term::Text(l) => l.iter().for_each(|t| go(t, out)),
            Term::Map(m) => m.values().for_each(|t| go(t, out)),
            _ => {}
        }
    }
    let mut out = Vec::new();
    let spec = &task.spec;
    for term in task
        .inputs
        .values()
        .chain(spec.env.values())
        .chain(spec.files.values())
    {
        go(term, &mut out);
    }
    out
}
