//! The protobuf wire format: fields out of bytes without copying them, and bytes out of fields. Of OTLP it knows nothing.
//!
//! A decoder that builds what it reads needs a hundred times the memory that a hostile body has; this one needs none.

/// What was sent is no protobuf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

/// One field's value, as far as the wire tells its type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Field<'a> {
    pub fn bytes(self) -> Result<&'a [u8], Broken> {
        match self {
            Field::Bytes(bytes) => Ok(bytes),
            Field::Varint(_) | Field::Fixed64(_) | Field::Fixed32(_) => Err(Broken),
        }
    }

    pub fn varint(self) -> Result<u64, Broken> {
        match self {
            Field::Varint(number) => Ok(number),
            Field::Bytes(_) | Field::Fixed64(_) | Field::Fixed32(_) => Err(Broken),
        }
    }

    pub fn fixed64(self) -> Result<u64, Broken> {
        match self {
            Field::Fixed64(number) => Ok(number),
            Field::Bytes(_) | Field::Varint(_) | Field::Fixed32(_) => Err(Broken),
        }
    }
}

/// The fields of a message, in the order they were sent, with their numbers.
pub struct Fields<'a> {
    left: &'a [u8],
}

impl<'a> Fields<'a> {
    pub fn of(message: &'a [u8]) -> Fields<'a> {
        Fields { left: message }
    }

    fn varint(&mut self) -> Result<u64, Broken> {
        let mut number = 0;
        for (place, byte) in self.left.iter().enumerate().take(10) {
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                self.left = &self.left[place + 1..];
                return Ok(number);
            }
        }
        Err(Broken)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, left) = self.left.split_at_checked(length).ok_or(Broken)?;
        self.left = left;
        Ok(taken)
    }

    fn field(&mut self) -> Result<(u64, Field<'a>), Broken> {
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(u64::from_le_bytes(self.take(8)?.try_into().map_err(|_| Broken)?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Broken)?;
                Field::Bytes(self.take(length)?)
            }
            5 => Field::Fixed32(u32::from_le_bytes(self.take(4)?.try_into().map_err(|_| Broken)?)),
            // Groups, which proto3 does not have.
            _ => return Err(Broken),
        };
        if tag >> 3 == 0 { Err(Broken) } else { Ok((tag >> 3, field)) }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.left = &[];
        }
        Some(field)
    }
}

/// A message that is being written. What is empty or 0 is left out, as proto3 has it.
#[derive(Debug, Default)]
pub struct Message(Vec<u8>);

impl Message {
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn raw_varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub fn varint(&mut self, field: u64, number: u64) {
        if number != 0 {
            self.always_varint(field, number);
        }
    }

    /// One of several values, of which 0 is one.
    pub fn always_varint(&mut self, field: u64, number: u64) {
        self.raw_varint(field << 3);
        self.raw_varint(number);
    }

    pub fn fixed64(&mut self, field: u64, number: u64) {
        self.raw_varint(field << 3 | 1);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub fn bytes(&mut self, field: u64, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.always_bytes(field, bytes);
        }
    }

    pub fn always_bytes(&mut self, field: u64, bytes: &[u8]) {
        self.raw_varint(field << 3 | 2);
        self.raw_varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub fn message(&mut self, field: u64, write: impl FnOnce(&mut Message)) {
        let mut inner = Message::default();
        write(&mut inner);
        self.always_bytes(field, &inner.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut message = Message::default();
        message.varint(1, 0);
        message.varint(2, 300);
        message.always_varint(3, 0);
        message.fixed64(7, u64::MAX);
        message.message(2_000, |inner| inner.bytes(5, b"name"));
        message.bytes(6, b"");
        let bytes = message.into_bytes();
        let read: Vec<_> = Fields::of(&bytes).collect::<Result<_, _>>().unwrap();
        let inner = [0x2a, 4, b'n', b'a', b'm', b'e'];
        let written = [
            (2, Field::Varint(300)),
            (3, Field::Varint(0)),
            (7, Field::Fixed64(u64::MAX)),
            (2_000, Field::Bytes(&inner)),
        ];
        assert_eq!(read, written);
    }

    #[test]
    fn what_is_none_is_told_once_and_ends() {
        let broken: [&[u8]; 6] = [&[0x0a], &[0x0a, 5, 1], &[0x09, 1, 2], &[0x0b], &[0x00, 1], &[0xff; 11]];
        for bytes in broken {
            let read: Vec<_> = Fields::of(bytes).collect();
            assert_eq!(read, [Err(Broken)], "{bytes:?}");
        }
        let huge = [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(Fields::of(&huge).collect::<Vec<_>>(), [Err(Broken)], "a length beyond the end");
    }
}
