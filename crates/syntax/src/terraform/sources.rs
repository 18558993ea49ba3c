//! Where providers come from.

/// The full name of a provider: `hashicorp/aws` is `registry.terraform.io/hashicorp/aws`, and a provider of which
/// nobody says where it comes from is one of `hashicorp`. Nothing for what is no source.
pub(super) fn full(written: Option<&str>, name: &str) -> Option<String> {
    const HOST: &str = "registry.terraform.io";
    let parts: Vec<&str> = match written {
        None => vec![name],
        Some(text) => text.split('/').collect(),
    };
    if parts.iter().any(|p| p.is_empty()) {
        return None;
    }
    let full = match parts.as_slice() {
        [kind] => format!("{HOST}/hashicorp/{kind}"),
        [owner, kind] => format!("{HOST}/{owner}/{kind}"),
        // OpenTofu's registry serves the same names
        ["registry.opentofu.org", owner, kind] => format!("{HOST}/{owner}/{kind}"),
        [host, owner, kind] => format!("{host}/{owner}/{kind}"),
        _ => return None,
    };
    Some(full.to_lowercase())
}

/// Does the program bring it along?
pub(super) fn built_in(full: &str) -> bool {
    full.starts_with("terraform.io/builtin/") || full == "registry.terraform.io/hashicorp/terraform"
}
