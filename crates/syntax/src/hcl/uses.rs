//! What the expressions of an HCL text look at besides variables: files, the workspace, the clock, commands.
use super::scan::{Kind, Scanner, Token};
use std::collections::BTreeSet;
use strata_core::span::Span;

/// Functions whose first argument is a file or a folder.
const READERS: &[&str] = &[
    "file",
    "filebase64",
    "filebase64sha256",
    "filebase64sha512",
    "fileexists",
    "filemd5",
    "fileset",
    "filesha1",
    "filesha256",
    "filesha512",
    "templatefile",
];
/// Functions whose results no file tells.
const CHANGING: &[&str] = &[
    "abspath",
    "bcrypt",
    "pathexpand",
    "plantimestamp",
    "timestamp",
    "uuid",
];

/// What an HCL text looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// Files and folders that are read, as they are written; relative to the folder of the text unless `from_root`.
    pub files: BTreeSet<UsedFile>,
    /// Calls that read a file whose path has to be computed, such as `file(var.path)`, and absolute paths.
    pub computed: BTreeSet<String>,
    /// Calls whose result changes though no file does, such as `timestamp()`.
    pub changing: BTreeSet<String>,
    /// A `local-exec` or `remote-exec` provisioner.
    pub provisioners: BTreeSet<String>,
    /// `terraform.workspace`
    pub workspace: bool,
    /// `path.cwd`
    pub working_directory: bool,
}

/// A file or folder that a function reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsedFile {
    /// The path as it is written, without `${path.module}/` and `${path.root}/`.
    pub path: String,
    /// Is it relative to the root module (`path.root`, or no base at all)?
    pub from_root: bool,
    /// The function that reads it.
    pub function: String,
    /// Where the path stands, in bytes of the text.
    pub span: Span,
    /// May the call go wrong or be passed over: in `try`, `can`, or a conditional?
    pub guarded: bool,
    /// The pattern of a `fileset`, where it is a plain text.
    pub pattern: Option<String>,
}

/// What the expressions of a text look at. Comments and the text in quotes don't count.
pub fn uses(text: &str) -> Uses {
    let tokens: Vec<Token> = Scanner::new(text)
        .filter(|t| t.kind != Kind::Newline)
        .collect();
    let mut out = Uses::default();
    uses_of(text, &tokens, &mut out);
    out
}

/// The same of tokens without line ends.
pub(crate) fn uses_of(text: &str, tokens: &[Token], out: &mut Uses) {
    for (i, token) in tokens.iter().enumerate() {
        if token.kind != Kind::Word {
            continue;
        }
        let word = &text[token.range.clone()];
        let next = |n: usize| tokens.get(i + n);
        let before_is_dot = i > 0 && tokens[i - 1].kind == Kind::Mark(b'.');
        let called = next(1).is_some_and(|t| t.kind == Kind::Mark(b'('));
        if called && !before_is_dot && READERS.contains(&word) {
            reader(text, word, tokens, i, out);
        } else if called && !before_is_dot && CHANGING.contains(&word) {
            out.changing.insert(format!("{word}()"));
        } else if matches!(word, "terraform" | "path") && !before_is_dot {
            let dot = next(1).is_some_and(|t| t.kind == Kind::Mark(b'.'));
            let field = next(2)
                .filter(|t| dot && t.kind == Kind::Word)
                .map(|t| &text[t.range.clone()]);
            out.workspace |= word == "terraform" && field == Some("workspace");
            out.working_directory |= word == "path" && field == Some("cwd");
        } else if word == "provisioner"
            && let (Some(open), Some(name)) = (next(1), next(2))
            && (&open.kind, &name.kind) == (&Kind::TextOpen, &Kind::Literal)
        {
            out.provisioners.insert(text[name.range.clone()].to_owned());
        }
    }
}

/// The first argument of a call, which stands at `call`, that reads a file.
fn reader(text: &str, function: &str, tokens: &[Token], call: usize, out: &mut Uses) {
    let arguments = tokens.get(call + 2..).unwrap_or_default();
    let argument = match arguments.first().map(|t| &t.kind) {
        // `fileset(path.module, "*.yaml")`
        Some(Kind::Word) => {
            let base = path_base(text, arguments);
            let ends = arguments
                .get(3)
                .is_some_and(|t| matches!(t.kind, Kind::Mark(b',' | b')')));
            base.filter(|_| ends)
                .map(|from_root| (String::new(), from_root))
        }
        Some(Kind::TextOpen) => path_text(text, &arguments[1..]),
        _ => None,
    };
    match argument {
        Some((path, from_root)) if !path.starts_with(['/', '~']) => {
            let start = arguments.first().map_or(0, |t| t.range.start);
            out.files.insert(UsedFile {
                path,
                from_root,
                function: function.to_owned(),
                span: Span::new(start as u32, end_of(arguments) as u32),
                guarded: guarded(text, tokens, call),
                pattern: (function == "fileset")
                    .then(|| second_text(text, arguments))
                    .flatten(),
            });
        }
        Some((path, _)) => {
            out.computed.insert(format!("{function}(\"{path}\")"));
        }
        None => {
            out.computed.insert(format!("{function}(…)"));
        }
    }
}

