//! What is wrong is said with a stable code, a file, a line and the way out; nothing is half-written.
use crate::sandbox::{SAY, STRATA, Sandbox, saying};
use serde_json::Value as Json;
use std::{fs, path::Path, process::Command};

/// The finding with a code; `check` has to end with 3.
#[track_caller]
fn finding(s: &Sandbox, code: &str) -> Json {
    let done = s.ends(3, &["check", "--format", "json"]);
    let all = done.json();
    let list = all["diagnostics"].as_array().expect("a list");
    let found = list.iter().find(|d| d["code"] == code);
    assert!(!s.root().join(".strata").exists(), "check writes nothing");
    found
        .unwrap_or_else(|| panic!("no {code} in {all:#}"))
        .clone()
}

#[track_caller]
fn is_at(finding: &Json, file: &str, line: u32) {
    assert_eq!(
        (&finding["at"]["file"], &finding["at"]["line"]),
        (&Json::from(file), &Json::from(line)),
        "{finding:#}"
    );
}

#[track_caller]
fn helps(finding: &Json, text: &str) {
    let said = format!("{} {}", finding["message"], finding["help"]);
    assert!(said.contains(text), "no `{text}` in {said}");
}

/// A component `app` that says a word, in line 2 of its file.
fn app(word: &str, more: &str) -> Sandbox {
    Sandbox::new(&[
        ("layers/top/app/component.yaml", &(saying(word) + more)),
        ("layers/top/app/say.sh", SAY),
        ("layers/base/vpc/component.yaml", &saying("x")),
        ("layers/base/vpc/say.sh", SAY),
    ])
}

const APP: &str = "layers/top/app/component.yaml";

#[test]
fn a_folder_that_is_not_there() {
    let s = app("x", "");
    s.write(
        "strata.yaml",
        "platform: demo\nlayers: [base, middle, top]\ncomponents:\n  lost: {path: some/where, layer: base, engine: terraform}\n",
    );
    let f = finding(&s, "component::missing-folder");
    is_at(&f, "strata.yaml", 4);
    helps(&f, "some/where");
}

#[test]
fn an_unknown_key_with_a_suggestion() {
    let s = app("x", "timeuot: {apply: 2s}\n");
    let f = finding(&s, "file::unknown-key");
    is_at(&f, APP, 5);
    helps(&f, "timeout");
}

#[test]
fn an_unknown_unit_with_a_suggestion() {
    let f = finding(&app("'${{ vcp.outputs.said }}'", ""), "reference::unknown");
    is_at(&f, APP, 2);
    helps(&f, "vpc");
}

#[test]
fn an_unknown_output_with_a_suggestion() {
    let s = app("'${{ vpc.outputs.siad }}'", "");
    let f = finding(&s, "reference::unknown-output");
    is_at(&f, APP, 2);
    helps(&f, "said");
}

#[test]
fn an_unknown_environment() {
    let s = app("'${{ env(\"ogr\").vpc.outputs.said }}'", "");
    let f = finding(&s, "reference::unknown-environment");
    is_at(&f, APP, 2);
    helps(&f, "ogr");
}

#[test]
fn a_cycle_with_its_path() {
    let s = app("'${{ vpc.outputs.said }}'", "");
    s.write(
        "layers/base/vpc/component.yaml",
        &saying("'${{ app.outputs.said }}'"),
    );
    let f = finding(&s, "graph::cycle");
    let said = f.to_string();
    assert!(
        said.contains("dev/app") && said.contains("dev/vpc"),
        "{f:#}"
    );
    let mut files = vec![&f["at"]["file"]];
    files.extend(
        f["related"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|r| &r["at"]["file"]),
    );
    files.sort_by_key(|file| file.as_str().map(str::to_owned));
    assert_eq!(files, ["layers/base/vpc/component.yaml", APP], "{f:#}");
}

#[test]
fn a_folder_that_fits_two_engines() {
    let s = app("x", "");
    s.write("layers/base/both/main.tf", "output \"a\" { value = 1 }\n");
    s.write(
        "layers/base/both/playbook.yml",
        "- hosts: all\n  tasks: []\n",
    );
    s.write("layers/base/both/site.yml", "- hosts: all\n  tasks: []\n");
    let f = finding(&s, "component::two-engines");
    helps(&f, "engine: ");
}

#[test]
fn an_expression_that_yaml_cuts_is_shown_in_quotes() {
    let s = app("${{ true ? \"x: y\" : \"z\" }}", "");
    s.write(
        APP,
        "engine: script\ninputs:\n  word: ${{ true ? \"x: y\" : \"z\" }}\nscript: {apply: [./say.sh]}\n",
    );
    let done = s.ends(3, &["check", "--format", "json"]);
    let all = done.json();
    let f = all["diagnostics"]
        .as_array()
        .and_then(|l| {
            l.iter()
                .find(|d| d["code"].as_str().is_some_and(|c| c.starts_with("yaml::")))
        })
        .unwrap_or_else(|| panic!("{all:#}"))
        .clone();
    is_at(&f, APP, 3);
    helps(&f, "'${{");
}

#[test]
fn a_script_that_is_not_there_or_cannot_be_executed() {
    let s = app("x", "");
    s.write("layers/top/app/plain", "#!/bin/sh\n");
    s.edit(APP, "./say.sh", "./gone.sh");
    let f = finding(&s, "script::missing");
    assert_eq!(f["at"]["file"], APP, "{f:#}");
    s.edit(APP, "./gone.sh", "./plain");
    helps(&finding(&s, "script::not-executable"), "chmod +x");
}

