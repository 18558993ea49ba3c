//! No secret stays anywhere below the state folder, whatever a tool does with it.
use crate::{
    bench,
    bench::{run, secret},
    sh,
};
use std::{fs, path::Path};
use strata_core::{
    engine::{Channel, Content, Effect, EnvValue, Generated, Place, Recovery},
    executor::Executor,
};

fn grep(dir: &Path, needle: &[u8], found: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            grep(&path, needle, found);
        } else if fs::read(&path)
            .unwrap()
            .windows(needle.len())
            .any(|w| w == needle)
        {
            found.push(path.display().to_string());
        }
    }
}

#[test]
fn secrets_never_lie_below_the_state_folder() {
    let (_dir, bench) = bench();
    let mut spec = bench.spec();
    spec.env.insert("PW".into(), secret("db"));
    spec.secret_files.insert("KEY".into(), secret("ssh"));
    spec.workspace.generated = vec![Generated {
        at: Place::private("inputs.json"),
        content: Content::Json(secret("json")),
        mode: 0o600,
    }];
    let executor = bench.executor();
    let (mut session, _) = executor.open(spec).unwrap();
    let mut private = None;
    for (n, channel) in (1..).zip([Channel::Log, Channel::Both(1000), Channel::Answer(1000)]) {
        let mut i = sh(
            "echo \"log $PW\"; echo \"err $PW\" >&2; cat \"$KEY\" \"$IN\"; printf %s \"$PW\" | base64; \
             echo \"at ${IN%/*}\" >&2",
        );
        i.effect = Effect::Writes(Recovery::Rerun);
        i.stdout = channel;
        i.env
            .insert("IN".into(), EnvValue::Path(Place::private("inputs.json")));
        let (got, lines) = run(session.as_mut(), &i, n).unwrap();
        assert!(lines.iter().all(|l| !l.contains("s3cr3t")), "{lines:?}");
        assert!(!got.tail().contains("s3cr3t"));
        assert_eq!(got.stdout().is_empty(), channel == Channel::Log);
        private = lines
            .iter()
            .find_map(|l| l.strip_prefix("at "))
            .map(str::to_owned)
            .or(private);
        let mut found = Vec::new();
        grep(&bench.state_dir(), b"s3cr3t", &mut found);
        grep(&bench.state_dir(), b"czNjcjN0", &mut found);
        assert!(found.is_empty(), "{found:?}");
    }
    let private = private.unwrap();
    assert!(Path::new(&private).is_dir());
    drop(session);
    assert!(!Path::new(&private).exists(), "it goes with the session");
}

#[test]
fn files_of_an_attempt_are_for_us_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (_dir, bench) = bench();
    let mut i = sh("umask 000; echo x");
    i.effect = Effect::Writes(Recovery::Rerun);
    bench.run(&i);
    for entry in fs::read_dir(bench.attempt_dir(1, 1)).unwrap() {
        let meta = entry.unwrap().metadata().unwrap();
        assert_eq!(meta.permissions().mode() & 0o077, 0);
    }
}