/// A path in quotes: literal, or `${path.module}/` and a literal.
fn path_text(text: &str, tokens: &[Token]) -> Option<(String, bool)> {
    let mut tokens = tokens;
    let (mut from_root, mut based) = (true, false);
    if tokens.first()?.kind == Kind::InsertOpen {
        tokens = tokens.get(1..)?;
        from_root = path_base(text, tokens)?;
        if tokens.get(3)?.kind != Kind::InsertClose {
            return None;
        }
        tokens = tokens.get(4..)?;
        based = true;
    }
    match tokens {
        [
            Token {
                kind: Kind::TextClose,
                ..
            },
            ..,
        ] => Some((String::new(), from_root)),
        [
            literal,
            Token {
                kind: Kind::TextClose,
                ..
            },
            ..,
        ] if literal.kind == Kind::Literal => {
            let path = &text[literal.range.clone()];
            // after a base, the slash belongs to it
            let path = if based {
                path.trim_start_matches('/')
            } else {
                path
            };
            Some((path.to_owned(), from_root))
        }
        _ => None,
    }
}

/// `path.module` is the folder of the text, `path.root` that of the root module; the rest is unknown.
fn path_base(text: &str, tokens: &[Token]) -> Option<bool> {
    let word = |i: usize| {
        tokens
            .get(i)
            .filter(|t| t.kind == Kind::Word)
            .map(|t| &text[t.range.clone()])
    };
    match (word(0), tokens.get(1).map(|t| &t.kind), word(2)) {
        (Some("path"), Some(Kind::Mark(b'.')), Some("module")) => Some(false),
        (Some("path"), Some(Kind::Mark(b'.')), Some("root")) => Some(true),
        _ => None,
    }
}

/// Where the first argument ends.
fn end_of(arguments: &[Token]) -> usize {
    let last = arguments.get(last_of(arguments)).or(arguments.first());
    last.map_or(0, |t| t.range.end)
}

/// The last token of the first argument: a text in quotes or `path.module`.
fn last_of(arguments: &[Token]) -> usize {
    let Some(first) = arguments.first() else {
        return 0;
    };
    let closes = |t: &Token| t.kind == Kind::TextClose && t.depth == first.depth + 1;
    match first.kind {
        Kind::TextOpen => arguments.iter().position(closes).unwrap_or(0),
        _ => 2,
    }
}

/// The second argument, where it is the last one and a text without insertions and escapes.
fn second_text(text: &str, arguments: &[Token]) -> Option<String> {
    let [comma, open, said, close, end, ..] = arguments.get(last_of(arguments) + 1..)? else {
        return None;
    };
    let kinds = [&comma.kind, &open.kind, &said.kind, &close.kind, &end.kind];
    let plain = [
        &Kind::Mark(b','),
        &Kind::TextOpen,
        &Kind::Literal,
        &Kind::TextClose,
        &Kind::Mark(b')'),
    ];
    let said = &text[said.range.clone()];
    (kinds == plain && !said.contains(['\\', '$', '%'])).then(|| said.to_owned())
}

/// Tokens before something that are looked through for what stands around it.
const FAR: usize = 2000;

/// Does a `try`, a `can` or a conditional stand around a token? Looked for outwards, up to the block that it is in.
/// When that is too far away, it may.
pub(crate) fn guarded(text: &str, tokens: &[Token], call: usize) -> bool {
    let mut closed = 0_u32;
    // past the beginning of a statement, nothing on its level belongs to it
    let mut past = false;
    for i in (0..call).rev() {
        if call - i > FAR {
            return true;
        }
        let before = i.checked_sub(1).and_then(|b| tokens.get(b));
        match tokens[i].kind {
            Kind::Mark(b')' | b']' | b'}') | Kind::InsertClose | Kind::TextClose => closed += 1,
            Kind::Mark(b'(' | b'[' | b'{') | Kind::InsertOpen | Kind::TextOpen if closed > 0 => {
                closed -= 1;
            }
            Kind::Mark(open @ (b'(' | b'{')) => {
                past = false;
                let name = before
                    .filter(|t| t.kind == Kind::Word)
                    .map(|t| &text[t.range.clone()]);
                if open == b'(' && matches!(name, Some("try" | "can")) {
                    return true;
                }
                let block = before.is_some_and(|t| matches!(t.kind, Kind::Word | Kind::TextClose));
                if open == b'{' && block {
                    return false;
                }
            }
            Kind::Mark(b'[') | Kind::InsertOpen | Kind::TextOpen => past = false,
            Kind::Mark(b'?') if closed == 0 && !past => return true,
            Kind::Mark(b'=') if closed == 0 => {
                let starts = match (before, i.checked_sub(2).and_then(|b| tokens.get(b))) {
                    (Some(name), Some(last)) => {
                        name.kind == Kind::Word
                            && text[last.range.end..name.range.start].contains('\n')
                    }
                    (Some(name), None) => name.kind == Kind::Word,
                    _ => false,
                };
                past |= starts;
            }
            _ => {}
        }
    }
    false
}
