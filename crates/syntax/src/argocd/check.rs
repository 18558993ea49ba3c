//! What is wrong with what Argo CD is told, from its files alone.
use super::{AppSource, Application, ArgoFacts};
use crate::{
    own::Own,
    said::{Said, exists, is_literal, near, resolve},
};
use strata_core::{
    diagnostic::{Diagnostic, suggest},
    tree::Tree,
};

/// Problems of a folder; `own` says which sources are these files.
pub fn problems(tree: &dyn Tree, facts: &ArgoFacts, own: &Own) -> Vec<Diagnostic> {
    let mut out = facts.unread.clone();
    for application in &facts.applications {
        project(facts, application, &mut out);
        wave(application, &mut out);
        destination(application, &mut out);
        if application.patched {
            continue;
        }
        for source in &application.sources {
            paths(tree, own, application, source, &mut out);
        }
        generators(tree, own, application, &mut out);
    }
    out
}

fn project(facts: &ArgoFacts, application: &Application, out: &mut Vec<Diagnostic>) {
    let Some(project) = application.project.as_ref().filter(|p| p.is_literal()) else {
        return;
    };
    let known = || facts.projects.iter().map(|p| p.text.as_str());
    let sure = !facts.projects.is_empty() && !facts.open;
    if sure && project.text != "default" && !known().any(|p| p == project.text) {
        let message = format!("no AppProject here is named `{}`", project.text);
        out.push(
            Diagnostic::warning("argocd::unknown-project", message)
                .at(project.at.clone())
                .help_opt(suggest(&project.text, known())),
        );
    }
}

fn wave(application: &Application, out: &mut Vec<Diagnostic>) {
    let Some(wave) = application.wave.as_ref().filter(|w| w.is_literal()) else {
        return;
    };
    if wave.text.parse::<i64>().is_err() {
        let message = format!(
            "the sync wave `{}` is no whole number, so Argo CD ignores it",
            wave.text
        );
        out.push(
            Diagnostic::warning("argocd::sync-wave", message)
                .at(wave.at.clone())
                .help("write a number in quotes, such as `\"-1\"`"),
        );
    }
}

fn destination(application: &Application, out: &mut Vec<Diagnostic>) {
    let to = &application.destination;
    if let (Some(server), Some(name)) = (&to.server, &to.name)
        && server.is_literal()
        && name.is_literal()
    {
        out.push(
            Diagnostic::error(
                "argocd::destination",
                "a destination names its cluster by `server` or by `name`, not by both",
            )
            .at(name.at.clone())
            .related(server.at.clone(), "the other stands here")
            .help("take one of them away"),
        );
    }
}

/// Is it this repository, at a revision that these files stand for?
fn is_own(own: &Own, repo: Option<&Said>, revision: Option<&Said>) -> bool {
    let repo = repo.filter(|r| r.is_literal());
    let revision = revision.map_or("", |r| r.text.as_str());
    repo.is_some_and(|r| own.is(&r.text)) && is_literal(revision) && own.follows(revision)
}

fn paths(
    tree: &dyn Tree,
    own: &Own,
    application: &Application,
    source: &AppSource,
    out: &mut Vec<Diagnostic>,
) {
    let name = application.name.as_ref().map_or("", |n| n.text.as_str());
    let mine =
        source.chart.is_none() && is_own(own, source.repo.as_ref(), source.revision.as_ref());
    let path = source.path.as_ref().filter(|_| mine);
    let folder = path.and_then(|p| own.path(&p.text));
    if let (Some(path), Some(folder)) = (path, &folder)
        && !exists(tree, folder)
    {
        let message =
            format!("the application `{name}` applies `{folder}`, which is not in this repository");
        out.push(
            Diagnostic::error("argocd::missing-path", message)
                .at(path.at.clone())
                .help_opt(near(tree, folder, &path.text)),
        );
        return;
    }
    for file in &source.value_files {
        let Some(found) = values(own, application, folder.as_deref(), file) else {
            continue;
        };
        // a pattern may fit nothing
        let pattern = file.text.contains(['*', '?', '[']);
        if !source.ignores_missing && !pattern && tree.file(&found).is_none() {
            let message =
                format!("the values file `{found}` of `{name}` is not in this repository");
            out.push(
                Diagnostic::error("argocd::missing-file", message)
                    .at(file.at.clone())
                    .help_opt(near(tree, &found, &file.text)),
            );
        }
    }
}

/// The path of a values file, when it is one of this repository.
fn values(
    own: &Own,
    application: &Application,
    folder: Option<&str>,
    file: &Said,
) -> Option<String> {
    let text = file.text.as_str();
    if text.contains("://") || !file.is_literal() {
        return None;
    }
    if let Some(rest) = text.strip_prefix('$') {
        let (name, path) = rest.split_once('/')?;
        let source = application
            .sources
            .iter()
            .find(|s| s.reference.as_ref().is_some_and(|r| r.text == name))?;
        let mine = is_own(own, source.repo.as_ref(), source.revision.as_ref());
        return own.path(path).filter(|_| mine);
    }
    let folder = folder?;
    if text.starts_with('/') {
        return own.path(text);
    }
    resolve(folder, text)
}

fn generators(tree: &dyn Tree, own: &Own, application: &Application, out: &mut Vec<Diagnostic>) {
    for generator in &application.generators {
        if !is_own(own, generator.repo.as_ref(), generator.revision.as_ref()) {
            continue;
        }
        for pattern in &generator.patterns {
            // the folders before the first pattern must be there for anything to fit
            let fixed: Vec<&str> = pattern
                .text
                .split('/')
                .take_while(|part| !part.contains(['*', '?', '[', '{']))
                .collect();
            let fixed = fixed.join("/");
            let Some(folder) = own.path(&fixed).filter(|_| pattern.is_literal()) else {
                continue;
            };
            if !exists(tree, &folder) {
                let message =
                    format!("`{folder}` is not in this repository, so nothing is generated");
                let help = near(tree, &folder, &fixed);
                out.push(
                    Diagnostic::warning("argocd::missing-path", message)
                        .at(pattern.at.clone())
                        .help_opt(help),
                );
            }
        }
    }
}
