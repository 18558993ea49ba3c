//! `strata render`: an environment as it is composed, written out: the files of every unit and where each comes from.
use super::shown;
use crate::{args::Global, context::Context, problem::Problem};
use serde_json::{Map, Value as Json, json};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};
use strata_core::{exit, tree::rooted, value::Term};
use strata_ops::{
    compose::Composition,
    scope::{self, NoOutputs},
};

/// Runs it.
pub fn run(global: &Global, env: &str, dir: &Path) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    let c = cx.composed()?;
    let envs = cx.envs(&c, &[env.to_owned()], false)?;
    let env = envs[0].as_str();
    let to = match fs::read_dir(dir).map(|mut entries| entries.next().is_some()) {
        Ok(true) => {
            return Err(Problem::usage(format!("`{}` is not empty", dir.display()))
                .hint("name a folder that is empty or not there: nothing is overwritten"));
        }
        Ok(false) => dir.to_owned(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => dir.to_owned(),
        Err(e) => return Err(Problem::io(format!("open `{}`", dir.display()), &e)),
    };
    // written beside and renamed: who looks at the folder sees all of it
    let beside = beside(&to);
    let written = write(&c, env, &beside).and_then(|units| {
        let doing = |e: std::io::Error| Problem::io(format!("write `{}`", to.display()), &e);
        if to.exists() {
            fs::remove_dir(&to).map_err(doing)?;
        }
        fs::rename(&beside, &to).map_err(doing)?;
        Ok(units)
    });
    let units = written.inspect_err(|_| {
        let _ = fs::remove_dir_all(&beside);
    })?;
    if cx.json() {
        let whole = json!({"environment": env, "folder": to.to_string_lossy(), "units": units});
        println!(
            "{}",
            serde_json::to_string_pretty(&whole).expect("plain data")
        );
    } else {
        let s = if units.len() == 1 { "" } else { "s" };
        eprintln!("{}: {} unit{s} of {env}", to.display(), units.len());
    }
    Ok(exit::DONE)
}

fn beside(to: &Path) -> PathBuf {
    let to = std::path::absolute(to).unwrap_or_else(|_| to.to_owned());
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    to.with_file_name(format!(".{name}.{}", std::process::id()))
}

fn put(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Problem> {
    let doing = |e: std::io::Error| Problem::io(format!("write `{}`", path.display()), &e);
    fs::create_dir_all(path.parent().unwrap_or(path)).map_err(doing)?;
    fs::write(path, bytes).map_err(doing)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(doing)
}

/// `UNIT/files/…` as its tool finds them, and `UNIT/unit.json` with what it is given.
fn write(c: &Composition, env: &str, dir: &Path) -> Result<Vec<String>, Problem> {
    let doing = |e: std::io::Error| Problem::io(format!("make `{}`", dir.display()), &e);
    fs::create_dir_all(dir).map_err(doing)?;
    let tree = c.loaded.tree.as_ref();
    let mut names = Vec::new();
    for (i, u) in c.units.iter().enumerate() {
        if u.address.env.as_ref() != env {
            continue;
        }
        let v = c.variant(u);
        // what comes from an import lies where its own repository has it
        let base = c.base_of(u);
        let base = base.as_ref();
        let at = dir.join(u.address.file_name());
        let mut origins = Map::new();
        for path in &v.closure.files {
            let Some(file) = tree.file(path) else {
                continue;
            };
            let bytes = tree
                .read(path)
                .map_err(|e| Problem::new(exit::ERROR, e.to_string()))?;
            let (_, inside) = rooted(path.strip_prefix(base).unwrap_or(path));
            let mode = if file.executable { 0o755 } else { 0o644 };
            put(&at.join("files").join(inside), &bytes, mode)?;
            origins.insert(inside.to_owned(), json!(tree.shown(path)));
        }
        let import = c.env(u).within.as_ref().map(|w| {
            json!({"name": w.path.as_ref(), "environment": w.environment,
                "repo": w.pin.as_ref().map(|p| p.repo.text().to_owned()),
                "version": w.pin.as_ref().map(|p| p.version.clone()),
                "commit": w.pin.as_ref().map(|p| p.commit.clone())})
        });
        let mut unit = json!({
            "unit": u.address,
            "layer": c.layer(u),
            "engine": v.component.engine,
            "folder": rooted(v.component.folder.strip_prefix(base).unwrap_or(&v.component.folder)).1,
            "import": import,
            "source": v.origin.as_ref().map(|o| {
                json!({"from": o.shown(), "version": o.pin.as_ref().map(|p| p.version.clone()),
                    "commit": o.pin.as_ref().map(|p| p.commit.clone())})
            }),
            "files": origins,
        });
        let terms = |terms: &BTreeMap<String, Term>| -> Json {
            terms
                .iter()
                .map(|(k, t)| (k.clone(), json!(shown(t))))
                .collect::<Map<_, _>>()
                .into()
        };
        match scope::resolve(c, i, &NoOutputs) {
            Ok(r) => {
                unit["inputs"] = terms(&r.inputs);
                unit["env"] = terms(&r.spec.env);
                unit["options"] = terms(&r.spec.options);
            }
            Err(problem) => unit["problem"] = json!(problem.message),
        }
        let text = serde_json::to_string_pretty(&unit).expect("plain data") + "\n";
        put(&at.join("unit.json"), text.as_bytes(), 0o644)?;
        names.push(u.address.to_string());
    }
    Ok(names)
}
