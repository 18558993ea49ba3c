//! What is wrong with kustomizations, from their files alone.
use super::{Kustomization, KustomizeFacts, Named, Target};
use crate::said::{name, near, parent, within};
use strata_core::{
    diagnostic::{Diagnostic, nearest},
    span::Location,
    tree::Tree,
};

/// Fields that a kustomization may have, old ones too.
const FIELDS: [&str; 37] = [
    "apiVersion",
    "kind",
    "metadata",
    "openapi",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "images",
    "imageTags",
    "replicas",
    "replacements",
    "vars",
    "varReference",
    "sortOptions",
    "resources",
    "components",
    "crds",
    "bases",
    "configMapGenerator",
    "secretGenerator",
    "helmGlobals",
    "helmCharts",
    "helmChartInflationGenerator",
    "generatorOptions",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "buildMetadata",
    "inventory",
    "spec",
];

/// Problems of a kustomization and of all that it takes in.
pub fn problems(tree: &dyn Tree, facts: &KustomizeFacts) -> Vec<Diagnostic> {
    let mut out = facts.unread.clone();
    for (around, at) in &facts.cycles {
        let shown = around
            .iter()
            .map(|f| if f.is_empty() { "." } else { f.as_str() })
            .collect::<Vec<_>>()
            .join("` → `");
        out.push(
            Diagnostic::error(
                "kustomize::cycle",
                format!("kustomizations take each other in: `{shown}`"),
            )
            .at(at.clone())
            .help("take one of these entries away"),
        );
    }
    for kustomization in &facts.kustomizations {
        fields(kustomization, &mut out);
        if kustomization.several {
            let message =
                "more than one kustomization lies in this folder, and Kustomize refuses that";
            out.push(
                Diagnostic::error("kustomize::several-files", message)
                    .at(Location::file(kustomization.path.as_str()))
                    .help("keep one of them"),
            );
        }
        for named in &kustomization.names {
            out.extend(missing(tree, named));
        }
    }
    super::patches::lost(tree, facts, &mut out);
    out
}

fn fields(kustomization: &Kustomization, out: &mut Vec<Diagnostic>) {
    for field in &kustomization.fields {
        if FIELDS.contains(&field.text.as_str()) {
            continue;
        }
        // a newer Kustomize may know more fields: only a slip is sure
        if let Some(meant) = nearest(&field.text, FIELDS) {
            let message = format!("a kustomization has no field `{}`", field.text);
            out.push(
                Diagnostic::warning("kustomize::unknown-field", message)
                    .at(field.at.clone())
                    .help(format!("did you mean `{meant}`?")),
            );
        }
    }
}

fn missing(tree: &dyn Tree, named: &Named) -> Option<Diagnostic> {
    let (code, path, message, help) = match &named.target {
        Target::Missing(path)
            if named.field == "helmCharts"
                && !path.ends_with(".yaml")
                && !path.ends_with(".yml") =>
        {
            (
                "kustomize::missing-chart",
                path,
                format!("there is no chart in `{path}`"),
                Some("say where it comes from with `repo:`, or put it there".to_owned()),
            )
        }
        Target::Missing(path) => (
            "kustomize::missing-file",
            path,
            format!("there is no `{path}`"),
            None,
        ),
        Target::Folder(path) if ["resources", "bases", "components"].contains(&named.field) => (
            "kustomize::missing-kustomization",
            path,
            format!("`{path}` has no kustomization"),
            Some("add a `kustomization.yaml` there, or name its files".to_owned()),
        ),
        _ => return None,
    };
    // files of secrets are often made only where they are needed, charts are fetched, and what lies beside a chart may
    // be what the chart gives
    let made = named.field == "secretGenerator"
        || code == "kustomize::missing-chart"
        || name(path).starts_with(".env")
        || tree.file(&within(parent(path), "Chart.yaml")).is_some();
    let problem = if made {
        Diagnostic::warning(code, message)
    } else {
        Diagnostic::error(code, message)
    };
    Some(
        problem.at(named.said.at.clone()).help_opt(help).help_opt(
            near(tree, path, &named.said.text).filter(|_| code == "kustomize::missing-file"),
        ),
    )
}
