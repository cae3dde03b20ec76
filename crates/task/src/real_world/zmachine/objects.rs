//! The tree of objects, their attributes and their properties (Standard, section 12).
//!
//! Object 0 is nothing: games ask about it all the same. Its parts read as 0, and nothing can be done to it.

use super::memory::Memory;
use super::{Problem, Version};

/// Which of an object's three relatives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kin {
    /// What it is in.
    Parent,
    /// What lies beside it.
    Sibling,
    /// The first thing in it.
    Child,
}

/// A property where it lies.
#[derive(Debug, Clone, Copy)]
struct Property {
    number: u16,
    data: usize,
    length: usize,
}

/// Sizes of the table, by version.
struct Shape {
    attributes: usize,
    relative: usize,
    entry: usize,
    defaults: usize,
}

/// The most objects that a walk along siblings passes: more than there are.
const MOST: usize = 1 << 16;

fn shape(memory: &Memory) -> Shape {
    match memory.story().version {
        Version::V3 => Shape { attributes: 4, relative: 1, entry: 9, defaults: 31 },
        _ => Shape { attributes: 6, relative: 2, entry: 14, defaults: 63 },
    }
}

fn entry(memory: &Memory, object: u16) -> usize {
    let shape = shape(memory);
    memory.story().objects + 2 * shape.defaults + usize::from(object.saturating_sub(1)) * shape.entry
}

/// A relative of an object.
pub fn kin(memory: &Memory, object: u16, kin: Kin) -> Result<u16, Problem> {
    if object == 0 {
        return Ok(0);
    }
    let (at, shape) = (entry(memory, object), shape(memory));
    let at = at + shape.attributes + kin as usize * shape.relative;
    if shape.relative == 1 { memory.byte(at).map(u16::from) } else { memory.word(at) }
}

fn set_kin(memory: &mut Memory, object: u16, kin: Kin, to: u16) -> Result<(), Problem> {
    let (at, shape) = (entry(memory, object), shape(memory));
    let at = at + shape.attributes + kin as usize * shape.relative;
    match u8::try_from(to) {
        _ if shape.relative == 2 => memory.set_word(at, to),
        Ok(to) => memory.set_byte(at, to),
        Err(_) => Err(Problem::Refused("version 3 has 255 objects")),
    }
}

/// Takes an object out of what it is in, and says how many others it passed to find it.
pub fn remove(memory: &mut Memory, object: u16) -> Result<u64, Problem> {
    let parent = kin(memory, object, Kin::Parent)?;
    if object == 0 || parent == 0 {
        return Ok(0);
    }
    let after = kin(memory, object, Kin::Sibling)?;
    let first = kin(memory, parent, Kin::Child)?;
    let mut passed = 0;
    if first == object {
        set_kin(memory, parent, Kin::Child, after)?;
    } else {
        let before = before(memory, (first, object), &mut passed)?;
        set_kin(memory, before, Kin::Sibling, after)?;
    }
    set_kin(memory, object, Kin::Parent, 0)?;
    set_kin(memory, object, Kin::Sibling, 0)?;
    Ok(passed)
}

/// The object among siblings, from the first on, that stands before another.
fn before(memory: &Memory, (first, object): (u16, u16), passed: &mut u64) -> Result<u16, Problem> {
    let mut at = first;
    for _ in 0..MOST {
        *passed += 1;
        let next = kin(memory, at, Kin::Sibling)?;
        if next == object {
            return Ok(at);
        }
        if next == 0 {
            break;
        }
        at = next;
    }
    Err(Problem::Refused("the tree of objects is broken"))
}

/// Puts an object into another, as its first child, and says how many others it passed.
pub fn insert(memory: &mut Memory, object: u16, into: u16) -> Result<u64, Problem> {
    if object == 0 || into == 0 {
        return Ok(0);
    }
    let passed = remove(memory, object)?;
    let child = kin(memory, into, Kin::Child)?;
    set_kin(memory, object, Kin::Sibling, child)?;
    set_kin(memory, object, Kin::Parent, into)?;
    set_kin(memory, into, Kin::Child, object)?;
    Ok(passed)
}

/// Where an attribute lies: its byte and its bit.
fn attribute(memory: &Memory, object: u16, number: u16) -> Result<(usize, u8), Problem> {
    if usize::from(number) >= 8 * shape(memory).attributes {
        return Err(Problem::NoAttribute(number));
    }
    Ok((entry(memory, object) + usize::from(number / 8), 0x80 >> (number % 8)))
}

/// Whether an object has an attribute.
pub fn has(memory: &Memory, object: u16, number: u16) -> Result<bool, Problem> {
    let (at, bit) = attribute(memory, object, number)?;
    Ok(object != 0 && memory.byte(at)? & bit != 0)
}

/// Gives an attribute to an object, or takes it.
pub fn set(memory: &mut Memory, object: u16, number: u16, on: bool) -> Result<(), Problem> {
    let (at, bit) = attribute(memory, object, number)?;
    if object == 0 {
        return Ok(());
    }
    let byte = memory.byte(at)?;
    memory.set_byte(at, if on { byte | bit } else { byte & !bit })
}

