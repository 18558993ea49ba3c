//! The fields of one kustomization that name files.
use super::{HelmChart, Kustomization, NAMES, Named, Target, recognise};
use crate::{
    node::Node,
    said::{Said, direct, entries, is_literal, items, resolve, texts, within},
};
use strata_core::tree::Tree;

/// Fields that take in files of objects or other kustomizations, or hold them in line.
const TAKEN: [&str; 6] = [
    "resources",
    "bases",
    "components",
    "generators",
    "transformers",
    "validators",
];
/// Fields that name files.
const FILES: [&str; 3] = ["crds", "configurations", "patchesStrategicMerge"];
/// Fields with maps that name a file by `path`.
const PATHS: [&str; 3] = ["patches", "patchesJson6902", "replacements"];
/// Fields that make a config map or a secret from files.
const GENERATORS: [&str; 2] = ["configMapGenerator", "secretGenerator"];

pub(super) fn read(tree: &dyn Tree, folder: &str, path: &str, node: &Node) -> Kustomization {
    let mut reader = Reader {
        tree,
        folder,
        out: Kustomization {
            path: path.to_owned(),
            folder: folder.to_owned(),
            component: node.get("kind").and_then(Node::as_str) == Some("Component"),
            namespace: Said::under(node, "namespace").filter(|s| !s.text.is_empty()),
            name_prefix: Said::under(node, "namePrefix").filter(|s| !s.text.is_empty()),
            name_suffix: Said::under(node, "nameSuffix").filter(|s| !s.text.is_empty()),
            fields: entries(Some(node)).iter().map(Said::key).collect(),
            several: direct(tree, folder)
                .filter(|(_, name)| NAMES.contains(name))
                .count()
                > 1,
            ..Kustomization::default()
        },
    };
    for field in TAKEN {
        for said in texts(node.get(field)) {
            reader.taken(field, said);
        }
    }
    for field in FILES {
        for said in texts(node.get(field)) {
            reader.file(field, said);
        }
    }
    for field in PATHS {
        for item in items(node.get(field)) {
            if let Some(said) = Said::under(item, "path").or_else(|| Said::of(item)) {
                reader.file(field, said);
            }
        }
    }
    if let Some(said) = node.get("openapi").and_then(|n| Said::under(n, "path")) {
        reader.file("openapi", said);
    }
    for field in GENERATORS {
        for item in items(node.get(field)) {
            reader.generator(field, item);
        }
    }
    reader.charts(node);
    reader.out.patches = super::patches::read(tree, folder, node);
    reader.out
}

struct Reader<'a> {
    tree: &'a dyn Tree,
    folder: &'a str,
    out: Kustomization,
}

impl Reader<'_> {
    fn name(&mut self, field: &'static str, said: Said, target: Target) {
        self.out.names.push(Named {
            field,
            said,
            target,
        });
    }
    /// The path that a text means; `Err` when it is none that can be looked for.
    fn path(&self, text: &str) -> Result<String, Target> {
        if is_remote(text) {
            return Err(Target::Remote);
        }
        match resolve(self.folder, text) {
            Some(path) => Ok(path),
            None => Err(Target::Unknown),
        }
    }
    fn taken(&mut self, field: &'static str, said: Said) {
        if said.text.contains('\n') {
            return;
        }
        let target = self.path(&said.text).map_or_else(
            |other| other,
            |path| {
                if self.tree.file(&path).is_some() {
                    Target::File(path)
                } else if recognise(self.tree, &path).is_some() {
                    Target::Kustomization(path)
                } else if !self.tree.below(&path).is_empty() {
                    Target::Folder(path)
                } else if may_be_remote(&said.text) {
                    Target::Remote
                } else {
                    Target::Missing(path)
                }
            },
        );
        self.name(field, said, target);
    }
    fn file(&mut self, field: &'static str, said: Said) {
        // a patch may stand in line
        let inline = ["\n", ": "].iter().any(|mark| said.text.contains(mark));
        if inline || said.text.trim_start().starts_with(['{', '[']) {
            return;
        }
        let target = match self.path(&said.text) {
            Err(other) => other,
            Ok(path) if self.tree.file(&path).is_some() => Target::File(path),
            Ok(path) if !self.tree.below(&path).is_empty() => Target::Folder(path),
            Ok(path) => Target::Missing(path),
        };
        self.name(field, said, target);
    }
    fn generator(&mut self, field: &'static str, item: &Node) {
        for said in texts(item.get("files")) {
            // `key=path`
            let said = match said.text.split_once('=') {
                Some((_, path)) => Said {
                    text: path.to_owned(),
                    at: said.at,
                },
                None => said,
            };
            self.file(field, said);
        }
        for key in ["envs", "env"] {
            for said in texts(item.get(key)) {
                self.file(field, said);
            }
        }
    }
    fn charts(&mut self, node: &Node) {
        let home = node
            .get("helmGlobals")
            .and_then(|g| Said::under(g, "chartHome"))
            .map_or_else(|| "charts".to_owned(), |s| s.text);
        for item in items(node.get("helmCharts")) {
            let chart = HelmChart {
                name: Said::under(item, "name"),
                repo: Said::under(item, "repo"),
                version: Said::under(item, "version"),
                namespace: Said::under(item, "namespace"),
            };
            if let (Some(name), None) = (&chart.name, &chart.repo)
                && let Some(folder) = resolve(self.folder, &format!("{home}/{}", name.text))
            {
                let target = match self.tree.file(&within(&folder, "Chart.yaml")) {
                    Some(file) => Target::File(file.path.to_string()),
                    None => Target::Missing(folder),
                };
                self.name("helmCharts", name.clone(), target);
            }
            for key in ["valuesFile", "additionalValuesFiles"] {
                for said in texts(item.get(key)) {
                    self.file("helmCharts", said);
                }
            }
            self.out.charts.push(chart);
        }
        for item in items(node.get("helmChartInflationGenerator")) {
            self.out.charts.push(HelmChart {
                name: Said::under(item, "chartName"),
                repo: Said::under(item, "chartRepoUrl"),
                version: Said::under(item, "chartVersion"),
                namespace: Said::under(item, "releaseNamespace"),
            });
        }
    }
}

/// Is it surely no path?
fn is_remote(text: &str) -> bool {
    text.contains("://")
        || text.contains("?ref=")
        || text.contains("?version=")
        || text.starts_with("git@")
        || text.starts_with("git::")
}

/// `host.tld/path` without a protocol, which Kustomize tries after the path.
fn may_be_remote(text: &str) -> bool {
    let host = text.split_once('/').map_or("", |(host, _)| host);
    text.contains(':') || (is_literal(text) && !host.starts_with('.') && host.contains('.'))
}
