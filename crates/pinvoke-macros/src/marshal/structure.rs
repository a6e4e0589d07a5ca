//! A structure, converted member by member.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Error, FieldsNamed, Ident, Type, Visibility};

use super::options::{Buffer, Options, Placed, Size};
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
    for member in &members {
        check_buffer(member, &members)?;
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

/// Refuses a buffer that cannot be one, or whose size no other member has.
fn check_buffer(member: &Member, all: &[Member]) -> Result<(), Error> {
    let Some(Buffer { room, used, .. }) = &member.placed.buffer else { return Ok(()) };
    if is_no_buffer(&member.ty) {
        return Err(Error::new_spanned(
            &member.ty,
            "room that native code fills is a `String` or a `Vec<T>` of native types",
        ));
    }
    for size in [Some(room), used.as_ref()].into_iter().flatten() {
        if let Size::Member(name) = size
            && !all.iter().any(|m| m.name == *name && m.name != member.name)
        {
            return Err(Error::new(name.span(), format!("there is no other member `{name}`")));
        }
    }
    Ok(())
}

/// Whether a type is no buffer, as far as its name tells: what has the name of another type, only its traits know.
fn is_no_buffer(ty: &Type) -> bool {
    const NUMBERS: [&str; 16] = [
        "bool", "char", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "i128", "u128", "isize",
        "usize", "f32", "f64",
    ];
    match ty {
        Type::Path(path) => NUMBERS.iter().any(|name| path.path.is_ident(name)),
        Type::Reference(_) | Type::Ptr(_) | Type::Array(_) | Type::Tuple(_) => true,
        _ => false,
    }
}

/// The number of units or elements that a size of the buffer `member` is, as a `Result<usize, MarshalError>`:
/// `count` is the count in the member that has it.
fn sized(member: &Member, size: &Size, count: impl Fn(&Ident) -> TokenStream) -> TokenStream {
    let number = match size {
        Size::Constant(number) => {
            quote!(::core::result::Result::<::core::primitive::usize, ::pinvoke::marshal::MarshalError>::Ok(#number))
        }
        Size::Member(name) => {
            let count = count(name);
            quote_spanned!(name.span()=> ::pinvoke::marshal::room::counted(#count))
        }
    };
    if member.placed.buffer.as_ref().is_some_and(|buffer| buffer.in_bytes) {
        let (ty, form) = (&member.ty, &member.placed.form);
        return quote!(::pinvoke::marshal::room::elements::<#ty, #form>(#number));
    }
    number
}

/// The expression for the value of a member, of its native form in the variable `member`.
fn read(member: &Member, room: Option<TokenStream>, all: &[Member], is_explicit: bool) -> TokenStream {
    let label = member.label();
    let Some(buffer) = &member.placed.buffer else {
        let element = member.element();
        return quote! {
            // SAFETY: the caller's promise.
            unsafe { #element::from_element(&member) }.map_err(|e| e.in_member(#label))
        };
    };
    let native = |name: &Ident| {
        let place = all.iter().find(|m| m.name == *name).map(|m| place(m, is_explicit));
        quote! {
            // SAFETY: a member of the twin.
            unsafe { (&raw const #place).read_unaligned() }
        }
    };
    let room = room.unwrap_or_else(|| sized(member, &buffer.room, native));
    let used = match &buffer.used {
        Some(used) => {
            let used = sized(member, used, native);
            quote!(::core::option::Option::Some(#used))
        }
        None => quote!(::core::option::Option::None),
    };
    let (ty, form) = (&member.ty, &member.placed.form);
    quote! {
        // SAFETY: the caller's promise.
        unsafe { ::pinvoke::marshal::room::get::<#ty, #form>(&member, #room, #used, #label) }
    }
}

/// The room of a buffer as this side knows it, in a variable.
fn known_room(member: &Member) -> Option<(Ident, TokenStream)> {
    let buffer = member.placed.buffer.as_ref()?;
    let variable = format_ident!("__room_{}", member.name);
    let room = sized(member, &buffer.room, |name| quote!(self.#name));
    Some((variable, room))
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
    let converted = members.iter().map(|m| {
        let (name, ty, form, label) = (&m.name, &m.ty, &m.placed.form, m.label());
        match known_room(m) {
            Some((_, room)) => {
                quote!(::pinvoke::marshal::room::put::<#ty, #form>(&self.#name, #room, #label))
            }
            None => quote!(::pinvoke::marshal::structure::Held::<#ty, #form>::new(&self.#name, #label)),
        }
    });
    let read_anew = members.iter().map(|m| read(m, None, members, is_explicit));
    // Known before any member has changed.
    let rooms = members.iter().filter_map(known_room).map(|(variable, room)| quote!(let #variable = #room;));
    let updated = members.iter().map(|m| {
        let (name, label) = (&m.name, m.label());
        match known_room(m) {
            Some((variable, _)) => {
                let read = read(m, Some(quote!(#variable)), members, is_explicit);
                quote!(#read.map(|value| self.#name = value))
            }
            None => {
                let element = m.element();
                quote! {
                    // SAFETY: the caller's promise.
                    unsafe { #element::update(&mut self.#name, &member) }.map_err(|e| e.in_member(#label))
                }
            }
        }
    });
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
                    let (#held, #kept) = #converted?;
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
                            #read_anew?
                        },
                    )*
                })
            }

            unsafe fn update(&mut self, native: &#twin) -> #result<(), #error> {
                let __twin = ::core::ptr::from_ref(native);
                let mut result = ::core::result::Result::Ok(());
                #(#rooms)*
                #(
                    // SAFETY: a member of the twin.
                    let member = unsafe { (&raw const #places).read_unaligned() };
                    let updated = #updated;
                    result = result.and(updated);
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
