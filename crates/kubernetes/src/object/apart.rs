//! Documents that stand one after the other without a mark between them: so `helm show crds` prints files that begin with
//! none.
use std::{borrow::Cow, collections::BTreeSet};

/// The same text with a mark wherever a document begins: where a key of the outermost map stands that was there already.
pub fn apart(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut from = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("---") {
            seen.clear();
        } else if let Some(key) = key(line)
            && !seen.insert(key)
        {
            out.push_str(&text[from..at]);
            out.push_str("---\n");
            from = at;
            seen = BTreeSet::from([key]);
        }
        at += line.len();
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

/// The key of the outermost map that a line begins with.
fn key(line: &str) -> Option<&str> {
    let (key, rest) = line.split_once(':')?;
    let plain = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric());
    (plain && rest.starts_with([' ', '\n', '\r'])).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_begins_where_a_key_stands_again() {
        let one = "apiVersion: v1\nkind: A\nspec:\n  kind: inner\n";
        let two = "# about it\napiVersion: v1\nkind: B\n";
        assert_eq!(
            apart(&format!("{one}{two}")),
            format!(
                "{one}# about it\n---\n{}",
                two.trim_start_matches("# about it\n")
            )
        );
    }

    #[test]
    fn what_has_its_marks_stays_as_it_is() {
        let text = "---\napiVersion: v1\nkind: A\n---\napiVersion: v1\nkind: B\ndata: {a: b}\n";
        assert!(matches!(apart(text), Cow::Borrowed(same) if same == text));
    }
}
