//! Which of a platform's files a path names, and what a place in it is about.
use super::outline::Step;
use crate::{
    compose::Composition,
    load::{COMPONENT_FILE, ROOT_FILE},
};

/// A file that a user of the platform writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// `strata.yaml`
    Platform,
    /// `environments/NAME.yaml`
    Environment(String),
    /// `contracts/NAME.yaml`
    Contract(String),
    /// `component.yaml` in a folder.
    Component {
        /// The folder.
        folder: String,
    },
}

/// What a place in a document is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The document itself.
    Document,
    /// A component; no name: any of them, as in `defaults`.
    Component(Option<String>),
}

impl Document {
    /// By its path from the root of the platform.
    pub fn of(path: &str) -> Option<Self> {
        if path == ROOT_FILE {
            return Some(Self::Platform);
        }
        let (folder, file) = path.rsplit_once('/')?;
        if file == COMPONENT_FILE {
            return Some(Self::Component {
                folder: folder.to_owned(),
            });
        }
        let name = file
            .strip_suffix(".yaml")
            .or_else(|| file.strip_suffix(".yml"))?;
        match folder {
            "environments" => Some(Self::Environment(name.to_owned())),
            "contracts" => Some(Self::Contract(name.to_owned())),
            _ => None,
        }
    }

    /// What a path in it is about, and what is left of the path.
    pub fn subject<'p>(&self, c: &Composition, path: &'p [Step]) -> (Subject, &'p [Step]) {
        let word = |i: usize| match path.get(i) {
            Some(Step::Key(key)) => Some(key.as_str()),
            _ => None,
        };
        match self {
            Self::Component { folder } => (Subject::Component(component_in(c, folder)), path),
            Self::Environment(_) | Self::Platform if word(0) == Some("components") => {
                match word(1) {
                    Some(name) => (Subject::Component(Some(name.to_owned())), &path[2..]),
                    None => (Subject::Document, path),
                }
            }
            Self::Platform if word(0) == Some("defaults") && path.get(1) == Some(&Step::Item) => {
                (Subject::Component(None), &path[2..])
            }
            _ => (Subject::Document, path),
        }
    }

    /// The environment whose file it is.
    pub fn environment(&self) -> Option<&str> {
        match self {
            Self::Environment(name) => Some(name),
            _ => None,
        }
    }
}

/// The component of a folder. One that could not be read has the name of its folder.
fn component_in(c: &Composition, folder: &str) -> Option<String> {
    let known = c.loaded.components.values().find(|s| {
        let own = s.at.file.strip_suffix(COMPONENT_FILE);
        s.folder == folder || own.is_some_and(|own| own.trim_end_matches('/') == folder)
    });
    known
        .map(|s| s.name.to_string())
        .or_else(|| folder.rsplit('/').next().map(str::to_owned))
}
