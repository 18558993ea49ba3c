//! What was found in a platform, for each file.
use super::{
    checking::Checked,
    here::uri_of,
    positions::{Encoding, Lines},
    protocol,
    server::Server,
};
use lsp_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location as Place, NumberOrString,
};
use serde_json::{Value as Json, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
use strata_core::{
    diagnostic::{self, Severity},
    span::Location,
};
use strata_ops::{compose::is_mounted, load::ROOT_FILE};

/// Messages that tell the editor what changed: new findings, and files that have none any more.
pub fn publish(server: &mut Server, root: &Path) -> Vec<Json> {
    let Some(platform) = server.platforms.get(root) else {
        return Vec::new();
    };
    let found = match &platform.checked {
        Some(checked) => by_file(server, root, checked),
        None => BTreeMap::new(),
    };
    let before = &platform.published;
    let files: BTreeSet<&String> = found.keys().chain(before.keys()).collect();
    let mut out = Vec::new();
    for uri in files {
        let now = found.get(uri);
        if now == before.get(uri) {
            continue;
        }
        let mut params = json!({"uri": uri, "diagnostics": now.map_or(&[][..], Vec::as_slice)});
        if let Some(document) = server.documents.get(uri) {
            params["version"] = json!(document.version);
        }
        out.push(protocol::notification(
            "textDocument/publishDiagnostics",
            params,
        ));
    }
    if let Some(platform) = server.platforms.get_mut(root) {
        platform.published = found;
    }
    out
}

/// Lines of files, each counted once.
struct Texts<'a> {
    checked: &'a Checked,
    known: BTreeMap<String, String>,
}

impl Texts<'_> {
    fn of(&mut self, file: &str) -> Option<&str> {
        if !self.known.contains_key(file) {
            let text = self.checked.c.loaded.tree.text(file).ok()?;
            self.known.insert(file.to_owned(), text);
        }
        self.known.get(file).map(String::as_str)
    }
}

fn by_file(server: &Server, root: &Path, checked: &Checked) -> BTreeMap<String, Vec<Diagnostic>> {
    let mut texts = Texts {
        checked,
        known: BTreeMap::new(),
    };
    let related = server
        .client
        .text_document
        .as_ref()
        .and_then(|t| t.publish_diagnostics.as_ref()?.related_information)
        .unwrap_or(false);
    let mut out: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
    for problem in &checked.problems {
        // what stands in no file is said of the platform's own
        let own = Location::file(ROOT_FILE);
        let tree = &checked.c.loaded.tree;
        let at = problem
            .at
            .as_ref()
            .filter(|at| tree.file(&at.file).is_some() && !is_mounted(&at.file));
        let Some(place) = placed(server, root, &mut texts, at.unwrap_or(&own)) else {
            continue;
        };
        let others = problem.related.iter().filter_map(|(at, why)| {
            let location = placed(server, root, &mut texts, at)?;
            Some(DiagnosticRelatedInformation {
                location,
                message: why.clone(),
            })
        });
        let others: Vec<DiagnosticRelatedInformation> = others.collect();
        let one = Diagnostic {
            range: place.range,
            severity: Some(severity(problem.severity)),
            code: Some(NumberOrString::String(problem.code.clone())),
            source: Some("strata".to_owned()),
            message: said(problem),
            related_information: (related && !others.is_empty()).then_some(others),
            ..Diagnostic::default()
        };
        out.entry(place.uri.as_str().to_owned())
            .or_default()
            .push(one);
    }
    out
}

fn placed(server: &Server, root: &Path, texts: &mut Texts<'_>, at: &Location) -> Option<Place> {
    let encoding: Encoding = server.encoding;
    let text = texts.of(&at.file).unwrap_or_default();
    let range = Lines::of(text, encoding).range(at.span);
    let uri = uri_of(server, root, &at.file)?;
    Some(Place { uri, range })
}

/// The sentence with the way out.
fn said(problem: &diagnostic::Diagnostic) -> String {
    match &problem.help {
        Some(help) => format!("{}\nhelp: {help}", problem.message),
        None => problem.message.clone(),
    }
}

fn severity(of: Severity) -> DiagnosticSeverity {
    match of {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Note => DiagnosticSeverity::INFORMATION,
    }
}
