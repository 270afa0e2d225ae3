//! Cells of PostgreSQL: from the binary format of each type to a value, without a text of its own for each cell.

use std::error::Error;

use fallible_iterator::FallibleIterator;
use postgres_protocol::types::array_from_sql;
use tokio_postgres::types::{Field, FromSql, Kind, Oid, Type};

use super::compound;
use super::form::Form;
use super::numeric;
use super::zone::Zone;
use crate::table::Batch;
use crate::value::time::DAY;
use crate::value::{Array, Date, Dimension, Interval, Time, Timestamp, Value};

/// Days from 1970-01-01 to 2000-01-01, where PostgreSQL counts from.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * DAY;

/// The bytes of a cell, none for NULL.
pub(super) struct Raw<'a>(pub(super) Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, bytes: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(bytes)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The name of a type as people write it: `int4[]` for what the catalogue of the server calls `_int4`.
pub(super) fn type_name(of: &Type) -> String {
    match of.kind() {
        Kind::Array(item) => format!("{}[]", type_name(item)),
        _ => of.name().to_owned(),
    }
}

/// What decoding a cell may use: the zone of the session, and a text that is written anew for each cell.
pub(super) struct Scratch<'a> {
    zone: &'a Zone,
    text: String,
}

impl<'a> Scratch<'a> {
    pub(super) fn new(zone: &'a Zone) -> Self {
        Self { zone, text: String::new() }
    }
}

/// How the cells of a column are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decoder {
    Bool,
    Int2,
    Int4,
    Int8,
    /// `oid` and the like: 32 bits without a sign.
    Oid,
    /// 64 bits without a sign.
    Xid8,
    Float4,
    Float8,
    Numeric,
    Text,
    Bytes,
    Json,
    Jsonb,
    Date,
    Time,
    TimeTz,
    Timestamp,
    TimestampTz,
    Interval,
    /// What has no value of its own and comes as its text.
    Written(Form),
    /// A row: the readers of its fields by the numbers of their types, as far as they are not built in.
    Row(Vec<(Oid, Self)>),
    Range(Box<Self>),
    Multirange(Box<Self>),
    Array(Box<Self>),
    /// `box[]`, the one array whose items are parted by semicolons.
    Boxes,
    /// An array that prints as its items and spaces.
    Vector(Box<Self>),
}

impl Decoder {
    /// The reader for a type, none for one that cannot be shown exactly.
    pub(super) fn of(of: &Type) -> Option<Self> {
        match of.kind() {
            Kind::Array(_) if *of == Type::INT2_VECTOR => Some(Self::Vector(Box::new(Self::Int2))),
            Kind::Array(_) if *of == Type::OID_VECTOR => Some(Self::Vector(Box::new(Self::Oid))),
            Kind::Array(_) if *of == Type::BOX_ARRAY => Some(Self::Boxes),
            Kind::Array(item) => Self::of(item).map(|item| Self::Array(Box::new(item))),
            Kind::Domain(base) => Self::of(base),
            Kind::Enum(_) => Some(Self::Text),
            Kind::Composite(fields) => {
                let field = |field: &Field| Some((field.type_().oid(), Self::of(field.type_())?));
                fields.iter().map(field).collect::<Option<_>>().map(Self::Row)
            }
            Kind::Range(bound) => Self::of(bound).map(|bound| Self::Range(Box::new(bound))),
            Kind::Multirange(bound) => Self::of(bound).map(|bound| Self::Multirange(Box::new(bound))),
            Kind::Simple | Kind::Pseudo => Self::of_simple(of),
            _ => None,
        }
    }

