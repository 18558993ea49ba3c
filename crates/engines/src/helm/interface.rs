//! What a component of helm takes and gives: the values of its chart, where that is here; and what is wrong with it.
use super::options::{self, Chart};
use crate::{declared, frame::wrong_duration};
use strata_core::{
    diagnostic::Diagnostic,
    digest::Digest,
    interface::{Interface, OutputDecl},
    spec::UnitSpec,
    tree::{Tree, digest_of, join},
    ty::Type,
};
use strata_syntax::{
    helm::{self, Dependency, HelmFacts},
    kept,
    said::{exists, near, within},
};

/// Everything that the files say.
pub fn read(tree: &dyn Tree, spec: &UnitSpec) -> (Interface, Vec<Diagnostic>) {
    let mut problems = wrong_options(spec);
    let mut interface = match Chart::of(spec) {
        Chart::Folder(path) => match folder(tree, spec, &path) {
            Ok(folder) => of_folder(tree, spec, &folder, &mut problems),
            Err(problem) => {
                problems.push(problem);
                open(Vec::new())
            }
        },
        Chart::Archive(path) => {
            problems.extend(archive(tree, spec, &path));
            open(join(&spec.folder, &path).into_iter().collect())
        }
        Chart::Made(_) => open(Vec::new()),
        chart => {
            problems.extend(unpinned(spec, &chart));
            let mut interface = open(Vec::new());
            let version = options::version(spec);
            let fetched = format!("chart {} {version}", chart.shown());
            interface.uncovered.push(fetched.trim_end().to_owned());
            interface
        }
    };
    values_files(tree, spec, &mut interface, &mut problems);
    interface.outputs.extend(outputs());
    interface.outputs.extend(declared::interface(spec));
    (interface, problems)
}

/// What every release gives.
fn outputs() -> Vec<(String, OutputDecl)> {
    let output = |name: &str, ty| {
        (
            name.to_owned(),
            OutputDecl {
                ty,
                ..OutputDecl::default()
            },
        )
    };
    vec![
        output("release", Type::String),
        output("namespace", Type::String),
        output("revision", Type::Number),
        output("manifest", Type::String),
        output("notes", Type::String),
    ]
}

/// Nobody knows what it takes before it is fetched.
fn open(reads: Vec<String>) -> Interface {
    Interface {
        open_inputs: true,
        reads,
        ..Interface::default()
    }
}

fn folder(tree: &dyn Tree, spec: &UnitSpec, path: &str) -> Result<String, Diagnostic> {
    let said = spec.options.contains_key("chart");
    let found = join(&spec.folder, path);
    if let Some(folder) = &found
        && helm::recognise(tree, folder).is_some()
    {
        return Ok(folder.clone());
    }
    if !said {
        return Err(Diagnostic::error(
            "helm::missing-chart",
            format!("there is no `Chart.yaml` in `{}`", spec.folder),
        )
        .help("say where the chart is: `helm: {chart: 'oci://…', version: …}`"));
    }
    let message = format!("`helm.chart` is `{path}`, and there is no chart");
    let help = found
        .filter(|folder| !exists(tree, folder))
        .and_then(|folder| near(tree, &folder, path));
    Err(Diagnostic::error("helm::missing-chart", message)
        .help(help.unwrap_or_else(|| {
            "a path is relative to the component's folder; a chart from elsewhere is `oci://…`, or has a `repo`"
                .to_owned()
        }))
        .about("chart"))
}

fn archive(tree: &dyn Tree, spec: &UnitSpec, path: &str) -> Option<Diagnostic> {
    let at = join(&spec.folder, path);
    if at.as_ref().is_some_and(|at| tree.file(at).is_some()) {
        return None;
    }
    let help = at.and_then(|at| near(tree, &at, path));
    Some(
        Diagnostic::error(
            "helm::missing-chart",
            format!("`helm.chart` is `{path}`, and there is no such file"),
        )
        .help_opt(help)
        .help_if_none("its path is relative to the component's folder")
        .about("chart"),
    )
}

fn unpinned(spec: &UnitSpec, chart: &Chart) -> Option<Diagnostic> {
    if matches!(chart, Chart::Repository { name, .. } if name.is_empty()) {
        return Some(
            Diagnostic::error(
                "helm::missing-chart",
                "`helm.repo` says where charts are, and not which one it is",
            )
            .help("add `chart:` with its name")
            .about("repo"),
        );
    }
    let version = options::version(spec);
    if options::is_exact(&version) {
        return None;
    }
    let message = if version.is_empty() {
        format!("`{}` has no version", chart.shown())
    } else {
        format!("`{version}` is a range of versions")
    };
    Some(
        Diagnostic::error("helm::unpinned", message)
            .help("name one version: `version: 1.4.2`; a plan then says what is applied")
            .about(if version.is_empty() {
                "chart"
            } else {
                "version"
            }),
    )
}

