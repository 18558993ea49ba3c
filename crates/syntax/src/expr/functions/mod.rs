//! The functions of expressions: one table of names and signatures, from which they are checked and called.
mod collection;
mod elsewhere;
mod encoding;
mod network;
mod shown;
mod text;

pub use shown::{Function, all};

use super::{
    ast::Call,
    eval::{Closed, EvalError, Operands, Wrong, hole, kind},
};
use strata_core::{
    diagnostic::suggest,
    ty::Type,
    value::{Term, Value},
};

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `f(x)`
    Function,
    /// `x.f()`
    Method,
    /// As one likes.
    Both,
}

/// What a parameter takes or a function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    Bool,
    Text,
    Number,
    List,
    Texts,
    Map,
    /// A text or a list.
    Sequence,
    /// A text, a list or a map.
    Sized,
}

impl Kind {
    /// As a type; `Any` for what is one of several.
    pub(super) fn ty(self) -> Type {
        match self {
            Self::Any | Self::Sequence | Self::Sized => Type::Any,
            Self::Bool => Type::Bool,
            Self::Text => Type::String,
            Self::Number => Type::Number,
            Self::List => Type::List(Box::new(Type::Any)),
            Self::Texts => Type::List(Box::new(Type::String)),
            Self::Map => Type::Map(Box::new(Type::Any)),
        }
    }
    /// In messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Bool => "a bool",
            Self::Text => "a string",
            Self::Number => "a number",
            Self::List => "a list",
            Self::Texts => "a list of strings",
            Self::Map => "a map",
            Self::Sequence => "a string or a list",
            Self::Sized => "a string, a list or a map",
        }
    }
    fn takes(self, term: &Term) -> bool {
        match term {
            Term::Hole { .. } | Term::Secret(_) => true,
            Term::Predicted { value, .. } => self.takes(value),
            Term::Bool(_) => matches!(self, Self::Any | Self::Bool),
            Term::Number(_) => matches!(self, Self::Any | Self::Number),
            Term::String(_) | Term::Text(_) => {
                matches!(self, Self::Any | Self::Text | Self::Sequence | Self::Sized)
            }
            Term::List(_) => matches!(
                self,
                Self::Any | Self::List | Self::Texts | Self::Sequence | Self::Sized
            ),
            Term::Map(_) => matches!(self, Self::Any | Self::Map | Self::Sized),
            Term::Null => self == Self::Any,
        }
    }
}

/// How a function is worked out.
enum Body {
    /// From values: everything has to be known, and no secret stands in it.
    Values(fn(&[Value]) -> Result<Value, Wrong>),
    /// From terms: what isn't looked at may be unknown or secret.
    Terms(fn(&[&Term]) -> Result<Term, Wrong>),
    /// From values; a secret is passed on as it is, to be joined into a text late.
    Render(fn(&[Value]) -> Result<Value, Wrong>),
}

/// A function.
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) form: Form,
    pub(super) parameters: &'static [Kind],
    /// How many parameters must be given.
    pub(super) required: usize,
    /// May the last parameter be repeated?
    pub(super) repeats: bool,
    pub(super) result: Kind,
    body: Body,
}

const fn function(
    name: &'static str,
    parameters: &'static [Kind],
    result: Kind,
    body: Body,
) -> Signature {
    Signature {
        name,
        form: Form::Function,
        parameters,
        required: parameters.len(),
        repeats: false,
        result,
        body,
    }
}
const fn method(
    name: &'static str,
    parameters: &'static [Kind],
    result: Kind,
    body: Body,
) -> Signature {
    Signature {
        form: Form::Method,
        ..function(name, parameters, result, body)
    }
}
impl Signature {
    const fn at_least(mut self, required: usize) -> Self {
        self.required = required;
        self
    }
    const fn both(mut self) -> Self {
        self.form = Form::Both;
        self
    }
    const fn repeats(mut self) -> Self {
        self.repeats = true;
        self
    }
}

use Kind::{Any, Bool, List, Map, Number, Sequence, Sized, Text, Texts};

