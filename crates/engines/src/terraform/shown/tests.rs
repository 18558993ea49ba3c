//! Plans as Terraform shows them, by hand where no real tool can be made to say it.
use super::*;
use strata_core::{engine::Tool, name::Address, spec::UnitSpec};

fn of(verb: Verb, json: &str) -> Finding {
    let task = Task {
        platform: String::new(),
        verb,
        unit: Address::new("dev", "net"),
        spec: UnitSpec::default(),
        inputs: BTreeMap::new(),
        tool: Tool::default(),
        saved: None,
        interrupted: None,
        recorded: BTreeMap::new(),
        verifier: 0,
        facts: BTreeMap::new(),
    };
    let saved = Artifact {
        digest: Digest::of(b""),
        sensitive: true,
        size: 0,
    };
    finding(&task, json.as_bytes(), saved)
}

#[test]
fn drift_is_told_from_what_is_planned() {
    let json = r#"{"resource_changes": [{"address": "x.a", "change": {"actions": ["create"]}}],
            "resource_drift": [
              {"address": "x.b", "change": {"actions": ["update"], "before": {"size": 1, "key": "old-key"},
               "after": {"size": 2, "key": "new-key"}, "after_unknown": {}, "before_sensitive": {"key": true},
               "after_sensitive": {"key": true}}},
              {"address": "x.c", "change": {"actions": ["delete"], "before": {"size": 1}, "after": null}}]}"#;
    let Finding::Observed { drift } = of(Verb::Observe, json) else {
        panic!()
    };
    let seen: Vec<_> = drift
        .iter()
        .map(|c| (c.object.as_str(), c.action, c.detail.join("; ")))
        .collect();
    assert_eq!(
        seen,
        [
            (
                "x.b",
                Action::Update,
                "~ key: (sensitive); ~ size: 1 → 2".to_owned()
            ),
            ("x.c", Action::Delete, String::new())
        ]
    );
}

#[test]
fn what_only_the_state_has_to_learn_is_a_change_too() {
    let json = r#"{"resource_changes": [
            {"address": "x.new", "previous_address": "x.old", "change": {"actions": ["no-op"]}},
            {"address": "x.here", "change": {"actions": ["no-op"], "importing": {"id": "i"}}},
            {"address": "x.same", "change": {"actions": ["no-op"]}},
            {"address": "x.out", "change": {"actions": ["forget"]}},
            {"address": "data.x.d", "change": {"actions": ["read"]}},
            {"address": "x.dep", "deposed": "ab12", "change": {"actions": ["delete"]}}]}"#;
    let Finding::Planned { proposal, .. } = of(Verb::Plan, json) else {
        panic!()
    };
    let seen: Vec<_> = proposal
        .changes
        .iter()
        .map(|c| (c.object.as_str(), c.action))
        .collect();
    assert_eq!(
        seen,
        [
            ("data.x.d", Action::Read),
            ("x.dep (deposed ab12)", Action::Delete),
            ("x.here", Action::Update),
            ("x.new", Action::Update),
            ("x.out", Action::Update)
        ]
    );
}

#[test]
fn what_is_no_plan_is_refused_without_being_quoted() {
    let Finding::Failed(failure) = of(Verb::Plan, r#"{"variables": "hunter2"}"#) else {
        panic!()
    };
    assert!(!failure.summary.contains("hunter2"), "{failure:?}");
}
