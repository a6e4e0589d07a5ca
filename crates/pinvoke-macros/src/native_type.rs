//! `#[derive(NativeType)]`: from the attributes and members of a type to its layout.
//!
//! The layout is built from `size_of`, `align_of` and `offset_of!`, so it cannot differ from the
//! Rust type. What has to be proved is that the Rust type is laid out as C does it: `#[repr(C)]` is
//! demanded, and constant assertions repeat C's arithmetic (each member at the next multiple of its
//! alignment, capped by `packed(n)`) and fail the build should any attribute have moved a member.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Data, DataEnum, DeriveInput, Error, Fields, Ident, Type};

use crate::number;
use crate::repr::Repr;

const REPR_C_WANTED: &str = "NativeType needs `#[repr(C)]`: without it rustc is free to reorder the members";

/// Expands the derive, or says at which token it cannot.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream, Error> {
    if let Some(parameter) = input.generics.params.first() {
        return Err(Error::new(
            parameter.span(),
            "NativeType cannot be derived for a generic type: its layout would not be one layout",
        ));
    }
    let repr = Repr::of(input)?;
    match &input.data {
        Data::Struct(data) => aggregate(input, &repr, &data.fields, false),
        Data::Union(data) => aggregate(input, &repr, &Fields::Named(data.fields.clone()), true),
        Data::Enum(data) => enumeration(input, &repr, data),
    }
}

