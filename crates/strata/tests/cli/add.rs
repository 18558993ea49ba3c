//! One more component: from a catalog, or like one that is there.
use crate::{
    imports::remote::Repo,
    sandbox::{SAY, Sandbox, saying, terraform_here},
};
use std::fs;

/// A catalog with a network of Terraform and a script, in two releases and a candidate.
fn catalog(s: &Sandbox) -> Repo {
    let repo = Repo::new(&s.beside("catalog"));
    repo.write(
        "modules/net/main.tf",
        "variable \"cidr\" { type = string }\noutput \"net\" { value = cidrsubnet(var.cidr, 8, 1) }\n",
    );
    repo.write(
        "parts/say/component.yaml",
        "engine: script\noutputs: {said: string}\nscript: {apply: [./say.sh]}\n",
    );
    repo.write("parts/say/say.sh", SAY);
    repo.commit("1.9.0");
    repo.commit("1.10.0");
    repo.commit("2.0.0-rc1");
    repo
}

fn text(s: &Sandbox, path: &str) -> String {
    fs::read_to_string(s.root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn files(s: &Sandbox) -> Vec<String> {
    let mut out = Vec::new();
    let mut open = vec![s.root()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                out.push(path.display().to_string());
            }
        }
    }
    out.sort();
    out
}

#[test]
fn a_component_of_a_catalog_is_a_folder_with_its_address() {
    if !terraform_here() {
        return;
    }
    let s = Sandbox::new(&[]);
    let _ = catalog(&s);
    let add = |more: &[&str]| {
        let mut args = vec!["add", "net", "--from", "../catalog//modules/net"];
        args.extend(more);
        s.run(&args)
    };
    let done = add(&[]);
    assert_eq!(done.code, 2);
    done.says("name its layer").says("base, middle, top");
    let done = add(&["--layer", "bas"]);
    assert_eq!(done.code, 2);
    done.says("did you mean `base`?");
    let before = files(&s);
    let done = add(&["--layer", "base", "--yes"]);
    assert_eq!(done.code, 3, "{}", done.all());
    done.says("input::missing").says("`--input NAME=VALUE`");
    let with = ["--layer", "base", "--input", "cidr=10.0.0.0/16"];
    let done = add(&with);
    assert_eq!(done.code, 4, "nobody can be asked");
    done.says("-- layers/base/net/component.yaml --")
        .says("version: 1.10.0")
        .says("-- strata.lock, locked --");
    let dry = add(&[&with[..], &["--dry-run"]].concat());
    assert_eq!(dry.code, 0);
    assert_eq!(files(&s), before, "nothing was written");
    let done = add(&[&with[..], &["--yes"]].concat());
    assert_eq!(done.code, 0, "{}", done.all());
    assert_eq!(
        text(&s, "layers/base/net/component.yaml"),
        "source: ../catalog//modules/net\nversion: 1.10.0\ninputs:\n  cidr: 10.0.0.0/16\n"
    );
    assert!(text(&s, "strata.lock").contains("version: \"1.10.0\""));
    s.ends(0, &["check"]);
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/net")["net"], "10.0.1.0/24");
    let again = add(&[&with[..], &["--yes"]].concat());
    assert_eq!(again.code, 2);
    again.says("there is a component `net` already");
    // a folder that no component is in
    s.write("layers/top/_net/x", "");
    fs::create_dir_all(s.root().join("layers/top/other")).unwrap();
    s.ends(
        2,
        &[
            "add",
            "other",
            "--from",
            "../catalog//modules/net",
            "--layer",
            "top",
            "--yes",
        ],
    )
    .says("there is a `layers/top/other` already");
}

#[test]
fn scripts_of_a_catalog_are_asked_for() {
    let s = Sandbox::new(&[("environments/prod.yaml", "{}\n")]);
    let _ = catalog(&s);
    let with = |more: &[&str]| {
        let mut args = vec![
            "add",
            "voice",
            "--from",
            "../catalog//parts/say@1.9.0",
            "--layer",
            "top",
            "--input",
            "word=${{ env.name }} it's",
            "--env",
            "prod",
            "--yes",
        ];
        args.extend(more);
        s.run(&args)
    };
    let done = with(&[]);
    assert_eq!(done.code, 3);
    done.says("import::hooks").says("--allow-hooks");
    assert!(!s.root().join("layers").exists() && !s.root().join("strata.lock").exists());
    assert_eq!(with(&["--allow-hooks"]).code, 0);
    s.ends(0, &["check"]);
    s.ends(0, &["apply", "prod", "--yes"]);
    assert_eq!(s.outputs("prod/voice")["said"], "prod it's");
    s.ends(0, &["plan", "dev"]).never_says("dev/voice");
}

