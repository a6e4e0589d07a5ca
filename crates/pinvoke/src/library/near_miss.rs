//! "Did you mean": exported names that are like one that was not found.
//!
//! Names of functions go wrong in few ways: upper and lower case, a leading underscore too many or too few, an `A`
//! or `W` that another system adds, a version in the name (`foo64`, `foo_v2`), a C++ name, and slips of the
//! keyboard. The first kinds are recognised as such and come first; slips are measured with the Damerau-Levenshtein
//! distance, of which one in four letters, and at least one, is tolerated.

/// How many names are suggested.
const MAX_SUGGESTIONS: usize = 5;

/// The names of `exported` that `wanted` may have meant, the likeliest first.
pub(crate) fn near_misses<'e>(wanted: &str, exported: impl Iterator<Item = &'e str>) -> Vec<String> {
    let wanted_core = core(wanted);
    if wanted_core.is_empty() {
        return Vec::new();
    }
    let mut near: Vec<(usize, &str)> =
        exported.filter_map(|name| Some((unlikeness(wanted, &wanted_core, name)?, name))).collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(MAX_SUGGESTIONS).map(|(_, name)| name.to_owned()).collect()
}

/// How unlike a name is; `None` if it is too unlike to mention.
fn unlikeness(wanted: &str, wanted_core: &str, name: &str) -> Option<usize> {
    if name == wanted {
        return None;
    }
    if is_cpp_name_of(name, wanted) {
        return Some(1);
    }
    let core = core(name);
    if core == *wanted_core {
        return Some(0);
    }
    let (longer, shorter) =
        if core.len() > wanted_core.len() { (&*core, wanted_core) } else { (wanted_core, &*core) };
    if let Some(rest) = longer.strip_prefix(shorter)
        && is_variant(rest)
    {
        return Some(1);
    }
    let length = wanted_core.chars().count();
    // A distance is at least the difference in length; this spares most of the work on big libraries.
    let limit = (length / 4).max(1);
    if length.abs_diff(core.chars().count()) > limit || length < 3 {
        return None;
    }
    let distance = strsim::damerau_levenshtein(&core, wanted_core);
    (distance <= limit).then_some(distance + 1)
}

/// A name without what does not matter: case and leading underscores.
fn core(name: &str) -> String {
    name.trim_start_matches('_').to_ascii_lowercase()
}

/// Whether this is what systems and versions add to a name.
fn is_variant(rest: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    matches!(rest, "a" | "w" | "_r" | "_s" | "ex" | "_unlocked")
        || number(rest)
        || rest.strip_prefix("_v").or(rest.strip_prefix('_')).is_some_and(number)
}

/// Whether `name` is a C++ function called `plain`: `_Z3addii` of `add` (Itanium C++ ABI, 5.1.3 and 5.1.4).
fn is_cpp_name_of(name: &str, plain: &str) -> bool {
    let Some(rest) = name.strip_prefix("_Z") else { return false };
    let part = format!("{}{plain}", plain.len());
    rest.match_indices(&part).any(|(at, _)| !rest[..at].ends_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wanted: &str, exported: &[&str], expected: &[&str]) {
        assert_eq!(near_misses(wanted, exported.iter().copied()), expected, "{wanted}");
    }

    #[test]
    fn likely_names_come_first() {
        check("GetPid", &["getppid", "getpid", "putpid", "gettid"], &["getpid", "getppid", "gettid"]);
        check("_exit", &["exit", "_Exit", "atexit"], &["_Exit", "exit"]);
        check("exit", &["_exit", "exits"], &["_exit", "exits"]);
        check("MessageBox", &["MessageBoxA", "MessageBoxW", "MessageBeep"], &["MessageBoxA", "MessageBoxW"]);
        check("MessageBoxW", &["MessageBox"], &["MessageBox"]);
        check("open", &["open64", "openat", "fopen", "popen"], &["open64", "fopen", "popen"]);
        check("fuse_new", &["fuse_new_30", "fuse_new_v2", "fuse_loop"], &["fuse_new_30", "fuse_new_v2"]);
        check("zlibVersoin", &["zlibVersion", "zlibCompileFlags"], &["zlibVersion"]);
    }

    #[test]
    fn cpp_functions_are_recognised() {
        check(
            "add",
            &["_Z3addii", "_ZN4math3addEdd", "_Z6padadd", "_Z13addmeaningful"],
            &["_Z3addii", "_ZN4math3addEdd"],
        );
    }

    #[test]
    fn unlike_names_are_not_mentioned() {
        check("frobnicate", &["malloc", "free", "frob"], &[]);
        check("", &["a", "b"], &[]);
        check("ab", &["cd", "ac"], &[]);
        check("___", &["a"], &[]);
    }

    #[test]
    fn not_more_than_a_few() {
        let many: Vec<String> = (0..100).map(|n| format!("foo{n}")).collect();
        assert_eq!(near_misses("foo", many.iter().map(String::as_str)).len(), MAX_SUGGESTIONS);
    }
}
