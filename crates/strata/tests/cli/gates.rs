//! Verifiers as gates: what does not pass holds back what depends on it, and nothing else.
use crate::sandbox::{SAY, Sandbox, saying};
use std::fs;

fn gated() -> Sandbox {
    Sandbox::new(&[
        (
            "layers/base/lower/component.yaml",
            &(saying("low") + "verify: [{command: [./good.sh]}]\n"),
        ),
        ("layers/base/lower/say.sh", SAY),
        (
            "layers/base/lower/good.sh",
            "#!/bin/sh\necho verify >> \"$LEDGER\"\ntest -f \"$WORLD/good\" || { echo 'not good yet'; exit 1; }\n",
        ),
        (
            "layers/middle/upper/component.yaml",
            &saying("'${{ lower.outputs.said }}'"),
        ),
        ("layers/middle/upper/say.sh", SAY),
        ("layers/top/other/component.yaml", &saying("x")),
        ("layers/top/other/say.sh", SAY),
    ])
}

#[test]
fn a_failing_verifier_holds_dependents_and_the_next_apply_only_verifies() {
    let s = gated();
    s.ends(10, &["apply", "dev", "--yes"]).says("not good yet");
    let mut first = s.ledger();
    first.sort();
    assert_eq!(first, ["dev/lower", "dev/other", "verify"]);
    assert_eq!(s.state("dev/lower"), "not verified");
    assert_eq!(s.state("dev/upper"), "not applied");
    fs::write(s.beside("world/good"), "").expect("the world changes");
    let second = s.wrote(|| drop(s.ends(0, &["apply", "dev", "--yes"])));
    assert_eq!(second, ["verify", "dev/upper"]);
    assert_eq!(s.state("dev/lower"), "applied");
    let third = s.wrote(|| drop(s.ends(0, &["apply", "dev", "--yes"])));
    assert!(third.is_empty(), "{third:?}");
}

#[test]
fn verify_runs_all_verifiers_of_what_is_applied() {
    let s = gated();
    fs::write(s.beside("world/good"), "").expect("the world");
    s.ends(0, &["apply", "dev", "--yes"]);
    let ran = s.wrote(|| drop(s.ends(0, &["verify", "dev"])));
    assert_eq!(ran, ["verify"]);
    fs::remove_file(s.beside("world/good")).expect("it is there");
    s.ends(10, &["verify", "dev"]).says("not good yet");
    assert_eq!(s.state("dev/lower"), "not verified");
}
