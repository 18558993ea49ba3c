//! Scripts for real: apply, apply again, drift, destroy, and what they may not hand back.
use crate::bench::{Bench, options, secret};
use std::collections::BTreeMap;
use strata_core::{
    engine::{Class, Finding, Task, Tool, Verb},
    proposal::{Action, Fidelity},
    spec::{OutputFrom, OutputSpec, UnitSpec},
    ty::Type,
    value::{Term, Value},
};

const UP: &str = r#"#!/bin/sh
set -eu
[ "$STRATA_ENV" = dev ] && [ "$STRATA_UNIT" = dev/unit ]
grep -q s3cret-word "$STRATA_INPUTS"
[ "${STRATA_INPUT_PASSWORD-unset}" = unset ]
printf '%s\n' "$STRATA_INPUT_PORT_NUMBER" > "$STRATA_STATE/port"
echo "made $STRATA_INPUT_PORT_NUMBER"
echo "made $STRATA_INPUT_PORT_NUMBER" > made.txt
printf '{"port": %s, "url": "http://x:%s"}' "$STRATA_INPUT_PORT_NUMBER" "$STRATA_INPUT_PORT_NUMBER" > "$STRATA_OUTPUTS"
"#;
const CHECK: &str = r#"#!/bin/sh
[ -e "$STRATA_STATE/port" ] || { echo "the port is gone"; echo "so is its secret s3cret-word"; exit 1; }
grep -q '"port":8080' "$STRATA_RECORDED" || exit 2
"#;
const DOWN: &str = "#!/bin/sh\nrm -f \"$STRATA_STATE/port\"\n";
const PLAN: &str = r#"#!/bin/sh
[ -e "$STRATA_STATE/port" ] && echo '{"changes": []}' ||
echo '{"changes": [{"object": "port", "action": "create", "detail": "8080"}]}'
"#;

fn bench() -> Bench {
    let files = [
        ("up.sh", UP),
        ("check.sh", CHECK),
        ("down.sh", DOWN),
        ("plan.sh", PLAN),
    ];
    let mut bench = Bench::new("script", Tool::default(), &files);
    bench.secrets.insert("env:PW".into(), "s3cret-word".into());
    bench
}

fn spec(block: &str) -> UnitSpec {
    let output = |ty, from| OutputSpec {
        ty,
        from,
        sensitive: false,
    };
    let outputs = BTreeMap::from([
        ("port".to_owned(), output(Type::Number, OutputFrom::Engine)),
        ("url".to_owned(), output(Type::String, OutputFrom::Engine)),
        (
            "made".to_owned(),
            output(Type::String, OutputFrom::File("made.txt".into())),
        ),
        (
            "file".to_owned(),
            output(Type::Artifact, OutputFrom::File("made.txt".into())),
        ),
    ]);
    UnitSpec {
        engine: "script".into(),
        options: options(block),
        outputs,
        ..UnitSpec::default()
    }
}

const ALL: &str = r#"{"apply": ["./up.sh"], "check": ["./check.sh"], "destroy": ["./down.sh"], "plan": ["./plan.sh"]}"#;

