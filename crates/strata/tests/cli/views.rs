//! Every format of `check`, `plan` and `history` on small fixed platforms, against kept texts.
//!
//! `STRATA_GOLDEN=write cargo test -p strata --test cli views` writes the texts anew; look at the difference.
use crate::sandbox::{SAY, Sandbox, saying};
use std::{fs, path::Path};

/// What a tool says to break out of the page that shows it.
const EVIL: &str = "</pre></details><script>alert(1)</script><img src=x onerror=alert(2)> ``` | @all ![x](http://evil.example/x.png)";

/// A platform without a mistake: exact, opaque, deferred and handed-off units in two environments.
pub fn sound() -> Sandbox {
    let plan = serde_json::json!({"changes": [
        {"object": "table \"users\"", "action": "create", "detail": ["rows = 0", EVIL]},
        {"object": "table \"old\"", "action": "delete"},
        {"object": EVIL, "action": "update", "detail": ["size: 1 -> 2"]},
    ]});
    Sandbox::new(&[
        ("environments/prod.yaml", "values: {}\n"),
        ("layers/base/net/component.yaml", &saying("net")),
        ("layers/base/net/say.sh", SAY),
        (
            "layers/middle/db/component.yaml",
            "engine: script\nenvironments: [dev]\nscript: {apply: [./say.sh], plan: [./plan.sh]}\ninputs: {word: db}\noutputs: {said: string}\n",
        ),
        ("layers/middle/db/say.sh", SAY),
        (
            "layers/middle/db/plan.sh",
            &format!("#!/bin/sh\ncat <<'END'\n{plan}\nEND\n"),
        ),
        (
            "layers/top/web/component.yaml",
            &saying("'${{ net.outputs.said }}'"),
        ),
        ("layers/top/web/say.sh", SAY),
        (
            "layers/base/account/component.yaml",
            "engine: hand-off\nenvironments: [dev]\nhand-off: {ask: \"Open the account <b>now</b>.\", owner: finance}\noutputs: {number: string}\n",
        ),
    ])
}

/// A platform in a folder of a repo, with an error, a warning and places that matter besides.
pub fn broken() -> Sandbox {
    let s = Sandbox::new(&[
        ("layers/base/net/component.yaml", &saying("net")),
        ("layers/base/net/say.sh", SAY),
        (
            "layers/top/web/component.yaml",
            &format!("{}'verify|<%': 1\n", saying("'${{ net.outputs.sayd }}'")),
        ),
        ("layers/top/web/say.sh", SAY),
        (
            "layers/top/a, b/component.yaml",
            "engine: script\nscript: {apply: [./say.sh]}\n",
        ),
    ]);
    fs::create_dir(s.beside(".git")).expect("the folder of a repo around it");
    s
}

/// Digests, times and ids differ from run to run and from version to version.
fn steady(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_hexdigit() && !c.is_ascii_uppercase() {
            word.push(c);
            continue;
        }
        match word.len() {
            64 => out.push_str("DIGEST"),
            _ => out.push_str(&word),
        }
        word.clear();
        out.push(c);
    }
    out.pop();
    out
}

#[track_caller]
fn golden(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cli/golden")
        .join(name);
    let text = steady(text);
    if std::env::var_os("STRATA_GOLDEN").is_some() {
        fs::write(&file, &text).expect("the kept text");
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == text,
        "{name} differs; look, then write it anew with STRATA_GOLDEN=write\n{text}"
    );
}

/// A page without its style and its script.
fn body_of(page: &str) -> String {
    let (head, rest) = page.split_once("<style>").expect("a style");
    let (_, rest) = rest.split_once("</style>").expect("its end");
    let (body, _) = rest.split_once("<script>").expect("a script");
    let digest = head.find("sha256-").expect("a policy");
    let (before, after) = head.split_at(digest);
    let (_, after) = after.split_once('\'').expect("the end of the digest");
    format!("{before}'{after}{body}")
}