    fn of_simple(of: &Type) -> Option<Self> {
        Some(match *of {
            Type::BOOL => Self::Bool,
            Type::INT2 => Self::Int2,
            Type::INT4 => Self::Int4,
            Type::INT8 => Self::Int8,
            Type::OID | Type::XID | Type::CID => Self::Oid,
            Type::XID8 => Self::Xid8,
            Type::FLOAT4 => Self::Float4,
            Type::FLOAT8 => Self::Float8,
            Type::NUMERIC => Self::Numeric,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => Self::Text,
            Type::UNKNOWN | Type::XML | Type::CSTRING | Type::REFCURSOR => Self::Text,
            // Its fields say what they are.
            Type::RECORD => Self::Row(Vec::new()),
            Type::RECORD_ARRAY => Self::Array(Box::new(Self::Row(Vec::new()))),
            Type::CHAR => Self::Written(Form::Char),
            Type::UUID => Self::Written(Form::Uuid),
            Type::BYTEA => Self::Bytes,
            Type::JSON => Self::Json,
            Type::JSONB => Self::Jsonb,
            Type::DATE => Self::Date,
            Type::TIME => Self::Time,
            Type::TIMETZ => Self::TimeTz,
            Type::TIMESTAMP => Self::Timestamp,
            Type::TIMESTAMPTZ => Self::TimestampTz,
            Type::INTERVAL => Self::Interval,
            Type::INET => Self::Written(Form::Inet),
            Type::CIDR => Self::Written(Form::Cidr),
            Type::MACADDR | Type::MACADDR8 => Self::Written(Form::Macaddr),
            Type::BIT | Type::VARBIT => Self::Written(Form::Bits),
            Type::PG_LSN => Self::Written(Form::Lsn),
            Type::VOID => Self::Written(Form::Void),
            Type::TID => Self::Written(Form::Tid),
            Type::POINT => Self::Written(Form::Point),
            Type::LINE => Self::Written(Form::Line),
            Type::LSEG => Self::Written(Form::Segment),
            Type::BOX => Self::Written(Form::Box),
            Type::PATH => Self::Written(Form::Path),
            Type::POLYGON => Self::Written(Form::Polygon),
            Type::CIRCLE => Self::Written(Form::Circle),
            // Extensions have no fixed number.
            _ if of.name() == "citext" => Self::Text,
            _ => return None,
        })
    }

    /// Appends a cell to the batch; none when the bytes are not what the type promises.
    pub(super) fn push(&self, bytes: Option<&[u8]>, scratch: &mut Scratch<'_>, batch: &mut Batch) -> Option<()> {
        let Some(bytes) = bytes else {
            batch.push(&Value::Null);
            return Some(());
        };
        match self {
            Self::Int4 => batch.push_int(int4(bytes)?.into()),
            Self::Int8 => batch.push_int(int8(bytes)?),
            Self::Float8 => batch.push_float(float8(bytes)?),
            Self::Text => batch.push_text(std::str::from_utf8(bytes).ok()?),
            Self::Numeric => {
                numeric::write(bytes, &mut scratch.text)?;
                batch.push_decimal(&scratch.text);
            }
            Self::Timestamp if let Some(at) = instant(int8(bytes)?) => batch.push_timestamp(Timestamp::new(at, None)),
            other => batch.push(&other.value(bytes, scratch)?),
        }
        Some(())
    }

