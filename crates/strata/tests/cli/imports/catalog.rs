//! Components from a catalog: `source` and `version` of one component.
use super::Repo;
use crate::sandbox::{SAY, Sandbox};
use std::fs;

/// Says its version and a word.
fn shout(version: &str) -> String {
    SAY.replace("%s\"}", &format!("{version} %s\"}}"))
}

/// A catalog with a script in a folder, in two versions, and a script beside it.
fn catalog(s: &Sandbox) -> Repo {
    let repo = Repo::new(&s.beside("catalog"));
    repo.write(
        "parts/say/component.yaml",
        "engine: script\ninputs: {word: theirs}\noutputs: {said: string}\nscript: {apply: [./say.sh]}\n",
    );
    repo.write("parts/say/say.sh", &shout("one"));
    repo.commit("1.0.0");
    repo.write("parts/say/say.sh", &shout("two"));
    repo.commit("2.0.0");
    repo
}

fn component(more: &str) -> String {
    format!(
        "source: ../catalog//parts/say\nversion: 1.0.0\n{more}inputs: {{word: '${{{{ env.name }}}}'}}\n"
    )
}

fn platform() -> Sandbox {
    let s = Sandbox::new(&[
        (
            "environments/dev.yaml",
            "components: {voice: {version: 2.0.0}}\n",
        ),
        ("environments/prod.yaml", "values: {}\n"),
        (
            "layers/base/voice/component.yaml",
            &component("hooks: allow\n"),
        ),
        (
            "layers/top/web/component.yaml",
            &crate::sandbox::saying("'${{ voice.outputs.said }}'"),
        ),
        ("layers/top/web/say.sh", SAY),
    ]);
    let _ = catalog(&s);
    s
}

#[test]
fn a_component_comes_from_a_catalog_at_a_version_of_each_environment() {
    let s = platform();
    s.ends(3, &["check"])
        .says("import::not-locked")
        .says("run `strata import lock`")
        .never_says("reference::unknown");
    s.ends(0, &["import", "lock"])
        .says("voice: ../catalog 1.0.0 is")
        .says("dev/voice: ../catalog 2.0.0 is");
    let lock = fs::read_to_string(s.root().join("strata.lock")).unwrap();
    assert_eq!(lock.matches("folder: \"parts/say\"").count(), 2, "{lock}");
    s.ends(0, &["check"]);
    s.ends(0, &["plan", "prod"])
        .says("voice: files in prod/voice from ../catalog at 1.0.0 (")
        .says("its scripts run: parts/say/say.sh");
    s.ends(0, &["apply", "prod", "--yes"]);
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("prod/web")["said"], "one prod");
    assert_eq!(s.outputs("dev/web")["said"], "two dev");
    s.ends(0, &["explain", "dev/voice"])
        .says("files from ../catalog//parts/say at 2.0.0, commit ")
        .says("named at layers/base/voice/component.yaml:1");
    s.ends(0, &["diff", "dev", "--against", "prod"])
        .says("source: ../catalog//parts/say at 1.0.0 (");
    s.ends(0, &["explain", "voice@2.0.0:parts/say/say.sh"])
        .says("of ../catalog at 2.0.0, commit ")
        .says("component voice, wished for at layers/base/voice/component.yaml:1:9")
        .says("seen by dev/voice")
        .never_says("prod/voice");
    s.ends(0, &["explain", "./layers/base/voice/component.yaml"])
        .says("of this repository")
        .says("describes dev/voice, prod/voice");
    s.ends(2, &["explain", "layers/none"])
        .says("there is no unit");
    // a commit that leaves the folder as it is changes nothing
    let repo = Repo::at(&s.beside("catalog"));
    repo.write("README.md", "new");
    repo.commit("2.1.0");
    s.ends(0, &["import", "outdated"])
        .says("dev/voice: ../catalog 2.0.0 → 2.1.0");
    s.edit("environments/dev.yaml", "2.0.0", "2.1.0");
    s.ends(3, &["check"])
        .says("import::not-locked")
        .says("environments/dev.yaml:1:");
    s.ends(0, &["import", "lock"]);
    let wrote = s.wrote(|| drop(s.ends(0, &["apply", "dev", "--yes"])));
    assert!(wrote.is_empty(), "{wrote:?}");
    s.ends(0, &["render", "dev", "out"]);
    let rendered = fs::read_to_string(s.root().join("out/voice/unit.json")).unwrap();
    let rendered: serde_json::Value = serde_json::from_str(&rendered).unwrap();
    assert_eq!(rendered["folder"], "parts/say");
    assert_eq!(rendered["source"]["version"], "2.1.0");
    fs::remove_dir_all(s.root().join("out")).unwrap();
    s.ends(0, &["import", "update", "dev/voice"]);
    s.ends(0, &["import", "verify"]);
    s.ends(0, &["import", "vendor"])
        .says("vendor/strata/catalog-");
    fs::remove_dir_all(s.beside("home/.cache")).unwrap();
    s.ends(0, &["check", "--offline"]);
    s.ends(0, &["destroy", "dev", "--yes"]);
}

