//! What a contract says of whatever provides it: verifiers that run with each flavor.
use crate::sandbox::{Sandbox, tagged, terraform_here};
use std::fs;

/// A contract with a verifier that compares what it is given with what a private file holds.
const CONTRACT: &str = "version: 1.0.0
inputs: {word: string}
outputs: {url: string, token: {type: string, sensitive: true}}
reads: ['../suite/**']
verify:
- command:
    run: [../suite/check.sh]
    env: {URL: '${{ self.url }}', GREETING: hello}
    files: {TOKEN: '${{ self.token }}'}
";
const CHECK: &str = r#"#!/bin/sh
set -eu
echo "verify $STRATA_UNIT in $(basename "$PWD")" >> "$LEDGER"
[ "$(stat -c %a "$TOKEN")" = 600 ]
[ "$GREETING $URL $(cat "$TOKEN")" = "hello https://one secret-one" ] || { echo "no: $GREETING $URL"; exit 1; }
echo all kept
"#;
const MAKE: &str = r#"#!/bin/sh
set -eu
echo "$STRATA_UNIT" >> "$LEDGER"
printf '{"address": "https://%s", "key": "secret-%s"}' "$STRATA_INPUT_WORD" "$STRATA_INPUT_WORD" > "$STRATA_OUTPUTS"
"#;

fn flavor(word: &str) -> String {
    format!(
        "engine: script
script: {{apply: [./make.sh]}}
inputs: {{word: {word}}}
outputs: {{address: string, key: {{type: string, sensitive: true}}}}
provides: {{server: {{url: '${{{{ self.address }}}}', token: '${{{{ self.key }}}}'}}}}
"
    )
}

fn promised() -> Sandbox {
    Sandbox::new(&[
        ("contracts/server.yaml", CONTRACT),
        ("suite/check.sh", CHECK),
        ("layers/base/good/component.yaml", &flavor("one")),
        ("layers/base/good/make.sh", MAKE),
        ("layers/base/bad/component.yaml", &flavor("two")),
        ("layers/base/bad/make.sh", MAKE),
        (
            "layers/top/user/component.yaml",
            "engine: script\nscript: {apply: [./use.sh]}\ninputs: {url: '${{ server.outputs.url }}'}\n",
        ),
        (
            "layers/top/user/use.sh",
            "#!/bin/sh\necho \"$STRATA_UNIT\" >> \"$LEDGER\"\n",
        ),
        ("environments/dev.yaml", "flavors: {server: good}\n"),
    ])
}

#[test]
fn a_contracts_verifier_runs_for_whichever_flavor_provides_it() {
    let s = promised();
    s.ends(0, &["check", "--all-flavors"]);
    let done = s.ends(0, &["apply", "dev", "--yes"]);
    assert!(!format!("{}{}", done.out, done.err).contains("secret-one"));
    let ledger = s.ledger();
    assert_eq!(
        ledger,
        ["dev/good", "verify dev/good in contracts", "dev/user"]
    );
    let ran = s.wrote(|| {
        s.ends(0, &["verify", "dev"]).says("all kept");
    });
    assert_eq!(ran, ["verify dev/good in contracts"]);
    let ran = s.wrote(|| drop(s.ends(0, &["apply", "dev", "--yes"])));
    assert!(ran.is_empty(), "{ran:?}");
    // the other flavor does not keep it, and holds back who uses the contract
    s.edit("environments/dev.yaml", "good", "bad");
    let done = s.ends(10, &["apply", "dev", "--yes"]);
    done.says("no: hello https://two");
    assert_eq!(s.state("dev/bad"), "not verified");
}

#[test]
fn a_suite_that_changes_makes_nothing_anew() {
    let s = promised();
    s.ends(0, &["apply", "dev", "--yes"]);
    s.edit("suite/check.sh", "all kept", "everything kept");
    let ran = s.wrote(|| drop(s.ends(0, &["apply", "dev", "--yes"])));
    assert!(ran.is_empty(), "{ran:?}");
    s.ends(0, &["verify", "dev"]).says("everything kept");
}

#[test]
fn a_component_of_a_catalog_keeps_our_contract_by_our_verifier() {
    if !terraform_here() {
        return;
    }
    let s = promised();
    let catalog = s.beside("catalog");
    fs::create_dir_all(catalog.join("parts/server")).expect("made");
    fs::write(
        catalog.join("parts/server/main.tf"),
        "variable \"word\" {\n  type = string\n}\n\noutput \"address\" {\n  value = \"https://${var.word}\"\n}\n\n\
         output \"key\" {\n  value     = \"secret-${var.word}\"\n  sensitive = true\n}\n",
    )
    .expect("written");
    fs::write(
        catalog.join("parts/server/component.yaml"),
        "engine: terraform\nprovides: {server: {url: '${{ self.address }}', token: '${{ self.key }}'}}\n",
    )
    .expect("written");
    tagged(&catalog);
    s.write(
        "layers/base/ours/component.yaml",
        "source: ../catalog//parts/server\nversion: 1.0.0\ninputs: {word: one}\n",
    );
    s.edit("environments/dev.yaml", "good", "ours");
    s.ends(0, &["import", "lock"]);
    // the verifier is ours, so nobody has to allow it
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.ledger(), ["verify dev/ours in contracts", "dev/user"]);
}

#[test]
fn a_contract_of_an_import_verifies_by_its_own_suite() {
    let s = Sandbox::new(&[
        (
            "layers/top/user/component.yaml",
            "engine: script\nscript: {apply: [./use.sh]}\ninputs: {url: '${{ it.server.outputs.url }}'}\n",
        ),
        (
            "layers/top/user/use.sh",
            "#!/bin/sh\necho \"$STRATA_UNIT\" >> \"$LEDGER\"\n",
        ),
    ]);
    let theirs = promised();
    fs::remove_dir_all(theirs.root().join("layers/top")).expect("removed");
    tagged(&theirs.root());
    let repo = theirs.root().display().to_string();
    let import = |more: &str| {
        format!(
            "imports: [{{repo: 'file://{repo}', environment: dev, version: 1.0.0, as: it{more}}}]\n"
        )
    };
    s.write("environments/dev.yaml", &import(""));
    s.ends(0, &["import", "lock"]);
    s.ends(3, &["check"]).says("import::hooks");
    s.write("environments/dev.yaml", &import(", hooks: allow"));
    s.ends(0, &["apply", "dev", "--yes"]);
    let ledger = s.ledger();
    let expected = ["dev/it/good", "verify dev/it/good in contracts", "dev/user"];
    assert_eq!(ledger, expected);
}
