//! Self-contained pages: one file, nothing loaded from elsewhere, all of it readable without JavaScript.
//!
//! A page is well-formed XML too, so that a test can read it strictly. A policy inside of it forbids every script but
//! ours, named by its digest: should text of a tool ever get through as markup, it still runs nothing.
pub mod gantt;
pub mod graph;
pub mod plan;
pub mod run;

use super::shown::clean;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// SHA-256 of [`SCRIPT`] as a content security policy spells it; a test compares.
const SCRIPT_DIGEST: &str = "sha256-XWeSO30mQ80h4H7po50bvoMTbC2j00/lVHBjCAzmpbE=";

/// A whole page.
pub fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\" />
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src '{SCRIPT_DIGEST}'; base-uri 'none'; form-action 'none'\" />
<title>{title}</title>
<style>
{STYLE}</style>
</head>
<body>
{body}<script>{SCRIPT}</script>
</body>
</html>
"
    )
}

/// Text between tags and in attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // these may not stand in XML
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// In the type of code.
pub fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

/// Lines as they are.
pub fn pre<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let lines: Vec<String> = lines.into_iter().map(escape).collect();
    format!("<pre>{}</pre>", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::Digest as _;

    fn base64(bytes: &[u8]) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut out = String::new();
        for three in bytes.chunks(3) {
            let mut n = [0; 3];
            n[..three.len()].copy_from_slice(three);
            let n = u32::from_be_bytes([0, n[0], n[1], n[2]]);
            for i in 0..4 {
                if i <= three.len() {
                    out.push(LETTERS[(n >> (18 - 6 * i) & 63) as usize] as char);
                } else {
                    out.push('=');
                }
            }
        }
        out
    }

    #[test]
    fn the_policy_names_our_script() {
        let digest = base64(&sha2::Sha256::digest(SCRIPT.as_bytes()));
        assert_eq!(SCRIPT_DIGEST, format!("sha256-{digest}"));
    }

    #[test]
    fn script_and_style_may_stand_in_xml() {
        for text in [SCRIPT, STYLE] {
            assert!(!text.contains(['<', '&']) && !text.contains("//"));
        }
    }

    #[test]
    fn text_never_becomes_a_tag() {
        assert_eq!(
            escape("<script>alert('1')</script>&\u{0}"),
            "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;\u{fffd}"
        );
    }
}
