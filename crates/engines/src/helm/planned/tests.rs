use super::*;
use strata_core::value::Value;

fn task(options: &str) -> Task {
    let json = r#"{"verb": "plan", "unit": "dev/web", "spec": {"engine": "helm", "folder": "web"}, "inputs": {}, "tool": {"program": "helm", "version": ""}}"#;
    let mut task: Task = serde_json::from_str(json).unwrap();
    let options: BTreeMap<String, Value> = serde_json::from_str(options).unwrap();
    task.spec.options = options.into_iter().map(|(k, v)| (k, v.into())).collect();
    task
}
fn object(text: &str) -> Object {
    manifest::objects(text).unwrap().remove(0)
}
fn shown(p: &Proposal) -> Vec<String> {
    let line = |c: &Change| format!("{:?} {} {}", c.action, c.object, c.detail.join("; "));
    p.changes.iter().map(line).collect()
}
fn change(action: Action, object: &str, detail: &[&str]) -> Change {
    Change {
        object: object.into(),
        action,
        after: None,
        detail: detail.iter().map(|d| (*d).to_owned()).collect(),
    }
}
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n";

#[test]
fn a_first_install_makes_definitions_objects_hooks_and_a_release() {
    let hook = |event: &str| Hook {
        name: format!("h-{event}"),
        kind: "Job".into(),
        events: vec![event.into()],
        ..Hook::default()
    };
    let after = After {
        objects: vec![object(MAP)],
        hooks: vec![hook("pre-install"), hook("post-upgrade"), hook("test")],
        config: Json::Null,
    };
    let task = task("{}");
    let live = vec![
        change(Action::Create, "ConfigMap default/a", &[]),
        change(Action::Create, &format!("{DEFINITION}x.y"), &[]),
        change(Action::Update, &format!("{DEFINITION}there.y"), &["a"]),
    ];
    let found = proposal(&task, &Before::default(), &after, live).unwrap();
    assert_eq!(
        shown(&found),
        [
            "Create ConfigMap default/a ",
            "Create CustomResourceDefinition.apiextensions.k8s.io x.y ",
            "Create hook Job h-pre-install runs at pre-install",
            "Create release default/web "
        ]
    );
}

#[test]
fn nothing_changes_when_the_release_is_sound_and_tested() {
    let after = After {
        objects: vec![object(MAP)],
        hooks: vec![Hook {
            name: "t".into(),
            kind: "Pod".into(),
            events: vec!["test".into()],
            ..Hook::default()
        }],
        config: Json::Null,
    };
    let mut before = Before {
        manifest: MAP.into(),
        revision: 2,
        status: "deployed".into(),
        ..Before::default()
    };
    let (plain, tested) = (task("{}"), task(r#"{"test": true}"#));
    assert!(
        proposal(&plain, &before, &after, vec![])
            .unwrap()
            .is_empty()
    );
    assert!(
        proposal(&tested, &before, &after, vec![])
            .unwrap()
            .is_empty()
    );
    before.untested = vec!["t".into()];
    assert!(
        proposal(&plain, &before, &after, vec![])
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        shown(&proposal(&tested, &before, &after, vec![]).unwrap()),
        [
            "Create hook Pod t runs at test",
            "Create release default/web its tests have not succeeded"
        ]
    );
    before.untested.clear();
    before.status = "pending-upgrade".into();
    before.restore = Restore::Rollback(1);
    assert_eq!(
        shown(&proposal(&plain, &before, &after, vec![]).unwrap()),
        [
            "Create release default/web revision 2 is pending-upgrade: it is rolled back to revision 1 first"
        ]
    );
}

#[test]
fn a_digest_tells_nothing_of_a_secret_and_something_of_the_rest() {
    let of = |value: &str, greeting: &str| {
        let objects = [object(&format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{url: 'x:{value}', greeting: {greeting}}}\n"
        ))];
        let mut task = task("{}");
        let secret = r#"{"secret": {"store": "env", "key": "P"}}"#;
        let secret = serde_json::from_str(secret).unwrap();
        task.inputs.insert("password".into(), secret);
        let config = json!({"password": value});
        let live = vec![change(
            Action::Update,
            "ConfigMap default/a",
            &["data.url: changed (hidden)"],
        )];
        told(live, &objects, "default", &secrets(&task, &[&config]))[0].after
    };
    assert_eq!(of("hunter2-long", "a"), of("swordfish-long", "a"));
    assert_ne!(of("hunter2-long", "a"), of("hunter2-long", "b"));
}

#[test]
fn the_cluster_has_the_last_word_and_manifests_say_what_goes() {
    let said = vec![
        change(Action::Update, "ConfigMap default/a", &["x: 1 -> 2", "- y"]),
        change(Action::Update, "ConfigMap default/b", &["x: 1 -> 2"]),
        change(Action::Update, "ConfigMap default/c", &["x: 1 -> 2", "- z"]),
        change(Action::Delete, "ConfigMap default/d", &[]),
        change(Action::Create, "ConfigMap default/e", &[]),
    ];
    let live = vec![
        change(Action::Update, "ConfigMap default/a", &["x: 3 -> 2"]),
        change(Action::Update, "ConfigMap default/f", &["k: hand -> v"]),
    ];
    let found = Proposal {
        fidelity: Fidelity::Exact,
        changes: with_live(said, live),
    };
    assert_eq!(
        shown(&found),
        [
            "Update ConfigMap default/a x: 3 -> 2; - y",
            "Update ConfigMap default/f k: hand -> v",
            "Update ConfigMap default/c - z",
            "Delete ConfigMap default/d "
        ]
    );
}
