//! Values of TOML as a database would give them: exact, whatever their size.

use bigdecimal::BigDecimal;
use toml::de::DeValue;

use super::parameter::Term;
use super::{Parameter, ParameterKind};
use crate::value::{Time, Value};

/// One value; the end of a sentence that begins with its name when it is none.
pub(super) fn cell(value: &DeValue<'_>) -> Result<Value<'static>, String> {
    match value {
        DeValue::String(text) => Ok(Value::Text(text.to_string().into())),
        DeValue::Boolean(value) => Ok(Value::Bool(*value)),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map(Value::Int)
            .map_err(|_| "must be a whole number of 64 bits".into()),
        DeValue::Float(float) => match float.as_str().parse::<BigDecimal>() {
            Ok(_) if !float.as_str().contains(['e', 'E', '+']) => Ok(Value::Decimal(float.as_str().to_owned().into())),
            Ok(number) => Ok(Value::Decimal(number.to_plain_string().into())),
            // NaN and the infinities.
            Err(_) => float.as_str().parse().map(Value::Float).map_err(|_| "must be a number".into()),
        },
        DeValue::Datetime(at) => moment_of(at).ok_or_else(|| "is no date or time that a database has".into()),
        DeValue::Array(_) | DeValue::Table(_) => Err("must be one value".into()),
    }
}

fn moment_of(at: &toml::value::Datetime) -> Option<Value<'static>> {
    let kind = match (at.date, at.time) {
        (None, Some(time)) => {
            let seconds = (i64::from(time.hour) * 60 + i64::from(time.minute)) * 60 + time.second.map_or(0, i64::from);
            let micros = time.nanosecond.map_or(0, |nanos| i64::from(nanos) / 1000);
            return Some(Value::Time(Time::new(seconds * 1_000_000 + micros, None)));
        }
        (Some(_), None) => ParameterKind::Date,
        (_, Some(_)) => ParameterKind::Timestamp,
        (None, None) => return None,
    };
    match (Parameter { kind, ..Parameter::default() }).term(&at.to_string()) {
        Ok(Term::Value(value)) => Some(value),
        Ok(Term::Day(..) | Term::Instant(..)) | Err(_) => None,
    }
}
