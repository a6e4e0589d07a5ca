//! The C front end: a recursive-descent parser for C11 and GNU declarations.
//!
//! It reads three kinds of text alike: headers after the preprocessor, hand-written declaration files,
//! and prototypes pasted from a manual page, where nothing but the prototype is known. The third kind
//! decides the design:
//!
//! - A name that stands where a type must stand is a type, known or not. Whether an unknown name is an
//!   error depends on its use and is decided when it is resolved.
//! - A word in capitals beside a known type is taken for an annotation macro and skipped ([`words`]).
//! - The last semicolon may be missing; array parameters may have sizes such as `[.n]`.
//!
//! The first error in a declaration is reported, then reading goes on behind the next `;` or `}`, so
//! that several errors are reported at once. Nesting is limited to [`MAX_NESTING`] levels, which bounds
//! the stack; every loop consumes a token, and brackets are skipped through a table of partners, which
//! bounds the time.

mod attribute;
mod declaration;
mod declarator;
pub(crate) use declarator::describe_parameter;
mod expression;
mod record;
mod specifier;
mod words;

use std::sync::Arc;

use pinvoke_abi::target::Target;

use crate::diagnostic::Diagnostic;
use crate::facts::{Facts, Macro};
use crate::lex::{self, Define, Keyword, Lexed, Punct, Token, TokenKind};
use crate::model::{DeclarationKind, Expr, Name, Op, TypeFact};
use crate::span::{Source, Span};

/// Levels of parentheses, brackets, bodies and parameter lists inside each other. C17 5.2.4.1 asks for 63.
pub(crate) const MAX_NESTING: u32 = 100;

/// Pointers, arrays and functions in one declarator. C17 5.2.4.1 asks for 12.
pub(crate) const MAX_DERIVATIONS: usize = 200;

/// Errors in one text after which reading stops.
pub(crate) const MAX_ERRORS: usize = 100;

/// An error that has been reported.
#[derive(Debug)]
pub(crate) struct Reported;

type Parse<T> = Result<T, Reported>;

/// Reads declarations into `facts`. `known` holds what else is visible, the nearest first.
pub(crate) fn parse_unit(
    target: Target,
    name: &str,
    text: &str,
    facts: &mut Facts,
    known: &[&Facts],
) -> Vec<Diagnostic> {
    with_parser(target, name, text, facts, known, |parser| {
        while !parser.at_end() {
            parser.external_declaration();
            if parser.diagnostics.len() > MAX_ERRORS {
                parser.diagnostics.truncate(MAX_ERRORS);
                let problem = "too many errors; the rest of the text is not read";
                parser.diagnostics.push(Diagnostic::error(&parser.source, parser.span(), problem));
                break;
            }
        }
    })
    .1
}

/// Reads one type name (`const char *`, `struct stat`). `None` if it is not one.
pub(crate) fn parse_type_name(
    target: Target,
    text: &str,
    facts: &mut Facts,
    known: &[&Facts],
) -> (Option<(TypeFact, Arc<Source>)>, Vec<Diagnostic>) {
    with_parser(target, "type", text, facts, known, |parser| {
        let source = Arc::clone(&parser.source);
        let ty = parser.type_name().and_then(|ty| parser.expect_end("after the type").map(|()| ty));
        ty.ok().map(|ty| (ty, source))
    })
}

/// Reads one constant expression.
pub(crate) fn parse_expression(
    target: Target,
    text: &str,
    facts: &mut Facts,
    known: &[&Facts],
) -> (Option<(Expr, Arc<Source>)>, Vec<Diagnostic>) {
    with_parser(target, "expression", text, facts, known, |parser| {
        let source = Arc::clone(&parser.source);
        let expr =
            parser.constant_expression().and_then(|e| parser.expect_end("after the expression").map(|()| e));
        expr.ok().map(|e| (e, source))
    })
}

