//! Lines that begin with `#`.

use std::sync::Arc;

use super::{Define, Lexer};
use crate::diagnostic::Severity;
use crate::span::{LineMarker, Span, offset};

/// An `#if` that is still open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Condition {
    /// Whether one of its branches has been taken.
    taken: bool,
}

impl Lexer<'_> {
    /// Reads the directive at the current position, to the end of its line.
    pub(super) fn directive(&mut self) {
        let start = self.at;
        self.at += 1;
        self.skip_line_keeping_comments();
        let text = self.text;
        let line = &text[start + 1..self.at];
        let body = line.trim_start();
        let word_len = body.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(body.len());
        let (word, rest) = body.split_at(word_len);
        let rest_start = self.at - rest.len();
        match word {
            "pragma" => self.pragma(rest),
            "define" => self.define(rest, rest_start),
            "undef" => {
                let name: Arc<str> = rest.split_whitespace().next().unwrap_or("").into();
                self.defined.remove(&name);
                self.out.defines.push(Define { name, body: Span::default() });
            }
            "ifdef" | "ifndef" | "if" => {
                let take = self.condition(word, rest, start);
                self.conditions.push(Condition { taken: take });
                if !take {
                    self.skip_branch();
                }
            }
            "elif" | "else" => {
                // Reached from a branch that was taken: the others are not.
                if self.conditions.is_empty() {
                    self.problem(start, &format!("'#{word}' without '#if'"));
                } else {
                    self.skip_branch();
                }
            }
            "endif" if self.conditions.pop().is_none() => {
                self.problem(start, "'#endif' without '#if'");
            }
            "line" => self.marker(rest),
            _ if word.starts_with(|c: char| c.is_ascii_digit()) => self.marker(body),
            _ => {}
        }
    }

    fn problem(&mut self, start: usize, message: &str) {
        self.finding(Severity::Error, start, message);
    }

    fn finding(&mut self, severity: Severity, start: usize, message: &str) {
        let end = self.text[start..].find('\n').map_or(self.text.len(), |len| start + len);
        self.out.problems.push((
            severity,
            Span { start: offset(start), end: offset(end) },
            message.to_owned(),
        ));
    }

    /// Goes to the end of the line; a block comment that continues on the next one is stepped over.
    fn skip_line_keeping_comments(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\n' => return,
                b'\\' if self.splice() => {}
                b'/' if self.peek(1) == b'*' => self.block_comment(),
                b'/' if self.peek(1) == b'/' => self.skip_line(),
                _ => self.at += 1,
            }
        }
    }

    /// `33 "/usr/include/stdio.h" 3 4`: the next line is line 33 of that file.
    fn marker(&mut self, body: &str) {
        let body = body.trim_start();
        let digits = body.find(|c: char| !c.is_ascii_digit()).unwrap_or(body.len());
        let Ok(line) = body[..digits].parse() else { return };
        let file: Arc<str> =
            match body[digits..].trim_start().strip_prefix('"').and_then(|r| r.rsplit_once('"')) {
                Some((file, _)) => file.into(),
                None => match self.out.markers.last() {
                    Some(marker) => Arc::clone(&marker.file),
                    None => return,
                },
            };
        self.out.markers.push(LineMarker { offset: offset(self.at + 1), file, line });
    }

    fn define(&mut self, rest: &str, rest_start: usize) {
        let lead = rest.len() - rest.trim_start().len();
        let body = &rest[lead..];
        let len = body.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(body.len());
        if len == 0 {
            return;
        }
        self.defined.insert(body[..len].into());
        if body[len..].starts_with('(') {
            return; // a function-like macro
        }
        let span = Span { start: offset(rest_start + lead + len), end: offset(self.at) };
        self.out.defines.push(Define { name: body[..len].into(), body: span });
    }

    /// `#pragma pack` as gcc, clang and MSVC understand it.
    fn pragma(&mut self, rest: &str) {
        let Some(args) = rest.trim_start().strip_prefix("pack") else { return };
        let Some((args, _)) = args.trim_start().strip_prefix('(').and_then(|a| a.split_once(')')) else {
            return;
        };
        let current = self.out.packs.last().and_then(|(_, pack)| *pack);
        let mut pack = current;
        let mut label: Option<Arc<str>> = None;
        let mut action = "";
        let mut number = None;
        for arg in args.split(',').map(str::trim) {
            match arg {
                "push" | "pop" => action = arg,
                "" => {}
                _ => match arg.parse::<u64>() {
                    Ok(n) => number = Some(n),
                    Err(_) => label = Some(arg.into()),
                },
            }
        }
        match action {
            "push" => self.pack_stack.push((label, current)),
            "pop" => {
                // A label pops everything above it too; an unknown one pops nothing.
                let down_to = match &label {
                    None => self.pack_stack.len().checked_sub(1),
                    Some(l) => self.pack_stack.iter().rposition(|(name, _)| name.as_ref() == Some(l)),
                };
                if let Some(down_to) = down_to {
                    pack = self.pack_stack[down_to].1;
                    self.pack_stack.truncate(down_to);
                }
            }
            _ if number.is_none() => pack = None,
            _ => {}
        }
        if let Some(n) = number {
            pack = match n {
                0 => None,
                1 | 2 | 4 | 8 | 16 => Some(n),
                _ => return,
            };
        }
        self.out.packs.push((self.out.tokens.len(), pack));
    }

    /// Whether the branch behind `#if`, `#ifdef` or `#ifndef` is to be read.
    fn condition(&mut self, word: &str, rest: &str, start: usize) -> bool {
        let condition = rest.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_defined = |name: &str| self.defined.contains(name);
        let (negated, operand) = match condition.strip_prefix('!') {
            Some(operand) => (true, operand.trim_start()),
            None => (false, condition.as_str()),
        };
        let asked = operand.strip_prefix("defined").map(|n| n.trim().trim_matches(['(', ')']).trim());
        match (word, asked) {
            ("ifdef", _) => is_defined(condition.split(' ').next().unwrap_or("")),
            ("ifndef", _) => !is_defined(condition.split(' ').next().unwrap_or("")),
            (_, Some(name)) if name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => {
                is_defined(name) != negated
            }
            _ if condition == "0" => false,
            _ if condition == "1" => true,
            _ => {
                let message = "this condition is not evaluated; its first branch is read";
                self.finding(Severity::Warning, start, message);
                true
            }
        }
    }

    /// Skips to the `#elif`, `#else` or `#endif` that ends the branch, and reads on where a branch is
    /// to be taken.
    fn skip_branch(&mut self) {
        let mut depth = 0usize;
        while self.at < self.bytes.len() {
            self.at += usize::from(self.bytes[self.at] == b'\n');
            let start = self.at;
            let text = self.text;
            let line_end = text[start..].find('\n').map_or(text.len(), |len| start + len);
            let line = text[start..line_end].trim_start();
            self.at = line_end;
            let Some(body) = line.strip_prefix('#').map(str::trim_start) else {
                if start >= text.len() {
                    break;
                }
                continue;
            };
            if body.starts_with("if") {
                depth += 1;
            } else if body.starts_with("endif") {
                if depth == 0 {
                    self.conditions.pop();
                    return;
                }
                depth -= 1;
            } else if depth == 0
                && let Some(open) = self.conditions.last_mut()
                && !open.taken
                && (body.starts_with("else") || body.starts_with("elif"))
            {
                let zero = body.strip_prefix("elif").is_some_and(|c| c.trim() == "0");
                if !zero {
                    open.taken = true;
                    return;
                }
            }
        }
    }
}
