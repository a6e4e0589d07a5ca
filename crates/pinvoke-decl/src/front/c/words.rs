//! Words that are macros in headers and meet us raw in a pasted prototype.
//!
//! Three kinds: words for a calling convention (`WINAPI`), annotations known by name (`_In_`,
//! `OPTIONAL`), and words that merely look like annotations (`SQLITE_API`, `__nonnull((1))`), which are
//! skipped only where no type or name can stand.

use pinvoke_abi::signature::CallConv;

use super::Parser;
use crate::lex::{Keyword, Punct, TokenKind};

/// The calling convention a word stands for.
pub(super) fn convention(word: &str) -> Option<CallConv> {
    Some(match word {
        "__cdecl" | "_cdecl" | "cdecl" | "WINAPIV" | "CDECL" | "__CRTDECL" => CallConv::C,
        "WINAPI" | "APIENTRY" | "APIPRIVATE" | "CALLBACK" | "NTAPI" | "PASCAL" | "WSAAPI"
        | "STDMETHODCALLTYPE" | "GLAPIENTRY" | "VKAPI_CALL" => CallConv::System,
        "__stdcall" | "_stdcall" => CallConv::Stdcall,
        "__fastcall" | "_fastcall" | "FASTCALL" => CallConv::Fastcall,
        "__thiscall" | "_thiscall" => CallConv::Thiscall,
        _ => return None,
    })
}

/// Annotations known by name, which say nothing about the ABI.
fn is_annotation(word: &str) -> bool {
    matches!(
        word,
        "IN" | "OUT"
            | "INOUT"
            | "OPTIONAL"
            | "FAR"
            | "NEAR"
            | "CONST"
            | "UNALIGNED"
            | "__unused"
            | "__ptr32"
            | "__ptr64"
            | "__sptr"
            | "__uptr"
            | "__w64"
            | "__unaligned"
            | "__user"
            | "__noreturn"
            | "__THROW"
            | "__THROWNL"
            | "__BEGIN_DECLS"
            | "__END_DECLS"
            | "noreturn"
    ) || is_nullability(word)
        || is_sal(word)
}

/// Clang's nullability qualifiers, which newer manual pages use.
pub(super) fn is_nullability(word: &str) -> bool {
    matches!(
        word,
        "_Nullable"
            | "_Nonnull"
            | "_Null_unspecified"
            | "_Nullable_result"
            | "__nullable"
            | "__nonnull"
            | "__null_unspecified"
    )
}

/// Microsoft's source annotations: `_In_`, `_Out_writes_bytes_(n)`, `__in_opt`, `__deref_out`.
fn is_sal(word: &str) -> bool {
    const OLD: [&str; 6] = ["__in", "__out", "__inout", "__deref", "__reserved", "__checkReturn"];
    let modern = word.len() > 3
        && word.starts_with('_')
        && word.ends_with('_')
        && word.as_bytes()[1].is_ascii_uppercase()
        && word.bytes().any(|b| b.is_ascii_lowercase());
    modern || OLD.iter().any(|o| word == *o || word.strip_prefix(o).is_some_and(|r| r.starts_with('_')))
}

/// A word that looks like an annotation macro: all capitals, or reserved (`__attribute_pure__`).
fn looks_like_macro(word: &str) -> bool {
    let caps = word.len() > 1
        && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        && word.bytes().any(|b| b.is_ascii_uppercase());
    caps || word.starts_with("__")
}

