//! A structure, converted member by member.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Error, FieldsNamed, Ident, Type, Visibility};

use super::options::{Options, Placed};
use super::twin;
use crate::dll_import::declaration::with_static_lifetimes;

/// One member.
pub(crate) struct Member {
    pub(crate) name: Ident,
    pub(crate) visibility: Visibility,
    pub(crate) ty: Type,
    pub(crate) placed: Placed,
}

impl Member {
    /// `Element` of the type in the form.
    fn element(&self) -> TokenStream {
        let (ty, form) = (&self.ty, &self.placed.form);
        // A type that is none is reported at the member, not at the derive.
        quote_spanned!(ty.span()=> <#ty as ::pinvoke::marshal::Element<#form>>)
    }

    /// The native type, which is the same for every lifetime.
    pub(crate) fn native(&self) -> TokenStream {
        let (ty, form) = (with_static_lifetimes(&self.ty), &self.placed.form);
        quote_spanned!(self.ty.span()=> <#ty as ::pinvoke::marshal::Element<#form>>::Native)
    }

    fn label(&self) -> String {
        self.name.to_string().trim_start_matches("r#").to_owned()
    }
}

/// The structure with its lifetimes.
pub(crate) struct Structure {
    /// With a comma behind each.
    pub(crate) lifetimes: TokenStream,
    pub(crate) ty: TokenStream,
}

impl Structure {
    pub(crate) fn of(input: &DeriveInput) -> Structure {
        let parameters = input.generics.params.iter();
        let (name, (_, arguments, _)) = (&input.ident, input.generics.split_for_impl());
        Structure { lifetimes: quote!(#(#parameters,)*), ty: quote!(#name #arguments) }
    }
}

/// Expands the derive for a structure.
pub(crate) fn expand(
    input: &DeriveInput,
    fields: &FieldsNamed,
    options: &Options,
) -> Result<TokenStream, Error> {
    let mut members = Vec::new();
    for field in &fields.named {
        if let Some(name) = &field.ident {
            members.push(Member {
                name: name.clone(),
                visibility: field.vis.clone(),
                ty: field.ty.clone(),
                placed: Placed::of(field, options)?,
            });
        }
    }
    if members.is_empty() {
        return Err(Error::new(
            input.ident.span(),
            "Marshal needs at least one member: compilers disagree on how an empty structure travels",
        ));
    }
    let twin_name = format_ident!("{}Native", input.ident);
    let twin = if options.explicit {
        twin::explicit(input, &twin_name, &members, options)?
    } else {
        twin::sequential(input, &twin_name, &members, options)?
    };
    let element = element(input, &twin_name, &members, options.explicit);
    let travelling = travelling(input, &twin_name);
    Ok(quote!(#twin #element #travelling))
}

/// The expression for the place of a member in the twin at `__twin`, a pointer.
fn place(member: &Member, is_explicit: bool) -> TokenStream {
    let name = &member.name;
    if is_explicit { quote!((*__twin).#name.value) } else { quote!((*__twin).#name) }
}

fn element(input: &DeriveInput, twin: &Ident, members: &[Member], is_explicit: bool) -> TokenStream {
    let structure = Structure::of(input);
    let Structure { lifetimes, ty: structure } = &structure;
    let guards: Vec<TokenStream> = members
        .iter()
        .map(|m| {
            let element = m.element();
            quote!(#element::Guard)
        })
        .collect();
    let guard = nested(&guards);
    let names: Vec<&Ident> = members.iter().map(|m| &m.name).collect();
    let held: Vec<Ident> = members.iter().map(|m| format_ident!("__held_{}", m.name)).collect();
    let kept: Vec<Ident> = members.iter().map(|m| format_ident!("__guard_{}", m.name)).collect();
    let keeps = nested(&kept.iter().map(|k| quote!(#k)).collect::<Vec<_>>());
    let types = members.iter().map(|m| &m.ty);
    let forms = members.iter().map(|m| &m.placed.form);
    let labels: Vec<String> = members.iter().map(Member::label).collect();
    let elements: Vec<TokenStream> = members.iter().map(Member::element).collect();
    let places: Vec<TokenStream> = members.iter().map(|m| place(m, is_explicit)).collect();
    let result = quote!(::core::result::Result);
    let error = quote!(::pinvoke::marshal::MarshalError);
    quote! {
        // SAFETY: never in place.
        #[automatically_derived]
        #[allow(unsafe_code, clippy::all, clippy::pedantic, clippy::restriction, reason = "expanded from a declaration")]
        unsafe impl<#lifetimes __M: ::pinvoke::marshal::CharSet> ::pinvoke::marshal::Element<__M> for #structure {
            type Native = #twin;
            type Guard = #guard;
            const IN_PLACE: ::core::primitive::bool = false;

            fn to_native(&self) -> #result<(#twin, Self::Guard), #error> {
                #(
                    let (#held, #kept) =
                        ::pinvoke::marshal::structure::Held::<#types, #forms>::new(&self.#names, #labels)?;
                )*
                // Zeros, so that padding tells native code nothing.
                let mut native = ::core::mem::MaybeUninit::<#twin>::zeroed();
                let __twin = native.as_mut_ptr();
                #(
                    // SAFETY: a member of the twin.
                    unsafe { (&raw mut #places).write_unaligned(#held.take()) };
                )*
                // SAFETY: every member was written.
                ::core::result::Result::Ok((unsafe { native.assume_init() }, #keeps))
            }

            unsafe fn from_element(native: &#twin) -> #result<Self, #error> {
                let __twin = ::core::ptr::from_ref(native);
                ::core::result::Result::Ok(Self {
                    #(
                        #names: {
                            // SAFETY: a member of the twin.
                            let member = unsafe { (&raw const #places).read_unaligned() };
                            // SAFETY: the caller's promise.
                            unsafe { #elements::from_element(&member) }.map_err(|e| e.in_member(#labels))?
                        },
                    )*
                })
            }

            unsafe fn update(&mut self, native: &#twin) -> #result<(), #error> {
                let __twin = ::core::ptr::from_ref(native);
                let mut result = ::core::result::Result::Ok(());
                #(
                    // SAFETY: a member of the twin.
                    let member = unsafe { (&raw const #places).read_unaligned() };
                    // SAFETY: the caller's promise.
                    let updated = unsafe { #elements::update(&mut self.#names, &member) };
                    result = result.and(updated.map_err(|e| e.in_member(#labels)));
                )*
                result
            }

            fn give_away(self) {
                #(#elements::give_away(self.#names);)*
            }

            unsafe fn release(native: &mut #twin) {
                let __twin = ::core::ptr::from_mut(native);
                #(
                    // SAFETY: a member of the twin.
                    let mut member = unsafe { (&raw const #places).read_unaligned() };
                    // SAFETY: the caller's promise.
                    unsafe { #elements::release(&mut member) };
                )*
            }
        }
    }
}

/// `(a, (b, (c, ())))`, for tuples of any length.
pub(crate) fn nested(parts: &[TokenStream]) -> TokenStream {
    parts.iter().rev().fold(quote!(()), |rest, part| quote!((#part, #rest)))
}

/// The structure by value: as an argument and as a result.
pub(crate) fn travelling(input: &DeriveInput, twin: &Ident) -> TokenStream {
    let structure = Structure::of(input);
    let Structure { lifetimes, ty: structure } = &structure;
    quote! {
        #[automatically_derived]
        impl<#lifetimes __M: ::pinvoke::marshal::CharSet> ::pinvoke::marshal::IntoNative<__M> for #structure {
            type Native = #twin;
            type State = ::pinvoke::marshal::structure::ByValue<Self, __M>;
            #[inline]
            fn state() -> Self::State {
                ::pinvoke::marshal::structure::ByValue::empty()
            }
            #[inline]
            fn into_native(
                self,
                state: &mut Self::State,
            ) -> ::core::result::Result<#twin, ::pinvoke::marshal::MarshalError> {
                state.hold(self)
            }
        }

        #[automatically_derived]
        #[allow(unsafe_code, reason = "expanded from a declaration")]
        impl<#lifetimes __M: ::pinvoke::marshal::CharSet> ::pinvoke::marshal::FromNative<__M> for #structure {
            type Native = #twin;
            #[inline]
            unsafe fn from_native(
                native: #twin,
            ) -> ::core::result::Result<Self, ::pinvoke::marshal::MarshalError> {
                // SAFETY: the caller's promise.
                unsafe { ::pinvoke::marshal::structure::take_over::<Self, __M>(native) }
            }
        }

        #[automatically_derived]
        impl<#lifetimes> ::pinvoke::native::Structure for #structure {
            const SIZE: ::core::primitive::usize = <#twin as ::pinvoke::native::Structure>::SIZE;
            const ALIGN: ::core::primitive::usize = <#twin as ::pinvoke::native::Structure>::ALIGN;
            const MEMBERS: &'static [::pinvoke::native::Member] =
                <#twin as ::pinvoke::native::Structure>::MEMBERS;
        }
    }
}
