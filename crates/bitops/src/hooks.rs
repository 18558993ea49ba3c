//! Hooks: every file of two folders of a deployment, in the order of their names, run by `bash`.
use strata_core::{
    diagnostic::Diagnostic,
    span::{Location, Span},
    tree::Tree,
};

/// Folder of what runs before the tool.
pub const BEFORE: &str = "bitops.before-deploy.d";
/// Folder of what runs after it.
pub const AFTER: &str = "bitops.after-deploy.d";
/// The same folders as BitOps 1 also called them; only helm's plugin still knows them.
const OLD: &[&str] = &["bitops-before-deploy.d", "bitops-after-deploy.d"];
/// Paths inside of BitOps' container, and the variable that holds what stands there.
const INSIDE: &[(&str, &str)] = &[
    ("/opt/bitops_deployment", "$BITOPS_TEMPDIR"),
    (
        "/opt/bitops/scripts/installed_plugins",
        "$BITOPS_PLUGINS_DIR",
    ),
    ("/opt/bitops", "$BITOPS_DIR"),
];

/// Is this a folder of hooks?
pub fn is_folder(name: &str) -> bool {
    name == BEFORE || name == AFTER || OLD.contains(&name)
}

/// The hooks of one folder: names, sorted.
pub fn of<'a>(tree: &'a dyn Tree, deployment: &str, folder: &str) -> Vec<&'a str> {
    let path = format!("{deployment}/{folder}");
    let files = tree.below(&path).iter();
    files
        .map(|f| &f.path[path.len() + 1..])
        .filter(|name| !name.contains('/'))
        .collect()
}

/// Hooks that will not run, and hooks that reach for places of a container that is not there.
pub fn check(tree: &dyn Tree, deployment: &str, plugin: &str, problems: &mut Vec<Diagnostic>) {
    for old in OLD.iter().filter(|_| plugin != "helm") {
        if let Some(file) = tree.below(&format!("{deployment}/{old}")).first() {
            problems.push(
                Diagnostic::warning(
                    "bitops::first-generation",
                    format!("no version of BitOps since 2 runs `{old}`"),
                )
                .at(Location::file(file.path.clone()))
                .help(format!(
                    "rename the folder to `{}`",
                    old.replacen('-', ".", 1)
                )),
            );
        }
    }
    for folder in [BEFORE, AFTER] {
        for name in of(tree, deployment, folder) {
            absolute(tree, &format!("{deployment}/{folder}/{name}"), problems);
        }
    }
}

/// Paths of the container in a script.
pub fn absolute(tree: &dyn Tree, path: &str, problems: &mut Vec<Diagnostic>) {
    let Ok(text) = tree.text(path) else { return };
    let mut from = 0;
    for line in text.split_inclusive('\n') {
        let comment = line.trim_start().starts_with('#');
        let found = INSIDE
            .iter()
            .find_map(|(inside, variable)| Some((line.find(inside)?, inside, variable)));
        if let (Some((at, inside, variable)), false) = (found, comment) {
            let start = (from + at) as u32;
            problems.push(
                Diagnostic::warning(
                    "bitops::absolute-path",
                    format!("`{inside}` is a folder of BitOps' container"),
                )
                .at(Location::new(
                    path,
                    Span::new(start, start + inside.len() as u32),
                ))
                .help(format!("write `{variable}`, which BitOps sets too")),
            );
        }
        from += line.len();
    }
}
