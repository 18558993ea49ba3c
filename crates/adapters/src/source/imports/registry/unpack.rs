//! The files of an artifact's layers: tar archives, plain or with gzip or Zstandard; zip archives; and single files by
//! their title. A later layer counts more than an earlier one. No path leaves the artifact.
use super::super::{Files, Filled, filled, pack};
use std::io::{Cursor, Read};

/// No artifact unpacks to more bytes: an archive of a few bytes could hold any number.
const MOST: u64 = 2 << 30;
/// No artifact has more files.
const MOST_FILES: usize = 1_000_000;

#[derive(Default)]
pub(super) struct Unpacked {
    files: Files,
    bytes: u64,
    entries: usize,
}

impl Unpacked {
    /// Takes a layer in; the error says what is wrong with it.
    pub fn layer(&mut self, bytes: &[u8], title: Option<&str>) -> Result<(), String> {
        if bytes.starts_with(&[0x1f, 0x8b]) {
            self.tar(flate2::read::MultiGzDecoder::new(bytes))
        } else if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            let plain = zstd::stream::read::Decoder::new(bytes).map_err(|e| e.to_string())?;
            self.tar(plain)
        } else if bytes.starts_with(b"PK\x03\x04") {
            self.zip(bytes)
        } else if bytes.get(257..262) == Some(b"ustar") {
            self.tar(bytes)
        } else if let Some(title) = title {
            self.file(title, false, bytes)
        } else {
            // what describes an artifact, such as `{}`
            Ok(())
        }
    }

    /// The files, sorted by path.
    pub fn finish(self) -> Result<Vec<Filled>, String> {
        if self.files.plain.is_empty() {
            return Err("it holds no files: no layer of it is an archive".to_owned());
        }
        filled(self.files).map_err(|(path, why)| format!("`{path}` {why}"))
    }

    fn tar(&mut self, from: impl Read) -> Result<(), String> {
        let wrong = |e: std::io::Error| format!("a layer of it is no whole archive: {e}");
        let mut archive = tar::Archive::new(from);
        for entry in archive.entries().map_err(wrong)? {
            let mut entry = entry.map_err(wrong)?;
            let path = entry.path().map_err(wrong)?.to_string_lossy().into_owned();
            let kind = entry.header().entry_type();
            if kind.is_symlink() || kind.is_hard_link() {
                let target = entry.link_name().map_err(wrong)?;
                let target = target.map(|t| t.to_string_lossy().into_owned());
                // the target of a hard link is written from the root of the archive
                let target = match target {
                    Some(t) if kind.is_hard_link() => {
                        let up = path.trim_start_matches("./").matches('/').count();
                        Some(format!(
                            "{}{}",
                            "../".repeat(up),
                            t.trim_start_matches("./")
                        ))
                    }
                    target => target,
                };
                self.link(&path, target)?;
            } else if kind.is_file() {
                let executable = entry.header().mode().map_err(wrong)? & 0o111 != 0;
                let bytes = self.read(&mut entry).map_err(wrong)?;
                self.file(&path, executable, &bytes)?;
            } else if !kind.is_dir() && !kind.is_pax_global_extensions() {
                return Err(format!("`{path}` is no file, no folder and no link"));
            }
        }
        Ok(())
    }

    fn zip(&mut self, bytes: &[u8]) -> Result<(), String> {
        let wrong = |e: &dyn std::fmt::Display| format!("a layer of it is no whole archive: {e}");
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| wrong(&e))?;
        for i in 0..archive.len() {
            let mut entry = archive.by_index(i).map_err(|e| wrong(&e))?;
            let path = entry.name().to_owned();
            if entry.is_dir() {
                continue;
            }
            let (link, mode) = (entry.is_symlink(), entry.unix_mode().unwrap_or(0));
            let bytes = self.read(&mut entry).map_err(|e| wrong(&e))?;
            if link {
                self.link(&path, String::from_utf8(bytes).ok())?;
            } else {
                self.file(&path, mode & 0o111 != 0, &bytes)?;
            }
        }
        Ok(())
    }

    fn read(&mut self, from: &mut dyn Read) -> std::io::Result<Vec<u8>> {
        let left = MOST.saturating_sub(self.bytes);
        let mut bytes = Vec::new();
        from.take(left + 1).read_to_end(&mut bytes)?;
        self.bytes += bytes.len() as u64;
        if self.bytes > MOST {
            let why = format!("it unpacks to more than {} GB", MOST >> 30);
            return Err(std::io::Error::other(why));
        }
        Ok(bytes)
    }

    fn file(&mut self, path: &str, executable: bool, bytes: &[u8]) -> Result<(), String> {
        if let Some(path) = self.inside(path)? {
            self.files.links.retain(|(other, _)| *other != path);
            self.files.plain.insert(path, (executable, bytes.into()));
        }
        Ok(())
    }

    fn link(&mut self, path: &str, target: Option<String>) -> Result<(), String> {
        if let Some(path) = self.inside(path)? {
            self.files.plain.remove(&path);
            self.files.links.push((path, target));
        }
        Ok(())
    }

    /// A path of the artifact; none for what no tree has.
    fn inside(&mut self, path: &str) -> Result<Option<String>, String> {
        self.entries += 1;
        if self.entries > MOST_FILES {
            return Err(format!("it has more than {MOST_FILES} files"));
        }
        let path = path.trim_start_matches("./");
        let skipped = |part: &str| super::super::SKIPPED.contains(&part);
        if path.split('/').any(skipped) {
            return Ok(None);
        }
        if pack::sound(path) {
            return Ok(Some(path.to_owned()));
        }
        Err(format!("`{path}` is no path inside of it"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    /// An archive; a path that ends with `@` is a link to the text.
    fn tar(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut out = tar::Builder::new(Vec::new());
        for (path, text) in entries {
            let mut header = tar::Header::new_ustar();
            header.set_mode(if path.ends_with(".sh") { 0o755 } else { 0o644 });
            let (path, body) = match path.strip_suffix('@') {
                Some(path) => {
                    header.set_entry_type(tar::EntryType::Symlink);
                    header.set_link_name(text).unwrap();
                    (path, "")
                }
                None => (*path, *text),
            };
            // by hand: the builder refuses what an attacker would write
            header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_size(body.len() as u64);
            header.set_cksum();
            out.append(&header, body.as_bytes()).unwrap();
        }
        out.into_inner().unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn zip(path: &str, text: &str) -> Vec<u8> {
        let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
        out.start_file(path, options).unwrap();
        out.write_all(text.as_bytes()).unwrap();
        out.finish().unwrap().into_inner()
    }

    fn of(layers: &[(&[u8], Option<&str>)]) -> Result<Vec<(String, bool, String)>, String> {
        let mut all = Unpacked::default();
        for (bytes, title) in layers {
            all.layer(bytes, *title)?;
        }
        let files = all.finish()?;
        let text = |f: &Filled| String::from_utf8(f.bytes.to_vec()).unwrap();
        let one = |f: &Filled| (f.file.path.to_string(), f.file.executable, text(f));
        Ok(files.iter().map(one).collect())
    }

    #[test]
    fn every_kind_of_archive_gives_the_same_files() {
        let plain = tar(&[
            ("./a/run.sh", "x"),
            ("a/link@", "run.sh"),
            (".git/config", "c"),
        ]);
        let wanted = Ok(vec![
            ("a/link".to_owned(), true, "x".to_owned()),
            ("a/run.sh".to_owned(), true, "x".to_owned()),
        ]);
        assert_eq!(of(&[(&plain, None)]), wanted);
        assert_eq!(of(&[(&gzip(&plain), None)]), wanted);
        let zstd = zstd::encode_all(plain.as_slice(), 1).unwrap();
        assert_eq!(of(&[(&zstd, None)]), wanted);
        let found = of(&[(&zip("a/run.sh", "x"), None)]).unwrap();
        assert_eq!(found, [("a/run.sh".to_owned(), true, "x".to_owned())]);
        let found = of(&[(b"text", Some("notes.md")), (b"{}", None)]).unwrap();
        assert_eq!(found, [("notes.md".to_owned(), false, "text".to_owned())]);
    }

    #[test]
    fn nothing_leads_out() {
        for bad in [
            tar(&[("../x", "")]),
            tar(&[("/etc/x", "")]),
            tar(&[("a/x@", "../../etc/passwd")]),
            zip("../x", ""),
        ] {
            assert!(of(&[(&bad, None)]).is_err());
        }
        assert!(of(&[(b"{}", None)]).unwrap_err().contains("no files"));
        let whole = gzip(&tar(&[("a", &"x".repeat(5000))]));
        assert!(of(&[(&whole[..whole.len() / 2], None)]).is_err());
    }
}
