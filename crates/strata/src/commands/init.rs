//! `strata init`: a platform where there was none: from what lies in the folder, else a first component. Nothing that
//! exists is overwritten.
use super::pipeline::{Pipeline, Service};
mod given;

use crate::{
    args::Global,
    context::{Context, start_dir, write_file},
    problem::Problem,
    view::{ask, diagnostics},
    wire,
};
use std::{path::Path, sync::Arc};
use strata_adopt::{Asked, propose};
use strata_bitops::Settings;
use strata_core::{
    diagnostic::Diagnostic,
    exit,
    layer::{self, Layer},
    name::name_problem,
    tree::Tree,
};
use strata_ops::load;

/// What was typed.
pub struct Wanted {
    /// Name of the platform.
    pub name: Option<String>,
    /// A preset of layers.
    pub preset: Option<String>,
    /// Also a pipeline.
    pub ci: Option<Service>,
    /// From the files of BitOps.
    pub from_bitops: bool,
    /// Do not ask.
    pub yes: bool,
    /// Write nothing.
    pub dry_run: bool,
}

/// A file to be written: its path, its text, whether it can be executed.
type File = (String, String, bool);

/// Runs it.
pub fn run(global: &Global, wanted: &Wanted) -> Result<u8, Problem> {
    let dir = start_dir(global)?;
    if let (Some(service), None) = (wanted.ci, &wanted.name)
        && let Ok(cx) = Context::open(global)
    {
        // the platform is there: only its pipeline is missing
        let pipeline = Pipeline::new(service, &cx.root)?;
        let (loaded, _) = load::load(cx.tree()?, &cx.engines);
        pipeline.write(&loaded.platform.name)?;
        return Ok(exit::DONE);
    }
    let pipeline = wanted
        .ci
        .map(|service| Pipeline::new(service, &dir))
        .transpose()?;
    if dir.join("strata.yaml").exists() {
        return Err(Problem::usage(format!(
            "there is a `strata.yaml` in `{}` already",
            dir.display()
        )));
    }
    let preset = wanted.preset.as_deref().unwrap_or("osi");
    let Some(layers) = layer::preset(preset) else {
        let names: Vec<&str> = layer::PRESETS.iter().map(|(n, _)| *n).collect();
        return Err(Problem::usage(format!("there is no preset `{preset}`"))
            .hint(format!("presets are: {}", names.join(", "))));
    };
    let name = match &wanted.name {
        Some(name) => name.clone(),
        None => name_of(&dir),
    };
    if let Some(why) = name_problem(&name) {
        return Err(Problem::usage(why));
    }
    let tree = wire::tree(&dir, &dir.join(".strata"), true)?;
    if wanted.from_bitops {
        return from_bitops(&dir, tree, &name, wanted);
    }
    if strata_bitops::layout::recognise(tree.as_ref()) {
        eprintln!(
            "this is a repo of BitOps, and strata works in it as it is; `strata init --from-bitops` writes its native form"
        );
    }
    let asked = Asked {
        name: &name,
        preset: wanted.preset.as_deref(),
    };
    let mut proposal = propose(tree.as_ref(), &wire::engines(), asked);
    if let Some(proposal) = &mut proposal {
        given::by_states(proposal, &tree);
    }
    let files = |id: Option<&str>| match &proposal {
        Some(proposal) => {
            let files = proposal.files(id).into_iter();
            files.map(|(path, text)| (path, text, false)).collect()
        }
        None => starter(&name, preset, &layers, id),
    };
    if let Some(proposal) = &proposal {
        eprintln!("found here:\n\n{}", proposal.summary());
    }
    let mut new: Vec<File> = files(None);
    new.retain(|(path, ..)| !dir.join(path).exists());
    if wanted.dry_run {
        print(&new);
        return Ok(exit::DONE);
    }
    if proposal.is_some() && !wanted.yes && !agreed(&new)? {
        eprintln!("nothing was written");
        return Ok(exit::DONE);
    }
    for (path, text, executable) in files(Some(&new_id()?)) {
        put(&dir, &path, &text, executable)?;
    }
    ignore(&dir)?;
    if let Some(pipeline) = pipeline {
        pipeline.write(&name)?;
    }
    let then = match &proposal {
        Some(_) => "look at the lines with LOOK, then strata check, then strata adopt ENV",
        None => "strata check, then strata apply dev",
    };
    eprintln!("\nnext: {then}");
    Ok(exit::DONE)
}

