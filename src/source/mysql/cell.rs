//! Cells of MySQL and MariaDB, from the binary protocol. What MariaDB calls `json` is text that it checks, and comes as
//! text.

use std::borrow::Cow;

use mysql_async::Value as Cell;
use mysql_async::consts::{ColumnFlags, ColumnType};

use crate::table::{Batch, Column};
use crate::value::time::DAY;
use crate::value::{Date, Time, Timestamp, Value};

/// The character set that means bytes.
const BINARY: u16 = 63;
/// More digits of a second than there are mean that the server did not fix them.
const SCALE: u8 = 6;

/// How the cells of a column are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decoder {
    /// Numbers, as the driver reads them.
    Number,
    Year,
    Decimal,
    /// `bit`: up to 64 bits, highest first.
    Bits,
    Date,
    /// Digits of the fraction.
    Moment(u8),
    /// Digits of the fraction.
    Time(u8),
    Json,
    Text,
    Bytes,
}

impl Decoder {
    /// The reader for a column.
    pub(super) fn of(column: &mysql_async::Column) -> Self {
        let scale = column.decimals().min(SCALE);
        match column.column_type() {
            ColumnType::MYSQL_TYPE_YEAR => Self::Year,
            ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => Self::Decimal,
            ColumnType::MYSQL_TYPE_BIT => Self::Bits,
            ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => Self::Date,
            ColumnType::MYSQL_TYPE_DATETIME
            | ColumnType::MYSQL_TYPE_DATETIME2
            | ColumnType::MYSQL_TYPE_TIMESTAMP
            | ColumnType::MYSQL_TYPE_TIMESTAMP2 => Self::Moment(scale),
            ColumnType::MYSQL_TYPE_TIME | ColumnType::MYSQL_TYPE_TIME2 => Self::Time(scale),
            ColumnType::MYSQL_TYPE_JSON => Self::Json,
            ColumnType::MYSQL_TYPE_ENUM | ColumnType::MYSQL_TYPE_SET => Self::Text,
            kind if is_number(kind) => Self::Number,
            _ if is_choice(column) => Self::Text,
            ColumnType::MYSQL_TYPE_GEOMETRY => Self::Bytes,
            _ if column.character_set() == BINARY => Self::Bytes,
            _ => Self::Text,
        }
    }

    /// Appends a cell; what most cells are goes in without becoming a value first.
    fn push(self, cell: &Cell, batch: &mut Batch) {
        match (self, cell) {
            (Self::Number, Cell::Int(number)) => batch.push_int(*number),
            (Self::Number, Cell::Double(number)) => batch.push_float(*number),
            (Self::Text, Cell::Bytes(bytes)) if let Ok(text) = std::str::from_utf8(bytes) => batch.push_text(text),
            (Self::Decimal, Cell::Bytes(bytes)) if let Ok(text) = std::str::from_utf8(bytes) => {
                batch.push_decimal(text);
            }
            _ => batch.push(&self.value(cell)),
        }
    }

    fn value(self, cell: &Cell) -> Value<'_> {
        match cell {
            Cell::NULL => Value::Null,
            // The year that is none, like the date that is none, comes as its text.
            Cell::Int(0) | Cell::UInt(0) if self == Self::Year => Value::Text("0000".into()),
            Cell::Int(number) => Value::Int(*number),
            Cell::UInt(number) => Value::UInt(*number),
            Cell::Float(number) => Value::Real(*number),
            Cell::Double(number) => Value::Float(*number),
            Cell::Bytes(bytes) => self.of_bytes(bytes),
            Cell::Date(year, month, day, hour, minute, second, micros) => {
                self.moment([*month, *day, *hour, *minute, *second], *year, *micros)
            }
            Cell::Time(negative, days, hours, minutes, seconds, micros) => {
                let hours = i64::from(*days) * 24 + i64::from(*hours);
                let seconds = (hours * 60 + i64::from(*minutes)) * 60 + i64::from(*seconds);
                let length = seconds * 1_000_000 + i64::from(*micros);
                let scale = if let Self::Time(scale) = self { scale } else { SCALE };
                Value::Time(Time { micros: if *negative { -length } else { length }, offset: None, scale })
            }
        }
    }

    fn of_bytes<'a>(self, bytes: &'a [u8]) -> Value<'a> {
        let text = |wrap: fn(Cow<'a, str>) -> Value<'a>| {
            std::str::from_utf8(bytes).map_or_else(|_| Value::Bytes(bytes.into()), |text| wrap(text.into()))
        };
        match self {
            Self::Bits if bytes.len() <= size_of::<u64>() => {
                Value::UInt(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
            }
            Self::Bits | Self::Bytes => Value::Bytes(bytes.into()),
            Self::Decimal => text(Value::Decimal),
            Self::Json => text(Value::Json),
            Self::Number | Self::Year | Self::Date | Self::Moment(_) | Self::Time(_) | Self::Text => text(Value::Text),
        }
    }

    /// A date that is none, such as the zero date, comes as its text.
    fn moment(self, [month, day, hour, minute, second]: [u8; 5], year: u16, micros: u32) -> Value<'static> {
        let date = Date::from_civil(year.into(), month.into(), day.into()).filter(|_| year > 0);
        let Self::Moment(scale) = self else {
            return date.map_or_else(|| Value::Text(format!("{year:04}-{month:02}-{day:02}").into()), Value::Date);
        };
        let seconds = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
        let micros = seconds * 1_000_000 + i64::from(micros);
        if let Some(Date::Days(days)) = date {
            return Value::Timestamp(Timestamp { micros: i64::from(days) * DAY + micros, offset: None, scale });
        }
        let clock = Time { micros, offset: None, scale };
        Value::Text(format!("{year:04}-{month:02}-{day:02} {clock}").into())
    }
}

