//! What a tool prints: read from the files it writes to (a pipe would stay open as long as anything it left behind
//! lives), line by line, redacted, to whoever watches and into the log of the attempt.
use crate::redact::Redactor;
use std::{
    collections::VecDeque,
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use strata_core::{
    engine::Channel,
    executor::{ExecutorError, Line},
};

/// A line is shown up to so many bytes; the rest of it is left out.
const LONGEST: usize = 64 << 10;
/// Most lines of the tail.
const TAIL_LINES: usize = 200;
/// Most bytes of the tail.
const TAIL_BYTES: usize = 32 << 10;
/// How much is read at once.
const PIECE: usize = 64 << 10;

/// Both outputs of one invocation.
pub(super) struct Output {
    out: Option<Stream>,
    err: Stream,
    sink: Sink,
    piece: Vec<u8>,
}

/// Where lines go.
struct Sink {
    redactor: Redactor,
    log: Log,
    tail: VecDeque<String>,
    tail_bytes: usize,
}

impl Output {
    /// Follows both files, which need not be there yet. `log` is appended to when there is something to say.
    pub fn new(out: &Path, err: &Path, log: PathBuf, channel: Channel, redactor: Redactor) -> Self {
        let shown = !matches!(channel, Channel::Answer(_));
        Self {
            out: shown.then(|| Stream::new(out, false)),
            err: Stream::new(err, true),
            sink: Sink {
                redactor,
                log: Log::new(log),
                tail: VecDeque::new(),
                tail_bytes: 0,
            },
            piece: vec![0; PIECE],
        }
    }
    /// Passes on every line that is complete. True when there was something new.
    pub fn poll(&mut self, line: &mut dyn FnMut(Line<'_>)) -> io::Result<bool> {
        let mut new = false;
        for stream in self.out.iter_mut().chain([&mut self.err]) {
            new |= stream.poll(&mut self.piece, &mut self.sink, line)?;
        }
        let _ = self.sink.log.flush();
        Ok(new)
    }
    /// The tool has ended: passes on the rest and gives the last lines.
    pub fn finish(mut self, line: &mut dyn FnMut(Line<'_>)) -> io::Result<String> {
        self.poll(line)?;
        for stream in self.out.iter_mut().chain([&mut self.err]) {
            stream.end(&mut self.sink, line);
        }
        Ok(self.sink.finish())
    }
}

/// One file that grows.
struct Stream {
    path: PathBuf,
    file: Option<File>,
    at: u64,
    line: Vec<u8>,
    error: bool,
}

impl Stream {
    fn new(path: &Path, error: bool) -> Self {
        Self {
            path: path.to_owned(),
            file: None,
            at: 0,
            line: Vec::new(),
            error,
        }
    }
    fn poll(
        &mut self,
        piece: &mut [u8],
        sink: &mut Sink,
        line: &mut dyn FnMut(Line<'_>),
    ) -> io::Result<bool> {
        if self.file.is_none() {
            match File::open(&self.path) {
                Ok(file) => self.file = Some(file),
                Err(e) if e.kind() == ErrorKind::NotFound => return Ok(false),
                Err(e) => return Err(e),
            }
        }
        let mut new = false;
        while let Some(file) = &self.file {
            let n = match file.read_at(piece, self.at) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            self.at += n as u64;
            new = true;
            self.take(&piece[..n], sink, line);
        }
        Ok(new)
    }
    fn take(&mut self, bytes: &[u8], sink: &mut Sink, line: &mut dyn FnMut(Line<'_>)) {
        // looks so far beyond the cut that no secret is cut
        let most = LONGEST + sink.redactor.longest().max(1);
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            let (text, ended) = match part.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (part, false),
            };
            let room = most.saturating_sub(self.line.len());
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            if ended {
                self.end_line(sink, line);
            }
        }
    }
    fn end_line(&mut self, sink: &mut Sink, line: &mut dyn FnMut(Line<'_>)) {
        sink.line(&self.line, self.error, line);
        self.line.clear();
    }
    /// A last line without an end.
    fn end(&mut self, sink: &mut Sink, line: &mut dyn FnMut(Line<'_>)) {
        if !self.line.is_empty() {
            self.end_line(sink, line);
        }
    }
}

impl Sink {
    fn line(&mut self, bytes: &[u8], error: bool, line: &mut dyn FnMut(Line<'_>)) {
        let text = self.redactor.text(bytes);
        // progress bars write over their own line: the last state counts
        let text = text.trim_end_matches('\r');
        let text = text.rsplit('\r').next().unwrap_or_default();
        let mut text = self.redactor.line(text).into_owned();
        if text.len() > LONGEST {
            let mut cut = LONGEST;
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            text.truncate(cut);
            text.push_str(" … (cut)");
        }
        self.log.add(&text);
        line(Line { error, text: &text });
        self.remember(text);
    }
    fn remember(&mut self, text: String) {
        self.tail_bytes += text.len() + 1;
        self.tail.push_back(text);
        while self.tail.len() > TAIL_LINES || (self.tail_bytes > TAIL_BYTES && self.tail.len() > 1)
        {
            let gone = self.tail.pop_front().map_or(0, |t| t.len() + 1);
            self.tail_bytes -= gone;
        }
    }
    fn finish(mut self) -> String {
        if let Some(problem) = self.log.flush() {
            self.remember(problem);
        }
        self.tail.make_contiguous().join("\n")
    }
}

/// The log of an attempt. That it cannot be written must not end a tool that is at work: it is said at the end.
struct Log {
    path: PathBuf,
    file: Option<File>,
    waiting: Vec<u8>,
    problem: Option<io::Error>,
}

impl Log {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            waiting: Vec::new(),
            problem: None,
        }
    }
    fn add(&mut self, text: &str) {
        self.waiting.extend_from_slice(text.as_bytes());
        self.waiting.push(b'\n');
        if self.waiting.len() > PIECE {
            let _ = self.flush();
        }
    }
    fn flush(&mut self) -> Option<String> {
        if !self.waiting.is_empty()
            && self.problem.is_none()
            && let Err(e) = self.write()
        {
            self.problem = Some(e);
        }
        self.waiting.clear();
        let problem = self.problem.as_ref()?;
        Some(format!(
            "(the log {} cannot be written: {problem})",
            self.path.display()
        ))
    }
    fn write(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            if let Some(folder) = self.path.parent() {
                crate::durable::folder(folder)?;
            }
            let log = OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&self.path)?;
            self.file = Some(log);
        }
        match &mut self.file {
            Some(file) => file.write_all(&self.waiting),
            None => Ok(()),
        }
    }
}

/// The raw bytes that the engine gets. `None` when the file is gone.
pub(super) fn raw(
    path: &Path,
    channel: Channel,
    label: &str,
) -> Result<Option<Vec<u8>>, ExecutorError> {
    use std::io::Read;
    let most = match channel {
        Channel::Log => return Ok(Some(Vec::new())),
        Channel::Answer(most) | Channel::Both(most) => most,
    };
    let io = |e| ExecutorError::io(format!("read {}", path.display()))(e);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io(e)),
    };
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if bytes.len() as u64 > most {
        if matches!(channel, Channel::Answer(_)) {
            let said =
                format!("`{label}` printed more than {most} bytes, which is not a usable answer");
            return Err(ExecutorError::Other(said));
        }
        bytes.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests;
