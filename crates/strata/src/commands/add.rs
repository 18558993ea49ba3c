//! `strata add`: one more component, from a catalog or like one that is there.
//!
//! What would be written is checked before it is: a platform that fits together is not made one that does not. Nothing
//! is overwritten, and a file that gets a line keeps everything else as it is.
mod from;
mod like;

use super::import::Here;
use crate::{
    args::{Add, Global},
    context::{Context, write_file},
    policy,
    problem::Problem,
    view::{ask, diagnostics},
    wire,
};
use std::{collections::BTreeMap, fs, path::Path, sync::Arc};
use strata_adapters::durable::{self, Sync};
use strata_bitops::overlay::Overlay;
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    exit,
    name::{RESERVED, name_problem},
    tree::Tree,
};
use strata_ops::{
    imports::{LOCK_FILE, Lock},
    load::Loaded,
};

/// What is to be written.
#[derive(Default)]
struct Proposal {
    /// The new folder: contents, and whether they can be executed, by path in it.
    folder: Option<(String, BTreeMap<String, (Vec<u8>, bool)>)>,
    /// Files that get lines: their whole new text by path.
    edits: BTreeMap<String, String>,
    /// The component that it is a copy of.
    copy_of: Option<String>,
}

/// Runs it.
pub fn run(global: &Global, wanted: &Add) -> Result<u8, Problem> {
    let cx = Context::open(global)?;
    if cx.bitops.is_some() {
        return Err(Problem::usage(
            "in a repo of BitOps a component is a folder of an environment",
        )
        .hint("make `ENV/TOOL/bitops.config.yaml`"));
    }
    let tree = wire::tree(&cx.root, &cx.state_dir(), global.offline)?;
    let (before, was) = strata_ops::read(tree.clone(), &cx.engines);
    let loaded = before.loaded.clone();
    free(&loaded, &wanted.name)?;
    layer_known(&loaded, wanted.layer.as_deref())?;
    let here = Here::new(cx, tree.clone())?;
    let proposal = match (&wanted.from, &wanted.like) {
        (Some(source), _) => from::propose(&here, &loaded, tree.as_ref(), source, wanted)?,
        (None, Some(other)) => like::propose(&loaded, tree.as_ref(), other, wanted)?,
        (None, None) => return Err(Problem::usage("say `--from` or `--like`")),
    };
    proposal.is_new(&here.cx.root, tree.as_ref())?;
    let files: Arc<dyn Tree> = Arc::new(Overlay::new(tree.clone(), proposal.files()));
    let proposed = Here::new(here.cx, files.clone())?;
    let mut lock = proposed.lock.clone();
    proposed.fill(&mut lock)?;
    let text = (lock.text() != proposed.lock.text()).then(|| lock.text());
    proposal.print(tree.as_ref(), text.is_some());
    still_fits(&proposed.cx, files, &lock, &was)?;
    if wanted.dry_run {
        return Ok(exit::DONE);
    }
    if !wanted.yes && !ask::confirm("Write it?")? {
        eprintln!("nothing was written");
        return Ok(exit::DONE);
    }
    proposal.write(&proposed.cx.root, text.as_deref())?;
    eprintln!("next: strata plan ENV --only {}", wanted.name);
    Ok(exit::DONE)
}

/// Can a component have this name?
fn free(loaded: &Loaded, name: &str) -> Result<(), Problem> {
    if let Some(why) = name_problem(name) {
        return Err(Problem::usage(why));
    }
    if RESERVED.contains(&name) || name.starts_with('_') {
        return Err(Problem::usage(format!(
            "`{name}` cannot be the name of a component"
        )));
    }
    let own = loaded.own.values().flatten().any(|s| &*s.name == name);
    let named = loaded.platform.components.iter().any(|(n, ..)| n == name);
    if own || named || loaded.components.contains_key(name) || loaded.broken.contains(name) {
        return Err(Problem::usage(format!(
            "there is a component `{name}` already, and nothing is overwritten"
        )));
    }
    Ok(())
}

fn layer_known(loaded: &Loaded, layer: Option<&str>) -> Result<(), Problem> {
    let Some(layer) = layer else { return Ok(()) };
    let all = loaded.platform.layer_names();
    if all.contains(&layer) {
        return Ok(());
    }
    let help = suggest(layer, all.iter().copied())
        .unwrap_or_else(|| format!("layers are: {}", all.join(", ")));
    Err(Problem::usage(format!("there is no layer `{layer}`")).hint(help))
}

/// What is wrong with the platform that was not wrong before ends the command.
fn still_fits(
    cx: &Context,
    files: Arc<dyn Tree>,
    lock: &Lock,
    was: &[Diagnostic],
) -> Result<(), Problem> {
    let (after, mut problems) = strata_ops::read_under(files, &cx.engines, lock);
    let sound = !problems.iter().any(Diagnostic::is_error);
    problems.extend(policy::check(&after, sound));
    // as often as it was wrong before: places move when a file gets a line
    let mut was: Vec<(&str, &str)> = was
        .iter()
        .map(|w| (w.code.as_ref(), w.message.as_ref()))
        .collect();
    problems.retain(|p| {
        let same = |w: &(&str, &str)| *w == (p.code.as_ref(), p.message.as_ref());
        let known = was.iter().position(same).map(|i| was.swap_remove(i));
        p.is_error() && known.is_none()
    });
    if problems.is_empty() {
        return Ok(());
    }
    diagnostics::print(&problems, after.loaded.tree.as_ref(), cx.color);
    let mut problem = Problem::new(
        exit::INVALID,
        "with it the platform would not fit together; nothing was written",
    );
    if problems.iter().any(|p| p.code == "import::hooks") {
        problem = problem.hint("read its scripts, then say `--allow-hooks`");
    }
    if problems.iter().any(|p| p.code == "input::missing") {
        problem = problem.hint("say what it is given: `--input NAME=VALUE`");
    }
    Err(problem)
}

