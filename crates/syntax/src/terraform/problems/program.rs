//! What a root and its local modules ask of the program that runs them: `required_version`.
use super::providers::no_version;
use crate::terraform::module::Module;
use strata_core::diagnostic::Diagnostic;

pub(super) fn check(module: &Module, out: &mut Vec<Diagnostic>) {
    // the constraints of a file that overrides take the place of all others; another program may read other files
    let unsure = |file: &str| {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let folder = module.folder(folder).or_else(|| module.folder("."));
        folder.is_none_or(|f| f.overridden || f.incomplete || f.two_programs)
    };
    let said: Vec<_> = module
        .required_versions
        .iter()
        .filter(|(_, at)| !unsure(&at.file))
        .cloned()
        .collect();
    let problem = no_version("terraform::conflicting-version", "terraform", &said);
    out.extend(problem.map(|p| {
        p.help("the root and all its modules run in one program: let all accept a common version")
    }));
}
