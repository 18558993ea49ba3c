//! Environments of other repositories: real git, over folders, `file://`, git's own daemon and smart HTTP.
mod catalog;
mod composed;
mod refusals;
mod registry;
pub mod remote;
mod signed;
mod tools;

use crate::sandbox::{SAY, Sandbox, saying};
use remote::{Repo, serve_git, serve_http};
use std::{fs, time::Duration};

/// A catalog with one environment: `prom` says the domain, `grafana` what `prom` said.
fn catalog(s: &Sandbox, name: &str) -> Repo {
    let repo = Repo::new(&s.beside(name));
    repo.write(
        "strata.yaml",
        "platform: observability\nlayers: [base, top]\n",
    );
    repo.write("environments/promStack.yaml", "values: {domain: none}\n");
    repo.write("environments/grafanaStack.yaml", "values: {domain: none}\n");
    repo.write(
        "layers/base/prom/component.yaml",
        &saying("'${{ values.domain }}'"),
    );
    repo.write("layers/base/prom/say.sh", SAY);
    repo.write(
        "layers/top/grafana/component.yaml",
        &saying("'${{ prom.outputs.said }}'"),
    );
    repo.write("layers/top/grafana/say.sh", SAY);
    repo.commit("1.2.0");
    repo
}

/// An environment that imports it.
fn importing(repo: &str, more: &str) -> String {
    format!(
        "values: {{domain: example.org}}\nimports:\n- repo: {repo}\n  environment: promStack\n  version: 1.2.0\n  as: obs\n  hooks: allow\n  values: {{domain: '${{{{ values.domain }}}}'}}\n{more}"
    )
}

fn platform(repo: &str) -> Sandbox {
    let s = Sandbox::new(&[
        ("environments/dev.yaml", &importing(repo, "")),
        (
            "layers/top/web/component.yaml",
            &saying("'${{ obs.grafana.outputs.said }}'"),
        ),
        ("layers/top/web/say.sh", SAY),
    ]);
    let _ = catalog(&s, "obs");
    s
}

#[test]
fn units_of_an_import_run_as_part_of_an_environment() {
    let s = platform("../obs");
    s.ends(3, &["check"])
        .says("import::not-locked")
        .says("run `strata import lock`")
        .never_says("reference::unknown");
    assert!(!s.root().join("strata.lock").exists(), "no surprise file");
    s.ends(0, &["import", "lock"])
        .says("dev/obs: ../obs 1.2.0 is");
    s.ends(0, &["check"]);
    s.ends(0, &["plan", "dev"])
        .says("dev/obs: 2 units from ../obs at 1.2.0")
        .says("its scripts run in dev/obs/prom, dev/obs/grafana");
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.ledger(), ["dev/obs/prom", "dev/obs/grafana", "dev/web"]);
    assert_eq!(s.outputs("dev/web")["said"], "example.org");
    // its layers are layers here
    let status = s.ends(0, &["status", "dev"]).out;
    let names: Vec<&str> = status
        .lines()
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    let want = [
        "dev",
        "base",
        "obs/prom",
        "top",
        "web",
        "obs/grafana",
        "last",
    ];
    assert_eq!(names, want, "{status}");
    s.ends(0, &["explain", "dev/obs/grafana"])
        .says("import obs: environment promStack of ../obs at 1.2.0")
        .says("obs@1.2.0:layers/top/grafana/component.yaml:2");
    let file = "obs@1.2.0:layers/base/prom/say.sh";
    let json = s.ends(0, &["explain", file, "--format", "json"]).json();
    assert_eq!(json["from"]["what"], "import obs");
    assert_eq!(json["from"]["repo"], "../obs");
    assert_eq!(json["seen-by"], serde_json::json!(["dev/obs/prom"]));
    // nothing stands elsewhere when a new version leaves the files as they are
    let repo = Repo::at(&s.beside("obs"));
    repo.write("README.md", "new");
    repo.commit("1.3.0");
    s.edit("environments/dev.yaml", "1.2.0", "1.3.0");
    s.ends(3, &["check"]).says("not in `strata.lock`");
    s.ends(0, &["import", "lock"]);
    let wrote = s.wrote(|| drop(s.ends(0, &["apply", "dev", "--yes"])));
    assert!(wrote.is_empty(), "{wrote:?}");
    s.ends(0, &["destroy", "dev", "--yes"]);
}

