//! What rules see and say.
use crate::{ask, marked, messages, policies, sources, unit};
use serde_json::{Value as Json, json};
use strata_core::diagnostic::Severity;
use strata_policy::{DataFile, Document, Input, Policies, Verdict, code, run};

#[test]
fn rules_of_any_package_and_of_both_syntaxes_speak() {
    let today = "package main\ndeny contains msg if {\n  input.unit.region == \"us\"\n  msg := sprintf(\"%v is far\", [input.unit.region])\n}\n";
    let imported = "package other.pkg\nimport rego.v1\nwarn_slow contains \"slow\" if input.kind == \"composition\"\n";
    let before = "package old\nviolation_old[{\"msg\": msg}] {\n  input.unit.region == \"us\"\n  msg := \"old\"\n}\n";
    let (mut all, problems) = Policies::load(sources(&[
        ("policy/a.rego", today),
        ("policy/b.rego", imported),
        ("policy/c.rego", before),
    ]));
    assert_eq!(problems, []);
    let said = all.ask(&unit(json!({"region": "us"})));
    let said: Vec<_> = said
        .findings
        .iter()
        .map(|f| {
            (
                f.rule.as_str(),
                f.severity,
                f.message.as_str(),
                f.at.file.as_ref(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            (
                "data.main.deny",
                Severity::Error,
                "us is far",
                "policy/a.rego"
            ),
            (
                "data.old.violation_old",
                Severity::Error,
                "old",
                "policy/c.rego"
            ),
            (
                "data.other.pkg.warn_slow",
                Severity::Warning,
                "slow",
                "policy/b.rego"
            ),
        ]
    );
    assert_eq!(
        messages(&all.ask(&unit(json!({"region": "eu"})))),
        ["slow"],
        "what one unit said is not said of the next"
    );
}

#[test]
fn functions_and_other_names_do_not_speak() {
    let text = "package main\nallow := false\ndenied contains \"x\"\ndeny_if(x) := x\nviolations contains \"y\"\n";
    assert_eq!(messages(&ask(text, json!({}))), Vec::<&str>::new());
}

#[test]
fn a_message_may_carry_more() {
    let text = "package main\ndeny contains {\"msg\": \"no\", \"unit\": \"dev/db\", \"severity\": \"warning\", \"code\": \"N1\", \"docs\": [1]}\n";
    let said = ask(text, json!({}));
    let f = &said.findings[0];
    assert_eq!(f.unit.as_deref(), Some("dev/db"));
    assert!(!f.denies());
    let d = f.diagnostic(f.unit.as_deref(), None);
    assert_eq!(
        (d.code.as_str(), d.message.as_str()),
        (code::WARN, "dev/db: no (data.main.deny)")
    );
    assert_eq!(d.help.as_deref(), Some("code: N1, docs: [1]"));
}

#[test]
fn each_message_has_the_place_of_the_definition_that_says_it() {
    let text = "package main\ndeny contains \"a\" if input.unit.a\ndeny contains \"b\" if input.unit.b\ndeny contains \"c\" if {\n  input.unit.c\n}\n";
    let said = ask(text, json!({"b": true, "c": true}));
    let places: Vec<_> = said
        .findings
        .iter()
        .map(|f| (f.message.as_str(), marked(&f.diagnostic(None, None), text)))
        .collect();
    assert_eq!(
        places,
        [
            ("b", "deny contains \"b\" if input.unit.b"),
            ("c", "deny contains \"c\" if {")
        ]
    );
}

#[test]
fn an_exception_takes_back_what_its_package_says() {
    let text = "package main\nimport rego.v1\ndeny_tags contains \"tags\"\ndeny contains \"bare\"\nwarn_size contains \"size\"\nexception contains rules if {\n  input.unit.name == \"old\"\n  rules := [\"tags\", \"\"]\n}\n";
    let excepted = |name: &str| -> Vec<(String, bool)> {
        let said = ask(text, json!({ "name": name }));
        assert_eq!(said.problems, []);
        let pairs = said
            .findings
            .iter()
            .map(|f| (f.message.clone(), f.excepted));
        pairs.collect()
    };
    let pair = |m: &str, e| (m.to_owned(), e);
    assert_eq!(
        excepted("old"),
        [pair("bare", true), pair("tags", true), pair("size", false)]
    );
    assert!(excepted("new").iter().all(|(_, e)| !e));
    let before =
        "package main\ndeny_x[msg] { msg := \"x\" }\nexception[rules] { rules := [\"x\"] }\n";
    assert!(ask(before, json!({})).findings[0].excepted);
}

#[test]
fn data_files_are_data() {
    let policy = "package main\ndeny contains msg if {\n  not input.unit.region in data.regions\n  msg := \"region\"\n}\n";
    let mut all = sources(&[("policy/a.rego", policy)]);
    let file = |path: &str, value| DataFile {
        path: path.into(),
        value,
    };
    all.data = vec![
        file(
            "policy/a.json",
            json!({"regions": ["eu"], "nested": {"a": 1}}),
        ),
        file("policy/b.yaml", json!({"nested": {"b": 2}})),
    ];
    let (mut ready, problems) = Policies::load(all.clone());
    assert_eq!(problems, []);
    assert_eq!(
        messages(&ready.ask(&unit(json!({"region": "us"})))),
        ["region"]
    );
    assert!(
        ready
            .ask(&unit(json!({"region": "eu"})))
            .findings
            .is_empty()
    );
    all.data.push(file("policy/c.json", json!([1])));
    all.data
        .push(file("policy/d.json", json!({"nested": {"b": 3}})));
    let (_, problems) = Policies::load(all);
    let codes: Vec<_> = problems.iter().map(|p| p.code.as_str()).collect();
    assert_eq!(codes, [code::DATA, code::DATA]);
    assert_eq!(problems[1].related[0].0.file.as_ref(), "policy/b.yaml");
}

#[test]
fn what_a_function_cannot_work_on_is_undefined_as_in_opa() {
    let text = "package main\ndeny contains \"eu\" if startswith(input.unit.region, \"eu\")\ndeny contains \"not eu\" if not startswith(input.unit.region, \"eu\")\n";
    let marker = json!({"$unknown": {"output": "dev/x.y", "type": "string"}});
    assert_eq!(messages(&ask(text, json!({"region": marker}))), ["not eu"]);
}

#[test]
fn packages_under_platform_see_everything_at_once() {
    let text = "package platform.naming\ndeny contains {\"msg\": \"twice\", \"unit\": u.address} if {\n  some i, u in input.units\n  some j, v in input.units\n  i < j\n  u.name == v.name\n}\n";
    let mut all = policies(text);
    assert!(all.about_platform() && !all.about_units());
    assert_eq!(messages(&all.ask(&unit(json!({})))), Vec::<&str>::new());
    let one = |a: &str| Document::of(&json!({"address": a, "name": "n"}));
    let whole = Input::Platform {
        units: Document::list([one("dev/a"), one("dev/b")]),
        environments: Document::of(&json!({})),
        platform: Document::of(&json!({})),
    };
    let said = all.ask(&whole);
    assert_eq!(said.findings[0].unit.as_deref(), Some("dev/a"));
}

#[test]
fn tests_pass_fail_err_and_wait() {
    let policy = "package main\ndeny contains \"us\" if input.unit.region == \"us\"\n";
    let tests = "package main\nimport rego.v1\ntest_a_us if \"us\" in deny with input as {\"unit\": {\"region\": \"us\"}}\ntest_b_eu if count(deny) == 1 with input as {\"unit\": {\"region\": \"eu\"}}\ntest_c_err if count(deny) == data.main.fail\nfail := x if { some x in [1, 2] }\ntodo_test_d if false\ntest_e if { print(\"seen\", input); true }\n";
    let all = sources(&[("policy/a.rego", policy), ("policy/a_test.rego", tests)]);
    let done = run(&all).unwrap();
    let verdict = |i: usize| done[i].verdict.clone();
    let names: Vec<_> = done.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "data.main.test_a_us",
            "data.main.test_b_eu",
            "data.main.test_c_err",
            "data.main.test_e",
            "data.main.todo_test_d"
        ]
    );
    assert_eq!(verdict(0), Verdict::Passed);
    assert_eq!(verdict(1), Verdict::Failed);
    assert!(matches!(verdict(2), Verdict::Error(_)), "{:?}", verdict(2));
    assert_eq!(verdict(4), Verdict::Skipped);
    assert!(done[3].printed[0].contains("seen"), "{:?}", done[3].printed);
    assert!(run(&sources(&[("policy/a.rego", "nonsense")])).is_err());
}

#[test]
fn the_schema_has_the_documents_as_they_are() {
    let schema = strata_policy::input::schema();
    let nothing = || Document::of(&json!({}));
    let (unit, environment, platform, step) = (nothing(), nothing(), nothing(), nothing());
    let inputs = [
        Input::Composition {
            unit: unit.clone(),
            environment: environment.clone(),
            platform: platform.clone(),
        },
        Input::Plan {
            unit,
            environment,
            platform,
            step,
        },
        Input::Platform {
            units: nothing(),
            environments: nothing(),
            platform: nothing(),
        },
    ];
    for (i, input) in inputs.iter().enumerate() {
        let kind = &schema["oneOf"][i];
        let document = input.document().json();
        assert_eq!(kind["properties"]["kind"]["const"], document["kind"]);
        let keys = |v: &Json| -> Vec<String> {
            let map = v.as_object().expect("an object");
            let mut keys: Vec<String> = map.keys().cloned().collect();
            keys.sort();
            keys
        };
        assert_eq!(keys(&kind["properties"]), keys(&document));
        let required = kind["required"].as_array().expect("a list");
        assert_eq!(required.len(), keys(&document).len());
    }
}
