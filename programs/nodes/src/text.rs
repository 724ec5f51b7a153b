//! Text in accounts: printable ASCII, in a field of fixed size that zeros fill up.

/// The field's bytes for `text`; `None` when it does not fit, or has a character that is not printable ASCII, or a space
/// at either end.
pub fn field<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes = text.as_bytes();
    let is_trimmed = bytes.first() != Some(&b' ') && bytes.last() != Some(&b' ');
    if !is_trimmed || !bytes.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        return None;
    }
    let mut field = [0; N];
    field.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(field)
}

/// The text of a field.
pub fn read(field: &[u8]) -> &str {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    core::str::from_utf8(&field[..end]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in ["", "a", "RTX 4090", "12345678"] {
            assert_eq!(read(&field::<8>(text).expect(text)), text);
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["123456789", " a", "a ", " ", "a\0b", "a\nb", "é", "\u{7f}"] {
            assert_eq!(field::<8>(text), None, "{text:?}");
        }
    }

    #[test]
    fn bytes_that_nobody_wrote_read_as_nothing() {
        assert_eq!(read(&[0xff, 0xfe]), "");
        assert_eq!(read(&[]), "");
    }
}
