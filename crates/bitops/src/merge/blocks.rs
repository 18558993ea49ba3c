//! Blocks of Terraform that two layers bring under one address: found before Terraform finds them.
use super::{Composed, Conflict};
use hcl_edit::structure::{Block, Body};
use std::collections::BTreeMap;

/// Says which blocks of one folder stand in files of two layers.
pub fn distinct(out: &mut Composed) {
    let mut seen: BTreeMap<(String, String), (String, String)> = BTreeMap::new();
    let mut conflicts = Vec::new();
    for (path, file) in &out.files {
        let text = std::str::from_utf8(&file.bytes)
            .ok()
            .filter(|_| path.ends_with(".tf") && !super::is_override(path));
        let Some(body) = text.and_then(|t| t.parse::<Body>().ok()) else {
            continue;
        };
        let folder = path.rsplit_once('/').map_or("", |(f, _)| f);
        let layer = file
            .origin
            .last()
            .map_or_else(String::new, |p| p.layer.clone());
        for address in body.blocks().flat_map(addresses) {
            let key = (folder.to_owned(), address.clone());
            match seen.get(&key) {
                // what one layer says twice is its own affair, and Terraform's
                Some((_, other)) if *other == layer => {}
                Some((first, other)) => conflicts.push(Conflict {
                    path: path.clone(),
                    layers: (other.clone(), layer.clone()),
                    why: format!("`{address}` stands in `{first}` too"),
                }),
                None => drop(seen.insert(key, (path.clone(), layer.clone()))),
            }
        }
    }
    out.conflicts.extend(conflicts);
}

/// What may be there once only.
fn addresses(block: &Block) -> Vec<String> {
    let labels: Vec<&str> = block
        .labels
        .iter()
        .map(hcl_edit::structure::BlockLabel::as_str)
        .collect();
    match (block.ident.as_str(), labels.as_slice()) {
        ("resource", [kind, name]) => vec![format!("{kind}.{name}")],
        ("data", [kind, name]) => vec![format!("data.{kind}.{name}")],
        (word @ ("variable" | "output" | "module"), [name]) => vec![format!("{word} \"{name}\"")],
        ("provider", [name]) => {
            let alias = block
                .body
                .get_attribute("alias")
                .and_then(|a| a.value.as_str());
            vec![
                format!("provider \"{name}\" {}", alias.unwrap_or_default())
                    .trim_end()
                    .to_owned(),
            ]
        }
        ("locals", []) => block
            .body
            .attributes()
            .map(|a| format!("local.{}", a.key.as_str()))
            .collect(),
        ("terraform", []) => block
            .body
            .blocks()
            .filter(|b| b.ident.as_str() == "backend")
            .map(|_| "the backend".to_owned())
            .collect(),
        _ => Vec::new(),
    }
}
