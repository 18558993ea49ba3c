//! Packer: an image is built anew whenever something that it is made of has changed. Nobody can foretell what a
//! build does, so a plan only checks the template.
mod interface;
mod machine;
mod needs;

use crate::{
    declared,
    frame::unusable,
    outcome::{failed, refused, succeeded},
    script::environment,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use strata_core::{
    diagnostic::Diagnostic,
    engine::{
        Arg, Channel, Content, Effect, Engine, EnvValue, Failure, Finding, Generated, Got,
        Invocation, Millis, Place, Recovery, Task, ToolQuestion, Turn, Verb, Verdict, Workspace,
    },
    interface::Interface,
    need::Needs,
    proposal::Proposal,
    spec::UnitSpec,
    tree::Tree,
    ty::Type,
    value::{Output, Term, Value},
};

/// The output with the artifacts' ids by build: `artifacts["amazon-ebs.rhel9"]`.
pub const ARTIFACTS: &str = "artifacts";
const INPUTS: &str = "inputs.pkrvars.json";
const CACHE: &str = "packer";
/// Most bytes of streamed messages that are read.
const MOST_MESSAGES: u64 = 64 << 20;

/// How long a build may take when the component does not say, in milliseconds.
const LONGEST_BUILD: Millis = 4 * 3_600_000;

/// The engine of machine images.
pub struct Packer;

/// Where a dialogue stands.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing runs.
    Idle,
    /// `init`, which fetches plug-ins.
    Init,
    /// `validate`.
    Validate,
    /// `build`.
    Build,
    /// The component's own command that removes the image.
    Destroy,
}

impl Engine for Packer {
    type State = State;

    fn name(&self) -> &'static str {
        "packer"
    }
    fn tool(&self) -> Option<ToolQuestion> {
        Some(ToolQuestion {
            programs: vec!["packer".to_owned()],
            args: vec!["--version"],
            minimum: "1.6",
            install: "install Packer (`apt-get install packer`)",
        })
    }
    fn recognise<'a>(&self, tree: &'a dyn Tree, folder: &str) -> Option<&'a str> {
        interface::recognise(tree, folder)
    }
    fn options(&self) -> &'static [(&'static str, &'static str)] {
        &[
            (
                "only",
                "the builds to run, when not all: `[amazon-ebs.rhel9]`",
            ),
            (
                "destroy",
                "command that removes the image: a list of program and arguments",
            ),
            (
                "rebuild-after",
                "build again what is older, such as `30d`: packages change though no file here does",
            ),
        ]
    }
    fn needs(&self, tree: &dyn Tree, spec: &UnitSpec, inputs: &[String]) -> Needs {
        needs::of(tree, spec, inputs)
    }
    fn interface(&self, tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
        interface::read(tree, spec)
    }
    fn workspace(&self, task: &Task) -> Workspace {
        let mut generated = environment::files(task);
        generated.push(Generated {
            at: Place::private(INPUTS),
            content: Content::Json(Term::Map(inputs(task))),
            mode: 0o600,
        });
        generated.push(Generated {
            at: Place::cache(format!("{CACHE}/.keep")),
            content: Content::Text(String::new()),
            mode: 0o600,
        });
        Workspace {
            generated,
            keep: vec![],
            shared: None,
            root: String::new(),
            beside: vec![],
        }
    }
    fn begin(&self, task: &Task, _open: &Got) -> Turn<State> {
        let end = |finding| Turn::finish(State::Idle, finding);
        match task.verb {
            Verb::Plan | Verb::Apply if needs_init(task) => Turn::run(
                State::Init,
                invocation(task, "init", &["init"], vec![template(task)]),
            ),
            Verb::Plan | Verb::Apply => work(task),
            Verb::Destroy => destroy(task),
            Verb::Observe => end(Finding::Observed { drift: vec![] }),
            Verb::Outputs => end(declared::recorded(task)),
            Verb::Recover => end(Finding::Recovered(Verdict::Partly)),
            Verb::Verify => end(refused("packer is no verifier")),
        }
    }
    fn next(&self, task: &Task, state: State, got: &Got) -> Turn<State> {
        let ok = succeeded(got);
        let finding = match state {
            State::Init if ok => return work(task),
            State::Init => failure("packer init", got),
            State::Validate if ok => Finding::Planned {
                proposal: Proposal::opaque(&format!("build image {}", task.unit.local())),
                saved: None,
                predicted: BTreeMap::new(),
            },
            State::Validate => failure("packer validate", got),
            State::Build if ok => match outputs(task, got) {
                Ok(outputs) => Finding::Applied { outputs },
                Err(failure) => Finding::Failed(failure),
            },
            State::Build => failure("packer build", got),
            State::Destroy if ok => Finding::Gone,
            State::Destroy => failed("`packer.destroy`", got),
            State::Idle => refused("an answer came though nothing was asked"),
        };
        Turn::finish(State::Idle, finding)
    }
    fn progress(&self, _label: &str, line: &str) -> Option<String> {
        machine::progress(line)
    }
}

