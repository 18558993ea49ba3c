//! Times for people.

/// `850ms`, `12.3s`, `4m05s`, `2h03m`.
pub fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms}ms"),
        1_000..60_000 => format!("{:.1}s", ms as f64 / 1_000.0),
        60_000..3_600_000 => format!("{}m{:02}s", ms / 60_000, ms / 1_000 % 60),
        _ => format!("{}h{:02}m", ms / 3_600_000, ms / 60_000 % 60),
    }
}

/// How long ago, roughly.
pub fn ago(at: u64) -> String {
    let s = crate::view::time::now().saturating_sub(at) / 1_000;
    match s {
        0..60 => "just now".to_owned(),
        60..3_600 => format!("{} min ago", s / 60),
        3_600..172_800 => format!("{} h ago", s / 3_600),
        _ => format!("{} days ago", s / 86_400),
    }
}

/// Now, in milliseconds since 1970.
pub fn now() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0)
}

/// As RFC 3339 in UTC.
pub fn rfc3339(at: u64) -> String {
    jiff::Timestamp::from_millisecond(at.cast_signed())
        .map_or_else(|_| at.to_string(), |t| t.to_string())
}

#[cfg(test)]
mod tests {
    #[test]
    fn durations_are_short() {
        for (ms, text) in [
            (850, "850ms"),
            (12_340, "12.3s"),
            (245_000, "4m05s"),
            (7_380_000, "2h03m"),
        ] {
            assert_eq!(super::duration(ms), text);
        }
    }
}