/// A page is well-formed, loads nothing, and holds exactly one script: ours.
#[track_caller]
fn is_a_sound_page(page: &str) {
    use quick_xml::{Reader, events::Event};
    let mut reader = Reader::from_str(page);
    reader.config_mut().check_end_names = true;
    let (mut scripts, mut depth) = (0, 0_i32);
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(Event::Start(tag) | Event::Empty(tag)) if tag.name().as_ref() == b"img" => {
                panic!("an image")
            }
            Ok(event @ (Event::Start(_) | Event::Empty(_))) => {
                let (tag, more) = match &event {
                    Event::Start(tag) => (tag, 1),
                    Event::Empty(tag) => (tag, 0),
                    _ => continue,
                };
                depth += more;
                scripts += usize::from(tag.name().as_ref() == b"script");
                for attribute in tag.attributes() {
                    let attribute = attribute.expect("a sound attribute");
                    let key = attribute.key.as_ref();
                    assert!(!key.starts_with(b"on") && key != b"src", "{tag:?}");
                    let link = key == b"href";
                    assert!(!link || attribute.value.starts_with(b"#"), "{tag:?}");
                }
            }
            Ok(Event::End(_)) => depth -= 1,
            Ok(_) => {}
            Err(e) => panic!("{e} at {}:\n{page}", reader.error_position()),
        }
    }
    assert_eq!((scripts, depth), (1, 0));
    let style = page.split("</style>").next().expect("the head");
    assert!(!style.contains("url(") && !style.contains("@import"));
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn what_check_finds_in_every_format() {
    let s = broken();
    for (format, file) in [
        ("github", "check.github.txt"),
        ("azure", "check.azure.txt"),
        ("gitlab", "check.gitlab.json"),
        ("sarif", "check.sarif"),
        ("markdown", "check.md"),
        ("json", "check.json"),
    ] {
        golden(file, &s.ends(3, &["check", "--format", format]).out);
    }
    let s = sound();
    for (format, out) in [
        ("github", ""),
        ("azure", ""),
        ("gitlab", "[]\n"),
        ("markdown", "### strata check: nothing found\n"),
    ] {
        assert_eq!(s.ends(0, &["check", "--format", format]).out, out);
    }
}

#[test]
fn sarif_has_what_its_readers_need() {
    let log = broken().ends(3, &["check", "--format", "sarif"]).json();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    assert!(results.len() > 1);
    let mut marks = Vec::new();
    for r in results {
        let rule =
            &rules[usize::try_from(r["ruleIndex"].as_u64().expect("a rule")).expect("small")];
        assert_eq!(rule["id"], r["ruleId"]);
        assert!(
            rule["helpUri"]
                .as_str()
                .is_some_and(|u| u.starts_with("docs/diagnostics/"))
        );
        assert!(
            ["error", "warning", "note"]
                .iter()
                .any(|l| r["level"] == *l)
        );
        let place = &r["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a path");
        assert!(
            uri.starts_with("ops/") && !uri.contains([' ', ',']),
            "{uri}"
        );
        assert!(place["region"]["startLine"].as_u64() > Some(0));
        assert!(place["region"]["startColumn"].as_u64() > Some(0));
        marks.push(r["partialFingerprints"]["strataFinding/v1"].to_string());
    }
    marks.sort();
    marks.dedup();
    assert_eq!(marks.len(), results.len());
}

#[test]
fn a_plan_as_markdown_and_as_a_page() {
    let s = sound();
    let comment = s.ends(0, &["plan", "--all", "--format", "markdown"]).out;
    golden("plan.md", &comment);
    let digest = comment
        .split(' ')
        .nth(3)
        .expect("the digest in the first line");
    let plan = s.ends(0, &["plan", "--all", "--format", "json"]).json();
    assert_eq!(plan["digest"], digest);
    let page = s.ends(0, &["plan", "--all", "--format", "html"]).out;
    is_a_sound_page(&page);
    golden("plan.html", &body_of(&page));
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert"));
    // what it says is what applies it
    let command = comment.lines().find(|l| l.starts_with("strata apply"));
    let words: Vec<&str> = command.expect("a command").split(' ').skip(1).collect();
    s.ends(4, &words);
    s.ends(
        0,
        &["hand-off", "done", "dev/account", "--output", "number=1"],
    );
    s.ends(0, &["resume"]);
    let page = s.ends(0, &["plan", "--all", "--format", "html"]).out;
    is_a_sound_page(&page);
    assert!(page.contains("nothing to do"));
}

