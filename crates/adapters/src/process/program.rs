//! From the name of a program to its file, with a message for people when there is none.
use super::places::Roots;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use strata_core::{
    engine::{Place, Root},
    tree::join,
};

/// Finds a program: a bare name in `PATH`, a path in the folder that it runs in, or an absolute path (from `tools:`).
/// The error is a sentence for people.
pub(super) fn find(
    program: &str,
    cwd: &Place,
    roots: &Roots,
    path: Option<&str>,
) -> Result<PathBuf, String> {
    if program.is_empty() {
        return Err("no program is named".to_owned());
    }
    if program.starts_with('/') {
        return executable(Path::new(program), program);
    }
    if !program.contains('/') {
        return in_path(program, path.unwrap_or_default());
    }
    let within = join(&cwd.path, program).map(|path| Place {
        root: cwd.root,
        path,
    });
    // from the component's folder one may reach all of the work folder
    let place = match cwd.root {
        Root::Work => Some(Place::work(format!("{}/{program}", cwd.path))),
        _ => within,
    };
    let found = place.and_then(|place| {
        let place = Place {
            path: place.path.trim_start_matches('/').to_owned(),
            ..place
        };
        roots.at(&place).ok()
    });
    match found {
        Some(file) => executable(&file, program),
        None => Err(format!("`{program}` leaves the folder that it belongs to")),
    }
}

fn in_path(program: &str, path: &str) -> Result<PathBuf, String> {
    let mut refused = None;
    for folder in path.split(':').filter(|f| f.starts_with('/')) {
        let file = Path::new(folder).join(program);
        match executable(&file, program) {
            Ok(file) => return Ok(file),
            Err(_) if file.is_file() => refused = Some(file),
            Err(_) => {}
        }
    }
    Err(match refused {
        Some(file) => format!(
            "`{program}` is found as {}, which is not executable",
            file.display()
        ),
        None => format!("`{program}` is not on PATH"),
    })
}

fn executable(file: &Path, program: &str) -> Result<PathBuf, String> {
    match fs::metadata(file) {
        Ok(meta) if meta.is_dir() => Err(format!("`{program}` is a folder")),
        Ok(meta) if meta.permissions().mode() & 0o111 == 0 => Err(format!(
            "`{program}` is not executable; run `chmod +x` on it and commit that"
        )),
        Ok(_) => Ok(file.to_owned()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(format!(
            "`{program}` does not exist in the work folder; is it one of the files that the component declares?"
        )),
        Err(e) => Err(format!("`{program}` cannot be run: {e}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_or_the_message_says_why_not() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("layers/a");
        fs::create_dir_all(folder.join("sub")).unwrap();
        for (name, mode) in [("ok.sh", 0o755), ("plain.sh", 0o644)] {
            fs::write(folder.join(name), "#!/bin/sh\n").unwrap();
            fs::set_permissions(folder.join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        let roots = Roots {
            tree: dir.path().to_owned(),
            folder: "layers/a".into(),
            private: "/p".into(),
            state: "/s".into(),
            cache: "/c".into(),
        };
        let path = format!("/nowhere:{}", folder.display());
        let find = |program: &str, cwd: &str| find(program, &Place::work(cwd), &roots, Some(&path));
        assert_eq!(find("./ok.sh", "").unwrap(), folder.join("ok.sh"));
        assert_eq!(find("../ok.sh", "sub").unwrap(), folder.join("ok.sh"));
        assert_eq!(find("ok.sh", "").unwrap(), folder.join("ok.sh"));
        assert_eq!(find("/bin/sh", "").unwrap(), Path::new("/bin/sh"));
        for (program, says) in [
            ("./plain.sh", "is not executable"),
            ("plain.sh", "which is not executable"),
            ("none", "`none` is not on PATH"),
            ("./none", "does not exist"),
            ("./sub", "is a folder"),
            ("../../../x", "leaves the folder"),
            ("", "no program"),
        ] {
            let why = find(program, "").unwrap_err();
            assert!(why.contains(says), "{program}: {why}");
        }
    }
}
