//! The tree of an expression.
use strata_core::span::Span;

/// One node of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Ast {
    /// Where it stands, as an offset into the expression's text or, in a template, into the file.
    pub at: Span,
    /// What it is.
    pub kind: AstKind,
}

/// Kinds of nodes.
#[derive(Clone, Debug, PartialEq)]
pub enum AstKind {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number as written.
    Number(String),
    /// A text.
    String(String),
    /// A name.
    Name(String),
    /// `base.field["key"][index]`.
    Path(Box<Ast>, Vec<Step>),
    /// `f(x)`.
    Call(String, Vec<Ast>),
    /// `x.f(y)`.
    Method(Box<Ast>, String, Vec<Ast>),
    /// `list.map(v, body)`, `filter`, `all`, `exists`.
    Each {
        /// What is gone through.
        over: Box<Ast>,
        /// Which of the four.
        how: Each,
        /// The name of the element.
        var: String,
        /// What is computed for it.
        body: Box<Ast>,
    },
    /// `!x`.
    Not(Box<Ast>),
    /// `-x`.
    Neg(Box<Ast>),
    /// `a + b - c`: operators of one strength, left to right.
    Chain(Box<Ast>, Vec<(Op, Ast)>),
    /// `c ? a : b`.
    If(Box<Ast>, Box<Ast>, Box<Ast>),
    /// `[a, b]`.
    List(Vec<Ast>),
    /// `{"a": b}`.
    Map(Vec<(Ast, Ast)>),
    /// Could not be read.
    Bad,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `.name`.
    Field(String),
    /// `["key"]`.
    Key(String),
    /// `[expression]`.
    Index(Box<Ast>),
}

/// What is done with every element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Each {
    /// A list of results.
    Map,
    /// The elements for which it is true.
    Filter,
    /// Is it true for all?
    All,
    /// Is it true for one?
    Exists,
}

/// Operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<=`
    Le,
    /// `>=`
    Ge,
    /// `<`
    Lt,
    /// `>`
    Gt,
    /// `in`
    In,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
}

impl Op {
    /// Spelling, operator and strength; longer spellings first.
    pub const ALL: &'static [(&'static str, Self, u8)] = &[
        ("||", Self::Or, 1),
        ("&&", Self::And, 2),
        ("==", Self::Eq, 3),
        ("!=", Self::Ne, 3),
        ("<=", Self::Le, 3),
        (">=", Self::Ge, 3),
        ("<", Self::Lt, 3),
        (">", Self::Gt, 3),
        ("in", Self::In, 3),
        ("+", Self::Add, 4),
        ("-", Self::Sub, 4),
        ("*", Self::Mul, 5),
        ("/", Self::Div, 5),
        ("%", Self::Rem, 5),
    ];
    /// How it is written.
    pub fn text(self) -> &'static str {
        Self::ALL.iter().find(|(_, op, _)| *op == self).map_or("", |(t, ..)| t)
    }
}
