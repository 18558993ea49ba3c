//! The stores of secrets, over files, our environment and a store.
use crate::bench;
use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, sync::Arc};
use strata_adapters::secrets::Secrets;
use strata_core::{
    digest::Digest,
    engine::{Task, Tool, Verb},
    name::Address,
    secret::{SecretError, SecretStore},
    spec::UnitSpec,
    store::Applied,
    value::{Output, SecretRef, Value},
};

fn name(store: &str, key: &str, path: &[&str]) -> SecretRef {
    let path = path.iter().map(|p| (*p).to_owned()).collect();
    SecretRef {
        store: store.into(),
        key: key.into(),
        path,
    }
}

#[test]
fn files_are_read_from_the_platform() {
    let (_dir, bench) = bench();
    let secrets = Secrets::new(bench.store.clone(), &bench.root);
    let write = |path: &str, text: &str, mode: u32| {
        let path = bench.root.join(path);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    write("pw", "hunter22\n", 0o600);
    write("key", "-----BEGIN\nabc\n-----END\n", 0o600);
    write("json", "{\"a\": {\"b\": \"deep\"}}", 0o644);
    let read = |key: &str, path: &[&str]| secrets.read(&name("file", key, path));
    assert_eq!(read("pw", &[]).unwrap(), Value::from("hunter22"));
    assert_eq!(
        read("key", &[]).unwrap(),
        Value::from("-----BEGIN\nabc\n-----END\n")
    );
    assert!(secrets.warnings().is_empty());
    assert_eq!(read("json", &["a", "b"]).unwrap(), Value::from("deep"));
    assert!(secrets.warnings()[0].message.contains("json"));
    assert!(matches!(
        read("json", &["a", "c"]),
        Err(SecretError::Missing(..))
    ));
    assert!(matches!(read("none", &[]), Err(SecretError::Missing(..))));
    assert!(matches!(
        read("pw", &["a"]),
        Err(SecretError::Unreadable(..))
    ));
    assert!(matches!(read("", &[]), Err(SecretError::Unreadable(..))));
}

#[test]
fn a_revision_changes_with_the_secret_and_does_not_hold_it() {
    let (_dir, bench) = bench();
    let secrets = Secrets::new(bench.store.clone(), &bench.root);
    let revision = || secrets.revision(&name("file", "pw", &[])).unwrap();
    fs::write(bench.root.join("pw"), "one").unwrap();
    let one = revision();
    assert_eq!(one, revision());
    fs::write(bench.root.join("pw"), "two").unwrap();
    assert_ne!(one, revision());
    assert_ne!(
        one,
        Digest::of(b"\"one\"").to_string(),
        "nobody can guess it without the key"
    );
}

#[test]
fn a_generated_secret_is_made_once() {
    let (_dir, bench) = bench();
    let secrets = Secrets::new(bench.store.clone(), &bench.root);
    let read = |key: &str| secrets.read(&name("generate", key, &[])).unwrap();
    let Value::String(text) = read("db") else {
        panic!()
    };
    assert_eq!(read("db"), Value::String(text.clone()));
    assert_ne!(read("other"), Value::String(text.clone()));
    assert_eq!(text.len(), 32);
    assert!(
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    );
    assert!(text.starts_with(|c: char| c.is_ascii_alphabetic()));
}

#[test]
fn variables_are_read_or_the_message_says_which_to_set() {
    let (_dir, bench) = bench();
    let secrets = Secrets::new(bench.store.clone(), &bench.root);
    let path = secrets.read(&name("env", "PATH", &[])).unwrap();
    assert_eq!(path, Value::String(std::env::var("PATH").unwrap()));
    let missing = secrets
        .read(&name("env", "STRATA_NO_SUCH_VARIABLE", &[]))
        .unwrap_err();
    assert!(
        missing
            .to_string()
            .contains("set the variable STRATA_NO_SUCH_VARIABLE")
    );
    assert!(
        secrets
            .read(&name("vault", "x", &[]))
            .unwrap_err()
            .to_string()
            .contains("`vault`")
    );
}

#[test]
fn outputs_of_units_are_secrets() {
    let (_dir, bench) = bench();
    let unit: Address = "dev/host[\"web#1\"]".parse().unwrap();
    let value: Value =
        serde_json::from_str("{\"user\": \"u\", \"keys\": [\"k0\", \"k1\"]}").unwrap();
    let applied = Applied {
        unit: unit.clone(),
        layer: "compute".into(),
        fingerprint: Digest::of(b""),
        parts: BTreeMap::new(),
        outputs: BTreeMap::from([(
            "conn".to_owned(),
            Output {
                value,
                sensitive: true,
                ty: None,
            },
        )]),
        task: Task {
            verb: Verb::Apply,
            platform: String::new(),
            unit: unit.clone(),
            spec: UnitSpec::default(),
            inputs: BTreeMap::new(),
            tool: Tool::default(),
            saved: None,
            interrupted: None,
            recorded: BTreeMap::new(),
            verifier: 0,
            facts: BTreeMap::new(),
        },
        tree: None,
        needs: vec![],
        identities: vec![],
        protect: vec![],
        verified: None,
        at: 0,
    };
    bench
        .store
        .applied
        .lock()
        .unwrap()
        .insert(unit.clone(), applied);
    let secrets = Secrets::new(Arc::clone(&bench.store) as _, &bench.root);
    let read = |key: &str, path: &[&str]| secrets.read(&name("output", key, path));
    assert_eq!(
        read(&format!("{unit}#conn"), &["keys", "1"]).unwrap(),
        Value::from("k1")
    );
    assert!(matches!(
        read(&format!("{unit}#none"), &[]),
        Err(SecretError::Missing(..))
    ));
    assert!(matches!(
        read("dev/other#conn", &[]),
        Err(SecretError::Missing(..))
    ));
    assert!(matches!(
        read("no address", &[]),
        Err(SecretError::Unreadable(..))
    ));
}
