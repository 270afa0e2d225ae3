//! The types of PostgreSQL that have no value of their own: written as the text that the server would print.

use std::fmt::Write;

use crate::value::Value;

/// Which type it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `"char"`: one byte.
    Char,
    Uuid,
    Inet,
    Cidr,
    Macaddr,
    Bits,
    Lsn,
    /// What a function without a result gives: nothing.
    Void,
    /// The place of a row in its table.
    Tid,
    Point,
    Line,
    Segment,
    Box,
    Path,
    Polygon,
    Circle,
}

impl Form {
    /// Appends the text; none when the bytes are not what the type promises.
    pub(super) fn write(self, bytes: &[u8], out: &mut String) -> Option<()> {
        match self {
            Self::Char => match bytes {
                [] | [0] => Some(()),
                [byte] if byte.is_ascii() => out.write_char(char::from(*byte)).ok(),
                [byte] => write!(out, "\\{byte:03o}").ok(),
                _ => None,
            },
            Self::Uuid => <[u8; 16]>::try_from(bytes).ok()?.iter().enumerate().try_for_each(|(index, byte)| {
                let dash = if matches!(index, 4 | 6 | 8 | 10) { "-" } else { "" };
                write!(out, "{dash}{byte:02x}").ok()
            }),
            Self::Inet => write_network(bytes, false, out),
            Self::Cidr => write_network(bytes, true, out),
            Self::Macaddr => bytes.iter().enumerate().try_for_each(|(index, byte)| {
                let colon = if index > 0 { ":" } else { "" };
                write!(out, "{colon}{byte:02x}").ok()
            }),
            Self::Bits => write_bits(bytes, out),
            Self::Lsn => {
                let place = u64::from_be_bytes(bytes.try_into().ok()?);
                write!(out, "{:X}/{:X}", place >> 32, place & 0xFFFF_FFFF).ok()
            }
            Self::Void => Some(()),
            Self::Tid => {
                let (block, row) = bytes.split_at_checked(4)?;
                let (block, row) =
                    (u32::from_be_bytes(block.try_into().ok()?), u16::from_be_bytes(row.try_into().ok()?));
                write!(out, "({block},{row})").ok()
            }
            Self::Point | Self::Line | Self::Segment | Self::Box | Self::Path | Self::Polygon | Self::Circle => {
                self.write_shape(bytes, out)
            }
        }
    }
}

impl Form {
    fn write_shape(self, bytes: &[u8], out: &mut String) -> Option<()> {
        let (open, close, bytes) = match self {
            Self::Line => ("{", "}", bytes),
            Self::Segment => ("[", "]", bytes),
            Self::Circle => ("<", ">", bytes),
            Self::Path => match bytes.split_at_checked(5)? {
                ([1, ..], points) => ("(", ")", points),
                (_, points) => ("[", "]", points),
            },
            Self::Polygon => ("(", ")", bytes.get(4..)?),
            _ => ("", "", bytes),
        };
        let (numbers, rest) = bytes.as_chunks::<8>();
        if !rest.is_empty() {
            return None;
        }
        out.push_str(open);
        for (index, number) in numbers.iter().enumerate() {
            let pair = if self == Self::Line || (self == Self::Circle && index == 2) { ["", ""] } else { ["(", ")"] };
            let comma = if index > 0 { "," } else { "" };
            let (before, after) = if index % 2 == 0 { (pair[0], "") } else { ("", pair[1]) };
            write!(out, "{comma}{before}{}{after}", Value::Float(f64::from_be_bytes(*number))).ok()?;
        }
        out.push_str(close);
        Some(())
    }
}

/// `192.0.2.1`, `2001:db8::/32`: an address of one host is printed without its mask, a network always with it.
fn write_network(bytes: &[u8], always_mask: bool, out: &mut String) -> Option<()> {
    let network = postgres_protocol::types::inet_from_sql(bytes).ok()?;
    write!(out, "{}", network.addr()).ok()?;
    let whole = if network.addr().is_ipv4() { 32 } else { 128 };
    if always_mask || network.netmask() != whole {
        write!(out, "/{}", network.netmask()).ok()?;
    }
    Some(())
}

fn write_bits(bytes: &[u8], out: &mut String) -> Option<()> {
    let (length, bits) = bytes.split_at_checked(4)?;
    let length = i32::from_be_bytes(length.try_into().ok()?);
    (0..usize::try_from(length).ok()?).try_for_each(|index| {
        let bit = bits.get(index / 8)? >> (7 - index % 8) & 1;
        out.write_char(if bit == 1 { '1' } else { '0' }).ok()
    })
}