#[test]
fn a_warm_check_starts_no_git() {
    let s = platform("../obs");
    s.ends(0, &["import", "lock"]);
    fs::remove_dir_all(s.beside("obs")).unwrap();
    let s = s.with_path("/nonexistent");
    s.ends(0, &["check"]);
    s.ends(0, &["check", "--offline"]);
    // the objects of git are not needed any more
    let cache = s.beside("home/.cache/strata/imports");
    fs::remove_dir_all(cache.join("git")).unwrap();
    s.ends(0, &["check"]);
    fs::remove_dir_all(cache.join("trees")).unwrap();
    s.ends(3, &["check", "--offline"])
        .says("import::unavailable")
        .says("is not in the cache");
}

#[test]
fn a_lock_is_enough_for_another_machine_and_a_vendored_tree_needs_none() {
    let s = platform("../obs");
    s.ends(0, &["import", "lock"]);
    let forget = || fs::remove_dir_all(s.beside("home/.cache")).unwrap();
    forget();
    s.ends(0, &["check"]);
    s.ends(0, &["import", "vendor"]).says("vendor/strata/obs-");
    forget();
    s.ends(0, &["check", "--offline"]);
    s.ends(0, &["import", "verify", "--offline"]);
    let vendored = fs::read_dir(s.root().join("vendor/strata")).unwrap();
    let folder = vendored.map(|e| e.unwrap().path()).next().unwrap();
    let file = folder.join("layers/base/prom/say.sh");
    fs::write(&file, "#!/bin/sh\necho mine\n").unwrap();
    s.ends(3, &["check", "--offline"]).says("import::digest");
    s.ends(5, &["import", "verify", "--offline"])
        .says("have the digest");
    s.ends(0, &["import", "vendor"]);
    s.ends(0, &["check", "--offline"]);
    // to be carried along: what is there is left alone
    let stick = s.beside("stick/deep");
    let to = stick.to_str().unwrap();
    s.ends(0, &["import", "vendor", to]).says(to);
    s.ends(2, &["import", "vendor", to]).says("is not empty");
    s.ends(2, &["import", "vendor", "."]).says("is not empty");
    let folder = fs::read_dir(&stick).unwrap().next().unwrap().unwrap();
    assert!(folder.path().join("layers/base/prom/say.sh").is_file());
    fs::remove_dir_all(s.root().join("vendor/strata")).unwrap();
    forget();
    s.ends(3, &["check", "--offline"]);
    fs::rename(&stick, s.root().join("vendor/strata")).unwrap();
    s.ends(0, &["check", "--offline"]);
    s.edit(
        "environments/dev.yaml",
        "environment: promStack",
        "environment: grafanaStack",
    );
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["import", "vendor"]);
    assert_eq!(
        fs::read_dir(s.root().join("vendor/strata"))
            .unwrap()
            .count(),
        1
    );
}

#[test]
fn a_moved_tag_is_refused_with_both_commits_until_it_is_asked_for() {
    let s = platform("../obs");
    s.ends(0, &["import", "lock"]);
    let repo = Repo::at(&s.beside("obs"));
    let old = repo.git(&["rev-parse", "1.2.0"]);
    repo.write("layers/base/prom/more", "x");
    repo.commit_only();
    repo.git(&["tag", "-f", "1.2.0"]);
    let new = repo.git(&["rev-parse", "1.2.0"]);
    let lock = fs::read_to_string(s.root().join("strata.lock")).unwrap();
    s.ends(0, &["check"]);
    s.ends(5, &["import", "lock"])
        .says(old.trim())
        .says(new.trim());
    s.ends(5, &["import", "verify"])
        .says(old.trim())
        .says(new.trim());
    let now = fs::read_to_string(s.root().join("strata.lock")).unwrap();
    assert_eq!(now, lock);
    s.ends(0, &["import", "update", "obs"]).says("was ");
    s.ends(0, &["import", "verify"]);
    s.ends(2, &["import", "update", "nobody"])
        .says("imports are: dev/obs");
    repo.write("x", "y");
    repo.commit("1.10.0");
    repo.commit("1.9.0");
    s.ends(0, &["import", "outdated"]).says("1.2.0 → 1.10.0");
}

