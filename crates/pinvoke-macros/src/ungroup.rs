//! Tokens as they were written: without the invisible groups that `macro_rules!` puts around what it substitutes.
//!
//! For `$name` of `macro_rules!`, a declaration has a group without delimiters around `"getpid"`, or around `&str`.
//! Everything here that looks at how a type or an option is written would have to see through them.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The tokens without invisible groups. Sums stay together, in parentheses.
pub(crate) fn ungroup(tokens: TokenStream) -> TokenStream {
    if !has_invisible(&tokens) {
        return tokens;
    }
    tokens.into_iter().flat_map(tree).collect()
}

fn tree(tree: TokenTree) -> TokenStream {
    let TokenTree::Group(group) = tree else { return tree.into() };
    let content = ungroup(group.stream());
    if group.delimiter() == Delimiter::None && !is_sum(&content) {
        return content;
    }
    let delimiter = match group.delimiter() {
        Delimiter::None => Delimiter::Parenthesis,
        visible => visible,
    };
    let mut visible = Group::new(delimiter, content);
    visible.set_span(group.span());
    TokenTree::Group(visible).into()
}

fn has_invisible(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|tree| match tree {
        TokenTree::Group(group) => group.delimiter() == Delimiter::None || has_invisible(&group.stream()),
        _ => false,
    })
}

/// Whether it is an expression that what stands beside it could tear apart, such as `a + b`.
fn is_sum(tokens: &TokenStream) -> bool {
    matches!(syn::parse2::<syn::Expr>(tokens.clone()), Ok(syn::Expr::Binary(_)))
}
