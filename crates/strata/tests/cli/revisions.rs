//! What is compared with a revision of git: promises, and which units a change touches.
use crate::sandbox::{SAY, Sandbox, saying};
use std::process::Command;

/// Commits everything.
fn commit(s: &Sandbox) {
    for args in [
        &["init", "-q"][..],
        &["add", "."],
        &[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "-qm",
            "then",
        ],
    ] {
        let done = Command::new("git")
            .arg("-C")
            .arg(s.root())
            .args(args)
            .output();
        let done = done.expect("git is there");
        assert!(done.status.success(), "{done:?}");
    }
}

/// The units that a plan since the last commit looks at, with why.
fn touched(s: &Sandbox) -> Vec<String> {
    let done = s.ends(0, &["plan", "--all", "--changed-since", "HEAD"]);
    let mut out: Vec<String> = done
        .err
        .lines()
        .filter_map(|l| {
            l.strip_prefix("changed since HEAD: ")
                .or_else(|| l.strip_prefix("gone since HEAD: "))
        })
        .map(str::to_owned)
        .collect();
    out.sort();
    out
}

#[test]
fn a_change_touches_the_units_that_read_it_and_no_other() {
    let module = "module \"inner\" {\n  source = \"../../../modules/inner\"\n}\n";
    let s = Sandbox::new(&[
        ("environments/qa.yaml", "values: {}\n"),
        ("layers/base/net/main.tf", module),
        (
            "modules/inner/main.tf",
            "module \"deep\" {\n  source = \"../deep\"\n}\n",
        ),
        (
            "modules/deep/main.tf",
            "locals {\n  t = file(\"${path.module}/t.txt\")\n}\n",
        ),
        ("modules/deep/t.txt", "one"),
        ("layers/base/other/main.tf", "locals {}\n"),
        (
            "layers/middle/app/component.yaml",
            &(saying("x") + "reads: ['../../../shared/**/*.txt']\n"),
        ),
        ("layers/middle/app/say.sh", SAY),
        ("shared/a/b.txt", "1"),
        ("shared/a/c.md", "1"),
    ]);
    commit(&s);
    assert!(touched(&s).is_empty());
    s.write("README.md", "new");
    s.write("shared/a/c.md", "2");
    assert!(touched(&s).is_empty(), "nobody reads these");
    s.write("modules/deep/t.txt", "two");
    assert_eq!(
        touched(&s),
        [
            "dev/net (modules/deep/t.txt)",
            "qa/net (modules/deep/t.txt)"
        ]
    );
    s.write("modules/deep/t.txt", "one");
    s.write("shared/a/new.txt", "1");
    assert_eq!(
        touched(&s),
        ["dev/app (shared/a/new.txt)", "qa/app (shared/a/new.txt)"]
    );
    std::fs::remove_file(s.root().join("shared/a/new.txt")).unwrap();
    s.write(
        "environments/qa.yaml",
        "components: {app: {inputs: {word: y}}}\n",
    );
    assert_eq!(touched(&s), ["qa/app (inputs)"]);
    std::fs::remove_dir_all(s.root().join("layers/base/other")).unwrap();
    assert_eq!(touched(&s), ["dev/other", "qa/app (inputs)", "qa/other"]);
    s.ends(2, &["plan", "dev", "--changed-since", "nothing"])
        .says("there is no revision `nothing`");
}

#[test]
fn a_fileset_reads_what_fits_its_pattern_and_all_when_a_name_is_computed() {
    let json = "locals {\n  names = fileset(\"${path.module}/../../../data\", \"**/*.json\")\n}\n";
    let contents = format!(
        "{json}output \"o\" {{\n  value = [for n in local.names : file(\"${{path.module}}/../../../data/${{n}}.md\")]\n}}\n"
    );
    let s = Sandbox::new(&[
        ("layers/base/names/main.tf", json),
        ("layers/base/contents/main.tf", &contents),
        ("data/a/one.json", "{}"),
        ("data/a/one.json.md", "1"),
    ]);
    commit(&s);
    s.write("data/a/one.json.md", "2");
    assert_eq!(touched(&s), ["dev/contents (data/a/one.json.md)"]);
    s.write("data/a/one.json.md", "1");
    s.write("data/a/b/two.json", "{}");
    s.write("data/a/b/two.json.md", "1");
    assert_eq!(
        touched(&s),
        [
            "dev/contents (data/a/b/two.json, data/a/b/two.json.md)",
            "dev/names (data/a/b/two.json)"
        ]
    );
}

#[test]
fn what_looks_at_what_is_applied_knows_no_revisions() {
    let s = Sandbox::new(&[]);
    for command in ["destroy", "drift"] {
        s.ends(2, &[command, "dev", "--changed-since", "HEAD"])
            .says("unexpected argument '--changed-since'");
    }
    s.write("layers/base/low/component.yaml", &saying("x"));
    s.write("layers/base/low/say.sh", SAY);
    s.write("layers/base/alone/component.yaml", &saying("x"));
    s.write("layers/base/alone/say.sh", SAY);
    s.write(
        "layers/top/high/component.yaml",
        &saying("'${{ low.outputs.said }}'"),
    );
    s.write("layers/top/high/say.sh", SAY);
    s.ends(0, &["apply", "dev", "--yes"]);
    s.ends(2, &["drift", "dev", "--only", "lo"])
        .says("no applied unit `lo` in dev");
    // what a unit needs goes with it, what it does not need stays
    s.ends(0, &["destroy", "dev", "--only", "+high", "--yes"]);
    let left = s.ends(0, &["status", "dev", "--format", "json"]);
    let left: serde_json::Value = serde_json::from_str(&left.out).expect("JSON");
    let left = left.to_string();
    assert!(left.contains("dev/alone"), "{left}");
}

