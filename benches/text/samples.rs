//! Texts of a given number of bytes.

/// Printable ASCII.
pub(crate) fn ascii(bytes: usize) -> String {
    ('!'..'~').cycle().take(bytes).collect()
}

/// Words of several scripts: Latin with and without accents, Greek, Cyrillic, Arabic, Devanagari, Han,
/// Hangul, and emoji.
pub(crate) fn mixed(bytes: usize) -> String {
    const WORDS: &str = "The quick brown fox, Grüße aus Köln; Ξεσκεπάζω την ψυχοφθόρα, Съешь ещё этих мягких \
        булок. نص حكيم له سر قاطع – ऋषियों को सताने वाले, 我能吞下玻璃而不伤身体。키스의 고유조건은 😀🦀! ";
    fill(WORDS, bytes)
}

/// Han and kana only.
pub(crate) fn cjk(bytes: usize) -> String {
    fill("天地玄黄宇宙洪荒日月盈昃辰宿列張いろはにほへとちりぬるを", bytes)
}

fn fill(words: &str, bytes: usize) -> String {
    let mut text = words.repeat(bytes / words.len() + 1);
    text.truncate(text.floor_char_boundary(bytes));
    text.extend(std::iter::repeat_n('x', bytes - text.len()));
    text
}
