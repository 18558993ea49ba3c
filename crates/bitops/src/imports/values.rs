//! Values of charts in the order of layers. Helm is given `values.yaml`, then `values-versions.yaml`, then others: a key
//! of a lower layer's later file would win over a higher layer's earlier one. Where that can be, what the higher layer
//! says is given again behind all of them, in a file of its own.
use super::Import;
use crate::merge::{Composed, File, Layer, Piece, text};
use std::collections::{BTreeMap, BTreeSet};
use strata_core::tree::TreeError;

/// Files that helm is given behind all others, in order, by the chart's folder; paths from the environment's folder.
pub type Last = BTreeMap<String, Vec<String>>;

/// Where a file stands in helm's order.
type Rank = (u8, String);

fn rank(inside: &str) -> Option<Rank> {
    let place = match inside {
        "values.yaml" => 0,
        "values-versions.yaml" => 1,
        "values-secrets.yaml" => 2,
        other => {
            let name = other.strip_prefix("values-files/")?;
            return Some((3, name.to_owned()));
        }
    };
    Some((place, String::new()))
}

/// One layer's files of a chart, in helm's order.
struct Of<'a> {
    layer: &'a Layer,
    files: Vec<(Rank, String)>,
    /// Those that it gives behind all others itself.
    last: Vec<String>,
}

/// Adds the files to what was composed. The first layers are those of `below`.
pub fn last(
    layers: &[Layer],
    below: &[Import],
    composed: &mut Composed,
) -> Result<Last, TreeError> {
    let mut out = Last::new();
    for chart in charts(composed) {
        let mut of: Vec<Of<'_>> = Vec::new();
        for (i, layer) in layers.iter().enumerate() {
            let last = below.get(i).and_then(|b| b.last.get(&chart)).cloned();
            of.push(Of {
                files: files(layer, &chart),
                last: last.unwrap_or_default(),
                layer,
            });
        }
        let mut list = Vec::new();
        let mut highest: Option<(Rank, bool)> = None;
        for one in of.iter().filter(|o| !o.files.is_empty()) {
            let first = &one.files[0].0;
            let hidden = highest
                .as_ref()
                .is_some_and(|(rank, behind)| *behind || rank > first);
            if hidden {
                list.push(again(one, &chart, composed)?);
            } else {
                list.extend(one.last.iter().cloned());
            }
            let own = one.files.last().map(|(rank, _)| rank.clone());
            let rank = highest.map(|(rank, _)| rank).max(own).unwrap_or_default();
            highest = Some((rank, !list.is_empty()));
        }
        if !list.is_empty() {
            out.insert(chart, list);
        }
    }
    Ok(out)
}

fn charts(composed: &Composed) -> BTreeSet<String> {
    let of = |path: &String| {
        let (chart, _) = path.rsplit_once("/values")?;
        let in_helm = chart
            .strip_prefix("helm/")
            .is_some_and(|c| !c.contains('/'));
        let is_chart = in_helm || composed.files.contains_key(&format!("{chart}/Chart.yaml"));
        is_chart.then(|| chart.to_owned())
    };
    composed.files.keys().filter_map(of).collect()
}

fn files(layer: &Layer, chart: &str) -> Vec<(Rank, String)> {
    let base = format!("{}/{chart}", layer.folder);
    let base = base.trim_start_matches('/');
    let all = layer.tree.below(base).iter();
    let of = |f: &strata_core::tree::TreeFile| {
        let rank = rank(&f.path[base.len() + 1..])?;
        (f.size > 0).then(|| (rank, f.path.to_string()))
    };
    let mut out: Vec<(Rank, String)> = all.filter_map(of).collect();
    out.sort();
    out
}

/// All that a layer says of a chart, as one more file.
fn again(of: &Of<'_>, chart: &str, composed: &mut Composed) -> Result<String, TreeError> {
    let mut name = format!("{chart}/values.{}.yaml", of.layer.name);
    while composed.files.contains_key(&name) {
        name = format!("{}.more.yaml", name.trim_end_matches(".yaml"));
    }
    let mut bytes: Vec<u8> = Vec::new();
    let mut origin = Vec::new();
    let paths = of.files.iter().map(|(_, path)| path).chain(&of.last);
    for path in paths {
        let upper = of.layer.tree.read(path)?;
        bytes = match text::merged("values.yaml", &bytes, &upper) {
            text::Merged::Both(text) => text.into_bytes(),
            _ => upper.to_vec(),
        };
        origin.push(Piece {
            layer: of.layer.name.clone(),
            path: path.clone(),
        });
    }
    let file = File {
        bytes: bytes.into(),
        executable: false,
        origin,
        plain: false,
    };
    composed.files.insert(name.clone(), file);
    Ok(name)
}
