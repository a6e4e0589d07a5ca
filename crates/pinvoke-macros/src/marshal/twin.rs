//! The native twin of a structure.
//!
//! In a sequential layout it is a `#[repr(C)]` structure, checked like any that derives `NativeType`. In
//! an explicit one it is a `#[repr(C)]` union of one structure for each member, which has padding before
//! the member; the padding counts as floats where it can, for a calling convention lets any other member
//! of the same eight bytes outrank a float.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, Ident};

use super::options::Options;
use super::structure::Member;
use crate::native_type;

/// Members one behind the other.
pub(crate) fn sequential(
    input: &DeriveInput,
    twin: &Ident,
    members: &[Member],
    options: &Options,
) -> Result<TokenStream, Error> {
    let visibility = &input.vis;
    let documentation = documentation(&input.ident);
    let representation = match &options.pack {
        Some(cap) => quote!(#[repr(C, packed(#cap))]),
        None => quote!(#[repr(C)]),
    };
    let natives: Vec<TokenStream> = members.iter().map(Member::native).collect();
    let fields = members.iter().zip(&natives).map(|(member, native)| {
        let Member { name, visibility, .. } = member;
        let documentation = format!("The native form of `{name}`.");
        quote!(#[doc = #documentation] #visibility #name: #native)
    });
    let tail = options.size.as_ref().map(|size| {
        let cap = cap(options);
        quote! {
            /// Up to the declared size.
            __tail: [::core::primitive::u8; {
                ::pinvoke::native::derive_support::tail(
                    #size,
                    &[#((::core::mem::size_of::<#natives>(), ::core::mem::align_of::<#natives>())),*],
                    #cap,
                )
            }]
        }
    });
    let twin_structure = quote! {
        #documentation
        #[derive(Clone, Copy)]
        #representation
        #visibility struct #twin { #(#fields,)* #tail }
    };
    let parsed: DeriveInput = syn::parse2(twin_structure.clone())?;
    let native_type = native_type::expand(&parsed)?;
    let debug = debug(twin);
    Ok(quote!(#twin_structure #native_type #debug))
}

fn cap(options: &Options) -> TokenStream {
    options.pack.as_ref().map_or_else(|| quote!(::core::primitive::usize::MAX), |cap| quote!(#cap))
}

fn documentation(structure: &Ident) -> TokenStream {
    let documentation = format!("The native form of [`{structure}`], as C lays it out.");
    quote!(#[doc = #documentation])
}

pub(crate) fn debug(twin: &Ident) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::core::fmt::Debug for #twin {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.debug_struct(::core::stringify!(#twin)).finish_non_exhaustive()
            }
        }
    }
}

/// Members where they say.
pub(crate) fn explicit(
    input: &DeriveInput,
    twin: &Ident,
    members: &[Member],
    options: &Options,
) -> Result<TokenStream, Error> {
    let visibility = &input.vis;
    let documentation = documentation(&input.ident);
    let cap = cap(options);
    let representation = match &options.pack {
        Some(cap) => quote!(#[repr(C, packed(#cap))]),
        None => quote!(#[repr(C)]),
    };
    let natives: Vec<TokenStream> = members.iter().map(Member::native).collect();
    let names: Vec<&Ident> = members.iter().map(|m| &m.name).collect();
    let mut offsets = Vec::new();
    for member in members {
        let Some(offset) = &member.placed.offset else { continue };
        let number: usize = offset.base10_parse()?;
        offsets.push((quote!(#offset), number / 4, number % 4));
    }
    let starts: Vec<&TokenStream> = offsets.iter().map(|o| &o.0).collect();
    let fields = members.iter().zip(&natives).zip(&offsets).map(|((member, native), (_, floats, bytes))| {
        let Member { name, visibility, .. } = member;
        let documentation = format!("The native form of `{name}`, at its offset.");
        quote!(#[doc = #documentation] #visibility #name: ::pinvoke::native::At<#native, #floats, #bytes>)
    });
    let size = options
        .size
        .as_ref()
        .map(|size| quote!(__size: ::pinvoke::native::At<(), { (#size) / 4 }, { (#size) % 4 }>,));
    let checks = members.iter().zip(&natives).zip(&starts).map(|((member, native), start)| {
        let message = format!(
            "member `{}` is not aligned at its offset: write `#[native(explicit, pack = 1)]` if that is meant",
            member.name
        );
        quote! {
            ::core::assert!(
                #start % ::pinvoke::native::derive_support::c_align(::core::mem::align_of::<#native>(), #cap) == 0,
                #message,
            );
        }
    });
    let too_small = options.size.as_ref().map(|size| {
        quote! {
            #(::core::assert!(
                #starts + ::core::mem::size_of::<#natives>() <= #size,
                "a member lies beyond the declared size",
            );)*
            ::core::assert!(
                ::core::mem::size_of::<#twin>() == #size,
                "the declared size is not a multiple of the alignment: add `pack`",
            );
        }
    });
    let layout = quote! {
        ::pinvoke::native::derive_support::aggregate(
            ::core::mem::size_of::<Self>(),
            ::core::mem::align_of::<Self>(),
            true,
            [#(::pinvoke::native::derive_support::field(
                #starts,
                <#natives as ::pinvoke::native::NativeField>::field_layout(),
            )),*],
        )
    };
    let implementation = native_type::implement(twin, &native_type::Facts::of_members(&natives, layout));
    let structure = native_type::structure(twin, &names, &natives, &starts);
    let debug = debug(twin);
    Ok(quote! {
        #documentation
        #[derive(Clone, Copy)]
        #representation
        #visibility union #twin {
            #(#fields,)*
            // No bytes, but the alignment of the members, which stand in packed structures.
            __align: (#([#natives; 0],)*),
            #size
        }
        const _: () = {
            #(#checks)*
            #too_small
        };
        #implementation
        #structure
        #debug
    })
}