#[test]
fn scripts_of_a_catalog_need_to_be_allowed() {
    let s = platform();
    s.write("layers/base/voice/component.yaml", &component(""));
    s.ends(0, &["import", "lock"]);
    s.ends(3, &["check"])
        .says("import::hooks")
        .says("`voice` runs scripts of another repository: ../catalog//parts/say at 1.0.0")
        .says("write `hooks: allow` beside `source`");
    // a word for one repository is none for another
    s.write(
        "layers/base/voice/component.yaml",
        &component("hooks: allow\n"),
    );
    let other = Repo::new(&s.beside("other"));
    other.write("parts/say/say.sh", SAY);
    other.write(
        "parts/say/component.yaml",
        "engine: script\noutputs: {said: string}\nscript: {apply: [./say.sh]}\n",
    );
    other.commit("1.0.0");
    let elsewhere = "components: {voice: {source: ../other//parts/say}}\n";
    s.write("environments/dev.yaml", elsewhere);
    s.ends(0, &["import", "lock"]);
    s.ends(3, &["check"])
        .says("import::hooks")
        .says("environments/dev.yaml:1:")
        .says("../other//parts/say at 1.0.0");
    let allowed = elsewhere.replace("say}}", "say, hooks: allow}}");
    s.write("environments/dev.yaml", &allowed);
    s.ends(0, &["check"]);
    // a command of ours in their folder is one of their files
    s.write(
        "layers/base/voice/component.yaml",
        "source: ../catalog//parts/net\nversion: 3.0.0\nengine: terraform\nverify: [{command: [./say.sh]}]\n",
    );
    s.write("environments/dev.yaml", "{}\n");
    s.write(
        "layers/top/web/component.yaml",
        &crate::sandbox::saying("x"),
    );
    let repo = Repo::at(&s.beside("catalog"));
    repo.write(
        "parts/net/main.tf",
        "terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n  }\n}\n",
    );
    repo.write("parts/net/say.sh", SAY);
    repo.commit("3.0.0");
    s.ends(0, &["import", "lock"]);
    s.ends(3, &["check"])
        .says("import::hooks")
        .says("import::backend")
        .says("a `backend \"s3\"` block")
        .says("`components: {voice: {terraform: {backend: …}}}`");
    s.write(
        "layers/base/voice/component.yaml",
        "source: ../catalog//parts/net\nversion: 3.0.0\nterraform: {workspace: '${{ env.name }}', backend: {s3: {bucket: ours}}}\n",
    );
    s.ends(0, &["check"]);
}

#[test]
fn what_a_source_cannot_be_is_said() {
    let s = platform();
    let of = |text: &str| s.write("layers/base/voice/component.yaml", text);
    for (source, version, code, end, said) in [
        (
            "../catalog//parts/sey",
            "1.0.0",
            "import::folder",
            3,
            "did you mean `parts/say`?",
        ),
        (
            "../catalog//../x",
            "1.0.0",
            "import::source",
            3,
            "inside of a repository",
        ),
        (
            "https://me:hunter2@h.example/r//x",
            "1.0.0",
            "import::credentials",
            3,
            "a user or a password",
        ),
        (
            "../catalog//parts/say",
            "9.9.9",
            "9.9.9",
            10,
            "it has: 2.0.0",
        ),
        ("../nowhere//x", "1.0.0", "../nowhere", 10, "cannot be read"),
    ] {
        of(&format!(
            "source: {source}\nversion: {version}\nhooks: allow\n"
        ));
        s.write("environments/dev.yaml", "{}\n");
        s.ends(end, &["import", "lock"])
            .says(code)
            .says(said)
            .never_says("hunter2");
        assert!(!s.root().join("strata.lock").exists());
    }
    of("source: oci://h.example/r\n");
    s.ends(3, &["check"])
        .says("import::version")
        .says("names no version");
    // a folder that is there, and holds nothing that a tool knows
    of("source: ../catalog//docs\nversion: 3.0.0\n");
    let repo = Repo::at(&s.beside("catalog"));
    repo.write("docs/read.me", "x");
    repo.commit("3.0.0");
    s.ends(0, &["import", "lock"]);
    s.ends(3, &["check"])
        .says("component::no-engine")
        .says("no engine fits the folder `voice@3.0.0:docs`")
        .says("`layers/base/voice/component.yaml`");
    of("engine: script\nscript: {apply: [./x.sh]}\nversion: 1.0.0\n");
    s.ends(3, &["check"])
        .says("`version` of a component without `source`");
}

