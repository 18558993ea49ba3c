//! Objects of Kubernetes: what is started, and what becomes of answers. On a real cluster: strata/tests/kubernetes.
use std::collections::BTreeMap;
use strata_core::{
    cluster::{Answer, COMMAND, NOTE, Noted},
    engine::{
        Act, Arg, Class, Content, DynEngine, Effect, Exit, Finding, Got, ITSELF, Invocation, Place,
        Recovery, Root, Task, Tool, Verb,
    },
    proposal::{Action, Change, Fidelity},
    spec::UnitSpec,
    value::{SecretRef, Term, Value},
};

fn engine(name: &str) -> Box<dyn DynEngine> {
    strata_engines::by_name(name).unwrap()
}

fn secret() -> Term {
    Term::Secret(SecretRef {
        store: "env".into(),
        key: "K".into(),
        path: vec![],
    })
}

fn task(engine: &str, verb: Verb) -> Task {
    Task {
        verb,
        platform: "p".into(),
        unit: "dev/web".parse().unwrap(),
        spec: UnitSpec {
            engine: engine.to_owned(),
            folder: "layers/top/web".into(),
            cluster: Some(secret()),
            options: [("wait", "2m"), ("namespace", "shop")]
                .map(|(k, v)| (k.to_owned(), Term::String(v.to_owned())))
                .into(),
            ..UnitSpec::default()
        },
        inputs: [("word".to_owned(), secret())].into(),
        tool: Tool {
            program: "kubectl".into(),
            version: "1.34.0".into(),
        },
        saved: None,
        interrupted: None,
        recorded: BTreeMap::new(),
        verifier: 0,
        facts: [(
            "manifests".to_owned(),
            r#"["a.yaml","b/c.json"]"#.to_owned(),
        )]
        .into(),
    }
}

fn open() -> Got {
    Got::Open { kept: vec![] }
}

fn ended(exit: Exit, stdout: &[u8], tail: &str) -> Got {
    Got::Exit {
        exit,
        stdout: stdout.to_vec(),
        read: BTreeMap::new(),
        kept: BTreeMap::new(),
        tail: tail.to_owned(),
        elapsed: 1,
    }
}

fn runs(act: Act) -> Invocation {
    match act {
        Act::Run(invocation) => invocation,
        other => panic!("{other:?}"),
    }
}

fn finding(act: Act) -> Finding {
    match act {
        Act::Finish(finding) => *finding,
        other => panic!("{other:?}"),
    }
}

fn noted() -> Noted {
    Noted {
        identity: "uid-1".into(),
        endpoint: "https://c".into(),
        version: "v1.34".into(),
        inventory: Some("shop".into()),
    }
}

fn answer() -> Answer {
    Answer {
        cluster: Some(noted()),
        changes: vec![Change {
            object: "ConfigMap shop/a".into(),
            action: Action::Create,
            after: None,
            detail: vec![],
        }],
        ..Answer::default()
    }
}

fn json(answer: &Answer) -> Vec<u8> {
    serde_json::to_vec(answer).unwrap()
}

#[test]
fn manifests_need_one_session_and_no_program() {
    let engine = engine("kubectl");
    assert_eq!(engine.tool(), None);
    let task = task("kubectl", Verb::Apply);
    let (state, act) = engine.begin(&task, &open());
    let run = runs(act);
    assert_eq!(run.program, ITSELF);
    let args = [
        Arg::from(COMMAND),
        Arg::Path(Place::private("cluster.json")),
        Arg::Path(Place::work("a.yaml")),
        Arg::Path(Place::work("b/c.json")),
    ];
    assert_eq!(run.args, args);
    assert_eq!(run.effect, Effect::Writes(Recovery::Rerun));
    let got = ended(Exit::Code(0), &json(&answer()), "");
    let (_, act) = engine.next(&task, &state, &got).unwrap();
    let Finding::Applied { outputs } = finding(act) else {
        panic!("it was applied")
    };
    let identity = outputs[NOTE].value.at(&["identity".into()]);
    assert_eq!(identity, Some(&Value::from("uid-1")));
}

