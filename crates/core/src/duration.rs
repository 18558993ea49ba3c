//! How long something may take, as people write it.
use crate::engine::Millis;

/// Milliseconds of a duration such as `90s`, `15m`, `2h`, `10d`, `500ms`.
pub fn duration(text: &str) -> Option<Millis> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let n: u64 = text[..digits].parse().ok()?;
    let unit = match &text[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    n.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("90s"), Some(90_000));
        assert_eq!(duration("10d"), Some(864_000_000));
        for bad in ["", "5", "s", "1 h", "99999999999999999d", "-1s"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
