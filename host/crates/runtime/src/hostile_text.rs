//! Text of a connector or of a target: hostile. It is bounded and made to one printable line before it goes anywhere.

/// One line of at most `most` bytes: control characters and marks that turn the direction of text become spaces.
pub(crate) fn line(text: &str, most: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let c = if c.is_control() || is_invisible(c) { ' ' } else { c };
        if out.len() + c.len_utf8() > most {
            break;
        }
        out.push(c);
    }
    out
}

/// Whether a word is a stable code: 1 to 64 of `[a-z0-9-]`.
pub(crate) fn is_code(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cannot_move_a_terminal_or_turn_text_around() {
        assert_eq!(line("a\u{1b}[2Jb\nc\u{202e}d", 100), "a [2Jb c d");
        assert_eq!(line("ääää", 5), "ää", "a character is never cut");
    }
}