fn wrong_options(spec: &UnitSpec) -> Vec<Diagnostic> {
    let mut problems: Vec<Diagnostic> = wrong_duration(spec, "timeout").into_iter().collect();
    if let Some(name) = spec
        .string("release")
        .filter(|n| !options::is_release_name(n))
    {
        problems.push(
            Diagnostic::error(
                "helm::wrong-name",
                format!("`{name}` can't be the name of a release"),
            )
            .help("small letters, digits and `-`, at most 53 of them")
            .about("release"),
        );
    }
    for name in [
        "create-namespace",
        "atomic",
        "wait",
        "take-ownership",
        "test",
        "skip-crds",
        "plain-http",
    ] {
        let plain = spec
            .options
            .get(name)
            .and_then(strata_core::value::Term::plain);
        if plain.is_some() && options::flag(spec, name).is_none() {
            let message = format!("`helm.{name}` must be `true` or `false`");
            problems.push(Diagnostic::error("file::wrong-kind", message).about(name));
        }
    }
    if options::flag(spec, "atomic") == Some(true) && options::flag(spec, "wait") == Some(false) {
        let message = "`helm.atomic` needs `helm.wait`: nothing else tells whether it failed";
        problems.push(Diagnostic::error("file::wrong-kind", message).about("wait"));
    }
    problems
}

fn of_folder(
    tree: &dyn Tree,
    spec: &UnitSpec,
    folder: &str,
    problems: &mut Vec<Diagnostic>,
) -> Interface {
    let facts = helm::read(tree, folder);
    problems.extend(helm::problems(tree, &facts));
    let mut interface = helm::interface(&facts);
    if folder != spec.folder {
        interface.reads.push(folder.to_owned());
    }
    if facts.dependencies.iter().any(|d| is_missing(&facts, d)) {
        let mut files = vec![within(folder, "Chart.yaml"), within(folder, "Chart.lock")];
        files.push(within(folder, "requirements.yaml"));
        files.push(within(folder, "requirements.lock"));
        let own = files.iter().filter_map(|path| tree.file(path));
        let others = facts
            .dependencies
            .iter()
            .filter_map(|d| d.folder.as_deref());
        let others = others.flat_map(|folder| tree.below(folder));
        let digest: Digest = digest_of(own.chain(others));
        interface
            .facts
            .insert("dependencies".to_owned(), digest.to_string());
        let mut urls: Vec<&str> = facts
            .dependencies
            .iter()
            .filter_map(|d| d.repository.as_ref())
            .map(|r| r.text.as_str())
            .filter(|url| url.starts_with("https://") || url.starts_with("http://"))
            .collect();
        urls.sort_unstable();
        urls.dedup();
        if !urls.is_empty() {
            interface
                .facts
                .insert("repositories".to_owned(), urls.join("\n"));
        }
    }
    interface
}

/// Does a chart that it depends on have to be fetched, or packed, into `charts/`?
fn is_missing(facts: &HelmFacts, dependency: &Dependency) -> bool {
    let charts = within(&facts.folder, "charts");
    let unpacked = dependency
        .folder
        .as_ref()
        .is_some_and(|folder| folder.starts_with(&format!("{charts}/")));
    dependency.repository.is_some() && !unpacked && !dependency.packed
}

/// The user's own files with values: what they give need not be an input, what the chart refuses is said.
fn values_files(
    tree: &dyn Tree,
    spec: &UnitSpec,
    interface: &mut Interface,
    problems: &mut Vec<Diagnostic>,
) {
    let chart = match Chart::of(spec) {
        Chart::Folder(path) => join(&spec.folder, &path),
        _ => None,
    };
    for written in options::values_files(spec) {
        let Some(path) = join(&spec.folder, &written).filter(|path| tree.file(path).is_some())
        else {
            let help = join(&spec.folder, &written).and_then(|path| near(tree, &path, &written));
            let message = format!("there is no file `{written}` with values");
            problems.push(
                Diagnostic::error("helm::missing-values", message)
                    .help_opt(help)
                    .help_if_none("its path is relative to the component's folder")
                    .about("values-files"),
            );
            continue;
        };
        let (node, wrong) = kept::yaml(tree, &path).unwrap_or_default();
        problems.extend(wrong);
        if let Some(node) = &node {
            helm::give(interface, node);
            let refused = chart.iter().flat_map(|c| helm::refused(tree, c, node));
            problems.extend(refused.map(|r| {
                let message = format!("`{}` {}", r.path, r.why);
                Diagnostic::error("helm::refused-value", message)
                    .at(r.at)
                    .help(r.near.unwrap_or_else(|| {
                        "the chart's `values.schema.json` says what it takes".to_owned()
                    }))
            }));
        }
        interface.reads.push(path);
    }
    interface.reads.sort();
    interface.reads.dedup();
}

#[cfg(test)]
mod tests;
