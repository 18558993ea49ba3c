//! What an expression is made of. Chains (`a.b.c`, `x + y + z`) are flat, so that no long line makes a deep tree.
use strata_core::{span::Span, value::Number};

/// An expression with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ast {
    /// Where it stands, in bytes of the file.
    pub span: Span,
    /// What it is.
    pub kind: AstKind,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AstKind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `1.10`
    Number(Number),
    /// `"text"`
    String(String),
    /// A name of the scope, or a variable of a comprehension.
    Name(String),
    /// `f(x)`
    Call(Call),
    /// `a.b["c"].d(e)`: something and what is asked of it, one after the other.
    Chain(Box<Ast>, Vec<Link>),
    /// `!x`
    Not(Box<Ast>),
    /// `-x`
    Negate(Box<Ast>),
    /// `a + b - c`: operators of one rank, from the left.
    Operation(Box<Ast>, Vec<(Operator, Ast)>),
    /// `a ? b : c`
    If(Box<Conditional>),
    /// `[a, b]`
    List(Vec<Ast>),
    /// `{"a": b}`
    Map(Vec<(Ast, Ast)>),
}

/// A function or method with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The function.
    pub name: String,
    /// Where its name stands.
    pub name_span: Span,
    /// The arguments.
    pub arguments: Vec<Ast>,
}

/// `a ? b : c`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conditional {
    /// The condition.
    pub condition: Ast,
    /// The value when it holds.
    pub then: Ast,
    /// The value when it doesn't.
    pub otherwise: Ast,
}

/// One step of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// `.name`
    Field {
        /// The name.
        name: String,
        /// Where it stands.
        span: Span,
    },
    /// `[expression]`
    Index(Ast),
    /// `.name(arguments)`
    Method(Call),
    /// `.map(v, expression)` and its like.
    Comprehension(Comprehension),
}

/// `.map(v, expression)`, `.filter(…)`, `.all(…)`, `.exists(…)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comprehension {
    /// Which.
    pub kind: ComprehensionKind,
    /// Where its name stands.
    pub name_span: Span,
    /// The variable that is bound to each item of a list, each key of a map.
    pub variable: String,
    /// What is worked out for each.
    pub body: Box<Ast>,
}

/// What a comprehension makes of the items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComprehensionKind {
    /// A list of the results.
    Map,
    /// A list of the items for which it holds.
    Filter,
    /// Does it hold for all?
    All,
    /// Does it hold for one?
    Exists,
}

impl ComprehensionKind {
    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Map, Self::Filter, Self::All, Self::Exists]
            .into_iter()
            .find(|k| k.name() == name)
    }
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Map => "map",
            Self::Filter => "filter",
            Self::All => "all",
            Self::Exists => "exists",
        }
    }
}

/// An operator between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `in`
    In,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

impl Operator {
    /// As it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
    /// How strongly it binds: 1 is the weakest, 5 the strongest.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::LessOrEqual
            | Self::Greater
            | Self::GreaterOrEqual
            | Self::In => 3,
            Self::Add | Self::Subtract => 4,
            Self::Multiply | Self::Divide | Self::Remainder => 5,
        }
    }
}

impl Ast {
    /// The text of a literal string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            AstKind::String(s) => Some(s),
            _ => None,
        }
    }
    /// `f("text")`: the text, when it is a call of this function with one literal string.
    pub fn called_with(&self, function: &str) -> Option<&str> {
        match &self.kind {
            AstKind::Call(call) if call.name == function => match call.arguments.as_slice() {
                [only] => only.as_str(),
                _ => None,
            },
            _ => None,
        }
    }
}
