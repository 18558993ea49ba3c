//! Charts that do not lie in the component's folder: of a registry, of a repository, and what a chart depends on.
use crate::{
    bench::secret,
    served,
    unit::{Unit, objects, unit, web},
};
use std::path::PathBuf;
use strata_core::{
    engine::{Class, Finding, Task, Verb},
    value::{Term, Value},
};

/// The chart of the tests as an archive in a folder.
fn packed(unit: &Unit) -> PathBuf {
    let (from, to) = (unit.bench.path("source"), unit.bench.path("packed"));
    let words = [
        "package",
        from.to_str().unwrap(),
        "-d",
        to.to_str().unwrap(),
    ];
    assert!(unit.helm(&words).status().unwrap().success());
    to
}

/// The same as a repository.
fn repository(unit: &Unit) -> PathBuf {
    let packed = packed(unit);
    let words = ["repo", "index", packed.to_str().unwrap()];
    assert!(unit.helm(&words).status().unwrap().success());
    packed
}

/// Takes the chart away: the unit takes one from elsewhere.
fn without_chart(unit: &Unit) {
    std::fs::remove_dir_all(unit.bench.path("source")).unwrap();
    unit.bench.write("component.yaml", "");
}

/// Plans, applies what was planned, and takes it away again.
fn lives(unit: &Unit, more: &dyn Fn(Task) -> Task, options: &str) {
    let task = |verb| more(unit.task(verb, r#"{"greeting": "moin"}"#, options));
    let saved = match unit.bench.run("", &task(Verb::Plan)) {
        Finding::Planned { saved, .. } => saved,
        other => panic!("{other:?}\n{}", unit.bench.seen.borrow().lines.join("\n")),
    };
    assert!(saved.is_some());
    let stale = unit.failed("", &task(Verb::Apply));
    assert!(stale.stale, "an apply has what was planned: {stale:?}");
    let apply = Task {
        saved,
        ..task(Verb::Apply)
    };
    let outputs = unit.bench.applied("", &apply);
    let ran = ["cluster", "status", "upgrade", "cluster", "status"];
    assert_eq!(unit.bench.seen.borrow().labels, ran);
    assert_eq!(outputs["notes"].value, Value::from("Say moin to none."));
    assert_eq!(unit.bench.run("", &task(Verb::Destroy)), Finding::Gone);
}

/// `user:hunter2-long`, as `htpasswd -B` writes it.
const HTPASSWD: &str = "user:$2b$05$abcdefghijklmnopqrstuuchdnqimuDKREbi8PXPC0483NhLTY2ii\n";

#[test]
fn a_chart_of_a_registry_is_applied_as_it_was_planned() {
    let Some(unit) = unit("oci", &web()) else {
        return;
    };
    let packed = packed(&unit);
    let Some((running, host)) = served::registry(&packed, Some(HTPASSWD)) else {
        return;
    };
    let known = packed.join("known.json");
    let login = format!(r#"{{"auths": {{"{host}": {{"auth": "dXNlcjpodW50ZXIyLWxvbmc="}}}}}}"#);
    std::fs::write(&known, login).unwrap();
    let archive = packed.join("web-1.0.0.tgz");
    let to = format!("oci://{host}/charts");
    let words = ["push", archive.to_str().unwrap(), &to, "--plain-http"];
    let mut push = unit.helm(&words);
    push.env("HELM_REGISTRY_CONFIG", known);
    assert!(push.status().unwrap().success());
    without_chart(&unit);
    let options = |version: &str| {
        format!(r#"{{"chart": "{to}/web", "version": "{version}", "plain-http": true}}"#)
    };
    let stranger = unit.task(Verb::Plan, "{}", &options("1.0.0"));
    let failure = unit.failed("", &stranger);
    assert_eq!(failure.class, Class::Denied, "{failure:?}");
    lives(&unit, &enters, &options("1.0.0"));
    let other = enters(unit.task(Verb::Plan, "{}", &options("2.0.0")));
    let failure = unit.failed("", &other);
    assert!(failure.summary.starts_with("helm pull: "), "{failure:?}");
    drop(running);
}

/// The same task of somebody who may enter.
fn enters(mut task: Task) -> Task {
    let login = [
        ("username".to_owned(), Value::from("user").into()),
        ("password".to_owned(), secret("env", "PW")),
    ];
    let login = Term::Map(login.into());
    task.spec.options.insert("login".into(), login);
    task
}

#[test]
fn a_chart_of_a_repository_is_applied_as_it_was_planned() {
    let Some(unit) = unit("repo", &web()) else {
        return;
    };
    // `user:hunter2-long`
    let login = Some("dXNlcjpodW50ZXIyLWxvbmc=");
    let url = served::folder(repository(&unit), login);
    without_chart(&unit);
    let options = format!(r#"{{"chart": "web", "repo": "{url}", "version": "1.0.0"}}"#);
    let failure = unit.failed("", &unit.task(Verb::Plan, "{}", &options));
    let said = "helm repo update: ";
    assert!(failure.summary.starts_with(said), "{failure:?}");
    assert_eq!(failure.class, Class::Denied);
    lives(&unit, &enters, &options);
}

#[test]
fn charts_that_a_chart_depends_on_are_fetched_once() {
    let Some(inner) = unit("inner", &web()) else {
        return;
    };
    let url = served::folder(repository(&inner), None);
    let chart = format!(
        "apiVersion: v2\nname: all\nversion: 1.0.0\ndependencies: [{{name: web, version: 1.0.0, repository: '{url}'}}]\n"
    );
    let Some(unit) = unit("deps", &[("Chart.yaml", &chart)]) else {
        return;
    };
    let plan = unit.task(Verb::Plan, r#"{"web": {"greeting": "moin"}}"#, "{}");
    let proposal = unit.planned("", &plan);
    let wanted = "Deployment.apps helm-deps/web";
    assert!(objects(&proposal).contains(&wanted), "{proposal:?}");
    assert_eq!(unit.bench.seen.borrow().labels[1], "dependency build");
    unit.planned("", &plan);
    assert_eq!(unit.bench.seen.borrow().labels[1], "status");
}