/// Where an object's properties begin: at the length of its name.
fn properties(memory: &Memory, object: u16) -> Result<usize, Problem> {
    let shape = shape(memory);
    Ok(usize::from(memory.word(entry(memory, object) + shape.attributes + 3 * shape.relative)?))
}

/// Where an object's packed name lies; `None` of an object without one.
pub fn name(memory: &Memory, object: u16) -> Result<Option<usize>, Problem> {
    if object == 0 {
        return Ok(None);
    }
    let at = properties(memory, object)?;
    Ok((memory.byte(at)? > 0).then_some(at + 1))
}

/// The property whose size byte lies there; `None` at the end of the list.
fn property(memory: &Memory, at: usize) -> Result<Option<Property>, Problem> {
    let size = memory.byte(at)?;
    if size == 0 {
        return Ok(None);
    }
    let low = |mask: u8| u16::from(size & mask);
    let (number, data, length) = match memory.story().version {
        Version::V3 => (low(31), at + 1, usize::from(size >> 5) + 1),
        _ if size & 0x80 == 0 => (low(63), at + 1, usize::from(size >> 6) + 1),
        _ => (low(63), at + 2, length(memory.byte(at + 1)?)),
    };
    Ok(Some(Property { number, data, length }))
}

/// The length that a second size byte says.
fn length(size: u8) -> usize {
    match usize::from(size & 63) {
        0 => 64,
        length => length,
    }
}

/// The first property of an object.
fn first(memory: &Memory, object: u16) -> Result<Option<Property>, Problem> {
    let at = properties(memory, object)?;
    property(memory, at + 1 + 2 * usize::from(memory.byte(at)?))
}

fn find(memory: &Memory, object: u16, number: u16) -> Result<Option<Property>, Problem> {
    if object == 0 {
        return Ok(None);
    }
    let mut next = first(memory, object)?;
    // No list has more than 64 different ones.
    for _ in 0..64 {
        match next {
            Some(found) if found.number == number => return Ok(Some(found)),
            Some(other) => next = property(memory, other.data + other.length)?,
            None => break,
        }
    }
    Ok(None)
}

/// The opcode `get_prop`: a property's value, or the default of all objects.
pub fn value(memory: &Memory, object: u16, number: u16) -> Result<u16, Problem> {
    match find(memory, object, number)? {
        Some(Property { data, length: 1, .. }) => memory.byte(data).map(u16::from),
        Some(Property { data, .. }) => memory.word(data),
        None if (1..=shape(memory).defaults).contains(&usize::from(number)) => {
            memory.word(memory.story().objects + 2 * usize::from(number - 1))
        }
        None => Err(Problem::NoProperty { object, property: number }),
    }
}

/// The opcode `put_prop`.
pub fn set_value(memory: &mut Memory, object: u16, number: u16, to: u16) -> Result<(), Problem> {
    match find(memory, object, number)? {
        Some(Property { data, length: 1, .. }) => memory.set_byte(data, to.to_be_bytes()[1]),
        Some(Property { data, .. }) => memory.set_word(data, to),
        None => Err(Problem::NoProperty { object, property: number }),
    }
}

/// The opcode `get_prop_addr`: where a property's data lies, 0 where the object has no such property.
pub fn address(memory: &Memory, object: u16, number: u16) -> Result<usize, Problem> {
    Ok(find(memory, object, number)?.map_or(0, |found| found.data))
}

/// The opcode `get_prop_len`: how many bytes the property has whose data lies there.
pub fn data_length(memory: &Memory, data: usize) -> Result<u16, Problem> {
    let Some(at) = data.checked_sub(1) else { return Ok(0) };
    let size = memory.byte(at)?;
    let length = match memory.story().version {
        Version::V3 => usize::from(size >> 5) + 1,
        _ if size & 0x80 == 0 => usize::from(size >> 6) + 1,
        _ => length(size),
    };
    Ok(u16::try_from(length).unwrap_or_default())
}

/// The opcode `get_next_prop`: the number of the property after one, or of the first after 0; 0 where there is none.
pub fn next(memory: &Memory, object: u16, number: u16) -> Result<u16, Problem> {
    if object == 0 {
        return Ok(0);
    }
    let next = match number {
        0 => first(memory, object)?,
        _ => {
            let before = find(memory, object, number)?.ok_or(Problem::NoProperty { object, property: number })?;
            property(memory, before.data + before.length)?
        }
    };
    Ok(next.map_or(0, |property| property.number))
}

/// How many objects there are: the table ends where the first list of properties begins.
pub fn count(memory: &Memory) -> u16 {
    let mut end = usize::MAX;
    for object in 1..u16::MAX {
        let at = entry(memory, object);
        if at + shape(memory).entry > end {
            return object - 1;
        }
        match properties(memory, object) {
            Ok(list) if list > at => end = end.min(list),
            _ => return object - 1,
        }
    }
    u16::MAX
}

/// The bytes that hold all attributes and relatives: what differs when something in the story's world changed.
pub fn tree(memory: &Memory) -> &[u8] {
    let (first, last) = (entry(memory, 1), entry(memory, count(memory).saturating_add(1)));
    memory.dynamic().get(first..last).unwrap_or_default()
}
