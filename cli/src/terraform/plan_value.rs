//! Values of a plan file: MessagePack as go-cty writes it
//! (<https://github.com/zclconf/go-cty/blob/main/docs/msgpack.md>).

use rmpv::Value as Packed;
use serde_json::{Number, Value};

use super::{
    cell::{Cell, Content, Step},
    plan_proto::{DynamicValue, Path, Selector},
};

/// Bytes that are no such value; what a later format would look like.
#[derive(Debug)]
pub(super) struct Malformed;

/// Reads a value. Attributes whose type is fixed by a schema come without it, so a number
/// that no float holds exactly, which is written as text, stays a string there.
pub(super) fn decode(value: &DynamicValue) -> Result<Cell, Malformed> {
    let mut bytes = value.msgpack.as_slice();
    let packed = rmpv::decode::read_value(&mut bytes).map_err(|_| Malformed)?;
    if bytes.is_empty() { cell(packed, None) } else { Err(Malformed) }
}

/// The type of a value in go-cty's JSON form, where it comes along.
pub(super) fn kind(value: &DynamicValue) -> Result<Option<Value>, Malformed> {
    let packed = rmpv::decode::read_value(&mut value.msgpack.as_slice()).map_err(|_| Malformed)?;
    match packed.as_array().map(Vec::as_slice) {
        Some([Packed::Binary(kind), _]) => Ok(Some(serde_json::from_slice(kind).map_err(|_| Malformed)?)),
        _ => Ok(None),
    }
}

/// Reads a path into a value.
pub(super) fn path(path: &Path) -> Result<Vec<Step>, Malformed> {
    let step = |selector: &Option<Selector>| match selector {
        Some(Selector::AttributeName(name)) => Ok(Step::Key(name.clone())),
        Some(Selector::ElementKey(key)) => Ok(match decode(key)?.content {
            Content::Plain(Value::String(key)) => Step::Key(key),
            Content::Plain(Value::Number(index)) => {
                index.as_u64().and_then(|index| usize::try_from(index).ok()).map_or(Step::Element, Step::Index)
            }
            _ => Step::Element,
        }),
        None => Err(Malformed),
    };
    path.steps.iter().map(|part| step(&part.selector)).collect()
}

/// `kind` is the type in go-cty's JSON form, where the value says it.
fn cell(packed: Packed, kind: Option<&Value>) -> Result<Cell, Malformed> {
    let content = match packed {
        Packed::Nil => Content::Null,
        Packed::Ext(..) => Content::Unknown, // 0 is plainly unknown, 12 with what is known about it
        Packed::Boolean(value) => Content::Plain(value.into()),
        Packed::Integer(value) => {
            let number = value.as_i64().map(Number::from).or_else(|| value.as_u64().map(Number::from));
            Content::Plain(number.ok_or(Malformed)?.into())
        }
        Packed::F32(value) => Content::Plain(Number::from_f64(value.into()).ok_or(Malformed)?.into()),
        Packed::F64(value) => Content::Plain(Number::from_f64(value).ok_or(Malformed)?.into()),
        Packed::String(text) => {
            let text = text.into_str().ok_or(Malformed)?;
            Content::Plain(if kind.is_some_and(|kind| kind == "number") { number(&text)? } else { text.into() })
        }
        Packed::Array(mut items) if items.len() == 2 && matches!(items[0], Packed::Binary(_)) => {
            // The type is not fixed by a schema: it comes along. Nothing else is ever binary.
            let value = items.pop().ok_or(Malformed)?;
            let Some(Packed::Binary(kind)) = items.pop() else { return Err(Malformed) };
            let kind: Value = serde_json::from_slice(&kind).map_err(|_| Malformed)?;
            return cell(value, Some(&kind));
        }
        Packed::Array(items) => {
            let items = items.into_iter().enumerate();
            Content::List(items.map(|(index, item)| cell(item, element(kind, index))).collect::<Result<_, _>>()?)
        }
        Packed::Map(entries) => {
            let entry = |(key, value): (Packed, Packed)| {
                let Packed::String(key) = key else { return Err(Malformed) };
                let key = key.into_str().ok_or(Malformed)?;
                let value = cell(value, attribute(kind, &key))?;
                Ok((key, value))
            };
            Content::Map(entries.into_iter().map(entry).collect::<Result<_, _>>()?)
        }
        Packed::Binary(_) => return Err(Malformed),
    };
    Ok(Cell::new(content))
}

pub(super) fn element(kind: Option<&Value>, index: usize) -> Option<&Value> {
    let inner = kind?.get(1)?;
    if kind?.get(0)? == "tuple" { inner.get(index) } else { Some(inner) }
}

pub(super) fn attribute<'a>(kind: Option<&'a Value>, key: &str) -> Option<&'a Value> {
    let inner = kind?.get(1)?;
    if kind?.get(0)? == "object" { inner.get(key) } else { Some(inner) }
}

fn number(text: &str) -> Result<Value, Malformed> {
    let integer = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
    if let Ok(integer) = integer {
        return Ok(integer.into());
    }
    let float = text.parse::<f64>().ok().and_then(Number::from_f64);
    Ok(float.ok_or(Malformed)?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Cell {
        decode(&DynamicValue { msgpack: bytes.to_vec() }).ok().unwrap()
    }

    #[test]
    fn numbers_in_typed_values_are_numbers_again() {
        let kind = br#"["object",{"a":["tuple",["number","string"]]}]"#;
        let mut bytes = vec![0x92, 0xc4, u8::try_from(kind.len()).unwrap()];
        bytes.extend(kind);
        bytes.extend([0x81, 0xa1, b'a', 0x92, 0xa3, b'0', b'.', b'1', 0xa3, b'0', b'.', b'1']);
        assert_eq!(read(&bytes).shareable().unwrap(), serde_json::json!({"a": [0.1, "0.1"]}));
    }

    #[test]
    fn unknown_values_have_two_forms() {
        assert!(matches!(read(&[0xd4, 0, 0]).content, Content::Unknown));
        assert!(matches!(read(&[0xc7, 3, 12, 0x81, 1, 0xc2]).content, Content::Unknown));
    }

    #[test]
    fn what_is_no_value_is_an_error_not_a_panic() {
        for bytes in [&[][..], &[0xc4, 1, 0], &[0x81, 1, 1], &[0xc0, 0xc0], &[0x92, 0xc4, 1, b'x', 1]] {
            assert!(decode(&DynamicValue { msgpack: bytes.to_vec() }).is_err(), "{bytes:?}");
        }
    }
}
