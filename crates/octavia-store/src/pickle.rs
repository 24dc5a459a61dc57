//! The Python pickles in which upstream keeps `listener.insert_headers`: a dictionary of texts.
//!
//! A pickle is a program, and running a foreign one is how machines are taken over. So this reader
//! knows only the opcodes that build a dictionary of texts, and refuses every other.

use std::collections::{BTreeMap, HashMap};

const PROTO: u8 = 0x80;
const FRAME: u8 = 0x95;
const EMPTY_DICT: u8 = b'}';
const SHORT_BINUNICODE: u8 = 0x8c;
const BINUNICODE: u8 = b'X';
const BINUNICODE8: u8 = 0x8d;
const UNICODE: u8 = b'V';
const SHORT_BINSTRING: u8 = b'U';
const BINSTRING: u8 = b'T';
const NEWTRUE: u8 = 0x88;
const NEWFALSE: u8 = 0x89;
const MEMOIZE: u8 = 0x94;
const BINPUT: u8 = b'q';
const LONG_BINPUT: u8 = b'r';
const BINGET: u8 = b'h';
const LONG_BINGET: u8 = b'j';
const MARK: u8 = b'(';
const SETITEM: u8 = b's';
const SETITEMS: u8 = b'u';
const STOP: u8 = b'.';

/// Why a pickle cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("the pickle ends too early")]
    Short,
    #[error("the pickle is of protocol {0}")]
    Protocol(u8),
    #[error("the pickle has opcode {0:#04x}, which builds no dictionary of texts")]
    Opcode(u8),
    #[error("the pickle is not a dictionary of texts")]
    Shape,
}

/// Reads a pickled dictionary of texts.
pub(crate) fn read(bytes: &[u8]) -> Result<BTreeMap<String, String>, Unreadable> {
    let mut reader = Reader {
        rest: bytes,
        stack: Vec::new(),
        memo: HashMap::new(),
    };
    if reader.byte()? != PROTO {
        return Err(Unreadable::Shape);
    }
    match reader.byte()? {
        2..=5 => {}
        other => return Err(Unreadable::Protocol(other)),
    }
    while !reader.step()? {}
    match reader.stack.as_slice() {
        [Item::Dictionary(dictionary)] => Ok(dictionary.clone()),
        _ => Err(Unreadable::Shape),
    }
}

/// Writes a dictionary as upstream's Python does (protocol 5).
pub(crate) fn write(dictionary: &BTreeMap<String, String>) -> Vec<u8> {
    let mut body = vec![EMPTY_DICT, MEMOIZE];
    if dictionary.len() > 1 {
        body.push(MARK);
    }
    let mut memo: HashMap<&str, usize> = HashMap::new();
    for text in dictionary.iter().flat_map(|(key, value)| [key, value]) {
        if let Some(number) = memo.get(text.as_str()) {
            push_get(&mut body, *number);
        } else {
            push_text(&mut body, text);
            // Number 0 is the dictionary itself.
            memo.insert(text, memo.len() + 1);
        }
    }
    match dictionary.len() {
        0 => {}
        1 => body.push(SETITEM),
        _ => body.push(SETITEMS),
    }
    body.push(STOP);
    framed(&body)
}

/// Python puts a body of four bytes and more into a frame.
fn framed(body: &[u8]) -> Vec<u8> {
    let mut pickle = vec![PROTO, 5];
    if body.len() >= 4 {
        pickle.push(FRAME);
        pickle.extend((body.len() as u64).to_le_bytes());
    }
    pickle.extend(body);
    pickle
}

fn push_get(body: &mut Vec<u8>, number: usize) {
    if let Ok(number) = u8::try_from(number) {
        body.extend([BINGET, number]);
    } else {
        body.push(LONG_BINGET);
        body.extend(u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
    }
}

fn push_text(body: &mut Vec<u8>, text: &str) {
    if let Ok(length) = u8::try_from(text.len()) {
        body.extend([SHORT_BINUNICODE, length]);
    } else {
        body.push(BINUNICODE8);
        body.extend((text.len() as u64).to_le_bytes());
    }
    body.extend(text.as_bytes());
    body.push(MEMOIZE);
}

#[derive(Debug, Clone)]
enum Item {
    Text(String),
    Dictionary(BTreeMap<String, String>),
    Mark,
}

struct Reader<'a> {
    rest: &'a [u8],
    stack: Vec<Item>,
    memo: HashMap<u32, Item>,
}

