//! Imports that are wrong: each with a message that names what is meant, and nothing written.
use super::{Repo, importing, platform};
use crate::sandbox::{SAY, saying};
use std::path::Path;

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let s = platform("../obs");
    s.edit("environments/dev.yaml", "1.2.0", "1.3.0");
    s.ends(10, &["import", "lock"])
        .says("has no tag, branch or commit `1.3.0`")
        .says("it has: 1.2.0")
        .says("environments/dev.yaml:");
    s.edit("environments/dev.yaml", "1.3.0", "1.2.0");
    s.edit("environments/dev.yaml", "promStack", "promstak");
    s.ends(3, &["import", "lock"])
        .says("has no environment `promstak`")
        .says("did you mean `promStack`?");
    s.edit("environments/dev.yaml", "promstak", "somethingElse");
    s.ends(3, &["import", "lock"])
        .says("it has: grafanaStack, promStack");
    s.edit("environments/dev.yaml", "somethingElse", "'../promStack'");
    s.ends(3, &["import", "lock"]).says("import::environment");
    assert!(!s.root().join("strata.lock").exists());
    s.write("environments/dev.yaml", &importing("../nowhere", ""));
    s.ends(10, &["import", "lock"])
        .says("../nowhere cannot be read");
    s.write(
        "environments/dev.yaml",
        &importing("https://me:hunter2@git.example/x", ""),
    );
    s.ends(3, &["import", "lock"])
        .says("import::credentials")
        .never_says("hunter2");
    s.write(
        "environments/dev.yaml",
        &importing("'ext::sh -c touch${IFS}x'", ""),
    );
    s.ends(3, &["import", "lock"]).says("import::repo");
}

#[test]
fn imports_of_imports_go_deep_and_circles_are_named() {
    let s = platform("../mid");
    let mid = Repo::new(&s.beside("mid"));
    mid.write("strata.yaml", "platform: mid\nlayers: [base, top]\n");
    mid.write(
        "environments/promStack.yaml",
        "values: {domain: none}\nimports:\n- {repo: ../obs, environment: promStack, version: 1.2.0, as: inner, hooks: allow, values: {domain: '${{ values.domain }}!'}}\n",
    );
    mid.write(
        "layers/top/grafana/component.yaml",
        &saying("'${{ inner.grafana.outputs.said }}'"),
    );
    mid.write("layers/top/grafana/say.sh", SAY);
    mid.commit("1.2.0");
    s.ends(0, &["import", "lock"])
        .says("dev/obs/inner: ../obs 1.2.0");
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(
        s.ledger(),
        [
            "dev/obs/inner/prom",
            "dev/obs/inner/grafana",
            "dev/obs/grafana",
            "dev/web"
        ]
    );
    assert_eq!(s.outputs("dev/web")["said"], "example.org!");
    let obs = Repo::at(&s.beside("obs"));
    obs.write(
        "environments/promStack.yaml",
        "values: {domain: none}\nimports: [{repo: ../mid, environment: promStack, version: 1.2.0}]\n",
    );
    obs.commit_only();
    obs.git(&["tag", "-f", "1.2.0"]);
    s.ends(3, &["import", "update"])
        .says("import::cycle")
        .says("→");
}

#[test]
fn one_environment_at_two_commits_is_refused() {
    let s = platform("../obs");
    let repo = Repo::at(&s.beside("obs"));
    repo.write("x", "y");
    repo.commit("2.0.0");
    let more =
        "- {repo: ../obs, environment: promStack, version: 2.0.0, as: other, hooks: allow}\n";
    s.write("environments/dev.yaml", &importing("../obs", more));
    s.ends(3, &["import", "lock"])
        .says("import::two-commits")
        .says("as `obs`")
        .says("as `other`");
    let more = more.replace("promStack", "grafanaStack");
    s.write("environments/dev.yaml", &importing("../obs", &more));
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["check"]);
}

#[test]
fn a_tree_that_leads_out_is_refused() {
    let s = platform("../obs");
    let repo = Repo::at(&s.beside("obs"));
    std::os::unix::fs::symlink("../../etc/passwd", Path::new(repo.dir()).join("out")).unwrap();
    repo.commit_only();
    repo.git(&["tag", "-f", "1.2.0"]);
    s.ends(10, &["import", "lock"])
        .says("is a link that leads out");
    assert!(!s.root().join("strata.lock").exists());
}

