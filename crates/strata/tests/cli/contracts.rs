//! What a contract says of whatever provides it: inputs that it takes, verifiers that it passes. And the catalog of this
//! repo, which is made of that.
use crate::sandbox::{Sandbox, copied};
use std::{fs, path::Path, process::Command};

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

/// A repository of a folder, with everything in it tagged as 1.0.0.
fn tagged(folder: &Path) {
    let me = ["-c", "user.name=me", "-c", "user.email=me@example.org"];
    for args in [
        &["init", "-q"][..],
        &["add", "."],
        &["commit", "-qm", "first"],
        &["tag", "1.0.0"],
    ] {
        let mut git = Command::new("git");
        git.current_dir(folder).args(me).args(args);
        assert!(git.status().expect("git").success());
    }
}

/// What the catalog's README tells to do: the contract copied, flavors by `source`.
#[test]
fn flavors_of_the_catalog_can_be_taken_one_by_one() {
    let s = Sandbox::empty();
    let catalog = s.beside("strata");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog");
    fs::create_dir(&catalog).expect("made");
    let copy = |from: &Path, to: &Path| {
        let mut copy = Command::new("cp");
        copy.arg("-r").arg(from).arg(to);
        assert!(copy.status().expect("cp is there").success());
    };
    copy(&from, &catalog);
    tagged(&catalog);
    for part in ["contracts", "conformance"] {
        copy(&from.join("kubernetes").join(part), &s.root());
    }
    let flavor = |name: &str, rest: &str| {
        let source = format!("../strata//catalog/kubernetes/layers/kubernetes/{name}");
        s.write(
            &format!("layers/kubernetes/{name}/component.yaml"),
            &format!("source: {source}\nversion: 1.0.0\n{rest}"),
        );
    };
    s.write(
        "strata.yaml",
        "platform: shop
layers: {preset: bigbang}
defaults:
- layer: kubernetes
  inputs: {cluster_name: '${{ env.name }}', kubernetes_version: 1.34.4, pod_cidr: 10.244.0.0/16, service_cidr: 10.96.0.0/16}
- {layer: applications, files: {KUBECONFIG: '${{ kubernetes-cluster.outputs.kubeconfig }}'}}
",
    );
    s.write(
        "environments/dev.yaml",
        "flavors: {kubernetes-cluster: k3s}\n",
    );
    s.write(
        "environments/prod.yaml",
        "flavors: {kubernetes-cluster: eks}\n",
    );
    flavor(
        "eks",
        "inputs: {region: eu-central-1, subnet_ids: [a, b], node_groups: {workers: {count: 3, machine: m6i.large}}}\n",
    );
    flavor(
        "k3s",
        "inputs: {api_host: 192.0.2.11, token: '${{ secret(\"generate:cluster-token\") }}', program_sha256: 0a1b}
ansible:
  inventory: {control_plane: {hosts: {control-1: 192.0.2.11}}, workers: {hosts: {worker-1: 192.0.2.21}}}
  ssh: {key: '${{ secret(\"env:MACHINES_SSH_KEY\") }}'}
",
    );
    flavor(
        "kind",
        "hooks: allow\ninputs: {workers: 1, image: kindest/node}\n",
    );
    s.write(
        "layers/applications/web/component.yaml",
        "engine: script\nscript: {apply: [./web.sh]}\ninputs: {api: '${{ kubernetes-cluster.outputs.endpoint }}'}\n",
    );
    s.write("layers/applications/web/web.sh", "#!/bin/sh\n");
    s.ends(0, &["import", "lock"]);
    let done = s.ends(0, &["check", "--all-flavors"]);
    done.says("4 flavors that could be picked instead: each fits");
}

/// Every flavor of the catalog fits wherever it could be picked.
#[test]
fn every_flavor_of_the_catalog_fits() {
    let s = copied("catalog/kubernetes");
    let flavors = fs::read_dir(s.root().join("layers/kubernetes")).expect("flavors");
    let flavors = flavors.filter(|e| {
        let name = e.as_ref().expect("an entry").file_name();
        !name.to_string_lossy().starts_with('_')
    });
    let others = flavors.count() - 1;
    let environments = fs::read_dir(s.root().join("environments")).expect("environments");
    let environments = environments.filter(|e| {
        let name = e.as_ref().expect("an entry").file_name();
        !name.to_string_lossy().starts_with('_')
    });
    let picks = others * environments.count();
    let done = s.ends(0, &["check", "--all-flavors"]);
    done.says(&format!(
        "{picks} flavors that could be picked instead: each fits"
    ));
    // one that could not stand in for the others is found though nobody picks it
    s.edit(
        "layers/kubernetes/eks/variables.tf",
        "variable \"service_cidr\" {\n  type = string",
        "variable \"service_cidr\" {\n  type = list(string)",
    );
    let done = s.ends(3, &["check", "--all-flavors"]);
    done.says("contract::missing-input").says("`service_cidr`");
}

/// What tools can judge of a flavor without the world: Ansible its playbooks, Terraform its style.
#[test]
fn tools_read_the_flavors_of_the_catalog() {
    let s = copied("catalog/kubernetes");
    let flavors = s.root().join("layers/kubernetes");
    let mut playbooks = 0;
    for entry in fs::read_dir(&flavors).expect("flavors") {
        let folder = entry.expect("an entry").path();
        for playbook in ["site.yml", "reset.yml"] {
            if folder.join(playbook).exists() {
                accepts(
                    &folder,
                    "ansible-playbook",
                    &["--syntax-check", "-i", "control_plane,workers,", playbook],
                );
                playbooks += 1;
            }
        }
        if folder.join("main.tf").exists() {
            let terraform = ["terraform", "tofu"]
                .into_iter()
                .find(|t| Command::new(t).arg("version").output().is_ok());
            accepts(
                &folder,
                terraform.expect("terraform or tofu"),
                &["fmt", "-check", "-diff"],
            );
        }
    }
    assert!(playbooks > 0);
}

fn accepts(folder: &Path, program: &str, args: &[&str]) {
    let done = Command::new(program)
        .current_dir(folder)
        .args(args)
        .output()
        .expect("the tool is there");
    let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{}: {said}", folder.display());
}
