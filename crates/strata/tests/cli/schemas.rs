//! What the program writes is as its published schemas say: real documents, and every variant of a plan.
use crate::{json_schema::problems, sandbox::Sandbox, views};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use strata_core::{
    digest::Digest,
    engine::{Artifact, Verb},
    name::Address,
    plan::{Basis, Body, Plan, Step},
    proposal::{Action, Change, Envelope, Fidelity, Proposal},
    value::OutputRef,
};

fn schema(kind: &str) -> Json {
    let s = Sandbox::empty();
    s.ends(0, &["schema", kind]).json()
}

#[track_caller]
fn fits(kind: &str, document: &Json) {
    let wrong = problems(&schema(kind), document);
    assert!(wrong.is_empty(), "{wrong:#?}\n{document:#}");
}

#[test]
fn what_check_finds_fits_its_schema() {
    let s = views::broken();
    let found = s.ends(3, &["check", "--format", "json"]).json();
    assert!(found["diagnostics"].as_array().expect("a list").len() > 1);
    fits("diagnostics", &found);
    fits(
        "diagnostics",
        &views::sound()
            .ends(0, &["check", "--format", "json"])
            .json(),
    );
}

#[test]
fn plans_fit_their_schema() {
    let s = views::sound();
    let plan = || s.ends(0, &["plan", "--all", "--format", "json"]).json();
    fits("plan", &plan());
    // one unit waits for people
    s.ends(4, &["apply", "--all", "--yes"]);
    fits("plan", &plan());
    s.ends(0, &["plan", "--all", "--out", "saved"]);
    let saved = std::fs::read_to_string(s.root().join("saved")).expect("a plan");
    fits("plan", &serde_json::from_str(&saved).expect("JSON"));
}

#[test]
fn every_variant_of_a_plan_fits_its_schema_and_an_unknown_field_does_not() {
    let digest = Digest::of(b"");
    let unit = Address::new("dev", "a");
    let proposal = |fidelity, action| Proposal {
        fidelity,
        changes: vec![Change {
            object: "x".to_owned(),
            action,
            after: Some(digest),
            detail: vec!["y".to_owned()],
        }],
    };
    let inputs = vec![OutputRef {
        unit: unit.clone(),
        path: vec!["id".to_owned()],
    }];
    let mut bases = vec![
        Basis::Unchanged {
            fingerprint: digest,
        },
        Basis::Unverified {
            fingerprint: digest,
        },
        Basis::Assumed {
            proposal: proposal(Fidelity::Advisory, Action::Update),
            inputs: inputs.clone(),
        },
        Basis::Conditional {
            proposal: proposal(Fidelity::Opaque, Action::Run),
            inputs: inputs.clone(),
        },
        Basis::Deferred { open: inputs },
    ];
    for action in [
        Action::None,
        Action::Read,
        Action::Create,
        Action::Update,
        Action::Replace,
        Action::Delete,
        Action::Run,
        Action::Wait,
    ] {
        bases.push(Basis::Exact {
            proposal: proposal(Fidelity::Exact, action),
            fingerprint: digest,
        });
    }
    let step = |basis| Step {
        unit: unit.clone(),
        layer: "base".to_owned(),
        engine: "script".to_owned(),
        verb: Verb::Destroy,
        basis,
        envelope: Envelope::CREATE_ONLY,
        needs: vec![unit.clone()],
        reason: "new".to_owned(),
        content: digest,
    };
    let mut plan = Plan::new(Body {
        format: 1,
        platform: "x".to_owned(),
        environments: vec!["dev".to_owned()],
        verb: Verb::Apply,
        steps: bases.into_iter().map(step).collect(),
        baseline: BTreeMap::from([(unit.clone(), digest)]),
    });
    plan.orphans = vec![unit.clone()];
    plan.notes = vec!["note".to_owned()];
    let file = Artifact {
        digest,
        sensitive: true,
        size: 1,
    };
    plan.saved = BTreeMap::from([(unit.clone(), file)]);
    let mut document = serde_json::to_value(&plan).expect("a plan is plain data");
    fits("plan", &document);
    document["body"]["steps"][0]["colour"] = "red".into();
    assert!(!problems(&schema("plan"), &document).is_empty());
}