fn task(bench: &Bench, verb: Verb, spec: &UnitSpec) -> Task {
    let mut task = bench.task(verb, spec, r#"{"port-number": 8080, "list": [1]}"#);
    task.inputs.insert("password".into(), secret("env", "PW"));
    task
}

#[test]
fn from_the_first_plan_to_nothing_left() {
    let (bench, spec) = (bench(), spec(ALL));
    let plan = |name: &str| match bench.run(name, &task(&bench, Verb::Plan, &spec)) {
        Finding::Planned { proposal, .. } => proposal,
        other => panic!("{other:?}"),
    };
    let first = plan("script-plan");
    assert_eq!(
        (first.fidelity, first.worst()),
        (Fidelity::Advisory, Action::Create)
    );
    let outputs = bench.applied("script-apply", &task(&bench, Verb::Apply, &spec));
    assert_eq!(outputs["made"].value, Value::from("made 8080"));
    assert_eq!(
        outputs["file"].value.at(&["file".into()]),
        Some(&Value::from("made.txt"))
    );
    assert_eq!(
        bench.applied("", &task(&bench, Verb::Apply, &spec)),
        outputs,
        "twice is once"
    );
    assert_eq!(plan("").changes, []);

    let mut observe = task(&bench, Verb::Observe, &spec);
    observe.recorded = outputs
        .iter()
        .map(|(k, o)| (k.clone(), Term::from(o.value.clone())))
        .collect();
    assert_eq!(
        bench.run("script-check", &observe),
        Finding::Observed { drift: vec![] }
    );
    std::fs::remove_file(bench.path("state/port")).unwrap();
    let Finding::Observed { drift } = bench.run("script-drift", &observe) else {
        panic!()
    };
    let lines: Vec<&str> = drift
        .iter()
        .flat_map(|c| &c.detail)
        .map(String::as_str)
        .collect();
    assert_eq!(
        lines,
        ["the port is gone"],
        "a line that redaction touched is not shown"
    );

    assert_eq!(
        bench.run("script-destroy", &task(&bench, Verb::Destroy, &spec)),
        Finding::Gone
    );
    assert!(!bench.path("state/port").exists());
}

#[test]
fn without_a_plan_it_will_run_and_without_a_destroy_nothing_runs() {
    let (bench, spec) = (bench(), spec(r#"{"apply": ["./up.sh"]}"#));
    let Finding::Planned { proposal, .. } = bench.run("", &task(&bench, Verb::Plan, &spec)) else {
        panic!()
    };
    assert_eq!(
        (proposal.fidelity, proposal.worst()),
        (Fidelity::Opaque, Action::Run)
    );
    assert_eq!(
        bench.run("", &task(&bench, Verb::Destroy, &spec)),
        Finding::Gone
    );
    assert!(bench.seen.borrow().labels.is_empty());
}

#[test]
fn what_a_script_may_not_do_is_named() {
    let failure = |up: &str| {
        let bench = bench();
        bench.write("up.sh", &format!("#!/bin/sh\ntouch made.txt\n{up}\n"));
        match bench.run("", &task(&bench, Verb::Apply, &spec(ALL))) {
            Finding::Failed(failure) => failure,
            other => panic!("{other:?}"),
        }
    };
    let ok = r#"echo '{"port": 1, "url": "x", "more": 2}' > $STRATA_OUTPUTS"#;
    assert_eq!(
        failure(ok).summary,
        "the output `more` is not declared; add it to `outputs:`"
    );
    assert_eq!(
        failure("true").summary,
        "declared outputs are missing: `port`, `url`"
    );
    assert_eq!(
        failure("rm made.txt").summary.split(':').next(),
        Some("the output `file` is missing")
    );
    let secret = failure("echo '\"s3cret-word\"' > $STRATA_OUTPUTS").summary;
    assert_eq!(
        secret,
        "`$STRATA_OUTPUTS` is not a JSON object (line 1, column 13)"
    );
    let broken = failure("echo no disk >&2; exit 3");
    assert_eq!(
        broken.summary,
        "`script.apply` ended with exit code 3: no disk"
    );
    assert_eq!(
        (broken.class, failure("exit 75").class),
        (Class::Permanent, Class::Transient)
    );
}

#[test]
fn a_component_may_look_for_drift_itself() {
    let bench = bench();
    let mut spec = spec(r#"{"apply": ["./up.sh"]}"#);
    spec.observe = vec!["./check.sh".into()];
    let Finding::Observed { drift } =
        bench.run("observe-command", &task(&bench, Verb::Observe, &spec))
    else {
        panic!()
    };
    assert_eq!(drift.len(), 1);
    bench.write("check.sh", "#!/bin/sh\nexit 4\n");
    let Finding::Failed(failure) = bench.run("", &task(&bench, Verb::Observe, &spec)) else {
        panic!()
    };
    assert_eq!(
        failure.summary,
        "the `observe` command ended with exit code 4"
    );
}
