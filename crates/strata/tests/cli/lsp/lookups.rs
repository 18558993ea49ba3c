//! What is looked up at a place: completion, hover, definitions, uses.
use super::{SCRIPT, VPC, WEB, editor::Editor, platform, web};
use crate::{imports::remote::Repo, sandbox::Sandbox};
use serde_json::{Value as Json, json};

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|s| (*s).to_owned()).collect()
}

#[test]
fn what_can_be_written_is_offered() {
    let sandbox = platform();
    let mut editor = Editor::open(&sandbox);
    editor.show(WEB, SCRIPT);
    let id_key = names(&["id", "key"]);
    // as it is typed: without its end, in quotes, beside a line that is not finished either
    for typed in [
        "  word: ${{ vpc.outputs.^",
        "  word: '${{ vpc.outputs.^ }}'\n",
        "  word: \"a ${{ vpc.outputs.i^ }} b\"\n  oth\n",
        "  a: {b: [${{ vpc.outputs.^",
    ] {
        assert_eq!(editor.labels(WEB, &web(typed)), id_key, "{typed}");
    }
    let items = editor.at("completion", WEB, &web("  a: '${{ vpc.outputs.k^ }}'\n"));
    let key = &items[1];
    assert_eq!(key["detail"], "string, sensitive", "{key}");
    assert_eq!(key["textEdit"]["newText"], "key");
    assert_eq!(
        key["textEdit"]["range"]["start"],
        json!({"line": 4, "character": 22})
    );
    assert_eq!(
        editor.labels(WEB, &web("  a: '${{ vpc.^ }}'\n")),
        ["outputs"]
    );
    assert_eq!(
        editor.labels(WEB, &web("  a: '${{ env(\"^\") }}'\n")),
        ["dev", "org"]
    );
    let begin = editor.labels(WEB, &web("  a: '${{ ^ }}'\n"));
    for name in ["vpc", "values", "env", "cidrsubnet", "secret"] {
        assert!(begin.iter().any(|n| n == name), "{name} in {begin:?}");
    }
    let values = editor.labels(WEB, &web("  a: '${{ values.^ }}'\n"));
    assert_eq!(values[..2], names(&["name", "size"]));
    // keys and values of the file itself
    let keys = editor.labels(WEB, "engine: script\n^");
    assert!(keys.contains(&"inputs".to_owned()) && !keys.contains(&"engine".to_owned()));
    assert!(
        editor
            .labels(WEB, "engine: ^")
            .contains(&"terraform".to_owned())
    );
    assert_eq!(editor.labels(WEB, "environments: [^]"), ["dev", "org"]);
    let dev = "environments/dev.yaml";
    editor.show(dev, "");
    let inputs = "components:\n  vpc:\n    inputs:\n      ^\n";
    assert_eq!(editor.labels(dev, inputs), ["cidr", "token"]);
    // in the middle of a file that YAML cannot read
    let broken = "values: {size: 3\ncomponents:\n  vpc: {inputs: {ci^";
    assert_eq!(editor.labels(dev, broken), ["cidr", "token"]);
    editor.end();
}

