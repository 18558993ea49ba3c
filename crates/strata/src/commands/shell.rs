//! `strata completions`, `strata man`: made from the command line itself.
use crate::{command_line, context::write_file, problem::Problem};
use std::path::Path;
use strata_core::exit;

/// Completions for a shell, to standard output.
pub fn completions(shell: clap_complete::Shell) -> Result<u8, Problem> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command_line(), "strata", &mut text);
    print!("{}", String::from_utf8_lossy(&text));
    Ok(exit::DONE)
}

/// Manual pages into a folder.
pub fn man(dir: &Path) -> Result<u8, Problem> {
    std::fs::create_dir_all(dir)
        .map_err(|e| Problem::io(format!("make `{}`", dir.display()), &e))?;
    let mut root = command_line();
    root.build();
    page(&root, "strata", dir)
}

fn page(command: &clap::Command, name: &str, dir: &Path) -> Result<u8, Problem> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone())
        .title(name)
        .render(&mut text)
        .map_err(|e| Problem::io(format!("write the page of {name}"), &e))?;
    write_file(&dir.join(format!("{name}.1")), &text)?;
    for sub in command.get_subcommands().filter(|s| !s.is_hide_set()) {
        page(sub, &format!("{name}-{}", sub.get_name()), dir)?;
    }
    Ok(exit::DONE)
}
