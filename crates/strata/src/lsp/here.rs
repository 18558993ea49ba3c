//! The file and the place that a request is about.
use super::{
    checking::Checked,
    documents::{to_path, to_uri},
    positions::{Encoding, Lines},
    server::Server,
};
use lsp_types::{Location as Place, Position, Range, Uri};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use strata_core::span::{Location, Span};
use strata_ops::at::{
    document::{Document, Subject},
    expression::{Inside, inside},
    outline::{self, Outline, Spot, Step},
    view::View,
};

/// A file of a platform.
pub struct File<'a> {
    /// All that is known.
    pub server: &'a Server,
    /// The platform's folder.
    pub root: PathBuf,
    /// Its path there.
    pub path: String,
    /// As the editor names it.
    pub uri: Uri,
    /// Its text now.
    pub text: Arc<str>,
    /// The platform, where names are looked up.
    pub good: &'a Checked,
    /// The platform as it was read last.
    pub checked: &'a Checked,
}

impl<'a> File<'a> {
    /// A file that belongs to a platform which has been read.
    pub fn of(server: &'a Server, uri: &Uri) -> Option<Self> {
        let full = to_path(uri)?;
        let root = server.root_of(&full)?;
        let platform = server.platforms.get(&root)?;
        let (good, checked) = (platform.good.as_deref()?, platform.checked.as_deref()?);
        let path = full.strip_prefix(&root).ok()?.to_str()?.to_owned();
        let text = match server.documents.get(uri.as_str()) {
            Some(document) => document.text.clone(),
            None => checked.c.loaded.tree.text(&path).ok()?.into(),
        };
        Some(Self {
            server,
            root,
            path,
            uri: uri.clone(),
            text,
            good,
            checked,
        })
    }
    /// Its lines.
    pub fn lines(&self) -> Lines<'_> {
        Lines::of(&self.text, self.server.encoding)
    }
    /// Places of the platform as the editor names them.
    pub fn places(&self, at: &[Location]) -> Vec<Place> {
        at.iter()
            .filter_map(|at| place(self.server, &self.root, self.good, at))
            .collect()
    }
}

/// A place of a platform as the editor names it.
pub fn place(server: &Server, root: &Path, checked: &Checked, at: &Location) -> Option<Place> {
    let text = checked.c.loaded.tree.text(&at.file).ok()?;
    Some(Place {
        uri: uri_of(server, root, &at.file)?,
        range: range(&text, at.span, server.encoding),
    })
}

/// The name of a file of a platform: as the editor has it, where it is open.
pub fn uri_of(server: &Server, root: &Path, file: &str) -> Option<Uri> {
    // files of other repositories are not on this disk
    if strata_ops::compose::is_mounted(file) {
        return None;
    }
    let path = root.join(file);
    let mut open = server.documents.values().filter(|d| d.path == path);
    match open.next() {
        Some(document) => Some(document.uri.clone()),
        None => to_uri(&path),
    }
}

/// A span of a text as a range.
pub fn range(text: &str, span: Span, encoding: Encoding) -> Range {
    Lines::of(text, encoding).range(span)
}

/// A place in a file.
pub struct Here<'a> {
    /// The file.
    pub file: &'a File<'a>,
    /// The byte.
    pub at: usize,
    /// What it is, in a document of ours.
    pub spot: Option<Found>,
}

/// A place in a document.
pub struct Found {
    /// Which document.
    pub document: Document,
    /// Everything that stands in it.
    pub outline: Outline,
    /// What is there.
    pub place: outline::Place,
    /// What it is about.
    pub subject: Subject,
    /// What leads there from what it is about.
    pub path: Vec<Step>,
    /// The expression that it is in.
    pub inside: Option<Inside>,
}

impl<'a> Here<'a> {
    /// A place of a file.
    pub fn of(file: &'a File<'a>, position: Position) -> Option<Self> {
        let at = file.lines().byte(position);
        Some(Self {
            file,
            at,
            spot: found(file, at),
        })
    }
    /// From where names are looked up.
    pub fn view(&self, found: &Found) -> View<'a> {
        View::of(&self.file.good.c, &found.document, &found.subject)
    }
    /// A span of the file's text, as it is now.
    pub fn range(&self, span: Span) -> Range {
        self.file.lines().range(span)
    }
}

impl Found {
    /// The word that stands there.
    pub fn word<'t>(&self, text: &'t str) -> &'t str {
        let span = self.place.word;
        let word = text.get(span.start as usize..span.end as usize);
        word.unwrap_or_default().trim_matches(['"', '\''])
    }
    /// The words of the path from what it is about; `-` for an item.
    pub fn words(&self) -> Vec<&str> {
        self.path.iter().map(Step::word).collect()
    }
}

fn found(file: &File<'_>, at: usize) -> Option<Found> {
    let document = Document::of(&file.path)?;
    let outline = Outline::of(&file.text);
    let place = outline.place(&file.text, at);
    let (subject, path) = document.subject(&file.good.c, &place.path);
    let path = path.to_vec();
    let inside = if place.spot == Spot::Key {
        None
    } else {
        inside(&file.text, place.word, at)
    };
    Some(Found {
        document,
        outline,
        place,
        subject,
        path,
        inside,
    })
}
