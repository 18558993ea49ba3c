//! Documents that are open in the editor, and the names of files in the protocol.
use super::positions::{Encoding, Lines};
use lsp_types::{TextDocumentContentChangeEvent, Uri};
use std::{
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::{Path, PathBuf},
    str::FromStr as _,
    sync::Arc,
};

/// An open document.
#[derive(Clone, Debug)]
pub struct OpenDocument {
    /// As the editor names it.
    pub uri: Uri,
    /// Its file, which need not exist.
    pub path: PathBuf,
    /// Counted by the editor.
    pub version: i32,
    /// Its text.
    pub text: Arc<str>,
}

impl OpenDocument {
    /// The same after changes, one after the other.
    pub fn change(&mut self, changes: Vec<TextDocumentContentChangeEvent>, encoding: Encoding) {
        for change in changes {
            let Some(range) = change.range else {
                self.text = change.text.into();
                continue;
            };
            let lines = Lines::of(&self.text, encoding);
            let (a, b) = (lines.byte(range.start), lines.byte(range.end));
            let (start, end) = (a.min(b), a.max(b));
            let mut text = String::with_capacity(self.text.len() + change.text.len());
            text.push_str(&self.text[..start]);
            text.push_str(&change.text);
            text.push_str(&self.text[end..]);
            self.text = text.into();
        }
    }
}

/// The file that a name stands for; `None` when it is not on this machine.
pub fn to_path(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    let (host, path) = rest.split_at(rest.find('/')?);
    if !host.is_empty() && host != "localhost" {
        return None;
    }
    let path = path.split(['?', '#']).next().unwrap_or_default().as_bytes();
    let mut bytes = Vec::with_capacity(path.len());
    let mut at = 0;
    while let Some(byte) = path.get(at) {
        let hex = |i: usize| char::from(*path.get(i)?).to_digit(16);
        match (byte, hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                bytes.push(*byte);
                at += 1;
            }
        }
    }
    Some(PathBuf::from(std::ffi::OsString::from_vec(bytes)))
}

/// The name of a file.
pub fn to_uri(path: &Path) -> Option<Uri> {
    let mut text = String::from("file://");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(*byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    Uri::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lsp_types::{Position, Range};

    #[test]
    fn names_of_files_go_there_and_back() {
        for path in ["/a/b.yaml", "/mit leer/ü😀 [1]%.yaml", "/a:b"] {
            let uri = to_uri(Path::new(path)).unwrap();
            assert_eq!(to_path(&uri).unwrap(), Path::new(path));
        }
        let of = |text: &str| to_path(&Uri::from_str(text).unwrap());
        assert_eq!(of("file://localhost/x").unwrap(), Path::new("/x"));
        for other in ["untitled:1", "https://a/b", "file://host/x", "git:/x"] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn changes_replace_what_they_name() {
        let mut document = OpenDocument {
            uri: to_uri(Path::new("/x")).unwrap(),
            path: PathBuf::from("/x"),
            version: 1,
            text: "a: 😀b\nc: d\n".into(),
        };
        let change =
            |range: Option<(u32, u32, u32, u32)>, text: &str| TextDocumentContentChangeEvent {
                range: range
                    .map(|(a, b, c, d)| Range::new(Position::new(a, b), Position::new(c, d))),
                range_length: None,
                text: text.to_owned(),
            };
        let changes = vec![
            change(Some((0, 5, 0, 6)), "B"),
            change(Some((1, 3, 9, 9)), "e"),
            change(Some((1, 4, 1, 3)), "f"),
        ];
        document.change(changes, Encoding::Utf16);
        assert_eq!(document.text.as_ref(), "a: 😀B\nc: f");
        document.change(vec![change(None, "new")], Encoding::Utf16);
        assert_eq!(document.text.as_ref(), "new");
    }
}
