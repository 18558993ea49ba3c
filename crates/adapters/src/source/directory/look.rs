//! One walk over a folder: which files there are and what the system says of each, without reading any.
//!
//! A folder whose own stat is the one of an earlier look has the names of then: only what it holds is asked for.
use super::{LARGEST, SKIPPED, problem};
use crate::source::cache::{Folder, Kind, Known, Names, Stat, nanos};
use rustix::{
    fd::{AsFd, OwnedFd},
    fs::{AtFlags, FileType, Mode, OFlags, RawDir, open, openat, statat},
    io::Errno,
};
use std::{
    mem::MaybeUninit,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::Path,
    sync::Arc,
};
use strata_core::diagnostic::Diagnostic;

/// A file that the walk came across.
pub(super) struct Seen {
    pub path: Arc<str>,
    pub stat: Stat,
    pub executable: bool,
}

/// What a walk found.
#[derive(Default)]
pub(super) struct Look<'k> {
    /// The files, in no order.
    pub seen: Vec<Seen>,
    /// The folders whose names can be believed next time.
    pub folders: Vec<Folder<'k>>,
    /// How many of those had to be listed.
    pub listed: usize,
    /// What cannot be part of a platform.
    pub problems: Vec<Diagnostic>,
}

impl<'k> Look<'k> {
    /// Everything below `root`, which is absolute and without links. An error is that it cannot be read itself.
    pub fn at(root: &Path, known: &Known<'k>) -> Result<Self, Errno> {
        let mut walk = Walk {
            root,
            open: open(root, FOLDER, Mode::empty())?,
            known,
            look: Look::default(),
        };
        walk.folder(&mut String::new())?;
        Ok(walk.look)
    }
}

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

struct Walk<'w, 'k> {
    root: &'w Path,
    open: OwnedFd,
    known: &'w Known<'k>,
    look: Look<'k>,
}

impl<'k> Walk<'_, 'k> {
    /// Everything below a folder; `path` is where it stands, with a `/` at its end unless it is the root.
    fn folder(&mut self, path: &mut String) -> Result<(), Errno> {
        // before its names are read: what changes in between is seen next time
        let stat = numbers(&statat(
            &self.open,
            spoken(path),
            AtFlags::SYMLINK_NOFOLLOW,
        )?);
        let names = if let Some(names) = self.known.names(path, &stat) {
            Names::Known(names)
        } else {
            let (names, whole) = self.list(path)?;
            self.look.listed += usize::from(whole);
            if !whole {
                self.inside(&Names::New(names), path);
                return Ok(());
            }
            Names::New(names)
        };
        self.inside(&names, path);
        self.look.folders.push(Folder {
            path: path.as_str().into(),
            stat,
            names,
        });
        Ok(())
    }

    /// What a folder holds, and whether all of it could be noted.
    fn list(&mut self, path: &str) -> Result<(Vec<u8>, bool), Errno> {
        let folder = openat(
            &self.open,
            spoken(path),
            FOLDER | OFlags::NOFOLLOW,
            Mode::empty(),
        )?;
        let (mut names, mut whole) = (Vec::new(), true);
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut entries = RawDir::new(folder.as_fd(), &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name();
            let Ok(text) = name.to_str() else {
                whole = false;
                let shown = format!("{path}{}", name.to_string_lossy());
                self.refuse(&shown, "its name is not text in UTF-8");
                continue;
            };
            if text == "." || text == ".." {
                continue;
            }
            let mut kind = entry.file_type();
            if kind == FileType::Unknown {
                // file systems that do not tell kinds in listings
                match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => kind = FileType::from_raw_mode(stat.st_mode),
                    Err(Errno::NOENT) => continue,
                    Err(e) => {
                        whole = false;
                        self.refuse(&format!("{path}{text}"), &e.to_string());
                        continue;
                    }
                }
            }
            match kind {
                FileType::Directory if SKIPPED.contains(&text) => {}
                FileType::Directory => Names::add(&mut names, Kind::Folder, text),
                FileType::Symlink => Names::add(&mut names, Kind::Link, text),
                FileType::RegularFile => Names::add(&mut names, Kind::File, text),
                // sockets, pipes and devices are not content
                _ => {}
            }
        }
        Ok((names, whole))
    }

    fn inside(&mut self, names: &Names<'k>, path: &mut String) {
        let length = path.len();
        for (kind, name) in names.iter() {
            path.push_str(name);
            match kind {
                Kind::File => self.file(path),
                Kind::Link => self.link(path),
                Kind::Folder => {
                    path.push('/');
                    match self.folder(path) {
                        // removed since it was listed
                        Ok(()) | Err(Errno::NOENT) => {}
                        Err(e) => self.refuse(path, &e.to_string()),
                    }
                }
            }
            path.truncate(length);
        }
    }

    fn file(&mut self, path: &str) {
        match statat(&self.open, path, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => {
                self.add(path, numbers(&stat), stat.st_mode);
            }
            // removed since it was listed, or something else by now: the next look sees it
            Ok(_) | Err(Errno::NOENT) => {}
            Err(e) => self.refuse(path, &e.to_string()),
        }
    }

    /// A link to a file inside the root is that file; every other link is a problem.
    fn link(&mut self, path: &str) {
        let Ok(target) = self.root.join(path).canonicalize() else {
            return self.refuse(path, "it is a link to something that does not exist");
        };
        let Ok(inside) = target.strip_prefix(self.root) else {
            return self.refuse(path, "it is a link that leads out of the platform's folder");
        };
        let skipped = |p: &std::ffi::OsStr| SKIPPED.iter().any(|s| s.as_bytes() == p.as_bytes());
        if inside.iter().any(skipped) {
            return self.refuse(path, "it is a link into a folder that is not looked at");
        }
        match target.metadata() {
            Ok(meta) if meta.is_file() => {
                let stat = Stat {
                    mtime: nanos(meta.mtime(), meta.mtime_nsec()),
                    ctime: nanos(meta.ctime(), meta.ctime_nsec()),
                    size: meta.size(),
                    inode: meta.ino(),
                };
                self.add(path, stat, meta.mode());
            }
            Ok(_) => self.refuse(
                path,
                "it is a link to a folder: name that folder by its own path",
            ),
            Err(e) => self.refuse(path, &e.to_string()),
        }
    }

    fn add(&mut self, path: &str, stat: Stat, mode: u32) {
        if stat.size >= LARGEST {
            return self.refuse(path, "it has 4 GiB or more: keep it outside of the repo");
        }
        self.look.seen.push(Seen {
            path: path.into(),
            stat,
            executable: mode & 0o111 != 0,
        });
    }

    fn refuse(&mut self, path: &str, why: &str) {
        self.look
            .problems
            .push(problem(path.trim_end_matches('/'), why));
    }
}

/// A folder as the system wants it named: with a `/` at its end a link would be followed.
fn spoken(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => ".",
        path => path,
    }
}

// the types differ between machines
#[allow(
    clippy::unnecessary_cast,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]
fn numbers(stat: &rustix::fs::Stat) -> Stat {
    Stat {
        mtime: nanos(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        ctime: nanos(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        size: stat.st_size as u64,
        inode: stat.st_ino,
    }
}
