//! What Terraform's functions give, where that is certain from their names and arguments.
use super::shape::Shape;
use strata_core::ty::Type;

const TEXT: &[&str] = &[
    "abspath",
    "base64decode",
    "base64encode",
    "base64gzip",
    "base64sha256",
    "base64sha512",
    "basename",
    "bcrypt",
    "chomp",
    "cidrhost",
    "cidrnetmask",
    "cidrsubnet",
    "dirname",
    "file",
    "filebase64",
    "filebase64sha256",
    "filebase64sha512",
    "filemd5",
    "filesha1",
    "filesha256",
    "filesha512",
    "format",
    "formatdate",
    "indent",
    "join",
    "jsonencode",
    "lower",
    "md5",
    "pathexpand",
    "plantimestamp",
    "replace",
    "rsadecrypt",
    "sha1",
    "sha256",
    "sha512",
    "strrev",
    "substr",
    "textdecodebase64",
    "textencodebase64",
    "timeadd",
    "timestamp",
    "title",
    "tostring",
    "trim",
    "trimprefix",
    "trimspace",
    "trimsuffix",
    "upper",
    "urlencode",
    "uuid",
    "uuidv5",
    "yamlencode",
];
const NUMBER: &[&str] = &[
    "abs", "ceil", "floor", "index", "length", "log", "max", "min", "parseint", "pow", "signum",
    "strlen", "sum", "timecmp", "tonumber",
];
const BOOL: &[&str] = &[
    "alltrue",
    "anytrue",
    "can",
    "contains",
    "endswith",
    "fileexists",
    "issensitive",
    "startswith",
    "strcontains",
    "tobool",
];
const TEXTS: &[&str] = &[
    "cidrsubnets",
    "compact",
    "fileset",
    "formatlist",
    "keys",
    "sort",
    "split",
];
const LIST: &[&str] = &[
    "chunklist",
    "concat",
    "distinct",
    "flatten",
    "matchkeys",
    "range",
    "regexall",
    "reverse",
    "setintersection",
    "setproduct",
    "setsubtract",
    "setunion",
    "slice",
    "tolist",
    "toset",
    "values",
];
const MAP: &[&str] = &["merge", "tomap", "transpose", "zipmap"];

/// Functions that give their first argument.
const SAME: &[&str] = &["ephemeralasnull", "nonsensitive", "sensitive"];

/// What a call gives; what is not certain is unknown.
pub(super) fn result(name: &str, mut arguments: Vec<Shape>, spread: bool) -> Shape {
    let any = || Box::new(Type::Any);
    let among = |names: &[&str]| names.contains(&name);
    if among(TEXT) {
        Shape::Of(Type::String)
    } else if among(NUMBER) {
        Shape::Of(Type::Number)
    } else if among(BOOL) {
        Shape::Of(Type::Bool)
    } else if among(TEXTS) {
        Shape::Of(Type::List(Box::new(Type::String)))
    } else if among(LIST) {
        let texts = |s: &Shape| matches!(s, Shape::Text(_) | Shape::Template(_));
        match arguments.first() {
            // a set of texts is what most resources loop over
            Some(Shape::List(items))
                if matches!(name, "toset" | "tolist")
                    && !items.is_empty()
                    && items.iter().all(texts) =>
            {
                Shape::Of(Type::List(Box::new(Type::String)))
            }
            _ => Shape::Of(Type::List(any())),
        }
    } else if among(MAP) {
        Shape::Of(Type::Map(any()))
    } else if among(SAME) && arguments.len() == 1 && !spread {
        arguments.remove(0)
    } else if matches!(name, "try" | "coalesce") && arguments.len() == 2 && !spread {
        let second = arguments.pop().unwrap_or_default();
        let first = arguments.pop().unwrap_or_default();
        Shape::Either(Box::new(first), Box::new(second))
    } else {
        Shape::Unknown
    }
}
