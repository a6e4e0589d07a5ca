//! An enumeration with data: a tag, and the union of what the tag can mean.
//!
//! The twin is C's usual `struct { int tag; union { … } payload; }`. Which member is there is what the
//! tag says, so reading is checked, and nothing reads a member that native code did not write.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{DataEnum, DeriveInput, Error, Fields, Ident, Type};

use super::options::{Options, Placed};
use super::structure::{Structure, nested, travelling};
use crate::dll_import::declaration::with_static_lifetimes;
use crate::native_type;
use crate::repr::Repr;

/// One variant.
struct Variant {
    name: Ident,
    /// Its discriminant, as a constant of the tag's type.
    tag: Ident,
    value: TokenStream,
    payload: Option<Payload>,
}

/// What a variant carries.
struct Payload {
    ty: Type,
    form: TokenStream,
}

impl Payload {
    fn element(&self) -> TokenStream {
        let Payload { ty, form } = self;
        quote!(<#ty as ::pinvoke::marshal::Element<#form>>)
    }

    fn native(&self) -> TokenStream {
        let (ty, form) = (with_static_lifetimes(&self.ty), &self.form);
        quote!(<#ty as ::pinvoke::marshal::Element<#form>>::Native)
    }
}

fn variants(data: &DataEnum, options: &Options) -> Result<Vec<Variant>, Error> {
    let mut variants: Vec<Variant> = Vec::new();
    for variant in &data.variants {
        let payload = match &variant.fields {
            Fields::Unit => None,
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                let field = &fields.unnamed[0];
                let placed = Placed::of(field, options)?;
                if placed.buffer.is_some() {
                    return Err(Error::new(
                        field.span(),
                        "a buffer stands in a structure, beside its size: carry that structure",
                    ));
                }
                Some(Payload { ty: field.ty.clone(), form: placed.form })
            }
            other => {
                return Err(Error::new(
                    other.span(),
                    "a variant carries one value, the member of the union: make a structure of it, `Circle(Circle)`",
                ));
            }
        };
        let value = match (&variant.discriminant, variants.last()) {
            (Some((_, value)), _) => quote!(#value),
            (None, Some(Variant { tag: before, .. })) => quote!(#before + 1),
            (None, None) => quote!(0),
        };
        let tag = format_ident!("__TAG_{}", variants.len());
        variants.push(Variant { name: variant.ident.clone(), tag, value, payload });
    }
    Ok(variants)
}

/// Expands the derive for an enumeration of which a variant carries data.
pub(crate) fn expand(input: &DeriveInput, data: &DataEnum, options: &Options) -> Result<TokenStream, Error> {
    options.refuse_layout("an enumeration")?;
    let Some(int) = Repr::of(input)?.int else {
        return Err(Error::new(
            input.ident.span(),
            "the tag needs a type: write `#[repr(i32)]`, or what the tag is in C",
        ));
    };
    let int = quote!(::core::primitive::#int);
    let variants = variants(data, options)?;
    let (twin, payload) = (format_ident!("{}Native", input.ident), format_ident!("{}Payload", input.ident));
    let twins = twins(input, &twin, &payload, &int, &variants)?;
    let element = element(input, &twin, &int, &variants);
    let travelling = travelling(input, &twin);
    Ok(quote!(#twins #element #travelling))
}

fn twins(
    input: &DeriveInput,
    twin: &Ident,
    payload: &Ident,
    int: &TokenStream,
    variants: &[Variant],
) -> Result<TokenStream, Error> {
    let visibility = &input.vis;
    let carried: Vec<(&Ident, TokenStream)> =
        variants.iter().filter_map(|v| Some((&v.name, v.payload.as_ref()?.native()))).collect();
    let members = carried.iter().map(|(name, native)| {
        let documentation = format!("The native form of what `{name}` carries.");
        quote!(#[doc = #documentation] #visibility #name: #native)
    });
    let of_twin = format!("The native form of [`{}`]: a tag, and a union.", input.ident);
    let of_payload = format!("What the tag of [`{twin}`] can mean.");
    let union = quote! {
        #[doc = #of_payload]
        #[derive(Clone, Copy)]
        #[repr(C)]
        #[allow(non_snake_case, reason = "named after the variants")]
        #visibility union #payload { #(#members),* }
    };
    let structure = quote! {
        #[doc = #of_twin]
        #[derive(Clone, Copy)]
        #[repr(C)]
        #visibility struct #twin {
            /// Which member of the union there is.
            #visibility tag: #int,
            /// The union.
            #visibility payload: #payload,
        }
    };
    let of_union = native_type::expand(&syn::parse2(union.clone())?)?;
    let of_structure = native_type::expand(&syn::parse2(structure.clone())?)?;
    let debug = super::twin::debug(twin);
    let debug_union = super::twin::debug(payload);
    Ok(quote!(#union #of_union #structure #of_structure #debug #debug_union))
}

fn element(input: &DeriveInput, twin: &Ident, int: &TokenStream, variants: &[Variant]) -> TokenStream {
    let name = &input.ident;
    let Structure { lifetimes, ty } = Structure::of(input);
    let constants = variants.iter().map(|Variant { tag, value, .. }| quote!(const #tag: #int = #value;));
    let constants: TokenStream = quote!(#(#constants)*);
    let carried: Vec<(usize, &Variant, &Payload)> = variants
        .iter()
        .filter_map(|v| Some((v, v.payload.as_ref()?)))
        .enumerate()
        .map(|(index, (variant, payload))| (index, variant, payload))
        .collect();
    let guards: Vec<TokenStream> = carried
        .iter()
        .map(|(_, _, payload)| {
            let element = payload.element();
            quote!(::core::option::Option<#element::Guard>)
        })
        .collect();
    let guard = nested(&guards);
    let label = |variant: &Variant| variant.name.to_string();
    let read = |variant: &Variant| {
        let member = &variant.name;
        quote! {
            // SAFETY: the tag says that this member is there.
            let member = unsafe { (&raw const native.payload.#member).read_unaligned() };
        }
    };

    let mut index_of_carried = 0;
    let to_native = variants.iter().map(|variant| {
        let Variant { name: member, tag, payload, .. } = variant;
        let Some(Payload { ty, form }) = payload else {
            let none = nested(&vec![quote!(::core::option::Option::None); carried.len()]);
            return quote!(#name::#member => {
                // SAFETY: a member of the twin.
                unsafe { (&raw mut (*__twin).tag).write(#tag) };
                #none
            });
        };
        let label = label(variant);
        let guards: Vec<TokenStream> = (0..carried.len())
            .map(|i| {
                if i == index_of_carried {
                    quote!(::core::option::Option::Some(guard))
                } else {
                    quote!(::core::option::Option::None)
                }
            })
            .collect();
        let guards = nested(&guards);
        index_of_carried += 1;
        quote!(#name::#member(value) => {
            let (held, guard) = ::pinvoke::marshal::structure::Held::<#ty, #form>::new(value, #label)?;
            // SAFETY: a member of the twin.
            unsafe { (&raw mut (*__twin).tag).write(#tag) };
            // SAFETY: as above.
            unsafe { (&raw mut (*__twin).payload.#member).write_unaligned(held.take()) };
            #guards
        })
    });
    let from_element = variants.iter().map(|variant| {
        let Variant { name: member, tag, payload, .. } = variant;
        let Some(payload) = payload else {
            return quote!(#tag => ::core::result::Result::Ok(#name::#member));
        };
        let (element, read, label) = (payload.element(), read(variant), label(variant));
        quote!(#tag => {
            #read
            // SAFETY: the caller's promise.
            let value = unsafe { #element::from_element(&member) };
            value.map(#name::#member).map_err(|e| e.in_member(#label))
        })
    });
    let update = carried.iter().map(|(_, variant, payload)| {
        let Variant { name: member, tag, .. } = variant;
        let (element, read, label) = (payload.element(), read(variant), label(variant));
        quote!((#name::#member(value), #tag) => {
            #read
            // SAFETY: the caller's promise.
            unsafe { #element::update(value, &member) }.map_err(|e| e.in_member(#label))
        })
    });
    let give_away = carried.iter().map(|(_, variant, payload)| {
        let (member, element) = (&variant.name, payload.element());
        quote!(#name::#member(value) => #element::give_away(value))
    });
    let release = carried.iter().map(|(_, variant, payload)| {
        let Variant { tag, .. } = variant;
        let (element, read) = (payload.element(), read(variant));
        quote!(#tag => {
            #read
            let mut member = member;
            // SAFETY: the caller's promise.
            unsafe { #element::release(&mut member) };
        })
    });
    let result = quote!(::core::result::Result);
    let error = quote!(::pinvoke::marshal::MarshalError);
    quote! {
        // SAFETY: never in place.
        #[automatically_derived]
        #[allow(unsafe_code, unreachable_patterns, clippy::all, clippy::pedantic, clippy::restriction, reason = "expanded from a declaration")]
        unsafe impl<#lifetimes __M: ::pinvoke::marshal::CharSet> ::pinvoke::marshal::Element<__M> for #ty {
            type Native = #twin;
            type Guard = #guard;
            const IN_PLACE: ::core::primitive::bool = false;

            fn to_native(&self) -> #result<(#twin, Self::Guard), #error> {
                #constants
                // Zeros, so that what the tag does not mean tells native code nothing.
                let mut native = ::core::mem::MaybeUninit::<#twin>::zeroed();
                let __twin = native.as_mut_ptr();
                let guard = match self { #(#to_native)* };
                // SAFETY: tag and member were written.
                #result::Ok((unsafe { native.assume_init() }, guard))
            }

            unsafe fn from_element(native: &#twin) -> #result<Self, #error> {
                #constants
                match native.tag {
                    #(#from_element,)*
                    unknown => #result::Err(::pinvoke::marshal::undeclared(unknown, ::core::stringify!(#name))),
                }
            }

            unsafe fn update(&mut self, native: &#twin) -> #result<(), #error> {
                #constants
                match (&mut *self, native.tag) {
                    #(#update,)*
                    _ => {
                        // SAFETY: the caller's promise.
                        *self = unsafe { <Self as ::pinvoke::marshal::Element<__M>>::from_element(native) }?;
                        #result::Ok(())
                    }
                }
            }

            fn give_away(self) {
                match self {
                    #(#give_away,)*
                    _ => {}
                }
            }

            unsafe fn release(native: &mut #twin) {
                #constants
                match native.tag {
                    #(#release,)*
                    _ => {}
                }
            }
        }
    }
}

/// Whether a variant carries data.
pub(crate) fn has_data(data: &DataEnum) -> bool {
    data.variants.iter().any(|v| !matches!(v.fields, Fields::Unit))
}
