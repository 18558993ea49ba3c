//! A graph as inline SVG: layers from left to right, in each a column per step of its own chains.
use super::escape;
use crate::view::shown::clipped;
use std::{collections::HashMap, fmt::Write as _};

/// More nodes than this are drawn together: by component, then by layer.
const MOST: usize = 300;
const HEIGHT: usize = 26;
const ROW: usize = 36;
const COLUMN_GAP: usize = 56;
const BAND_GAP: usize = 18;
const TOP: usize = 34;
/// Width of a character of a label.
const LETTER: usize = 8;

/// A unit in the graph.
#[derive(Clone, Debug)]
pub struct Node {
    /// What stands in its box.
    pub label: String,
    /// Its environment and component: what it is drawn together with.
    pub group: String,
    /// Position of its layer.
    pub layer: usize,
    /// Classes of the style sheet.
    pub class: String,
    /// A sign, to be read without colour.
    pub sign: &'static str,
    /// The element of the page that tells more.
    pub link: Option<String>,
    /// Positions of what comes before it.
    pub needs: Vec<usize>,
    /// Is it on the path that is marked?
    pub slow: bool,
}

/// The whole graph; nothing where there is nothing to draw.
pub fn svg(nodes: &[Node], layers: &[&str]) -> String {
    let (nodes, note) = few(nodes, layers);
    if nodes.is_empty() {
        return String::new();
    }
    let places = layout(&nodes);
    let mut out = String::new();
    let width = places.iter().map(|p| p.x + p.width).max().unwrap_or(0) + BAND_GAP;
    let height = places.iter().map(|p| p.y + HEIGHT).max().unwrap_or(0) + BAND_GAP;
    let _ = writeln!(
        out,
        "<div class=\"scroll\"><svg role=\"img\" aria-label=\"what depends on what\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">"
    );
    bands(&mut out, &nodes, &places, layers, height);
    for (i, node) in nodes.iter().enumerate() {
        for need in &node.needs {
            edge(&mut out, &nodes, &places, *need, i);
        }
    }
    for (i, (node, p)) in nodes.iter().zip(&places).enumerate() {
        let slow = if node.slow { " slow" } else { "" };
        let class = escape(&node.class);
        let _ = writeln!(
            out,
            "<g class=\"node {class}{slow}\" data-node=\"n{i}\">{}<title>{}</title><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{HEIGHT}\" rx=\"4\" /><text x=\"{}\" y=\"{}\">{} {}</text>{}</g>",
            node.link
                .as_ref()
                .map(|l| format!("<a href=\"#{}\">", escape(l)))
                .unwrap_or_default(),
            escape(&node.label),
            p.x,
            p.y,
            p.width,
            p.x + 8,
            p.y + 17,
            escape(node.sign),
            escape(&clipped(&node.label, 34)),
            if node.link.is_some() { "</a>" } else { "" },
        );
    }
    out.push_str("</svg></div>\n");
    out + &note
}

/// The same graph with few enough nodes, and a sentence about it.
fn few(nodes: &[Node], layers: &[&str]) -> (Vec<Node>, String) {
    if nodes.len() <= MOST {
        return (nodes.to_vec(), String::new());
    }
    let by_component = merged(nodes, |n| n.group.clone());
    let (nodes, what) = if by_component.len() <= MOST {
        (by_component, "component")
    } else {
        let name = |n: &Node| layers.get(n.layer).copied().unwrap_or("?").to_owned();
        (merged(nodes, name), "layer")
    };
    let note = format!("<p class=\"faint\">Too many units to draw: one box for each {what}.</p>\n");
    (nodes, note)
}

fn merged(nodes: &[Node], key: impl Fn(&Node) -> String) -> Vec<Node> {
    let mut out: Vec<Node> = Vec::new();
    let mut counts: Vec<usize> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    let of: Vec<usize> = nodes
        .iter()
        .map(|n| {
            let at = *positions.entry(key(n)).or_insert_with_key(|key| {
                out.push(Node {
                    label: key.clone(),
                    needs: vec![],
                    slow: false,
                    link: None,
                    ..n.clone()
                });
                counts.push(0);
                out.len() - 1
            });
            counts[at] += 1;
            out[at].slow |= n.slow;
            // what is worst in it is not known to the graph: a box of many says so
            if out[at].class != n.class {
                "mixed".clone_into(&mut out[at].class);
                out[at].sign = "*";
            }
            at
        })
        .collect();
    for (i, n) in nodes.iter().enumerate() {
        for need in &n.needs {
            let (from, to) = (of[*need], of[i]);
            if from != to && !out[to].needs.contains(&from) {
                out[to].needs.push(from);
            }
        }
    }
    for (node, count) in out.iter_mut().zip(counts) {
        if count > 1 {
            let _ = write!(node.label, " ×{count}");
        }
    }
    out
}

struct Place {
    x: usize,
    y: usize,
    width: usize,
    column: usize,
}

