//! `${{ … }}`: CEL's syntax and meaning for what wiring needs, in a grammar of our own.
//!
//! Names may hold `-` (`kubernetes-cluster.outputs.endpoint` is a reference, `a - b` a subtraction). Every part knows
//! its place in the file. What is computed from something that isn't known yet isn't known yet either, and a secret can
//! be passed on and joined into a text, but nothing can be computed from it. Chains are loops and nesting is bounded, so
//! no text overflows the stack.
//!
//! ```
//! use strata_syntax::expr::{self, Item, Scope};
//! use strata_core::value::Term;
//! struct One;
//! impl Scope for One {
//!     fn name(&self, name: &str) -> Option<Item<'_>> {
//!         (name == "who").then(|| Item::Term(Term::String("world".into())))
//!     }
//!     fn env(&self, _: &str, _: &str) -> Option<Item<'_>> { None }
//!     fn secret(&self, _: &str) -> Result<Term, String> { Err("none here".into()) }
//! }
//! let ast = expr::parse(r#""hello " + who.upperAscii()"#).unwrap();
//! assert_eq!(expr::eval_ast(&ast, &One).unwrap(), Term::String("hello WORLD".into()));
//! ```
pub mod ast;
mod chain;
mod check;
mod decimal;
mod eval;
mod flow;
mod functions;
mod lexer;
mod parser;
mod refs;
mod scope;
mod template;

pub use ast::{Ast, AstKind};
pub use chain::{Word, WordForm, chain_at};
pub use check::{TypeScope, check, check_ast};
pub use eval::{EvalError, eval, eval_ast};
pub use flow::{Flow, flows};
pub use functions::{Function, all as functions};
pub use parser::{MAX_DEPTH, ParseError};
pub use refs::{
    Reference, Root, SecretUse, Step, each_field_of, references, references_of, references_where,
    references_without, secrets,
};
pub use scope::{Item, Object, Scope};
pub use template::{Part, Template, parse, parse_template};

#[cfg(test)]
mod tests;
