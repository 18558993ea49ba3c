//! Which `[` or `{` of a file is not closed.

/// The last one that is open at the end of the text, with its byte. Quoted texts and comments are passed over.
pub(super) fn open(text: &str) -> Option<(u32, char)> {
    let mut open: Vec<(u32, char)> = Vec::new();
    let mut quote: Option<char> = None;
    let mut comment = false;
    let mut before = '\n';
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (_, '\n') => comment = false,
            _ if comment => {}
            (Some(q), c) if c == q && !(q == '"' && before == '\\') => quote = None,
            (Some(_), _) => {}
            (None, '#') if before.is_whitespace() => comment = true,
            (None, '\'' | '"') if before.is_whitespace() || "[{,:".contains(before) => {
                quote = Some(c);
            }
            (None, '[' | '{') => open.push((at as u32, c)),
            (None, ']' | '}') => drop(open.pop()),
            _ => {}
        }
        before = c;
    }
    open.pop()
}

#[cfg(test)]
mod tests {
    use super::open;

    #[test]
    fn the_last_that_is_open_is_found() {
        assert_eq!(open("a: [1, {b: 2}\n"), Some((3, '[')));
        assert_eq!(open("a: ['[', \"{\"] # {\n"), None);
        assert_eq!(open("a: {b: [c\n"), Some((7, '[')));
        assert_eq!(open("a: it's [\n"), Some((8, '[')));
    }
}
