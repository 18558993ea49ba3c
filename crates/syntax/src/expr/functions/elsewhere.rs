//! Functions that Terraform and others have by another name.

/// Their name, and how it is written here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("length", "size(x)"),
    ("len", "size(x)"),
    ("tostring", "string(x)"),
    ("tonumber", "number(x)"),
    ("jsonencode", "json(x)"),
    ("yamlencode", "yaml(x)"),
    ("base64encode", "base64(x)"),
    ("upper", "x.upperAscii()"),
    ("lower", "x.lowerAscii()"),
    ("trimspace", "x.trim()"),
    ("concat", "a + b"),
    ("format", "a + b"),
];

/// How a function of other languages is written here.
pub(super) fn ours(name: &str) -> Option<&'static str> {
    let found = ELSEWHERE.iter().find(|(theirs, _)| *theirs == name);
    found.map(|(_, ours)| *ours)
}
