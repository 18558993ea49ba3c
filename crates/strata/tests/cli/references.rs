//! How components are wired: instances, contracts and flavors, order, environments, secrets.
use crate::sandbox::{SAY, Sandbox, saying};
use serde_json::json;

fn says(s: &Sandbox, at: &str, word: &str, more: &str) {
    s.write(
        &format!("layers/{at}/component.yaml"),
        &(saying(word) + more),
    );
    s.write(&format!("layers/{at}/say.sh"), SAY);
}

#[test]
fn instances_read_their_own_upstream_and_all_of_it() {
    let s = Sandbox::new(&[(
        "environments/dev.yaml",
        "values: {regions: {eu: {cidr: 10.1.0.0/16}, us: {cidr: 10.2.0.0/16}}}\n",
    )]);
    let regions = "instances: '${{ values.regions }}'\n";
    says(
        &s,
        "base/vpc",
        "'${{ each.key }} ${{ each.value.cidr }}'",
        regions,
    );
    says(
        &s,
        "middle/app",
        "'on ${{ vpc[each.key].outputs.said }}'",
        regions,
    );
    says(&s, "top/all", "'${{ vpc[\"*\"].outputs.said.us }}'", "");
    s.ends(0, &["apply", "dev", "--yes"]);
    let all = s.outputs("dev");
    assert_eq!(all["dev/app[\"eu\"]"]["said"], "on eu 10.1.0.0/16");
    assert_eq!(all["dev/all"]["said"], "us 10.2.0.0/16");
    // one more region: only its own units run, and what reads them all is asked
    s.edit(
        "environments/dev.yaml",
        "{regions: {",
        "{regions: {ap: {cidr: 10.3.0.0/16}, ",
    );
    let ran = s.wrote(|| drop(s.ends(0, &["apply", "dev", "--yes"])));
    for unit in ["dev/vpc[\"ap\"]", "dev/app[\"ap\"]"] {
        assert!(ran.iter().any(|l| l == unit), "{unit} in {ran:?}");
    }
    assert!(
        ran.iter().all(|l| !l.contains("eu") && !l.contains("us")),
        "{ran:?}"
    );
}

#[test]
fn a_component_with_instances_has_no_bare_outputs() {
    let s = Sandbox::new(&[("environments/dev.yaml", "values: {}\n")]);
    says(&s, "base/vpc", "x", "instances: [a, b]\n");
    says(&s, "top/app", "'${{ vpc.outputs.said }}'", "");
    s.ends(3, &["check"])
        .says("reference::instances")
        .says("vpc[\"*\"]");
}

#[test]
fn an_environment_picks_the_flavor_of_a_contract() {
    let s = Sandbox::new(&[
        (
            "contracts/balancer.yaml",
            "version: 1.0.0\noutputs: {address: string}\n",
        ),
        ("environments/dev.yaml", "flavors: {balancer: plain}\n"),
        (
            "environments/qa.yaml",
            "extends: [dev]\nflavors: {balancer: fancy}\n",
        ),
    ]);
    let provides = "provides: {balancer: {address: 'at ${{ self.said }}'}}\n";
    says(&s, "base/plain", "plain", provides);
    says(&s, "base/fancy", "fancy", provides);
    says(&s, "top/app", "'${{ balancer.outputs.address }}'", "");
    s.ends(0, &["apply", "dev", "qa", "--yes"]);
    assert_eq!(s.outputs("dev/app")["said"], "at plain");
    assert_eq!(s.outputs("qa/app")["said"], "at fancy");
    let mut ran = s.ledger();
    ran.sort();
    assert_eq!(ran, ["dev/app", "dev/plain", "qa/app", "qa/fancy"]);
}

#[test]
fn after_is_order_without_data() {
    let s = Sandbox::new(&[]);
    says(&s, "base/second", "x", "after: [first]\n");
    says(&s, "base/first", "x", "");
    says(&s, "top/third", "x", "after: ['layer:base']\n");
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.ledger(), ["dev/first", "dev/second", "dev/third"]);
}

#[test]
fn what_is_not_enabled_is_not_there_and_its_branch_is_no_edge() {
    let s = Sandbox::new(&[
        ("environments/dev.yaml", "values: {fancy: false}\n"),
        (
            "environments/qa.yaml",
            "extends: [dev]\nvalues: {fancy: true}\n",
        ),
    ]);
    says(
        &s,
        "base/extra",
        "extra",
        "enabled: '${{ values.fancy }}'\n",
    );
    says(
        &s,
        "top/app",
        "'${{ values.fancy ? extra.outputs.said : \"plain\" }}'",
        "",
    );
    s.ends(0, &["apply", "dev", "qa", "--yes"]);
    assert_eq!(s.outputs("dev/app")["said"], "plain");
    assert_eq!(s.outputs("qa/app")["said"], "extra");
    assert!(!s.ledger().contains(&"dev/extra".to_owned()));
}

#[test]
fn a_unit_that_is_no_longer_enabled_is_an_orphan_until_it_is_destroyed() {
    let s = Sandbox::new(&[("environments/dev.yaml", "values: {on: true}\n")]);
    says(&s, "base/extra", "x", "enabled: '${{ values.on }}'\n");
    s.ends(0, &["apply", "dev", "--yes"]);
    s.edit("environments/dev.yaml", "true", "false");
    s.ends(0, &["plan", "dev"]).says("dev/extra");
    assert_eq!(s.state("dev/extra"), "orphan");
    s.ends(0, &["destroy", "dev", "--orphans", "--yes"]);
    assert_eq!(s.state("dev/extra"), "nothing");
}