fn with_parser<T: Default>(
    target: Target,
    name: &str,
    text: &str,
    facts: &mut Facts,
    known: &[&Facts],
    read: impl FnOnce(&mut Parser<'_>) -> T,
) -> (T, Vec<Diagnostic>) {
    if u32::try_from(text.len()).is_err() {
        let source = Arc::new(Source::new(name, "", Vec::new()));
        let problem = Diagnostic::error(&source, Span::default(), "the text is longer than 4 GiB");
        return (T::default(), vec![problem]);
    }
    let mut lexed = lex::lex(text);
    let source = Arc::new(Source::new(name, text, std::mem::take(&mut lexed.markers)));
    let mut diagnostics: Vec<Diagnostic> = std::mem::take(&mut lexed.problems)
        .into_iter()
        .map(|(severity, span, message)| Diagnostic::new(severity, &source, span, message))
        .collect();
    let mut parser = Parser {
        target,
        source: Arc::clone(&source),
        text,
        lexed: &lexed,
        at: 0,
        depth: 0,
        facts,
        known,
        diagnostics: Vec::new(),
    };
    let value = read(&mut parser);
    // Last, for macros that cast to a type the text declares.
    parser.macros(&lexed.defines);
    diagnostics.append(&mut parser.diagnostics);
    (value, diagnostics)
}

pub(crate) struct Parser<'p> {
    target: Target,
    source: Arc<Source>,
    text: &'p str,
    lexed: &'p Lexed,
    /// Index of the next token.
    at: usize,
    depth: u32,
    facts: &'p mut Facts,
    known: &'p [&'p Facts],
    diagnostics: Vec<Diagnostic>,
}

impl<'p> Parser<'p> {
    // --- tokens -------------------------------------------------------------------------------

    fn token(&self, ahead: usize) -> Token {
        let tokens = &self.lexed.tokens;
        tokens[(self.at + ahead).min(tokens.len() - 1)]
    }

    fn kind(&self) -> TokenKind {
        self.token(0).kind
    }

    fn span(&self) -> Span {
        self.token(0).span
    }

    /// The span of the token before the next one.
    fn last_span(&self) -> Span {
        self.lexed.tokens[self.at.saturating_sub(1)].span
    }