#[test]
fn every_transport_gives_the_same_lock() {
    let s = platform("../obs");
    let expected = |done: &crate::sandbox::Done| {
        let imports = done.json();
        let first = imports["imports"][0].clone();
        (first["commit"].to_string(), first["digest"].to_string())
    };
    let lock = &["import", "lock", "--format", "json"];
    let first = expected(&s.ends(0, lock));
    let mut addresses = vec![format!("file://{}", s.beside("obs").display())];
    let daemon = serve_git(&s.beside("."));
    let web = serve_http(&s.beside("."), None);
    addresses.extend(
        daemon
            .as_ref()
            .map(|d| format!("git://127.0.0.1:{}/obs", d.port)),
    );
    addresses.extend(
        web.as_ref()
            .map(|w| format!("http://127.0.0.1:{}/obs", w.port)),
    );
    assert_eq!(
        addresses.len(),
        3,
        "git comes with its daemon and its program for the web"
    );
    for address in addresses {
        fs::remove_dir_all(s.beside("home/.cache")).unwrap();
        s.write("environments/dev.yaml", &importing(&address, ""));
        assert_eq!(expected(&s.ends(0, lock)), first, "{address}");
        s.ends(0, &["check"]);
    }
}

#[test]
fn a_token_of_a_host_is_sent_and_never_shown() {
    let s = platform("../obs");
    let Some(web) = serve_http(&s.beside("."), Some("t0psecret")) else {
        return;
    };
    let address = format!("http://127.0.0.1:{}/obs", web.port);
    s.write("environments/dev.yaml", &importing(&address, ""));
    s.ends(10, &["import", "lock"])
        .says("cannot be read")
        .says("STRATA_GIT_TOKEN_");
    let with = |token: &str| {
        let name = format!("STRATA_GIT_TOKEN_127_0_0_1_{}", web.port);
        let out = s.command(&["import", "lock"]).env(name, token).output();
        crate::sandbox::Done::of(&out.unwrap())
    };
    let wrong = with("wr0ng");
    assert_eq!(wrong.code, 10);
    wrong.never_says("wr0ng");
    let right = with("t0psecret");
    assert_eq!(right.code, 0, "{}", right.all());
    right.never_says("t0psecret");
    let lock = fs::read_to_string(s.root().join("strata.lock")).unwrap();
    assert!(!lock.contains("t0psecret"));
}

#[test]
fn two_runs_at_once_fetch_a_commit_once() {
    let s = platform("../obs");
    let Some(web) = serve_http(&s.beside("."), None) else {
        return;
    };
    let address = format!("http://127.0.0.1:{}/obs", web.port);
    s.write("environments/dev.yaml", &importing(&address, ""));
    s.ends(0, &["import", "lock"]);
    fs::remove_dir_all(s.beside("home/.cache")).unwrap();
    let before = web.packs();
    let runs: Vec<_> = (0..4).map(|_| s.start(&["check"])).collect();
    for run in runs {
        let done = run.wait_with_output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }
    assert_eq!(web.packs() - before, 1, "one pack was asked for");
}

#[test]
fn the_cache_survives_a_kill_at_any_moment() {
    let s = platform("../obs");
    let repo = Repo::at(&s.beside("obs"));
    for i in 0..40 {
        repo.write(&format!("big/{i}"), &format!("{i}").repeat(20_000));
    }
    repo.commit("2.0.0");
    let Some(web) = serve_http(&s.beside("."), None) else {
        return;
    };
    let address = format!("http://127.0.0.1:{}/obs", web.port);
    let text = importing(&address, "").replace("1.2.0", "2.0.0");
    s.write("environments/dev.yaml", &text);
    s.ends(0, &["import", "lock"]);
    for after in [0, 5, 10, 20, 30, 45, 60, 90, 130] {
        let _ = fs::remove_dir_all(s.beside("home/.cache/strata/imports/trees"));
        if after % 2 == 0 {
            let _ = fs::remove_dir_all(s.beside("home/.cache"));
        }
        let mut run = s.start(&["check"]);
        std::thread::sleep(Duration::from_millis(after));
        let _ = run.kill();
        let _ = run.wait();
        s.ends(0, &["check"]);
        s.ends(0, &["import", "verify", "--offline"]);
    }
}

