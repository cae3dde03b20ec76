//! Letters: the three alphabets of packed text, and ZSCII as Unicode (Standard, section 3).

use super::Problem;
use super::memory::Memory;

/// The alphabets, 26 letters each. The first two signs of the third mean something else.
const DEFAULT: [&[u8; 26]; 3] =
    [b"abcdefghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b" \r0123456789.,!?_#'\"/\\-:()"];

/// The characters of ZSCII 155 to 223 where a story has no table of its own.
const EXTRA: &str = "äöüÄÖÜß»«ëïÿËÏáéíóúýÁÉÍÓÚÝàèìòùÀÈÌÒÙâêîôûÂÊÎÔÛåÅøØãñõÃÑÕæÆçÇþðÞÐ£œŒ¡¿";
/// The first of them.
const FIRST: u8 = 155;

/// The ZSCII sign in an alphabet (0 to 2) at a place (6 to 31) of it.
pub fn letter(memory: &Memory, alphabet: usize, place: u8) -> Result<u8, Problem> {
    let index = usize::from(place.saturating_sub(6)).min(25);
    match memory.story().alphabet {
        _ if alphabet == 2 && index == 1 => Ok(b'\r'),
        Some(table) => memory.byte(table + alphabet * 26 + index),
        None => Ok(DEFAULT[alphabet.min(2)][index]),
    }
}

/// Where a ZSCII sign stands: its alphabet and its place; `None` where it must be spelled out.
pub fn place(memory: &Memory, sign: u8) -> Result<Option<(usize, u8)>, Problem> {
    for alphabet in 0..3 {
        for place in (6 + 2 * u8::from(alphabet == 2))..32 {
            if letter(memory, alphabet, place)? == sign {
                return Ok(Some((alphabet, place)));
            }
        }
    }
    Ok(None)
}

/// The character that a ZSCII code prints; `None` where it prints nothing.
pub fn character(memory: &Memory, code: u16) -> Result<Option<char>, Problem> {
    let byte = u8::try_from(code).unwrap_or_default();
    Ok(match byte {
        13 => Some('\n'),
        9 | 11 => Some(' '),
        32..=126 => Some(char::from(byte)),
        FIRST..=251 => Some(extra(memory, byte - FIRST)?.unwrap_or('?')),
        _ => None,
    })
}

fn extra(memory: &Memory, index: u8) -> Result<Option<char>, Problem> {
    let Some(table) = memory.story().characters else { return Ok(EXTRA.chars().nth(usize::from(index))) };
    if index >= memory.byte(table)? {
        return Ok(None);
    }
    let code = memory.word(table + 1 + 2 * usize::from(index))?;
    Ok(char::from_u32(u32::from(code)))
}

/// The ZSCII code of a character; `None` where it has none.
pub fn code(memory: &Memory, character: char) -> Option<u8> {
    match character {
        '\n' => Some(13),
        ' '..='~' => u8::try_from(u32::from(character)).ok(),
        _ if memory.story().characters.is_none() => {
            let index = EXTRA.chars().position(|known| known == character)?;
            u8::try_from(index + usize::from(FIRST)).ok()
        }
        _ => (FIRST..=251).find(|&code| extra(memory, code - FIRST) == Ok(Some(character))),
    }
}