    pub(super) fn value<'a>(&self, bytes: &'a [u8], scratch: &'a mut Scratch<'_>) -> Option<Value<'a>> {
        Some(match self {
            Self::Bool => Value::Bool(bytes.first()? != &0),
            Self::Int2 => Value::Int(i16::from_be_bytes(bytes.try_into().ok()?).into()),
            Self::Int4 => Value::Int(int4(bytes)?.into()),
            Self::Int8 => Value::Int(int8(bytes)?),
            Self::Oid => Value::Int(int4(bytes)?.cast_unsigned().into()),
            Self::Xid8 => Value::UInt(int8(bytes)?.cast_unsigned()),
            Self::Float4 => Value::Real(f32::from_be_bytes(bytes.try_into().ok()?)),
            Self::Float8 => Value::Float(float8(bytes)?),
            Self::Bytes => Value::Bytes(bytes.into()),
            Self::Text => Value::Text(std::str::from_utf8(bytes).ok()?.into()),
            Self::Json => Value::Json(std::str::from_utf8(bytes).ok()?.into()),
            Self::Jsonb => Value::Json(std::str::from_utf8(bytes.strip_prefix(&[1])?).ok()?.into()),
            Self::Date => Value::Date(date(int4(bytes)?)?),
            Self::Time => Value::Time(Time::new(time_of_day(bytes)?, None)),
            Self::TimeTz => {
                let (micros, west) = bytes.split_at_checked(8)?;
                Value::Time(Time::new(time_of_day(micros)?, Some(int4(west)?.checked_neg()?)))
            }
            Self::Timestamp => moment(int8(bytes)?, |_| None)?,
            Self::TimestampTz => moment(int8(bytes)?, |micros| Some(scratch.zone.offset(micros)))?,
            Self::Interval => {
                let (micros, rest) = bytes.split_at_checked(8)?;
                let (days, months) = rest.split_at_checked(4)?;
                Value::Interval(Interval { months: int4(months)?, days: int4(days)?, micros: int8(micros)? })
            }
            Self::Numeric => {
                numeric::write(bytes, &mut scratch.text)?;
                Value::Decimal(scratch.text.as_str().into())
            }
            Self::Written(form) => {
                scratch.text.clear();
                form.write(bytes, &mut scratch.text)?;
                Value::Text(scratch.text.as_str().into())
            }
            Self::Row(known) => Value::Text(compound::row(known, bytes, scratch)?.into()),
            Self::Range(bound) => Value::Text(compound::range(bound, bytes, scratch)?.into()),
            Self::Multirange(bound) => Value::Text(compound::multirange(bound, bytes, scratch)?.into()),
            Self::Array(item) => {
                let array = array(bytes, |bytes| Some(item.value(bytes, scratch)?.into_owned()))?;
                Value::Array(std::borrow::Cow::Owned(array))
            }
            Self::Vector(item) => {
                let array = array(bytes, |bytes| Some(item.value(bytes, scratch)?.into_owned()))?;
                let items: Vec<String> = array.items.iter().map(Value::to_string).collect();
                Value::Text(items.join(" ").into())
            }
            Self::Boxes => {
                let item = Self::Written(Form::Box);
                let array = array(bytes, |bytes| Some(item.value(bytes, scratch)?.into_owned()))?;
                Value::Text(compound::parted_by_semicolons(&array.to_string()).into())
            }
        })
    }
}

fn int4(bytes: &[u8]) -> Option<i32> {
    bytes.try_into().ok().map(i32::from_be_bytes)
}

fn int8(bytes: &[u8]) -> Option<i64> {
    bytes.try_into().ok().map(i64::from_be_bytes)
}

fn float8(bytes: &[u8]) -> Option<f64> {
    bytes.try_into().ok().map(f64::from_be_bytes)
}

fn date(days: i32) -> Option<Date> {
    match days {
        i32::MAX => Some(Date::Infinity),
        i32::MIN => Some(Date::NegativeInfinity),
        days => days.checked_add(EPOCH_DAYS).map(Date::Days),
    }
}

fn instant(micros: i64) -> Option<i64> {
    match micros {
        i64::MAX => Some(Timestamp::INFINITY),
        i64::MIN => Some(Timestamp::NEGATIVE_INFINITY),
        // A day on either side leaves room for any offset.
        micros => micros.checked_add(EPOCH_MICROS).filter(|at| at.checked_abs().is_some_and(|at| at < i64::MAX - DAY)),
    }
}

/// The last thirty years of the server's calendar do not fit a count from 1970: they come as their text.
fn moment(micros: i64, offset: impl Fn(i64) -> Option<i32>) -> Option<Value<'static>> {
    if let Some(micros) = instant(micros) {
        return Some(Value::Timestamp(Timestamp::new(micros, offset(micros))));
    }
    let offset = offset(i64::MAX);
    let local = micros.checked_add(i64::from(offset.unwrap_or(0)) * 1_000_000)?;
    let days = i32::try_from(local.div_euclid(DAY)).ok()?.checked_add(EPOCH_DAYS)?;
    let (date, time) = (Date::Days(days), Time::new(local.rem_euclid(DAY), offset));
    Some(Value::Text(format!("{date} {time}").into()))
}

fn time_of_day(bytes: &[u8]) -> Option<i64> {
    int8(bytes).filter(|micros| (0..=DAY).contains(micros))
}