#[test]
fn a_tool_that_is_not_there() {
    let s = Sandbox::new(&[("layers/base/net/main.tf", "output \"a\" { value = 1 }\n")]);
    let empty = s.beside("nothing");
    fs::create_dir(&empty).expect("a folder");
    let s = s.with_path(empty);
    s.ends(0, &["check"]);
    s.ends(10, &["apply", "dev", "--yes"])
        .says("terraform")
        .says("PATH")
        .says("hint");
}

#[test]
fn a_tool_that_is_too_old() {
    let s = Sandbox::new(&[("layers/base/net/main.tf", "output \"a\" { value = 1 }\n")]);
    s.write(
        "../bin/terraform.sh",
        "#!/bin/sh\necho 'Terraform v0.11.14'\n",
    );
    let bin = s.beside("bin");
    fs::rename(bin.join("terraform.sh"), bin.join("terraform")).expect("a stub");
    let s = s.with_path(format!("{}:/usr/bin:/bin", bin.display()));
    s.ends(10, &["apply", "dev", "--yes"])
        .says("0.11.14")
        .says("or later");
}

#[test]
fn a_store_that_was_cut_short() {
    let s = app("x", "");
    s.ends(0, &["apply", "dev", "--yes"]);
    let store = s.root().join(".strata/store.db");
    let bytes = fs::read(&store).expect("the store");
    for length in [bytes.len() / 2, 100] {
        fs::write(&store, &bytes[..length]).expect("it can be cut");
        let _ = fs::remove_file(s.root().join(".strata/store.db-wal"));
        let done = s.run(&["status"]);
        assert_eq!(done.code, 1, "{}", done.all());
        done.says("store.db").never_says("panicked");
        let before = s.ledger().len();
        assert_eq!(s.run(&["apply", "dev", "--yes"]).code, 1);
        assert_eq!(s.ledger().len(), before, "nothing was started");
    }
}

#[test]
fn a_store_that_may_not_be_written() {
    let s = app("x", "");
    let probe = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "true"])
        .status();
    if !probe.is_ok_and(|p| p.success()) {
        eprintln!("skipped: this user cannot become another one");
        return;
    }
    // nobody may read everything here, and write nothing
    let open = Command::new("chmod")
        .args(["-R", "a+rX"])
        .arg(s.beside("."))
        .status();
    assert!(open.is_ok_and(|p| p.success()));
    let reachable = Command::new("setpriv")
        .args([
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "test",
            "-x",
            STRATA,
        ])
        .status();
    if !reachable.is_ok_and(|p| p.success()) {
        eprintln!("skipped: another user does not reach the program");
        return;
    }
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", STRATA])
        .args(["apply", "dev", "--yes"])
        .current_dir(s.root())
        .output()
        .expect("setpriv starts");
    let done = crate::sandbox::Done::of(&output);
    assert_eq!(done.code, 1, "{}", done.all());
    done.says(".strata").never_says("panicked");
    assert!(s.ledger().is_empty());
}

#[test]
fn a_disk_that_is_full() {
    let s = app("x", "");
    let state = s.root().join(".strata");
    fs::create_dir(&state).expect("a folder");
    let Some(_disk) = Disk::mount(&state) else {
        eprintln!("skipped: this user cannot mount a small disk");
        return;
    };
    s.ends(0, &["apply", "dev", "--yes"]);
    s.edit(APP, "word: x", "word: other");
    let filler = state.join("filler");
    // full to the last byte, SQLite cannot even say why; with room to open the store, it can
    for (room, reasons) in [
        (0, &["store.db", "full", "no space"][..]),
        (40 << 10, &["full", "no space"]),
    ] {
        fill(&filler, room);
        let ran = s.wrote(|| {
            let done = s.run(&["apply", "dev", "--yes"]);
            assert!(
                [1, 10].contains(&done.code),
                "{}: {}",
                done.code,
                done.all()
            );
            let said = done.never_says("panicked").all().to_lowercase();
            assert!(reasons.iter().any(|r| said.contains(r)), "{said}");
        });
        assert!(ran.is_empty(), "without a journal nothing starts: {ran:?}");
    }
    s.assert_no_process();
    fs::remove_file(filler).expect("room again");
    s.ends(0, &["resume"]);
    s.ends(0, &["apply", "dev", "--yes"]);
    assert_eq!(s.outputs("dev/app")["said"], "other");
    s.ends(0, &["plan", "dev", "--exit-code"]);
}

/// Writes a file until the disk is full, then takes so many bytes off it again.
fn fill(file: &Path, room: u64) {
    use std::io::Write as _;
    let mut file = fs::File::create(file).expect("a file");
    for size in [64 << 10, 4 << 10, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    let length = file.metadata().expect("its length").len();
    file.set_len(length - room).expect("it can be cut");
}

/// A disk of a few megabytes in memory; unmounted at its end.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"])
            .arg(at)
            .stderr(std::process::Stdio::null())
            .status();
        status.is_ok_and(|s| s.success()).then_some(Self(at))
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_link_that_leads_out_is_said_where_a_tool_would_miss_it() {
    let s = app("x", "");
    std::os::unix::fs::symlink("/etc/hostname", s.root().join("layers/top/app/name")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", s.root().join("elsewhere")).unwrap();
    let done = s.ends(0, &["check", "--format", "json"]);
    let all = done.json();
    let list = all["diagnostics"].as_array().expect("a list");
    assert_eq!(list.len(), 1, "{all:#}");
    assert_eq!(list[0]["code"], "source::unusable");
    assert_eq!(list[0]["severity"], "warning");
    helps(&list[0], "leads out of the platform's folder");
}
