//! Where files of a repo of BitOps and what they say come from: the environment, defaults, other repos.
use super::place;
use crate::{context::Context, problem::Problem, wire};
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use strata_bitops::{Reading, imports::join::Basis, merge::Piece, origin, resolve::Origin};
use strata_core::name::Address;

/// The repo, when it is one of BitOps.
pub fn read(cx: &Context) -> Result<Option<Reading>, Problem> {
    let Some(settings) = &cx.bitops else {
        return Ok(None);
    };
    let files = wire::tree(&cx.root, &cx.state_dir(), cx.global.offline)?;
    Ok(Some(strata_bitops::read(&files, settings)))
}

/// What is known of one environment.
struct Of<'a> {
    reading: &'a Reading,
    basis: &'a Basis,
    env: &'a str,
}

impl Of<'_> {
    fn source(&self, layer: &str) -> Option<&strata_bitops::imports::Source> {
        let mut all = self.reading.sources.iter();
        all.find(|s| s.env == self.env && s.has(layer))
    }
    /// A layer for people: `eks` of a repo at a version, or one of ours.
    fn layer(&self, name: &str) -> String {
        match self.source(name) {
            Some(source) if source.default == name => format!("the defaults of {}", source.shown()),
            Some(source) => source.shown(),
            None => format!("`{name}`"),
        }
    }
    fn piece(&self, piece: &Piece) -> String {
        let at = self.basis.layers.shown(&piece.path);
        format!("{} ({at})", self.layer(&piece.layer))
    }
    fn json(&self, piece: &Piece) -> Json {
        let pin = self.source(&piece.layer).and_then(|s| s.pin.as_ref());
        json!({
            "layer": piece.layer,
            "file": self.basis.layers.shown(&piece.path),
            "repo": pin.map(|p| p.repo.text()),
            "version": pin.map(|p| &p.version),
            "commit": pin.map(|p| &p.commit),
        })
    }
    fn pieces(&self, path: &str) -> Vec<Piece> {
        let own = || Piece {
            layer: self.env.to_owned(),
            path: path.to_owned(),
        };
        let found = self.basis.origins.get(path).cloned();
        found.unwrap_or_else(|| vec![own()])
    }
}

/// Says where a file and its values come from, in each environment that it is of. False when there is no such file.
pub fn file(cx: &Context, reading: &Reading, path: &str) -> bool {
    let path = path.trim_start_matches("./");
    let folder = path.split_once('/').map_or("", |(folder, _)| folder);
    let mut all = Vec::new();
    for (env, basis) in &reading.basis {
        let of_it = folder == env || basis.origins.contains_key(path);
        if of_it && basis.tree.file(path).is_some() {
            all.push(Of {
                reading,
                basis,
                env,
            });
        }
    }
    for of in &all {
        if cx.json() {
            let text = serde_json::to_string_pretty(&as_json(of, path));
            println!("{}", text.expect("plain data"));
        } else {
            print!("{}", text(of, path));
        }
    }
    !all.is_empty()
}

fn text(of: &Of<'_>, path: &str) -> String {
    let mut out = format!("{path}  in {}\n", of.env);
    let pieces = of.pieces(path);
    let names: Vec<String> = pieces.iter().map(|p| of.piece(p)).collect();
    let _ = writeln!(out, "  from {}", names.join(",\n  then ").trim());
    for layer in of.basis.replaced.get(path).into_iter().flatten() {
        let _ = writeln!(out, "  in the place of that of {}", of.layer(layer));
    }
    if pieces.len() < 2 {
        return out;
    }
    let values = origin::values(of.basis.layers.as_ref(), &pieces);
    for said in values.unwrap_or_default() {
        let _ = writeln!(out, "  {} = {}", said.key, said.value);
        let _ = writeln!(out, "    from {}", of.piece(said.by));
        for over in said.over {
            let _ = writeln!(out, "    over {}", of.piece(over));
        }
    }
    out
}

fn as_json(of: &Of<'_>, path: &str) -> Json {
    let pieces = of.pieces(path);
    let values = origin::values(of.basis.layers.as_ref(), &pieces).filter(|_| pieces.len() > 1);
    let values: Vec<Json> = values
        .unwrap_or_default()
        .iter()
        .map(|said| {
            json!({
                "key": said.key,
                "value": said.value,
                "from": of.json(said.by),
                "over": said.over.iter().map(|p| of.json(p)).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "file": path,
        "environment": of.env,
        "layers": pieces.iter().map(|p| of.json(p)).collect::<Vec<_>>(),
        "replaced": of.basis.replaced.get(path).cloned().unwrap_or_default(),
        "values": values,
    })
}

/// The files of a deployment that are not plainly its environment's, and its keys: the value of each, and where it
/// comes from.
pub fn unit(reading: &Reading, unit: &Address) -> String {
    let mut out = String::new();
    let env = reading.environments.iter().find(|e| e.name == *unit.env);
    let found = env.and_then(|e| e.deployments.iter().find(|d| d.name == *unit.name));
    let (Some(found), Some(basis)) = (found, reading.basis.get(&*unit.env)) else {
        return out;
    };
    let of = Of {
        reading,
        basis,
        env: &unit.env,
    };
    let folder = format!("{}/", found.folder);
    for (path, pieces) in basis.origins.iter().filter(|(p, _)| p.starts_with(&folder)) {
        let all: Vec<String> = pieces.iter().map(|p| of.piece(p)).collect();
        let _ = writeln!(out, "  {path}\n    from {}", all.join(", then "));
    }
    let config = format!("{folder}{}", strata_bitops::layout::CONFIG);
    for key in &found.values.0 {
        let from = match &key.origin {
            Origin::Variable(name) => format!("the variable {name}"),
            Origin::File(at) => {
                let mut path = vec![found.plugin.as_str()];
                path.extend(key.leaf.path.iter().map(String::as_str));
                // of a merged file no line is anybody's
                let pieces = basis.origins.get(&config).filter(|_| *at.file == *config);
                let by = pieces.and_then(|p| origin::of_key(basis.layers.as_ref(), p, &path));
                by.map_or_else(|| place(at, basis.tree.as_ref()), |p| of.piece(p))
            }
            Origin::Default => "BitOps' default".to_owned(),
        };
        let _ = writeln!(
            out,
            "  {} = {}\n    {from}",
            key.leaf.key(),
            key.value.text()
        );
    }
    out
}
