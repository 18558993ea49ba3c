//! Hand-offs: what people are asked, and what may come back.
use std::collections::BTreeMap;
use strata_core::{
    engine::{Act, DynEngine, Finding, Got, Task, Tool, Verb},
    name::Address,
    proposal::Action,
    spec::{OutputSpec, UnitSpec},
    ty::Type,
    value::{Output, Value},
};

fn engine() -> Box<dyn DynEngine> {
    strata_engines::by_name("hand-off").unwrap()
}

fn task(verb: Verb) -> Task {
    let options = crate::bench::options(
        r#"{"ask":"Open the account.","owner":"finance@abc.io","lead-time":"10d"}"#,
    );
    let output = |ty, sensitive| OutputSpec {
        ty,
        sensitive,
        ..OutputSpec::default()
    };
    let outputs = BTreeMap::from([
        ("account".to_owned(), output(Type::Number, false)),
        ("token".to_owned(), output(Type::String, true)),
    ]);
    Task {
        platform: String::new(),
        verb,
        unit: Address::new("org", "budget"),
        spec: UnitSpec {
            engine: "hand-off".into(),
            options,
            outputs,
            ..UnitSpec::default()
        },
        inputs: BTreeMap::new(),
        tool: Tool::default(),
        saved: None,
        interrupted: None,
        recorded: BTreeMap::new(),
        verifier: 0,
        facts: BTreeMap::new(),
    }
}

fn answer(json: &str) -> Finding {
    let values: BTreeMap<String, Value> = serde_json::from_str(json).unwrap();
    let values = values
        .into_iter()
        .map(|(k, value)| {
            (
                k,
                Output {
                    value,
                    sensitive: false,
                    ty: None,
                },
            )
        })
        .collect();
    let (state, _) = engine().begin(&task(Verb::Apply), &Got::Open { kept: vec![] });
    match engine()
        .next(
            &task(Verb::Apply),
            &state,
            &Got::Answered {
                values,
                by: "ann".into(),
            },
        )
        .unwrap()
        .1
    {
        Act::Finish(finding) => *finding,
        act => panic!("{act:?}"),
    }
}

#[test]
fn people_are_asked_for_what_is_declared() {
    let Act::Ask(question) = engine()
        .begin(&task(Verb::Apply), &Got::Open { kept: vec![] })
        .1
    else {
        panic!()
    };
    assert_eq!(question.text, "Open the account.");
    assert_eq!(question.wants, ["account", "token"]);
    let Act::Finish(finding) = engine()
        .begin(&task(Verb::Plan), &Got::Open { kept: vec![] })
        .1
    else {
        panic!()
    };
    let Finding::Planned { proposal, .. } = *finding else {
        panic!()
    };
    assert_eq!(proposal.worst(), Action::Wait);
}

#[test]
fn what_comes_back_is_checked() {
    let Finding::Applied { outputs } = answer(r#"{"account": 7, "token": "t"}"#) else {
        panic!()
    };
    assert!(outputs["token"].sensitive && !outputs["account"].sensitive);
    for (json, why) in [
        (r#"{"account": 7}"#, "declared outputs are missing: `token`"),
        (
            r#"{"account": 7, "token": "t", "tokem": 1}"#,
            "the output `tokem` is not declared; add it to `outputs:`",
        ),
        (
            r#"{"account": "x", "token": "t"}"#,
            "the output `account` is declared as number and is a string",
        ),
    ] {
        let Finding::Failed(failure) = answer(json) else {
            panic!("{json}")
        };
        assert_eq!(failure.summary, why);
    }
}
