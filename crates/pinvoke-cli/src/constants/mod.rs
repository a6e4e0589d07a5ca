//! Names of well-known constants, for machines without a C compiler: with `--include` the headers say.

#[cfg(unix)]
#[path = "unix.rs"]
mod table;
#[cfg(windows)]
#[path = "windows.rs"]
mod table;

/// The constants as definitions of macros, for this system.
pub(crate) fn definitions() -> String {
    let mut text = String::new();
    for (name, value) in table::TABLE {
        text.push_str(&format!("#define {name} {value}\n"));
    }
    text
}

/// The names of a module with their values.
macro_rules! named {
    ($($module:path: $($name:ident)*;)*) => {
        pub(super) const TABLE: &[(&str, i64)] = &[$($({
            use $module as from;
            (stringify!($name), super::widen(from::$name as i128))
        }),*),*];
    };
}
use named;

/// All of them fit: they are `int`s, `unsigned int`s or `long`s in C.
const fn widen(value: i128) -> i64 {
    assert!(value >= i64::MIN as i128 && value <= i64::MAX as i128);
    #[expect(clippy::cast_possible_truncation, reason = "checked in the line above, when compiling")]
    {
        value as i64
    }
}

#[cfg(test)]
mod tests {
    use pinvoke_abi::target::Target;
    use pinvoke_decl::Unit;

    #[test]
    fn the_table_is_understood() {
        let mut unit = Unit::new(Target::HOST);
        assert!(unit.parse("constants", &super::definitions()).is_empty());
        assert_eq!(unit.evaluate("O_RDONLY | O_CREAT").ok(), Some(i128::from(libc::O_CREAT)));
        assert_eq!(unit.evaluate("EXIT_FAILURE").ok(), Some(1));
        assert_eq!(unit.evaluate(super::table::SAMPLE.0).ok(), Some(super::table::SAMPLE.1));
    }
}