/// The inputs; a JSON template knows texts only.
fn inputs(task: &Task) -> BTreeMap<String, Term> {
    if !task.facts.contains_key("template") {
        return task.inputs.clone();
    }
    let text = |term: &Term| match term {
        Term::Number(_) | Term::Bool(_) => {
            term.plain().and_then(|v| v.scalar_text()).map(Term::String)
        }
        _ => None,
    };
    task.inputs
        .iter()
        .map(|(name, term)| (name.clone(), text(term).unwrap_or_else(|| term.clone())))
        .collect()
}

/// The JSON template, or the folder with all `*.pkr.hcl`.
fn template(task: &Task) -> Arg {
    Arg::Text(
        task.facts
            .get("template")
            .cloned()
            .unwrap_or_else(|| ".".to_owned()),
    )
}

/// Plug-ins are fetched by Packer 1.7 and newer, where the template asks for some.
fn needs_init(task: &Task) -> bool {
    let mut numbers = task
        .tool
        .version
        .split('.')
        .map(|n| n.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version >= (1, 7) && task.facts.contains_key("plugins")
}

fn work(task: &Task) -> Turn<State> {
    let mut args = vec![Arg::Joined("-var-file=".to_owned(), Place::private(INPUTS))];
    if let Some(only) = task.spec.strings("only").filter(|only| !only.is_empty()) {
        args.push(format!("-only={}", only.join(",")).into());
    }
    args.push(template(task));
    if task.verb == Verb::Plan {
        return Turn::run(
            State::Validate,
            invocation(task, "validate", &["validate"], args),
        );
    }
    let mut run = invocation(
        task,
        "build",
        &[
            "build",
            "-machine-readable",
            "-color=false",
            "-on-error=cleanup",
        ],
        args,
    );
    run.effect = Effect::Writes(Recovery::Rerun);
    run.stdout = Channel::Both(MOST_MESSAGES);
    run.collect = declared::collects(&task.spec);
    run.limit = LONGEST_BUILD;
    // it removes what it made so far
    run.stop[0].1 = 300_000;
    Turn::run(State::Build, run)
}

fn invocation(task: &Task, label: &str, words: &[&str], args: Vec<Arg>) -> Invocation {
    let program = if task.tool.program.is_empty() {
        "packer"
    } else {
        &task.tool.program
    };
    let mut run = Invocation::new(
        label,
        program,
        words.iter().map(|w| Arg::from(*w)).chain(args),
    );
    let text = |text: &str| EnvValue::Text(text.to_owned());
    run.env = BTreeMap::from([
        (
            "PACKER_CACHE_DIR".to_owned(),
            EnvValue::Path(Place::cache(CACHE)),
        ),
        (
            "PACKER_PLUGIN_PATH".to_owned(),
            EnvValue::Path(Place::cache(format!("{CACHE}/plugins"))),
        ),
        ("PACKER_NO_COLOR".to_owned(), text("1")),
        ("CHECKPOINT_DISABLE".to_owned(), text("1")),
    ]);
    run
}

/// Kept files go with the unit; what lies elsewhere only the component knows how to remove.
fn destroy(task: &Task) -> Turn<State> {
    if !task.spec.options.contains_key("destroy") {
        return Turn::finish(State::Idle, Finding::Gone);
    }
    let Some(argv) = task.spec.strings("destroy").filter(|argv| !argv.is_empty()) else {
        let failure = unusable("packer", "destroy", "a list of a program and its arguments");
        return Turn::finish(State::Idle, Finding::Failed(failure));
    };
    let mut run = environment::invocation(task, "destroy", &argv);
    run.effect = Effect::Writes(Recovery::Rerun);
    Turn::run(State::Destroy, run)
}

fn outputs(task: &Task, got: &Got) -> Result<BTreeMap<String, Output>, Failure> {
    let ids = machine::artifact_ids(&String::from_utf8_lossy(got.stdout()));
    let mut outputs = declared::settle(&task.spec, declared::from_files(&task.spec, got)?)?;
    let ids = ids
        .into_iter()
        .map(|(build, id)| (build, Value::String(id)))
        .collect();
    outputs.entry(ARTIFACTS.to_owned()).or_insert(Output {
        value: Value::Map(ids),
        sensitive: false,
        ty: Some(Type::Map(Box::new(Type::String))),
    });
    Ok(outputs)
}

/// A failure in Packer's own words.
fn failure(what: &str, got: &Got) -> Finding {
    let mut failure = crate::outcome::failure(what, got);
    if let (Some(_), Some(error)) = (got.code(), machine::first_error(got.tail())) {
        failure.summary = format!("{what}: {error}");
    }
    Finding::Failed(failure)
}
