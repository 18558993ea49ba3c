use super::*;
use strata_core::{name::Address, spec::UnitSpec};

#[test]
fn what_may_be_secret_is_never_an_argument() {
    let json = r#"{"verb": "apply", "unit": "dev/web", "spec": {"engine": "helm", "folder": "web"}, "inputs": {"password": {"secret": {"store": "env", "key": "P"}}}, "tool": {"program": "", "version": ""}}"#;
    let task: Task = serde_json::from_str(json).unwrap();
    assert_eq!(task.unit, Address::new("dev", "web"));
    assert_eq!(
        task.spec.folder,
        UnitSpec {
            folder: "web".into(),
            ..UnitSpec::default()
        }
        .folder
    );
    let run = upgrade(&task);
    assert_eq!(run.program, "helm");
    let text: Vec<&Arg> = run
        .args
        .iter()
        .filter(|a| !matches!(a, Arg::Text(_)))
        .collect();
    assert_eq!(text, [&Arg::Path(Place::private(VALUES))]);
    assert_eq!(run.effect, Effect::Writes(Recovery::Probe));
}
