//! One declared function as a Rust function: bind, marshal, invoke, unmarshal.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Generics, LitStr, Type};

use super::binder::Binder;
use super::callback;
use super::callee::Callee;
use super::converter::{Converter, place};
use super::declaration::{Function, Kind, Parameter, unsafety, with_static_lifetimes};
use super::options::Options;
use super::prototype::only_argument;
use super::result::{Failure, ResultForm};
use super::{decoration, import_of, import_static, length, returns};

/// The import and the function.
pub(crate) fn emit(function: &Function, library: &Ident) -> Result<TokenStream, Error> {
    let binder = Binder::of(function);
    let install = binder.as_ref().map(Binder::install);
    let decoration = decoration::of(function);
    let import_static = import_static(&function.name, &function.options, library, decoration, install)?;
    let attributes = &function.attributes;
    let signature = signature(function);
    let body = body(function, binder.as_ref(), library)?;
    let body = if function.is_async { off_thread(function, &body) } else { body };
    let binder = binder.as_ref().map(Binder::items);
    Ok(quote! {
        #import_static
        #(#attributes)*
        #[inline]
        #[track_caller]
        #[allow(unsafe_code, non_snake_case, never_type_fallback_flowing_into_unsafe, clippy::all, clippy::pedantic, clippy::restriction, reason = "expanded from a declaration")]
        #signature {
            #body
        }
        #binder
    })
}

/// A method of a callback type that calls code through a reference to it.
pub(crate) fn method(function: &Function, of: &Ident) -> Result<TokenStream, Error> {
    let name = &function.name;
    let (visibility, unsafety) = (&function.visibility, unsafety(function.is_unsafe));
    let parameters = rust_parameters(function);
    let result = function.result.declared();
    let code = quote!(::pinvoke::marshal::callback::code_of(self));
    let body = stages(function, &Callee::of_type(of), &code, &quote!(::core::panic!("{}", error)))?;
    Ok(quote! {
        /// Calls the function, with arguments and result converted. A panic of a callback resumes here.
        ///
        /// # Panics
        /// If a value cannot be converted.
        ///
        /// # Safety
        /// The function may be called with these values, on this thread, now.
        #[track_caller]
        #visibility #unsafety fn #name(&self, #(#parameters),*) -> #result { #body }
    })
}