#[test]
fn the_request_is_private_and_holds_secrets_by_name() {
    let mut task = task("kubectl", Verb::Plan);
    let note = Value::from_json(serde_json::to_value(noted()).unwrap());
    task.recorded.insert(NOTE.to_owned(), note.into());
    let workspace = engine("kubectl").workspace(&task);
    let [file] = &workspace.generated[..] else {
        panic!("one file")
    };
    assert_eq!((file.at.root, file.mode), (Root::Private, 0o600));
    let Content::Json(Term::Map(request)) = &file.content else {
        panic!("JSON")
    };
    assert_eq!(request["cluster"], secret());
    assert_eq!(request["hide"], Term::List(vec![secret()]));
    assert_eq!(request["ask"], Term::String("plan".into()));
    assert_eq!(request["namespace"], Term::String("shop".into()));
    let noted = request["noted"].plain().unwrap();
    assert_eq!(noted.at(&["identity".into()]), Some(&Value::from("uid-1")));
    // a session ends by itself, before the time limit ends it
    task.spec.timeout.insert("plan".into(), 60_000);
    let workspace = engine("kubectl").workspace(&task);
    let Content::Json(Term::Map(request)) = &workspace.generated[0].content else {
        panic!("JSON")
    };
    assert_eq!(
        request["wait"].plain().unwrap().scalar_text().as_deref(),
        Some("40000")
    );
}

#[test]
fn a_kustomization_is_built_once_and_then_compared() {
    let engine = engine("kustomize");
    let mut task = task("kustomize", Verb::Plan);
    let (state, act) = engine.begin(&task, &open());
    let build = runs(act);
    assert_eq!(
        (build.program.as_str(), build.effect),
        ("kubectl", Effect::Reads)
    );
    assert_eq!(build.args[0], Arg::from("kustomize"));
    let (state, act) = engine
        .next(&task, &state, &ended(Exit::Code(0), b"", ""))
        .unwrap();
    let session = runs(act);
    assert_eq!(
        session.args.last(),
        Some(&Arg::Path(Place::private("built.yaml")))
    );
    assert_eq!(session.effect, Effect::Reads);
    let got = ended(Exit::Code(0), &json(&answer()), "");
    let (_, act) = engine.next(&task, &state, &got).unwrap();
    let Finding::Planned { proposal, .. } = finding(act) else {
        panic!("it was planned")
    };
    assert_eq!(
        (proposal.fidelity, proposal.changes.len()),
        (Fidelity::Exact, 1)
    );
    task.tool.program = "/opt/bin/kustomize".into();
    assert_eq!(
        runs(engine.begin(&task, &open()).1).args[0],
        Arg::from("build")
    );
    // a destroy needs no files
    task.verb = Verb::Destroy;
    assert_eq!(runs(engine.begin(&task, &open()).1).args.len(), 2);
}

#[test]
fn a_failure_has_its_class_from_the_answer_and_its_words_from_the_log() {
    let engine = engine("kubectl");
    let task = task("kubectl", Verb::Apply);
    let (state, _) = engine.begin(&task, &open());
    let failed = Answer {
        failed: Some(Class::Transient),
        ..Answer::default()
    };
    let got = ended(
        Exit::Code(1),
        &json(&failed),
        "created a\n! no answer\n!   why\n",
    );
    let (_, act) = engine.next(&task, &state, &got).unwrap();
    let Finding::Failed(failure) = finding(act) else {
        panic!("it failed")
    };
    assert_eq!(
        (failure.class, failure.summary.as_str()),
        (Class::Transient, "no answer\n  why")
    );
    assert_eq!(engine.progress("apply", "! no answer"), None);
    // killed: no answer at all
    let (_, act) = engine
        .next(&task, &state, &ended(Exit::Signal(9), b"{", ""))
        .unwrap();
    let Finding::Failed(failure) = finding(act) else {
        panic!("it failed")
    };
    assert_eq!(failure.class, Class::Transient);
}

#[test]
fn a_wrong_option_is_said_before_anything_runs() {
    let engine = engine("kubectl");
    let mut task = task("kubectl", Verb::Apply);
    task.spec
        .options
        .insert("prune".into(), Term::String("maybe".into()));
    let Finding::Failed(failure) = finding(engine.begin(&task, &open()).1) else {
        panic!("it is refused")
    };
    assert_eq!(
        failure.summary,
        "`kubectl.prune` has to be `true` or `false`"
    );
}

#[test]
fn an_application_is_no_place_for_a_secret() {
    let engine = engine("argocd");
    let mut task = task("argocd", Verb::Plan);
    let source = [("git", "https://git.example/app.git"), ("tag", "1.0.0")]
        .map(|(k, v)| (k.to_owned(), Term::String(v.to_owned())));
    let source = Term::Map(source.into());
    task.spec.options.insert("source".to_owned(), source);
    let Finding::Failed(failure) = finding(engine.begin(&task, &open()).1) else {
        panic!("it is shown")
    };
    assert!(
        failure.summary.contains("the input `word` is secret"),
        "{failure:?}"
    );
    task.inputs.clear();
    runs(engine.begin(&task, &open()).1);
}