#[test]
fn the_command_selects_what_the_plan_selected() {
    let s = sound();
    let args = [
        "plan", "dev", "--only", "db", "--layer", "middle", "--format", "markdown",
    ];
    let comment = s.ends(0, &args).out;
    let command = comment.lines().find(|l| l.starts_with("strata apply"));
    let words: Vec<&str> = command.expect("a command").split(' ').skip(1).collect();
    assert_eq!(s.wrote(|| drop(s.ends(0, &words))), ["dev/db"]);
}

#[test]
fn a_unit_that_cannot_be_planned_is_in_every_format_and_nothing_can_be_applied() {
    let s = sound();
    s.write(
        "layers/middle/db/plan.sh",
        "#!/bin/sh\necho '<i>no</i>' >&2\nexit 1\n",
    );
    for format in ["markdown", "html"] {
        let done = s.ends(10, &["plan", "dev", "--format", format]);
        assert!(done.out.contains("Could not be planned"), "{}", done.out);
        assert!(!done.out.contains("--expect") && !done.out.contains("<i>no"));
    }
}

#[test]
fn a_run_as_a_page() {
    let s = sound();
    let verified =
        |word: &str, by: &str| format!("{}verify: [{{command: [{by}]}}]\n", saying(word));
    s.write(
        "layers/base/net/component.yaml",
        &verified("net", "./ok.sh"),
    );
    s.write("layers/base/net/ok.sh", "#!/bin/sh\nexit 0\n");
    s.write(
        "layers/top/web/component.yaml",
        &verified("'${{ net.outputs.said }}'", "./not-ok.sh"),
    );
    s.write(
        "layers/top/web/not-ok.sh",
        &format!("#!/bin/sh\necho '{EVIL}'\nexit 1\n"),
    );
    s.write(
        "layers/middle/db/say.sh",
        "#!/bin/sh\necho '<script>alert(3)</script>' >&2\nexit 1\n",
    );
    s.run(&["apply", "dev", "--yes"]);
    let runs = s.ends(0, &["history", "--format", "json"]).json();
    let run = runs[0]["run"].as_str().expect("a run");
    let page = s.ends(0, &["history", run, "--format", "html"]).out;
    is_a_sound_page(&page);
    for said in [
        "Failures",
        "Waits for people",
        "Slowest path",
        "not verified",
        "class=\"bar",
        "class=\"edge slow",
        "✓ passed",
        "✗ failed",
        "Open the account &lt;b&gt;now",
    ] {
        assert!(page.contains(said), "no `{said}` in:\n{page}");
    }
    assert!(!page.contains("<script>alert"));
    s.ends(2, &["history", "--format", "html"]).says("one run");
    s.ends(2, &["history", "no-such-run", "--format", "html"])
        .says("no run");
    // files that are no longer valid are no reason to hide what happened
    s.write("layers/top/web/component.yaml", "engine: [\n");
    is_a_sound_page(&s.ends(0, &["history", run, "--format", "html"]).out);
}

#[test]
fn a_format_that_a_command_does_not_have_is_refused_with_those_that_it_has() {
    let s = sound();
    for (args, has) in [
        (&["status", "--format", "sarif"][..], "human, json"),
        (
            &["plan", "dev", "--format", "github"],
            "human, json, markdown, html",
        ),
        (
            &["apply", "dev", "--yes", "--format", "html"],
            "human, json",
        ),
        (&["env", "new", "qa", "--format", "json"], "human"),
        (
            &["check", "--format", "html"],
            "human, json, markdown, github, gitlab, azure, sarif",
        ),
    ] {
        s.ends(2, args).says(&format!("it has: {has}\n"));
    }
    assert!(s.ledger().is_empty() && !s.root().join("environments/qa.yaml").exists());
}