/// Appends the cells of a row.
pub(super) fn push(row: &mysql_async::Row, decoders: &[Decoder], batch: &mut Batch) {
    for (index, decoder) in decoders.iter().enumerate() {
        decoder.push(row.as_ref(index).unwrap_or(&Cell::NULL), batch);
    }
}

/// The column by the names of SQL.
pub(super) fn column(column: &mysql_async::Column) -> Column {
    let unsigned = is_number(column.column_type()) && column.flags().contains(ColumnFlags::UNSIGNED_FLAG);
    let type_name = format!("{}{}", type_word(column), if unsigned { " unsigned" } else { "" });
    Column { name: column.name_str().into_owned(), type_name }
}

fn is_number(kind: ColumnType) -> bool {
    matches!(
        kind,
        ColumnType::MYSQL_TYPE_TINY
            | ColumnType::MYSQL_TYPE_SHORT
            | ColumnType::MYSQL_TYPE_INT24
            | ColumnType::MYSQL_TYPE_LONG
            | ColumnType::MYSQL_TYPE_LONGLONG
            | ColumnType::MYSQL_TYPE_FLOAT
            | ColumnType::MYSQL_TYPE_DOUBLE
    )
}

/// `enum` and `set` come as strings with a flag.
fn is_choice(column: &mysql_async::Column) -> bool {
    column.flags().intersects(ColumnFlags::ENUM_FLAG | ColumnFlags::SET_FLAG)
}

fn type_word(column: &mysql_async::Column) -> &'static str {
    let binary = column.character_set() == BINARY;
    match column.column_type() {
        ColumnType::MYSQL_TYPE_TINY => "tinyint",
        ColumnType::MYSQL_TYPE_SHORT => "smallint",
        ColumnType::MYSQL_TYPE_INT24 => "mediumint",
        ColumnType::MYSQL_TYPE_LONG => "int",
        ColumnType::MYSQL_TYPE_LONGLONG => "bigint",
        ColumnType::MYSQL_TYPE_FLOAT => "float",
        ColumnType::MYSQL_TYPE_DOUBLE => "double",
        ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => "decimal",
        ColumnType::MYSQL_TYPE_BIT => "bit",
        ColumnType::MYSQL_TYPE_YEAR => "year",
        ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => "date",
        ColumnType::MYSQL_TYPE_TIME | ColumnType::MYSQL_TYPE_TIME2 => "time",
        ColumnType::MYSQL_TYPE_DATETIME | ColumnType::MYSQL_TYPE_DATETIME2 => "datetime",
        ColumnType::MYSQL_TYPE_TIMESTAMP | ColumnType::MYSQL_TYPE_TIMESTAMP2 => "timestamp",
        ColumnType::MYSQL_TYPE_JSON => "json",
        ColumnType::MYSQL_TYPE_GEOMETRY => "geometry",
        ColumnType::MYSQL_TYPE_NULL => "null",
        _ if column.flags().contains(ColumnFlags::ENUM_FLAG) => "enum",
        _ if column.flags().contains(ColumnFlags::SET_FLAG) => "set",
        ColumnType::MYSQL_TYPE_ENUM => "enum",
        ColumnType::MYSQL_TYPE_SET => "set",
        ColumnType::MYSQL_TYPE_STRING => {
            if binary {
                "binary"
            } else {
                "char"
            }
        }
        ColumnType::MYSQL_TYPE_VARCHAR | ColumnType::MYSQL_TYPE_VAR_STRING => {
            if binary {
                "varbinary"
            } else {
                "varchar"
            }
        }
        _ => {
            if binary {
                "blob"
            } else {
                "text"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Decoder;
    use crate::value::Value;
    use mysql_async::Value as Cell;

    #[test]
    fn cells_print_as_the_server_prints_them() {
        let zero = Cell::Date(0, 0, 0, 0, 0, 0, 0);
        let half = Cell::Date(2026, 11, 20, 1, 2, 3, 500_000);
        let cases = [
            (Decoder::Date, zero.clone(), "0000-00-00"),
            (Decoder::Moment(0), zero.clone(), "0000-00-00 00:00:00"),
            (Decoder::Moment(3), zero, "0000-00-00 00:00:00.000"),
            (Decoder::Date, Cell::Date(2026, 11, 0, 0, 0, 0, 0), "2026-11-00"),
            (Decoder::Moment(0), Cell::Date(2026, 11, 20, 1, 2, 3, 0), "2026-11-20 01:02:03"),
            (Decoder::Moment(6), half.clone(), "2026-11-20 01:02:03.500000"),
            (Decoder::Date, half, "2026-11-20"),
            (Decoder::Time(1), Cell::Time(true, 34, 22, 59, 59, 500_000), "-838:59:59.5"),
            (Decoder::Bits, Cell::Bytes(vec![1, 0]), "256"),
            (Decoder::Text, Cell::Bytes(vec![0xFF]), "\\xff"),
        ];
        for (decoder, cell, text) in cases {
            assert_eq!(decoder.value(&cell).to_string(), text, "{decoder:?}");
        }
        assert_eq!(Decoder::Decimal.value(&Cell::Bytes(b"1.10".to_vec())), Value::Decimal("1.10".into()));
    }
}
