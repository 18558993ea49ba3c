//! A proposal as files, and as a few lines for people.
use crate::{
    Component, Environment, Proposal,
    found::{Edge, Line, list, quoted},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// How wide a line with a comment behind it may be.
const WIDE: usize = 100;

impl Proposal {
    /// Leaves out the lines of what is waited for anyway. `given` tells it of a component, an environment (or all) and
    /// what is waited for.
    pub fn leave_out(&mut self, given: &dyn Fn(&str, Option<&str>, &str) -> bool) {
        let mark = |edges: &mut BTreeSet<Edge>, name: &str, env: Option<&str>| {
            let all = std::mem::take(edges).into_iter();
            *edges = all
                .map(|e| Edge {
                    given: given(name, env, &e.to),
                    ..e
                })
                .collect();
        };
        for c in &mut self.components {
            mark(&mut c.after, &c.name, None);
        }
        for e in &mut self.environments {
            for (name, over) in &mut e.components {
                mark(&mut over.after, name, Some(&e.name));
            }
            // what says nothing any more needs no entry
            e.components
                .retain(|_, over| !over.options.is_empty() || over.after.iter().any(|a| !a.given));
        }
    }

    /// The files, in the order in which they are written. Without an id, a comment says who makes it.
    pub fn files(&self, id: Option<&str>) -> Vec<(String, String)> {
        let mut out = vec![("strata.yaml".to_owned(), self.platform_file(id))];
        for environment in &self.environments {
            let path = format!("environments/{}.yaml", environment.name);
            out.push((path, self.environment_file(environment)));
        }
        out
    }

    fn platform_file(&self, id: Option<&str>) -> String {
        let mut out = String::from(
            "# Proposed by `strata init` from what lies in this repo. Nothing was moved.\n# Lines with LOOK are guesses.\n",
        );
        let _ = writeln!(out, "platform: {}", quoted(&self.platform));
        match id {
            // an id of digits only is a number to YAML
            Some(id) => {
                let _ = writeln!(out, "id: {}", quoted(id));
            }
            None => out.push_str("# id: made when this file is written\n"),
        }
        let (first, rest) = self
            .layers
            .split_first()
            .map_or(("", &[][..]), |(f, r)| (f.as_str(), r));
        let head = format!("layers:{}{first}", if first.is_empty() { "" } else { " " });
        commented(&mut out, &head, Some(&self.why_layers));
        for line in rest {
            let _ = writeln!(out, "{line}");
        }
        out.push_str("\ncomponents:\n");
        let mut layer = "";
        for c in &self.components {
            if c.layer != layer {
                let _ = writeln!(out, "  # --- {}", c.layer);
                layer = &c.layer;
            }
            component(&mut out, c);
        }
        out
    }

    fn environment_file(&self, e: &Environment) -> String {
        let mut out = String::new();
        if !self.named {
            out.push_str(
                "# LOOK: no file names an environment. Rename this file to what yours is called.\n",
            );
        }
        if e.shared {
            out.push_str("# Serves the other environments: only components that name it are in it.\nshared: true\n");
        }
        if !e.components.is_empty() {
            out.push_str("components:\n");
        }
        for (name, over) in &e.components {
            let _ = writeln!(out, "  {}:", quoted(name));
            after(&mut out, &over.after);
            block(&mut out, over.block, &over.options);
        }
        if out.is_empty() || (!e.shared && e.components.is_empty()) {
            out.push_str("values: {}\n");
        }
        out
    }

    /// What was found and what is proposed, for people.
    pub fn summary(&self) -> String {
        let mut out = String::new();
        let widest = |f: &dyn Fn(&Component) -> usize| {
            self.components.iter().map(f).max().unwrap_or(0).min(40)
        };
        let names = widest(&|c| c.name.len());
        let layers = widest(&|c| c.layer.len());
        for c in &self.components {
            let path = c.path.as_deref().unwrap_or("(in its place)");
            let _ = writeln!(out, "  {:names$}  {:layers$}  {path}", c.name, c.layer);
            let why = match c.why_layer.as_str() {
                "" => "nothing tells its layer",
                why => why,
            };
            let _ = writeln!(out, "  {:names$}  {}; {why}", "", c.what);
            for edge in &c.after {
                let _ = writeln!(out, "  {:names$}  after {}: {}", "", edge.to, edge.why);
            }
            for look in &c.look {
                let _ = writeln!(out, "  {:names$}  look: {look}", "");
            }
        }
        let names: Vec<String> = self
            .environments
            .iter()
            .map(|e| format!("{}{}", e.name, if e.shared { " (shared)" } else { "" }))
            .collect();
        let _ = writeln!(out, "\nenvironments: {}", names.join(", "));
        let (layers, why) = (&self.said_layers, &self.why_layers);
        let _ = writeln!(out, "layers: {layers} ({why})");
        self.left_out(&mut out);
        for note in &self.notes {
            let _ = writeln!(out, "note: {note}");
        }
        out
    }

    fn left_out(&self, out: &mut String) {
        const MOST: usize = 12;
        for s in self.skipped.iter().take(MOST) {
            let folder = if s.folder.is_empty() { "." } else { &s.folder };
            let _ = writeln!(out, "left out: {folder}: {}", s.why);
        }
        if let Some(more) = self.skipped.len().checked_sub(MOST).filter(|m| *m > 0) {
            let _ = writeln!(out, "left out: {more} more folders");
        }
    }
}

fn component(out: &mut String, c: &Component) {
    let why = match c.why_layer.as_str() {
        "" => String::new(),
        why => format!("; {why}"),
    };
    let _ = writeln!(out, "  # {}", one_line(&format!("{}{why}", c.what)));
    for look in &c.look {
        let _ = writeln!(out, "  # LOOK {}", one_line(look));
    }
    let _ = writeln!(out, "  {}:", quoted(&c.name));
    if let Some(path) = &c.path {
        let _ = writeln!(out, "    path: {}", quoted(path));
    }
    let _ = writeln!(out, "    layer: {}", quoted(&c.layer));
    if let Some(engine) = c.engine {
        let _ = writeln!(out, "    engine: {engine}");
    }
    if let Some(envs) = &c.environments {
        let _ = writeln!(
            out,
            "    environments: {}",
            list(envs.iter().map(String::as_str))
        );
    }
    after(out, &c.after);
    if !c.inputs.is_empty() {
        out.push_str("    inputs:\n");
        lines(out, &c.inputs);
    }
    if !c.reads.is_empty() {
        let _ = writeln!(
            out,
            "    reads: {}",
            list(c.reads.iter().map(String::as_str))
        );
    }
    block(out, c.block, &c.options);
}

fn after(out: &mut String, edges: &BTreeSet<Edge>) {
    let edges: Vec<&Edge> = edges.iter().filter(|e| !e.given).collect();
    if edges.is_empty() {
        return;
    }
    out.push_str("    after:\n");
    for edge in edges {
        commented(
            out,
            &format!("      - {}", quoted(&edge.to)),
            Some(&edge.why),
        );
    }
}

fn block(out: &mut String, name: &str, options: &BTreeMap<String, Line>) {
    if options.is_empty() {
        return;
    }
    let _ = writeln!(out, "    {name}:");
    lines(out, options);
}

fn lines(out: &mut String, all: &BTreeMap<String, Line>) {
    for (key, line) in all {
        commented(
            out,
            &format!("      {}: {}", quoted(key), line.yaml),
            line.why.as_deref(),
        );
    }
}

/// A line with a comment behind it, or above it where that would be too wide.
fn commented(out: &mut String, line: &str, why: Option<&str>) {
    let Some(why) = why.map(one_line) else {
        let _ = writeln!(out, "{line}");
        return;
    };
    if line.len() + why.len() + 4 <= WIDE {
        let _ = writeln!(out, "{line}  # {why}");
    } else {
        let indent = line.len() - line.trim_start().len();
        let _ = writeln!(out, "{:indent$}# {why}\n{line}", "");
    }
}

/// Text of files in a comment: what would end the line is left out.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