impl Proposal {
    /// All files with their new contents, by path from the platform's folder.
    fn files(&self) -> BTreeMap<String, (Vec<u8>, bool)> {
        let mut out = BTreeMap::new();
        if let Some((folder, files)) = &self.folder {
            for (path, file) in files {
                out.insert(format!("{folder}/{path}"), file.clone());
            }
        }
        for (path, text) in &self.edits {
            out.insert(path.clone(), (text.clone().into_bytes(), false));
        }
        out
    }

    /// Nothing may be where its folder will be.
    fn is_new(&self, root: &Path, tree: &dyn Tree) -> Result<(), Problem> {
        let Some((folder, _)) = &self.folder else {
            return Ok(());
        };
        if tree.below(folder).is_empty() && fs::symlink_metadata(root.join(folder)).is_err() {
            return Ok(());
        }
        Err(Problem::usage(format!(
            "there is a `{folder}` already, and nothing is overwritten"
        )))
    }

    /// Shows it: new files, and the lines that files get.
    fn print(&self, tree: &dyn Tree, lock: bool) {
        if let Some((folder, files)) = &self.folder {
            if let Some(other) = &self.copy_of {
                println!("-- {folder}/, a copy of `{other}` --");
                files.keys().for_each(|path| println!("+ {path}"));
            } else {
                for (path, (bytes, _)) in files {
                    println!("-- {folder}/{path} --\n{}", String::from_utf8_lossy(bytes));
                }
            }
        }
        for (path, text) in &self.edits {
            println!("-- {path}, new lines --");
            for line in new_lines(&tree.text(path).unwrap_or_default(), text) {
                println!("+ {line}");
            }
        }
        if lock {
            println!("-- {LOCK_FILE}, locked --");
        }
    }

    /// Writes all: first what harms nobody alone, then what counts on it.
    fn write(self, root: &Path, lock: Option<&str>) -> Result<(), Problem> {
        if let Some(lock) = lock {
            write_file(&root.join(LOCK_FILE), lock.as_bytes())?;
            eprintln!("wrote {LOCK_FILE}");
        }
        if let Some((folder, files)) = &self.folder {
            put(root, folder, files)?;
            eprintln!("wrote {folder}");
        }
        for (path, text) in &self.edits {
            let to = root.join(path);
            let mode = mode(&to);
            durable::write(&to, text.as_bytes(), mode, Sync::Disk)
                .map_err(|e| Problem::io(format!("write `{path}`"), &e))?;
            eprintln!("wrote {path}");
        }
        Ok(())
    }
}

/// The mode of a file that is there.
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).map_or(0o644, |m| m.permissions().mode() & 0o777)
}

/// A new folder: whole or not at all. A name that begins with `_` is no component, should somebody look meanwhile.
fn put(
    root: &Path,
    folder: &str,
    files: &BTreeMap<String, (Vec<u8>, bool)>,
) -> Result<(), Problem> {
    let to = root.join(folder);
    let doing = |e: std::io::Error| Problem::io(format!("write `{folder}`"), &e);
    let above = to.parent().unwrap_or(root);
    fs::create_dir_all(above).map_err(doing)?;
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let beside = above.join(format!("_{name}.{}", std::process::id()));
    let written = files
        .iter()
        .try_for_each(|(path, (bytes, executable))| {
            let file = beside.join(path);
            fs::create_dir_all(file.parent().unwrap_or(&beside))?;
            let mode = if *executable { 0o755 } else { 0o644 };
            durable::write(&file, bytes, mode, Sync::Content)
        })
        .and_then(|()| fs::rename(&beside, &to));
    written.map_err(|e| {
        let _ = durable::remove_all(&beside);
        doing(e)
    })
}

/// Lines of a text that the old one does not have there: what stands between what both begin and end with.
fn new_lines<'t>(old: &str, new: &'t str) -> Vec<&'t str> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let same =
        |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(a, b)| a == b).count();
    let head = same(&mut old.iter().zip(&new));
    let tail = same(&mut old.iter().rev().zip(new.iter().rev()));
    let tail = tail.min(new.len() - head).min(old.len() - head);
    new[head..new.len() - tail].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_new_lines_are_shown() {
        assert_eq!(new_lines("a\nb\n", "a\nx\nb\n"), ["x"]);
        assert_eq!(new_lines("a\n", "a\na\n"), ["a"]);
        assert_eq!(
            new_lines("c: {a: 1}\n", "c: {a: 1, b: 1}\n"),
            ["c: {a: 1, b: 1}"]
        );
        assert_eq!(new_lines("", "a\n"), ["a"]);
    }
}
