//! Lines as they come, in pieces.
use super::*;
use crate::redact::Known;
use std::fs;

struct Case {
    dir: tempfile::TempDir,
    output: Output,
    lines: Vec<(bool, String)>,
}

impl Case {
    fn new(channel: Channel, secret: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut known = Known::new();
        known.add(secret.as_bytes());
        let at = |name: &str| dir.path().join(name);
        let output = Output::new(
            &at("out"),
            &at("err"),
            at("attempt/log"),
            channel,
            known.redactor(),
        );
        Self {
            dir,
            output,
            lines: Vec::new(),
        }
    }
    fn write(&mut self, name: &str, text: &[u8]) {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.dir.path().join(name));
        file.unwrap().write_all(text).unwrap();
        let lines = &mut self.lines;
        self.output
            .poll(&mut |l: Line<'_>| lines.push((l.error, l.text.to_owned())))
            .unwrap();
    }
    fn finish(self) -> (Vec<(bool, String)>, String, String) {
        let mut lines = self.lines;
        let tail = self
            .output
            .finish(&mut |l: Line<'_>| lines.push((l.error, l.text.to_owned())))
            .unwrap();
        let log = fs::read_to_string(self.dir.path().join("attempt/log")).unwrap_or_default();
        (lines, tail, log)
    }
}

#[test]
fn lines_are_whole_and_redacted_wherever_the_pieces_end() {
    let mut case = Case::new(Channel::Log, "hunter22");
    case.write("out", b"one\ntw");
    case.write("err", b"warn hun");
    case.write("out", b"o\r\n10%\r50%\r100%\r\n");
    case.write("err", b"ter22\nno end");
    let (lines, tail, log) = case.finish();
    let want = [
        (false, "one"),
        (false, "two"),
        (false, "100%"),
        (true, "warn (secret)"),
        (true, "no end"),
    ];
    let got: Vec<(bool, &str)> = lines.iter().map(|(e, t)| (*e, t.as_str())).collect();
    assert_eq!(got, want);
    assert_eq!(tail, "one\ntwo\n100%\nwarn (secret)\nno end");
    assert_eq!(log, tail + "\n");
}

#[test]
fn an_answer_is_neither_shown_nor_kept() {
    let mut case = Case::new(Channel::Answer(100), "none");
    case.write("out", b"{\"secret\": 1}\n");
    case.write("err", b"note\n");
    let (lines, _, log) = case.finish();
    assert_eq!(lines, [(true, "note".to_owned())]);
    assert_eq!(log, "note\n");
}

#[test]
fn a_long_line_is_cut_and_never_through_a_secret() {
    for before in (LONGEST - 12)..(LONGEST + 4) {
        let mut case = Case::new(Channel::Log, "hunter22-hunter22");
        let mut text = vec![b'x'; before];
        text.extend_from_slice(b"hunter22-hunter22");
        text.extend(vec![b'y'; 3 * LONGEST]);
        text.extend_from_slice(b"\nnext\n");
        case.write("out", &text);
        let (lines, _, log) = case.finish();
        assert!(lines[0].1.len() < LONGEST + 20 && lines[0].1.ends_with("(cut)"));
        assert!(!log.contains("hunter22") && lines[1].1 == "next");
    }
}

#[test]
fn the_tail_is_bounded() {
    let mut case = Case::new(Channel::Log, "none");
    for i in 0..500 {
        case.write("out", format!("line {i}\n").as_bytes());
    }
    let (_, tail, log) = case.finish();
    assert_eq!(tail.lines().count(), TAIL_LINES);
    assert!(tail.ends_with("line 499") && log.lines().count() == 500);
}

#[test]
fn raw_bytes_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    fs::write(&path, b"0123456789").unwrap();
    let read = |channel| raw(&path, channel, "show");
    assert_eq!(read(Channel::Answer(10)).unwrap().unwrap(), b"0123456789");
    assert_eq!(read(Channel::Both(4)).unwrap().unwrap(), b"0123");
    assert!(
        read(Channel::Answer(9))
            .unwrap_err()
            .to_string()
            .contains("`show`")
    );
    assert!(
        raw(&dir.path().join("none"), Channel::Both(1), "x")
            .unwrap()
            .is_none()
    );
}
