//! What a chart's templates look at: `.Values`, `.Files`, named templates. Only words are read, nothing is evaluated.
use crate::{kept, node::Origin};
use serde::{Deserialize, Serialize};
use strata_core::{
    span::Span,
    tree::{Tree, TreeError},
};

/// One file of templates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Template {
    pub values: Vec<Use>,
    /// Names given to `.Files.Get` and its like, outside of named templates.
    pub files: Vec<(String, Span)>,
    /// Names of templates that it defines.
    pub defines: Vec<(String, Span)>,
    /// Names of templates that it takes in.
    pub includes: Vec<(String, Span)>,
}

/// A look at `.Values`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Use {
    pub path: Vec<String>,
    pub span: Span,
    /// `required` is asked for it.
    pub required: bool,
    /// No condition, loop or definition stands around it.
    pub always: bool,
}

impl kept::Placed for Template {
    fn place(&mut self, _: &Origin) {}
}

/// Reads a file of templates.
pub(super) fn read(tree: &dyn Tree, path: &str) -> Result<Template, TreeError> {
    kept::parsed(tree, path, "helm template 1", |_, text| scan(text))
}

#[derive(Clone, Copy, PartialEq)]
enum Opener {
    /// The dot stays what it is.
    Same,
    /// The dot is something else inside.
    Dot,
    Define,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'t> {
    Word(&'t str, Span),
    Text(&'t str, Span),
    Pipe,
    Other,
}

fn scan(text: &str) -> Template {
    let mut out = Template::default();
    let mut open: Vec<Opener> = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("{{") {
        let start = at + found + 2;
        let inner = text[start..].trim_start_matches(['-', ' ', '\t', '\r', '\n']);
        if inner.starts_with("/*") {
            at = match inner.find("*/") {
                Some(end) => text.len() - inner.len() + end + 2,
                None => text.len(),
            };
            continue;
        }
        let (tokens, end) = tokens(text, start);
        action(&tokens, &mut open, &mut out);
        at = end;
    }
    out
}

/// The words of an action, and where it ends.
fn tokens(text: &str, start: usize) -> (Vec<Token<'_>>, usize) {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b'}' if bytes.get(at + 1) == Some(&b'}') => return (out, at + 2),
            quote @ (b'"' | b'`' | b'\'') => {
                let from = at + 1;
                at = from;
                while at < bytes.len() && bytes[at] != quote {
                    at += if bytes[at] == b'\\' && quote != b'`' {
                        2
                    } else {
                        1
                    };
                }
                let to = at.min(bytes.len());
                if let Some(inner) = text.get(from..to) {
                    out.push(Token::Text(inner, Span::new(from as u32, to as u32)));
                }
                at = to + 1;
            }
            b'|' => {
                out.push(Token::Pipe);
                at += 1;
            }
            b if b.is_ascii_whitespace() => at += 1,
            b'(' | b')' | b',' | b'}' => {
                out.push(Token::Other);
                at += 1;
            }
            _ => {
                let rest = &text[at..];
                let end = |c: char| c.is_whitespace() || "()|,\"`'}".contains(c);
                let len = match rest.find(end) {
                    // a blank that is no ASCII
                    Some(0) => rest.chars().next().map_or(1, char::len_utf8),
                    Some(len) => len,
                    None => rest.len(),
                };
                let span = Span::new(at as u32, (at + len) as u32);
                out.push(Token::Word(&rest[..len], span));
                at += len;
            }
        }
    }
    (out, bytes.len())
}