/// What a repo of BitOps says, in strata's own files.
fn from_bitops(
    dir: &Path,
    tree: Arc<dyn Tree>,
    name: &str,
    wanted: &Wanted,
) -> Result<u8, Problem> {
    let settings = Settings::default();
    if !strata_bitops::layout::recognise(tree.as_ref()) {
        let why = format!("`{}` is no repo of BitOps", dir.display());
        return Err(Problem::usage(why).hint(
            "one has folders of environments with a `bitops.config.yaml` in each of their folders",
        ));
    }
    let reading = strata_bitops::read(&tree, &settings);
    let wrong: Vec<Diagnostic> = reading
        .problems
        .iter()
        .filter(|p| p.is_error())
        .cloned()
        .collect();
    if !wrong.is_empty() {
        diagnostics::print(&wrong, reading.tree.as_ref(), false);
        return Err(Problem::new(
            exit::INVALID,
            "nothing was written: put that right first",
        ));
    }
    if let Some(source) = reading.sources.first() {
        let why = format!(
            "`{}` takes files of other environments below its own (`default-environments`), which a native platform does not",
            source.env
        );
        return Err(Problem::new(exit::INVALID, why)
            .hint("strata works in this repo as it is; environments of native repos are taken with `imports:`"));
    }
    if reading.merges(&tree) {
        let why = format!(
            "environments take files of `{}`, which a native platform does not",
            settings.default_folder()
        );
        return Err(Problem::new(exit::INVALID, why)
            .hint("strata works in this repo as it is; to have it in native files, copy what each environment takes into it first"));
    }
    let files = |id: Option<&str>| -> Vec<File> {
        let files = strata_bitops::native::files(&reading, name, id, &settings);
        files
            .into_iter()
            .map(|(path, text)| (path, text, false))
            .collect()
    };
    let taken: Vec<String> = files(None)
        .into_iter()
        .map(|(path, ..)| path)
        .filter(|p| dir.join(p).exists())
        .collect();
    if let Some(first) = taken.first() {
        return Err(Problem::usage(format!(
            "there is a `{first}` already, and nothing is overwritten"
        )));
    }
    if wanted.dry_run {
        print(&files(None));
        return Ok(exit::DONE);
    }
    if !wanted.yes && !agreed(&files(None))? {
        eprintln!("nothing was written");
        return Ok(exit::DONE);
    }
    // the file that makes it a platform comes last: what is cut off before leaves a repo of BitOps
    let mut all = files(Some(&new_id()?));
    all.sort_by_key(|(path, ..)| path == load::ROOT_FILE);
    for (path, text, executable) in all {
        put(dir, &path, &text, executable)?;
    }
    ignore(dir)?;
    eprintln!("\nnext: strata check, then strata plan ENV");
    Ok(exit::DONE)
}

/// A name of a platform from its folder's.
fn name_of(dir: &Path) -> String {
    let base = dir
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let clean: String = base
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let clean = clean.trim_matches('-').to_owned();
    if clean.is_empty() || name_problem(&clean).is_some() {
        "platform".to_owned()
    } else {
        clean
    }
}

/// Shows what would be written, and asks.
fn agreed(files: &[File]) -> Result<bool, Problem> {
    let names: Vec<&str> = files.iter().map(|(path, ..)| path.as_str()).collect();
    eprintln!("to be written: {}", names.join(", "));
    eprintln!("`strata init --dry-run` prints them; nothing else is touched");
    ask::confirm("Write them?")
}

/// The files of a proposal, each with a line that names it. Together they are no YAML file on purpose.
fn print(files: &[File]) {
    for (path, text, _) in files {
        println!("-- {path} --\n{text}");
    }
}

/// A platform with one component that shows how it goes.
fn starter(name: &str, preset: &str, layers: &[Layer], id: Option<&str>) -> Vec<File> {
    let first = layers
        .iter()
        .find(|l| l.name == "application" || l.name == "applications")
        .map_or("application", |l| &l.name);
    let list: Vec<String> = layers
        .iter()
        .map(|l| {
            format!(
                "#   {:<20} {}",
                l.name,
                l.description.as_deref().unwrap_or_default()
            )
        })
        .collect();
    let id = id.map_or_else(
        || "# id: made when this file is written".to_owned(),
        |id| format!("id: {id}"),
    );
    let platform = format!(
        "platform: {name}\n{id}\nlayers: {preset}\n\n# The layers, lowest first:\n{}\n",
        list.join("\n")
    );
    let component = "# A first component: a script that greets. Change the greeting in environments/dev.yaml\n# and run `strata plan dev` again.\nengine: script\ninputs:\n  greeting: '${{ values.greeting }}'\noutputs:\n  said: string\nscript:\n  apply: [./hello.sh]\n";
    let script = "#!/bin/sh\n# Inputs come in variables and in the JSON file $STRATA_INPUTS; outputs go to $STRATA_OUTPUTS.\nset -eu\necho \"saying: $STRATA_INPUT_GREETING\"\nprintf '{\"said\": \"%s\"}' \"$STRATA_INPUT_GREETING\" > \"$STRATA_OUTPUTS\"\n";
    vec![
        ("strata.yaml".to_owned(), platform, false),
        (
            "environments/dev.yaml".to_owned(),
            "values:\n  greeting: hello\n".to_owned(),
            false,
        ),
        (
            format!("layers/{first}/hello/component.yaml"),
            component.to_owned(),
            false,
        ),
        (
            format!("layers/{first}/hello/hello.sh"),
            script.to_owned(),
            true,
        ),
    ]
}

fn put(dir: &Path, path: &str, text: &str, executable: bool) -> Result<(), Problem> {
    use std::os::unix::fs::PermissionsExt as _;
    let file = dir.join(path);
    if file.exists() {
        eprintln!("kept  {path}");
        return Ok(());
    }
    let parent = file.parent().unwrap_or(dir);
    std::fs::create_dir_all(parent)
        .map_err(|e| Problem::io(format!("make `{}`", parent.display()), &e))?;
    write_file(&file, text.as_bytes())?;
    if executable {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))
            .map_err(|e| Problem::io(format!("make `{}` executable", file.display()), &e))?;
    }
    eprintln!("wrote {path}");
    Ok(())
}

/// The store is never committed.
fn ignore(dir: &Path) -> Result<(), Problem> {
    let file = dir.join(".gitignore");
    let mut text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(Problem::io(format!("read `{}`", file.display()), &e)),
    };
    if text.lines().any(|l| l.trim_end_matches('/') == ".strata") {
        return Ok(());
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(".strata/\n");
    write_file(&file, text.as_bytes())?;
    eprintln!("wrote .gitignore");
    Ok(())
}

/// The key of the platform in every store: it stays when the name changes.
fn new_id() -> Result<String, Problem> {
    use std::io::Read as _;
    let mut bytes = [0_u8; 8];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut f| f.read_exact(&mut bytes))
        .map_err(|e| Problem::io("read /dev/urandom", &e))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}
