//! Packer's machine-readable lines: `time,target,kind,data…`, commas and line ends escaped.
use std::collections::BTreeMap;

/// A line's target, kind and data.
fn parts(line: &str) -> Option<(&str, &str, Vec<String>)> {
    let mut parts = line.split(',');
    let time = parts.next()?;
    if time.is_empty() || !time.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (target, kind) = (parts.next()?, parts.next()?);
    let plain = |text: &str| {
        text.replace("%!(PACKER_COMMA)", ",")
            .replace("\\n", "\n")
            .replace("\\r", "")
    };
    Some((target, kind, parts.map(plain).collect()))
}

/// A line for people.
pub fn progress(line: &str) -> Option<String> {
    let text = match parts(line) {
        Some((_, "ui", data)) => data.get(1..)?.join(","),
        Some(_) => return None,
        None => line.to_owned(),
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The id of each build's first artifact that has one.
pub fn artifact_ids(lines: &str) -> BTreeMap<String, String> {
    let mut ids = BTreeMap::new();
    for line in lines.lines() {
        if let Some((target, "artifact", data)) = parts(line)
            && let [_, key, id] = data.as_slice()
            && key == "id"
            && !id.is_empty()
        {
            ids.entry(target.to_owned()).or_insert_with(|| id.clone());
        }
    }
    ids
}

/// The first error: of a build, else of Packer itself, else a text that begins with `Error:`.
pub fn first_error(lines: &str) -> Option<String> {
    let of_build = lines.lines().find_map(|line| match parts(line) {
        Some((target, "error", data)) => Some(format!("{target}: {}", data.join(","))),
        _ => None,
    });
    let of_packer = || {
        lines.lines().find_map(|line| match parts(line) {
            Some((_, "ui", data)) if data.first().is_some_and(|kind| kind == "error") => {
                Some(data[1..].join(","))
            }
            _ => None,
        })
    };
    let as_text = || {
        lines
            .lines()
            .map(str::trim)
            .find(|line| line.starts_with("Error"))
            .map(str::to_owned)
    };
    let said = of_build.or_else(of_packer).or_else(as_text)?;
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(said.strip_prefix("Error: ").unwrap_or(&said).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        let line = "1795239519,,ui,say,==> null: cleanup%!(PACKER_COMMA) if present...";
        assert_eq!(progress(line).unwrap(), "==> null: cleanup, if present...");
        assert_eq!(progress("1795239519,null.a,artifact,0,id,Null"), None);
        let error = "1795239519,null,error,Script exited with 3\\nAllowed: [0]";
        assert_eq!(
            first_error(error).unwrap(),
            "null: Script exited with 3 Allowed: [0]"
        );
    }

    #[test]
    fn the_first_id_of_a_build_counts() {
        let lines = "1,a.b,artifact,0,id,ami-1\n1,a.b,artifact,1,id,other\n1,c.d,artifact,0,id,\n";
        assert_eq!(
            artifact_ids(lines),
            BTreeMap::from([("a.b".to_owned(), "ami-1".to_owned())])
        );
    }
}