fn aggregate(input: &DeriveInput, repr: &Repr, fields: &Fields, union: bool) -> Result<TokenStream, Error> {
    if let Some(span) = repr.transparent {
        return transparent(input, span, fields);
    }
    if !repr.c {
        return Err(Error::new(input.ident.span(), REPR_C_WANTED));
    }
    if fields.is_empty() {
        return Err(Error::new(
            input.ident.span(),
            "NativeType needs at least one member: compilers disagree on how an empty structure travels",
        ));
    }
    let types: Vec<&Type> = fields.iter().map(|f| &f.ty).collect();
    let members: Vec<TokenStream> = fields
        .iter()
        .enumerate()
        .map(|(index, field)| match &field.ident {
            Some(name) => quote!(#name),
            None => {
                let index = syn::Index::from(index);
                quote!(#index)
            }
        })
        .collect();
    let pack = repr.packed.clone().unwrap_or_else(|| quote!(::core::primitive::usize::MAX));
    let next_end = if union { quote!(0) } else { quote!(offset + ::core::mem::size_of::<T>()) };
    let name = &input.ident;
    let layout = quote! {
        ::pinvoke::native::derive_support::aggregate(
            ::core::mem::size_of::<Self>(),
            ::core::mem::align_of::<Self>(),
            #union,
            [#(::pinvoke::native::derive_support::field(
                ::core::mem::offset_of!(#name, #members),
                <#types as ::pinvoke::native::NativeField>::field_layout(),
            )),*],
        )
    };
    let checks = quote! {
        const _: () = {
            /// Where the member stands in C, and where the next may begin.
            const fn place<T>(end: ::core::primitive::usize) -> (::core::primitive::usize, ::core::primitive::usize) {
                let offset = ::pinvoke::native::derive_support::c_offset(end, ::core::mem::align_of::<T>(), #pack);
                (offset, #next_end)
            }
            let mut end = 0;
            let mut largest = 0;
            #(
                let (offset, next) = place::<#types>(end);
                ::core::assert!(
                    ::core::mem::offset_of!(#name, #members) == offset,
                    ::core::concat!("member `", ::core::stringify!(#members), "` is not where C puts it"),
                );
                end = next;
                let member_end = offset + ::core::mem::size_of::<#types>();
                if member_end > largest {
                    largest = member_end;
                }
            )*
            let _ = end;
            ::core::assert!(
                ::core::mem::size_of::<#name>() == largest.next_multiple_of(::core::mem::align_of::<#name>()),
                "the size is not the one of C",
            );
        };
    };
    let implementation = implement(name, &Facts::of_members(&types, layout));
    let offsets: Vec<TokenStream> =
        members.iter().map(|m| quote!(::core::mem::offset_of!(#name, #m))).collect();
    let structure = structure(name, &members, &types, &offsets);
    Ok(quote!(#checks #implementation #structure))
}

/// A newtype: what its member is.
fn transparent(input: &DeriveInput, span: Span, fields: &Fields) -> Result<TokenStream, Error> {
    let mut members = fields.iter();
    let (Some(member), None) = (members.next(), members.next()) else {
        return Err(Error::new(
            span,
            "NativeType needs exactly one member in a `#[repr(transparent)]` type: write `#[repr(C)]` for more",
        ));
    };
    let (name, ty) = (&input.ident, &member.ty);
    let of_member = Facts {
        passing: quote!(<#ty as ::pinvoke::native::NativeType>::PASSING),
        zeroable: quote!(<#ty as ::pinvoke::native::NativeType>::ZEROABLE),
        returned_by_plan: quote!(<#ty as ::pinvoke::native::NativeType>::RETURNED_BY_PLAN),
        passed_by_plan: quote!(<#ty as ::pinvoke::native::NativeType>::PASSED_BY_PLAN),
        has_vectors: quote!(<#ty as ::pinvoke::native::NativeType>::HAS_VECTORS),
        layout: quote!(<#ty as ::pinvoke::native::NativeType>::layout()),
    };
    let implementation = implement(name, &of_member);
    let null = matches!(ty, Type::Ptr(_)).then(|| {
        let value = match &member.ident {
            Some(member) => quote!(#name { #member: <#ty as ::pinvoke::marshal::Null>::NULL }),
            None => quote!(#name(<#ty as ::pinvoke::marshal::Null>::NULL)),
        };
        let member = match &member.ident {
            Some(member) => quote!(#member),
            None => quote!(0),
        };
        quote! {
            // SAFETY: null is null.
            #[automatically_derived]
            unsafe impl ::pinvoke::marshal::Null for #name {
                const NULL: Self = #value;
                #[inline]
                fn is_null(&self) -> ::core::primitive::bool {
                    ::pinvoke::marshal::Null::is_null(&self.#member)
                }
            }
        }
    });
    Ok(quote!(#implementation #null))
}

fn enumeration(input: &DeriveInput, repr: &Repr, data: &DataEnum) -> Result<TokenStream, Error> {
    let name = &input.ident;
    let int = number::representation(input, repr, data)?;
    let variants = data.variants.iter().map(|v| &v.ident);
    let of_integer = Facts {
        passing: quote!(<#int as ::pinvoke::native::NativeType>::PASSING),
        zeroable: quote!(false #(|| #name::#variants as #int == 0)*),
        returned_by_plan: quote!(false),
        passed_by_plan: quote!(false),
        has_vectors: quote!(false),
        layout: quote!(<#int as ::pinvoke::native::NativeType>::layout()),
    };
    let native = native(name, &of_integer);
    // What comes from native code need not be a variant, so it is no value of the type before a check.
    let checked = number::enumeration(input, &int, data);
    Ok(quote!(#native #checked))
}

/// What a `NativeType` says of itself.
pub(crate) struct Facts {
    passing: TokenStream,
    zeroable: TokenStream,
    returned_by_plan: TokenStream,
    passed_by_plan: TokenStream,
    has_vectors: TokenStream,
    layout: TokenStream,
}

impl Facts {
    /// Those of a structure or union with members of these types.
    pub(crate) fn of_members(types: &[impl ToTokens], layout: TokenStream) -> Facts {
        Facts {
            passing: quote!(::pinvoke::native::Passing::ByPlan),
            zeroable: quote!(true #(&& <#types as ::pinvoke::native::NativeField>::FIELD_ZEROABLE)*),
            returned_by_plan: quote! {
                Self::PASSED_BY_PLAN #(|| <#types as ::pinvoke::native::NativeField>::FIELD_RETURNED_BY_PLAN)*
            },
            passed_by_plan: quote!(::pinvoke::native::derive_support::VECTORS_BY_PLAN && Self::HAS_VECTORS),
            has_vectors: quote!(false #(|| <#types as ::pinvoke::native::NativeField>::FIELD_HAS_VECTORS)*),
            layout,
        }
    }
}

/// A type that is its own native form.
pub(crate) fn implement(name: &Ident, facts: &Facts) -> TokenStream {
    let native = native(name, facts);
    quote! {
        #native
        ::pinvoke::native_value!(#name);
    }
}

fn native(name: &Ident, facts: &Facts) -> TokenStream {
    let Facts { passing, zeroable, returned_by_plan, passed_by_plan, has_vectors, layout } = facts;
    quote! {
        // SAFETY: a type of C's layout (asserted beside this) whose members are native.
        #[automatically_derived]
        #[allow(unsafe_code, reason = "expanded from a declaration")]
        unsafe impl ::pinvoke::native::NativeType for #name {
            const PASSING: ::pinvoke::native::Passing = #passing;
            const ZEROABLE: ::core::primitive::bool = #zeroable;
            const RETURNED_BY_PLAN: ::core::primitive::bool = #returned_by_plan;
            const PASSED_BY_PLAN: ::core::primitive::bool = #passed_by_plan;
            const HAS_VECTORS: ::core::primitive::bool = #has_vectors;
            fn layout() -> ::pinvoke::native::derive_support::Layout {
                #layout
            }
        }
    }
}

/// What is known of the members by name.
pub(crate) fn structure(
    name: &Ident,
    members: &[impl ToTokens],
    types: &[impl ToTokens],
    offsets: &[impl ToTokens],
) -> TokenStream {
    let labels = members.iter().map(|m| m.to_token_stream().to_string().trim_start_matches("r#").to_owned());
    quote! {
        #[automatically_derived]
        impl ::pinvoke::native::Structure for #name {
            const SIZE: ::core::primitive::usize = ::core::mem::size_of::<#name>();
            const ALIGN: ::core::primitive::usize = ::core::mem::align_of::<#name>();
            const MEMBERS: &'static [::pinvoke::native::Member] = &[#(::pinvoke::native::Member {
                name: #labels,
                offset: #offsets,
                size: ::core::mem::size_of::<#types>(),
            }),*];
        }
    }
}
