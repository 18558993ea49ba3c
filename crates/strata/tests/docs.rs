//! What the documentation says is tried: its commands run, its schemas and its table of exit codes are the program's.
//!
//! A block marked `console` in README.md or docs/*.md is run, unless it is marked `console norun`. Lines that begin
//! with `$ ` are commands, lines that begin with `> ` go on with the command before, all others show output. A command
//! has to end with 0, or with the code of a comment at its end: `$ strata check # exits 3`. All blocks of a file run
//! in order in one temporary folder, with `strata` on the path.
//!
//! A block of YAML in the pages about clusters that begins with a comment `# layers/…` is that file, and has to pass
//! `strata check` in a platform that has what it speaks of.
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const SCHEMAS: &[&str] = &[
    "platform",
    "environment",
    "component",
    "contract",
    "plan",
    "diagnostics",
    "policy-input",
];

/// A command of a page.
#[derive(Debug, PartialEq)]
struct Example {
    /// For the shell.
    script: String,
    /// The exit code that the page promises.
    code: i32,
    /// Where it stands.
    line: usize,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// README.md and the pages directly in docs/.
fn pages() -> Vec<PathBuf> {
    let folder = root().join("docs");
    let mut pages: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.expect("an entry of docs/").path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    pages.push(root().join("README.md"));
    pages.sort();
    pages
}

/// The commands of the blocks that are to be run.
fn examples(page: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut inside = None;
    for (i, line) in page.lines().enumerate() {
        match (inside, line.strip_prefix("```")) {
            (None, Some(info)) => inside = Some(info.trim() == "console"),
            (Some(_), Some("")) => inside = None,
            (Some(true), None) => {
                if let Some(command) = line.strip_prefix("$ ") {
                    let (script, code) = promised(command);
                    let line = i + 1;
                    examples.push(Example { script, code, line });
                } else if let Some(more) = line.strip_prefix("> ").or((line == ">").then_some(""))
                    && let Some(last) = examples.last_mut()
                {
                    last.script.push('\n');
                    last.script.push_str(more);
                }
            }
            _ => {}
        }
    }
    examples
}

/// A command and the code that it has to end with.
fn promised(command: &str) -> (String, i32) {
    match command.rsplit_once("# exits ") {
        Some((script, code)) => (
            script.trim_end().to_owned(),
            code.trim().parse().expect("`# exits` and a number"),
        ),
        None => (command.to_owned(), 0),
    }
}

/// `PATH` with the program that is tested in front.
fn path_with_strata() -> std::ffi::OsString {
    let program = Path::new(env!("CARGO_BIN_EXE_strata"));
    let folder = program
        .parent()
        .expect("a program is in a folder")
        .to_owned();
    let paths = env::var_os("PATH").unwrap_or_default();
    env::join_paths(std::iter::once(folder).chain(env::split_paths(&paths))).expect("paths of PATH")
}

fn run(example: &Example, page: &str, folder: &Path) -> Option<String> {
    let output = Command::new("sh")
        .args(["-c", &example.script])
        .current_dir(folder)
        .env("PATH", path_with_strata())
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .expect("sh starts");
    let code = output.status.code();
    (code != Some(example.code)).then(|| {
        format!(
            "{page}:{}: `{}` ended with {code:?}, not {}\n{}{}",
            example.line,
            example.script,
            example.code,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

#[test]
fn the_commands_of_every_page_run() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for page in pages() {
        let name = page
            .file_name()
            .expect("a page has a name")
            .to_string_lossy();
        let folder = tempfile::tempdir().expect("a temporary folder");
        for example in examples(&read(&page)) {
            count += 1;
            // what follows builds upon it: one message is enough
            if let Some(why) = run(&example, &name, folder.path()) {
                wrong.push(why);
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 0, "no page has an example");
}

/// What the components on the pages about clusters speak of. A line `-- PATH --` begins a file.
const AROUND: &str = "\
-- strata.yaml --
platform: docs
layers: [ground, cluster-services, applications]
-- environments/dev.yaml --
values: {domain: example.org}
-- contracts/kubernetes-cluster.yaml --
outputs: {kubeconfig: {type: string, sensitive: true}}
-- layers/ground/cluster/component.yaml --
engine: script
script: {apply: ['true']}
outputs: {kubeconfig: {type: string, sensitive: true}}
provides: {kubernetes-cluster: {kubeconfig: '${{ self.kubeconfig }}'}}
-- layers/cluster-services/web/Chart.yaml --
apiVersion: v2
name: web
version: 1.0.0
-- layers/cluster-services/web/values.yaml --
host: ''
password: ''
-- layers/cluster-services/web/dev.yaml --
{}
-- layers/cluster-services/web/templates/web.yaml --
apiVersion: v1
kind: Secret
metadata: {name: web}
stringData: {host: '{{ .Values.host }}', password: '{{ .Values.password }}'}
-- layers/applications/front/front.yaml --
apiVersion: apps/v1
kind: Deployment
metadata: {name: front, annotations: {domain: '${domain}'}}
spec: {replicas: '${replicas}'}
";

/// The files that a page shows: path and text.
fn shown(page: &str) -> Vec<(String, String)> {
    let blocks = page.split("```yaml\n# layers/").skip(1);
    let file = |block: &str| {
        let (head, rest) = block.split_once('\n')?;
        let path = head.split([',', ' ']).next()?;
        Some((
            format!("layers/{path}"),
            rest.split("```").next()?.to_owned(),
        ))
    };
    blocks.filter_map(file).collect()
}

#[test]
fn the_components_on_the_pages_about_clusters_are_sound() {
    let platform = tempfile::tempdir().expect("a temporary folder");
    let write = |path: &str, text: &str| {
        let path = platform.path().join(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("its folder");
        fs::write(path, text).expect("the file");
    };
    for file in AROUND.split("-- ").filter(|f| !f.is_empty()) {
        let (path, text) = file.split_once(" --\n").expect("a path and a text");
        write(path, text);
    }
    let mut count = 0;
    for page in ["kubernetes", "helm", "flux"] {
        let files = shown(&read(&root().join(format!("docs/{page}.md"))));
        assert!(!files.is_empty(), "{page}.md shows no component");
        for (path, text) in files {
            write(&path, &text);
            count += 1;
        }
    }
    let output = Command::new(env!("CARGO_BIN_EXE_strata"))
        .arg("check")
        .current_dir(platform.path())
        .env("NO_COLOR", "1")
        .output()
        .expect("strata starts");
    let said = String::from_utf8_lossy(&output.stderr);
    let clean = output.status.success() && !said.contains("warning");
    assert!(clean, "{count} components: {said}");
}

#[test]
fn the_schemas_are_the_programs() {
    for kind in SCHEMAS {
        let output = Command::new(env!("CARGO_BIN_EXE_strata"))
            .args(["schema", kind])
            .output()
            .expect("strata starts");
        let file = root().join(format!("docs/schemas/{kind}.schema.json"));
        assert!(
            output.stdout == read(&file).as_bytes(),
            "docs/schemas/{kind}.schema.json is old; run: strata schema {kind} > docs/schemas/{kind}.schema.json"
        );
    }
}

#[test]
fn the_table_of_exit_codes_is_the_programs() {
    let page = read(&root().join("docs/commands.md"));
    let rows: Vec<&str> = page
        .lines()
        .skip_while(|line| *line != "| code | name | meaning |")
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let wanted: Vec<String> = strata_core::exit::ALL
        .iter()
        .map(|(code, name, meaning)| format!("| {code} | {name} | {meaning} |"))
        .collect();
    assert_eq!(rows, wanted, "the table in docs/commands.md");
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    for page in pages().into_iter().chain([root().join("ARCHITECTURE.md")]) {
        let folder = page.parent().expect("a page is in a folder");
        for target in read(&page)
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let path = target.split('#').next().unwrap_or_default();
            let outside = path.is_empty() || path.contains("://");
            assert!(
                outside || folder.join(path).exists(),
                "{}: there is no `{path}`",
                page.display()
            );
        }
    }
}

#[test]
fn blocks_are_read_as_they_are_meant() {
    let page = "```console\n$ a # exits 3\noutput\n$ cat <<E\n> x\n> E\n```\n```console norun\n$ b\n```\n```sh\n$ c\n```\n";
    let example = |script: &str, code, line| Example {
        script: script.to_owned(),
        code,
        line,
    };
    assert_eq!(
        examples(page),
        [example("a", 3, 2), example("cat <<E\nx\nE", 0, 4)]
    );
}
