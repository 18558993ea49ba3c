//! An entry as one layer: what it takes itself, its repo's defaults, its environment.
use super::{Import, Source, excluded, gather::Here, join, order, values};
use crate::{
    layout::{self, CONFIG},
    merge::{Composed, Layer, compose},
    overlay::Overlay,
};
use std::sync::Arc;
use strata_core::tree::{MemoryTree, Tree, TreeError, TreeFile};
use strata_ops::imports::Wish;
use strata_syntax::node::Node;

/// Folds. `said` is what configures the environment, `exclude` what is left out.
pub fn fold(
    there: &Here,
    wish: &Wish,
    source: &Source,
    said: Option<&Node>,
    exclude: &[String],
    below: &[Import],
) -> Result<(Import, Composed), TreeError> {
    let folder = format!("{}{}", there.folder, wish.environment);
    let default = format!("{}{}", there.folder, there.default);
    // defaults of a chart that is not there are no chart
    let has_chart = |chart: &str| {
        let path = format!("helm/{chart}");
        let inner = |i: &Import| !i.layer.tree.below(&path).is_empty();
        !there.tree.below(&format!("{folder}/{path}")).is_empty() || below.iter().any(inner)
    };
    let wanted = |defaults: bool, path: &str| {
        let chart = path.strip_prefix("helm/").and_then(|r| r.split_once('/'));
        path != CONFIG
            && (!defaults || chart.is_none_or(|(chart, _)| has_chart(chart)))
            && !exclude.iter().any(|pattern| excluded(pattern, path))
    };
    let layer = |name: &str, base: &str, defaults: bool| Layer {
        name: name.to_owned(),
        tree: Arc::new(Picked::new(there.tree.clone(), base, &|p| {
            wanted(defaults, p)
        })),
        folder: base.to_owned(),
        foreign: false,
    };
    let mut layers: Vec<Layer> = below
        .iter()
        .map(|i| Layer {
            tree: Arc::new(Picked::new(i.layer.tree.clone(), "", &|p| wanted(false, p))),
            ..i.layer.clone()
        })
        .collect();
    layers.push(layer(&source.default, &default, true));
    layers.push(layer(&source.name, &folder, false));
    let mut composed = compose(&layers)?;
    let last = values::last(&layers, below, &mut composed)?;
    let own = said.and_then(|s| s.get("bitops"));
    let mut masks: Vec<Node> = below.iter().flat_map(|i| i.masks.clone()).collect();
    let list = own
        .and_then(|s| s.get("logging"))
        .and_then(|l| l.get("masks"));
    masks.extend(list.and_then(Node::as_list).into_iter().flatten().cloned());
    let mut charts: Vec<String> = below.iter().flat_map(|i| i.charts.clone()).collect();
    charts.extend(charts_of(layers.last().expect("two at least")));
    let made = composed.files.iter();
    let made = made.map(|(path, f)| (path.clone(), (f.bytes.to_vec(), f.executable)));
    let empty: Arc<dyn Tree> = Arc::new(MemoryTree::default());
    let tree: Arc<dyn Tree> = Arc::new(Overlay::new(empty, made.collect()));
    let import = Import {
        deployments: order::listed(own, below),
        charts,
        last,
        masks,
        origins: join::origins(&composed, below),
        at: wish.at.clone(),
        layer: Layer {
            name: source.name.clone(),
            tree,
            folder: String::new(),
            foreign: source.is_foreign(),
        },
    };
    Ok((import, composed))
}

/// Names of a layer's charts, sorted.
pub fn charts_of(layer: &Layer) -> Vec<String> {
    let base = layer.folder.as_str();
    let below = if base.is_empty() {
        "helm".to_owned()
    } else {
        format!("{base}/helm")
    };
    let usual = layout::folders(layer.tree.as_ref(), &below);
    let mut out: Vec<String> = usual.into_iter().map(str::to_owned).collect();
    // in a folder of another name, as `deployments:` allows
    for file in layer.tree.below(base) {
        let chart = file.path.strip_suffix("/Chart.yaml");
        let name = chart
            .filter(|c| !c.contains("/charts/"))
            .and_then(|c| c.rsplit('/').next());
        if let Some(name) = name.filter(|n| !out.iter().any(|o| o == n)) {
            out.push(name.to_owned());
        }
    }
    out
}

/// Some files of a tree.
pub struct Picked {
    tree: Arc<dyn Tree>,
    files: Vec<TreeFile>,
}

impl Picked {
    /// Those below a folder whose path from there is wanted.
    pub fn new(tree: Arc<dyn Tree>, folder: &str, wanted: &dyn Fn(&str) -> bool) -> Self {
        let skip = if folder.is_empty() {
            0
        } else {
            folder.len() + 1
        };
        let files = tree
            .below(folder)
            .iter()
            .filter(|f| wanted(&f.path[skip..]));
        let files = files.cloned().collect();
        Self { tree, files }
    }
}

impl Tree for Picked {
    fn files(&self) -> &[TreeFile] {
        &self.files
    }
    fn read(&self, path: &str) -> Result<Arc<[u8]>, TreeError> {
        self.tree.read(path)
    }
}
