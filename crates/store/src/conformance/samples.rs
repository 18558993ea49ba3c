//! Data to try stores with.
use std::collections::BTreeMap;
use strata_core::{
    digest::Digest,
    engine::{Artifact, Class, Recovery, Report, Task, Tool, Verb, Verdict},
    event::{Event, Gate, TaskText},
    executor::Handle,
    name::Address,
    plan::{Basis, Body, Plan, Step},
    proposal::{Action, Change, Envelope, Fidelity, Proposal},
    spec::UnitSpec,
    store::{Applied, Holder, RunRecord},
    ty::Type,
    value::{Number, Output, OutputRef, SecretRef, Term, Value},
};

/// The value of every sensitive output below: may stand nowhere on disk.
pub const SECRET: &str = "correct-horse-battery-staple";

/// A holder for people.
pub fn holder(doing: &str) -> Holder {
    Holder {
        pid: std::process::id(),
        who: "mo@bench".to_owned(),
        doing: doing.to_owned(),
    }
}

/// An address.
pub fn unit(env: &str, name: &str) -> Address {
    Address::new(env, name)
}

/// An event that is told from others by its number.
pub fn numbered(unit: &Address, n: u64) -> Event {
    Event::Cancelled {
        unit: unit.clone(),
        why: n.to_string(),
    }
}

/// The number of such an event.
pub fn number_of(event: &Event) -> Option<u64> {
    match event {
        Event::Cancelled { why, .. } => why.parse().ok(),
        _ => None,
    }
}

/// A task with terms of every kind.
pub fn task(unit: &Address) -> Task {
    let by = OutputRef {
        unit: Address::new("prod", "network"),
        path: vec!["id".into(), "0".into()],
    };
    let secret = SecretRef {
        store: "env".into(),
        key: "DB_PASSWORD".into(),
        path: vec![],
    };
    Task {
        verb: Verb::Apply,
        platform: String::new(),
        unit: unit.clone(),
        spec: UnitSpec {
            engine: "terraform".into(),
            folder: "dns".into(),
            verify: vec![Term::String("http".into())],
            timeout: BTreeMap::from([("apply".to_owned(), 60_000)]),
            ..UnitSpec::default()
        },
        inputs: BTreeMap::from([
            (
                "count".to_owned(),
                Term::Number(Number("123456789012345678901234567890".into())),
            ),
            (
                "password".to_owned(),
                Term::Text(vec![Term::String("pw=".into()), Term::Secret(secret)]),
            ),
            (
                "zone".to_owned(),
                Term::Predicted {
                    value: Box::new(Term::Null),
                    by: by.clone(),
                },
            ),
            (
                "open".to_owned(),
                Term::List(vec![Term::Hole {
                    ty: Type::List(Box::new(Type::String)),
                    filled_by: by,
                }]),
            ),
        ]),
        tool: Tool {
            program: "terraform".into(),
            version: "1.11.4".into(),
        },
        saved: Some(Artifact {
            digest: Digest::of(b"plan"),
            sensitive: true,
            size: 1 << 40,
        }),
        interrupted: None,
        recorded: BTreeMap::new(),
        verifier: 2,
        facts: BTreeMap::from([("backend".to_owned(), "local".to_owned())]),
    }
}

fn proposal() -> Proposal {
    Proposal {
        fidelity: Fidelity::Exact,
        changes: vec![Change {
            object: "aws_vpc.main".into(),
            action: Action::Replace,
            after: Some(Digest::of(b"after")),
            detail: vec!["cidr \"10.0.0.0/8\" → \"10.0.0.0/16\"".into()],
        }],
    }
}

