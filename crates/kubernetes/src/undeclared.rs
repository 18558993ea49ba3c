//! Fields that a server-side apply refuses because their kind does not declare them, taken out of an object: older ways of
//! applying drop them in silence, and what another tool applies is compared as that tool applies it.
use serde_json::Value as Json;

/// What follows a path in the server's words.
const WORDS: &str = ": field not declared in schema";

/// Takes the fields out that a refusal names. Were there any?
pub fn without(object: &mut Json, refusal: &str) -> bool {
    let mut taken = false;
    for line in refusal.lines() {
        let Some(end) = line.find(WORDS) else {
            continue;
        };
        let said = &line[..end];
        // `… apps/v1, Kind=Deployment): .spec.x`, and further ones on lines of their own
        let start = said.rfind(": .").map_or(0, |at| at + 2);
        taken |= take(object, &steps(said[start..].trim()));
    }
    taken
}

/// One step of a path.
#[derive(Debug, PartialEq)]
enum Step<'a> {
    /// `.spec`
    Key(&'a str),
    /// `[3]`
    Place(usize),
    /// `[name="web"]`, `[containerPort=80,protocol="TCP"]`
    Item(Vec<(&'a str, &'a str)>),
}

/// The steps of `.spec.containers[name="web"].x`.
fn steps(path: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut rest = path;
    loop {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            steps.push(Step::Key(&after[..end]));
            rest = &after[end..];
        } else if let Some((inside, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']'))
        {
            steps.push(match inside.parse() {
                Ok(place) => Step::Place(place),
                Err(_) => Step::Item(
                    inside
                        .split(',')
                        .filter_map(|pair| pair.split_once('='))
                        .collect(),
                ),
            });
            rest = after;
        } else {
            return steps;
        }
    }
}

fn take(object: &mut Json, steps: &[Step<'_>]) -> bool {
    let Some((Step::Key(last), way)) = steps.split_last() else {
        return false;
    };
    let mut at = object;
    for step in way {
        let next = match step {
            Step::Key(key) => at.get_mut(*key),
            Step::Place(place) => at.get_mut(*place),
            Step::Item(keys) => at.as_array_mut().and_then(|items| {
                items
                    .iter_mut()
                    .find(|item| keys.iter().all(|(key, value)| says(item, key, value)))
            }),
        };
        match next {
            Some(next) => at = next,
            None => return false,
        }
    }
    at.as_object_mut()
        .is_some_and(|map| map.remove(*last).is_some())
}

/// Has an item this value? What the server fills in by itself need not be there.
fn says(item: &Json, key: &str, value: &str) -> bool {
    match item.get(key) {
        Some(json) => serde_json::from_str::<Json>(value).is_ok_and(|said| said == *json),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // as an API server 1.34 says it
    #[test]
    fn what_is_named_is_taken_out_and_nothing_else() {
        let mut object = json!({"spec": {"odd": 1, "containers": [{"name": "a", "x": 1}, {"name": "web", "x": 1, "ports": [{"containerPort": 80, "y": 2}]}]}});
        let said = "failed to create typed patch object (n/web; apps/v1, Kind=Deployment): .spec.containers[name=\"web\"].x: field not declared in schema";
        assert!(without(&mut object, said));
        let more = "failed to create typed patch object (n/web; apps/v1, Kind=Deployment): errors:\n  .spec.odd: field not declared in schema\n  .spec.containers[name=\"web\"].ports[containerPort=80,protocol=\"TCP\"].y: field not declared in schema";
        assert!(without(&mut object, more));
        assert_eq!(
            object,
            json!({"spec": {"containers": [{"name": "a", "x": 1}, {"name": "web", "ports": [{"containerPort": 80}]}]}})
        );
        for other in [
            said,
            "quota exceeded",
            ": field not declared in schema",
            "[: field not declared in schema",
        ] {
            assert!(!without(&mut object, other), "{other}");
        }
    }
}