fn signature(function: &Function) -> TokenStream {
    let Function { visibility, name, is_unsafe, .. } = function;
    let generics = generics(function);
    let unsafety = unsafety(*is_unsafe);
    let parameters = rust_parameters(function);
    let result = function.result.declared();
    let result = if function.is_async { quote!(::pinvoke::import::OffThread<#result>) } else { result };
    let where_clause = &generics.where_clause;
    quote!(#visibility #unsafety fn #name #generics(#(#parameters),*) -> #result #where_clause)
}

fn rust_parameters(function: &Function) -> Vec<TokenStream> {
    let parameter = |p: &Parameter| {
        let name = &p.name;
        match &p.kind {
            Kind::Value { ty, .. } | Kind::Lent { ty, .. } => Some(quote!(#name: #ty)),
            Kind::Closure(closure) => {
                let ty = &closure.ty;
                Some(quote!(#name: #ty))
            }
            Kind::Variadic => Some(quote!(#name: __Arguments)),
            Kind::UserData { .. } | Kind::Count(_) => None,
        }
    };
    function.parameters.iter().filter_map(parameter).collect()
}

/// The declared generic parameters, and one for the tuple that stands for the dots: it has to be named.
fn generics(function: &Function) -> Generics {
    let mut generics = function.generics.clone();
    if function.is_variadic() {
        let form = function.options.form();
        let named = function.parameters.iter().filter_map(|p| match &p.kind {
            Kind::Value { ty, form, .. } => {
                Some(Converter::into_native(&with_static_lifetimes(ty), form).item("Native"))
            }
            Kind::Lent { ty, form, .. } => {
                Some(Converter::lend(&with_static_lifetimes(ty), form).item("Native"))
            }
            Kind::Count(count) => {
                let ty = &count.ty;
                Some(if count.by_reference { quote!(*mut #ty) } else { quote!(#ty) })
            }
            _ => None,
        });
        let returns = declared_native_result(function);
        generics.params.push(syn::parse_quote! {
            __Arguments: ::pinvoke::import::variadic::VariadicArguments<
                #form,
                Native: ::pinvoke::import::variadic::VariadicCall<(#(#named,)*), #returns>,
            >
        });
    }
    generics
}

/// The body as a function that owns its arguments, started on another thread.
fn off_thread(function: &Function, body: &TokenStream) -> TokenStream {
    let unsafety = unsafety(function.is_unsafe);
    let generics = &function.generics;
    let parameters = rust_parameters(function);
    let result = function.result.declared();
    let names = function
        .parameters
        .iter()
        .filter(|p| !matches!(p.kind, Kind::UserData { .. } | Kind::Count(_)))
        .map(|p| &p.name);
    let name = function.name.to_string();
    quote! {
        #unsafety fn __call #generics(#(#parameters),*) -> #result { #body }
        ::pinvoke::import::OffThread::start(#name, move || {
            // SAFETY: the caller's promise; the arguments have moved here.
            #unsafety { __call(#(#names),*) }
        })
    }
}

/// The variables of one parameter.
struct Stage {
    state: Ident,
    native: TokenStream,
}

fn stage(parameter: &Parameter, all: &[Parameter]) -> Result<Stage, Error> {
    let name = &parameter.name;
    let state = format_ident!("__state_{name}");
    let native = match &parameter.kind {
        Kind::Value { .. } | Kind::Lent { .. } | Kind::Count(_) | Kind::Variadic => {
            let native = format_ident!("__native_{name}");
            quote!(#native)
        }
        Kind::Closure(closure) => closure.native(name),
        Kind::UserData { of } => {
            let (owner, closure) = callback::owner_of_data(name, of.as_ref(), all)?;
            closure.native_user_data(owner)
        }
    };
    Ok(Stage { state, native })
}

fn body(function: &Function, binder: Option<&Binder<'_>>, library: &Ident) -> Result<TokenStream, Error> {
    let import = import_of(&function.name);
    let fail = match &function.result {
        ResultForm::Checked { whole, .. } => {
            // If the error has no conversion, that is to be said of the declared type.
            quote_spanned!(whole.span()=> return ::core::result::Result::Err(::core::convert::From::from(error)))
        }
        ResultForm::Plain(_) | ResultForm::WithError(_) | ResultForm::Optional { .. } => {
            quote!(#import.fail(&error))
        }
    };
    // Declared first, dropped last.
    let in_use = function.options.unload.then(|| quote!(let __in_use = #library.enter();));
    let stages = stages(function, &Callee::import(&import, binder), &bind(function, binder, &import), &fail)?;
    Ok(quote!(#in_use #stages))
}

/// Everything about a call of the function at `code`, which may be a binder.
fn stages(
    function: &Function,
    callee: &Callee<'_>,
    code: &TokenStream,
    fail: &TokenStream,
) -> Result<TokenStream, Error> {
    let parameters = &function.parameters;
    callback::check_data(parameters)?;
    let stages: Vec<Stage> = parameters.iter().map(|p| stage(p, parameters)).collect::<Result<_, _>>()?;
    let owners = returns::owners(function, fail);
    let marshal = parameters.iter().zip(&stages).map(|(p, s)| marshal(p, s, function, fail));
    // Once everything that they count is converted.
    let counts = parameters.iter().zip(&stages).filter_map(|(p, s)| match &p.kind {
        Kind::Count(count) => Some(count.marshal(&p.name, &s.native, function, fail)),
        _ => None,
    });
    let hand_over = parameters.iter().zip(&stages).filter_map(|(p, s)| hand_over(p, s));
    let copy_back = parameters
        .iter()
        .zip(&stages)
        .filter_map(|(p, s)| copy_back(p, s, function).transpose())
        .collect::<Result<Vec<_>, _>>()?;
    let invoke = invoke(function, callee, &stages)?;
    let unmarshal = unmarshal(function, fail)?;
    Ok(quote! {
        #owners
        let __code = #code;
        #(#marshal)*
        #(#counts)*
        #(#hand_over)*
        #invoke
        let mut __changed: ::core::option::Option<::pinvoke::marshal::MarshalError> = ::core::option::Option::None;
        #(#copy_back)*
        #unmarshal
    })
}

/// The address of the function, or of its binder.
fn bind(function: &Function, binder: Option<&Binder<'_>>, import: &Ident) -> TokenStream {
    let absent = match &function.result {
        ResultForm::Plain(_) | ResultForm::WithError(_) => {
            let Some(binder) = binder else { return quote!(#import.code_or_panic()) };
            let is_direct = binder.is_direct();
            return quote! {
                if #is_direct {
                    // SAFETY: the import has a binder then.
                    unsafe { #import.code_or_binder() }
                } else {
                    #import.code_or_panic()
                }
            };
        }
        ResultForm::Checked { whole, .. } => quote_spanned! {whole.span()=>
            ::core::result::Result::Err(error) => {
                let error = ::pinvoke::Error::from(error);
                return ::core::result::Result::Err(::core::convert::From::from(error));
            }
        },
        ResultForm::Optional { .. } => quote! {
            ::core::result::Result::Err(_) => return ::core::option::Option::None,
        },
    };
    quote! {
        match #import.code_in_call() {
            ::core::result::Result::Ok(code) => code,
            #absent
        }
    }
}

/// The trait that converts a parameter, applied to it.
fn converter(parameter: &Parameter, options: &Options) -> Option<Converter> {
    match &parameter.kind {
        Kind::Value { ty, form, is_null_terminated: false } => Some(Converter::into_native(ty, form)),
        Kind::Value { ty, form, .. } => {
            let wrapper = match only_argument(ty, "Option") {
                Some(_) => quote!(::core::option::Option<::pinvoke::marshal::NullTerminated<_>>),
                None => quote!(::pinvoke::marshal::NullTerminated<_>),
            };
            Some(Converter::into_native(&wrapper, form))
        }
        Kind::Lent { ty, form, .. } => Some(Converter::lend(ty, form)),
        Kind::Variadic => {
            let form = options.form();
            Some(Converter::variadic(&form))
        }
        Kind::Closure(_) | Kind::UserData { .. } | Kind::Count(_) => None,
    }
}

fn marshal(parameter: &Parameter, stage: &Stage, function: &Function, fail: &TokenStream) -> TokenStream {
    let Function { options, name: function_name, .. } = function;
    let name = &parameter.name;
    if let Kind::Closure(closure) = &parameter.kind {
        return callback::emit(closure, name, function_name, options, fail);
    }
    let Some(converter) = converter(parameter, options) else { return TokenStream::new() };
    let Stage { state, native } = stage;
    let measure = match &parameter.kind {
        Kind::Value { ty, form, .. } => length::measure(name, ty, form, function),
        _ => None,
    };
    let convert = match &parameter.kind {
        Kind::Lent { room, .. } => {
            let room = match room {
                Some(room) => quote!(::core::option::Option::Some(#room)),
                None => quote!(::core::option::Option::None),
            };
            converter.call("lend", &quote!(#name, #room, &mut #state))
        }
        Kind::Value { ty, is_null_terminated: true, .. } => {
            let wrapped = match only_argument(ty, "Option") {
                Some(_) => quote!(#name.map(::pinvoke::marshal::NullTerminated)),
                None => quote!(::pinvoke::marshal::NullTerminated(#name)),
            };
            converter.call("into_native", &quote!(#wrapped, &mut #state))
        }
        _ => converter.call("into_native", &quote!(#name, &mut #state)),
    };
    let (function, value) = (function_name.to_string(), name.to_string());
    let converted = quote! {
        match #convert {
            ::core::result::Result::Ok(native) => native,
            ::core::result::Result::Err(error) => {
                let error = ::pinvoke::Error::from(error.at(#function, #value));
                #fail
            }
        }
    };
    let converted = match &parameter.kind {
        // A structure is copied no more often than the call needs.
        Kind::Value { is_null_terminated: false, .. } => {
            let as_it_is = converter.item("AS_IT_IS");
            quote! {
                match #as_it_is {
                    ::core::option::Option::Some(as_it_is) => as_it_is(#name),
                    ::core::option::Option::None => #converted,
                }
            }
        }
        _ => converted,
    };
    let made = converter.call("state", &TokenStream::new());
    quote! {
        #measure
        let mut #state = #made;
        let #native = #converted;
    }
}

fn hand_over(parameter: &Parameter, stage: &Stage) -> Option<TokenStream> {
    let Kind::Value { ty, form, is_null_terminated: false } = &parameter.kind else { return None };
    let state = &stage.state;
    let hand_over = Converter::into_native(ty, form).call("hand_over", &quote!(&mut #state));
    Some(quote!(#hand_over;))
}

fn copy_back(
    parameter: &Parameter,
    stage: &Stage,
    function: &Function,
) -> Result<Option<TokenStream>, Error> {
    let Some(converter) = converter(parameter, &function.options) else { return Ok(None) };
    let state = &stage.state;
    let (name, value) = (function.name.to_string(), parameter.name.to_string());
    let take_back = |used| converter.call("take_back", &quote!(&mut #state, ::core::option::Option::#used));
    let copied = match (&parameter.kind, used(parameter, function)?) {
        (Kind::Lent { .. }, Some(used)) => {
            let take_back = take_back(quote!(Some(used)));
            quote! {
                match #used {
                    // SAFETY: native code has left so many, as declared.
                    ::core::result::Result::Ok(used) => unsafe { #take_back },
                    ::core::result::Result::Err(error) => ::core::result::Result::Err(error),
                }
            }
        }
        (Kind::Lent { .. }, None) => {
            let take_back = take_back(quote!(None));
            quote! {
                // SAFETY: native code has left it as declared.
                unsafe { #take_back }
            }
        }
        _ => converter.call("copy_back", &quote!(&mut #state)),
    };
    Ok(Some(quote! {
        if let ::core::result::Result::Err(error) = #copied {
            __changed.get_or_insert(error.at(#name, #value));
        }
    }))
}

/// What native code says about the length of a parameter, as a `Result<usize, MarshalError>`.
fn used(parameter: &Parameter, function: &Function) -> Result<Option<TokenStream>, Error> {
    if let Some(len) = parameter.returns.as_ref().and_then(|r| r.len.as_ref()) {
        return len.emit(function).map(Some);
    }
    if let Some(of) = function.returns.len_of.as_ref().filter(|of| of.name == parameter.name) {
        // A negative result is a failure, which the caller sees; then nothing was written.
        let returned = quote! {
            ::core::result::Result::<_, ::pinvoke::marshal::MarshalError>::Ok(
                // SAFETY: it is an integer.
                unsafe { ::pinvoke::marshal::Count::count(__returned) }.unwrap_or(0)
            )
        };
        let native = format_ident!("__native_{}", of.name);
        return Ok(Some(match of.in_bytes {
            true => quote!(::pinvoke::marshal::elements(#native, #returned)),
            false => returned,
        }));
    }
    Ok(length::written(function, |of| matches!(of, length::Counted::Parameter(of) if *of == parameter.name)))
}

/// The trait that converts the result, applied to it.
fn result_converter(function: &Function) -> Converter {
    converter_of_result(function, function.result.value())
}

fn converter_of_result(function: &Function, value: &Type) -> Converter {
    let form = function.result_form();
    match function.has_counted_result() {
        true => Converter::from_counted(value, &form),
        false => Converter::from_native(value, &form),
    }
}

/// The type of the native result.
fn declared_native_result(function: &Function) -> TokenStream {
    native_result(function, function.result.value())
}

/// The type of the native result of a function that returns `value`.
pub(super) fn native_result(function: &Function, value: &Type) -> TokenStream {
    let from = converter_of_result(function, value);
    match &function.failure {
        Failure::Hresult => quote!(::core::primitive::i32),
        Failure::UnitPolicy(policy) => quote!(<#policy as ::pinvoke::returns::UnitPolicy>::Native),
        Failure::Never | Failure::Usual | Failure::Policy(_) => from.item("Native"),
    }
}

/// Whether no function of Rust returns the native result where C does, an expression.
pub(super) fn returned_by_plan(function: &Function, returns: &TokenStream) -> TokenStream {
    quote_spanned! {place(function.result.value())=>
        <#returns as ::pinvoke::native::NativeType>::RETURNED_BY_PLAN
    }
}

/// Whether the declared value comes through a last parameter.
pub(crate) fn has_out_parameter(function: &Function) -> bool {
    let is_unit = matches!(function.result.value(), syn::Type::Tuple(tuple) if tuple.elems.is_empty());
    matches!(function.failure, Failure::Hresult) && !is_unit
}

/// The address as a function pointer; the values say the types.
fn function_pointer(options: &Options, arguments: usize) -> TokenStream {
    let pointer = |convention: &LitStr| {
        let blanks = (0..arguments).map(|_| quote!(_));
        quote! {
            // SAFETY: code pointers and function pointers are one address.
            let __function = unsafe {
                ::core::mem::transmute::<::pinvoke::native::CodePtr, unsafe extern #convention fn(#(#blanks),*) -> _>(__code)
            };
        }
    };
    let declared = pointer(&options.convention);
    if !options.is_x86_convention() {
        return declared;
    }
    let of_c = pointer(&LitStr::new("C", options.convention.span()));
    quote! {
        #[cfg(target_arch = "x86")]
        #declared
        #[cfg(not(target_arch = "x86"))]
        #of_c
    }
}

/// The call: rustc's, unless C returns the value where no function of Rust does, or takes one so.
fn planned_or_plain(function: &Function, callee: &Callee<'_>, natives: &[TokenStream]) -> TokenStream {
    let returns = declared_native_result(function);
    let returned_by_plan = returned_by_plan(function, &returns);
    let nested = natives.iter().rev().fold(quote!(()), |rest, native| quote!((#native, #rest)));
    let (plan, arguments) = (quote!(__PLAN), quote!(__code, #nested));
    let planned = quote_spanned!(place(function.result.value())=> #plan.call::<#returns, _>(#arguments));
    let plain = callee.balanced(function, &quote!(__function(#(#natives),*)));
    // What may bind itself may panic.
    let direct = callee.binder.map(|binder| {
        let (is_direct, pointer) = (binder.is_direct(), binder.pointer());
        quote! {
            if #is_direct {
                #pointer
                #plain
            } else
        }
    });
    quote! {
        #direct
        if #returned_by_plan || ::pinvoke::import::planned::passed_by_plan(&#nested) {
            static __PLAN: ::pinvoke::import::planned::Planned = ::pinvoke::import::planned::Planned::new();
            #planned
        } else {
            #plain
        }
    }
}

fn invoke(function: &Function, callee: &Callee<'_>, stages: &[Stage]) -> Result<TokenStream, Error> {
    let mut natives: Vec<TokenStream> = stages.iter().map(|s| s.native.clone()).collect();
    let out = has_out_parameter(function).then(|| {
        let native = result_converter(function).item("Native");
        natives.push(quote!(__place));
        quote! {
            // Zero, should the function leave it alone.
            let mut __out = ::core::mem::MaybeUninit::<#native>::zeroed();
            let __place = __out.as_mut_ptr();
        }
    });
    let (prepare, call) = if function.is_variadic() {
        let dots = natives.pop();
        let call = quote!(::pinvoke::import::variadic::VariadicCall::call(#dots, __code, (#(#natives,)*)));
        let call = callee.balanced(function, &call);
        // rustc makes the call, for it alone knows what the dots stand for.
        let by_plan = returned_by_plan(function, &declared_native_result(function));
        let message = "a variadic function cannot return this type in a declared import, as Rust's functions return it \
                       elsewhere than C's; call it by its prototype, with `pinvoke::downcall`";
        let refuse =
            quote_spanned!(place(function.result.value())=> const { ::core::assert!(!#by_plan, #message) });
        (refuse, call)
    } else {
        let prepare = function_pointer(&function.options, natives.len());
        (prepare, planned_or_plain(function, callee, &natives))
    };
    let call = quote! {
        // SAFETY: the declaration says that this function stands there, and the caller that it may be
        // called with these values.
        unsafe { #call }
    };
    let captures = function.options.set_last_error;
    let captured = if captures {
        quote!(::pinvoke::call::capture(|| #call))
    } else {
        quote!((#call, ::pinvoke::LastError::NONE))
    };
    let returns = declared_native_result(function);
    let invoked = if !calls_back(function) && !captures {
        // Not as a pair: a structure would be copied once more.
        quote! {
            let __returned: #returns = #call;
            let __last = ::pinvoke::LastError::NONE;
        }
    } else if calls_back(function) {
        let has_failed = has_failed(function);
        let (count, take) = take(function)?;
        quote! {
            let (__unclaimed, __refused) = ::pinvoke::upcall::resume_or_refused(|| {
                let __outcome: (#returns, ::pinvoke::LastError) = #captured;
                ::pinvoke::marshal::callback::Unclaimed::new(__outcome, move |(__returned, __last)| {
                    if !#has_failed {
                        #count
                        // SAFETY: the function returned it, as declared.
                        ::core::mem::drop(unsafe { #take });
                    }
                })
            });
            let (__returned, __last) = __unclaimed.claim();
        }
    } else {
        quote!(let (__returned, __last): (#returns, ::pinvoke::LastError) = #captured;)
    };
    Ok(quote! {
        #out
        #prepare
        #invoked
    })
}

/// Whether a callback may panic while the function runs.
pub(super) fn calls_back(function: &Function) -> bool {
    function.options.calls_back || function.parameters.iter().any(|p| matches!(p.kind, Kind::Closure(_)))
}

fn unmarshal(function: &Function, fail: &TokenStream) -> Result<TokenStream, Error> {
    let name = function.name.to_string();
    let has_failed = has_failed(function);
    let failed = match policy_failure(function) {
        Some(failure) => quote!(if let ::core::option::Option::Some(error) = #failure { #fail }),
        None if matches!(function.failure, Failure::Never) => TokenStream::new(),
        None => quote! {
            if #has_failed {
                let error = ::pinvoke::Error::Last(__last);
                #fail
            }
        },
    };
    let remember = (function.options.set_last_error
        && matches!(function.result, ResultForm::Plain(_) | ResultForm::Optional { .. }))
    .then(|| quote!(__last.remember();));
    let (count, take) = take(function)?;
    let refused = calls_back(function).then(|| callback::refused(&take, &has_failed, fail));
    let converted = quote! {
        match unsafe { #take } {
            ::core::result::Result::Ok(value) => value,
            ::core::result::Result::Err(error) => {
                let error = ::pinvoke::Error::from(error.at(#name, ""));
                #fail
            }
        }
    };
    let converted = match function.failure {
        Failure::Never | Failure::Usual | Failure::Policy(_) if !function.has_counted_result() => {
            // A structure stays where the function put it.
            let as_it_is = result_converter(function).item("AS_IT_IS");
            quote! {
                match #as_it_is {
                    ::core::option::Option::Some(as_it_is) => as_it_is(__returned),
                    ::core::option::Option::None => #converted,
                }
            }
        }
        _ => converted,
    };
    let finish = match &function.result {
        ResultForm::Plain(_) => quote!(__value),
        ResultForm::WithError(_) => quote!((__value, __last)),
        ResultForm::Checked { .. } => quote!(::core::result::Result::Ok(__value)),
        ResultForm::Optional { .. } => quote!(::core::option::Option::Some(__value)),
    };
    Ok(quote! {
        #count
        #refused
        #failed
        #remember
        // The result becomes an owner first: if anything else fails, it is dropped and not lost.
        // SAFETY: the function returned it, as declared.
        let __value = #converted;
        if let ::core::option::Option::Some(error) = __changed {
            let error = ::pinvoke::Error::from(error);
            #fail
        }
        #finish
    })
}

/// The failure that a policy finds in what was returned, an `Option`.
fn policy_failure(function: &Function) -> Option<TokenStream> {
    let policy = match &function.failure {
        Failure::Never | Failure::Usual => return None,
        Failure::Policy(named) | Failure::UnitPolicy(named) => named.clone(),
        Failure::Hresult => quote!(::pinvoke::returns::Hresult),
    };
    Some(quote!(<#policy as ::pinvoke::returns::FailurePolicy<_>>::failure(&__returned, __last)))
}

/// Whether the function has failed, so that there is no result.
fn has_failed(function: &Function) -> TokenStream {
    if let Some(failure) = policy_failure(function) {
        return quote!(#failure.is_some());
    }
    if matches!(function.failure, Failure::Never) {
        return quote!(false);
    }
    result_converter(function).call("is_failure", &quote!(&__returned))
}

/// The expression that makes the result of what native code returned, and the statement before it.
fn take(function: &Function) -> Result<(TokenStream, TokenStream), Error> {
    let native = match &function.failure {
        Failure::Hresult if has_out_parameter(function) => quote!(__place.read()),
        Failure::UnitPolicy(_) | Failure::Hresult => quote!(()),
        Failure::Never | Failure::Usual | Failure::Policy(_) => quote!(__returned),
    };
    let written = length::written(function, |of| matches!(of, length::Counted::Return(_)));
    let count = match (&function.returns.len, written) {
        (Some(len), None) => len.emit(function)?,
        (None, Some(written)) => written,
        (None, None) => {
            return Ok((TokenStream::new(), result_converter(function).call("from_native", &native)));
        }
        (Some(_), Some(_)) => {
            return Err(Error::new(
                function.name.span(),
                "the length of the result is said twice: by `len = ...` and by `#[len_of(return)]`",
            ));
        }
    };
    let (value, form) = (function.result.value(), function.result_form());
    let arguments = quote!(#native, __result_count);
    let converted =
        quote_spanned!(place(value)=> ::pinvoke::marshal::counted_result::<#value, #form>(#arguments));
    Ok((
        quote!(let __result_count: ::core::result::Result<::core::primitive::usize, ::pinvoke::marshal::MarshalError> = #count;),
        converted,
    ))
}
