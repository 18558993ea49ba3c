//! Does a value, as far as it is known, stand where a type is wanted? Where not, what exactly is wrong.
use crate::field::type_of;
use strata_core::{diagnostic::nearest, ty::Type, value::Term};

/// What is wrong with a value. Paths are those inside of the value: `a.b[2]`; empty for the value itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// Another type.
    Type {
        /// Where.
        path: String,
        /// What it is.
        have: Type,
        /// What it should be.
        want: Type,
    },
    /// A field that must be there.
    Missing {
        /// Where.
        path: String,
        /// The field.
        name: String,
    },
    /// A field that nobody declared and that looks like a slip.
    Unknown {
        /// Where.
        path: String,
        /// The field.
        name: String,
        /// What was probably meant.
        near: String,
    },
}

/// The first thing that is wrong, the worst kind first.
pub(super) fn fit(have: &Term, want: &Type) -> Option<Misfit> {
    let mut slip = None;
    let wrong = walk(have, want, &mut String::new(), &mut slip);
    wrong.or(slip)
}

fn walk(have: &Term, want: &Type, path: &mut String, slip: &mut Option<Misfit>) -> Option<Misfit> {
    match (have, want) {
        (_, Type::Any) | (Term::Null | Term::Secret(_), _) => None,
        // what is not known yet: a text may turn out to be a number
        (Term::Hole { ty, .. }, _) => (!ty.could_fit(want)).then(|| other(path, ty.clone(), want)),
        (Term::Predicted { value, .. }, _) => walk(value, want, path, slip),
        (Term::List(items), Type::List(inner)) => {
            let mut all = items.iter().enumerate();
            all.find_map(|(i, t)| at(path, &format!("[{i}]"), |p| walk(t, inner, p, slip)))
        }
        (Term::List(items), Type::Tuple(types)) if items.len() == types.len() => {
            let mut all = items.iter().zip(types).enumerate();
            all.find_map(|(i, (t, ty))| at(path, &format!("[{i}]"), |p| walk(t, ty, p, slip)))
        }
        (Term::Map(entries), Type::Map(inner)) => entries
            .iter()
            .find_map(|(k, t)| at(path, &step(k), |p| walk(t, inner, p, slip))),
        (Term::Map(entries), Type::Object(fields)) => {
            for name in entries.keys().filter(|k| !fields.contains_key(*k)) {
                let open = fields.keys().filter(|k| !entries.contains_key(*k));
                if let Some(near) = nearest(name, open.map(String::as_str)) {
                    slip.get_or_insert_with(|| Misfit::Unknown {
                        path: path.clone(),
                        name: name.clone(),
                        near: near.to_owned(),
                    });
                }
            }
            fields
                .iter()
                .find_map(|(name, field)| match entries.get(name) {
                    Some(t) => at(path, &step(name), |p| walk(t, &field.ty, p, slip)),
                    None if field.optional => None,
                    None => Some(Misfit::Missing {
                        path: path.clone(),
                        name: name.clone(),
                    }),
                })
        }
        _ => {
            let have = type_of(have);
            (!have.fits(want)).then(|| other(path, have, want))
        }
    }
}

fn other(path: &str, have: Type, want: &Type) -> Misfit {
    Misfit::Type {
        path: path.to_owned(),
        have,
        want: want.clone(),
    }
}

fn step(name: &str) -> String {
    format!(".{name}")
}

fn at<T>(path: &mut String, step: &str, f: impl FnOnce(&mut String) -> T) -> T {
    let length = path.len();
    path.push_str(if length == 0 {
        step.trim_start_matches('.')
    } else {
        step
    });
    let answer = f(path);
    path.truncate(length);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_core::value::Value;

    fn found(value: &str, ty: &str) -> Option<Misfit> {
        let value: Value = serde_json::from_str(value).unwrap();
        fit(&value.into(), &strata_syntax::ty::parse(ty).unwrap())
    }

    #[test]
    fn the_place_of_what_does_not_fit_is_named() {
        let Some(Misfit::Type { path, .. }) = found(
            r#"{"a":[{"p":1},{"p":"x"}]}"#,
            "map(list(object({p=number})))",
        ) else {
            panic!("it does not fit");
        };
        assert_eq!(path, "a[1].p");
        assert_eq!(found("[1, 2]", "list(number)"), None);
        assert_eq!(found("{}", "object({a = optional(string)})"), None);
        let missing = Misfit::Missing {
            path: "b".into(),
            name: "a".into(),
        };
        assert_eq!(
            found(r#"{"b":{}}"#, "object({b=object({a=string})})"),
            Some(missing)
        );
    }

    #[test]
    fn a_slip_is_said_and_a_surplus_field_is_not() {
        let ty = "object({cidr = optional(string), zone = string})";
        let slip = Misfit::Unknown {
            path: String::new(),
            name: "cdir".into(),
            near: "cidr".into(),
        };
        assert_eq!(found(r#"{"cdir":"x","zone":"z"}"#, ty), Some(slip));
        assert_eq!(found(r#"{"owner":"x","zone":"z"}"#, ty), None);
    }
}