impl Reader<'_> {
    /// Does what the next opcode says; tells whether it was the last.
    fn step(&mut self) -> Result<bool, Unreadable> {
        match self.byte()? {
            STOP => return Ok(true),
            FRAME => {
                self.take(8)?;
            }
            EMPTY_DICT => self.stack.push(Item::Dictionary(BTreeMap::new())),
            MARK => self.stack.push(Item::Mark),
            NEWTRUE => self.stack.push(Item::Text("True".to_owned())),
            NEWFALSE => self.stack.push(Item::Text("False".to_owned())),
            SETITEM => self.set_item()?,
            SETITEMS => self.set_items()?,
            opcode => self.text_or_memory(opcode)?,
        }
        Ok(false)
    }

    fn text_or_memory(&mut self, opcode: u8) -> Result<(), Unreadable> {
        match opcode {
            SHORT_BINUNICODE | SHORT_BINSTRING => {
                let length = self.byte()?.into();
                self.text(length)
            }
            BINUNICODE | BINSTRING => {
                let length = self.number()?;
                self.text(length as usize)
            }
            BINUNICODE8 => {
                let length = self.take(8)?;
                let length = u64::from_le_bytes(length.try_into().map_err(|_| Unreadable::Short)?);
                self.text(usize::try_from(length).map_err(|_| Unreadable::Short)?)
            }
            UNICODE => self.line(),
            MEMOIZE => {
                let number = u32::try_from(self.memo.len()).map_err(|_| Unreadable::Shape)?;
                self.remember(number)
            }
            BINPUT => {
                let number = self.byte()?.into();
                self.remember(number)
            }
            LONG_BINPUT => {
                let number = self.number()?;
                self.remember(number)
            }
            BINGET => {
                let number = self.byte()?.into();
                self.recall(number)
            }
            LONG_BINGET => {
                let number = self.number()?;
                self.recall(number)
            }
            other => Err(Unreadable::Opcode(other)),
        }
    }

    fn byte(&mut self) -> Result<u8, Unreadable> {
        let (first, rest) = self.rest.split_first().ok_or(Unreadable::Short)?;
        self.rest = rest;
        Ok(*first)
    }

    fn take(&mut self, length: usize) -> Result<&[u8], Unreadable> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Unreadable::Short)?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, Unreadable> {
        let bytes = self.take(4)?.try_into().map_err(|_| Unreadable::Short)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn text(&mut self, length: usize) -> Result<(), Unreadable> {
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| Unreadable::Shape)?;
        let item = Item::Text(text.to_owned());
        self.stack.push(item);
        Ok(())
    }

    /// A text up to the end of its line; escapes appear only in what no header can hold.
    fn line(&mut self) -> Result<(), Unreadable> {
        let length = self
            .rest
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or(Unreadable::Short)?;
        if self
            .rest
            .get(..length)
            .is_some_and(|line| line.contains(&b'\\'))
        {
            return Err(Unreadable::Shape);
        }
        self.text(length)?;
        self.byte().map(|_| ())
    }

    fn remember(&mut self, number: u32) -> Result<(), Unreadable> {
        // The dictionary is never asked for again, so its contents need not be kept.
        let item = match self.stack.last() {
            Some(Item::Text(text)) => Item::Text(text.clone()),
            Some(Item::Dictionary(_)) => Item::Mark,
            Some(Item::Mark) | None => return Err(Unreadable::Shape),
        };
        self.memo.insert(number, item);
        Ok(())
    }

    fn recall(&mut self, number: u32) -> Result<(), Unreadable> {
        match self.memo.get(&number) {
            Some(Item::Text(text)) => {
                let item = Item::Text(text.clone());
                self.stack.push(item);
                Ok(())
            }
            Some(Item::Dictionary(_) | Item::Mark) | None => Err(Unreadable::Shape),
        }
    }

    fn set_item(&mut self) -> Result<(), Unreadable> {
        match (self.stack.pop(), self.stack.pop(), self.stack.last_mut()) {
            (
                Some(Item::Text(value)),
                Some(Item::Text(key)),
                Some(Item::Dictionary(dictionary)),
            ) => {
                dictionary.insert(key, value);
                Ok(())
            }
            _ => Err(Unreadable::Shape),
        }
    }

    fn set_items(&mut self) -> Result<(), Unreadable> {
        let mark = self
            .stack
            .iter()
            .rposition(|item| matches!(item, Item::Mark))
            .ok_or(Unreadable::Shape)?;
        let items = self.stack.split_off(mark);
        let Some(Item::Dictionary(dictionary)) = self.stack.last_mut() else {
            return Err(Unreadable::Shape);
        };
        let mut items = items.into_iter().skip(1);
        while let Some(key) = items.next() {
            match (key, items.next()) {
                (Item::Text(key), Some(Item::Text(value))) => dictionary.insert(key, value),
                _ => return Err(Unreadable::Shape),
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