/// All functions but `env`, `secret` and `has`, which the evaluator knows itself.
static TABLE: &[Signature] = &[
    method(
        "startsWith",
        &[Text, Text],
        Bool,
        Body::Values(text::starts_with),
    ),
    method(
        "endsWith",
        &[Text, Text],
        Bool,
        Body::Values(text::ends_with),
    ),
    method(
        "contains",
        &[Sequence, Any],
        Bool,
        Body::Values(text::contains),
    ),
    method(
        "indexOf",
        &[Text, Text],
        Number,
        Body::Values(text::index_of),
    ),
    method("lowerAscii", &[Text], Text, Body::Values(text::lower)),
    method("upperAscii", &[Text], Text, Body::Values(text::upper)),
    method(
        "replace",
        &[Text, Text, Text, Number],
        Text,
        Body::Values(text::replace),
    )
    .at_least(3),
    method(
        "split",
        &[Text, Text, Number],
        Texts,
        Body::Values(text::split),
    )
    .at_least(2),
    method("trim", &[Text], Text, Body::Values(text::trim)),
    method(
        "substring",
        &[Text, Number, Number],
        Text,
        Body::Values(text::substring),
    )
    .at_least(2),
    method("join", &[Texts, Text], Text, Body::Render(text::join)).at_least(1),
    function("size", &[Sized], Number, Body::Terms(collection::size)).both(),
    function("string", &[Any], Text, Body::Render(text::string)),
    function("int", &[Any], Number, Body::Values(text::int)),
    function("number", &[Any], Number, Body::Values(text::spelled_number)),
    function("keys", &[Map], Texts, Body::Terms(collection::keys)),
    function("values", &[Map], List, Body::Terms(collection::values)),
    function(
        "lookup",
        &[Map, Text, Any],
        Any,
        Body::Terms(collection::lookup),
    ),
    function("merge", &[Map], Map, Body::Terms(collection::merge)).repeats(),
    function("json", &[Any], Text, Body::Render(encoding::json)),
    function("yaml", &[Any], Text, Body::Render(encoding::yaml)),
    function("base64", &[Text], Text, Body::Values(encoding::base64)),
    function("sha256", &[Text], Text, Body::Values(encoding::sha256)),
    function(
        "cidrsubnet",
        &[Text, Number, Number],
        Text,
        Body::Values(network::subnet),
    ),
    function(
        "cidrhost",
        &[Text, Number],
        Text,
        Body::Values(network::host),
    ),
];

/// The function with a name that can be called in a form; otherwise what is wrong.
pub(super) fn find(name: &str, form: Form) -> Result<&'static Signature, Wrong> {
    let fits = |s: &Signature| s.form == form || s.form == Form::Both;
    if let Some(found) = TABLE.iter().find(|s| s.name == name && fits(s)) {
        return Ok(found);
    }
    if TABLE.iter().any(|s| s.name == name) {
        let example = if form == Form::Function {
            format!("x.{name}(…)")
        } else {
            format!("{name}(x, …)")
        };
        return Err(Wrong::new(format!("`{name}` is not called like that"))
            .help(format!("write `{example}`")));
    }
    if let Some(own) = elsewhere::ours(name) {
        let wrong = Wrong::new(format!("there is no function `{name}`"));
        return Err(wrong.help(format!("write `{own}`")));
    }
    if name == "matches" {
        return Err(Wrong::new("there are no regular expressions")
            .help("write `startsWith`, `endsWith` or `contains`"));
    }
    let own = ["secret", "env", "has"]
        .into_iter()
        .filter(|_| form == Form::Function);
    let each = ["map", "filter", "all", "exists"]
        .into_iter()
        .filter(|_| form == Form::Method);
    let names = TABLE
        .iter()
        .filter(|s| fits(s))
        .map(|s| s.name)
        .chain(own)
        .chain(each);
    let wrong = Wrong::new(format!("there is no function `{name}`"));
    Err(match suggest(name, names) {
        Some(help) => wrong.help(help),
        None => wrong,
    })
}