#[test]
fn where_components_are_entries_a_new_one_is_an_entry() {
    let s = Sandbox::empty();
    let _ = catalog(&s);
    let before = "# shop\nplatform: shop\nlayers: [base, top]\npassthrough: [LEDGER]\ncomponents:\n    # the first one\n    a: {path: app, layer: base} # here\n# the end\n";
    s.write("strata.yaml", before);
    s.write("environments/dev.yaml", "{}\n");
    s.write("app/component.yaml", &saying("x"));
    s.write("app/say.sh", SAY);
    s.ends(
        0,
        &[
            "add",
            "b",
            "--from",
            "../catalog//parts/say",
            "--layer",
            "top",
            "--allow-hooks",
            "--input",
            "word=a, b",
            "--yes",
        ],
    )
    .says("+     b: {layer: top, source: ../catalog//parts/say, version: 1.10.0, hooks: allow");
    let wanted = before.replace(
        "# here\n",
        "# here\n    b: {layer: top, source: ../catalog//parts/say, version: 1.10.0, hooks: allow, inputs: {word: 'a, b'}}\n",
    );
    assert_eq!(text(&s, "strata.yaml"), wanted);
    s.ends(0, &["check"]);
    // a copy of either
    s.ends(0, &["add", "c", "--like", "b", "--yes"]);
    s.ends(0, &["add", "d", "--like", "a", "--layer", "top", "--yes"])
        .says("-- d/, a copy of `a` --");
    let now = text(&s, "strata.yaml");
    assert!(
        now.contains(
            "    a: {path: app, layer: base} # here\n    d: {path: d, layer: top} # here\n"
        ),
        "{now}"
    );
    s.ends(0, &["check"]);
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/c")["said"], "a, b");
}

#[test]
fn a_copy_has_the_folder_and_what_environments_say_of_it() {
    let s = Sandbox::new(&[
        ("layers/top/web/component.yaml", &saying("x")),
        ("layers/top/web/say.sh", SAY),
        ("layers/top/web/terraform.tfstate.backup", "{}"),
        (
            "environments/dev.yaml",
            "values: {a: '1'}\ncomponents:\n  web: # ours\n    inputs:\n      word: '${{ values.a }}'\n\n# more\nflavors: {}\n",
        ),
    ]);
    s.ends(2, &["add", "worker", "--like", "wob"])
        .says("did you mean `web`?");
    s.ends(2, &["add", "values", "--like", "web"]);
    s.ends(2, &["add", "worker"]).says("--from");
    s.ends(0, &["add", "worker", "--like", "web", "--dry-run"])
        .says("+ say.sh")
        .says("+   worker: # ours");
    assert!(!s.root().join("layers/top/worker").exists());
    s.ends(0, &["add", "worker", "--like", "web", "--yes"]);
    assert_eq!(
        text(&s, "environments/dev.yaml"),
        "values: {a: '1'}\ncomponents:\n  web: # ours\n    inputs:\n      word: '${{ values.a }}'\n  worker: # ours\n    inputs:\n      word: '${{ values.a }}'\n\n# more\nflavors: {}\n"
    );
    assert!(
        !s.root()
            .join("layers/top/worker/terraform.tfstate.backup")
            .exists()
    );
    s.ends(0, &["check"]);
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/worker")["said"], "1");
    let left: Vec<String> = files(&s).into_iter().filter(|f| f.contains("/_")).collect();
    assert!(left.is_empty(), "{left:?}");
    // a platform that would not fit together is not made
    let text = saying("x") + "provides: {greeter: {said: '${{ self.said }}'}}\n";
    s.write(
        "contracts/greeter.yaml",
        "version: 1.0.0\noutputs: {said: string}\n",
    );
    s.write("layers/top/web/component.yaml", &text);
    s.write(
        "layers/base/user/component.yaml",
        &saying("'${{ greeter.outputs.said }}'"),
    );
    s.write("layers/base/user/say.sh", SAY);
    s.ends(3, &["add", "third", "--like", "web", "--yes"])
        .says("flavor::not-picked")
        .says("nothing was written");
    assert!(!s.root().join("layers/top/third").exists());
}

#[test]
fn what_cannot_be_added_is_said() {
    let s = Sandbox::new(&[
        ("modules/say/component.yaml", &saying("x")),
        ("modules/say/say.sh", SAY),
    ]);
    let add = |code: i32, source: &str| {
        s.ends(
            code,
            &["add", "x", "--from", source, "--layer", "top", "--yes"],
        )
        .never_says("hunter2")
        .all()
    };
    assert!(add(2, "https://me:hunter2@h.example/r//x@1").contains("import::credentials"));
    assert!(add(2, "../catalog//../x@1").contains("inside of a repository"));
    // nobody serves there
    assert!(add(10, "oci://127.0.0.1:1/r@1").contains("cannot be read"));
    assert!(add(10, "../nowhere//x@1").contains("cannot be read"));
    let repo = Repo::new(&s.beside("empty"));
    repo.commit_only();
    assert!(add(2, "../empty//x").contains("has no release"));
    assert!(add(3, "../empty//x@main").contains("import::folder"));
    assert!(add(3, "modules/none").contains("import::folder"));
    assert!(!s.root().join("layers").exists() && !s.root().join("strata.lock").exists());
    // a folder of this repository has no version
    s.ends(
        0,
        &[
            "add",
            "x",
            "--from",
            "modules/say",
            "--layer",
            "top",
            "--input",
            "word=y",
            "--yes",
        ],
    );
    assert_eq!(
        text(&s, "layers/top/x/component.yaml"),
        "source: modules/say\ninputs:\n  word: y\n"
    );
    s.ends(0, &["check"]);
    s.ends(0, &["apply", "dev", "--yes"]);
    assert!(!s.root().join("strata.lock").exists());
}
