//! The spellings in which a secret turns up: as it is, line by line, in JSON, in URLs, in base64.
use super::SHORTEST;
use std::collections::BTreeSet;

/// A line of a secret of many lines is hidden from this length on; shorter ones are words like `end`.
const SHORTEST_LINE: usize = 8;
/// Parts of base64 are hidden from this length on.
const SHORTEST_CODE: usize = 6;
/// Where programs break base64 into lines.
const WRAPS: [usize; 2] = [76, 64];

/// Adds every spelling of a secret.
pub(super) fn spellings(secret: &[u8], out: &mut BTreeSet<Vec<u8>>) {
    let lines: Vec<&[u8]> = secret.split(|b| *b == b'\n').collect();
    if lines.len() > 1 {
        for line in lines {
            let line = line.trim_ascii();
            if line.len() >= SHORTEST_LINE {
                one(line, out);
            }
        }
        escaped(secret, out);
    } else {
        one(secret, out);
    }
    coded(secret, out);
}

fn one(secret: &[u8], out: &mut BTreeSet<Vec<u8>>) {
    out.insert(secret.to_vec());
    escaped(secret, out);
}

/// As JSON and as a part of a URL.
fn escaped(secret: &[u8], out: &mut BTreeSet<Vec<u8>>) {
    if let Ok(text) = std::str::from_utf8(secret) {
        let json = serde_json::to_string(text).expect("text serialises");
        let json = &json[1..json.len() - 1];
        add(out, json.as_bytes().to_vec());
        let ascii = ascii_json(json);
        // Go writes <, > and & in JSON like this
        let html = ascii_html(&ascii);
        add(out, ascii_html(json).into_bytes());
        add(out, html.into_bytes());
        add(out, ascii.into_bytes());
    }
    for form in [percent(secret, true), percent(secret, false)] {
        add(out, form.replace("%20", "+").into_bytes());
        add(out, form.into_bytes());
    }
}

fn add(out: &mut BTreeSet<Vec<u8>>, form: Vec<u8>) {
    if form.len() >= SHORTEST {
        out.insert(form);
    }
}

/// JSON with everything beyond ASCII escaped, as Python writes it.
fn ascii_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

fn ascii_html(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

fn percent(secret: &[u8], upper: bool) -> String {
    let mut out = String::with_capacity(secret.len());
    for b in secret {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(*b as char);
            }
            b if upper => out.push_str(&format!("%{b:02X}")),
            b => out.push_str(&format!("%{b:02x}")),
        }
    }
    out
}

/// Base64 of it, wherever it stands in what was coded: three alignments, of each the characters that depend on the
/// secret alone; broken into lines as programs do; in both alphabets.
fn coded(secret: &[u8], out: &mut BTreeSet<Vec<u8>>) {
    let mut forms = Vec::new();
    for skip in 0..3 {
        let mut padded = vec![0; skip];
        padded.extend_from_slice(secret);
        let text = base64(&padded);
        // the first characters hold bits of what stands before, the last ones of what follows
        let from = (skip * 8).div_ceil(6);
        let to = padded.len() * 8 / 6;
        forms.push(text[from..to].to_owned());
    }
    let whole = base64(secret);
    for wrap in WRAPS {
        if whole.len() > wrap {
            let lines = whole.trim_end_matches('=').as_bytes().chunks(wrap);
            forms.extend(lines.map(|l| String::from_utf8_lossy(l).into_owned()));
        }
    }
    for form in forms {
        if form.len() >= SHORTEST_CODE {
            out.insert(form.replace('+', "-").replace('/', "_").into_bytes());
            out.insert(form.into_bytes());
        }
    }
}

/// Standard base64 with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut word = 0u32;
        for i in 0..3 {
            word = word << 8 | u32::from(chunk.get(i).copied().unwrap_or(0));
        }
        for i in 0..4 {
            if i <= chunk.len() {
                out.push(ALPHABET[(word >> (18 - 6 * i) & 63) as usize] as char);
            } else {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_as_everybody_writes_it() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(super::base64(plain.as_bytes()), coded);
        }
    }
}
