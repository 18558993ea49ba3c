//! `logging.masks`: what must not be seen in a log.
use strata_core::diagnostic::Diagnostic;
use strata_syntax::node::Node;

/// What is looked for in every line, and what stands there instead, in order.
#[derive(Clone, Debug, Default)]
pub struct Masks(Vec<(regex::Regex, String)>);

impl Masks {
    /// From the list; one that cannot be read is an error, never left out.
    pub fn read<'a>(
        items: impl IntoIterator<Item = &'a Node>,
        problems: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut out = Vec::new();
        for item in items {
            let text = |key: &str| item.get(key).and_then(Node::as_str);
            let Some(search) = text("search") else {
                problems.push(
                    Diagnostic::error("bitops::mask", "a mask needs `search`")
                        .at(item.location())
                        .help("write `{search: REGULAR-EXPRESSION, replace: TEXT}`"),
                );
                continue;
            };
            match regex::Regex::new(search) {
                Ok(regex) => out.push((regex, replacement(text("replace").unwrap_or("")))),
                Err(_) => problems.push(
                    Diagnostic::error("bitops::mask", format!("`{search}` is no regular expression that strata can use"))
                        .at(item.location())
                        .help("look-around and back-references inside of the expression are not known: spell it without"),
                ),
            }
        }
        Self(out)
    }
    /// A line as it may be seen.
    pub fn apply(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for (search, replace) in &self.0 {
            if let std::borrow::Cow::Owned(masked) = search.replace_all(&line, replace.as_str()) {
                line = masked;
            }
        }
        line
    }
}

/// Python's `\1` and `\g<name>` as this regular expressions spell it.
fn replacement(python: &str) -> String {
    let mut out = String::new();
    let mut rest = python.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek().copied()) {
            ('$', _) => out.push_str("$$"),
            ('\\', Some(d)) if d.is_ascii_digit() => {
                out.push_str("${");
                while let Some(d) = rest.next_if(char::is_ascii_digit) {
                    out.push(d);
                }
                out.push('}');
            }
            ('\\', Some('g')) => {
                rest.next();
                let name: String = rest
                    .by_ref()
                    .skip_while(|c| *c == '<')
                    .take_while(|c| *c != '>')
                    .collect();
                out.push_str(&format!("${{{name}}}"));
            }
            ('\\', Some('\\')) => {
                rest.next();
                out.push('\\');
            }
            (c, _) => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_syntax::yaml;

    #[test]
    fn lines_are_masked_in_order_with_pythons_groups() {
        let text =
            r"[{search: '(token=)\S+', replace: '\1***'}, {search: 'secret', replace: '$5'}]";
        let (node, _) = yaml::parse(&"f".into(), text);
        let mut problems = Vec::new();
        let masks = Masks::read(
            node.as_ref().and_then(Node::as_list).into_iter().flatten(),
            &mut problems,
        );
        assert!(problems.is_empty());
        assert_eq!(masks.apply("a token=abc secret"), "a token=*** $5");
    }

    #[test]
    fn a_mask_that_cannot_be_used_is_an_error() {
        let (node, _) = yaml::parse(&"f".into(), "[{search: '(?<=x)y'}, {replace: z}]");
        let mut problems = Vec::new();
        Masks::read(
            node.as_ref().and_then(Node::as_list).into_iter().flatten(),
            &mut problems,
        );
        assert_eq!(problems.len(), 2);
        assert!(problems.iter().all(Diagnostic::is_error));
    }
}
