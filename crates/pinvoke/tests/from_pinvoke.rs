//! The page for those who come from .NET names everything that a declaration can say there.

/// The fields of `DllImportAttribute`.
const DLL_IMPORT: &[&str] = &[
    "BestFitMapping",
    "CallingConvention",
    "CharSet",
    "EntryPoint",
    "ExactSpelling",
    "PreserveSig",
    "SetLastError",
    "ThrowOnUnmappableChar",
];

/// The fields of `MarshalAsAttribute`.
const MARSHAL_AS: &[&str] = &[
    "ArraySubType",
    "IidParameterIndex",
    "MarshalCookie",
    "MarshalType",
    "MarshalTypeRef",
    "SafeArraySubType",
    "SafeArrayUserDefinedSubType",
    "SizeConst",
    "SizeParamIndex",
];

/// The members of `UnmanagedType`.
const UNMANAGED_TYPE: &[&str] = &[
    "AnsiBStr",
    "AsAny",
    "BStr",
    "Bool",
    "ByValArray",
    "ByValTStr",
    "Currency",
    "CustomMarshaler",
    "Error",
    "FunctionPtr",
    "HString",
    "I1",
    "I2",
    "I4",
    "I8",
    "IDispatch",
    "IInspectable",
    "IUnknown",
    "Interface",
    "LPArray",
    "LPStr",
    "LPStruct",
    "LPTStr",
    "LPUTF8Str",
    "LPWStr",
    "R4",
    "R8",
    "SafeArray",
    "Struct",
    "SysInt",
    "SysUInt",
    "TBStr",
    "U1",
    "U2",
    "U4",
    "U8",
    "VBByRefStr",
    "VariantBool",
];

#[test]
fn the_page_maps_every_field_and_type() {
    let page = include_str!("../docs/from_pinvoke.md");
    let words: Vec<&str> = page.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let missing: Vec<&&str> = [DLL_IMPORT, MARSHAL_AS, UNMANAGED_TYPE]
        .into_iter()
        .flatten()
        .filter(|name| !words.contains(*name))
        .collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
}