/// One of every event.
pub fn events() -> Vec<Event> {
    let unit = Address::new("prod", "vpc").with_key("eu-1 \"a\"/b");
    let digest = Digest::of(b"x");
    let report = Report {
        verifier: "http".into(),
        ok: false,
        summary: "502".into(),
        detail: vec!["line".into()],
        report: Some(Artifact {
            digest,
            sensitive: false,
            size: 7,
        }),
    };
    let handle = Handle {
        run: "r1".into(),
        unit: unit.clone(),
        attempt: 3,
        n: 2,
        generation: u64::MAX >> 1,
    };
    vec![
        Event::RunStarted {
            plan: digest,
            generation: 7,
            verb: Verb::Destroy,
        },
        Event::RunTaken { generation: 8 },
        Event::CancelRequested { now: true },
        Event::Parked,
        Event::Superseded { by: "r2".into() },
        Event::RunFinished,
        Event::Planned {
            unit: unit.clone(),
            proposal: proposal(),
            fingerprint: digest,
        },
        Event::CutOff {
            unit: unit.clone(),
            fingerprint: digest,
        },
        Event::Held {
            unit: unit.clone(),
            gate: Gate::Beyond { proposal: digest },
            text: "more\nthan \u{1}".into(),
        },
        Event::Held {
            unit: unit.clone(),
            gate: Gate::HandOff,
            text: String::new(),
        },
        Event::Answered {
            unit: unit.clone(),
            gate: Gate::Unsure { attempt: 3 },
            yes: true,
            by: "mo".into(),
        },
        Event::Intent {
            unit: unit.clone(),
            handle: handle.clone(),
            label: "apply".into(),
            recovery: Recovery::Probe,
            state: "{\"n\":1.10}".into(),
            task: Some(TaskText::of(&task(&unit))),
        },
        Event::Intent {
            unit: unit.clone(),
            handle,
            label: "output".into(),
            recovery: Recovery::Ask,
            state: "null".into(),
            task: None,
        },
        Event::Applied {
            unit: unit.clone(),
            fingerprint: digest,
            outputs: digest,
        },
        Event::Failed {
            unit: unit.clone(),
            class: Class::Transient,
            stale: true,
            summary: "quota".into(),
        },
        Event::Retry { unit: unit.clone() },
        Event::Recovered {
            unit: unit.clone(),
            verdict: Verdict::Partly,
        },
        Event::Verified {
            unit: unit.clone(),
            ok: false,
            reports: vec![report],
        },
        Event::Cancelled {
            unit,
            why: "upstream failed".into(),
        },
    ]
}

/// What is applied, with a sensitive output and a number that no `f64` holds.
pub fn applied(unit: &Address, fingerprint: &str) -> Applied {
    let output = |value: Value, sensitive| Output {
        value,
        sensitive,
        ty: Some(Type::Any),
    };
    Applied {
        unit: unit.clone(),
        layer: "storage".into(),
        fingerprint: Digest::of(fingerprint.as_bytes()),
        parts: BTreeMap::from([("files".to_owned(), Digest::of(b"files"))]),
        outputs: BTreeMap::from([
            ("id".to_owned(), output(Value::from("vpc-1"), false)),
            (
                "size".to_owned(),
                output(Value::Number(Number("1.10".into())), false),
            ),
            ("password".to_owned(), output(Value::from(SECRET), true)),
        ]),
        task: task(unit),
        tree: Some(Artifact {
            digest: Digest::of(b"tree"),
            sensitive: false,
            size: 5,
        }),
        needs: vec![Address::new("prod", "network")],
        identities: vec!["state:s3://b/k".into()],
        protect: vec!["destroy".into()],
        verified: None,
        at: 1_700_000_000_000,
    }
}

/// A plan with a step of every basis.
pub fn plan(unit: &Address) -> Plan {
    let digest = Digest::of(b"x");
    let inputs = vec![OutputRef {
        unit: Address::new("prod", "network"),
        path: vec!["id".into()],
    }];
    let bases = [
        Basis::Unchanged {
            fingerprint: digest,
        },
        Basis::Unverified {
            fingerprint: digest,
        },
        Basis::Exact {
            proposal: proposal(),
            fingerprint: digest,
        },
        Basis::Assumed {
            proposal: proposal(),
            inputs: inputs.clone(),
        },
        Basis::Conditional {
            proposal: proposal(),
            inputs: inputs.clone(),
        },
        Basis::Deferred { open: inputs },
    ];
    let step = |(n, basis): (usize, Basis)| Step {
        unit: unit.clone().with_key(n.to_string()),
        layer: "storage".into(),
        engine: "terraform".into(),
        verb: Verb::Apply,
        basis,
        envelope: Envelope::CREATE_ONLY,
        needs: vec![],
        reason: "files changed".into(),
        content: digest,
    };
    Plan::new(Body {
        format: 1,
        platform: "p".into(),
        environments: vec![unit.env.to_string()],
        verb: Verb::Apply,
        steps: bases.into_iter().enumerate().map(step).collect(),
        baseline: BTreeMap::from([(unit.clone(), digest)]),
    })
}

/// A run.
pub fn run(id: &str, envs: &[&str], plan: &Plan) -> RunRecord {
    RunRecord {
        run: id.to_owned(),
        envs: envs.iter().map(|e| (*e).to_owned()).collect(),
        verb: "apply".to_owned(),
        plan: plan.digest,
        started: 1_700_000_000_000,
        ended: None,
        state: "running".to_owned(),
    }
}
