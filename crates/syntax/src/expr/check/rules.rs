//! Which types go together, and what comes out.
use crate::expr::{
    ast::{Link, Operator},
    functions::Kind,
};
use strata_core::{
    diagnostic::suggest,
    span::Span,
    ty::{Fields, Type},
};

pub(super) fn literal_key(link: &Link) -> Option<(&str, Span)> {
    match link {
        Link::Field { name, span } => Some((name, *span)),
        Link::Index(index) => index.as_str().map(|s| (s, index.span)),
        Link::Method(_) | Link::Comprehension(_) => None,
    }
}

/// A component with instances: a map of what has outputs.
pub(super) fn is_instances(ty: &Type) -> bool {
    matches!(ty, Type::Map(inner) if matches!(&**inner, Type::Object(fields) if fields.contains_key("outputs")))
}

pub(super) fn missing(name: &str, fields: &Fields) -> Option<String> {
    let minuend = |(at, _): (usize, &str)| fields.contains_key(&name[..at]);
    if name.match_indices('-').any(minuend) {
        return Some("to subtract, put spaces around `-`".to_owned());
    }
    suggest(name, fields.keys().map(String::as_str)).or_else(|| {
        let some: Vec<&str> = fields.keys().map(String::as_str).take(10).collect();
        Some(if some.is_empty() {
            "it has none".to_owned()
        } else {
            format!("there are: {}", some.join(", "))
        })
    })
}

/// Are they of one kind, as an operator needs it? Nothing is converted here.
pub(super) fn same_kind(ty: &Type, want: &Type) -> bool {
    matches!((ty, want), (Type::Any, _) | (_, Type::Any)) || ty == want
}

pub(super) fn takes(kind: Kind, ty: &Type) -> bool {
    match ty {
        Type::Any => true,
        Type::Bool => matches!(kind, Kind::Any | Kind::Bool),
        Type::Number => matches!(kind, Kind::Any | Kind::Number),
        Type::String | Type::Artifact => {
            matches!(kind, Kind::Any | Kind::Text | Kind::Sequence | Kind::Sized)
        }
        Type::List(_) | Type::Tuple(_) => {
            matches!(
                kind,
                Kind::Any | Kind::List | Kind::Texts | Kind::Sequence | Kind::Sized
            )
        }
        Type::Map(_) | Type::Object(_) => matches!(kind, Kind::Any | Kind::Map | Kind::Sized),
    }
}

pub(super) fn merged(maps: &[(Span, Type)]) -> Type {
    let mut fields = Fields::new();
    for (_, ty) in maps {
        match ty {
            Type::Object(more) => fields.extend(more.clone()),
            _ => return Type::Map(Box::new(Type::Any)),
        }
    }
    Type::Object(fields)
}

/// A type that holds values of both.
pub(super) fn common(a: &Type, b: &Type) -> Type {
    if a == b { a.clone() } else { Type::Any }
}

/// What an operator makes of two types; `None` when it doesn't work on them.
pub(super) fn operator_type(operator: Operator, left: &Type, right: &Type) -> Option<Type> {
    use Operator as O;
    let both = |ty: Type| (same_kind(left, &ty) && same_kind(right, &ty)).then_some(ty);
    match operator {
        O::Or | O::And => both(Type::Bool),
        O::Equal | O::NotEqual => comparable(left, right).then_some(Type::Bool),
        O::Less | O::LessOrEqual | O::Greater | O::GreaterOrEqual => both(Type::Number)
            .or_else(|| both(Type::String))
            .map(|_| Type::Bool),
        O::In => matches!(
            right,
            Type::Any | Type::List(_) | Type::Tuple(_) | Type::Map(_) | Type::Object(_)
        )
        .then_some(Type::Bool),
        O::Subtract | O::Multiply | O::Divide | O::Remainder => both(Type::Number),
        O::Add => match (left, right) {
            (Type::Any, Type::Any) => Some(Type::Any),
            (Type::List(_) | Type::Tuple(_) | Type::Any, Type::List(_) | Type::Tuple(_))
            | (Type::List(_) | Type::Tuple(_), Type::Any) => Some(sum_of_lists(left, right)),
            _ => both(Type::Number).or_else(|| both(Type::String)),
        },
    }
}

pub(super) fn sum_of_lists(left: &Type, right: &Type) -> Type {
    match (left, right) {
        (Type::Tuple(a), Type::Tuple(b)) => Type::Tuple(a.iter().chain(b).cloned().collect()),
        (Type::List(a), Type::List(b)) => Type::List(Box::new(common(a, b))),
        _ => Type::List(Box::new(Type::Any)),
    }
}

pub(super) fn comparable(left: &Type, right: &Type) -> bool {
    use Type as T;
    matches!(
        (left, right),
        (T::Any, _)
            | (_, T::Any)
            | (T::List(_) | T::Tuple(_), T::List(_) | T::Tuple(_))
            | (T::Map(_) | T::Object(_), T::Map(_) | T::Object(_))
            | (T::String | T::Artifact, T::String | T::Artifact)
    ) || left == right
}