#[test]
fn hovers_tell_type_and_origin_and_no_secret() {
    let sandbox = platform();
    let mut editor = Editor::open(&sandbox);
    let whole = web("  word: '${{ vpc.outputs.id }} ${{ values.size }}'\n");
    editor.show(WEB, &whole);
    let hover = editor.hover(WEB, &whole.replace("outputs.id", "outputs.i^d"));
    for part in [
        "output `id` of `dev/vpc`",
        "type: `string`",
        "declared in `layers/base/vpc/main.tf`, line 13",
    ] {
        assert!(hover.contains(part), "{part}: {hover}");
    }
    let hover = editor.hover(WEB, &whole.replace("values.size", "values.si^ze"));
    for part in [
        "value: `3`",
        "`environments/dev.yaml`, line 1",
        "used at 1 place",
    ] {
        assert!(hover.contains(part), "{part}: {hover}");
    }
    let hover = editor.hover(WEB, &whole.replace("inputs:", "inp^uts:"));
    assert!(hover.contains("what the tool is given"), "{hover}");
    let dev = "environments/dev.yaml";
    let inputs =
        "values: {size: 3}\ncomponents:\n  vpc:\n    inputs: {cidr: 10.1.0.0/16, token: s3cr3t}\n";
    editor.show(dev, inputs);
    let hover = editor.hover(dev, &inputs.replace("cidr", "ci^dr"));
    for part in [
        "input `cidr`: string",
        "addresses of the network",
        "default: `\"10.0.0.0/8\"`",
        "environment dev",
    ] {
        assert!(hover.contains(part), "{part}: {hover}");
    }
    let hover = editor.hover(dev, &inputs.replace("token", "to^ken"));
    assert!(
        hover.contains("sensitive") && !hover.contains("s3cr3t"),
        "{hover}"
    );
    // in a file of the tool
    let main = "layers/base/vpc/main.tf";
    editor.show(main, VPC);
    let hover = editor.hover(main, &VPC.replace("output \"id\"", "output \"i^d\""));
    assert!(
        hover.contains("output `id` of `vpc`") && hover.contains("used at 1 place"),
        "{hover}"
    );
    // nothing to say
    assert_eq!(
        editor.hover(main, &VPC.replace("value = var.cidr", "value ^= var.cidr")),
        ""
    );
    editor.end();
}

#[test]
fn a_recorded_value_is_shown_unless_it_is_sensitive() {
    let outputs = "outputs: {said: string, hush: {type: string, sensitive: true}}\n";
    let sandbox = Sandbox::new(&[
        (
            "layers/base/one/component.yaml",
            &format!("engine: script\nscript: {{apply: [./say.sh]}}\n{outputs}"),
        ),
        (
            "layers/base/one/say.sh",
            "#!/bin/sh\nprintf '{\"said\": \"hello-there\", \"hush\": \"s3cr3t\"}' > \"$STRATA_OUTPUTS\"\n",
        ),
        (WEB, SCRIPT),
        ("layers/top/web/say.sh", "#!/bin/sh\n"),
    ]);
    sandbox.ends(0, &["apply", "dev", "--yes", "--only", "one"]);
    let mut editor = Editor::open(&sandbox);
    editor.show(WEB, SCRIPT);
    let hover = editor.hover(WEB, &web("  a: '${{ one.outputs.sa^id }}'\n"));
    assert!(
        hover.contains("last recorded: `\"hello-there\"`"),
        "{hover}"
    );
    let hover = editor.hover(WEB, &web("  a: '${{ one.outputs.hu^sh }}'\n"));
    assert!(
        hover.contains("sensitive") && !hover.contains("s3cr3t"),
        "{hover}"
    );
    editor.end();
}

/// Files and first lines of places.
fn files(editor: &Editor, places: &Json) -> Vec<(String, i64)> {
    let places = places.as_array().expect("a list of places");
    let root = format!("{}/", editor.uri(""));
    let one = |p: &Json| {
        let uri = p["uri"].as_str().expect("a file");
        let file = uri.strip_prefix(&root).expect("a file of the platform");
        (
            file.to_owned(),
            p["range"]["start"]["line"].as_i64().expect("a line"),
        )
    };
    places.iter().map(one).collect()
}

