//! Images of our own, from Debian's static busybox and nothing else: no image can be pulled where tests run.
use super::{program::short, task};
use crate::Failure;
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

/// What keeps a pod's namespaces open.
pub const PAUSE: &str = "localhost/pause:1";
/// A shell with the usual commands, for tests and examples.
const BUSYBOX: &str = "localhost/busybox:1";
/// Changes when what follows here does: images are kept by it.
const RECIPE: &str = "1";

/// The archives of both images; made when they are not in the cache.
pub fn all(cache: &Path) -> Result<Vec<PathBuf>, Failure> {
    let busybox = task::run("which busybox")?;
    let busybox = fs::read(busybox.trim_end())?;
    let mut digest = blake3::Hasher::new();
    digest.update(RECIPE.as_bytes());
    digest.update(&busybox);
    let digest = short(&digest);
    let archives: Vec<PathBuf> = ["pause", "busybox"]
        .map(|n| cache.join(format!("{n}-{digest}.tar")))
        .into();
    if archives.iter().all(|a| a.is_file()) {
        return Ok(archives);
    }
    eprintln!("building the images {PAUSE} and {BUSYBOX}");
    let work = tempfile::tempdir_in(cache)?;
    let tree = work.path().join("tree");
    for dir in ["bin", "etc", "tmp", "proc", "sys", "dev"] {
        fs::create_dir_all(tree.join(dir))?;
    }
    fs::write(tree.join("etc/passwd"), "root:x:0:0:root:/:/bin/sh\n")?;
    fs::write(tree.join("etc/group"), "root:x:0:\n")?;
    let program = tree.join("bin/busybox");
    fs::write(&program, &busybox)?;
    task::finish(Command::new("chmod").arg("755").arg(&program))?;
    task::finish(Command::new("chmod").arg("1777").arg(tree.join("tmp")))?;
    for name in task::finish(Command::new(&program).arg("--list"))?.lines() {
        if name != "busybox" && !name.contains('/') {
            symlink("busybox", tree.join("bin").join(name))?;
        }
    }
    let storage = work.path().join("storage");
    let commands = [
        (PAUSE, r#"["/bin/sleep", "infinity"]"#),
        (BUSYBOX, r#"["/bin/sh"]"#),
    ];
    for ((image, command), archive) in commands.into_iter().zip(&archives) {
        let buildah = || {
            let mut c = Command::new("buildah");
            // nothing of the machine's own storage is touched
            c.args(["--storage-driver", "vfs", "--root"]).arg(&storage);
            c.arg("--runroot").arg(work.path().join("run"));
            c
        };
        let container = task::finish(buildah().args(["from", "scratch"]))?;
        let container = container.trim_end();
        task::finish(
            buildah()
                .args(["copy", "-q", container])
                .arg(&tree)
                .arg("/"),
        )?;
        task::finish(
            buildah()
                .args(["config", "--env", "PATH=/bin", "--cmd", command])
                .arg(container),
        )?;
        task::finish(buildah().args(["commit", "-q", container, image]))?;
        let new = archive.with_extension("new");
        let target = format!("docker-archive:{}:{image}", new.display());
        task::finish(buildah().args(["push", "-q", image, &target]))?;
        fs::rename(new, archive)?;
    }
    Ok(archives)
}