impl Signature {
    /// What a parameter takes.
    pub(super) fn parameter(&self, position: usize) -> Option<Kind> {
        match self.parameters.get(position) {
            None if self.repeats => self.parameters.last().copied(),
            found => found.copied(),
        }
    }
    /// What is wrong with a number of arguments; the object of a method counts.
    pub(super) fn count(&self, given: usize) -> Result<(), Wrong> {
        if given >= self.required && (self.repeats || given <= self.parameters.len()) {
            return Ok(());
        }
        let own = usize::from(self.form == Form::Method);
        let (least, most) = (self.required - own, self.parameters.len() - own);
        let wants = match (self.repeats, least == most) {
            (true, _) => format!("at least {least}"),
            (_, true) => format!("{least}"),
            _ => format!("{least} to {most}"),
        };
        let s = if most == 1 { "" } else { "s" };
        Err(Wrong::new(format!(
            "`{}` takes {wants} argument{s}, not {}",
            self.name,
            given.saturating_sub(own)
        )))
    }
}

/// Calls a function; the object of a method is the first argument.
pub(super) fn call(call: &Call, form: Form, arguments: &[Term]) -> Result<Term, EvalError> {
    find(&call.name, form)
        .and_then(|s| run(s, arguments))
        .map_err(|w| w.at(call.name_span))
}

fn run(signature: &Signature, arguments: &[Term]) -> Result<Term, Wrong> {
    signature.count(arguments.len())?;
    for (i, argument) in arguments.iter().enumerate() {
        let wants = signature.parameter(i).unwrap_or(Any);
        if !wants.takes(argument) {
            return Err(Wrong::new(format!(
                "`{}` needs {}, this is {}",
                signature.name,
                wants.name(),
                kind(argument)
            )));
        }
    }
    let mut operands = Operands::default();
    let (body, renders) = match signature.body {
        Body::Values(body) => (body, false),
        Body::Render(body) => (body, true),
        Body::Terms(body) => {
            let terms: Vec<&Term> = arguments.iter().map(|t| operands.peel(t)).collect();
            for term in &terms {
                match term {
                    Term::Hole { filled_by, .. } => {
                        return Ok(hole(signature.result.ty(), filled_by));
                    }
                    Term::Secret(_) | Term::Text(_) if signature.name != "lookup" => {
                        return Err(from_secret(signature));
                    }
                    _ => {}
                }
            }
            let result = body(&terms)?;
            return Ok(operands.conclude(result));
        }
    };
    if let Some(by) = arguments.iter().find_map(|t| t.holes().first().copied()) {
        return Ok(hole(signature.result.ty(), by));
    }
    let mut values = Vec::with_capacity(arguments.len());
    for argument in arguments {
        match operands.value(argument) {
            Ok(value) => values.push(value),
            Err(Closed::Secret) if renders => return rendered_late(signature, arguments),
            Err(_) => return Err(from_secret(signature)),
        }
    }
    let result = body(&values)?;
    Ok(operands.conclude(result.into()))
}

fn from_secret(signature: &Signature) -> Wrong {
    Wrong::new(format!(
        "`{}` can't be computed from a secret",
        signature.name
    ))
    .help("a secret can be passed on, stand inside a text, or be part of a map or list")
}

/// A text in which secrets stand: its parts are joined just before a tool gets it.
fn rendered_late(signature: &Signature, arguments: &[Term]) -> Result<Term, Wrong> {
    let mut operands = Operands::default();
    let first = operands.peel(&arguments[0]).clone();
    let text = match (signature.name, first) {
        ("string", secret @ (Term::Secret(_) | Term::Text(_))) => secret,
        // a map or list inside a text becomes JSON when it is joined, and JSON is YAML
        ("json" | "yaml", whole @ (Term::List(_) | Term::Map(_) | Term::Secret(_))) => {
            Term::Text(vec![whole])
        }
        ("join", Term::List(items)) => text::join_late(&items, arguments.get(1))?,
        _ => return Err(from_secret(signature)),
    };
    Ok(operands.conclude(text))
}