#[test]
fn definitions_and_uses_lead_from_yaml_to_hcl_and_back() {
    let sandbox = platform();
    let mut editor = Editor::open(&sandbox);
    let whole = web("  word: '${{ vpc.outputs.id }} ${{ values.size }}'\n");
    editor.show(WEB, &whole);
    let main = "layers/base/vpc/main.tf";
    let dev = "environments/dev.yaml";
    for (from, to, want) in [
        ("outputs.id", "outputs.i^d", (main, 12)),
        ("vpc.outputs", "v^pc.outputs", (main, 0)),
        ("values.size", "values.si^ze", (dev, 0)),
    ] {
        let places = editor.at("definition", WEB, &whole.replace(from, to));
        let want = (want.0.to_owned(), want.1);
        assert_eq!(files(&editor, &places), [want], "{to}");
    }
    let inputs = "values: {size: 3}\ncomponents:\n  vpc:\n    inputs: {cidr: 10.1.0.0/16}\n";
    editor.show(dev, inputs);
    let places = editor.at("definition", dev, &inputs.replace("cidr", "ci^dr"));
    assert_eq!(files(&editor, &places), [(main.to_owned(), 0)]);
    let places = editor.at("definition", dev, &inputs.replace("vpc", "v^pc"));
    assert_eq!(files(&editor, &places), [(main.to_owned(), 0)]);
    // and back
    let places = editor.at("references", dev, &inputs.replace("size", "si^ze"));
    assert_eq!(
        files(&editor, &places),
        [(dev.to_owned(), 0), (WEB.to_owned(), 4)]
    );
    editor.show(main, VPC);
    let places = editor.at("references", main, &VPC.replace("\"id\"", "\"i^d\""));
    assert_eq!(
        files(&editor, &places),
        [(main.to_owned(), 12), (WEB.to_owned(), 4)]
    );
    let places = editor.at("references", main, &VPC.replace("\"cidr\"", "\"ci^dr\""));
    assert_eq!(
        files(&editor, &places),
        [(main.to_owned(), 0), (dev.to_owned(), 3)]
    );
    editor.end();
}

#[test]
fn what_other_repositories_have_is_offered() {
    let sandbox = platform();
    let repo = Repo::new(&sandbox.beside("obs"));
    repo.write("strata.yaml", "platform: obs\nlayers: [base]\n");
    repo.write("environments/stack.yaml", "values: {}\n");
    repo.write("environments/_base.yaml", "values: {}\n");
    repo.write("layers/base/prom/main.tf", VPC);
    repo.write("modules/net/main.tf", VPC);
    repo.write("docs/a/read.me", "x");
    repo.commit("1.2.0");
    let dev = "environments/dev.yaml";
    let import = "imports:\n- repo: ../obs\n  environment: stack\n  version: 1.2.0\n";
    sandbox.write(dev, import);
    sandbox.write("modules/own/main.tf", VPC);
    sandbox.ends(0, &["import", "lock"]);
    let mut editor = Editor::open(&sandbox);
    editor.show(dev, import);
    // also where the import is not whole yet
    for (typed, expected) in [
        ("imports:\n- repo: ^\n", names(&["../obs"])),
        (
            "imports:\n- repo: ../obs\n  environment: ^\n",
            names(&["org", "stack"]),
        ),
        (
            "imports:\n- repo: ../obs\n  environment: stack\n  version: ^\n",
            names(&["1.2.0"]),
        ),
        ("imports: [{layer: ^}]", names(&["base", "middle", "top"])),
        ("imports: [{hooks: ^}]", names(&["allow", "deny"])),
    ] {
        assert_eq!(editor.labels(dev, typed), expected, "{typed}");
    }
    let exclude = format!("{import}  exclude: [^]\n");
    assert_eq!(editor.labels(dev, &exclude), ["prom"]);
    let keys = editor.labels(dev, &format!("{import}  ^\n"));
    assert!(keys.contains(&"hooks".to_owned()), "{keys:?}");
    assert!(
        editor
            .hover(dev, "imports:\n- repo: ../obs\n  sig^ned: true\n")
            .contains("has to be signed")
    );
    editor.show(WEB, SCRIPT);
    assert_eq!(
        editor.labels(WEB, "source: ^\n"),
        [
            "../obs",
            "../obs//layers/base/prom",
            "../obs//modules/net",
            "modules/own"
        ]
    );
    assert_eq!(
        editor
            .labels(WEB, "source: ../obs//mod^\nversion: 1.2.0\n")
            .len(),
        4
    );
    assert_eq!(
        editor.labels(WEB, "source: ../obs\nversion: ^\n"),
        ["1.2.0"]
    );
    editor.end();
}
