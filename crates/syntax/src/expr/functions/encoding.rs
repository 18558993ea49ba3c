//! Functions that write values in other forms.
use super::text::text;
use crate::expr::eval::Wrong;
use sha2::{Digest as _, Sha256};
use strata_core::value::Value;

type Answer = Result<Value, Wrong>;

pub(super) fn json(a: &[Value]) -> Answer {
    Ok(Value::String(a[0].to_json().to_string()))
}
pub(super) fn yaml(a: &[Value]) -> Answer {
    Ok(Value::String(crate::yaml::emit(&a[0])))
}
pub(super) fn sha256(a: &[Value]) -> Answer {
    let digest = Sha256::digest(text(&a[0]).as_bytes());
    Ok(Value::String(
        digest.iter().map(|b| format!("{b:02x}")).collect(),
    ))
}
/// RFC 4648, with padding.
pub(super) fn base64(a: &[Value]) -> Answer {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes = text(&a[0]).as_bytes();
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0u32, |n, b| (n << 8) | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let sextet = (bits >> (18 - 6 * i)) & 63;
            out.push(if i <= chunk.len() {
                char::from(ALPHABET[sextet as usize])
            } else {
                '='
            });
        }
    }
    Ok(Value::String(out))
}