    fn text_of(&self, span: Span) -> &'p str {
        &self.text[span.start as usize..span.end as usize]
    }

    fn at_end(&self) -> bool {
        self.kind() == TokenKind::End
    }

    fn bump(&mut self) -> Token {
        let token = self.token(0);
        if token.kind != TokenKind::End {
            self.at += 1;
        }
        token
    }

    fn is(&self, punct: Punct) -> bool {
        self.kind() == TokenKind::Punct(punct)
    }

    fn is_ahead(&self, ahead: usize, punct: Punct) -> bool {
        self.token(ahead).kind == TokenKind::Punct(punct)
    }

    fn eat(&mut self, punct: Punct) -> bool {
        let found = self.is(punct);
        self.at += usize::from(found);
        found
    }

    fn eat_keyword(&mut self, keyword: Keyword) -> bool {
        let found = self.kind() == TokenKind::Keyword(keyword);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, punct: Punct, place: &str) -> Parse<Span> {
        if self.is(punct) {
            return Ok(self.bump().span);
        }
        Err(self.expected(&format!("'{}'", punct.text()), place))
    }

    fn expect_end(&mut self, place: &str) -> Parse<()> {
        if self.at_end() { Ok(()) } else { Err(self.expected("the end", place)) }
    }

    /// The identifier at the current position, consumed.
    fn ident(&mut self) -> Option<Name> {
        (self.kind() == TokenKind::Ident).then(|| {
            let span = self.bump().span;
            Name { text: self.text_of(span).into(), span }
        })
    }

    fn ident_text(&self, ahead: usize) -> Option<&'p str> {
        let token = self.token(ahead);
        (token.kind == TokenKind::Ident).then(|| self.text_of(token.span))
    }

    /// Steps over the bracket at the current position and everything in it.
    fn skip_group(&mut self) -> Parse<Span> {
        let open = self.span();
        let partner = self.lexed.partner[self.at];
        if partner == usize::MAX || partner <= self.at {
            let what = self.text_of(open);
            return Err(self.error(open, &format!("this '{what}' is never closed")));
        }
        self.at = partner + 1;
        Ok(open.to(self.last_span()))
    }

    /// The index behind a bracketed group that begins `ahead` tokens from here, as a distance.
    fn behind_group(&self, ahead: usize) -> Option<usize> {
        let open = self.at + ahead;
        let partner = *self.lexed.partner.get(open)?;
        (partner != usize::MAX && partner > open).then(|| partner + 1 - self.at)
    }

    // --- nesting ------------------------------------------------------------------------------

    /// Runs `read` one level deeper.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
        if self.depth >= MAX_NESTING {
            let message = format!("nested too deeply: more than {MAX_NESTING} levels");
            return Err(self.error(self.span(), &message));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    // --- diagnostics --------------------------------------------------------------------------

    fn error(&mut self, span: Span, message: &str) -> Reported {
        self.report(Diagnostic::error(&self.source, span, message))
    }

    fn report(&mut self, problem: Diagnostic) -> Reported {
        // One more than is shown, so that the end of the loop over declarations knows.
        if self.diagnostics.len() <= MAX_ERRORS {
            self.diagnostics.push(problem);
        }
        Reported
    }

    /// "expected X, found Y", with the place, at the current token.
    fn expected(&mut self, what: &str, place: &str) -> Reported {
        let found = self.found();
        let space = if place.is_empty() { "" } else { " " };
        let message = format!("expected {what}{space}{place}, found {found}");
        let mut problem = Diagnostic::error(&self.source, self.span(), message);
        if matches!(self.kind(), TokenKind::Punct(Punct::ColonColon | Punct::Lt)) {
            problem = problem.help("this looks like C++; only C declarations are read");
        }
        self.report(problem)
    }

    /// The current token in words.
    fn found(&self) -> String {
        match self.kind() {
            TokenKind::End => "the end of the text".to_owned(),
            _ => {
                let text = self.text_of(self.span());
                let short: String = text.chars().take(40).collect();
                let dots = if short.len() < text.len() { "..." } else { "" };
                format!("'{short}{dots}'")
            }
        }
    }

    // --- names --------------------------------------------------------------------------------

    fn is_typedef(&self, name: &str) -> bool {
        let scopes = std::iter::once(&*self.facts).chain(self.known.iter().copied());
        scopes.into_iter().find_map(|f| f.find(name)).is_some_and(|d| d.kind == DeclarationKind::Typedef)
    }

    /// Takes the object-like macros whose body is a constant expression.
    fn macros(&mut self, defines: &[Define]) {
        for define in defines {
            let body = self.text_of(define.body);
            let lexed = lex::lex(body);
            // Defined anew, or no longer.
            self.facts.macros.remove(&define.name);
            if lexed.tokens.len() < 2 || !lexed.problems.is_empty() {
                continue;
            }
            let source = Arc::new(Source::new(self.source.name(), body, Vec::new()));
            let mut inner = Parser {
                target: self.target,
                source: Arc::clone(&source),
                text: body,
                lexed: &lexed,
                at: 0,
                depth: 0,
                facts: &mut *self.facts,
                known: self.known,
                diagnostics: Vec::new(),
            };
            // Anything else - types, statements, attributes - is not a constant and no error.
            let Ok(expr) = inner.constant_expression() else { continue };
            // `#define stdin stdin` only says that there is a stdin.
            let itself = matches!(expr.ops.as_slice(), [(Op::Name(name), _)] if *name == define.name);
            if inner.at_end() && inner.diagnostics.is_empty() && !itself {
                let fact = Arc::new(Macro { body: expr, source });
                self.facts.macros.insert(Arc::clone(&define.name), fact);
            }
        }
    }
}