/// Reads an array; `item` gives the value of an item that is not NULL.
pub(super) fn array(bytes: &[u8], mut item: impl FnMut(&[u8]) -> Option<Value<'static>>) -> Option<Array> {
    let array = array_from_sql(bytes).ok()?;
    let dimension = |dimension: postgres_protocol::types::ArrayDimension| {
        Ok(Dimension { length: usize::try_from(dimension.len).unwrap_or(0), lower: dimension.lower_bound })
    };
    let dimensions: Vec<Dimension> = array.dimensions().map(dimension).collect().ok()?;
    let mut items = Vec::new();
    let mut cells = array.values();
    while let Some(cell) = cells.next().ok()? {
        items.push(cell.map_or(Some(Value::Null), &mut item)?);
    }
    let expected = dimensions.iter().try_fold(1_usize, |count, dimension| count.checked_mul(dimension.length))?;
    let whole = if dimensions.is_empty() { items.is_empty() } else { expected == items.len() };
    whole.then_some(Array { dimensions, items })
}

#[cfg(test)]
mod tests {
    use super::{Decoder, Form, Scratch};
    use crate::source::postgres::zone::Zone;
    use crate::table::Batch;
    use proptest::prelude::{any, prop, proptest};
    use tokio_postgres::types::Type;

    fn text(decoder: &Decoder, bytes: &[u8]) -> Option<String> {
        let zone = Zone::new(Some("Asia/Seoul"));
        let mut batch = Batch::new(1);
        decoder.push(Some(bytes), &mut Scratch::new(&zone), &mut batch)?;
        Some(batch.row(0).get(0).to_string())
    }

    #[test]
    fn cells_print_as_the_server_prints_them() {
        let cases: [(Decoder, &[u8], &str); 9] = [
            (Decoder::Written(Form::Char), &[0], ""),
            (Decoder::Written(Form::Char), &[0xE9], "\\351"),
            (Decoder::Oid, &[255, 255, 255, 255], "4294967295"),
            (Decoder::Written(Form::Lsn), &[0, 0, 0, 22, 0xB3, 0x74, 0xD8, 0x48], "16/B374D848"),
            (Decoder::Written(Form::Bits), &[0, 0, 0, 3, 0b1010_0000], "101"),
            (Decoder::Written(Form::Inet), &[2, 32, 0, 4, 192, 0, 2, 1], "192.0.2.1"),
            (Decoder::Written(Form::Cidr), &[2, 24, 1, 4, 192, 0, 2, 0], "192.0.2.0/24"),
            (Decoder::TimeTz, &[0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0x81, 0x70], "00:00:00+09"),
            (Decoder::TimestampTz, &[0; 8], "2000-01-01 09:00:00+09"),
        ];
        for (decoder, bytes, expected) in cases {
            assert_eq!(text(&decoder, bytes).as_deref(), Some(expected), "{decoder:?}");
        }
    }

    #[test]
    fn what_the_server_must_print_has_no_decoder() {
        assert_eq!(Decoder::of(&Type::INT4_ARRAY), Some(Decoder::Array(Box::new(Decoder::Int4))));
        for of in [Type::MONEY, Type::REGCLASS, Type::REGCLASS_ARRAY, Type::TS_VECTOR, Type::JSONPATH] {
            assert_eq!(Decoder::of(&of), None, "{of}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_bring_a_decoder_down(kind in 0..38usize, bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let item = Box::new(Decoder::Interval);
            let decoders = [
                Decoder::Bool, Decoder::Int2, Decoder::Int4, Decoder::Int8, Decoder::Oid, Decoder::Float4,
                Decoder::Float8, Decoder::Numeric, Decoder::Text, Decoder::Written(Form::Char), Decoder::Written(Form::Uuid), Decoder::Bytes,
                Decoder::Json, Decoder::Jsonb, Decoder::Date, Decoder::Time, Decoder::TimeTz, Decoder::Timestamp,
                Decoder::TimestampTz, Decoder::Interval, Decoder::Written(Form::Inet), Decoder::Written(Form::Cidr), Decoder::Written(Form::Macaddr),
                Decoder::Written(Form::Bits), Decoder::Written(Form::Lsn), Decoder::Written(Form::Void), Decoder::Array(item),
                Decoder::Row(Vec::new()), Decoder::Range(Box::new(Decoder::Int4)), Decoder::Multirange(Box::new(Decoder::Date)),
                Decoder::Boxes, Decoder::Written(Form::Tid), Decoder::Written(Form::Point), Decoder::Written(Form::Line),
                Decoder::Written(Form::Segment), Decoder::Written(Form::Path), Decoder::Written(Form::Polygon), Decoder::Written(Form::Circle),
            ];
            let _ = text(&decoders[kind], &bytes);
        }
    }
}
