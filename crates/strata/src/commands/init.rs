//! `strata init`: a platform where there was none. Nothing that exists is overwritten.
use super::pipeline::{Pipeline, Service};
use crate::{
    args::Global,
    context::{Context, start_dir, write_file},
    problem::Problem,
};
use std::path::Path;
use strata_core::{exit, layer, name::name_problem};
use strata_ops::load;

/// Runs it.
pub fn run(
    global: &Global,
    name: Option<String>,
    preset: &str,
    ci: Option<Service>,
) -> Result<u8, Problem> {
    let dir = start_dir(global)?;
    if let (Some(service), None) = (ci, &name)
        && let Ok(cx) = Context::open(global)
    {
        // the platform is there: only its pipeline is missing
        let pipeline = Pipeline::new(service, &cx.root)?;
        let (loaded, _) = load::load(cx.tree()?, &cx.engines);
        pipeline.write(&loaded.platform.name)?;
        return Ok(exit::DONE);
    }
    let pipeline = ci.map(|service| Pipeline::new(service, &dir)).transpose()?;
    if dir.join("strata.yaml").exists() {
        return Err(Problem::usage(format!(
            "there is a `strata.yaml` in `{}` already",
            dir.display()
        )));
    }
    let Some(layers) = layer::preset(preset) else {
        let names: Vec<&str> = layer::PRESETS.iter().map(|(n, _)| *n).collect();
        return Err(Problem::usage(format!("there is no preset `{preset}`"))
            .hint(format!("presets are: {}", names.join(", "))));
    };
    let name = name.unwrap_or_else(|| {
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
    });
    if let Some(why) = name_problem(&name) {
        return Err(Problem::usage(why));
    }
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
    let id = new_id()?;
    let platform = format!(
        "platform: {name}\nid: {id}\nlayers: {preset}\n\n# The layers, lowest first:\n{}\n",
        list.join("\n")
    );
    let component = "# A first component: a script that greets. Change the greeting in environments/dev.yaml\n# and run `strata plan dev` again.\nengine: script\ninputs:\n  greeting: '${{ values.greeting }}'\noutputs:\n  said: string\nscript:\n  apply: [./hello.sh]\n";
    let script = "#!/bin/sh\n# Inputs come in variables and in the JSON file $STRATA_INPUTS; outputs go to $STRATA_OUTPUTS.\nset -eu\necho \"saying: $STRATA_INPUT_GREETING\"\nprintf '{\"said\": \"%s\"}' \"$STRATA_INPUT_GREETING\" > \"$STRATA_OUTPUTS\"\n";
    let files = [
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
    ];
    for (path, text, executable) in &files {
        put(&dir, path, text, *executable)?;
    }
    ignore(&dir)?;
    if let Some(pipeline) = pipeline {
        pipeline.write(&name)?;
    }
    eprintln!("\nnext: strata check, then strata apply dev");
    Ok(exit::DONE)
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