#[test]
fn scripts_and_states_of_others_need_a_word() {
    let s = platform("../obs");
    s.edit("environments/dev.yaml", "  hooks: allow\n", "");
    s.ends(0, &["import", "lock"]);
    s.ends(3, &["check"])
        .says("import::hooks")
        .says("`hooks: allow`");
    let repo = Repo::at(&s.beside("obs"));
    repo.write(
        "layers/base/net/main.tf",
        "terraform {\n  backend \"s3\" {\n    bucket = \"theirs\"\n    key    = \"k\"\n  }\n}\n",
    );
    repo.commit("1.3.0");
    s.write(
        "environments/dev.yaml",
        &importing("../obs", "").replace("1.2.0", "1.3.0"),
    );
    s.ends(0, &["import", "lock"]);
    s.ends(3, &["check"])
        .says("import::backend")
        .says("dev/obs/net");
    let own = "components: {obs/net: {terraform: {backend: {s3: {bucket: ours}}}}}\n";
    s.write(
        "environments/dev.yaml",
        &(importing("../obs", "").replace("1.2.0", "1.3.0") + own),
    );
    s.ends(3, &["check"])
        .says("`key` of its `backend \"s3\"` block");
    s.edit(
        "environments/dev.yaml",
        "bucket: ours",
        "bucket: ours, key: mine",
    );
    s.ends(0, &["check"]);
    s.write(
        "environments/dev.yaml",
        &(importing("../obs", "").replace("1.2.0", "1.3.0") + "  exclude: [n*]\n"),
    );
    s.ends(0, &["check"]);
}

#[test]
fn an_import_cannot_allow_for_us_what_its_own_imports_do() {
    let s = platform("../mid");
    let obs = Repo::at(&s.beside("obs"));
    obs.write(
        "layers/base/net/component.yaml",
        "terraform: {backend: {s3: {endpoint: evil, key: k}}}\n",
    );
    obs.write(
        "layers/base/net/main.tf",
        "terraform {\n  backend \"s3\" {\n    key = \"k\"\n  }\n}\n",
    );
    obs.commit_only();
    obs.git(&["tag", "-f", "1.2.0"]);
    let mid = Repo::new(&s.beside("mid"));
    mid.write("strata.yaml", "platform: mid\nlayers: [base, top]\n");
    mid.write(
        "environments/promStack.yaml",
        "values: {domain: none}\nimports: [{repo: ../obs, environment: promStack, version: 1.2.0, as: inner, hooks: allow}]\ncomponents: {inner/net: {terraform: {backend: {s3: {bucket: theirs}}}}}\n",
    );
    mid.write(
        "layers/top/grafana/component.yaml",
        &saying("'${{ inner.grafana.outputs.said }}'"),
    );
    mid.write("layers/top/grafana/say.sh", SAY);
    mid.commit("1.2.0");
    s.edit("environments/dev.yaml", "  hooks: allow\n", "");
    s.ends(0, &["import", "lock"]);
    // nothing of ours allows a script or names a state, so both of them are said of both levels
    s.ends(3, &["check"])
        .says("`obs@1.2.0` runs scripts")
        .says("`obs/inner@1.2.0` runs scripts")
        .says("the state of dev/obs/inner/net would be where another repository says");
    let own =
        "  hooks: allow\ncomponents: {obs/inner/net: {terraform: {backend: {s3: {key: ours}}}}}\n";
    s.write(
        "environments/dev.yaml",
        &(importing("../mid", "").replace("  hooks: allow\n", "") + own),
    );
    s.ends(0, &["check"]);
    let unit = s.beside("out/obs.2finner.2fnet/unit.json");
    s.ends(0, &["render", "dev", s.beside("out").to_str().unwrap()]);
    let text = std::fs::read_to_string(unit).unwrap();
    assert!(
        text.contains("ours") && !text.contains("evil") && !text.contains("theirs"),
        "{text}"
    );
}