#[test]
fn a_promise_that_breaks_needs_a_new_version_and_names_who_uses_it() {
    let provider = saying("x") + "provides: {db: {url: '${{ self.said }}', port: 5}}\n";
    let s = Sandbox::new(&[
        (
            "contracts/db.yaml",
            "version: 1.2.0\noutputs: {url: string, port: number}\n",
        ),
        ("layers/base/pg/component.yaml", &provider),
        ("layers/base/pg/say.sh", SAY),
        (
            "layers/top/web/component.yaml",
            &saying("'${{ db.outputs.url }}'"),
        ),
        ("layers/top/web/say.sh", SAY),
    ]);
    commit(&s);
    s.ends(0, &["check", "--against", "HEAD"]);
    s.edit(
        "contracts/db.yaml",
        "url: string",
        "url: {type: string, sensitive: true}",
    );
    let done = s.ends(3, &["check", "--against", "HEAD"]);
    done.says("contract::breaking")
        .says("`web` uses it")
        .says("version: 2.0.0");
    s.edit("contracts/db.yaml", "1.2.0", "2.0.0");
    s.ends(0, &["check", "--against", "HEAD"])
        .says("version 2.0.0 says so");
    // something more is compatible, and said
    s.write(
        "contracts/db.yaml",
        "version: 1.3.0\noutputs: {url: string, port: number, name: string}\n",
    );
    s.edit(
        "layers/base/pg/component.yaml",
        "port: 5",
        "port: 5, name: n",
    );
    let done = s.ends(0, &["check", "--against", "HEAD"]);
    done.says("contract::compatible").says("`name` is new");
    // flavors elsewhere would have to take an input that is new, and who gives one that is gone is refused
    let promised = "version: 1.3.0\ninputs: {word: string}\noutputs: {url: string, port: number, name: string}\n";
    s.write("contracts/db.yaml", promised);
    s.ends(3, &["check", "--against", "HEAD"])
        .says("the input `word` is new in the contract `db`");
    commit(&s);
    s.edit("contracts/db.yaml", "inputs: {word: string}", "inputs: {}");
    s.ends(3, &["check", "--against", "HEAD"])
        .says("the input `word` is gone in the contract `db`");
    s.edit("contracts/db.yaml", "1.3.0", "2.0.0");
    s.ends(0, &["check", "--against", "HEAD"]);
}

#[test]
fn every_flavor_that_could_be_picked_is_tried() {
    let flavor = |more: &str| saying("x") + &format!("provides: {{db: {{url: {more}}}}}\n");
    let s = Sandbox::new(&[
        ("contracts/db.yaml", "outputs: {url: string}\n"),
        ("environments/dev.yaml", "flavors: {db: pg}\n"),
        (
            "layers/base/pg/component.yaml",
            &flavor("'${{ self.said }}'"),
        ),
        ("layers/base/pg/say.sh", SAY),
        (
            "layers/base/my/component.yaml",
            &flavor("'${{ self.said }}'"),
        ),
        ("layers/base/my/say.sh", SAY),
        (
            "layers/top/web/component.yaml",
            &saying("'${{ db.outputs.url }}'"),
        ),
        ("layers/top/web/say.sh", SAY),
    ]);
    s.ends(0, &["check", "--all-flavors"])
        .says("1 flavor that could be picked instead: each fits");
    // before it is swapped: what would be made, who is concerned, in which order
    s.ends(0, &["apply", "dev", "--yes"]);
    let done = s.ends(0, &["plan", "dev", "--flavor", "db=my"]);
    for said in [
        "db in dev: my in the place of pg",
        "side by side: dev/my is made; dev/pg stays as it is",
        "given other values: dev/web",
        "order: apply dev/my; then dev/web; last `strata destroy dev --orphans`: dev/pg",
    ] {
        assert!(done.out.contains(said), "no `{said}` in {}", done.out);
    }
    s.ends(0, &["plan", "dev"]).says("nothing to do");
    s.ends(2, &["plan", "dev", "--flavor", "db=mi"])
        .says("did you mean `db=my`?");
    // a consumer that bypasses the contract fits only one flavor
    s.edit(
        "layers/top/web/component.yaml",
        "db.outputs.url",
        "pg.outputs.said",
    );
    s.ends(0, &["check"]);
    let done = s.ends(3, &["check", "--all-flavors"]);
    done.says("with `db: my` in `dev`")
        .says("reference::unknown");
}

#[test]
fn the_example_has_three_flavors_that_each_fit_everywhere() {
    let s = Sandbox::empty();
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/clusters");
    let done = Command::new("cp")
        .arg("-r")
        .arg(example.join("."))
        .arg(s.root())
        .status();
    assert!(done.expect("cp is there").success());
    let done = s.ends(0, &["check", "--all-flavors"]);
    // three environments, and in each the two flavors that it did not pick
    done.says("6 flavors that could be picked instead: each fits");
    // a flavor that does not keep the promise is found though nobody picks it
    s.edit("environments/qa.yaml", "rke2", "k3s");
    s.edit(
        "layers/kubernetes/rke2/component.yaml",
        "servers: {type: number",
        "servers: {type: list(string)",
    );
    let done = s.ends(3, &["check", "--all-flavors"]);
    done.says(
        "`node_count` of the contract `kubernetes-cluster` is a number, this is a list(string)",
    );
    done.says("with `kubernetes-cluster: rke2` in `prod`");
}
