//! Digests of content (BLAKE3, 32 bytes, shown as hexadecimal).
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// The value of each hexadecimal digit, and more than any for everything else.
const NIBBLES: [u8; 256] = {
    let mut values = [0xff; 256];
    let mut digit = 0;
    while digit < 16 {
        values[b"0123456789abcdef"[digit] as usize] = digit as u8;
        values[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
};

/// The digest of some content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
    /// Of bytes under a key: equal only for who knows the key, so a low-entropy secret can't be guessed from it.
    pub fn keyed(key: &[u8; 32], bytes: &[u8]) -> Self {
        Self(*blake3::keyed_hash(key, bytes).as_bytes())
    }
    /// Of something that serialises: its canonical JSON (maps are sorted by type).
    pub fn of_json(value: &impl Serialize) -> Self {
        let mut pieces = Pieces::default();
        serde_json::to_writer(&mut pieces, value).expect("plain data serialises");
        pieces.finish()
    }
    /// From its hexadecimal form.
    pub fn parse(text: &str) -> Option<Self> {
        let text: &[u8; 64] = text.as_bytes().try_into().ok()?;
        let (mut bytes, mut all) = ([0; 32], 0);
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            let (high, low) = (NIBBLES[usize::from(pair[0])], NIBBLES[usize::from(pair[1])]);
            *byte = high << 4 | low;
            all |= high | low;
        }
        (all < 16).then_some(Self(bytes))
    }
    /// From its bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
    /// The first twelve characters: enough for people.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short())
    }
}
impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}
impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_str(Hexadecimal)
    }
}

/// Reads a digest where its text stands: journals have many.
struct Hexadecimal;

impl de::Visitor<'_> for Hexadecimal {
    type Value = Digest;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a digest")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Digest, E> {
        Digest::parse(text).ok_or_else(|| E::custom("not a digest"))
    }
}

/// Digests many parts, each with its length, so that no two lists of parts can be confused.
#[derive(Default)]
pub struct Hasher(blake3::Hasher);

impl Hasher {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }
    /// One part.
    pub fn part(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }
    /// The digest of all parts.
    pub fn finish(&self) -> Digest {
        Digest(*self.0.finalize().as_bytes())
    }
}
impl std::io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Text that comes in tokens, hashed in large pieces: a call of the hash for each token is slow, and the JSON of a large
/// plan as one text takes the room of the plan again.
#[derive(Default)]
struct Pieces {
    buffer: Vec<u8>,
    before: Option<Hasher>,
}

impl Pieces {
    const FULL: usize = 64 << 10;

    fn finish(self) -> Digest {
        match self.before {
            None => Digest::of(&self.buffer),
            Some(mut before) => {
                before.0.update(&self.buffer);
                before.finish()
            }
        }
    }
}
impl std::io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= Self::FULL {
            let before = self.before.get_or_insert_with(Hasher::new);
            before.0.update(&self.buffer);
            self.buffer.clear();
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_the_digest_of_its_text() {
        for count in [0, 1, 1000, 100_000] {
            let value: Vec<String> = (0..count).map(|i| format!("value {i}")).collect();
            let text = serde_json::to_vec(&value).unwrap();
            assert_eq!(Digest::of_json(&value), Digest::of(&text));
        }
    }
    #[test]
    fn parts_are_told_apart() {
        let of = |parts: &[&str]| {
            let mut h = Hasher::new();
            for p in parts {
                h.part(p.as_bytes());
            }
            h.finish()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(Digest::parse(&of(&["x"]).to_string()), Some(of(&["x"])));
    }

    #[test]
    fn only_64_hexadecimal_digits_are_a_digest() {
        let text = Digest::of(b"x").to_string();
        assert_eq!(Digest::parse(&text), Some(Digest::of(b"x")));
        assert_eq!(Digest::parse(&text.to_uppercase()), Some(Digest::of(b"x")));
        for i in 0..64 {
            for other in ["g", "/", ":", "@", "`", " ", "é"] {
                let mut bad = text.clone();
                bad.replace_range(i..=i, other);
                assert_eq!(Digest::parse(&bad), None, "{bad}");
            }
        }
        assert_eq!(Digest::parse(&text[1..]), None);
        assert_eq!(Digest::parse(&format!("{text}0")), None);
    }
}