fn action(tokens: &[Token<'_>], open: &mut Vec<Opener>, out: &mut Template) {
    let words: Vec<&str> = tokens
        .iter()
        .filter_map(|t| match t {
            Token::Word(w, _) if *w != "-" => Some(*w),
            _ => None,
        })
        .collect();
    let first = words.first().map_or("", |w| w.trim_start_matches('-'));
    // `or` and `and` stop at the first part that decides
    let all = !words.iter().any(|w| matches!(*w, "or" | "and"));
    let always = all && open.is_empty();
    let dotted = open.contains(&Opener::Dot);
    let defined = open.contains(&Opener::Define);
    for (i, token) in tokens.iter().enumerate() {
        let Token::Word(word, span) = *token else {
            continue;
        };
        let before = |n: usize| i.checked_sub(n).and_then(|i| tokens.get(i));
        let is =
            |t: Option<&Token<'_>>, name: &str| matches!(t, Some(Token::Word(w, _)) if *w == name);
        match word {
            "define" | "block" | "template" | "include" => {
                let Some(Token::Text(name, at)) = tokens.get(i + 1) else {
                    continue;
                };
                let list = if matches!(word, "define" | "block") {
                    &mut out.defines
                } else {
                    &mut out.includes
                };
                list.push(((*name).to_owned(), *at));
                continue;
            }
            ".Files.Get" | "$.Files.Get" | ".Files.GetBytes" | "$.Files.GetBytes"
            | ".Files.Lines" | "$.Files.Lines" => {
                if let (Some(Token::Text(name, at)), false) = (tokens.get(i + 1), defined) {
                    out.files.push(((*name).to_owned(), *at));
                }
                continue;
            }
            _ => {}
        }
        let (root, rest) = match (word.strip_prefix("$.Values"), word.strip_prefix(".Values")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (!dotted, rest),
            _ => continue,
        };
        if !root || !(rest.is_empty() || rest.starts_with('.')) {
            continue;
        }
        let mut path: Vec<String> = rest
            .split('.')
            .filter(|p| !p.is_empty())
            .map(str::to_owned)
            .collect();
        if is(before(1), "index") {
            let named = tokens[i + 1..].iter().map_while(|t| match t {
                Token::Text(text, _) => Some((*text).to_owned()),
                _ => None,
            });
            path.extend(named);
        }
        if path.is_empty() {
            continue;
        }
        let asked = is(before(2), "required") && matches!(before(1), Some(Token::Text(..)));
        let piped = tokens.get(i + 1) == Some(&Token::Pipe) && is(tokens.get(i + 2), "required");
        out.values.push(Use {
            path,
            span,
            required: asked || piped,
            always,
        });
    }
    match first {
        "if" => open.push(Opener::Same),
        "with" | "range" => open.push(Opener::Dot),
        "define" | "block" => open.push(Opener::Define),
        "end" => drop(open.pop()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_are_found_where_they_are_meant() {
        let text = r#"{{- /* .Values.comment */ -}}
a: {{ .Values.image.tag | default .Chart.AppVersion }}
b: {{ required "needs }} a \"host\"" .Values.host }}
c: {{ .Values.token | required "token" | quote }}
{{- if .Values.on }}
d: {{ required "m" .Values.inner }}
{{- end }}
{{- range .Values.list }}
e: {{ .Values.notroot }}{{ $.Values.root }}
{{- end }}
f: {{ index .Values "odd-name" "x" }}
g: {{ or .Values.a (required "m" .Values.b) }}
h: {{ .Files.Get "conf/a.ini" }}{{ include "c.name" . }}{{ "text .Values.no" }}
{{ define "c.name" }}{{ .Values.n }}{{ .Files.Get "other" }}{{ end }}"#;
        let t = scan(text);
        let shown: Vec<String> = t
            .values
            .iter()
            .map(|u| {
                let mark = match (u.required, u.always) {
                    (true, true) => "!!",
                    (true, false) => "!",
                    _ => "",
                };
                format!("{}{mark}", u.path.join("."))
            })
            .collect();
        assert_eq!(
            shown,
            [
                "image.tag",
                "host!!",
                "token!!",
                "on",
                "inner!",
                "list",
                "root",
                "odd-name.x",
                "a",
                "b!",
                "n"
            ]
        );
        let host = &t.values[1].span;
        assert_eq!(
            &text[host.start as usize..host.end as usize],
            ".Values.host"
        );
        assert_eq!(t.files[0].0, "conf/a.ini");
        assert_eq!(
            (t.files.len(), t.defines.len(), t.includes.len()),
            (1, 1, 1)
        );
    }
}
