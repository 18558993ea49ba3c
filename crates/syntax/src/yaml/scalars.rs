//! Scalar events to nodes: styles, tags, the places of expressions.
use super::{align, build::Builder, traps};
use crate::node::{Kind, Node, Scalar, Style};
use saphyr_parser::{ScalarStyle, Tag};
use std::borrow::Cow;
use strata_core::span::Span;

impl Builder<'_> {
    pub(super) fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<Cow<'_, Tag>>,
        span: Span,
    ) -> Node {
        // a missing value is an event with `~` and no place of its own
        let text = if span.start == span.end && style == ScalarStyle::Plain {
            ""
        } else {
            text
        };
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        let mut scalar = Scalar::new(text, style);
        let mut span = span;
        if style == Style::Plain {
            // what is reported of a plain scalar may run on to the next token
            span.end = self.trimmed_end(span.start, span.end);
        }
        if text.contains("${{") {
            scalar.stretches = align::stretches(self.text, span, text, style);
            if let Some(problem) = traps::cut(self.file, self.text, span, &scalar) {
                scalar.cut = true;
                self.problems.push(problem);
            }
        }
        let mut kept = None;
        if let Some(tag) = tag {
            match (tag.is_yaml_core_schema(), tag.suffix.as_str()) {
                (true, "str") if style == Style::Plain => scalar.style = Style::Block,
                (true, _) => {}
                _ => kept = foreign(&tag),
            }
        }
        if scalar.style != style && scalar.stretches.is_empty() {
            scalar.stretches = vec![(0, span.start)];
        }
        Node {
            span,
            kind: Kind::Scalar(scalar),
            tag: kept,
            origin: self.file.clone(),
        }
    }
}

/// The text of a tag that the core schema doesn't know.
pub(super) fn foreign(tag: &Tag) -> Option<String> {
    let bare = tag.handle.is_empty() && tag.suffix == "!";
    let known = bare || tag.is_yaml_core_schema();
    (!known).then(|| tag.to_string())
}