#[test]
fn a_folder_of_this_repository_serves_several_components() {
    let s = platform();
    s.write("environments/dev.yaml", "{}\n");
    s.write(
        "modules/say/component.yaml",
        "engine: script\noutputs: {said: string}\nscript: {apply: [./say.sh]}\n",
    );
    s.write("modules/say/say.sh", SAY);
    for name in ["voice", "echo"] {
        s.write(
            &format!("layers/base/{name}/component.yaml"),
            &format!("source: modules/say\ninputs: {{word: {name}}}\n"),
        );
    }
    s.ends(0, &["check"]);
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/voice")["said"], "voice");
    assert_eq!(s.outputs("dev/echo")["said"], "echo");
    assert!(!s.root().join("strata.lock").exists());
    s.write("layers/base/echo/component.yaml", "source: ../catalog\n");
    s.ends(3, &["check"]).says("is not one of this repository");
    s.write("layers/base/echo/component.yaml", "source: modules/none\n");
    s.ends(3, &["check"])
        .says("import::folder")
        .says("this repository has no folder `modules/none`");
}

#[test]
fn an_import_may_take_its_components_from_a_catalog() {
    let s = platform();
    let mid = Repo::new(&s.beside("mid"));
    mid.write("strata.yaml", "platform: mid\nlayers: [base]\n");
    mid.write("environments/x.yaml", "components: {v: {version: 2.0.0}}\n");
    mid.write("layers/base/v/component.yaml", &component("hooks: allow\n"));
    mid.commit("1.0.0");
    s.write(
        "environments/dev.yaml",
        "imports: [{repo: ../mid, environment: x, version: 1.0.0, hooks: allow}]\n",
    );
    s.ends(0, &["import", "lock"])
        .says("dev/x/x/v: ../catalog 2.0.0 is");
    s.ends(0, &["check"]);
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/x/v")["said"], "two dev");
    s.edit("environments/dev.yaml", ", hooks: allow", "");
    s.ends(3, &["check"]).says("import::hooks");
    s.edit("environments/dev.yaml", "1.0.0}", "1.0.0, hooks: allow}");
    s.edit(
        "environments/dev.yaml",
        "imports:",
        "components: {x/v: {version: 1.0.0}}\nimports:",
    );
    s.ends(3, &["check"])
        .says("`version` of a component cannot be said here");
}

#[test]
fn a_change_of_a_version_is_a_change_of_the_unit() {
    let s = platform();
    s.ends(0, &["import", "lock"]);
    let repo = Repo::new(&s.root());
    repo.commit("before");
    let repo = Repo::at(&s.beside("catalog"));
    repo.write("README.md", "new");
    repo.commit("2.1.0");
    let changed = |env: &str| {
        s.ends(0, &["plan", env, "--changed-since", "before"])
            .all()
            .contains(&format!("changed since before: {env}/voice"))
    };
    // a commit that leaves the folder as it is
    s.edit("environments/dev.yaml", "2.0.0", "2.1.0");
    s.ends(0, &["import", "lock"]);
    assert!(!changed("dev") && !changed("prod"));
    s.edit("environments/dev.yaml", "2.1.0", "1.0.0");
    s.ends(0, &["import", "lock"]);
    assert!(changed("dev") && !changed("prod"));
}

#[test]
fn an_environment_has_the_version_of_what_it_extends() {
    let s = platform();
    s.write(
        "environments/_new.yaml",
        "components: {voice: {version: 2.0.0}}\n",
    );
    s.write("environments/dev.yaml", "extends: [_new]\n");
    s.ends(0, &["import", "lock"])
        .says("dev/voice: ../catalog 2.0.0 is");
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/voice")["said"], "two dev");
    s.write("environments/dev.yaml", "components: {voice: 5}\n");
    s.ends(3, &["check"])
        .says("file::wrong-kind")
        .never_says("import::source");
    s.write("environments/dev.yaml", "extends: [_new]\n");
    // what stands in `defaults` would be looked at by nobody
    s.edit(
        "strata.yaml",
        "layers:",
        "defaults: [{layer: top, source: modules/x}]\nlayers:",
    );
    s.ends(3, &["check"])
        .says("`source` of a component cannot be said here");
    s.edit(
        "strata.yaml",
        "top, source: modules/x",
        "base, hooks: allow",
    );
    s.write("layers/base/voice/component.yaml", &component(""));
    s.ends(3, &["check"])
        .says("`hooks` of a component cannot be said here");
}