impl Parser<'_> {
    /// Whether the token `ahead` can begin or continue declaration specifiers as a *known* type.
    pub(super) fn known_type_at(&self, ahead: usize) -> bool {
        match self.token(ahead).kind {
            TokenKind::Keyword(k) => !matches!(
                k,
                Keyword::Sizeof
                    | Keyword::Alignof
                    | Keyword::Offsetof
                    | Keyword::Generic
                    | Keyword::Asm
                    | Keyword::StaticAssert
            ),
            TokenKind::Ident => self.ident_text(ahead).is_some_and(|w| self.is_typedef(w)),
            _ => false,
        }
    }

    /// Whether the words from here are an annotation with something declared behind it, where no type
    /// has been seen yet: `SQLITE_API int f()`, `_In_reads_(n) const char *p`.
    fn annotation_before_type(&self, word: &str) -> Option<usize> {
        let known = is_annotation(word);
        if !known && !looks_like_macro(word) {
            return None;
        }
        let mut behind = 1;
        if self.is_ahead(1, Punct::LParen) {
            behind = self.behind_group(1)?;
        }
        let next = self.token(behind).kind;
        let next_word = self.ident_text(behind);
        let then_type = self.known_type_at(behind)
            || next_word.is_some_and(|w| convention(w).is_some() && behind > 1)
            || self.is_ahead(behind, Punct::LBracket) && self.is_ahead(behind + 1, Punct::LBracket);
        // `API Handle open(`: a second unknown word that is itself followed by a name or a pointer.
        let then_unknown_type = next == TokenKind::Ident
            && next_word.is_some_and(|w| convention(w).is_none() && !is_annotation(w))
            && (self.token(behind + 1).kind == TokenKind::Ident || self.is_ahead(behind + 1, Punct::Star));
        let then_annotation = next_word.is_some_and(is_annotation);
        (known || then_type || then_unknown_type || then_annotation).then_some(behind)
    }

    /// Steps over an annotation in front of a type.
    pub(super) fn skip_annotation_before_type(&mut self) -> bool {
        let Some(word) = self.ident_text(0) else { return false };
        if convention(word).is_some() || self.is_typedef(word) && !is_annotation(word) {
            return false;
        }
        let Some(behind) = self.annotation_before_type(word) else { return false };
        self.at += behind;
        true
    }

    /// Steps over an annotation behind a type or a `*`, in front of the declared name:
    /// `int ZEXPORT inflate(`, `char FAR *p`, `char *_Nonnull p`.
    pub(super) fn skip_annotation_before_name(&mut self) -> bool {
        let Some(word) = self.ident_text(0) else { return false };
        let next = self.token(1).kind;
        // `int OUT` may declare the name OUT; a nullability qualifier is never a name.
        let name_follows = matches!(next, TokenKind::Ident | TokenKind::Keyword(_))
            || matches!(next, TokenKind::Punct(Punct::Star | Punct::LParen))
            || is_nullability(word);
        if is_annotation(word) && convention(word).is_none() && name_follows {
            self.at += match self.behind_group(1) {
                // `__nonnull (1)` is an annotation with arguments, `_Nonnull (*p)` is not.
                Some(behind) if is_sal(word) && self.is_ahead(1, Punct::LParen) => behind,
                _ => 1,
            };
            return true;
        }
        if !looks_like_macro(word) {
            return false;
        }
        let skip = matches!(next, TokenKind::Ident | TokenKind::Punct(Punct::Star))
            || matches!(next, TokenKind::Keyword(Keyword::Const | Keyword::Restrict))
            // `int CALL (*fn)(void)`: a name is not followed by a parenthesis with a star in it.
            || self.is_ahead(1, Punct::LParen)
                && (self.is_ahead(2, Punct::Star) && !self.known_type_at(3));
        self.at += usize::from(skip);
        skip
    }

    /// Steps over annotations behind a declarator: `int f(void) __THROW __nonnull ((1));`,
    /// `char *buf UNUSED`.
    pub(super) fn skip_trailing_annotations(&mut self) {
        while let Some(word) = self.ident_text(0) {
            if !is_annotation(word) && !looks_like_macro(word) {
                return;
            }
            self.at += match self.behind_group(1) {
                Some(behind) if self.is_ahead(1, Punct::LParen) => behind,
                _ => 1,
            };
        }
    }
}