/// Columns by layer and by the longest chain inside of it; rows near what they need.
fn layout(nodes: &[Node]) -> Vec<Place> {
    let rank = ranks(nodes);
    let mut columns: Vec<(usize, usize)> = nodes
        .iter()
        .zip(&rank)
        .map(|(n, r)| (n.layer, *r))
        .collect();
    columns.sort_unstable();
    columns.dedup();
    let column: Vec<usize> = nodes
        .iter()
        .zip(&rank)
        .map(|(n, r)| columns.partition_point(|c| *c < (n.layer, *r)))
        .collect();
    let mut places: Vec<Place> = column
        .iter()
        .map(|c| Place {
            x: 0,
            y: 0,
            width: 0,
            column: *c,
        })
        .collect();
    let mut x = BAND_GAP;
    for c in 0..columns.len() {
        let mut members: Vec<usize> = (0..nodes.len()).filter(|i| column[*i] == c).collect();
        let height = |i: usize| {
            let before: Vec<usize> = nodes[i]
                .needs
                .iter()
                .filter(|n| column[**n] < c)
                .map(|n| places[*n].y)
                .collect();
            before.iter().sum::<usize>().checked_div(before.len())
        };
        let wanted: HashMap<usize, usize> = members
            .iter()
            .map(|i| (*i, height(*i).unwrap_or(0)))
            .collect();
        members.sort_by_key(|i| (wanted[i], *i));
        let letters = members
            .iter()
            .map(|i| nodes[*i].label.chars().count().min(35))
            .max()
            .unwrap_or(0);
        let width = (letters + 2) * LETTER + 12;
        for (row, i) in members.iter().enumerate() {
            places[*i].x = x;
            places[*i].y = TOP + row * ROW;
            places[*i].width = width;
        }
        x += width + COLUMN_GAP;
    }
    places
}

/// How many of its own layer come before each, along the longest chain. What goes in circles stays at 0.
fn ranks(nodes: &[Node]) -> Vec<usize> {
    let inside = |i: usize| {
        let layer = nodes[i].layer;
        let needs = nodes[i].needs.iter();
        needs.filter(move |n| nodes[**n].layer == layer && **n != i)
    };
    let mut feeds = vec![Vec::new(); nodes.len()];
    let mut left: Vec<usize> = (0..nodes.len()).map(|i| inside(i).count()).collect();
    for i in 0..nodes.len() {
        for n in inside(i) {
            feeds[*n].push(i);
        }
    }
    let mut rank = vec![0; nodes.len()];
    let mut ready: Vec<usize> = (0..nodes.len()).filter(|i| left[*i] == 0).collect();
    while let Some(i) = ready.pop() {
        for f in &feeds[i] {
            rank[*f] = rank[*f].max(rank[i] + 1);
            left[*f] -= 1;
            if left[*f] == 0 {
                ready.push(*f);
            }
        }
    }
    for (rank, left) in rank.iter_mut().zip(left) {
        if left > 0 {
            *rank = 0;
        }
    }
    rank
}

fn bands(out: &mut String, nodes: &[Node], places: &[Place], layers: &[&str], height: usize) {
    let mut seen: Vec<usize> = nodes.iter().map(|n| n.layer).collect();
    seen.sort_unstable();
    seen.dedup();
    for layer in seen {
        let of = || nodes.iter().zip(places).filter(|(n, _)| n.layer == layer);
        let from = of().map(|(_, p)| p.x).min().unwrap_or(0);
        let to = of().map(|(_, p)| p.x + p.width).max().unwrap_or(0);
        let name = layers.get(layer).copied().unwrap_or("?");
        let _ = writeln!(
            out,
            "<rect class=\"band\" x=\"{}\" y=\"4\" width=\"{}\" height=\"{}\" rx=\"5\" /><text class=\"title\" x=\"{from}\" y=\"22\">{}</text>",
            from.saturating_sub(10),
            to - from + 20,
            height - 8,
            escape(&clipped(name, 40)),
        );
    }
}

fn edge(out: &mut String, nodes: &[Node], places: &[Place], from: usize, to: usize) {
    let (a, b) = (&places[from], &places[to]);
    let mut class = String::from("edge");
    if a.column >= b.column {
        class.push_str(" back");
    }
    if nodes[from].slow && nodes[to].slow {
        class.push_str(" slow");
    }
    let (x1, y1) = (a.x + a.width, a.y + HEIGHT / 2);
    let (x2, y2) = (b.x, b.y + HEIGHT / 2);
    let bend = COLUMN_GAP;
    let _ = writeln!(
        out,
        "<path class=\"{class}\" data-from=\"n{from}\" data-to=\"n{to}\" d=\"M{x1} {y1} C{} {y1} {} {y2} {x2} {y2}\" />",
        x1 + bend,
        x2.saturating_sub(bend),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(label: &str, layer: usize, needs: &[usize]) -> Node {
        Node {
            label: label.to_owned(),
            group: label.chars().take(1).collect(),
            layer,
            class: "create".to_owned(),
            sign: "+",
            link: None,
            needs: needs.to_vec(),
            slow: false,
        }
    }

    #[test]
    fn layers_go_from_left_to_right_and_chains_inside_of_them_too() {
        let nodes = [
            node("a", 0, &[]),
            node("b", 0, &[0]),
            node("c", 1, &[0]),
            node("d", 1, &[]),
        ];
        let places = layout(&nodes);
        let column: Vec<usize> = places.iter().map(|p| p.column).collect();
        assert_eq!(column, [0, 1, 2, 2]);
        assert!(places[0].x < places[1].x && places[1].x < places[2].x);
        assert_ne!(places[2].y, places[3].y);
    }

    #[test]
    fn many_units_are_drawn_together_and_circles_end() {
        let mut nodes: Vec<Node> = (0..400)
            .map(|i| node(if i % 2 == 0 { "a" } else { "b" }, 0, &[]))
            .collect();
        nodes[0].needs = vec![1];
        nodes[3].needs = vec![2];
        let text = svg(&nodes, &["base"]);
        assert!(text.contains("a ×200") && text.contains("b ×200"), "{text}");
        assert!(text.contains("one box for each component"));
    }
}
