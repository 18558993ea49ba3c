//! Where the roots of an engine's paths lie on this machine.
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use strata_core::{
    engine::{Arg, Place, Root},
    executor::ExecutorError,
    name::Address,
    tree::join,
};

/// The roots of one session, absolute.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Roots {
    /// The root of the work folder.
    pub tree: PathBuf,
    /// The component's folder, relative to the root of the work folder.
    pub folder: String,
    /// Removed with the session.
    pub private: PathBuf,
    /// Durable, of the unit.
    pub state: PathBuf,
    /// Of the platform.
    pub cache: PathBuf,
}

impl Roots {
    /// The absolute path of a place. It never leaves its root, except that one in the component's folder may go up
    /// to the root of the work folder.
    pub fn at(&self, place: &Place) -> Result<PathBuf, ExecutorError> {
        let outside = || ExecutorError::Outside(place.path.clone());
        let (root, base): (&Path, &str) = match place.root {
            Root::Work => (&self.tree, &self.folder),
            Root::Tree => (&self.tree, ""),
            Root::Private => (&self.private, ""),
            Root::State => (&self.state, ""),
            Root::Cache => (&self.cache, ""),
        };
        let path = join(base, &place.path).ok_or_else(outside)?;
        Ok(if path.is_empty() {
            root.to_owned()
        } else {
            root.join(path)
        })
    }
    /// The same as text.
    pub fn text(&self, place: &Place) -> Result<String, ExecutorError> {
        let path = self.at(place)?;
        path.into_os_string().into_string().map_err(|path| {
            let path = path.to_string_lossy();
            ExecutorError::Other(format!("the path `{path}` is not text in UTF-8"))
        })
    }
    /// An argument as the program gets it.
    pub fn arg(&self, arg: &Arg) -> Result<String, ExecutorError> {
        Ok(match arg {
            Arg::Text(text) => text.clone(),
            Arg::Path(place) => self.text(place)?,
            Arg::Joined(text, place) => format!("{text}{}", self.text(place)?),
        })
    }
}

/// What belongs to a unit below the state folder.
pub(super) struct Lots<'a> {
    /// `.strata`, absolute.
    pub state_dir: &'a Path,
    /// The unit.
    pub unit: &'a Address,
    /// The name under which it shares its work folder with others of its environment.
    pub shared: Option<&'a str>,
}

impl Lots<'_> {
    fn of(&self, kind: &str, suffix: &str) -> PathBuf {
        let env: &str = &self.unit.env;
        let name = format!("{}{suffix}", self.unit.file_name());
        self.state_dir.join(kind).join(env).join(name)
    }
    /// Of the work folder. (No unit is called `+NAME`: such characters are spelled in names.)
    fn of_work(&self, suffix: &str) -> PathBuf {
        match self.shared {
            Some(name) => {
                let env: &str = &self.unit.env;
                let shared = Address::new(env, name).file_name();
                self.state_dir
                    .join("work")
                    .join(env)
                    .join(format!("+{shared}{suffix}"))
            }
            None => self.of("work", suffix),
        }
    }
    /// Its work folder.
    pub fn work(&self) -> PathBuf {
        self.of_work("")
    }
    /// What is kept in the work folder under which keys. (No unit is called like this: dots are spelled in names.)
    pub fn keys(&self) -> PathBuf {
        self.of("work", ".keys")
    }
    /// Which files were put for it into a shared work folder.
    pub fn listing(&self) -> PathBuf {
        self.of("work", ".files")
    }
    /// Held by the session that uses the work folder.
    pub fn session_lock(&self) -> PathBuf {
        self.of_work(".session")
    }
    /// Held by the supervisor while a tool is at work in it.
    pub fn tool_lock(&self) -> PathBuf {
        self.of_work(".tool")
    }
    /// Its durable folder.
    pub fn state(&self) -> PathBuf {
        self.of("state", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots() -> Roots {
        Roots {
            tree: "/w".into(),
            folder: "layers/net".into(),
            private: "/p".into(),
            state: "/s".into(),
            cache: "/c".into(),
        }
    }

    #[test]
    fn a_place_is_a_path_below_its_root() {
        let at = |place: Place| roots().text(&place).unwrap();
        assert_eq!(at(Place::work("")), "/w/layers/net");
        assert_eq!(at(Place::work("./a/b")), "/w/layers/net/a/b");
        assert_eq!(at(Place::work("../shared/x.sh")), "/w/layers/shared/x.sh");
        assert_eq!(at(Place::state("")), "/s");
        let joined = Arg::Joined("-out=".into(), Place::private("plan"));
        assert_eq!(roots().arg(&joined).unwrap(), "-out=/p/plan");
    }

    #[test]
    fn no_place_is_outside() {
        for place in [
            Place::work("../../../etc"),
            Place::private("../x"),
            Place::state("/etc/passwd"),
            Place::cache("a/../../x"),
        ] {
            let at = roots().at(&place);
            assert!(matches!(at, Err(ExecutorError::Outside(_))), "{place:?}");
        }
    }
}