#[test]
fn an_environment_extends_others_and_overrides_components() {
    let s = Sandbox::new(&[
        (
            "environments/_base.yaml",
            "values: {a: {x: 1, y: 2}, b: base}\n",
        ),
        (
            "environments/dev.yaml",
            "extends: [_base]\nvalues: {a: {y: 3}, b: null}\n",
        ),
        (
            "environments/qa.yaml",
            "extends: [_base]\ncomponents: {app: {inputs: {word: mine}}}\n",
        ),
    ]);
    says(&s, "top/app", "'${{ values.a.x }} ${{ values.a.y }}'", "");
    s.ends(0, &["apply", "dev", "qa", "--yes"]);
    assert_eq!(s.outputs("dev/app")["said"], "1 3");
    assert_eq!(s.outputs("qa/app")["said"], "mine");
    s.ends(2, &["apply", "_base", "--yes"]);
}

#[test]
fn a_shared_environment_serves_the_ones_that_use_it() {
    let s = Sandbox::new(&[
        ("environments/org.yaml", "shared: true\n"),
        ("environments/dev.yaml", "uses: [org]\n"),
    ]);
    says(&s, "base/domain", "example.org", "environments: [org]\n");
    says(
        &s,
        "top/app",
        "'${{ domain.outputs.said }} ${{ env(\"org\").domain.outputs.said }}'",
        "",
    );
    s.ends(0, &["apply", "org", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/app")["said"], "example.org example.org");
    assert_eq!(s.ledger(), ["org/domain", "dev/app"]);
}

#[test]
fn secrets_come_from_the_environment_a_file_or_are_made_once() {
    let s = Sandbox::new(&[
        (
            "layers/base/user/component.yaml",
            "engine: script\ninputs:\n  a: '${{ secret(\"env:MY_SECRET\") }}'\n  b: '${{ secret(\"file:../b\") }}'\n  c: '${{ secret(\"generate:admin\") }}'\nscript: {apply: [./use.sh]}\n",
        ),
        (
            "layers/base/user/use.sh",
            "#!/bin/sh\ncat \"$STRATA_INPUTS\"\necho >> \"$WORLD/seen\"\ncat \"$STRATA_INPUTS\" >> \"$WORLD/seen\"\n",
        ),
    ]);
    let file = s.beside("b");
    std::fs::write(&file, "from-a-file-4711\n").expect("a secret");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .expect("its mode");
    let apply = |more: &[&str]| {
        let mut args = vec!["apply", "dev", "--yes"];
        args.extend(more);
        let out = s
            .command(&args)
            .env("MY_SECRET", "from-the-variable-4711")
            .output()
            .expect("strata starts");
        crate::sandbox::Done::of(&out)
    };
    let first = apply(&[]);
    assert_eq!(first.code, 0, "{}", first.all());
    first.never_says("4711");
    let second = apply(&["--replace", "user"]);
    assert_eq!(second.code, 0, "{}", second.all());
    let seen = std::fs::read_to_string(s.beside("world/seen")).expect("what the script saw");
    let seen: Vec<serde_json::Value> = seen
        .lines()
        .filter(|l| !l.trim().is_empty())
        .map(|l| serde_json::from_str(l).expect("inputs as JSON on one line"))
        .collect();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0]["a"], json!("from-the-variable-4711"));
    assert_eq!(seen[0]["b"], json!("from-a-file-4711"));
    let made = seen[0]["c"].as_str().expect("a text");
    assert!(made.len() >= 16, "{made}");
    assert_eq!(seen[0]["c"], seen[1]["c"], "made once");
    first.never_says(made);
    for secret in [made, "from-a-file-4711", "from-the-variable-4711"] {
        let clear = s.stored_with(secret);
        assert!(clear.is_empty(), "{secret} is in clear in {clear:?}");
    }
    let without = s.run(&["apply", "dev", "--yes", "--replace", "user"]);
    assert_ne!(without.code, 0);
    without.says("MY_SECRET");
}

#[test]
fn the_value_of_an_instance_may_give_inputs_of_its_own() {
    let s = Sandbox::new(&[(
        "environments/dev.yaml",
        "values: {regions: {eu: {}, us: {inputs: {word: howdy}}}}\n",
    )]);
    says(
        &s,
        "base/vpc",
        "hello",
        "instances: '${{ values.regions }}'\n",
    );
    s.ends(0, &["apply", "dev", "--yes"]);
    let all = s.outputs("dev");
    assert_eq!(all["dev/vpc[\"eu\"]"]["said"], "hello");
    assert_eq!(all["dev/vpc[\"us\"]"]["said"], "howdy");
    s.ends(0, &["explain", "dev/vpc[\"us\"].word"])
        .says("howdy")
        .says("hello")
        .says("inputs of the instance us");
    // it is an input like any other: who changes it changes that instance only
    s.edit("environments/dev.yaml", "howdy", "hey");
    let ran = s.wrote(|| drop(s.ends(0, &["apply", "dev", "--yes"])));
    assert!(ran.iter().all(|l| !l.contains("eu")), "{ran:?}");
    assert_eq!(s.outputs("dev")["dev/vpc[\"us\"]"]["said"], "hey");
}
