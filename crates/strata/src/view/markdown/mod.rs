//! Markdown for a comment. Text of files and tools is shown as it is: none of it becomes markup, a link or a mention.
pub mod check;
pub mod plan;

use super::shown::clean;

/// A comment has no more characters than this; bytes are counted, to be on the safe side.
pub const LIMIT: usize = 60_000;

/// Text that stands for itself, in a line or the cell of a table.
pub fn text(text: &str) -> String {
    let mut out = String::new();
    let clean = clean(text);
    let mut chars = clean.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            // `https://` and `www.` make links
            '/' if next == '/' => out.push_str("\\/"),
            '.' if before == 'w' => out.push_str("\\."),
            // `@name`, `#1` and `!1` call somebody or something; a joiner that nobody sees stands between
            '@' | '#' | '!' if next.is_alphanumeric() => {
                out.push('\\');
                out.push(c);
                out.push('\u{2060}');
            }
            '#' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
        before = c;
    }
    out
}

/// Text in which `names` stand in the type of code, as in our messages.
pub fn prose(said: &str) -> String {
    let parts: Vec<&str> = said.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return text(said);
    }
    let shown = parts.iter().enumerate().map(|(i, part)| match i % 2 {
        1 if !part.is_empty() => code(part),
        1 => text("``"),
        _ => text(part),
    });
    shown.collect()
}

/// Text in the type of code, in a line or the cell of a table.
pub fn code(text: &str) -> String {
    let text = clean(text).replace('|', "\\|");
    let fence = "`".repeat(longest_run(&text) + 1);
    let space = if text.is_empty() || text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{space}{text}{space}{fence}")
}

/// A block of lines that cannot be left from inside.
pub fn block(kind: &str, lines: &[String]) -> String {
    let longest = lines.iter().map(|l| longest_run(l)).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let mut out = format!("{fence}{kind}\n");
    for line in lines {
        out.push_str(&clean(line));
        out.push('\n');
    }
    out.push_str(&fence);
    out.push('\n');
    out
}

/// Text inside of HTML.
pub fn html(text: &str) -> String {
    clean(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_no_markup() {
        assert_eq!(text("<b>a</b> & c"), "&lt;b&gt;a&lt;/b&gt; &amp; c");
        assert_eq!(text("[x](https://y)"), "\\[x\\](https:\\//y)");
        assert_eq!(text("www.x dev/a.b"), "www\\.x dev/a.b");
        assert_eq!(text("a|b\n`c`"), "a\\|b \\`c\\`");
        assert_eq!(text("@all #1"), "\\@\u{2060}all \\#\u{2060}1");
    }

    #[test]
    fn names_in_a_message_are_code() {
        assert_eq!(prose("no key `a|b` in *x*"), "no key `a\\|b` in \\*x\\*");
        assert_eq!(prose("one ` alone"), "one \\` alone");
    }

    #[test]
    fn code_and_blocks_cannot_be_left() {
        assert_eq!(code("a`b|c"), "``a`b\\|c``");
        assert_eq!(code("`"), "`` ` ``");
        let inside = block("diff", &["```".to_owned(), "````x".to_owned()]);
        assert_eq!(inside, "`````diff\n```\n````x\n`````\n");
    }
}