#[test]
fn a_branch_warns_and_a_commit_needs_no_name() {
    let s = platform("../obs");
    s.edit("environments/dev.yaml", "1.2.0", "main");
    s.ends(0, &["import", "lock"]).says("is a branch: it moves");
    let repo = Repo::at(&s.beside("obs"));
    let commit = repo.git(&["rev-parse", "HEAD"]);
    s.edit(
        "environments/dev.yaml",
        "version: main",
        &format!("version: {}", commit.trim()),
    );
    s.ends(0, &["import", "lock"]).never_says("warning");
    s.edit("environments/dev.yaml", commit.trim(), "v1.2.0");
    s.ends(0, &["import", "lock"]);
}

#[test]
fn what_the_consumer_says_of_a_component_means_the_consumers_names() {
    let s = platform("../obs");
    s.write("layers/base/own/component.yaml", &saying("mine"));
    s.write("layers/base/own/say.sh", SAY);
    let own = "components: {obs/prom: {inputs: {word: '${{ own.outputs.said }} of ${{ values.domain }}'}}}\n";
    s.write("environments/dev.yaml", &importing("../obs", own));
    s.ends(0, &["import", "lock"]);
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/web")["said"], "mine of example.org");
    s.edit("environments/dev.yaml", "obs/prom", "obs/prim");
    s.ends(3, &["check"]).says("`obs` has no component `prim`");
}

#[test]
fn an_environment_of_the_same_repository_needs_no_lock() {
    let s = Sandbox::new(&[
        (
            "environments/dev.yaml",
            "imports: [{environment: parts, as: p}]\n",
        ),
        (
            "environments/parts.yaml",
            "shared: true\nvalues: {w: hello}\n",
        ),
        (
            "layers/base/a/component.yaml",
            &(saying("'${{ values.w }}'") + "environments: [parts]\n"),
        ),
        ("layers/base/a/say.sh", SAY),
        (
            "layers/top/web/component.yaml",
            &(saying("'${{ p.a.outputs.said }}'") + "environments: [dev]\n"),
        ),
        ("layers/top/web/say.sh", SAY),
    ]);
    s.ends(0, &["check"]);
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.ledger(), ["dev/p/a", "dev/web"]);
}

#[test]
fn an_address_of_ssh_goes_through_the_users_ssh() {
    let s = platform("../obs");
    s.ends(0, &["import", "lock"]);
    let lock = fs::read_to_string(s.root().join("strata.lock")).unwrap();
    // no server of ssh is here: this stands in for the client, and runs what the server would run
    s.write(
        "ssh.sh",
        "#!/bin/sh\necho \"$*\" >> \"$LEDGER\"\nfor last; do :; done\nexec sh -c \"$last\"\n",
    );
    let obs = s.beside("obs");
    for address in [
        format!("git@host.example:{}", obs.display()),
        format!("ssh://git@host.example{}", obs.display()),
    ] {
        s.write("environments/dev.yaml", &importing(&address, ""));
        let _ = fs::remove_dir_all(s.beside("home/.cache"));
        // another spelling of a locked repository would leave its entry as it is
        fs::remove_file(s.root().join("strata.lock")).unwrap();
        let mut command = s.command(&["import", "lock"]);
        command
            .env("GIT_SSH_COMMAND", s.root().join("ssh.sh"))
            .env("GIT_SSH_VARIANT", "ssh");
        let done = crate::sandbox::Done::of(&command.output().unwrap());
        assert_eq!(done.code, 0, "{}", done.all());
        let now = fs::read_to_string(s.root().join("strata.lock")).unwrap();
        assert_eq!(now.replace(&address, "../obs"), lock);
    }
    let asked = s.ledger();
    assert!(!asked.is_empty() && asked.iter().all(|l| l.contains("git@host.example")));
    assert!(
        asked.iter().all(|l| l.contains("-o BatchMode=yes")),
        "{asked:?}"
    );
}
